//! A wallet like any other, for trying out. It knows nothing of the app: the page finds it by
//! [EIP-6963](https://eips.ethereum.org/EIPS/eip-6963) and speaks to it by
//! [EIP-1193](https://eips.ethereum.org/EIPS/eip-1193), and it asks the user in a window of its own.
//!
//! Its keys are real, and for this tab only.

mod accounts;
mod key;
mod provider;
mod window;

use gloo::{events::EventListener, utils::window as page};
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use web_sys::{CustomEvent, CustomEventInit};

use self::provider::Provider;

const NAME: &str = "Sandbox test wallet";

/// Made once, for this wallet.
const UUID: &str = "7d0f6a52-3c1b-4e8d-9a47-5b2c8f10e6d3";

const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='8' fill='%23a25b1e'/%3E%3Cpath d='M8 11h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H10a2 2 0 0 1-2-2zm0 0a2 2 0 0 1 2-2h10M19 17h5' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E";

/// Puts the wallet into the page. Where the browser cannot have it, there is a page without it.
pub(crate) fn start() {
    let Some(wallet) = accounts::Accounts::load().map(Provider::new) else { return };
    let detail = wallet.to_js().and_then(|provider| describe(&provider));
    let Ok(detail) = detail else { return };
    announce(&detail);
    // As long as the page lives.
    EventListener::new(&page(), "eip6963:requestProvider", move |_| announce(&detail)).forget();
    EventListener::new(&page(), "sandbox-wallet:open", move |_| wallet.open()).forget();
}

fn describe(provider: &JsValue) -> Result<Object, JsValue> {
    let (info, detail) = (Object::new(), Object::new());
    for (name, value) in
        [("uuid", UUID), ("name", NAME), ("icon", ICON), ("rdns", "example.step-up.test-wallet")]
    {
        Reflect::set(&info, &name.into(), &value.into())?;
    }
    Reflect::set(&detail, &"info".into(), &Object::freeze(&info))?;
    Reflect::set(&detail, &"provider".into(), provider)?;
    Ok(Object::freeze(&detail))
}

fn announce(detail: &Object) {
    let init = CustomEventInit::new();
    init.set_detail(detail);
    if let Ok(event) = CustomEvent::new_with_event_init_dict("eip6963:announceProvider", &init) {
        // It fails only for an event that is being dispatched.
        let _ = page().dispatch_event(&event);
    }
}
