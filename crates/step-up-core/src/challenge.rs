//! What a server asks for before it does what was asked, read from `WWW-Authenticate`
//! ([RFC 9110 §11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)).
//!
//! Every response is read by [`Challenge::of_response`], whether the client or the app sent the request, so that both
//! find the same.

use std::time::Duration;

use crate::{json::Json, transport::HttpResponse, types::TokenScope};

/// What a server wants before it does what was asked
/// ([RFC 9470 §3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The scopes that are missing: those that the server names; if it names none and [`StepUpClient::send`] sent the
    /// request, those of the request.
    ///
    /// [`StepUpClient::send`]: crate::StepUpClient::send
    pub scopes: Vec<TokenScope>,
    /// The authentication contexts that would do, in the server's order of preference.
    pub acr_values: Vec<String>,
    /// How long ago the user may have verified at most.
    pub max_age: Option<Duration>,
}

impl Challenge {
    /// These scopes are missing.
    #[must_use]
    pub fn new(scopes: &[TokenScope]) -> Self {
        Self { scopes: scopes.to_vec(), ..Self::default() }
    }

    /// The challenge in a response, for an app that sends its requests itself: a 401 or 403 with
    /// `WWW-Authenticate: Bearer error="insufficient_user_authentication"`, or with the service's own code
    /// (`docs/PROTOCOL.md`, "Errors").
    ///
    /// ```
    /// use std::time::Duration;
    /// # use step_up_core::{Challenge, HttpResponse};
    ///
    /// let refused = HttpResponse::new(401, "").with_header(
    ///     "WWW-Authenticate",
    ///     r#"Bearer error="insufficient_user_authentication", acr_values="phr mfa", max_age="5""#,
    /// );
    /// let challenge = Challenge::of_response(&refused).unwrap();
    /// assert_eq!(challenge.acr_values, ["phr", "mfa"]);
    /// assert_eq!(challenge.max_age, Some(Duration::from_secs(5)));
    /// assert_eq!(Challenge::of_response(&HttpResponse::new(403, "")), None);
    /// ```
    #[must_use]
    pub fn of_response(response: &HttpResponse) -> Option<Self> {
        if !matches!(response.status, 401 | 403) {
            return None;
        }
        // Browsers join several headers of one name with commas; other platforms may not.
        let headers = response.headers.iter().filter(|(name, _)| name == "www-authenticate");
        let wanted = headers.flat_map(|(_, value)| parse(value)).find(is_insufficient);
        if let Some(params) = wanted {
            return Some(Self::of_params(&params));
        }
        let body = Json::parse(&response.body).unwrap_or(Json::Null);
        let is_known = body.get("code").as_text() == Some("elevated_access_token_required");
        is_known.then(Self::default)
    }

    fn of_params(params: &Params) -> Self {
        Self {
            scopes: TokenScope::parse_list(params.get("scope").unwrap_or_default()),
            acr_values: params
                .get("acr_values")
                .unwrap_or_default()
                .split_whitespace()
                .map(Into::into)
                .collect(),
            max_age: params.get("max_age").and_then(|secs| secs.parse().ok()).map(Duration::from_secs),
        }
    }

    /// These scopes, if the server named none.
    pub(crate) fn or_scopes(mut self, scopes: &[TokenScope]) -> Self {
        if self.scopes.is_empty() {
            self.scopes = scopes.to_vec();
        }
        self
    }

    /// Whether every earlier verification is too little: the server named a `max_age` or `acr_values`.
    #[must_use]
    pub fn wants_fresh_verification(&self) -> bool {
        self.max_age.is_some() || !self.acr_values.is_empty()
    }
}

fn is_insufficient(params: &Params) -> bool {
    params.get("error") == Some("insufficient_user_authentication")
}

/// The parameters of one challenge. Their names are in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Params(Vec<(String, String)>);

impl Params {
    /// The first parameter of this name.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The challenges of a header. What is malformed is left out.
fn parse(header: &str) -> Vec<Params> {
    let mut challenges: Vec<Params> = Vec::new();
    for part in split_unquoted(header) {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (part.trim(), None),
        };
        // `Bearer error="x"` begins a challenge, `max_age="5"` goes on with it.
        let (scheme, name) = match name.split_once(char::is_whitespace) {
            Some((scheme, name)) => (Some(scheme), name.trim()),
            None if value.is_none() => (Some(name), ""),
            None => (None, name),
        };
        if scheme.is_some_and(|scheme| !scheme.is_empty()) {
            challenges.push(Params::default());
        }
        if let (Some(value), Some(challenge)) = (value, challenges.last_mut()) {
            challenge.0.push((name.to_ascii_lowercase(), unquote(value)));
        }
    }
    challenges
}

/// Splits at commas that are outside of quotes.
fn split_unquoted(header: &str) -> Vec<&str> {
    let (mut parts, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in header.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => {
                parts.push(&header[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&header[start..]);
    parts
}

fn unquote(value: &str) -> String {
    let Some(quoted) = value.strip_prefix('"') else { return value.to_owned() };
    // The last quote may be missing: what the header says is clear all the same.
    let quoted = quoted.strip_suffix('"').unwrap_or(quoted);
    let mut text = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(char) = chars.next() {
        text.extend(if char == '\\' { chars.next() } else { Some(char) });
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXPORT: TokenScope = TokenScope::WalletExport;

    #[test]
    fn challenges_are_found_among_others() {
        let challenged = |status, header: &str| {
            Challenge::of_response(&HttpResponse::new(status, "").with_header("WWW-Authenticate", header))
        };
        let wanted =
            r#"Basic realm="a, b", bearer scope="wallet:export", error="insufficient_user_authentication""#;
        assert_eq!(challenged(401, wanted), Some(Challenge::new(&[EXPORT])));
        assert_eq!(challenged(200, wanted), None);
        assert_eq!(challenged(401, r#"Bearer error="invalid_token""#), None);
        let told =
            r#"Bearer error="invalid_token", error_description="not insufficient_user_authentication""#;
        assert_eq!(challenged(401, told), None);
        let code = HttpResponse::new(403, r#"{"error":"no","code":"elevated_access_token_required"}"#);
        assert_eq!(Challenge::of_response(&code), Some(Challenge::default()));
    }

    fn pairs(header: &str) -> Vec<Vec<(String, String)>> {
        parse(header).into_iter().map(|params| params.0).collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn several_challenges_in_one_header() {
        assert_eq!(
            pairs(r#"Negotiate, Bearer realm="a, \"b\"" , Max_Age=5,Basic realm = "c""#),
            [vec![], vec![pair("realm", r#"a, "b""#), pair("max_age", "5")], vec![pair("realm", "c")],]
        );
        assert_eq!(pairs(""), Vec::<Vec<(String, String)>>::new());
        assert_eq!(pairs(r#"a="b""#), Vec::<Vec<(String, String)>>::new(), "nobody's parameter");
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(header in any::<String>()) {
            parse(&header);
        }

        #[test]
        fn what_is_quoted_comes_back(value in "[ -~]{0,20}") {
            let quoted = value.replace('\\', r"\\").replace('"', "\\\"");
            let header = format!(r#"Bearer error="{quoted}", max_age=5"#);
            let parsed = parse(&header);
            prop_assert_eq!(parsed.len(), 1);
            prop_assert_eq!(parsed[0].get("error"), Some(value.as_str()));
            prop_assert_eq!(parsed[0].get("max_age"), Some("5"));
        }
    }
}
