//! The popup that a user signs in to a social account in.

use std::{cell::RefCell, fmt, rc::Rc};

use gloo::events::EventListener;
use js_sys::Object;
use step_up_core::{Popup, Result, SocialMessage, StepUpError};
use wasm_bindgen::{JsCast as _, JsValue};

use super::{
    js::{Value::Text, call, get, make, text},
    window,
};

/// Where the service's page also says how it ended (`docs/PROTOCOL.md`, "Social accounts").
const CHANNEL: &str = "step-up-oauth";

/// A popup for a social account.
///
/// Browsers allow one inside of a click only, so it is opened there and handed in; see
/// [`verify_social`](crate::UseStepUpAuthenticationHandle::verify_social).
///
/// Dropped, it closes.
pub struct SocialPopup {
    /// `None` where the browser blocked it.
    window: Option<JsValue>,
    listening: RefCell<Option<Listening>>,
}

impl SocialPopup {
    /// Opens an empty one, at once.
    #[must_use]
    pub fn open() -> Self {
        const FEATURES: &str = "popup,width=500,height=640";
        let open = |window: JsValue| call(&window, "open", &[Text(""), Text("_blank"), Text(FEATURES)]).ok();
        let opened = window().ok().and_then(open);
        Self { window: opened.filter(JsValue::is_object), listening: RefCell::default() }
    }
}

impl Popup for SocialPopup {
    fn is_blocked(&self) -> bool {
        self.window.is_none()
    }

    fn is_gone(&self) -> bool {
        // Who closes a window is back on the page. Where the tie is cut, the user is still in the window.
        self.window.as_ref().is_none_or(is_closed) && has_focus()
    }

    fn listen(&self, origin: &str, heard: Box<dyn Fn(SocialMessage)>) {
        if let (Some(popup), Ok(page)) = (&self.window, window()) {
            self.listening.replace(Some(Listening::new(&page, popup, origin, heard)));
        }
    }

    fn navigate(&self, address: &str) -> Result<()> {
        let popup = self.window.as_ref().and_then(|popup| get(popup, "location").ok());
        let went = popup.map(|location| call(&location, "replace", &[Text(address)]));
        if matches!(went, Some(Ok(_))) { Ok(()) } else { Err(StepUpError::PopupClosed) }
    }

    fn close(&self) {
        self.listening.replace(None);
        if let Some(popup) = &self.window {
            // Where the tie to it is cut it cannot be closed, and closes itself when it is done.
            let _ = call(popup, "close", &[]);
        }
    }
}

impl Drop for SocialPopup {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for SocialPopup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocialPopup").field("is_blocked", &self.is_blocked()).finish_non_exhaustive()
    }
}

fn is_closed(popup: &JsValue) -> bool {
    get(popup, "closed").map_or(true, |closed| closed != JsValue::FALSE)
}

fn has_focus() -> bool {
    let document = window().ok().and_then(|window| get(&window, "document").ok());
    let focus = document.and_then(|document| call(&document, "hasFocus", &[]).ok());
    focus.is_none_or(|focus| focus != JsValue::FALSE)
}

/// Listens until it is dropped.
struct Listening {
    _to_window: EventListener,
    /// `None` where the browser has no channels.
    channel: Option<(JsValue, EventListener)>,
}

impl Listening {
    fn new(page: &JsValue, popup: &JsValue, origin: &str, heard: Box<dyn Fn(SocialMessage)>) -> Self {
        let heard = Rc::new(heard);
        let channel = make("BroadcastChannel", &[Text(CHANNEL)]).ok().map(|channel| {
            let heard = Rc::clone(&heard);
            let listener = EventListener::new(channel.unchecked_ref(), "message", move |event| {
                if let Some(message) = get(event, "data").ok().and_then(|data| read(&data)) {
                    heard(message);
                }
            });
            (channel, listener)
        });
        let (popup, origin) = (popup.clone(), origin.to_owned());
        let to_window = EventListener::new(page.unchecked_ref(), "message", move |event| {
            if text(event, "origin").as_deref() != Some(&*origin) {
                return;
            }
            // A window whose tie was cut is no longer the one that was opened.
            let is_from_popup = get(event, "source").is_ok_and(|source| Object::is(&source, &popup));
            if !is_from_popup && !is_closed(&popup) {
                return;
            }
            let Ok(data) = get(event, "data") else { return };
            if text(&data, "type").as_deref() == Some("origin_check") {
                // It asks who it speaks to before it says more. Where this does not arrive, the service still knows.
                let _ = call(&popup, "postMessage", &[Text("origin_check_response"), Text(&origin)]);
            } else if let Some(message) = read(&data) {
                heard(message);
            }
        });
        Self { _to_window: to_window, channel }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some((channel, _)) = &self.channel {
            // It never fails.
            let _ = call(channel, "close", &[]);
        }
    }
}

/// What the service's page says, if this is that.
fn read(data: &JsValue) -> Option<SocialMessage> {
    if text(data, "type")? != "authorization_response" {
        return None;
    }
    let (provider, state) = (text(data, "provider")?, text(data, "state")?);
    Some(SocialMessage::new(provider, state, text(data, "code"), text(data, "error")))
}
