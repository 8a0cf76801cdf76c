//! Nonces, and the signatures that a client's device key makes over them.

use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use serde::{Deserialize, Serialize};
use step_up_core::Timestamp;

use crate::{
    call::Call,
    random,
    reply::{Outcome, Refusal},
    session,
    settings::Rules,
    store::{StoreError, Table},
    time::{self, DAY},
    world::World,
};

#[derive(Serialize, Deserialize)]
pub(crate) struct Nonce {
    #[serde(with = "time::millis")]
    expires_at: Timestamp,
}

pub(crate) const NONCES: Table<Nonce> = Table::new("nonces");

/// How many nonces may be out. The oldest make room.
const CAPACITY: usize = 2000;

/// Gives out nonces, each good once and for a day.
pub(crate) fn issue(world: &mut World<'_>, count: usize) -> Result<Vec<String>, StoreError> {
    make_room(world, count)?;
    let nonce = Nonce { expires_at: world.now.after(DAY) };
    (0..count)
        .map(|_| {
            let text = random::nonce(&mut world.tx)?;
            NONCES.put(&mut world.tx, &text, &nonce)?;
            Ok(text)
        })
        .collect()
}

fn make_room(world: &mut World<'_>, count: usize) -> Result<(), StoreError> {
    let (mut valid, expired): (Vec<_>, Vec<_>) =
        NONCES.list(&world.tx, "")?.into_iter().partition(|(_, nonce)| nonce.expires_at > world.now);
    valid.sort_by_key(|(_, nonce)| nonce.expires_at);
    let superfluous = (valid.len() + count).saturating_sub(CAPACITY);
    for (text, _) in expired.into_iter().chain(valid.into_iter().take(superfluous)) {
        NONCES.delete(&mut world.tx, &text);
    }
    Ok(())
}

/// Uses a nonce up. Whether it was one.
pub(crate) fn take(world: &mut World<'_>, text: &str) -> Result<bool, StoreError> {
    let Some(nonce) = NONCES.get(&world.tx, text)? else { return Ok(false) };
    NONCES.delete(&mut world.tx, text);
    Ok(nonce.expires_at > world.now)
}

const NONCE_HEADER: &str = "x-dynamic-device-nonce";
const KEY_HEADER: &str = "x-dynamic-device-publickey";
const SIGNATURE_HEADER: &str = "x-dynamic-device-signed-nonce";

impl Call<'_> {
    /// Checks the device's signature: a bad one is refused, a missing one where the environment wants one. The nonce is
    /// used up either way.
    pub(crate) fn check_device(&mut self) -> Outcome<()> {
        let is_required = Rules::load(&self.world.tx)?.is_device_signature_required();
        self.check_device_signature(is_required)
    }

    /// Checks the signature of the device key where there is one, whatever the environment wants: for calls that clients do
    /// not sign.
    pub(crate) fn check_device_if_signed(&mut self) -> Outcome<()> {
        self.check_device_signature(false)
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
        let is_fresh = take(&mut self.world, nonce)?;
        self.world.tx.keep();
        if is_fresh && is_signed(key, nonce, signature) { Ok(()) } else { Err(bad_signature().into()) }
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
    Refusal::new(403, "invalid_device_signature", "The device signature is not valid.")
}
