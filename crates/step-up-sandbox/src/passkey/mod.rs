//! Passkeys: second factors that sign a challenge.

pub(crate) mod challenge;
mod fixture;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use step_up_core::{Timestamp, UserId};

use crate::{
    call::Call,
    guesses, random,
    reply::{Outcome, Refusal},
    session::Session,
    store::{StoreError, Table},
    time,
    webauthn::{self, Ceremony, ClientData, Credential, Expected, MAX_CREDENTIAL_ID, WebAuthnError},
    world::World,
};

pub(crate) use self::fixture::Fixture;

/// A passkey of a user.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Passkey {
    pub(crate) id: String,
    /// The authenticator's name for it, in base64url.
    pub(crate) credential_id: String,
    pub(crate) rp_id: String,
    #[serde(flatten)]
    credential: Credential,
    /// How the browser may reach its authenticator.
    transports: Vec<String>,
    /// The name that the user gave it.
    pub(crate) alias: Option<String>,
    /// Where it was registered.
    origin: Option<String>,
    user_agent: Option<String>,
    #[serde(with = "time::millis")]
    pub(crate) created_at: Timestamp,
    #[serde(with = "time::millis")]
    updated_at: Timestamp,
}

/// By user and passkey.
pub(crate) const PASSKEYS: Table<Passkey> = Table::new("passkeys");

/// How many passkeys a user may have.
const CAPACITY: usize = 20;

/// How many characters a name may have.
const ALIAS_LENGTH: usize = 100;

fn prefix_of(user: &UserId) -> String {
    format!("{user}/")
}

fn key_of(user: &UserId, id: &str) -> String {
    format!("{user}/{id}")
}

/// A user's passkeys in the order they were registered.
pub(crate) fn all_of(world: &World<'_>, user: &UserId) -> Result<Vec<Passkey>, StoreError> {
    let passkeys = PASSKEYS.list(&world.tx, &prefix_of(user))?;
    let mut passkeys: Vec<_> = passkeys.into_iter().map(|(_, passkey)| passkey).collect();
    passkeys.sort_by_key(|passkey| passkey.created_at);
    Ok(passkeys)
}

pub(crate) fn delete_all_of(world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
    for (key, _) in PASSKEYS.list(&world.tx, &prefix_of(user))? {
        PASSKEYS.delete(&mut world.tx, &key);
    }
    Ok(())
}

/// A passkey of this user.
pub(crate) fn find(world: &World<'_>, user: &UserId, id: &str) -> Outcome<Passkey> {
    PASSKEYS.get(&world.tx, &key_of(user, id))?.ok_or_else(|| unknown().into())
}

pub(crate) fn delete(world: &mut World<'_>, user: &UserId, passkey: &Passkey) {
    PASSKEYS.delete(&mut world.tx, &key_of(user, &passkey.id));
}

/// The user's handle at authenticators, in base64url ([§4](https://www.w3.org/TR/webauthn-3/#user-handle)).
pub(crate) fn handle_of(user: &UserId) -> String {
    URL_SAFE_NO_PAD.encode(user.as_str())
}

/// An authenticator's answer to the creation of a passkey.
pub(crate) struct Attestation<'a> {
    pub(crate) id: &'a str,
    pub(crate) client_data: &'a [u8],
    pub(crate) attestation_object: &'a [u8],
    pub(crate) transports: &'a [String],
}

/// An authenticator's signature.
pub(crate) struct Assertion<'a> {
    pub(crate) id: &'a str,
    pub(crate) client_data: &'a [u8],
    pub(crate) authenticator_data: &'a [u8],
    pub(crate) signature: &'a [u8],
    pub(crate) user_handle: Option<&'a str>,
}

/// Registers a passkey. Its challenge is used up, also if the request is refused.
pub(crate) fn register(call: &mut Call<'_>, session: &Session, attestation: &Attestation<'_>) -> Outcome<()> {
    let client_data = ClientData::parse(attestation.client_data).map_err(refused)?;
    let challenge = challenge::take(&mut call.world, session, Ceremony::Create, client_data.challenge())?;
    let expected =
        Expected { challenge: &challenge.text, rp_id: &challenge.rp_id, origins: &call.world.config.origins };
    let (id, credential) =
        webauthn::register(&expected, &client_data, attestation.attestation_object).map_err(refused)?;
    let credential_id = URL_SAFE_NO_PAD.encode(id);
    if credential_id != attestation.id {
        return Err(refused(WebAuthnError::AuthenticatorData).into());
    }
    let user_agent = call.header("user-agent").map(|text| text.chars().take(300).collect());
    let passkey = New {
        credential_id,
        rp_id: challenge.rp_id,
        credential,
        transports: attestation.transports.to_vec(),
        origin: Some(client_data.origin().to_owned()),
        user_agent,
    };
    add(&mut call.world, &session.user, passkey)
}

/// What is known of a passkey before it is anybody's.
pub(crate) struct New {
    /// In base64url.
    pub(crate) credential_id: String,
    pub(crate) rp_id: String,
    pub(crate) credential: Credential,
    pub(crate) transports: Vec<String>,
    pub(crate) origin: Option<String>,
    pub(crate) user_agent: Option<String>,
}

