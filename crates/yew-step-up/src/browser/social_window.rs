//! The page's own window: where it is, where it goes, what waits in the tab meanwhile.

use std::rc::Rc;

use gloo::events::EventListener;
use step_up_core::{Config, Popup, Result, SocialWindow, StepUpError};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{PageTransitionEvent, Storage};

use super::{popup::SocialPopup, storage_error, window};

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
        window()?.location().href().map_err(|error| storage_error(&error))
    }

    fn replace_address(&self, address: &str) -> Result<()> {
        let replace = |history: web_sys::History| {
            // The state is the router's.
            history.replace_state_with_url(&history.state()?, "", Some(address))
        };
        window()?.history().and_then(replace).map_err(|error| storage_error(&error))
    }

    fn leave(&self, address: &str) -> Result<()> {
        window()?.location().assign(address).map_err(|error| storage_error(&error))
    }

    fn keep(&self, secret: &str) -> Result<()> {
        storage()?.set_item(&self.key, secret).map_err(|error| storage_error(&error))
    }

    fn take(&self) -> Result<Option<String>> {
        let take = || -> Result<_, JsValue> {
            let Some(storage) = web_sys::window().ok_or(JsValue::UNDEFINED)?.session_storage()? else {
                return Ok(None);
            };
            let kept = storage.get_item(&self.key)?;
            storage.remove_item(&self.key)?;
            Ok(kept)
        };
        take().map_err(|error| storage_error(&error))
    }
}

fn storage() -> Result<Storage> {
    let storage = window()?.session_storage().map_err(|error| storage_error(&error))?;
    storage.ok_or_else(|| StepUpError::UnsupportedTarget {
        why: "this browser has no session storage to wait for a redirect in".into(),
    })
}

/// Calls `callback` whenever the page is shown again as it was left, until what is returned is called.
pub(crate) fn on_restored(callback: impl Fn() + 'static) -> impl FnOnce() + 'static {
    let listener = web_sys::window().map(|window| {
        EventListener::new(&window, "pageshow", move |event| {
            if event.dyn_ref::<PageTransitionEvent>().is_some_and(PageTransitionEvent::persisted) {
                callback();
            }
        })
    });
    move || drop(listener)
}
