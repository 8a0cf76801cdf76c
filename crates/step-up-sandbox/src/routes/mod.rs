//! The API that clients call (`docs/PROTOCOL.md`): one file per resource.

mod codes;
mod email;
mod environment;
mod external;
mod external_wallets;
mod mfa;
mod passkeys;
mod recovery;
mod session;
mod sms;
mod social;
mod step_up;
mod unlink;
mod users;
mod wallets;

use step_up_core::Method::{Delete, Get, Post, Put};

use crate::{
    call::Call,
    reply::{Outcome, Refusal},
    router::{self, Route, route},
    social::address::PROVIDER_PATH,
};

/// Where the API starts.
pub(crate) const BASE_PATH: &str = "/api/v0";

/// Below the environment.
const ROUTES: &[Route] = &[
    route(Get, ".well-known/jwks", environment::jwks),
    route(Get, "settings", environment::settings),
    route(Get, "nonce", environment::nonce),
    route(Get, "nonces", environment::nonces),
    route(Post, "emailVerifications/create", email::create),
    route(Post, "emailVerifications/retry", email::retry),
    route(Post, "emailVerifications/signin", email::sign_in),
    route(Post, "emailVerifications/verify", email::verify),
    route(Post, "smsVerifications/create", sms::create),
    route(Post, "smsVerifications/retry", sms::retry),
    route(Post, "smsVerifications/signin", sms::sign_in),
    route(Post, "smsVerifications/verify", sms::verify),
    route(Post, "externalAuth/signin", external::sign_in),
    route(Post, "externalAuth/verify", external::verify),
    route(Post, "stepUp/check", step_up::check),
    route(Post, "refresh", session::refresh),
    route(Post, "revoke", session::revoke),
    route(Get, "users", users::read),
    route(Put, "users", users::update),
    route(Delete, "users", users::delete),
    route(Get, "users/mfa", mfa::list),
    route(Get, "users/mfa/methods", mfa::methods),
    route(Get, "users/mfa/register/totp", mfa::register),
    route(Post, "users/mfa/register/totp", mfa::confirm),
    route(Post, "users/mfa/auth/totp", mfa::verify),
    route(Post, "users/mfa/auth/passkey", passkeys::verify),
    route(Post, "users/mfa/auth/recovery", recovery::verify),
    route(Get, "users/mfa/recovery", recovery::read),
    route(Post, "users/mfa/recovery", recovery::regenerate),
    route(Get, "users/mfa/*", mfa::read),
    route(Put, "users/mfa/*", mfa::set_default),
    route(Delete, "users/mfa/*", mfa::delete),
    route(Post, "connect", external_wallets::connect),
    route(Post, "wallets/signin", external_wallets::sign_in),
    route(Post, "wallets/verify", external_wallets::verify),
    route(Post, "verify", external_wallets::sign_in),
    route(Post, "verify/link", external_wallets::link),
    route(Post, "verify/unlink", unlink::unlink),
    route(Post, "providers/*/initAuth", social::begin),
    route(Get, "providers/*/redirect", social::come_back),
    route(Post, "providers/*/redirect", social::come_back_by_form),
    route(Post, "providers/*/oauthResult", social::result),
    route(Post, "providers/*/signIn", social::sign_in),
    route(Post, "providers/*/verify", social::verify),
    route(Get, "users/passkeys", passkeys::list),
    route(Put, "users/passkeys", passkeys::rename),
    route(Delete, "users/passkeys", passkeys::delete),
    route(Get, "users/passkeys/register", passkeys::creation_options),
    route(Post, "users/passkeys/register", passkeys::register),
    route(Get, "users/passkeys/authenticate", passkeys::request_options),
    route(Post, "waas/*/privateKey/export", wallets::export),
    route(Post, "waas/*/signMessage", wallets::sign_message),
];

/// The pages of the social providers. Anybody is there whoever they say, so they go with the control API.
const PROVIDER_ROUTES: &[Route] = &[
    route(Get, "/sandbox-idp/*/authorize", social::ask),
    route(Post, "/sandbox-idp/*/authorize", social::decide),
    route(Get, "/sandbox-idp/*/keys", social::keys),
];

/// What the protocol has and the sandbox does not, by the start of the path.
const UNBUILT: &[(&str, &str)] = &[
    ("users/mfa/", "this second factor"),
    ("users/passkeys/signin", "sign-in with passkeys"),
    ("wallets/", "this wallet call"),
    ("verify/", "moving credentials between accounts"),
    ("farcaster/", "Farcaster"),
    ("telegram/", "Telegram"),
    ("deviceRegistration", "device registration"),
    ("waas/", "this wallet call"),
];

/// Answers a call of the API.
pub(crate) fn dispatch(call: &mut Call<'_>) -> Outcome {
    let path = call.request.path();
    if path == "/.well-known/jwks" {
        return router::dispatch(&[route(Get, "/.well-known/jwks", environment::jwks)], path, call);
    }
    if path.starts_with(PROVIDER_PATH) && call.world.config.has_control {
        return router::dispatch(PROVIDER_ROUTES, path, call);
    }
    let below_environment = path
        .strip_prefix(BASE_PATH)
        .and_then(|path| path.strip_prefix("/sdk/"))
        .and_then(|path| path.split_once('/'));
    let Some((environment_id, path)) = below_environment else { return Err(Refusal::not_found().into()) };
    if environment_id != call.world.config.environment_id() {
        return Err(Refusal::new(
            404,
            "environment_not_found",
            "This sandbox has another environment: see its --environment-id.",
        )
        .into());
    }
    match (router::dispatch(ROUTES, path, call), unbuilt(path)) {
        (Err(crate::reply::Failure::Refused(refusal)), Some(what)) if refusal == Refusal::not_found() => {
            Err(Refusal::not_implemented(what).into())
        }
        (outcome, _) => outcome,
    }
}

fn unbuilt(path: &str) -> Option<&'static str> {
    UNBUILT.iter().find(|(start, _)| path.starts_with(start)).map(|(_, what)| *what)
}
