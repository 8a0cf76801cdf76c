//! Finding wallets for EVM chains ([EIP-6963](https://eips.ethereum.org/EIPS/eip-6963)).

use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use step_up_core::{WalletChain, WalletInfo};
use wasm_bindgen::{JsCast as _, JsValue};

use super::{
    super::js::{
        Value::{Js, Text},
        call, make,
    },
    Found, Handle, Wallet,
    eip1193::Provider,
    property, text,
};

/// Listens for wallets, and asks those that are here to announce themselves, until what is returned is dropped.
pub(super) fn watch(window: &JsValue, found: &Rc<Found>, changed: &Rc<dyn Fn()>) -> [EventListener; 2] {
    let announced = {
        let (found, changed) = (Rc::downgrade(found), Rc::clone(changed));
        EventListener::new(window.unchecked_ref(), "eip6963:announceProvider", move |event| {
            if take(&found, event).unwrap_or(false) {
                changed();
            }
        })
    };
    // An older wallet that is loaded after the page says so, if it is polite.
    let injected = {
        let changed = Rc::clone(changed);
        EventListener::new(window.unchecked_ref(), "ethereum#initialized", move |_| changed())
    };
    let request = make("Event", &[Text("eip6963:requestProvider")]);
    // It fails only for an event that is being dispatched.
    let _ = request.and_then(|request| call(window, "dispatchEvent", &[Js(&request)]));
    [announced, injected]
}

/// Takes up an announcement, if it is one. Says whether the wallet is new.
fn take(found: &Weak<Found>, event: &JsValue) -> Option<bool> {
    let detail = property(event, "detail");
    let (info, provider) = (property(&detail, "info"), property(&detail, "provider"));
    if !provider.is_object() {
        return None;
    }
    let wallet = Wallet { info: describe(&info)?, handle: Handle::Eip1193(Provider(provider)) };
    Some(found.upgrade()?.add(wallet))
}

fn describe(info: &JsValue) -> Option<WalletInfo> {
    let wallet = WalletInfo::new(text(info, "uuid")?, text(info, "name")?, WalletChain::Evm);
    Some(
        wallet
            .with_icon(text(info, "icon").unwrap_or_default())
            .with_rdns(text(info, "rdns").unwrap_or_default()),
    )
}
