//! What the end-to-end tests share: the sandbox server, a server for the built demo, and a browser.
//!
//! `cargo xtask test --lane e2e` builds what they need and says where it is; each says so when it is missing.

mod authenticator;
mod axe;
mod browser;
mod control;
mod pages;
mod passkey;
mod policy;
mod sandbox;
mod user;
mod wait;

pub use authenticator::code_at;
pub use browser::{Browser, Screen};
pub use control::Control;
pub use pages::PageServer;
pub use passkey::passkey_on_order;
pub use sandbox::SandboxServer;
pub use user::{App, User};

/// The value of an environment variable that the lane sets.
///
/// # Panics
///
/// Where it is not set: the tests were started without what they need.
#[must_use]
pub fn required(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run the tests with `cargo xtask test --lane e2e`"))
}
