//! Signing in with a social account, as data: the request, the addresses it goes to and comes back from, and what follows
//! from what a popup does. It is pure; `client/social.rs` strings it together (`docs/PROTOCOL.md`, "Social accounts").

mod address;
mod options;
mod request;
mod waiting;
mod window;

pub(crate) use self::{
    address::{Returned, authorization_url, return_url},
    request::{Draft, Kept, SocialRequest},
    waiting::{Heard, LOOK, OauthResult, Progress, Waiting, code_of},
    window::Mailbox,
};
pub use self::{
    options::{OnBlocked, SocialOptions},
    request::SocialPurpose,
    window::{Popup, SocialMessage, SocialWindow},
};

use crate::types::Provider;

/// A provider as the environment's settings have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SocialProvider {
    pub(crate) provider: Provider,
    pub(crate) client_id: Box<str>,
    /// Where the user is sent.
    pub(crate) base_auth_url: Box<str>,
    /// Where the provider sends the user: a page of the service.
    pub(crate) redirect_url: Box<str>,
    /// Separated by spaces; not the scopes of step-up.
    pub(crate) scopes: Option<Box<str>>,
}

crate::json::from_json!(SocialProvider {
    provider = "provider",
    client_id = "clientId",
    base_auth_url = "baseAuthUrl",
    redirect_url = "redirectUrl",
    scopes = "scopes",
});

/// Whether two texts are the same, in a time that says nothing about where they differ.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one.bytes().zip(other.bytes()).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}
