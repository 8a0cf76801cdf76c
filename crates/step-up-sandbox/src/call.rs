//! One request on its way through a handler.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;
use step_up_core::HttpRequest;

use crate::{
    reply::{Outcome, Refusal},
    request_log::RequestLog,
    world::World,
};

/// One request, and everything that a handler may touch.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a HttpRequest,
    /// The parts of the path that the route leaves open, in their order.
    pub(crate) params: Vec<&'a str>,
    pub(crate) world: World<'a>,
    pub(crate) log: &'a mut RequestLog,
    pub(crate) notes: Notes,
}

/// What a handler says about a request, for the log.
#[derive(Default)]
pub(crate) struct Notes {
    /// Whether a one-time code was compared with the right one, or a passkey's answer checked.
    pub(crate) is_evaluated: bool,
    /// Whose session it was.
    pub(crate) user: Option<String>,
}

impl<'a> Call<'a> {
    /// The part of the path that the route leaves open. Routes and handlers agree on how many there are.
    pub(crate) fn param(&self, index: usize) -> &'a str {
        self.params.get(index).copied().unwrap_or_default()
    }

    /// The first header of this name; an empty one counts as absent.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        header(self.request, name)
    }

    /// The value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.request.url.split('#').next()?.split_once('?')?;
        let value = query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then_some(value)
        })?;
        Some(percent_decoded(value))
    }

    /// The value of a query parameter that was written as a form is, with a plus for a space, as OAuth asks
    /// ([RFC 6749, appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B)).
    pub(crate) fn form_query(&self, name: &str) -> Option<String> {
        let (_, query) = self.request.url.split('#').next()?.split_once('?')?;
        form_urlencoded::parse(query.as_bytes())
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// The body, as this call takes it, which may also come as a form.
    pub(crate) fn form<T: DeserializeOwned>(&self) -> Outcome<T> {
        let is_form = self.header("content-type").is_some_and(|kind| {
            kind.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case(FORM))
        });
        if !is_form {
            return self.body();
        }
        let fields = form_urlencoded::parse(self.request.body.as_deref().unwrap_or_default());
        let fields =
            fields.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned()))).collect();
        serde_json::from_value(Value::Object(fields)).map_err(|_| {
            Refusal::unprocessable("invalid_request", "The form is not what this call takes.").into()
        })
    }

    /// Whether a browser wants to show the answer.
    pub(crate) fn wants_html(&self) -> bool {
        self.header("accept").is_some_and(|accept| accept.contains("text/html"))
    }

    /// The body, as this call takes it.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Outcome<T> {
        let body = self.request.body.as_deref().unwrap_or_default();
        if nesting(body) > DEEPEST {
            let sentence = format!("A body has at most {DEEPEST} arrays and objects in each other.");
            return Err(Refusal::new(400, "malformed_json", sentence).into());
        }
        // The sentence says where, never what: the body may hold secrets.
        serde_json::from_slice(body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            let refusal = if error.is_data() {
                let sentence = format!("The body is not what this call takes, at {place}.");
                Refusal::unprocessable("invalid_request", sentence)
            } else {
                Refusal::new(400, "malformed_json", format!("The body is not JSON, at {place}."))
            };
            refusal.into()
        })
    }
}

/// How browsers send forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// How many arrays and objects of a body may be in each other. What a store keeps lies a few levels deeper, and has to be
/// read again; `serde_json` reads less than 128.
const DEEPEST: usize = 64;

/// How many arrays and objects are in each other at the most.
fn nesting(json: &[u8]) -> usize {
    let (mut levels, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    let mut is_text = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => is_text = !is_text,
            // Whatever follows it, it ends no text.
            b'\\' if is_text => drop(bytes.next()),
            _ if is_text => {}
            b'[' | b'{' => {
                levels += 1;
                deepest = deepest.max(levels);
            }
            b']' | b'}' => levels = levels.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The first header of this name, which is given in lower case; an empty one counts as absent.
pub(crate) fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let (_, value) = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    (!value.is_empty()).then_some(value.as_str())
}

/// A query value. A `+` stays one: addresses have them, and no value here has spaces.
fn percent_decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, tail @ ..] = rest {
        match tail {
            [high, low, tail @ ..] if *first == b'%' => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                match (digit(high), digit(low)) {
                    (Some(high), Some(low)) => {
                        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                        rest = tail;
                        continue;
                    }
                    _ => bytes.push(*first),
                }
            }
            _ => bytes.push(*first),
        }
        rest = &rest[1..];
    }
    match String::from_utf8_lossy(&bytes) {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_counted_outside_of_texts() {
        for (json, levels) in [
            ("", 0),
            ("1", 0),
            ("{}", 1),
            (r#"{"a":[],"b":[[]]}"#, 3),
            ("[[],[],[]]", 2),
            (r#""[[[""#, 0),
            (r#"["\"[[[", []]"#, 2),
            (r#"["\\", [[]]]"#, 3),
            (r#"["\u005b["]"#, 1),
            ("]]]]", 0),
        ] {
            assert_eq!(nesting(json.as_bytes()), levels, "{json}");
        }
    }

    #[test]
    fn query_values_are_decoded_and_keep_their_plus() {
        for (value, decoded) in [
            ("a%40b.example", "a@b.example"),
            ("a+b", "a+b"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
            ("%ff", "\u{fffd}"),
            ("", ""),
        ] {
            assert_eq!(percent_decoded(value), decoded);
        }
    }
}
