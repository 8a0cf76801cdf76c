//! What is kept in the tab, or in the browser.

use step_up_core::{Result, StepUpError};
use wasm_bindgen::JsValue;

use super::{
    js::{
        Value::{self, Text},
        call, get,
    },
    storage_error, window,
};

/// One of the two that a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// Until the tab is closed.
    Tab,
    /// For every tab.
    Browser,
}

impl Storage {
    pub(super) fn read(self, key: &str) -> Result<Option<String>> {
        Ok(self.call("getItem", &[Text(key)])?.as_string())
    }

    pub(super) fn write(self, key: &str, text: &str) -> Result<()> {
        self.call("setItem", &[Text(key), Text(text)]).map(drop)
    }

    pub(super) fn remove(self, key: &str) -> Result<()> {
        self.call("removeItem", &[Text(key)]).map(drop)
    }

    fn call(self, method: &str, arguments: &[Value<'_>]) -> Result<JsValue> {
        let name = match self {
            Self::Tab => "sessionStorage",
            Self::Browser => "localStorage",
        };
        let storage = get(&window()?, name).map_err(|error| storage_error(&error))?;
        if !storage.is_object() {
            return Err(StepUpError::UnsupportedTarget { why: "this browser has no web storage".into() });
        }
        call(&storage, method, arguments).map_err(|error| storage_error(&error))
    }
}
