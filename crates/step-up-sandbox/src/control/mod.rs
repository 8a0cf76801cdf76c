//! The control API, for tests and panels: what a mailbox, a dashboard and a bad network would do.

mod users;

use serde::Deserialize;
use serde_json::{Value, json};
use step_up_core::Method::{Delete, Get, Post, Put};

use crate::{
    account::{ACCOUNTS, ADDRESSES},
    call::Call,
    captcha::{self, CAPTCHAS},
    elevation::ELEVATIONS,
    external::{ASSERTIONS, EXTERNAL_USERS},
    external_wallet::EXTERNAL_WALLETS,
    fault::{self, FAULTS},
    guesses::{FAILURE_QUEUE, FAILURES, GUESSES},
    inbox::{self, MESSAGES},
    mfa::DEVICES,
    nonce::{NONCE_KEYS, NONCE_QUEUE, NONCES},
    otp::{SEND_QUEUE, SENDS, VERIFICATIONS},
    passkey::{PASSKEYS, challenge::CHALLENGES},
    recovery::RECOVERY_CODES,
    reply::{Outcome, Refusal, done, ok},
    router::{self, Route, route},
    sandbox::{OFFSET, OFFSETS},
    session::SESSIONS,
    settings::{self, SETTINGS},
    social::{
        authorize::{CODES, CONSENTS},
        flow::FLOWS,
    },
    time,
    wallet::WALLETS,
    world::COUNTERS,
};

const ROUTES: &[Route] = &[
    route(Get, "/sandbox/inbox", inbox),
    route(Post, "/sandbox/users", users::create),
    route(Post, "/sandbox/captcha", solve_captcha),
    route(Get, "/sandbox/settings", settings),
    route(Put, "/sandbox/settings", replace_settings),
    route(Get, "/sandbox/clock", clock),
    route(Post, "/sandbox/clock", move_clock),
    route(Get, "/sandbox/faults", faults),
    route(Post, "/sandbox/faults", order_fault),
    route(Delete, "/sandbox/faults", cancel_faults),
    route(Get, "/sandbox/requests", requests),
    route(Post, "/sandbox/reset", reset),
];

/// Answers a call of the control API.
pub(crate) fn dispatch(call: &mut Call<'_>) -> Outcome {
    if !call.world.config.has_control {
        return Err(Refusal::not_found().into());
    }
    router::dispatch(ROUTES, call.request.path(), call)
}

/// `GET /sandbox/inbox?to=ADDRESS`: the messages, newest first.
fn inbox(call: &mut Call<'_>) -> Outcome {
    ok(&inbox::messages(&call.world, call.query("to").as_deref())?)
}

/// `POST /sandbox/captcha`: what solving a captcha gives.
fn solve_captcha(call: &mut Call<'_>) -> Outcome {
    let (token, expires_at) = captcha::issue(&mut call.world)?;
    ok(&json!({ "captchaToken": token, "expiresAt": time::iso8601(expires_at) }))
}

fn settings(call: &mut Call<'_>) -> Outcome {
    ok(&settings::current(&call.world.tx)?)
}

/// `PUT /sandbox/settings`: what is left out is as in a new environment.
fn replace_settings(call: &mut Call<'_>) -> Outcome {
    let wanted: Value = call.body()?;
    ok(&settings::replace(&mut call.world.tx, &wanted)?)
}

fn clock(call: &mut Call<'_>) -> Outcome {
    ok(&json!({ "now": call.world.now.as_millis() }))
}

/// `POST /sandbox/clock`: moves the clock by `{"advanceSeconds": n}` or to `{"now": milliseconds}`. Time goes on from
/// there.
fn move_clock(call: &mut Call<'_>) -> Outcome {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[serde(rename = "advanceSeconds")]
        advance_secs: Option<i64>,
        now: Option<i64>,
    }
    let body: Body = call.body()?;
    let world = &mut call.world;
    let target = match (body.advance_secs, body.now) {
        (Some(secs), None) => time::shifted(world.now, secs.saturating_mul(1000)),
        (None, Some(millis)) => time::shifted(step_up_core::Timestamp::from_millis(millis), 0),
        _ => {
            return Err(Refusal::unprocessable(
                "invalid_request",
                "The clock takes either advanceSeconds or now, in milliseconds.",
            )
            .into());
        }
    };
    let offset = OFFSETS.get(&world.tx, OFFSET)?.unwrap_or(0);
    let moved = target.as_millis() - world.now.as_millis();
    OFFSETS.put(&mut world.tx, OFFSET, &offset.saturating_add(moved))?;
    ok(&json!({ "now": target.as_millis() }))
}

fn faults(call: &mut Call<'_>) -> Outcome {
    ok(&json!({ "faults": fault::waiting(&call.world)? }))
}

fn order_fault(call: &mut Call<'_>) -> Outcome {
    let body: Value = call.body()?;
    ok(&fault::order(&mut call.world, &body)?)
}

fn cancel_faults(call: &mut Call<'_>) -> Outcome {
    call.world.tx.clear(&[FAULTS.name()])?;
    done()
}

fn requests(call: &mut Call<'_>) -> Outcome {
    ok(&json!({ "requests": call.log.entries() }))
}

/// Everything that `reset` forgets: all but the signing key and the position of the randomness, so that nothing that
/// was given out is given out again.
const FORGOTTEN: &[&str] = &[
    ACCOUNTS.name(),
    ADDRESSES.name(),
    ASSERTIONS.name(),
    CAPTCHAS.name(),
    CHALLENGES.name(),
    COUNTERS.name(),
    DEVICES.name(),
    ELEVATIONS.name(),
    EXTERNAL_USERS.name(),
    EXTERNAL_WALLETS.name(),
    FAILURE_QUEUE.name(),
    FAILURES.name(),
    FAULTS.name(),
    GUESSES.name(),
    MESSAGES.name(),
    NONCE_KEYS.name(),
    NONCE_QUEUE.name(),
    NONCES.name(),
    OFFSETS.name(),
    PASSKEYS.name(),
    RECOVERY_CODES.name(),
    SEND_QUEUE.name(),
    SENDS.name(),
    SESSIONS.name(),
    SETTINGS.name(),
    VERIFICATIONS.name(),
    WALLETS.name(),
    FLOWS.name(),
    CONSENTS.name(),
    CODES.name(),
];

fn reset(call: &mut Call<'_>) -> Outcome {
    call.world.tx.clear(FORGOTTEN)?;
    call.log.clear();
    done()
}
