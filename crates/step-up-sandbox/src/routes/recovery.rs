//! Recovery codes: making, counting, and using them.

use serde::Deserialize;
use serde_json::json;
use step_up_core::TokenScope;

use super::mfa;
use crate::{
    account,
    call::Call,
    elevation::{self, Proof},
    recovery,
    reply::{Outcome, ok},
    session::{self, Session},
    settings::Rules,
};

/// Makes and shows codes if the user never had any, which is guarded. Else tells how many are left, and shows those that
/// the user has not acknowledged to a request that would be allowed to make new ones.
pub(super) fn read(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    recovery::forget_expired(&mut call.world)?;
    match recovery::left(&call.world, &session.user)? {
        Some(left) => ok(&json!({ "count": left, "recoveryCodes": read_again(call, &session)? })),
        None => replace(call, &session),
    }
}

fn read_again(call: &mut Call<'_>, session: &Session) -> Outcome<Vec<String>> {
    let Some(readable) = recovery::readable(&call.world, &session.user)? else { return Ok(Vec::new()) };
    let has_proofs = Rules::load(&call.world.tx)?.is_step_up_on();
    if !has_proofs && !readable.is_made_by(session) {
        return Ok(Vec::new());
    }
    let since = readable.counts_since(session);
    let permit = call.permit(session, &TokenScope::CredentialLink, Proof::HeaderOrHeld, since)?;
    let Some(permit) = permit else { return Ok(Vec::new()) };
    permit.spend(&mut call.world)?;
    Ok(readable.codes)
}

/// Makes and shows new codes in place of the old ones.
pub(super) fn regenerate(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    replace(call, &session)
}

fn replace(call: &mut Call<'_>, session: &Session) -> Outcome {
    let permit = call.demand(session, &TokenScope::CredentialLink, Proof::HeaderOrHeld)?;
    let mut account = account::of_session(&call.world, session)?;
    recovery::forget_expired(&mut call.world)?;
    let codes = recovery::replace(&mut call.world, &mut account, session)?;
    permit.spend(&mut call.world)?;
    session::void_others(&mut call.world, session)?;
    ok(&json!({ "count": codes.len(), "recoveryCodes": codes }))
}

#[derive(Deserialize)]
struct CodeBody {
    code: String,
    #[serde(rename = "requestedScopes")]
    scopes: Option<Vec<String>>,
}

/// Verifies the session's user with a code, for the scopes that are asked for. Codes were made with an elevation, so
/// whoever has one is who was verified then.
pub(super) fn verify(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let body: CodeBody = call.body()?;
    let scopes = elevation::known_scopes(body.scopes.as_deref().unwrap_or_default())?;
    recovery::evaluate(call, &session.user, &body.code)?;
    mfa::answer(call, session, &scopes)
}
