//! The address that a user is sent to, and the one that they come back by.

use super::{SocialProvider, SocialRequest};
use crate::{
    error::{Result, StepUpError},
    origin::Origin,
    percent,
    types::Provider,
};

/// Where the user is sent ([RFC 6749 §4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1)); `challenge` is the
/// one of [RFC 7636 §4.3](https://www.rfc-editor.org/rfc/rfc7636#section-4.3).
///
/// An address that is neither https nor this machine's own is refused: a popup that is still empty belongs to the app's
/// origin, and a script in its address would run there. One with a fragment, as a sandbox inside the page has it, keeps it.
pub(crate) fn authorization_url(
    provider: &SocialProvider,
    request: &SocialRequest,
    challenge: Option<&str>,
) -> Result<String> {
    let base = &*provider.base_auth_url;
    if !Origin::of(base)?.is_trustworthy() {
        return Err(StepUpError::InvalidConfig {
            why: format!("the address of the provider \"{}\" is not one of https", provider.provider),
        });
    }
    let (before, query, fragment) = split(base);
    let mut url = format!("{before}?{query}");
    let mut parameter = |name: &str, value: &str| {
        if !url.ends_with(['?', '&']) {
            url.push('&');
        }
        url.push_str(name);
        url.push('=');
        percent::encode_into(&mut url, value);
    };
    parameter("client_id", &provider.client_id);
    parameter("response_type", "code");
    parameter("redirect_uri", &provider.redirect_url);
    if let Some(scopes) = provider.scopes.as_deref().filter(|scopes| !scopes.is_empty()) {
        parameter("scope", scopes);
        if provider.provider == Provider::Apple {
            // Apple answers a request for scopes in no other way.
            parameter("response_mode", "form_post");
        }
    }
    parameter("state", &request.state);
    if let Some(challenge) = challenge {
        parameter("code_challenge", challenge);
        parameter("code_challenge_method", "S256");
    }
    if !fragment.is_empty() {
        url.push('#');
        url.push_str(fragment);
    }
    Ok(url)
}

/// Where the service sends the page back to: its own address, without what an earlier return left in it and without the
/// fragment, which is no business of a server's.
pub(crate) fn return_url(address: &str) -> String {
    let (before, query, _) = split(address);
    without_answer(before, query, "")
}

/// What a return says. It cannot be printed: the code is a secret.
#[derive(PartialEq, Eq)]
pub(crate) struct Returned {
    pub(crate) state: String,
    pub(crate) code: Option<String>,
    pub(crate) error: Option<String>,
}

impl Returned {
    /// What this address says, and the address without it; `None` where it is none that a provider's answer came by.
    /// `page` is the one that was left, whose fragment takes the place of a missing one.
    pub(crate) fn of(address: &str, page: Option<&str>) -> Option<(Self, String)> {
        let (before, query, fragment) = split(address);
        if !pairs(query).any(|(name, _)| is_of_answer(name)) {
            return None;
        }
        let value = |wanted: &str| {
            pairs(query).find(|(name, _)| *name == wanted).and_then(|(_, value)| percent::decode(value))
        };
        let returned = Self {
            state: value("dynamicOauthState").unwrap_or_default(),
            code: value("dynamicOauthCode"),
            error: value("dynamicOauthError").or_else(|| value("error")),
        };
        let left = page.map(|page| split(page).2).unwrap_or_default();
        let fragment = if fragment.is_empty() { left } else { fragment };
        Some((returned, without_answer(before, query, fragment)))
    }
}