/// Makes it a passkey of the user, unless it is somebody's already.
pub(crate) fn add(world: &mut World<'_>, user: &UserId, new: New) -> Outcome<()> {
    let is_known =
        PASSKEYS.list(&world.tx, "")?.iter().any(|(_, known)| known.credential_id == new.credential_id);
    if is_known {
        return Err(Refusal::unprocessable("mfa_invalid_request", "This passkey is registered already.")
            .with_payload(json!({ "reason": "registered" }))
            .into());
    }
    if all_of(world, user)?.len() >= CAPACITY {
        let sentence = format!("A user has at most {CAPACITY} passkeys.");
        return Err(Refusal::unprocessable("max_passkeys_per_user", sentence).into());
    }
    let passkey = Passkey {
        id: random::uuid(&mut world.tx)?,
        credential_id: new.credential_id,
        rp_id: new.rp_id,
        credential: new.credential,
        transports: new.transports,
        alias: None,
        origin: new.origin,
        user_agent: new.user_agent,
        created_at: world.now,
        updated_at: world.now,
    };
    passkey.save(world, user)?;
    Ok(())
}

/// Verifies the session's user. The challenge is used up and a wrong answer counts, also if the request is refused.
pub(crate) fn evaluate(call: &mut Call<'_>, session: &Session, assertion: &Assertion<'_>) -> Outcome<()> {
    guesses::check(&call.world, &session.user, None)?;
    let client_data = match ClientData::parse(assertion.client_data) {
        Ok(client_data) => client_data,
        Err(error) => {
            call.notes.is_evaluated = true;
            return Err(wrong_answer(&mut call.world, &session.user, error)?.into());
        }
    };
    let challenge = challenge::take(&mut call.world, session, Ceremony::Get, client_data.challenge())?;
    let world = &mut call.world;
    let passkeys = all_of(world, &session.user)?;
    let is_meant = |it: &Passkey| it.credential_id == assertion.id && it.rp_id == challenge.rp_id;
    let mut passkey = passkeys.into_iter().find(is_meant).ok_or_else(unknown)?;
    if assertion.user_handle.is_some_and(|handle| handle != handle_of(&session.user)) {
        return Err(unknown().into());
    }
    call.notes.is_evaluated = true;
    let expected =
        Expected { challenge: &challenge.text, rp_id: &challenge.rp_id, origins: &world.config.origins };
    let counter = webauthn::authenticate(
        &expected,
        &passkey.credential,
        &client_data,
        assertion.authenticator_data,
        assertion.signature,
    );
    match counter {
        Ok(counter) => passkey.credential.counter = counter,
        Err(error) => return Err(wrong_answer(world, &session.user, error)?.into()),
    }
    passkey.save(world, &session.user)?;
    Ok(())
}

impl Passkey {
    fn save(&self, world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
        PASSKEYS.put(&mut world.tx, &key_of(user, &self.id), self)
    }

    /// Gives it another name, or none.
    pub(crate) fn rename(
        &mut self,
        world: &mut World<'_>,
        user: &UserId,
        alias: Option<String>,
    ) -> Outcome<()> {
        if alias.as_ref().is_some_and(|alias| alias.chars().count() > ALIAS_LENGTH) {
            let sentence = format!("A passkey's name has at most {ALIAS_LENGTH} characters.");
            return Err(Refusal::unprocessable("invalid_request", sentence).into());
        }
        self.alias = alias.filter(|alias| !alias.is_empty());
        self.updated_at = world.now;
        self.save(world, user)?;
        Ok(())
    }

    /// What a browser needs to find it, but for its type ([§5.8.3](https://www.w3.org/TR/webauthn-3/#dictionary-credential-descriptor)).
    pub(crate) fn descriptor(&self) -> Value {
        let mut descriptor = json!({ "id": self.credential_id });
        if !self.transports.is_empty() {
            descriptor["transports"] = self.transports.clone().into();
        }
        descriptor
    }

    /// The passkey as clients read it.
    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({
            "id": self.id,
            "credentialId": self.credential_id,
            "createdAt": time::iso8601(self.created_at),
            "updatedAt": time::iso8601(self.updated_at),
        });
        for (name, value) in
            [("alias", &self.alias), ("origin", &self.origin), ("userAgent", &self.user_agent)]
        {
            if let Some(value) = value {
                json[name] = value.clone().into();
            }
        }
        json
    }
}

/// Bytes in base64url: without padding, and no other spelling of the same bytes. At most `limit` of them.
pub(crate) fn bytes(text: &str, limit: usize) -> Option<Vec<u8>> {
    if text.len() > limit.div_ceil(3) * 4 {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() <= limit)
}

/// Whether it is a credential identifier in base64url.
pub(crate) fn is_credential_id(text: &str) -> bool {
    bytes(text, MAX_CREDENTIAL_ID).is_some_and(|bytes| !bytes.is_empty())
}

/// No such passkey, somebody else's, or one for another site.
fn unknown() -> Refusal {
    Refusal::unprocessable("passkey_not_found", "The user has no such passkey here.")
}

/// A new passkey is not registered.
fn refused(error: WebAuthnError) -> Refusal {
    Refusal::unprocessable("mfa_invalid_request", format!("This passkey cannot be registered: {error}."))
        .with_payload(json!({ "reason": error.reason() }))
}

/// Counts a wrong answer, whatever becomes of the request.
fn wrong_answer(world: &mut World<'_>, user: &UserId, error: WebAuthnError) -> Result<Refusal, StoreError> {
    let left = guesses::count(world, user, None)?;
    world.tx.keep();
    Ok(Refusal::unprocessable("mfa_invalid_code", format!("The passkey's answer is not right: {error}."))
        .with_payload(json!({ "attemptsLeft": left, "reason": error.reason() })))
}
