//! The relying party's half of [Web Authentication, Level 3](https://www.w3.org/TR/webauthn-3/): passkeys that sign with
//! ES256 and verify their user.
//!
//! Attestation is neither asked for nor checked: a statement that comes nevertheless is read over. A caller gives each
//! challenge out once and takes it back before anything is checked; what is here has no state.

mod attestation;
mod authenticator_data;
mod client_data;
mod cose;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::authenticator_data::AuthenticatorData;
use crate::origin::Origins;

pub(crate) use self::{
    client_data::{Ceremony, ClientData},
    cose::{ES256, PublicKey},
};

/// How many bytes a credential identifier has at most ([§5.8.3](https://www.w3.org/TR/webauthn-3/#credential-id)).
pub(crate) const MAX_CREDENTIAL_ID: usize = 1023;

/// What a ceremony was begun with.
pub(crate) struct Expected<'a> {
    /// In base64url, as it was given out.
    pub(crate) challenge: &'a str,
    pub(crate) rp_id: &'a str,
    /// Of the pages that may call; the ceremony's page has to be one of them, and of the relying party.
    pub(crate) origins: &'a Origins,
}

/// What a relying party keeps of a passkey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Credential {
    pub(crate) public_key: PublicKey,
    /// How often it signed, as it counts; always zero where it does not count.
    pub(crate) counter: u32,
    /// Whether it may be copied to other devices, which never changes.
    pub(crate) is_backup_eligible: bool,
}

/// Why an authenticator's answer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WebAuthnError {
    #[error("the client data is not what a client makes")]
    ClientData,
    #[error("it is the answer to another ceremony")]
    Ceremony,
    #[error("it is the answer to another challenge")]
    Challenge,
    #[error("the page is not one of the relying party's")]
    Origin,
    #[error("it was made in a frame of another site")]
    CrossOrigin,
    #[error("the attestation object is malformed")]
    Attestation,
    #[error("the authenticator data is malformed")]
    AuthenticatorData,
    #[error("the key is not one for ES256")]
    PublicKey,
    #[error("it is for another relying party")]
    RelyingParty,
    #[error("the signature is wrong")]
    Signature,
    #[error("the user was not there")]
    NotPresent,
    #[error("the user was not verified")]
    NotVerified,
    #[error("it contradicts itself about backups")]
    Backup,
    #[error("the counter did not move on: there may be a copy of the authenticator")]
    Counter,
}

impl WebAuthnError {
    /// Its name on the wire (`docs/PROTOCOL.md`, "Passkeys").
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::ClientData => "client-data",
            Self::Ceremony => "ceremony",
            Self::Challenge => "challenge",
            Self::Origin => "origin",
            Self::CrossOrigin => "cross-origin",
            Self::Attestation => "attestation",
            Self::AuthenticatorData => "authenticator-data",
            Self::PublicKey => "public-key",
            Self::RelyingParty => "relying-party",
            Self::Signature => "signature",
            Self::NotPresent => "not-present",
            Self::NotVerified => "not-verified",
            Self::Backup => "backup",
            Self::Counter => "counter",
        }
    }
}

/// Checks a new passkey ([§7.1](https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential)) and gives its
/// identifier and what to keep.
pub(crate) fn register(
    expected: &Expected<'_>,
    client_data: &ClientData,
    attestation_object: &[u8],
) -> Result<(Vec<u8>, Credential), WebAuthnError> {
    client_data.check(Ceremony::Create, expected)?;
    let data = AuthenticatorData::parse(attestation::authenticator_data(attestation_object)?)?;
    data.check_relying_party(expected.rp_id)?;
    data.check_user()?;
    let (counter, is_backup_eligible) = (data.counter, data.is_backup_eligible());
    let attested = data.attested.ok_or(WebAuthnError::AuthenticatorData)?;
    Ok((attested.id, Credential { public_key: attested.public_key, counter, is_backup_eligible }))
}

/// Checks an assertion of a passkey ([§7.2](https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion)) and gives its
/// new counter. What the authenticator says about itself counts only once its signature is right.
pub(crate) fn authenticate(
    expected: &Expected<'_>,
    credential: &Credential,
    client_data: &ClientData,
    authenticator_data: &[u8],
    signature: &[u8],
) -> Result<u32, WebAuthnError> {
    client_data.check(Ceremony::Get, expected)?;
    let data = AuthenticatorData::parse(authenticator_data)?;
    data.check_relying_party(expected.rp_id)?;
    let signed = [authenticator_data, client_data.hash()].concat();
    credential.public_key.verify(&signed, signature)?;
    data.check_user()?;
    if data.is_backup_eligible() != credential.is_backup_eligible {
        return Err(WebAuthnError::Backup);
    }
    let counts = data.counter != 0 || credential.counter != 0;
    if counts && data.counter <= credential.counter {
        return Err(WebAuthnError::Counter);
    }
    Ok(data.counter)
}
