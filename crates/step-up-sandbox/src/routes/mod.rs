//! The API that clients call (`docs/PROTOCOL.md`): one file per resource.

mod email;
mod environment;
mod mfa;
mod passkeys;
mod recovery;
mod session;
mod step_up;
mod users;
mod wallets;

use step_up_core::Method::{Delete, Get, Post, Put};

use crate::{
    call::Call,
    reply::{Outcome, Refusal},
    router::{self, Route, route},
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
    route(Get, "users/passkeys", passkeys::list),
    route(Put, "users/passkeys", passkeys::rename),
    route(Delete, "users/passkeys", passkeys::delete),
    route(Get, "users/passkeys/register", passkeys::creation_options),
    route(Post, "users/passkeys/register", passkeys::register),
    route(Get, "users/passkeys/authenticate", passkeys::request_options),
    route(Post, "waas/*/privateKey/export", wallets::export),
    route(Post, "waas/*/signMessage", wallets::sign_message),
];

/// What the protocol has and the sandbox does not, by the start of the path.
const UNBUILT: &[(&str, &str)] = &[
    ("smsVerifications/", "codes by SMS"),
    ("users/mfa/", "this second factor"),
    ("users/passkeys/signin", "sign-in with passkeys"),
    ("wallets/", "wallet signatures"),
    ("verify", "linking and unlinking of wallets"),
    ("providers/", "social sign-in"),
    ("externalAuth/", "external sign-in"),
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
