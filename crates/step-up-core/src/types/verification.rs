//! A one-time code that was sent, and what a verification brings.

use super::{CredentialId, PhoneNumber, User};
use crate::{
    clock::Timestamp,
    json::from_json,
    secret::{ElevatedToken, MfaToken, SessionToken},
};

/// How a code was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerificationType {
    /// To an email address.
    Email,
    /// To a phone, as a text message.
    Sms,
}

/// Where a one-time code goes.
///
/// Made from an email address as text, or from a [`PhoneNumber`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtpAddress {
    /// An email address.
    Email(String),
    /// A phone that takes text messages.
    Phone(PhoneNumber),
}

impl From<&str> for OtpAddress {
    fn from(email: &str) -> Self {
        Self::Email(email.trim().to_owned())
    }
}

impl From<&String> for OtpAddress {
    fn from(email: &String) -> Self {
        email.as_str().into()
    }
}

impl From<String> for OtpAddress {
    fn from(email: String) -> Self {
        email.as_str().into()
    }
}

impl From<PhoneNumber> for OtpAddress {
    fn from(number: PhoneNumber) -> Self {
        Self::Phone(number)
    }
}

/// A one-time code that was sent and waits to be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtpVerification {
    pub(crate) address: OtpAddress,
    pub(crate) uuid: String,
    pub(crate) credential_id: Option<CredentialId>,
}

impl OtpVerification {
    /// How the code was sent.
    #[must_use]
    pub fn verification_type(&self) -> VerificationType {
        match self.address {
            OtpAddress::Email(_) => VerificationType::Email,
            OtpAddress::Phone(_) => VerificationType::Sms,
        }
    }

    /// Where the code was sent: the email address or the phone number.
    #[must_use]
    pub fn destination(&self) -> &str {
        match &self.address {
            OtpAddress::Email(email) => email,
            OtpAddress::Phone(number) => number.as_str(),
        }
    }

    /// The credential that the code proves; `None` where it signs in or links.
    #[must_use]
    pub fn credential_id(&self) -> Option<&CredentialId> {
        self.credential_id.as_ref()
    }

    /// The server's identifier of this verification.
    #[must_use]
    pub fn uuid(&self) -> &str {
        &self.uuid
    }
}

/// The answer to every verification (`docs/PROTOCOL.md`, "Verification answers").
pub(crate) struct VerifyResponse {
    pub(crate) user: User,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) session_token: Option<SessionToken>,
    pub(crate) mfa_token: Option<MfaToken>,
    pub(crate) elevated_token: Option<ElevatedToken>,
}

from_json!(VerifyResponse {
    user = "user",
    expires_at = "expiresAt",
    session_token = "minifiedJwt",
    mfa_token = "mfaToken",
    elevated_token = "elevatedAccessToken",
});
