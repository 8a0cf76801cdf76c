//! The page's own window: where it is, where it goes, what waits in the tab meanwhile.

use std::rc::Rc;

use gloo::events::EventListener;
use step_up_core::{Config, Popup, Result, SocialWindow, StepUpError};
use wasm_bindgen::JsValue;

use super::{
    js::{
        Value::{Js, Text},
        call, get, text,
    },
    popup::SocialPopup,
    storage_error,
    web_storage::Storage,
    window,
};

pub(super) struct BrowserWindow {
    /// What waits in the tab is each environment's own.
    key: String,
}

impl BrowserWindow {
    pub(super) fn new(config: &Config) -> Self {
        Self { key: format!("step-up:{}:redirect", config.environment_id()) }
    }
}

impl SocialWindow for BrowserWindow {
    fn open(&self) -> Rc<dyn Popup> {
        Rc::new(SocialPopup::open())
    }

    fn address(&self) -> Result<String> {
        let address = location()?;
        text(&address, "href").ok_or_else(|| storage_error(&address))
    }

    fn replace_address(&self, address: &str) -> Result<()> {
        let replace = |window: &JsValue| {
            let history = get(window, "history")?;
            // The state is the router's.
            let state = get(&history, "state")?;
            call(&history, "replaceState", &[Js(&state), Text(""), Text(address)])
        };
        replace(&window()?).map(drop).map_err(|error| storage_error(&error))
    }

    fn leave(&self, address: &str) -> Result<()> {
        call(&location()?, "assign", &[Text(address)]).map(drop).map_err(|error| storage_error(&error))
    }

    fn keep(&self, secret: &str) -> Result<()> {
        Storage::Tab.write(&self.key, secret)
    }

    fn take(&self) -> Result<Option<String>> {
        let kept = match Storage::Tab.read(&self.key) {
            // Where there is no storage, nothing is kept.
            Err(StepUpError::UnsupportedTarget { .. }) => None,
            read => read?,
        };
        if kept.is_some() {
            Storage::Tab.remove(&self.key)?;
        }
        Ok(kept)
    }
}

fn location() -> Result<JsValue> {
    get(&window()?, "location").map_err(|error| storage_error(&error))
}

/// Calls `callback` whenever the page is shown again as it was left, until what is returned is called.
pub(crate) fn on_restored(callback: impl Fn() + 'static) -> impl FnOnce() + 'static {
    let listener = web_sys::window().map(|window| {
        EventListener::new(&window, "pageshow", move |event| {
            if get(event, "persisted").is_ok_and(|persisted| persisted == JsValue::TRUE) {
                callback();
            }
        })
    });
    move || drop(listener)
}
