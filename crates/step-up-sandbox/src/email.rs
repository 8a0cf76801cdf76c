//! Email addresses, in the one form in which they are compared.

use std::str::FromStr as _;

use email_address::EmailAddress;
use serde::{Deserialize, Serialize};

use crate::reply::{Outcome, Refusal};

/// A valid address in lower case. Case rarely matters to mail servers and never to the people who type addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Email(String);

impl Email {
    pub(crate) fn parse(text: &str) -> Outcome<Self> {
        let text = text.trim();
        match EmailAddress::from_str(text) {
            // A display name or a quoted local part would be two spellings of one address.
            Ok(address) if address.as_ref() == text && !text.contains(['"', '<', '(']) => {
                Ok(Self(text.to_lowercase()))
            }
            _ => Err(Refusal::unprocessable("invalid_email", "That is no email address.").into()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_an_address_are_one() {
        let parsed = |text: &str| Email::parse(text).ok().map(|email| email.0);
        assert_eq!(parsed(" Ada@Example.COM "), Some("ada@example.com".into()));
        assert_eq!(parsed("ada+tag@example.com"), Some("ada+tag@example.com".into()));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a b@example.com",
            "Ada <ada@example.com>",
            "\"ada\"@example.com",
            "ada@example.com\nbcc:x@y.example",
            "ada@example.com,eve@evil.example",
        ] {
            assert!(Email::parse(text).is_err(), "{text}");
        }
    }
}
