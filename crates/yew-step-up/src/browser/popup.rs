//! The popup that a user signs in to a social account in.

use std::{cell::RefCell, fmt, rc::Rc};

use gloo::events::EventListener;
use js_sys::{Object, Reflect};
use step_up_core::{Popup, Result, SocialMessage, StepUpError};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{BroadcastChannel, MessageEvent, Window};

use super::window;

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
    window: Option<Window>,
    listening: RefCell<Option<Listening>>,
}

impl SocialPopup {
    /// Opens an empty one, at once.
    #[must_use]
    pub fn open() -> Self {
        const FEATURES: &str = "popup,width=500,height=640";
        let opened = window().ok().and_then(|window| {
            window.open_with_url_and_target_and_features("", "_blank", FEATURES).ok().flatten()
        });
        Self { window: opened, listening: RefCell::default() }
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
        let went = self.window.as_ref().map(|popup| popup.location().replace(address));
        if matches!(went, Some(Ok(()))) { Ok(()) } else { Err(StepUpError::PopupClosed) }
    }

    fn close(&self) {
        self.listening.replace(None);
        if let Some(popup) = &self.window {
            // Where the tie to it is cut it cannot be closed, and closes itself when it is done.
            let _ = popup.close();
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

fn is_closed(popup: &Window) -> bool {
    popup.closed().unwrap_or(true)
}

fn has_focus() -> bool {
    let document = window().ok().and_then(|window| window.document());
    document.and_then(|document| document.has_focus().ok()).unwrap_or(true)
}

/// Listens until it is dropped.
struct Listening {
    _to_window: EventListener,
    /// `None` where the browser has no channels.
    channel: Option<(BroadcastChannel, EventListener)>,
}

impl Listening {
    fn new(page: &Window, popup: &Window, origin: &str, heard: Box<dyn Fn(SocialMessage)>) -> Self {
        let heard = Rc::new(heard);
        let channel = BroadcastChannel::new(CHANNEL).ok().map(|channel| {
            let heard = Rc::clone(&heard);
            let listener = EventListener::new(&channel, "message", move |event| {
                if let Some(message) = event.dyn_ref::<MessageEvent>().and_then(|event| read(&event.data())) {
                    heard(message);
                }
            });
            (channel, listener)
        });
        let (popup, origin) = (popup.clone(), origin.to_owned());
        let to_window = EventListener::new(page, "message", move |event| {
            let Some(event) = event.dyn_ref::<MessageEvent>().filter(|event| event.origin() == origin) else {
                return;
            };
            // A window whose tie was cut is no longer the one that was opened.
            let is_from_popup = event.source().is_some_and(|source| Object::is(&source, &popup));
            if !is_from_popup && !is_closed(&popup) {
                return;
            }
            let data = event.data();
            if text(&data, "type").as_deref() == Some("origin_check") {
                // It asks who it speaks to before it says more. Where this does not arrive, the service still knows.
                let _ = popup.post_message(&"origin_check_response".into(), &origin);
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
            channel.close();
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

fn text(data: &JsValue, name: &str) -> Option<String> {
    Reflect::get(data, &JsValue::from_str(name)).ok()?.as_string()
}
