//! What everybody may read.

use serde_json::json;

use crate::{
    call::Call,
    nonce,
    reply::{Outcome, ok},
    settings, social,
};

/// How many nonces a request gets at most.
const NONCES: usize = 50;

/// The key set that tokens can be checked with.
pub(super) fn jwks(call: &mut Call<'_>) -> Outcome {
    ok(&call.world.key.jwks())
}

/// The environment's settings.
pub(super) fn settings(call: &mut Call<'_>) -> Outcome {
    let mut settings = settings::current(&call.world.tx)?;
    if call.world.config.has_control {
        social::settings::complete(&mut settings, |provider| call.addresses(provider));
    } else {
        social::settings::leave_out(&mut settings);
    }
    ok(&settings)
}

/// One nonce.
pub(super) fn nonce(call: &mut Call<'_>) -> Outcome {
    let nonces = nonce::issue(&mut call.world, 1)?;
    ok(&json!({ "nonce": nonces.first() }))
}

/// As many nonces as are asked for.
pub(super) fn nonces(call: &mut Call<'_>) -> Outcome {
    let count = call.query("count").and_then(|count| count.parse().ok()).unwrap_or(1);
    ok(&json!({ "nonces": nonce::issue(&mut call.world, usize::clamp(count, 1, NONCES))? }))
}
