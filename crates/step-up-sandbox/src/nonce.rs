//! Nonces, and the signatures that a client's device key makes over them.
//!
//! A nonce says itself when it was given out, under a code that only the sandbox can make. So giving one out keeps nothing
//! and pushes nothing out, however many strangers ask for; only those that were used are remembered, until they are too old.

use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use step_up_core::Timestamp;

use crate::{
    call::Call,
    queue::Queue,
    random,
    reply::{Outcome, Refusal},
    session::{self, Session},
    settings::Rules,
    store::{StoreError, Table},
    time::DAY,
    world::World,
};

/// What nonces are made with.
#[derive(Serialize, Deserialize)]
pub(crate) struct NonceKey {
    /// In hexadecimal digits.
    key: String,
    /// Nonces that were given out until then, in seconds, are void: used ones among them were forgotten.
    void_until: i64,
}

/// One, which is made with the first nonce.
pub(crate) const NONCE_KEYS: Table<NonceKey> = Table::new("nonceKey");
const NONCE_KEY: &str = "key";

/// The nonces that were used.
pub(crate) const NONCES: Table<()> = Table::new("usedNonces");

/// The nonces that were used, in that order.
pub(crate) const NONCE_QUEUE: Queue<String> = Queue::new("nonceQueue");

/// How many used nonces are remembered. The oldest make room, and nonces that are older than these are void then.
const CAPACITY: u64 = 10_000;

/// How many used nonces are forgotten with each new one, at the most.
const FORGOTTEN_AT_ONCE: usize = 32;

/// The parts of a nonce, in bytes: when it was given out, in seconds; something random; the code over both.
const TIME: usize = 5;
const RANDOM: usize = 5;
const CODE: usize = 6;

/// Gives out nonces, each good once and for a day.
pub(crate) fn issue(world: &mut World<'_>, count: usize) -> Result<Vec<String>, StoreError> {
    let key = NonceKey::load(world)?;
    let now = world.now.as_secs().to_be_bytes();
    (0..count)
        .map(|_| {
            let drawn = random::bytes(&mut world.tx)?;
            let said = [&now[now.len() - TIME..], &drawn[..RANDOM]].concat();
            let code = key.code(&said)?;
            Ok(base16ct::lower::encode_string(&[said, code].concat()))
        })
        .collect()
}

/// Uses a nonce up. Whether it was one.
pub(crate) fn take(world: &mut World<'_>, text: &str) -> Result<bool, StoreError> {
    let Some(key) = NONCE_KEYS.get(&world.tx, NONCE_KEY)? else { return Ok(false) };
    if !key.has_made(text)? {
        return Ok(false);
    }
    let is_fresh = issued_at(text).is_some_and(|secs| {
        // The control API moves the clock back, too.
        let is_past = secs <= world.now.as_secs();
        is_past && secs > key.void_until && Timestamp::from_secs(secs).after(DAY) > world.now
    });
    if !is_fresh || NONCES.get(&world.tx, text)?.is_some() {
        return Ok(false);
    }
    forget_used(world, key)?;
    NONCES.put(&mut world.tx, text, &())?;
    NONCE_QUEUE.push(world, &text.to_owned())?;
    Ok(true)
}

/// Forgets used nonces that are too old, and the ones that were used first if there are too many.
fn forget_used(world: &mut World<'_>, mut key: NonceKey) -> Result<(), StoreError> {
    for _ in 0..FORGOTTEN_AT_ONCE {
        let Some(oldest) = NONCE_QUEUE.first(world)? else { break };
        let issued_at = issued_at(&oldest).unwrap_or_default();
        let is_young = Timestamp::from_secs(issued_at).after(DAY) > world.now;
        if is_young && NONCE_QUEUE.len(world)? < CAPACITY {
            break;
        }
        // Also for one that is too old: the clock may be moved back.
        key.void_until = key.void_until.max(issued_at);
        NONCES.delete(&mut world.tx, &oldest);
        NONCE_QUEUE.pop(world)?;
    }
    NONCE_KEYS.put(&mut world.tx, NONCE_KEY, &key)
}

