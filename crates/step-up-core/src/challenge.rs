//! `WWW-Authenticate` ([RFC 9110 §11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)), as far as it has
//! parameters.

/// The parameters of one challenge. Their names are in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// The first parameter of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The challenges of a header. What is malformed is left out.
pub(crate) fn parse(header: &str) -> Vec<Params> {
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
    let Some(quoted) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
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
