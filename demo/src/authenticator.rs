//! The visitor's authenticator app, as it would be on their phone: it keeps the secret that it scanned last, for this tab.

use step_up_sandbox::page::authenticator_code;
use yew_step_up::Timestamp;

const PLACE: &str = "step-up-demo:authenticator";

/// Keeps a secret in place of the one before.
pub(crate) fn scan(secret: &str) {
    if let Some(storage) = storage() {
        // Not kept, it shows no codes. Another app can have the secret as well.
        let _ = storage.set_item(PLACE, secret);
    }
}

/// What it shows; `None` where it has scanned nothing.
pub(crate) fn code(now: Timestamp) -> Option<String> {
    let secret = storage()?.get_item(PLACE).ok().flatten()?;
    authenticator_code(&secret, now)
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}
