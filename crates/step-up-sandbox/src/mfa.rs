//! Second factors of a user: authenticator apps and passkeys.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use step_up_core::{CredentialFormat, CredentialId, StepUpCredential, Timestamp, TokenScope, UserId};

use crate::{
    call::Call,
    guesses::{self, Factor},
    passkey::{self, Passkey},
    random,
    reply::{Outcome, Refusal},
    session::Session,
    store::{StoreError, Table},
    time::{self, MINUTE},
    totp::{self, Secret},
    world::World,
};

/// How long a device waits for its first code.
const PENDING_FOR: Duration = MINUTE.saturating_mul(30);

/// An authenticator app. Until its first right code it is pending: the user may have lost the secret on the way, so it
/// is no factor yet. Only the session that registered it verifies it, within [`PENDING_FOR`]: what that session was allowed
/// may be void by then.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    alias: String,
    #[serde(with = "time::millis")]
    created_at: Timestamp,
    /// The session that registered it. `None` if an older version wrote the device: no session verifies it then.
    #[serde(default)]
    registered_by: Option<String>,
    /// When its first code was right, in milliseconds.
    verified_at: Option<i64>,
    /// Whether the user made it the default; none is by itself.
    is_default: bool,
    /// The steps whose codes were accepted, as far as they are not over.
    used_steps: Vec<u64>,
}

/// By user and device.
pub(crate) const DEVICES: Table<Device> = Table::new("mfaDevices");

fn prefix_of(user: &UserId) -> String {
    format!("{user}/")
}

fn key_of(user: &UserId, device: &str) -> String {
    format!("{user}/{device}")
}

/// What a user registered.
pub(crate) struct Methods {
    /// In the order they were registered.
    pub(crate) devices: Vec<Device>,
    passkeys: Vec<Passkey>,
}

pub(crate) fn methods(world: &World<'_>, user: &UserId) -> Result<Methods, StoreError> {
    let devices = DEVICES.list(&world.tx, &prefix_of(user))?.into_iter().map(|(_, device)| device);
    let mut devices: Vec<_> = devices.filter(|device| !device.is_expired(world.now)).collect();
    devices.sort_by_key(|device| device.created_at);
    Ok(Methods { devices, passkeys: passkey::all_of(world, user)? })
}

/// Refuses scopes for a factor that is none of these, where the user has some.
pub(crate) fn ensure_may_elevate(world: &World<'_>, user: &UserId, scopes: &[TokenScope]) -> Outcome<()> {
    if !scopes.is_empty() && methods(world, user)?.has_verified() {
        return Err(Refusal::new(
            403,
            "mfa_required",
            "This account has a second factor: only that one elevates.",
        )
        .into());
    }
    Ok(())
}

impl Methods {
    /// Whether only a second factor elevates: a device that is pending does not count.
    pub(crate) fn has_verified(&self) -> bool {
        !self.passkeys.is_empty() || self.devices.iter().any(Device::is_verified)
    }

    /// Leaves out the passkeys of other relying parties, which sign nothing for a page of this one.
    pub(crate) fn retain_passkeys_of(&mut self, relying_party: Option<&str>) {
        self.passkeys.retain(|passkey| Some(passkey.rp_id.as_str()) == relying_party);
    }

    /// The device that is asked where none is named: the default, else the one that was verified last.
    pub(crate) fn preferred(&self) -> Option<&Device> {
        let verified = || self.devices.iter().filter(|device| device.is_verified());
        verified().find(|device| device.is_default).or_else(|| verified().max_by_key(|it| it.verified_at))
    }

    /// Returns the device that waits for its first code from this session.
    pub(crate) fn pending_of(&self, session: &Session) -> Option<&Device> {
        self.devices.iter().find(|device| device.is_pending_of(&session.id))
    }

    /// What the user can step up with.
    pub(crate) fn step_up_credentials(&self) -> Vec<StepUpCredential> {
        let devices = self.devices.iter().filter(|device| device.is_verified());
        let devices = devices.map(|it| credential(&it.id, "totp", Some(&it.alias)));
        let passkeys = self.passkeys.iter().map(|it| credential(&it.id, "passkey", it.alias.as_deref()));
        devices.chain(passkeys).collect()
    }

    /// Which of them is offered first: the default device, else the newest, and a passkey of two that are as new.
    pub(crate) fn default_credential(&self) -> Option<CredentialId> {
        let device = self.preferred();
        let passkey = self.passkeys.iter().max_by_key(|passkey| passkey.created_at);
        let is_newer = |passkey: &&Passkey| {
            device.is_none_or(|it| {
                !it.is_default && it.verified_at.is_none_or(|at| at <= passkey.created_at.as_millis())
            })
        };
        let id = match passkey.filter(is_newer) {
            Some(passkey) => &passkey.id,
            None => &device?.id,
        };
        Some(id.as_str().into())
    }

    pub(crate) fn to_json(&self, is_verified_only: bool) -> Value {
        let devices = self.devices.iter().filter(|device| device.is_verified() || !is_verified_only);
        json!({
            "devices": devices.map(Device::to_json).collect::<Vec<_>>(),
            "passkeys": self.passkeys.iter().map(Passkey::to_json).collect::<Vec<_>>(),
            "userHasVerifiedMfaMethods": self.has_verified(),
        })
    }
}

fn credential(id: &str, kind: &str, alias: Option<&str>) -> StepUpCredential {
    let mut credential = StepUpCredential::new(id, CredentialFormat::from(kind));
    credential.kind = Some(kind.to_owned());
    credential.alias = alias.map(str::to_owned);
    credential
}

