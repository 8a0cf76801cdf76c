//! What the ten buttons do.

use serde_json::json;
use yew_step_up::{HttpRequest, HttpResponse, LocalFuture, Result, Scopes, StepUpClient, TokenScope};

use crate::pages::wallet::wallet_of;

/// A guarded call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Its elevation is good until it expires, so that one serves all.
    Rename,
    /// Its elevation is good for one call, so that each needs its own.
    Sign,
}

impl Call {
    pub(super) const fn scope(self) -> TokenScope {
        match self {
            Self::Rename => TokenScope::UserUpdate,
            Self::Sign => TokenScope::WalletSign,
        }
    }

    /// Does it, a little differently for each button and each round.
    pub(super) fn send(
        self,
        client: &StepUpClient,
        scopes: Scopes,
        round: u32,
        number: usize,
    ) -> LocalFuture<'static, Result<HttpResponse>> {
        let client = client.clone();
        Box::pin(async move {
            let request = match self {
                Self::Rename => {
                    let user = client.user().map(|user| user.id.to_string()).unwrap_or_default();
                    // A name that is somebody's already is refused, and one that is the user's own needs no elevation.
                    let name = format!("{}-{round}-{number}", user.get(..8).unwrap_or_default());
                    HttpRequest::put("/users").json(&json!({ "username": name }))?
                }
                Self::Sign => {
                    let path = format!("/waas/{}/signMessage", wallet_of(&client)?);
                    HttpRequest::post(path).json(&json!({ "message": format!("Number {number}") }))?
                }
            };
            client.send(request, scopes).await
        })
    }
}
