//! Recovery codes: ten, each for one use, for when the authenticator app is lost.
//!
//! Their hashes are kept. A code is 80 random bits, so a hash needs neither salt nor to be slow.
//!
//! New codes are *readable* until the user acknowledges them, because an official client asks for them in a view that its
//! own prompt may close. For that time, 30 minutes at most, the codes themselves are in the store, and in its snapshots.
//! They are shown for a proof of the strength that making them takes: an elevation for `credential:link` of the session
//! that made them, or one that another session of the user was granted since. A bearer alone reads none, and neither does
//! what another session held before. Where step-up is off there are no proofs: then only the session that made them reads
//! them. An acknowledgement, new codes, and the removal of a credential or a second factor
//! end it; a code that was used is no longer readable.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use step_up_core::{Timestamp, UserId};
use subtle::ConstantTimeEq;

use crate::{
    account::{self, Account},
    call::Call,
    guesses::{self, Factor},
    mfa, random,
    reply::Outcome,
    session::Session,
    store::{StoreError, Table},
    time::{self, MINUTE},
    totp::base32,
    world::World,
};

/// How many codes a user gets at once.
const COUNT: usize = 10;

/// How long codes that the user does not acknowledge can be read again.
const READABLE_FOR: Duration = MINUTE.saturating_mul(30);

/// The codes of a user.
#[derive(Serialize, Deserialize)]
pub(crate) struct Codes {
    /// Hashes of the codes that were not used, in hexadecimal digits.
    unused: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    readable: Option<Readable>,
}

/// Codes that the user has not acknowledged yet.
#[derive(Serialize, Deserialize)]
pub(crate) struct Readable {
    /// Those that were not used.
    pub(crate) codes: Vec<String>,
    /// The session that made them.
    session: String,
    #[serde(with = "time::millis")]
    made_at: Timestamp,
}

impl Readable {
    fn is_expired(&self, now: Timestamp) -> bool {
        self.made_at.after(READABLE_FOR) <= now
    }

    /// Whether this session made them.
    pub(crate) fn is_made_by(&self, session: &Session) -> bool {
        session.id == self.session
    }

    /// Since when an elevation of this session has to be granted to count: what another session held when the codes were
    /// made may be of a weaker proof, from before the user enrolled a second factor.
    pub(crate) fn counts_since(&self, session: &Session) -> Timestamp {
        if self.is_made_by(session) { Timestamp::from_millis(i64::MIN) } else { self.made_at }
    }
}

/// By user.
pub(crate) const RECOVERY_CODES: Table<Codes> = Table::new("recoveryCodes");

/// How many codes are left; `None` where there never were any.
pub(crate) fn left(world: &World<'_>, user: &UserId) -> Result<Option<usize>, StoreError> {
    Ok(RECOVERY_CODES.get(&world.tx, user.as_str())?.map(|codes| codes.unused.len()))
}

/// Returns the codes that can still be read, if there are any.
pub(crate) fn readable(world: &World<'_>, user: &UserId) -> Result<Option<Readable>, StoreError> {
    let readable = RECOVERY_CODES.get(&world.tx, user.as_str())?.and_then(|codes| codes.readable);
    Ok(readable.filter(|readable| !readable.codes.is_empty() && !readable.is_expired(world.now)))
}

/// Forgets a user's codes except for their hashes.
pub(crate) fn forget(world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
    match RECOVERY_CODES.get(&world.tx, user.as_str())? {
        Some(codes) if codes.readable.is_some() => {
            RECOVERY_CODES.put(&mut world.tx, user.as_str(), &Codes { readable: None, ..codes })
        }
        _ => Ok(()),
    }
}

/// Forgets every user's codes that are too old to be read again, except for their hashes.
pub(crate) fn forget_expired(world: &mut World<'_>) -> Result<(), StoreError> {
    for (user, codes) in RECOVERY_CODES.list(&world.tx, "")? {
        if codes.readable.as_ref().is_some_and(|readable| readable.is_expired(world.now)) {
            RECOVERY_CODES.put(&mut world.tx, &user, &Codes { readable: None, ..codes })?;
        }
    }
    Ok(())
}

/// New codes in place of all others, which the user has yet to acknowledge.
pub(crate) fn replace(
    world: &mut World<'_>,
    account: &mut Account,
    session: &Session,
) -> Result<Vec<String>, StoreError> {
    let codes = (0..COUNT).map(|_| draw(world)).collect::<Result<Vec<_>, _>>()?;
    let unused = codes.iter().map(|code| hash(code)).collect();
    let readable = Readable { codes: codes.clone(), session: session.id.clone(), made_at: world.now };
    let kept = Codes { unused, readable: Some(readable) };
    RECOVERY_CODES.put(&mut world.tx, account.id.as_str(), &kept)?;
    account.fields.insert(ACKNOWLEDGEMENT.into(), "pending".into());
    account::save(world, account)?;
    Ok(codes)
}

/// Whether the user kept their codes: null, `pending` or `complete`.
pub(crate) const ACKNOWLEDGEMENT: &str = "mfaBackupCodeAcknowledgement";

/// Tries a code. The right one is used up and a wrong one counts, also if the request is refused.
pub(crate) fn evaluate(call: &mut Call<'_>, user: &UserId, code: &str) -> Outcome<()> {
    guesses::check(&call.world, user, Some(Factor::Recovery))?;
    call.notes.is_evaluated = true;
    let world = &mut call.world;
    let hash = hash(code);
    let is_other = |kept: &str| !bool::from(kept.as_bytes().ct_eq(hash.as_bytes()));
    let codes = RECOVERY_CODES.get(&world.tx, user.as_str())?;
    let Some(mut codes) = codes.filter(|codes| !codes.unused.iter().all(|kept| is_other(kept))) else {
        return Err(mfa::wrong_answer(world, user, Some(Factor::Recovery))?.into());
    };
    codes.unused.retain(|kept| is_other(kept));
    if let Some(readable) = &mut codes.readable {
        readable.codes.retain(|code| is_other(&self::hash(code)));
    }
    RECOVERY_CODES.put(&mut world.tx, user.as_str(), &codes)?;
    world.tx.keep();
    Ok(())
}

pub(crate) fn delete_all_of(world: &mut World<'_>, user: &UserId) {
    RECOVERY_CODES.delete(&mut world.tx, user.as_str());
}

/// Sixteen letters and digits in groups of four.
fn draw(world: &mut World<'_>) -> Result<String, StoreError> {
    let digits = base32(&random::bytes(&mut world.tx)?[..10]).to_lowercase();
    let groups = [&digits[..4], &digits[4..8], &digits[8..12], &digits[12..]];
    Ok(groups.join("-"))
}

/// Of the code however it is written: capitals, spaces and hyphens are no part of it.
fn hash(code: &str) -> String {
    let bare: String = code.chars().filter(|it| *it != '-' && !it.is_whitespace()).collect();
    base16ct::lower::encode_string(&Sha256::digest(bare.to_ascii_lowercase().as_bytes()))
}
