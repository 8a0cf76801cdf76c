//! What the environment's settings say of social providers.

use serde_json::{Value, json};

use super::{SocialProvider, address::Addresses, is_known_elsewhere};
use crate::{
    reply::{Outcome, Refusal},
    settings,
    store::{StoreError, Tx},
    world::World,
};

/// The providers of a new environment. Their addresses are added when they are read: they depend on where the sandbox is.
pub(crate) fn providers() -> Value {
    let enabled_at = "2026-01-01T00:00:00.000Z";
    let dynamic = json!({ "provider": "dynamic", "enabledAt": enabled_at });
    let social = SocialProvider::ALL.map(|provider| {
        json!({
            "provider": provider.name(),
            "enabledAt": enabled_at,
            "clientId": format!("sandbox-{}", provider.name()),
            "scopes": scopes(provider),
        })
    });
    std::iter::once(dynamic).chain(social).collect()
}

fn scopes(provider: SocialProvider) -> &'static str {
    match provider {
        SocialProvider::Apple => "name email",
        SocialProvider::Discord => "identify email",
        SocialProvider::GitHub => "read:user user:email",
        SocialProvider::Google => "openid email profile",
    }
}

/// What may be linked in a new environment.
pub(crate) fn kyc() -> Value {
    json!([{ "name": "social", "enabled": true, "required": false, "unique": false, "verify": false }])
}

const ADDRESSES: [&str; 3] = ["baseAuthUrl", "authorizationUrl", "redirectUrl"];

/// Refuses settings of providers that the sandbox would not act on.
pub(crate) fn check(settings: &Value) -> Outcome<()> {
    let refuse = |sentence: &str| Err(Refusal::unprocessable("invalid_settings", sentence).into());
    for provider in members(settings, "/providers") {
        let name = provider["provider"].as_str().unwrap_or_default();
        if is_known_elsewhere(name) {
            return Err(Refusal::not_implemented("this social provider").into());
        }
        if SocialProvider::find(name).is_none() {
            continue;
        }
        if ADDRESSES.iter().any(|address| provider.get(*address).is_some()) {
            return refuse("The addresses of social providers are the sandbox's own.");
        }
        if provider["clientId"].as_str().is_none_or(str::is_empty) {
            return refuse("providers[].clientId is a text.");
        }
    }
    let Some(isolated) = settings.pointer("/sandbox/crossOriginOpenerPolicy") else { return Ok(()) };
    let is_provider = |name: &Value| name.as_str().and_then(SocialProvider::find).is_some();
    if !isolated.as_array().is_some_and(|names| names.iter().all(is_provider)) {
        return refuse("sandbox.crossOriginOpenerPolicy is a list of social providers.");
    }
    Ok(())
}

/// Adds the providers' addresses.
pub(crate) fn complete(settings: &mut Value, addresses: impl Fn(SocialProvider) -> Addresses) {
    let Some(providers) = settings["providers"].as_array_mut() else { return };
    for entry in providers {
        let Some(provider) = entry["provider"].as_str().and_then(SocialProvider::find) else { continue };
        let Addresses { authorize, redirect } = addresses(provider);
        for (name, address) in ADDRESSES.into_iter().zip([&authorize, &authorize, &redirect]) {
            entry[name] = address.clone().into();
        }
    }
}

/// Leaves the providers out that the sandbox emulates.
pub(crate) fn leave_out(settings: &mut Value) {
    let Some(providers) = settings["providers"].as_array_mut() else { return };
    providers.retain(|entry| entry["provider"].as_str().and_then(SocialProvider::find).is_none());
}

/// The client id of a provider that is enabled. None is without the control API: anybody is whoever they say there.
pub(crate) fn client_id(world: &World<'_>, provider: SocialProvider) -> Outcome<String> {
    find_client_id(world, provider)?
        .ok_or_else(|| Refusal::unprocessable("provider_not_enabled", "This provider is not enabled.").into())
}

/// Whether the provider is enabled.
pub(crate) fn is_enabled(world: &World<'_>, provider: SocialProvider) -> Result<bool, StoreError> {
    Ok(find_client_id(world, provider)?.is_some())
}

fn find_client_id(world: &World<'_>, provider: SocialProvider) -> Result<Option<String>, StoreError> {
    let mut settings = settings::current(&world.tx)?;
    if !world.config.has_control {
        leave_out(&mut settings);
    }
    let entry = members(&settings, "/providers").iter().find(|it| it["provider"] == provider.name());
    let entry = entry.filter(|it| it["enabledAt"].is_string());
    Ok(entry.and_then(|it| it["clientId"].as_str()).map(str::to_owned))
}

/// Whether social accounts may be linked.
pub(crate) fn is_linking_enabled(tx: &Tx<'_>) -> Result<bool, StoreError> {
    let settings = settings::current(tx)?;
    Ok(members(&settings, "/kyc").iter().any(|it| it["name"] == "social" && it["enabled"] == true))
}

/// Whether the provider's page cuts its opener off.
pub(crate) fn is_isolated(tx: &Tx<'_>, provider: SocialProvider) -> Result<bool, StoreError> {
    let settings = settings::current(tx)?;
    Ok(members(&settings, "/sandbox/crossOriginOpenerPolicy").iter().any(|name| name == provider.name()))
}

fn members<'a>(settings: &'a Value, path: &str) -> &'a [Value] {
    settings.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
