//! When the page comes back into view. Timers sleep while it is hidden.

use gloo::events::EventListener;

use super::js::text;

/// Calls `callback` whenever the page becomes visible, until what is returned is called.
pub(crate) fn on_visible(callback: impl Fn() + 'static) -> impl FnOnce() + 'static {
    let document = web_sys::window().and_then(|window| window.document());
    let listener = document.map(|document| {
        let target = document.clone();
        EventListener::new(&target, "visibilitychange", move |_| {
            if text(&document, "visibilityState").as_deref() == Some("visible") {
                callback();
            }
        })
    });
    move || drop(listener)
}
