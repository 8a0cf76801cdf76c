//! Passkeys by `navigator.credentials`: aborted when dropped, one at a time.
//!
//! The browser reads the options and writes the answers as JSON itself. `web-sys` has these functions behind its flag for
//! unstable ones, so they are called by their names.

use std::{cell::RefCell, rc::Rc};

use js_sys::global;
use step_up_core::{LocalFuture, PasskeyAuthenticator, Result, StepUpError};
use wasm_bindgen::JsValue;

use super::{
    error_name,
    fetch::{AbortOnDrop, abort},
    js::{
        Outcome,
        Value::{self, Js, Object, Text},
        call, get, settled,
    },
    window,
};

#[derive(Clone, Default)]
pub(super) struct BrowserPasskeys {
    /// Aborts the ceremony that was begun last. Browsers refuse a second one at a time.
    latest: Rc<RefCell<Option<JsValue>>>,
}

/// The two ceremonies, and what the browser calls them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ceremony {
    Create,
    Get,
}

impl Ceremony {
    fn method(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
        }
    }

    fn options_parser(self) -> &'static str {
        match self {
            Self::Create => "parseCreationOptionsFromJSON",
            Self::Get => "parseRequestOptionsFromJSON",
        }
    }
}

impl PasskeyAuthenticator for BrowserPasskeys {
    fn require_support(&self) -> Result<()> {
        class_with_parser(Ceremony::Create)?;
        class_with_parser(Ceremony::Get)?;
        container().map(drop)
    }

    fn create(&self, options_json: String) -> LocalFuture<'static, Result<String>> {
        self.clone().run(Ceremony::Create, options_json)
    }

    fn get(&self, options_json: String) -> LocalFuture<'static, Result<String>> {
        self.clone().run(Ceremony::Get, options_json)
    }
}

impl BrowserPasskeys {
    fn run(self, ceremony: Ceremony, options_json: String) -> LocalFuture<'static, Result<String>> {
        Box::pin(async move {
            let class = class_with_parser(ceremony)?;
            let container = container()?;
            let public_key = json("parse", Text(&options_json))
                .and_then(|options| call(&class, ceremony.options_parser(), &[Js(&options)]))
                .map_err(|_| StepUpError::Decode { expected: "passkey options", line: 0, column: 0 })?;
            let ceremony_abort = AbortOnDrop::new()?;
            if let Some(previous) = self.latest.replace(Some(ceremony_abort.controller())) {
                abort(&previous);
            }
            let credential = ask(&container, ceremony, &public_key, &ceremony_abort).await;
            credential.map_err(|error| failure(ceremony, &error_name(&error)))
        })
    }
}

/// Asks the browser. The answer says by itself how it is written as JSON.
async fn ask(
    container: &JsValue,
    ceremony: Ceremony,
    public_key: &JsValue,
    abort: &AbortOnDrop,
) -> Outcome<String> {
    let options = Object(&[("publicKey", Js(public_key)), ("signal", Js(&abort.signal()?))]).to_js()?;
    let credential = settled(call(container, ceremony.method(), &[Js(&options)])).await?;
    json("stringify", Js(&credential))?.as_string().ok_or(JsValue::UNDEFINED)
}

/// Has the browser read or write JSON.
fn json(method: &str, what: Value<'_>) -> Outcome {
    call(&get(&global(), "JSON")?, method, &[what])
}

/// What the names of the browser's errors mean
/// ([WebAuthn Level 3 §5.1.3, §5.1.4](https://www.w3.org/TR/webauthn-3/#sctn-createCredential)).
fn failure(ceremony: Ceremony, name: &str) -> StepUpError {
    match name {
        // Also where there is no such passkey, and where the page lacks focus, a click or a permission: for the users'
        // privacy a page is not told which.
        "NotAllowedError" | "AbortError" => StepUpError::Cancelled,
        "TimeoutError" => StepUpError::TimedOut,
        "InvalidStateError" if ceremony == Ceremony::Create => StepUpError::PasskeyAlreadyRegistered,
        "SecurityError" => StepUpError::RelyingPartyMismatch,
        "NotSupportedError" => {
            unsupported("the browser knows no passkeys of the kind that the service wants")
        }
        "ConstraintError" => unsupported("the authenticator cannot verify its user or keep the passkey"),
        name => StepUpError::PasskeyFailed { why: name.into() },
    }
}

/// `PublicKeyCredential`, which has a function that reads options.
fn class_with_parser(ceremony: Ceremony) -> Result<JsValue> {
    let class = member(&window()?, "PublicKeyCredential").ok_or_else(no_passkeys)?;
    if member(&class, ceremony.options_parser()).is_none() {
        return Err(unsupported(
            "this browser is too old for passkeys: it has no PublicKeyCredential.parse…FromJSON",
        ));
    }
    Ok(class)
}

/// `navigator.credentials`.
fn container() -> Result<JsValue> {
    let navigator = member(&window()?, "navigator");
    navigator.and_then(|navigator| member(&navigator, "credentials")).ok_or_else(no_passkeys)
}

fn member(of: &JsValue, name: &str) -> Option<JsValue> {
    get(of, name).ok().filter(|value| *value != JsValue::UNDEFINED && *value != JsValue::NULL)
}

fn no_passkeys() -> StepUpError {
    unsupported("this browser has no passkeys, or none for a page that is neither https nor on localhost")
}

fn unsupported(why: &str) -> StepUpError {
    StepUpError::UnsupportedTarget { why: why.into() }
}
