//! Second factors of a user.

use step_up_core::{CredentialFormat, MfaDevice, MfaMethods, Passkey, StepUpCredential, UserId};

use crate::{
    store::{StoreError, Table},
    world::World,
};

/// By user and device.
pub(crate) const DEVICES: Table<MfaDevice> = Table::new("mfaDevices");

/// By user and passkey.
pub(crate) const PASSKEYS: Table<Passkey> = Table::new("passkeys");

fn prefix_of(user: &UserId) -> String {
    format!("{user}/")
}

/// What the user registered. A device whose code was never right is no factor yet.
pub(crate) fn methods(
    world: &World<'_>,
    user: &UserId,
    is_verified_only: bool,
) -> Result<MfaMethods, StoreError> {
    let mut methods = MfaMethods::default();
    let devices = DEVICES.list(&world.tx, &prefix_of(user))?;
    methods.devices =
        devices.into_iter().map(|(_, device)| device).filter(|it| it.verified || !is_verified_only).collect();
    let passkeys = PASSKEYS.list(&world.tx, &prefix_of(user))?;
    methods.passkeys = passkeys.into_iter().map(|(_, passkey)| passkey).collect();
    methods.has_verified = !methods.passkeys.is_empty() || methods.devices.iter().any(|it| it.verified);
    Ok(methods)
}

/// The verified devices and passkeys, as what a user can step up with.
pub(crate) fn step_up_credentials(methods: &MfaMethods) -> Vec<StepUpCredential> {
    let devices = methods.devices.iter().filter(|device| device.verified).map(|device| {
        let kind = device.device_type.as_ref().map_or("totp", |kind| kind.as_str());
        credential(device.id.as_str(), kind, device.alias.as_deref())
    });
    let passkeys =
        methods.passkeys.iter().map(|it| credential(it.id.as_str(), "passkey", it.alias.as_deref()));
    devices.chain(passkeys).collect()
}

fn credential(id: &str, kind: &str, alias: Option<&str>) -> StepUpCredential {
    let mut credential = StepUpCredential::new(id, CredentialFormat::from(kind));
    credential.kind = Some(kind.to_owned());
    credential.alias = alias.map(str::to_owned);
    credential
}

pub(crate) fn delete_all_of(world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
    for (key, _) in DEVICES.list(&world.tx, &prefix_of(user))? {
        DEVICES.delete(&mut world.tx, &key);
    }
    for (key, _) in PASSKEYS.list(&world.tx, &prefix_of(user))? {
        PASSKEYS.delete(&mut world.tx, &key);
    }
    Ok(())
}
