//! The showcase: a single-page app whose wallet is guarded by step-up authentication.

mod app;
mod authenticator;
mod backend;
mod consent;
mod control;
mod event_log;
mod format;
mod identity_provider;
mod pages;
mod panel;
mod prompt;
mod setup;
mod test_wallet;
mod ui;
mod verify;

fn main() {
    test_wallet::start();
    yew::Renderer::<app::App>::new().render();
}
