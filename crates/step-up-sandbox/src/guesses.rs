//! Wrong codes: how many are evaluated within minutes, and how many in a row.
//!
//! The lasting limit is that of [NIST SP 800-63B §5.2.2](https://pages.nist.gov/800-63-3/sp800-63b.html#throttle): after a
//! hundred consecutive wrong codes a factor is locked, however long that took, until another proof.
//!
//! - All codes of a channel count together: a user's email codes, their codes by SMS, those of their authenticator apps, and
//!   their recovery codes. An app that waits for its first code is no factor yet, and a passkey's signature cannot be guessed,
//!   so neither is locked: a lock would only help a thief who wants to keep the user out.
//! - A verification with a second factor unlocks all factors of the user. Any other verification and every sign-in unlocks all
//!   but the authenticator app: a stolen bearer and a mailbox buy no second hundred guesses at it. Linking and
//!   enrolling prove nothing about the user, and unlock nothing.
//! - Codes to sign in, and to link an address, are counted by address and apart from those of the user's sessions. A stranger
//!   needs no bearer to fail them, and so locks no session out. An address that is locked still has one code a day evaluated:
//!   its owner may have no other proof. A stranger can use that one up as well, every day: that is the price of the limit.
//!   A verification in a session, or a sign-in by other means, unlocks the address.

use serde::{Deserialize, Serialize};
use step_up_core::{Timestamp, UserId};

use crate::{
    account,
    address::{Address, Channel},
    queue::Queue,
    reply::{Outcome, Refusal},
    store::{StoreError, Table},
    time::{self, DAY, MINUTE},
    world::World,
};

/// How many wrong answers of second factors are looked at within [`WINDOW`].
const TRIES: usize = 5;

const WINDOW: std::time::Duration = MINUTE.saturating_mul(5);

/// How many wrong codes of a factor are evaluated in a row.
const LIMIT: u32 = 100;

/// How many addresses that no user has are remembered. The oldest that are not locked make room, and locked ones only where
/// all are locked.
const UNKNOWN_ADDRESSES: u64 = 1000;

/// When a user's wrong answers were given, in milliseconds, oldest first.
pub(crate) const GUESSES: Table<Vec<i64>> = Table::new("mfaGuesses");

/// Consecutive wrong codes of one [`Target`].
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Failures {
    count: u32,
    /// When the last one was tried, in milliseconds.
    last: i64,
}

/// By user and factor, by user and address, and by address alone where no user has it.
pub(crate) const FAILURES: Table<Failures> = Table::new("failures");

/// The keys of addresses that no user has.
pub(crate) const FAILURE_QUEUE: Queue<String> = Queue::new("failureQueue");

/// A factor whose codes can be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Factor {
    /// Codes that are sent this way.
    Sent(Channel),
    Totp,
    Recovery,
}

impl Factor {
    const fn name(self) -> &'static str {
        match self {
            Self::Sent(Channel::Email) => "email",
            Self::Sent(Channel::Sms) => "sms",
            Self::Totp => "totp",
            Self::Recovery => "recovery",
        }
    }
}

/// What a code is guessed for. Wrong codes for the same target count together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A factor of a signed-in user.
    Factor(UserId, Factor),
    /// Signing in with an address, or linking it.
    Address(Address),
}

impl Target {
    fn key(&self, world: &World<'_>) -> Result<String, StoreError> {
        Ok(match self {
            Self::Factor(user, factor) => key_of(user, *factor),
            Self::Address(address) => match account::owner_of(world, address)? {
                Some(user) => format!("{user}/{}", address.text()),
                // No user's identifier is empty.
                None => format!("/{}", address.text()),
            },
        })
    }

    /// Whether a locked target opens for one code a day.
    fn opens_daily(&self) -> bool {
        matches!(self, Self::Address(_))
    }
}

fn key_of(user: &UserId, factor: Factor) -> String {
    format!("{user}/{}", factor.name())
}

/// How strong a proof is that the user gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// By what they may sign in with.
    First,
    /// By a second factor.
    Second,
}

/// Returns how many wrong codes for a target are still evaluated: none while it is locked.
pub(crate) fn left(world: &World<'_>, target: &Target) -> Result<u32, StoreError> {
    let Failures { count, last } = FAILURES.get(&world.tx, &target.key(world)?)?.unwrap_or_default();
    let has_waited = target.opens_daily() && Timestamp::from_millis(last).after(DAY) <= world.now;
    Ok(LIMIT.saturating_sub(count).max(u32::from(has_waited)))
}

/// Counts a wrong code for a target. Returns how many are left.
pub(crate) fn add(world: &mut World<'_>, target: &Target) -> Result<u32, StoreError> {
    let key = target.key(world)?;
    let known = FAILURES.get(&world.tx, &key)?;
    if known.is_none() && key.starts_with('/') {
        make_room(world)?;
        FAILURE_QUEUE.push(world, &key)?;
    }
    let count = known.unwrap_or_default().count.saturating_add(1);
    FAILURES.put(&mut world.tx, &key, &Failures { count, last: world.now.as_millis() })?;
    left(world, target)
}

