//! The browser: the only place that names its types.

mod fetch;
mod indexed_db;
mod js;
mod keychain;
#[cfg(feature = "passkey")]
mod passkeys;
#[cfg(feature = "social")]
mod popup;
mod session_store;
#[cfg(feature = "social")]
mod social_window;
mod time;
mod visibility;
#[cfg(feature = "wallet")]
mod wallets;
mod web_storage;

use step_up_core::{Config, Platform, StepUpError};
use wasm_bindgen::JsValue;

use self::{
    fetch::FetchTransport,
    keychain::WebCryptoKeychain,
    time::{BrowserClock, BrowserTimer},
};

#[cfg(feature = "social")]
pub use self::popup::SocialPopup;
pub use self::session_store::WebSessionStore;
#[cfg(feature = "social")]
pub(crate) use self::social_window::on_restored;
pub(crate) use self::visibility::on_visible;

/// What a client needs, as a browser has it: `fetch`, its clock and timers, keys in IndexedDB, passkeys, the wallets that
/// announce themselves, and a session that lives as long as the page.
pub(crate) fn platform(config: &Config) -> Platform {
    let keychain = WebCryptoKeychain::new(config.environment_id());
    let platform = Platform::new(FetchTransport, BrowserClock, BrowserTimer, keychain);
    #[cfg(feature = "passkey")]
    let platform = platform.with_passkeys(passkeys::BrowserPasskeys::default());
    #[cfg(feature = "wallet")]
    let platform = platform.with_wallets(wallets::BrowserWallets::default());
    #[cfg(feature = "social")]
    let platform = platform.with_social_window(social_window::BrowserWindow::new(config));
    platform
}

fn window() -> Result<JsValue, StepUpError> {
    web_sys::window()
        .map(Into::into)
        .ok_or_else(|| StepUpError::UnsupportedTarget { why: "there is no window".into() })
}

/// What the browser says went wrong with keys or storage.
fn storage_error(error: &JsValue) -> StepUpError {
    StepUpError::Storage { why: error_name(error) }
}

/// An error's name, which carries no data.
fn error_name(error: &JsValue) -> String {
    js::text(error, "name").unwrap_or_else(|| "unknown error".into())
}
