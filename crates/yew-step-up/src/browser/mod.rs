//! The browser: the only place that names its types.

mod fetch;
mod indexed_db;
mod keychain;
mod session_store;
mod time;
mod visibility;
#[cfg(feature = "wallet")]
mod wallets;

use step_up_core::{Config, Platform, StepUpError};
use wasm_bindgen::JsValue;

use self::{
    fetch::FetchTransport,
    keychain::WebCryptoKeychain,
    time::{BrowserClock, BrowserTimer},
};

pub use self::session_store::WebSessionStore;
pub(crate) use self::visibility::on_visible;

/// What a client needs, as a browser has it: `fetch`, its clock and timers, keys in IndexedDB, a session that lives as
/// long as the page, and the wallets that announce themselves to it.
pub(crate) fn platform(config: &Config) -> Platform {
    let keychain = WebCryptoKeychain::new(config.environment_id());
    let platform = Platform::new(FetchTransport, BrowserClock, BrowserTimer, keychain);
    #[cfg(feature = "wallet")]
    let platform = platform.with_wallets(wallets::BrowserWallets::default());
    platform
}

fn window() -> Result<web_sys::Window, StepUpError> {
    web_sys::window().ok_or_else(|| StepUpError::UnsupportedTarget { why: "there is no window".into() })
}

/// What the browser says went wrong with keys or storage: its error's name, which carries no data.
fn storage_error(error: &JsValue) -> StepUpError {
    use wasm_bindgen::JsCast as _;
    let why = error
        .dyn_ref::<web_sys::DomException>()
        .map(web_sys::DomException::name)
        .or_else(|| error.dyn_ref::<js_sys::Error>().map(|error| error.name().into()))
        .unwrap_or_else(|| "unknown error".into());
    StepUpError::Storage { why }
}
