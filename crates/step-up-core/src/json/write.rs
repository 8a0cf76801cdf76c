//! Writing the few bodies that the client sends.

#[cfg(any(
    feature = "mfa",
    feature = "otp",
    feature = "passkey",
    feature = "social",
    feature = "wallet"
))]
use crate::types::TokenScope;

/// Can be written as JSON.
pub(crate) trait ToJson {
    fn write(&self, out: &mut String);

    /// Whether the field is left out when it is written.
    fn is_absent(&self) -> bool {
        false
    }
}

impl ToJson for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl ToJson for str {
    fn write(&self, out: &mut String) {
        write_text(out, self);
    }
}

impl ToJson for String {
    fn write(&self, out: &mut String) {
        write_text(out, self);
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn write(&self, out: &mut String) {
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn write(&self, out: &mut String) {
        self.as_slice().write(out);
    }
}

impl<T: ToJson> ToJson for [T] {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (number, value) in self.iter().enumerate() {
            if number > 0 {
                out.push(',');
            }
            value.write(out);
        }
        out.push(']');
    }
}

/// A JSON object that is being written.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Body(String);

impl Body {
    pub(crate) fn new() -> Self {
        Self("{".into())
    }

    /// An object that is written, opened again.
    #[cfg(feature = "passkey")]
    pub(crate) fn reopen(mut object: String) -> Self {
        object.pop();
        Self(object)
    }

    /// Adds a field, unless it is absent.
    pub(crate) fn add(&mut self, name: &str, value: &dyn ToJson) {
        if !value.is_absent() {
            self.name(name);
            value.write(&mut self.0);
        }
    }

    /// Adds a text.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        write_text(&mut self.0, value);
        self
    }

    /// Adds a list of scopes, unless it is empty.
    #[cfg(any(
        feature = "mfa",
        feature = "otp",
        feature = "passkey",
        feature = "social",
        feature = "wallet"
    ))]
    pub(crate) fn scopes(mut self, name: &str, scopes: &[TokenScope]) -> Self {
        if !scopes.is_empty() {
            self.name(name);
            scopes.write(&mut self.0);
        }
        self
    }

    /// Asks for a legacy MFA token for one use.
    #[cfg(any(feature = "mfa", feature = "passkey"))]
    pub(crate) fn mfa_token(mut self, is_wanted: bool) -> Self {
        if is_wanted {
            self.name("createMfaToken");
            self.0.push_str(r#"{"singleUse":true}"#);
        }
        self
    }

    /// Adds a yes or no.
    #[cfg(feature = "mfa")]
    pub(crate) fn bool(mut self, name: &str, value: bool) -> Self {
        self.add(name, &value);
        self
    }

    /// Adds what is JSON already.
    pub(crate) fn raw(mut self, name: &str, json: &str) -> Self {
        self.name(name);
        self.0.push_str(json);
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.finish_text().into_bytes()
    }

    pub(crate) fn finish_text(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        write_text(&mut self.0, name);
        self.0.push(':');
    }
}

pub(super) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\0'..' ' => {
                out.push_str("\\u00");
                push_hex(out, character as u8);
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// A byte in two hexadecimal digits. A format would do it, with all that formats can do.
pub(crate) fn push_hex(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend([byte >> 4, byte & 15].map(|half| char::from(DIGITS[usize::from(half)])));
}

#[cfg(test)]
#[cfg(feature = "otp")]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    proptest! {
        #[test]
        fn another_implementation_reads_what_was_written(name: String, value: String, scope: String) {
            let scopes = [TokenScope::WalletExport, TokenScope::from(scope.as_str())];
            let body = Body::new().text("first", "1").text(&name, &value).scopes("list", &scopes).finish();
            let read: Value = serde_json::from_slice(&body).unwrap();
            prop_assert_eq!(&read["list"], &json!(["wallet:export", scope]));
            if name != "list" {
                prop_assert_eq!(&read[&name], &json!(value));
            }
        }
    }

    #[test]
    fn an_empty_list_is_left_out() {
        assert_eq!(Body::new().scopes("list", &[]).finish(), b"{}");
    }
}
