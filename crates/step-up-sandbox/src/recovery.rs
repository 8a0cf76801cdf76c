//! Recovery codes: ten, each for one use, for when the authenticator app is lost.
//!
//! Their hashes are kept. A code is 80 random bits, so a hash needs neither salt nor to be slow.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use step_up_core::UserId;
use subtle::ConstantTimeEq;

use crate::{
    account::{self, Account},
    call::Call,
    guesses::{self, Factor},
    mfa, random,
    reply::Outcome,
    store::{StoreError, Table},
    totp::base32,
    world::World,
};

/// How many codes a user gets at once.
const COUNT: usize = 10;

/// Hashes of the codes that were not used, in hexadecimal digits.
#[derive(Serialize, Deserialize)]
pub(crate) struct Codes {
    unused: Vec<String>,
}

/// By user.
pub(crate) const RECOVERY_CODES: Table<Codes> = Table::new("recoveryCodes");

/// How many codes are left; `None` where there never were any.
pub(crate) fn left(world: &World<'_>, user: &UserId) -> Result<Option<usize>, StoreError> {
    Ok(RECOVERY_CODES.get(&world.tx, user.as_str())?.map(|codes| codes.unused.len()))
}

/// New codes in place of all others. They cannot be read again, and the user has yet to say that they kept them.
pub(crate) fn replace(world: &mut World<'_>, account: &mut Account) -> Result<Vec<String>, StoreError> {
    let codes = (0..COUNT).map(|_| draw(world)).collect::<Result<Vec<_>, _>>()?;
    let unused = codes.iter().map(|code| hash(code)).collect();
    RECOVERY_CODES.put(&mut world.tx, account.id.as_str(), &Codes { unused })?;
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
    let is_other = |kept: &String| !bool::from(kept.as_bytes().ct_eq(hash.as_bytes()));
    let unused = RECOVERY_CODES.get(&world.tx, user.as_str())?.map_or_else(Vec::new, |codes| codes.unused);
    let count = unused.len();
    let unused: Vec<_> = unused.into_iter().filter(is_other).collect();
    if unused.len() == count {
        return Err(mfa::wrong_answer(world, user, Some(Factor::Recovery))?.into());
    }
    RECOVERY_CODES.put(&mut world.tx, user.as_str(), &Codes { unused })?;
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
