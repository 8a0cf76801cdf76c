//! One-time codes: six digits, ten minutes, five tries, one use.
//!
//! A code that a signed-in user asked for proves something about that user only, and one that nobody asked for can
//! only sign in. So a code that an attacker had sent to an own address is worth nothing in anybody else's session.

use serde::{Deserialize, Serialize};
use serde_json::json;
use step_up_core::{Timestamp, UserId};
use subtle::ConstantTimeEq;

use crate::{
    address::{Address, Channel},
    call::Call,
    guesses::{self, Target},
    inbox,
    queue::Queue,
    random,
    reply::{Outcome, Refusal},
    store::{StoreError, Table},
    time::{self, DAY, HOUR, MINUTE},
    world::World,
};

/// How many wrong codes are looked at.
const TRIES: u32 = 5;

/// How many codes are sent to an address in an hour.
const SENDS_PER_HOUR: usize = 30;

/// How many sends are counted, to whatever address. The oldest make room.
const SENDS_COUNTED: u64 = 10_000;

/// How many sends that no longer count are forgotten with each new one, at the most.
const FORGOTTEN_AT_ONCE: usize = 32;

/// How many codes are remembered, whether they are still good or not. The oldest make room: anybody may have some sent.
const CAPACITY: usize = 1000;

/// A code that was sent.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verification {
    #[serde(skip)]
    uuid: String,
    pub(crate) address: Address,
    /// Who asked for it; nobody when it is to sign in.
    user: Option<UserId>,
    /// Whether the address becomes the user's main one.
    pub(crate) becomes_main: bool,
    code: String,
    #[serde(with = "time::millis")]
    expires_at: Timestamp,
    tries: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Used,
    Replaced,
}

pub(crate) const VERIFICATIONS: Table<Verification> = Table::new("verifications");

/// When codes were sent to an address, in milliseconds.
pub(crate) const SENDS: Table<Vec<i64>> = Table::new("sends");

/// A send that counts.
#[derive(Serialize, Deserialize)]
pub(crate) struct Send {
    address: String,
    #[serde(with = "time::millis")]
    at: Timestamp,
}

impl Send {
    fn counts(&self, world: &World<'_>) -> bool {
        self.at.after(HOUR) > world.now
    }
}

/// Every send that counts, oldest first.
pub(crate) const SEND_QUEUE: Queue<Send> = Queue::new("sendQueue");

/// Sends a code to an address. For a signed-in user it replaces the one that they had sent there before; anybody else
/// could make a stranger's code void that way, so without a user it stands beside others.
pub(crate) fn send(
    world: &mut World<'_>,
    address: &Address,
    user: Option<&UserId>,
    becomes_main: bool,
) -> Outcome<String> {
    count_send(world, &address.text())?;
    make_room(world)?;
    for (uuid, mut other) in VERIFICATIONS.list(&world.tx, "")? {
        if user.is_some() && other.user.as_ref() == user && other.address == *address {
            other.replace();
            VERIFICATIONS.put(&mut world.tx, &uuid, &other)?;
        }
    }
    let uuid = random::uuid(&mut world.tx)?;
    let verification = Verification {
        uuid: uuid.clone(),
        address: address.clone(),
        user: user.cloned(),
        becomes_main,
        code: random::code(&mut world.tx)?,
        expires_at: world.now.after(10 * MINUTE),
        tries: 0,
        state: State::Open,
    };
    VERIFICATIONS.put(&mut world.tx, &uuid, &verification)?;
    inbox::deliver(world, address, &verification.code, &uuid)?;
    Ok(uuid)
}

fn make_room(world: &mut World<'_>) -> Result<(), StoreError> {
    let (mut kept, forgotten): (Vec<_>, Vec<_>) = VERIFICATIONS
        .list(&world.tx, "")?
        .into_iter()
        .partition(|(_, verification)| verification.expires_at.after(DAY) > world.now);
    kept.sort_by_key(|(_, verification)| verification.expires_at);
    let superfluous = (kept.len() + 1).saturating_sub(CAPACITY);
    for (uuid, _) in forgotten.into_iter().chain(kept.into_iter().take(superfluous)) {
        VERIFICATIONS.delete(&mut world.tx, &uuid);
    }
    Ok(())
}

/// Sends a new code in place of the last one.
pub(crate) fn resend(
    world: &mut World<'_>,
    uuid: &str,
    address: &Address,
    user: Option<&UserId>,
) -> Outcome<String> {
    let mut last = find(world, uuid, address.channel(), |asked| asked == user)?;
    if last.address != *address {
        return Err(unknown().into());
    }
    let replacement = send(world, address, user, last.becomes_main)?;
    last.replace();
    last.save(world)?;
    Ok(replacement)
}

fn count_send(world: &mut World<'_>, address: &str) -> Outcome<()> {
    forget_sends(world)?;
    let now = world.now;
    let counts = |sent: &i64| Timestamp::from_millis(*sent).after(HOUR) > now;
    let mut sends = SENDS.get(&world.tx, address)?.unwrap_or_default();
    sends.retain(counts);
    if sends.len() >= SENDS_PER_HOUR {
        let frees_at = Timestamp::from_millis(sends[0]).after(HOUR);
        return Err(Refusal::rate_limited(time::secs_until(world.now, frees_at)).into());
    }
    sends.push(now.as_millis());
    SENDS.put(&mut world.tx, address, &sends)?;
    Ok(SEND_QUEUE.push(world, &Send { address: address.to_owned(), at: now })?)
}

