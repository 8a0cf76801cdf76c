//! External wallets.

use yew_step_up::WalletId;

use crate::{
    SCOPE,
    task::{Handles, Task, run, task},
};

pub(super) const TASKS: &[Task] = &[
    task("Verify a wallet", |on, _| run(on.step_up.verify_wallet(None, &[SCOPE]))),
    task("Sign in with a wallet", |on, _| run(on.session.sign_in_with_wallet(&wallet(on)))),
    task("Link a wallet", |on, _| run(on.client.link_wallet(&wallet(on)))),
];

/// The first wallet that is here; where there is none, one that is not found.
fn wallet(on: &Handles) -> WalletId {
    on.wallet.clone().unwrap_or_else(|| "".into())
}