/// A new device, which waits for its first code in place of any other that does.
pub(crate) fn register(world: &mut World<'_>, session: &Session) -> Result<Device, StoreError> {
    let user = &session.user;
    delete_pending(world, user, |_| true)?;
    let device = Device {
        id: random::uuid(&mut world.tx)?,
        secret: Secret::draw(&mut world.tx)?,
        alias: "Authenticator app".into(),
        created_at: world.now,
        registered_by: Some(session.id.clone()),
        verified_at: None,
        is_default: false,
        used_steps: Vec::new(),
    };
    device.save(world, user)?;
    Ok(device)
}

/// A device of this user.
pub(crate) fn find(world: &World<'_>, user: &UserId, id: &str) -> Outcome<Device> {
    let device = DEVICES.get(&world.tx, &key_of(user, id))?;
    device.filter(|device| !device.is_expired(world.now)).ok_or_else(|| unknown_device().into())
}

/// Returns a device that may be tried with a code by this session: one that is verified, or waits for this session's code.
pub(crate) fn find_usable(world: &World<'_>, session: &Session, id: &str) -> Outcome<Device> {
    let device = find(world, &session.user, id)?;
    if device.is_verified() || device.is_pending_of(&session.id) {
        return Ok(device);
    }
    Err(unknown_device().into())
}

/// Deletes what a session registered and has yet to verify.
pub(crate) fn delete_pending_of(world: &mut World<'_>, session: &Session) -> Result<(), StoreError> {
    delete_pending(world, &session.user, |device| device.is_pending_of(&session.id))
}

/// Deletes what the user's other sessions registered and have yet to verify.
pub(crate) fn delete_pending_of_others(world: &mut World<'_>, acting: &Session) -> Result<(), StoreError> {
    delete_pending(world, &acting.user, |device| !device.is_pending_of(&acting.id))
}

fn delete_pending(
    world: &mut World<'_>,
    user: &UserId,
    is_meant: impl Fn(&Device) -> bool,
) -> Result<(), StoreError> {
    for (key, device) in DEVICES.list(&world.tx, &prefix_of(user))? {
        if !device.is_verified() && is_meant(&device) {
            DEVICES.delete(&mut world.tx, &key);
        }
    }
    Ok(())
}

/// Makes one device the default, in place of any other, or no longer.
pub(crate) fn set_default(
    world: &mut World<'_>,
    user: &UserId,
    id: &str,
    is_default: bool,
) -> Result<(), StoreError> {
    for mut device in methods(world, user)?.devices {
        let becomes = if device.id == id { is_default } else { device.is_default && !is_default };
        if device.is_default != becomes {
            device.is_default = becomes;
            device.save(world, user)?;
        }
    }
    Ok(())
}

pub(crate) fn delete(world: &mut World<'_>, user: &UserId, id: &str) {
    DEVICES.delete(&mut world.tx, &key_of(user, id));
}

pub(crate) fn delete_all_of(world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
    for (key, _) in DEVICES.list(&world.tx, &prefix_of(user))? {
        DEVICES.delete(&mut world.tx, &key);
    }
    passkey::delete_all_of(world, user)
}

impl Device {
    pub(crate) fn is_verified(&self) -> bool {
        self.verified_at.is_some()
    }

    fn is_pending_of(&self, session: &str) -> bool {
        !self.is_verified() && self.registered_by.as_deref() == Some(session)
    }

    /// Whether it waited too long for its first code.
    fn is_expired(&self, now: Timestamp) -> bool {
        !self.is_verified() && self.created_at.after(PENDING_FOR) <= now
    }

    /// Under which its wrong codes count for good: none while it waits for its first code, since it is no factor yet.
    fn factor(&self) -> Option<Factor> {
        self.is_verified().then_some(Factor::Totp)
    }

    fn save(&self, world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
        DEVICES.put(&mut world.tx, &key_of(user, &self.id), self)
    }

    /// Tries a code. The right one of a pending device verifies it. A step is used up by the first right code and a wrong
    /// one counts, also if the request is refused; a code that was used before is as wrong as any other.
    pub(crate) fn evaluate(mut self, call: &mut Call<'_>, user: &UserId, code: &str) -> Outcome<Self> {
        let factor = self.factor();
        guesses::check(&call.world, user, factor)?;
        call.notes.is_evaluated = true;
        let world = &mut call.world;
        let steps = self.secret.steps_of(code, world.now);
        let Some(step) = steps.into_iter().find(|step| !self.used_steps.contains(step)) else {
            return Err(wrong_answer(world, user, factor)?.into());
        };
        let earliest = *totp::steps_around(world.now).start();
        self.used_steps.retain(|used| *used >= earliest);
        self.used_steps.push(step);
        self.verified_at.get_or_insert(world.now.as_millis());
        self.save(world, user)?;
        world.tx.keep();
        Ok(self)
    }

    /// The device as clients read it, without its secret.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "type": "totp",
            "verified": self.is_verified(),
            "createdAt": time::iso8601(self.created_at),
            "verifiedAt": self.verified_at.map(|it| time::iso8601(Timestamp::from_millis(it))),
            "default": self.is_default,
            "alias": self.alias,
        })
    }
}

/// Counts a wrong answer, whatever becomes of the request, and says how many are left.
pub(crate) fn wrong_answer(
    world: &mut World<'_>,
    user: &UserId,
    factor: Option<Factor>,
) -> Result<Refusal, StoreError> {
    let left = guesses::count(world, user, factor)?;
    world.tx.keep();
    Ok(Refusal::unprocessable("mfa_invalid_code", "That code is not right.")
        .with_payload(json!({ "attemptsLeft": left })))
}

/// No such device, or somebody else's.
pub(crate) fn unknown_device() -> Refusal {
    Refusal::unprocessable("mfa_device_not_found", "The user has no such device.")
}