/// The parts of an address: up to the query, the query, the fragment.
fn split(address: &str) -> (&str, &str, &str) {
    let (rest, fragment) = address.split_once('#').unwrap_or((address, ""));
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    (before, query, fragment)
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn is_of_answer(name: &str) -> bool {
    name.starts_with("dynamicOauth")
}

/// The address without an answer's parameters; those of the app stay as they are written.
fn without_answer(before: &str, query: &str, fragment: &str) -> String {
    let has_answer = pairs(query).any(|(name, _)| is_of_answer(name));
    let mut address = before.to_owned();
    let mut separator = '?';
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap_or_default();
        let is_error = has_answer && matches!(name, "error" | "error_description" | "error_uri");
        if !is_error && !is_of_answer(name) {
            address.push(separator);
            address.push_str(pair);
            separator = '&';
        }
    }
    if !fragment.is_empty() {
        address.push('#');
        address.push_str(fragment);
    }
    address
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{Draft, SocialPurpose},
        *,
    };
    use crate::Timestamp;

    fn url(base: &str, provider: Provider, scopes: Option<&str>, challenge: Option<&str>) -> Result<String> {
        let entry = SocialProvider {
            provider: provider.clone(),
            client_id: "my client".into(),
            base_auth_url: base.into(),
            redirect_url: "https://id.example/cb?x=1".into(),
            scopes: scopes.map(Into::into),
        };
        let request = SocialRequest {
            draft: Draft {
                purpose: SocialPurpose::StepUp,
                provider,
                scopes: vec![],
                app_state: None,
                user: None,
            },
            state: "the/state".into(),
            verifier: None,
            created_at: Timestamp::default(),
        };
        authorization_url(&entry, &request, challenge)
    }

    #[test]
    fn the_address_of_the_provider() {
        let google = "https://accounts.example/auth";
        assert_eq!(
            url(google, Provider::Google, Some("openid email"), None).unwrap(),
            "https://accounts.example/auth?client_id=my%20client&response_type=code&redirect_uri=https%3A%2F%2Fid%2Eexample%2Fcb%3Fx%3D1&scope=openid%20email&state=the%2Fstate"
        );
        let github = url("https://g.example/a?b=c", Provider::GitHub, Some(""), Some("abc")).unwrap();
        assert!(github.starts_with("https://g.example/a?b=c&client_id="), "{github}");
        assert!(
            github.ends_with("&state=the%2Fstate&code_challenge=abc&code_challenge_method=S256"),
            "{github}"
        );
        assert!(!github.contains("scope"), "{github}");
        let apple = url("https://a.example/?", Provider::Apple, Some("name"), None).unwrap();
        assert!(apple.starts_with("https://a.example/?client_id="), "{apple}");
        assert!(apple.contains("&scope=name&response_mode=form_post&"), "{apple}");
        let in_page = url("http://localhost:8080/#/consent/google", Provider::Google, None, None).unwrap();
        assert!(in_page.starts_with("http://localhost:8080/?client_id="), "{in_page}");
        assert!(in_page.ends_with("&state=the%2Fstate#/consent/google"), "{in_page}");
    }

    #[test]
    fn a_popup_is_sent_to_no_script() {
        for base in
            ["javascript:alert(1)//", "http://accounts.example/", "data:text/html,x", "", "/", "//a.example"]
        {
            let refused = url(base, Provider::Google, None, None);
            assert!(matches!(refused, Err(StepUpError::InvalidConfig { .. })), "{base}: {refused:?}");
        }
        assert!(url("http://localhost:1/a", Provider::Google, None, None).is_ok());
    }

    #[test]
    fn a_return_is_read_and_leaves_the_address() {
        let read = |address: &str, page| {
            Returned::of(address, page).map(|(r, clean)| (r.state, r.code, r.error, clean))
        };
        let code = Some("a/b c".to_owned());
        assert_eq!(
            read("https://app.example/x?dynamicOauthCode=a%2Fb+c&tab=1&dynamicOauthState=s#top", None),
            Some(("s".into(), code.clone(), None, "https://app.example/x?tab=1#top".into()))
        );
        assert_eq!(
            read(
                "https://a.example/?dynamicOauthState=s&dynamicOauthCode=a%2Fb+c",
                Some("https://a.example/#/page")
            ),
            Some(("s".into(), code, None, "https://a.example/#/page".into()))
        );
        assert_eq!(
            read("/?error=access_denied&error_description=no&dynamicOauthState=s", None),
            Some(("s".into(), None, Some("access_denied".into()), "/".into()))
        );
        assert_eq!(
            read("/?dynamicOauthState=s&dynamicOauthError=server_error", None),
            Some(("s".into(), None, Some("server_error".into()), "/".into()))
        );
        assert_eq!(
            read("/?dynamicOauthCode", None),
            Some((String::new(), Some(String::new()), None, "/".into()))
        );
        for other in ["/", "/?code=1&state=2", "/?error=mine", "/#dynamicOauthCode=1"] {
            assert_eq!(read(other, None), None, "{other}");
        }
    }

    #[test]
    fn a_page_is_returned_to_without_an_earlier_answer() {
        assert_eq!(
            return_url("https://a.example/p?q=1&dynamicOauthCode=c&error=x#f"),
            "https://a.example/p?q=1"
        );
        assert_eq!(return_url("https://a.example/p?error=mine"), "https://a.example/p?error=mine");
    }

    proptest! {
        #[test]
        fn whatever_stands_in_it_the_address_is_clean_afterwards(query: String, fragment: String) {
            let address = format!("https://a.example/?{query}&dynamicOauthCode=hunter2#{fragment}");
            // A # in the query ends it.
            if let Some((_, clean)) = Returned::of(&address, None) {
                let before_fragment = clean.split('#').next().unwrap_or_default();
                prop_assert!(!before_fragment.contains("dynamicOauthCode=hunter2"), "{}", clean);
                prop_assert!(Returned::of(&clean, None).is_none(), "{}", clean);
            } else {
                prop_assert!(query.contains('#'));
            }
        }
    }
}
