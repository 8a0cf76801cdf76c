//! What the page speaks to ([EIP-1193](https://eips.ethereum.org/EIPS/eip-1193)).

use std::{cell::RefCell, rc::Rc};

use js_sys::{Array, Error, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};

use super::{
    accounts::Accounts,
    window::{Ask, Decision, Window},
};

const REJECTED: i32 = 4001;
const UNAUTHORIZED: i32 = 4100;
const UNSUPPORTED: i32 = 4200;
const PENDING: i32 = -32002;
const INVALID: i32 = -32602;

/// The wallet, as the page has it. Clones are the same.
#[derive(Clone)]
pub(super) struct Provider(Rc<Inner>);

struct Inner {
    accounts: Rc<Accounts>,
    window: Window,
    /// Who wants to hear of which event.
    listeners: RefCell<Vec<(String, Function)>>,
}

impl Provider {
    pub(super) fn new(accounts: Accounts) -> Self {
        let accounts = Rc::new(accounts);
        let window = Window::new(Rc::clone(&accounts));
        let inner = Rc::new(Inner { accounts: Rc::clone(&accounts), window, listeners: RefCell::default() });
        let weak = Rc::downgrade(&inner);
        accounts.on_change(move || {
            if let Some(inner) = weak.upgrade() {
                inner.emit("accountsChanged", &inner.shown());
            }
        });
        Self(inner)
    }

    /// The object that goes into the page, for as long as it lives.
    pub(super) fn to_js(&self) -> Result<JsValue, JsValue> {
        let object = Object::new();
        let inner = Rc::clone(&self.0);
        let request: Closure<dyn Fn(JsValue) -> Promise> = Closure::new(move |call| inner.request(&call));
        Reflect::set(&object, &"request".into(), &request.into_js_value())?;
        type Listen = dyn Fn(String, Function);
        let inner = Rc::clone(&self.0);
        let on: Closure<Listen> = Closure::new(move |event, listener| {
            inner.listeners.borrow_mut().push((event, listener));
        });
        Reflect::set(&object, &"on".into(), &on.into_js_value())?;
        let inner = Rc::clone(&self.0);
        let remove: Closure<Listen> = Closure::new(move |event, listener| {
            inner
                .listeners
                .borrow_mut()
                .retain(|known| *known != (String::clone(&event), Function::clone(&listener)));
        });
        Reflect::set(&object, &"removeListener".into(), &remove.into_js_value())?;
        Ok(object.into())
    }

    /// Shows the wallet without a request.
    pub(super) fn open(&self) {
        // Where it is open already, it shows what it was asked.
        let _ = self.0.window.open(Ask::Nothing, |_| {});
    }
}

impl Inner {
    fn request(self: &Rc<Self>, call: &JsValue) -> Promise {
        let method = get(call, "method").as_string().unwrap_or_default();
        // A call may come without.
        let params = get(call, "params").dyn_into::<Array>().unwrap_or_default();
        match method.as_str() {
            "eth_accounts" => Promise::resolve(&self.shown()),
            "eth_chainId" => Promise::resolve(&JsValue::from_str("0x1")),
            "eth_requestAccounts" => self.ask(Ask::Connect, |inner| {
                inner.accounts.connect();
                Ok(inner.shown())
            }),
            "personal_sign" => match (params.get(0).as_string(), params.get(1).as_string()) {
                (Some(message), Some(address)) => self.sign(message, address),
                _ => Promise::reject(&error(INVALID, "personal_sign takes a message and an address")),
            },
            _ => Promise::reject(&error(UNSUPPORTED, "this wallet does not do that")),
        }
    }

    fn sign(self: &Rc<Self>, message: String, address: String) -> Promise {
        if !self.is_shown(&address) {
            return Promise::reject(&error(UNAUTHORIZED, "this page does not see that account"));
        }
        // Texts are sent in hexadecimal digits, or by old pages as they are.
        let bytes = message
            .strip_prefix("0x")
            .and_then(|hex| base16ct::mixed::decode_vec(hex).ok())
            .unwrap_or_else(|| message.into_bytes());
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.ask(Ask::Sign(text), move |inner| {
            // The account may have been switched since.
            if !inner.is_shown(&address) {
                return Err(error(UNAUTHORIZED, "another account is in use"));
            }
            Ok(inner.accounts.key().sign(&bytes).into())
        })
    }

    /// Asks the user, and does it if they approve.
    fn ask(
        self: &Rc<Self>,
        ask: Ask,
        act: impl FnOnce(&Self) -> Result<JsValue, JsValue> + 'static,
    ) -> Promise {
        let mut asked = Some((ask, act));
        Promise::new(&mut |resolve, reject| {
            // The browser calls this once, at once.
            let Some((ask, act)) = asked.take() else { return };
            let (inner, refuse) = (Rc::clone(self), reject.clone());
            let opened = self.window.open(ask, move |decision| {
                let outcome = match decision {
                    Decision::Approve => act(&inner),
                    Decision::Reject => Err(error(REJECTED, "the user said no")),
                    Decision::StaySilent => return,
                };
                let _ = match outcome {
                    Ok(value) => resolve.call1(&JsValue::UNDEFINED, &value),
                    Err(error) => refuse.call1(&JsValue::UNDEFINED, &error),
                };
            });
            if opened.is_none() {
                let pending = error(PENDING, "another request waits for the user");
                let _ = reject.call1(&JsValue::UNDEFINED, &pending);
            }
        })
    }

    /// The accounts that the page may see.
    fn shown(&self) -> JsValue {
        self.accounts.shown().iter().map(|address| JsValue::from_str(address)).collect::<Array>().into()
    }

    /// Whether the page may see this account and it is in use.
    fn is_shown(&self, address: &str) -> bool {
        self.accounts.shown().is_some_and(|shown| shown.eq_ignore_ascii_case(address))
    }

    fn emit(&self, event: &str, value: &JsValue) {
        let listeners = self.listeners.borrow().clone();
        for (_, listener) in listeners.iter().filter(|(known, _)| known == event) {
            // What a listener throws is its page's affair.
            let _ = listener.call1(&JsValue::UNDEFINED, value);
        }
    }
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

fn error(code: i32, message: &str) -> JsValue {
    let error = Error::new(message);
    // A fresh error takes every property.
    let _ = Reflect::set(&error, &"code".into(), &code.into());
    error.unchecked_into()
}