/// Forgets sends that no longer count, and the oldest if there are too many.
fn forget_sends(world: &mut World<'_>) -> Result<(), StoreError> {
    for _ in 0..FORGOTTEN_AT_ONCE {
        let Some(oldest) = SEND_QUEUE.first(world)? else { break };
        if oldest.counts(world) && SEND_QUEUE.len(world)? < SENDS_COUNTED {
            break;
        }
        SEND_QUEUE.pop(world)?;
        forget_send(world, &oldest)?;
    }
    Ok(())
}

fn forget_send(world: &mut World<'_>, forgotten: &Send) -> Result<(), StoreError> {
    let Some(mut sends) = SENDS.get(&world.tx, &forgotten.address)? else { return Ok(()) };
    if let Some(index) = sends.iter().position(|at| *at == forgotten.at.as_millis()) {
        sends.remove(index);
    }
    if sends.is_empty() {
        SENDS.delete(&mut world.tx, &forgotten.address);
        return Ok(());
    }
    SENDS.put(&mut world.tx, &forgotten.address, &sends)
}

/// A verification over this channel, if the right one asked for it: a user, or nobody.
fn find(
    world: &World<'_>,
    uuid: &str,
    channel: Channel,
    is_right: impl Fn(Option<&UserId>) -> bool,
) -> Outcome<Verification> {
    match VERIFICATIONS.get(&world.tx, uuid)? {
        Some(verification)
            if is_right(verification.user.as_ref()) && verification.address.channel() == channel =>
        {
            Ok(Verification { uuid: uuid.to_owned(), ..verification })
        }
        _ => Err(unknown().into()),
    }
}

/// A verification over this channel whose code can still be tried, if the right one asked for it: a user, or nobody.
pub(crate) fn open(
    world: &World<'_>,
    uuid: &str,
    channel: Channel,
    is_right: impl Fn(Option<&UserId>) -> bool,
) -> Outcome<Verification> {
    let verification = find(world, uuid, channel, is_right)?;
    if verification.state != State::Open {
        return Err(void(channel).into());
    }
    if verification.tries >= TRIES {
        return Err(too_many(channel).into());
    }
    if verification.expires_at <= world.now {
        return Err(void(channel).into());
    }
    Ok(verification)
}

/// Deletes what was sent for a user.
pub(crate) fn drop_all_of(world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
    for (uuid, verification) in VERIFICATIONS.list(&world.tx, "")? {
        if verification.user.as_ref() == Some(user) {
            VERIFICATIONS.delete(&mut world.tx, &uuid);
        }
    }
    Ok(())
}

impl Verification {
    fn replace(&mut self) {
        if self.state == State::Open {
            self.state = State::Replaced;
        }
    }

    fn save(&self, world: &mut World<'_>) -> Result<(), StoreError> {
        VERIFICATIONS.put(&mut world.tx, &self.uuid, self)
    }

    /// Tries a code for a target. The right one uses the verification up and a wrong one counts, also if the request is
    /// refused.
    pub(crate) fn evaluate(mut self, call: &mut Call<'_>, code: &str, target: &Target) -> Outcome<Self> {
        if guesses::left(&call.world, target)? == 0 {
            return Err(too_many(self.address.channel()).into());
        }
        call.notes.is_evaluated = true;
        self.tries += 1;
        if bool::from(self.code.as_bytes().ct_eq(code.as_bytes())) {
            self.state = State::Used;
            self.save(&mut call.world)?;
            guesses::end_row(&mut call.world, target)?;
            call.world.tx.keep();
            return Ok(self);
        }
        self.save(&mut call.world)?;
        let left = guesses::add(&mut call.world, target)?;
        call.world.tx.keep();
        let refusal = wrong(self.address.channel());
        Err(refusal.with_payload(json!({ "attemptsLeft": left.min(TRIES - self.tries) })).into())
    }
}

fn wrong(channel: Channel) -> Refusal {
    let code = match channel {
        Channel::Email => "wrong_email_verification_token",
        Channel::Sms => "wrong_sms_verification_token",
    };
    Refusal::unprocessable(code, "That code is not right.")
}

fn too_many(channel: Channel) -> Refusal {
    let code = match channel {
        Channel::Email => "too_many_email_verification_attempts",
        Channel::Sms => "too_many_sms_verification_attempts",
    };
    Refusal::unprocessable(code, "Too many attempts.")
}

/// The code is too old, was replaced or was used.
fn void(channel: Channel) -> Refusal {
    let code = match channel {
        Channel::Email => "invalid_email_verification",
        Channel::Sms => "invalid_sms_verification",
    };
    Refusal::unprocessable(code, "That code is no longer valid.")
}

/// No such verification, or somebody else's: an answer that told them apart would tell what others do.
fn unknown() -> Refusal {
    Refusal::unprocessable("invalid_verification", "There is no such verification.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::in_empty_world;

    #[test]
    fn no_more_sends_are_counted_than_there_is_room_for() {
        in_empty_world(|world| {
            for number in 0..SENDS_COUNTED + 100 {
                count_send(world, &format!("{}@example.com", number / 2)).unwrap();
                assert!(SEND_QUEUE.len(world).unwrap() <= SENDS_COUNTED);
            }
            let sends = SENDS.list(&world.tx, "").unwrap();
            let counted: usize = sends.iter().map(|(_, sends)| sends.len()).sum();
            assert_eq!(u64::try_from(counted).unwrap(), SENDS_COUNTED);
            assert!(SENDS.get(&world.tx, "0@example.com").unwrap().is_none(), "the oldest made room");
            world.now = world.now.after(HOUR);
            for number in 0..SENDS_COUNTED {
                count_send(world, &format!("{number}@example.org")).unwrap();
            }
            assert_eq!(SENDS.list(&world.tx, "").unwrap().len(), 10_000, "those of the last hour");
        });
    }
}
