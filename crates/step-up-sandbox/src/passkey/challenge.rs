use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use step_up_core::Timestamp;

use crate::{
    random,
    reply::{Outcome, Refusal},
    session::Session,
    store::{StoreError, Table},
    time::{self, MINUTE},
    webauthn::Ceremony,
    world::World,
};

/// How long a challenge lives.
pub(crate) const LIFETIME: std::time::Duration = MINUTE.saturating_mul(5);

/// How many challenges of a session may be out, one for each open dialog. The oldest make room.
const CAPACITY: usize = 8;

/// A challenge that was given out.
#[derive(Serialize, Deserialize)]
pub(crate) struct Challenge {
    /// In base64url.
    pub(crate) text: String,
    /// Whether it is for a new passkey, or for a signature.
    is_for_new: bool,
    pub(crate) rp_id: String,
    #[serde(with = "time::millis")]
    expires_at: Timestamp,
}

/// By session and text, so that nobody uses another session's up.
pub(crate) const CHALLENGES: Table<Challenge> = Table::new("passkeyChallenges");

fn key_of(session: &str, text: &str) -> String {
    format!("{session}/{text}")
}

/// A new challenge, in base64url.
pub(crate) fn issue(
    world: &mut World<'_>,
    session: &Session,
    ceremony: Ceremony,
    rp_id: &str,
) -> Result<String, StoreError> {
    make_room(world, session)?;
    let text = URL_SAFE_NO_PAD.encode(random::bytes(&mut world.tx)?);
    let challenge = Challenge {
        text: text.clone(),
        is_for_new: ceremony == Ceremony::Create,
        rp_id: rp_id.to_owned(),
        expires_at: world.now.after(LIFETIME),
    };
    CHALLENGES.put(&mut world.tx, &key_of(&session.id, &text), &challenge)?;
    Ok(text)
}

fn make_room(world: &mut World<'_>, session: &Session) -> Result<(), StoreError> {
    let mut challenges = CHALLENGES.list(&world.tx, &key_of(&session.id, ""))?;
    challenges.sort_by_key(|(_, challenge)| challenge.expires_at);
    let superfluous = (challenges.len() + 1).saturating_sub(CAPACITY);
    for (index, (key, challenge)) in challenges.into_iter().enumerate() {
        if index < superfluous || challenge.expires_at <= world.now {
            CHALLENGES.delete(&mut world.tx, &key);
        }
    }
    Ok(())
}

/// Uses a challenge of this session up, whatever becomes of the request.
pub(crate) fn take(
    world: &mut World<'_>,
    session: &Session,
    ceremony: Ceremony,
    text: &str,
) -> Outcome<Challenge> {
    let key = key_of(&session.id, text);
    let challenge = CHALLENGES.get(&world.tx, &key)?;
    if challenge.is_some() {
        CHALLENGES.delete(&mut world.tx, &key);
        world.tx.keep();
    }
    let is_good = |challenge: &Challenge| {
        challenge.expires_at > world.now && challenge.is_for_new == (ceremony == Ceremony::Create)
    };
    challenge.filter(is_good).ok_or_else(|| unknown().into())
}

/// Voids every challenge of a session.
pub(crate) fn drop_all_of(world: &mut World<'_>, session: &str) -> Result<(), StoreError> {
    for (key, _) in CHALLENGES.list(&world.tx, &key_of(session, ""))? {
        CHALLENGES.delete(&mut world.tx, &key);
    }
    Ok(())
}

/// Never given out to this session, used, or too old.
fn unknown() -> Refusal {
    Refusal::unprocessable("invalid_verification", "This passkey challenge is not or no longer valid.")
}
