use serde::Deserialize;
use step_up_core::UserId;

use super::New;
use crate::{
    reply::{Outcome, Refusal},
    webauthn::{Credential, PublicKey},
    world::World,
};

/// A passkey on order: its private key is with an authenticator already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    /// In base64url.
    #[serde(rename = "credentialId")]
    credential_id: String,
    /// As authenticators write it (COSE), in base64url.
    #[serde(rename = "publicKey")]
    public_key: String,
    /// Without one, that of the only host whose pages may call.
    #[serde(rename = "rpId")]
    rp_id: Option<String>,
    #[serde(default)]
    counter: u32,
    #[serde(rename = "backupEligible", default)]
    is_backup_eligible: bool,
}

impl Fixture {
    /// Makes it a passkey of the user.
    pub(crate) fn add(self, world: &mut World<'_>, user: &UserId) -> Outcome<()> {
        let invalid = |sentence: &str| Refusal::unprocessable("invalid_request", sentence);
        if !super::is_credential_id(&self.credential_id) {
            return Err(invalid("A passkey's credentialId is base64url, of 1 to 1023 bytes.").into());
        }
        let public_key = super::bytes(&self.public_key, 256)
            .and_then(|bytes| PublicKey::from_cose(&bytes).ok())
            .ok_or_else(|| invalid("A passkey's publicKey is a COSE key for ES256, in base64url."))?;
        let rp_id = self
            .rp_id
            .or_else(|| world.config.origins.relying_party(None))
            .ok_or_else(|| invalid("A passkey's rpId is missing, and there are several hosts."))?;
        let credential =
            Credential { public_key, counter: self.counter, is_backup_eligible: self.is_backup_eligible };
        let new = New {
            credential_id: self.credential_id,
            rp_id,
            credential,
            transports: Vec::new(),
            origin: None,
            user_agent: None,
        };
        super::add(world, user, new)
    }
}
