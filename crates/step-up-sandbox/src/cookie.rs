//! Sessions in cookies, where the environment keeps them there ([RFC 6265](https://www.rfc-editor.org/rfc/rfc6265)).
//!
//! Handlers know nothing of it: a session's token leaves an answer for a cookie on its way out, and is found in one on
//! its way in. A cookie comes along whoever made the browser send the request, so what it may do is checked against the
//! page that asks; a bearer token is sent by whoever has it, and needs no such check.

use serde_json::Value;
use step_up_core::{HttpRequest, HttpResponse, Method};

use crate::{
    call::{Call, header},
    config::Config,
    reply::{Outcome, Refusal},
    routes::BASE_PATH,
    session,
    settings::Rules,
    store::StoreError,
    world::World,
};

/// The cookie's name, which official clients know.
pub(crate) const SESSION_COOKIE: &str = "DYNAMIC_JWT_TOKEN";

/// The session token that the request's cookie holds. One of two is none: a server on another port of this machine could
/// have added it.
pub(crate) fn token(request: &HttpRequest) -> Option<&str> {
    let cookies = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    let mut tokens = cookies
        .flat_map(|(_, cookies)| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(name, _)| *name == SESSION_COOKIE)
        .map(|(_, value)| value);
    match (tokens.next(), tokens.next()) {
        (Some(token), None) if !token.is_empty() => Some(token),
        _ => None,
    }
}

/// Refuses what a page might have made the browser send that is not one of ours
/// ([OWASP, cross-site request forgery](https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html)).
/// An `Origin` that is there was found to be allowed already.
pub(crate) fn guard(call: &Call<'_>) -> Outcome<()> {
    let is_safe = call.header("authorization").is_some()
        || call.header("origin").is_some()
        || !Rules::load(&call.world.tx)?.keeps_sessions_in_cookies();
    // Browsers send no origin when a page reads from its own, nor for images and links of any page: these they tell
    // apart by another header.
    let is_own_read = || {
        let site = call.header("sec-fetch-site");
        token(call.request).is_none() || site.is_none_or(|site| site == "same-origin")
    };
    if is_safe || call.request.method == Method::Get && is_own_read() {
        return Ok(());
    }
    let sentence = "Sessions are in cookies here: say with Origin which page asks.";
    Err(Refusal::new(403, "origin_required", sentence).into())
}

/// Moves the session's token out of the answer and into a cookie, and takes a cookie back that is worth nothing.
pub(crate) fn settle(
    world: &mut World<'_>,
    request: &HttpRequest,
    mut response: HttpResponse,
) -> Result<HttpResponse, StoreError> {
    if !Rules::load(&world.tx)?.keeps_sessions_in_cookies() {
        return Ok(response);
    }
    let mut body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let mut take = |name: &str| body.as_object_mut().and_then(|body| body.remove(name));
    let tokens = [take("jwt"), take("minifiedJwt")];
    if let Some(Value::String(token)) = tokens.into_iter().flatten().next() {
        let lifetime = body["expiresAt"].as_i64().unwrap_or(0) - world.now.as_secs();
        let cookie = set_cookie(world.config, request, &token, lifetime.max(0));
        response.body = body.to_string().into_bytes();
        return Ok(response.with_header("set-cookie", cookie));
    }
    let is_worthless = match token(request) {
        Some(token) => session::of_token(world, token)?.is_none(),
        None => false,
    };
    Ok(if is_worthless {
        response.with_header("set-cookie", set_cookie(world.config, request, "", 0))
    } else {
        response
    })
}

/// The value of a `Set-Cookie` header. Only calls of this environment's API get the cookie: those that go to other ports
/// of the same machine, which cookies do not tell apart, have other paths.
fn set_cookie(config: &Config, request: &HttpRequest, value: &str, lifetime: i64) -> String {
    let path = format!("{BASE_PATH}/sdk/{}", config.environment_id());
    let secure = if is_https(request) { "; Secure" } else { "" };
    format!("{SESSION_COOKIE}={value}; Path={path}; Max-Age={lifetime}; HttpOnly; SameSite=Strict{secure}")
}

/// Whether the client came by https: the sandbox itself speaks http, to a proxy in that case.
fn is_https(request: &HttpRequest) -> bool {
    request.url.starts_with("https://")
        || header(request, "x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}