fn make_room(world: &mut World<'_>) -> Result<(), StoreError> {
    let known = FAILURE_QUEUE.len(world)?;
    if known < UNKNOWN_ADDRESSES {
        return Ok(());
    }
    for _ in 0..known {
        let Some(oldest) = FAILURE_QUEUE.first(world)? else { break };
        if !is_locked(world, &oldest)? {
            break;
        }
        FAILURE_QUEUE.pop(world)?;
        FAILURE_QUEUE.push(world, &oldest)?;
    }
    if let Some(oldest) = FAILURE_QUEUE.first(world)? {
        FAILURES.delete(&mut world.tx, &oldest);
    }
    FAILURE_QUEUE.pop(world)
}

fn is_locked(world: &World<'_>, key: &str) -> Result<bool, StoreError> {
    Ok(FAILURES.get(&world.tx, key)?.is_some_and(|failures| failures.count >= LIMIT))
}

/// Ends the row of wrong codes for a target.
pub(crate) fn end_row(world: &mut World<'_>, target: &Target) -> Result<(), StoreError> {
    let key = target.key(world)?;
    FAILURES.delete(&mut world.tx, &key);
    Ok(())
}

/// Unlocks what a proof of this strength unlocks, and ends the rows of wrong codes there.
pub(crate) fn unlock(world: &mut World<'_>, user: &UserId, strength: Strength) -> Result<(), StoreError> {
    let app = key_of(user, Factor::Totp);
    for (key, _) in FAILURES.list(&world.tx, &format!("{user}/"))? {
        if strength == Strength::Second || key != app {
            FAILURES.delete(&mut world.tx, &key);
        }
    }
    Ok(())
}

/// Refuses an answer of a second factor that is not to be looked at. `factor` is `None` if it cannot be guessed.
pub(crate) fn check(world: &World<'_>, user: &UserId, factor: Option<Factor>) -> Outcome<()> {
    if lasting(world, user, factor)? == 0 {
        return Err(Refusal::locked().into());
    }
    let recent = recent(world, user)?;
    if recent.len() < TRIES {
        return Ok(());
    }
    let frees_at = Timestamp::from_millis(recent[recent.len() - TRIES]).after(WINDOW);
    Err(Refusal::too_many_guesses(time::secs_until(world.now, frees_at)).into())
}

/// Counts a wrong answer of a second factor. Returns how many are left.
pub(crate) fn count(
    world: &mut World<'_>,
    user: &UserId,
    factor: Option<Factor>,
) -> Result<usize, StoreError> {
    if let Some(factor) = factor {
        add(world, &Target::Factor(user.clone(), factor))?;
    }
    let mut recent = recent(world, user)?;
    recent.push(world.now.as_millis());
    GUESSES.put(&mut world.tx, user.as_str(), &recent)?;
    Ok(TRIES.saturating_sub(recent.len()).min(lasting(world, user, factor)?))
}

/// Returns how many more wrong answers in a row are evaluated.
fn lasting(world: &World<'_>, user: &UserId, factor: Option<Factor>) -> Result<usize, StoreError> {
    let Some(factor) = factor else { return Ok(usize::MAX) };
    let left = left(world, &Target::Factor(user.clone(), factor))?;
    Ok(usize::try_from(left).unwrap_or(usize::MAX))
}

pub(crate) fn delete_all_of(world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
    GUESSES.delete(&mut world.tx, user.as_str());
    unlock(world, user, Strength::Second)
}

fn recent(world: &World<'_>, user: &UserId) -> Result<Vec<i64>, StoreError> {
    let mut guesses = GUESSES.get(&world.tx, user.as_str())?.unwrap_or_default();
    guesses.retain(|given| Timestamp::from_millis(*given).after(WINDOW) > world.now);
    Ok(guesses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{email::Email, world::in_empty_world};

    fn stranger(number: u64) -> Target {
        match Email::parse(&format!("{number}@example.com")) {
            Ok(email) => Target::Address(Address::Email(email)),
            Err(_) => panic!("an address"),
        }
    }

    #[test]
    fn a_locked_address_outlives_a_thousand_others_until_they_are_locked_too() {
        in_empty_world(|world| {
            let lock = |world: &mut World<'_>, target: &Target| {
                for _ in 0..LIMIT {
                    add(world, target).unwrap();
                }
                assert_eq!(left(world, target).unwrap(), 0);
            };
            lock(world, &stranger(0));
            for number in 1..=2 * UNKNOWN_ADDRESSES {
                add(world, &stranger(number)).unwrap();
            }
            assert_eq!(left(world, &stranger(0)).unwrap(), 0, "still locked");
            assert_eq!(left(world, &stranger(1)).unwrap(), LIMIT, "made room");
            assert_eq!(FAILURE_QUEUE.len(world).unwrap(), UNKNOWN_ADDRESSES);
            let kept = UNKNOWN_ADDRESSES + 2..=2 * UNKNOWN_ADDRESSES;
            for number in kept {
                let key = stranger(number).key(world).unwrap();
                FAILURES
                    .put(&mut world.tx, &key, &Failures { count: LIMIT, last: world.now.as_millis() })
                    .unwrap();
            }
            add(world, &stranger(9999)).unwrap();
            assert_eq!(
                FAILURE_QUEUE.len(world).unwrap(),
                UNKNOWN_ADDRESSES,
                "one makes room also where all are locked"
            );
        });
    }
}
