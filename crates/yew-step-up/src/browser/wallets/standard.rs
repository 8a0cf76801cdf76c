//! Wallets for Solana, by the [wallet standard](https://github.com/wallet-standard/wallet-standard).
//!
//! Page and wallets find each other whoever is there first: the page says `wallet-standard:app-ready` and hands out a
//! function to register with; a wallet that comes later says `wallet-standard:register-wallet` and hands out a function
//! that takes it.

use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use js_sys::{Array, Function, Uint8Array, global};
use step_up_core::{
    LocalFuture, Result, StepUpError, WalletAccount, WalletChain, WalletInfo, WalletSignature,
};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};

use super::{
    super::js::{
        Outcome,
        Value::{self, Bytes, Flag, Js, Object, Text},
        call, get, make,
    },
    Found, Handle, Wallet, answer,
    error::failed,
    property, text,
};

const CONNECT: &str = "standard:connect";
const SIGN_MESSAGE: &str = "solana:signMessage";

/// Listens for wallets, and tells those that are here that the page is ready, until what is returned is dropped.
pub(super) fn watch(window: &JsValue, found: &Rc<Found>, changed: &Rc<dyn Fn()>) -> Outcome<EventListener> {
    let api = api(Rc::downgrade(found), Rc::clone(changed))?;
    let ready = make("CustomEvent", &[Text("wallet-standard:app-ready"), Object(&[("detail", Js(&api))])])?;
    let listener =
        EventListener::new(window.unchecked_ref(), "wallet-standard:register-wallet", move |event| {
            if let Some(callback) = property(event, "detail").dyn_ref::<Function>() {
                // What a wallet throws at its own registration is its own affair.
                let _ = callback.call1(&JsValue::UNDEFINED, &api);
            }
        });
    call(window, "dispatchEvent", &[Js(&ready)])?;
    Ok(listener)
}

/// What wallets get: an object whose `register` takes wallets and gives a function that takes them back. A wallet may keep
/// it longer than the page's client lives; then it does nothing.
fn api(found: Weak<Found>, changed: Rc<dyn Fn()>) -> Outcome {
    type Register = dyn Fn(JsValue, JsValue, JsValue, JsValue) -> JsValue;
    // The standard allows any number of wallets in one call. More than four are registered by more than one program.
    let register: Closure<Register> = Closure::new(move |first, second, third, fourth| {
        let mut ids = Vec::new();
        for wallet in [first, second, third, fourth] {
            let added = found.upgrade().and_then(|found| add(&found, wallet));
            ids.extend(added);
        }
        if !ids.is_empty() {
            changed();
        }
        let (found, changed) = (Weak::clone(&found), Rc::clone(&changed));
        let unregister: Closure<dyn Fn()> = Closure::new(move || {
            if let Some(found) = found.upgrade() {
                found.wallets.borrow_mut().retain(|wallet| !ids.contains(&wallet.info.id));
                changed();
            }
        });
        unregister.into_js_value()
    });
    let api = Object(&[("register", Js(&register.into_js_value()))]).to_js()?;
    call(&get(&global(), "Object")?, "freeze", &[Js(&api)])
}

/// Adds a wallet that signs for Solana and is new, and gives its id.
fn add(found: &Found, wallet: JsValue) -> Option<step_up_core::WalletId> {
    let name = text(&wallet, "name")?;
    let features = property(&wallet, "features");
    let can = |feature: &str| property(&features, feature).is_object();
    if !is_for_solana(&wallet) || !can(CONNECT) || !can(SIGN_MESSAGE) {
        return None;
    }
    let is_this =
        |known: &Wallet| matches!(&known.handle, Handle::Standard(StandardWallet(known)) if *known == wallet);
    if found.wallets.borrow().iter().any(is_this) {
        return None;
    }
    let number = found.numbers.replace(found.numbers.get() + 1);
    // Two programs can have one name.
    let info = WalletInfo::new(format!("wallet-standard:{name}:{number}"), name, WalletChain::Solana)
        .with_icon(text(&wallet, "icon").unwrap_or_default());
    let id = info.id.clone();
    found.add(Wallet { info, handle: Handle::Standard(StandardWallet(wallet)) }).then_some(id)
}

/// Whether the `chains` of a wallet or an account have one of Solana's.
fn is_for_solana(value: &JsValue) -> bool {
    list(&property(value, "chains"))
        .iter()
        .any(|chain| chain.as_string().is_some_and(|chain| chain.starts_with("solana:")))
}

fn list(value: &JsValue) -> Array {
    if Array::is_array(value) { Array::from(value) } else { Array::new() }
}

/// A wallet as the standard has it.
#[derive(Clone)]
pub(super) struct StandardWallet(JsValue);

impl StandardWallet {
    /// The accounts that it shows: already, which asks nobody, or because it asks its user which.
    pub(super) async fn accounts(&self, asks: bool) -> Result<Vec<WalletAccount>> {
        let shown = self.shown();
        if !asks && !shown.is_empty() {
            return Ok(shown);
        }
        let input: &[(&str, Value<'_>)] = if asks { &[] } else { &[("silent", Flag(true))] };
        let output = self.call(CONNECT, "connect", input).await?;
        Ok(accounts(&property(&output, "accounts")))
    }

    /// Has it ask the user to sign these bytes as they are.
    pub(super) async fn sign(&self, address: &str, message: &str) -> Result<WalletSignature> {
        let account = list(&property(&self.0, "accounts"))
            .iter()
            .find(|account| text(account, "address").as_deref() == Some(address))
            .ok_or(StepUpError::WalletAccountMismatch)?;
        let input = [("account", Js(&account)), ("message", Bytes(message.as_bytes()))];
        let outputs = self.call(SIGN_MESSAGE, "signMessage", &input).await?;
        let output = list(&outputs).get(0);
        let bytes_of = |name: &str| {
            property(&output, name).dyn_into::<Uint8Array>().map(|bytes| bytes.to_vec()).unwrap_or_default()
        };
        if bytes_of("signedMessage") != message.as_bytes() {
            return Err(failed("it signed another text"));
        }
        WalletSignature::from_solana(&bytes_of("signature"))
    }

    fn shown(&self) -> Vec<WalletAccount> {
        accounts(&property(&self.0, "accounts"))
    }

    /// Calls a method of a feature.
    fn call(
        &self,
        feature: &str,
        method: &str,
        input: &[(&str, Value<'_>)],
    ) -> LocalFuture<'static, Result<JsValue>> {
        let feature = property(&property(&self.0, "features"), feature);
        answer(call(&feature, method, &[Object(input)]))
    }
}

fn accounts(accounts: &JsValue) -> Vec<WalletAccount> {
    list(accounts)
        .iter()
        .filter(is_for_solana)
        .filter_map(|account| text(&account, "address").map(WalletAccount::new))
        .collect()
}
