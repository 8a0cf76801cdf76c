//! What the end-to-end tests share: the sandbox server, a server for the built demo, and a browser.
//!
//! `cargo xtask test --lane e2e` builds what they need and says where it is; each says so when it is missing.

mod authenticator;
mod browser;
mod control;
mod pages;
mod policy;
mod sandbox;

pub use authenticator::code_at;
pub use browser::{Browser, Screen};
pub use control::Control;
pub use pages::PageServer;
pub use sandbox::SandboxServer;

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
