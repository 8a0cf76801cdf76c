//! Unlinking a credential.

use serde::Deserialize;
use step_up_core::{CredentialId, TokenScope};

use crate::{
    account,
    call::Call,
    elevation::Proof,
    reply::{Outcome, Refusal, ok},
    session,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    verified_credential_id: Option<CredentialId>,
    /// As some clients spell it.
    verified_crential_id: Option<CredentialId>,
    /// The credential of a wallet. With one of the others it only says which wallet the client has selected.
    wallet_id: Option<CredentialId>,
}

/// Takes a credential from the user. It proves nothing, so it grants nothing and the session lives no longer by it, and the last one that they can sign in with stays.
pub(super) fn unlink(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let permit = call.demand(&session, &TokenScope::CredentialUnlink, Proof::Header)?;
    let body: Body = call.body()?;
    let Some(id) = body.verified_credential_id.or(body.verified_crential_id).or(body.wallet_id) else {
        return Err(invalid("The request names no credential.").into());
    };
    let mut account = account::of_session(&call.world, &session)?;
    let credentials = || account.credentials.iter().map(|linked| &linked.credential);
    let credential = credentials().find(|it| it.id == id).cloned();
    let credential = credential.ok_or_else(|| invalid("The user has no such credential."))?;
    if credential.is_embedded_wallet() {
        return Err(Refusal::unprocessable(
            "forbidden_unlink_request",
            "An embedded wallet is the user's only way to its key.",
        )
        .into());
    }
    let is_last = !credentials().any(|it| it.id != id && it.sign_in_enabled);
    if credential.sign_in_enabled && is_last {
        return Err(Refusal::unprocessable(
            "cannot_delete_last_sign_in_verified_credential",
            "Without this credential the user could not sign in again.",
        )
        .into());
    }
    account::unlink(&mut call.world, &mut account, &credential)?;
    account::save(&mut call.world, &account)?;
    session::distrust(&mut call.world, &session, &id)?;
    permit.spend(&mut call.world)?;
    ok(&session::verified(&call.world, &session, &account, None)?)
}

fn invalid(sentence: &str) -> Refusal {
    Refusal::unprocessable("invalid_unlink_request", sentence)
}
