use serde::{Deserialize, de::IgnoredAny};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Expected, WebAuthnError};
use crate::origin::Origin;

/// What an authenticator is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// A new passkey.
    Create,
    /// A signature.
    Get,
}

impl Ceremony {
    const fn kind(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// What the browser says about a ceremony ([§5.8.1](https://www.w3.org/TR/webauthn-3/#dictionary-client-data)). Members
/// that may come to it are none of our business.
pub(crate) struct ClientData {
    members: Members,
    hash: [u8; 32],
}

#[derive(Deserialize)]
struct Members {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    is_cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<IgnoredAny>,
}

impl ClientData {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, WebAuthnError> {
        // serde reads a struct from an array as well.
        if bytes.first() != Some(&b'{') {
            return Err(WebAuthnError::ClientData);
        }
        let members = serde_json::from_slice(bytes).map_err(|_| WebAuthnError::ClientData)?;
        Ok(Self { members, hash: Sha256::digest(bytes).into() })
    }

    /// The challenge that it answers, in base64url.
    pub(crate) fn challenge(&self) -> &str {
        &self.members.challenge
    }

    /// The page that asked. It is what it says once the ceremony was found right.
    pub(crate) fn origin(&self) -> &str {
        &self.members.origin
    }

    /// Of its bytes, which is what the authenticator signs.
    pub(super) fn hash(&self) -> &[u8] {
        &self.hash
    }

    pub(super) fn check(&self, ceremony: Ceremony, expected: &Expected<'_>) -> Result<(), WebAuthnError> {
        let members = &self.members;
        if members.kind != ceremony.kind() {
            return Err(WebAuthnError::Ceremony);
        }
        if !bool::from(members.challenge.as_bytes().ct_eq(expected.challenge.as_bytes())) {
            return Err(WebAuthnError::Challenge);
        }
        let is_of_relying_party = Origin::parse(&members.origin)
            .is_some_and(|origin| origin.relying_party() == Some(expected.rp_id));
        if !is_of_relying_party || !expected.origins.allows(&members.origin) {
            return Err(WebAuthnError::Origin);
        }
        if members.is_cross_origin || members.top_origin.is_some() {
            return Err(WebAuthnError::CrossOrigin);
        }
        Ok(())
    }
}
