//! Where codes are sent: an email address or a phone number.

use serde::{Deserialize, Serialize};
use step_up_core::{Credential, CredentialFormat, CredentialId};

use crate::{email::Email, phone::Phone};

/// Where a code is sent. Whoever reads it there has proved the credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Address {
    Email(Email),
    Phone(Phone),
}

/// How a code is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channel {
    Email,
    Sms,
}

impl Address {
    pub(crate) fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Phone(_) => Channel::Sms,
        }
    }

    /// The address as one text. A number starts with `+`, and an email address has an `@` that no number has.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Email(email) => email.as_str().to_owned(),
            Self::Phone(phone) => phone.e164(),
        }
    }

    /// The credential of whoever has the address; it may sign in.
    pub(crate) fn credential(&self, id: CredentialId) -> Credential {
        match self {
            Self::Email(email) => Credential::email(id, email.as_str()),
            Self::Phone(phone) => {
                let mut credential = Credential::new(id, CredentialFormat::PhoneNumber);
                credential.sign_in_enabled = true;
                credential.phone_country_code = Some(phone.country_code().to_owned());
                credential.phone_number = Some(phone.national().to_owned());
                credential.iso_country_code = Some(phone.iso().to_owned());
                credential.public_identifier = Some(phone.e164());
                credential
            }
        }
    }

    /// The address of a credential that is one.
    pub(crate) fn of(credential: &Credential) -> Option<Self> {
        match credential.format {
            CredentialFormat::Email => Email::parse(credential.email.as_deref()?).ok().map(Self::Email),
            CredentialFormat::PhoneNumber => {
                let (code, national) = (&credential.phone_country_code, &credential.phone_number);
                Phone::parse(code.as_deref()?, national.as_deref()?, credential.iso_country_code.as_deref()?)
                    .ok()
                    .map(Self::Phone)
            }
            _ => None,
        }
    }

    /// Whether `credential` is the one of this address.
    pub(crate) fn is_of(&self, credential: &Credential) -> bool {
        match self {
            Self::Email(email) => {
                credential.format == CredentialFormat::Email
                    && credential.email.as_deref() == Some(email.as_str())
            }
            Self::Phone(phone) => {
                credential.format == CredentialFormat::PhoneNumber
                    && credential.phone_country_code.as_deref() == Some(phone.country_code())
                    && credential.phone_number.as_deref() == Some(phone.national())
            }
        }
    }
}

impl From<Email> for Address {
    fn from(email: Email) -> Self {
        Self::Email(email)
    }
}

impl From<Phone> for Address {
    fn from(phone: Phone) -> Self {
        Self::Phone(phone)
    }
}