/// When a nonce says that it was given out, in seconds.
fn issued_at(text: &str) -> Option<i64> {
    let bytes = base16ct::lower::decode_vec(text).ok()?;
    let mut secs = [0; 8];
    secs[8 - TIME..].copy_from_slice(bytes.get(..TIME)?);
    Some(i64::from_be_bytes(secs))
}

impl NonceKey {
    /// The store's key, which is made when there is none. After the clock was moved back it is made again if what is given
    /// out now would be void: every nonce of the old key up to now is void already.
    fn load(world: &mut World<'_>) -> Result<Self, StoreError> {
        let known = NONCE_KEYS.get(&world.tx, NONCE_KEY)?;
        if let Some(key) = known.filter(|key| key.void_until < world.now.as_secs()) {
            return Ok(key);
        }
        let key = base16ct::lower::encode_string(&random::bytes(&mut world.tx)?);
        let key = Self { key, void_until: i64::MIN };
        NONCE_KEYS.put(&mut world.tx, NONCE_KEY, &key)?;
        Ok(key)
    }

    fn mac(&self, said: &[u8]) -> Result<Hmac<Sha256>, StoreError> {
        let corrupt = || StoreError::Corrupt { collection: NONCE_KEYS.name().into() };
        let bytes = base16ct::lower::decode_vec(&self.key).map_err(|_| corrupt())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&bytes).map_err(|_| corrupt())?;
        mac.update(said);
        Ok(mac)
    }

    fn code(&self, said: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(self.mac(said)?.finalize().into_bytes()[..CODE].to_vec())
    }

    /// Whether a text is a nonce that was made with this key, in the one way in which it is written.
    fn has_made(&self, text: &str) -> Result<bool, StoreError> {
        let bytes = base16ct::lower::decode_vec(text).unwrap_or_default();
        if bytes.len() != TIME + RANDOM + CODE {
            return Ok(false);
        }
        let (said, code) = bytes.split_at(TIME + RANDOM);
        Ok(self.mac(said)?.verify_truncated_left(code).is_ok())
    }
}

const NONCE_HEADER: &str = "x-dynamic-device-nonce";
const KEY_HEADER: &str = "x-dynamic-device-publickey";
const SIGNATURE_HEADER: &str = "x-dynamic-device-signed-nonce";

impl Call<'_> {
    /// Checks the device's signature: a bad one is refused, a missing one where the environment wants one. A good one uses
    /// its nonce up, also if the request is refused.
    pub(crate) fn check_device(&mut self) -> Outcome<()> {
        let is_required = self.is_device_required()?;
        self.check_device_signature(is_required)
    }

    /// Checks the signature of the device key where there is one, whatever the environment wants: for calls that clients do
    /// not sign.
    pub(crate) fn check_device_if_signed(&mut self) -> Outcome<()> {
        self.check_device_signature(false)
    }

    /// The same as [`check_device`](Self::check_device) for a call of a session: where the environment wants signatures, that
    /// of the device which the session is bound to. A session that is bound to none has to prove more than this to be bound.
    pub(crate) fn check_device_of(&mut self, session: &Session) -> Outcome<()> {
        self.check_device()?;
        let is_other = session.device_key.is_some() && session.device_key != self.world.device_key;
        if is_other && self.is_device_required()? {
            return Err(wrong_device("The session is bound to another device.").into());
        }
        Ok(())
    }

    /// The same for a call that proves nothing itself. A session that is bound to no device is refused where the environment
    /// wants signatures: to bind it to the first device that comes would bind it to a thief's.
    pub(crate) fn check_bound_device(&mut self, session: &Session) -> Outcome<()> {
        self.check_device_of(session)?;
        if session.device_key.is_none() && self.is_device_required()? {
            return Err(wrong_device("The session is bound to no device: verify with one first.").into());
        }
        Ok(())
    }

    fn is_device_required(&self) -> Result<bool, StoreError> {
        Ok(Rules::load(&self.world.tx)?.is_device_signature_required())
    }

    fn check_device_signature(&mut self, is_required: bool) -> Outcome<()> {
        let headers = [NONCE_HEADER, KEY_HEADER, SIGNATURE_HEADER].map(|name| self.header(name));
        let [Some(nonce), Some(key), Some(signature)] = headers else {
            if headers.iter().any(Option::is_some) {
                return Err(bad_signature().into());
            }
            if is_required {
                return Err(Refusal::new(
                    403,
                    "device_signature_required",
                    "This environment wants a device signature.",
                )
                .into());
            }
            return Ok(());
        };
        // In this order: what anybody can make up uses no nonce up.
        if !is_signed(key, nonce, signature) || !take(&mut self.world, nonce)? {
            return Err(bad_signature().into());
        }
        self.world.tx.keep();
        self.world.device_key = Some(key.to_ascii_lowercase());
        Ok(())
    }
}

