//! Embedded wallets. Both calls want an elevated token in the header: a session alone moves no money.

use serde::Deserialize;
use serde_json::json;
use step_up_core::TokenScope;

use crate::{
    call::Call,
    elevation::Proof,
    reply::{Outcome, Refusal, ok},
    session::Session,
    wallet::{WALLETS, Wallet},
};

#[derive(Deserialize)]
struct SignBody {
    message: String,
}

/// Hands out the private key.
pub(super) fn export(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let permit = call.demand(&session, &TokenScope::WalletExport, Proof::Header)?;
    let wallet = wallet(call, &session)?;
    permit.spend(&mut call.world)?;
    ok(&json!({ "privateKey": wallet.exported(), "address": wallet.address }))
}

/// Signs a message for people.
pub(super) fn sign_message(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let permit = call.demand(&session, &TokenScope::WalletSign, Proof::Header)?;
    let body: SignBody = call.body()?;
    let wallet = wallet(call, &session)?;
    let signature = wallet.sign(&body.message)?;
    permit.spend(&mut call.world)?;
    ok(&json!({ "signature": signature, "address": wallet.address }))
}

fn wallet(call: &Call<'_>, session: &Session) -> Outcome<Wallet> {
    let wallet = WALLETS.get(&call.world.tx, call.param(0))?.filter(|wallet| wallet.user == session.user);
    wallet.ok_or_else(|| Refusal::new(404, "wallet_not_found", "The user has no such wallet.").into())
}