/// Whether `signature`, r and s in 128 hexadecimal digits, is that of the nonce's text by this key.
fn is_signed(key: &str, nonce: &str, signature: &str) -> bool {
    let check = || {
        let key = VerifyingKey::from(session::parse_public_key(key)?);
        let signature = Signature::from_slice(&base16ct::mixed::decode_vec(signature).ok()?).ok()?;
        key.verify(nonce.as_bytes(), &signature).ok()
    };
    check().is_some()
}

fn bad_signature() -> Refusal {
    wrong_device("The device signature is not valid.")
}

fn wrong_device(sentence: &str) -> Refusal {
    Refusal::new(403, "invalid_device_signature", sentence)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{time::MINUTE, world::in_empty_world};

    /// A nonce that was given out now.
    fn issue_one(world: &mut World<'_>) -> String {
        issue(world, 1).unwrap().remove(0)
    }

    #[test]
    fn used_nonces_are_forgotten_only_together_with_all_that_are_as_old() {
        in_empty_world(|world| {
            let [before, used] = [issue_one(world), issue_one(world)];
            world.now = world.now.after(MINUTE);
            let after = issue_one(world);
            assert!(take(world, &used).unwrap());
            for _ in 1..CAPACITY {
                let nonce = issue_one(world);
                assert!(take(world, &nonce).unwrap());
            }
            assert!(!take(world, &used).unwrap());
            // The one that was used first makes room for this one.
            assert!(take(world, &after).unwrap());
            assert_eq!(NONCE_QUEUE.len(world).unwrap(), CAPACITY);
            assert!(NONCES.get(&world.tx, &used).unwrap().is_none(), "forgotten");
            for nonce in [&used, &before, &after] {
                assert!(!take(world, nonce).unwrap(), "void or used");
            }
            let next = issue_one(world);
            assert!(take(world, &next).unwrap());
        });
    }

    #[test]
    fn a_nonce_is_good_for_a_day_also_in_the_last_second_that_dates_can_say() {
        for start in [0, 1_795_514_400, 253_402_300_799] {
            in_empty_world(|world| {
                world.now = Timestamp::from_secs(start);
                let [first, second] = [issue_one(world), issue_one(world)];
                world.now = Timestamp::from_secs(start + 86_399);
                assert!(take(world, &first).unwrap(), "{start}");
                world.now = Timestamp::from_secs(start + 86_400);
                assert!(!take(world, &second).unwrap(), "{start}");
            });
        }
    }

    proptest! {
        #[test]
        fn a_text_that_was_not_given_out_is_no_nonce(text in "\\PC{0,40}", at in 0_usize..32, digit in "[0-9a-f]") {
            in_empty_world(|world| {
                let nonce = issue_one(world);
                let mut changed = nonce.clone();
                changed.replace_range(at..=at, &digit);
                prop_assert!(!take(world, &text).unwrap());
                prop_assert!(!take(world, &nonce.to_uppercase()).unwrap() || nonce == nonce.to_uppercase());
                prop_assert_eq!(take(world, &changed).unwrap(), changed == nonce);
                prop_assert_eq!(take(world, &nonce).unwrap(), changed != nonce);
                Ok(())
            })?;
        }
    }
}
