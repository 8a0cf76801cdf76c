//! The consent page's other end: the sandbox, in this window or in the one that opened it.
//!
//! A window that is opened gets a copy of the session storage, so the sandbox in a popup would be another one than the
//! app's. That is why the popup asks its opener.

use std::{cell::RefCell, rc::Rc};

use gloo::{events::EventListener, timers::callback::Timeout};
use js_sys::Object;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use step_up_sandbox::page::{ConsentAnswer, ConsentQuestion, InPage};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BroadcastChannel, Event, MessageEvent, Window};
use yew::platform::pinned::oneshot;

/// Where the route of the consent page starts.
const ROUTE: &str = "#/consent/";

/// How long the opener may take, in milliseconds.
const PATIENCE: u32 = 3_000;

/// A question to the opener.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "step-up-consent-question")]
struct Asked {
    id: u32,
    question: ConsentQuestion,
}

/// The opener's answer.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "step-up-consent-answer")]
struct Answered {
    id: u32,
    answer: ConsentAnswer,
}

/// The provider and the query, where this window is the consent page.
pub(crate) fn requested() -> Option<(String, String)> {
    let location = web_sys::window()?.location();
    let hash = location.hash().ok()?;
    let route = hash.strip_prefix(ROUTE)?;
    // Some clients put the query behind the fragment.
    let (provider, query) = route.split_once('?').unwrap_or((route, ""));
    let search = location.search().unwrap_or_default();
    let query = [search.trim_start_matches('?'), query].join("&");
    Some((provider.to_owned(), query.trim_matches('&').to_owned()))
}

/// The address of the consent page, without a provider.
pub(crate) fn page() -> Option<String> {
    let location = web_sys::window()?.location();
    let (origin, path) = (location.origin().ok()?, location.pathname().ok()?);
    Some(format!("{origin}{path}{}", ROUTE.trim_end_matches('/')))
}

/// Answers the consent pages that this window opened, for as long as it lives.
pub(crate) fn serve(sandbox: InPage) {
    let Some(window) = web_sys::window() else { return };
    let here = window.clone();
    let answer = move |event: &Event| {
        let Some((source, data)) = own_message(event, &here) else { return };
        let is_ours = source.opener().is_ok_and(|opener| Object::is(&opener, &here));
        let Ok(Asked { id, question }) = serde_wasm_bindgen::from_value(data) else { return };
        if is_ours {
            // A window that is gone by now needs no answer.
            let _ = post(&source, &Answered { id, answer: sandbox.consent(&question) }, &here);
        }
    };
    EventListener::new(&window, "message", answer).forget();
}

/// Where a consent page's questions go.
#[derive(Clone)]
pub(crate) enum Desk {
    Here(InPage),
    Opener(Window),
}

impl Desk {
    /// The opener's, where it has one that knows of this.
    pub(crate) fn opener() -> Option<Self> {
        let window = web_sys::window()?;
        let opener = other(window.opener().ok()?)?;
        // One of another origin does not say.
        let origin = opener.location().origin().ok()?;
        (origin == window.location().origin().ok()?).then_some(Self::Opener(opener))
    }

    pub(crate) async fn ask(&self, question: &ConsentQuestion) -> ConsentAnswer {
        match self {
            Self::Here(sandbox) => sandbox.consent(question),
            Self::Opener(opener) => ask_opener(opener, question).await.unwrap_or_else(silent),
        }
    }
}

fn silent() -> ConsentAnswer {
    ConsentAnswer::Refuse("The app does not answer. Is its window still open?".to_owned())
}

async fn ask_opener(opener: &Window, question: &ConsentQuestion) -> Option<ConsentAnswer> {
    thread_local! {
        static LAST: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    let id = LAST.with(|last| last.replace(last.get() + 1));
    let window = web_sys::window()?;
    let (tell, told) = oneshot::channel::<Option<ConsentAnswer>>();
    let tell = Rc::new(RefCell::new(Some(tell)));
    let hear = {
        let (tell, here, opener) = (Rc::clone(&tell), window.clone(), opener.clone());
        move |event: &Event| {
            let Some((source, data)) = own_message(event, &here) else { return };
            if !Object::is(&source, &opener) {
                return;
            }
            match serde_wasm_bindgen::from_value(data) {
                Ok(Answered { id: of, answer }) if of == id => settle(&tell, Some(answer)),
                _ => {}
            }
        }
    };
    let _listener = EventListener::new(&window, "message", hear);
    let _patience = Timeout::new(PATIENCE, move || settle(&tell, None));
    post(opener, &Asked { id, question: question.clone() }, &window)?;
    told.await.ok()?
}

type Tell = Rc<RefCell<Option<oneshot::Sender<Option<ConsentAnswer>>>>>;

/// The first one counts.
fn settle(tell: &Tell, answer: Option<ConsentAnswer>) {
    if let Some(tell) = tell.borrow_mut().take() {
        // Nobody listens any more: the page is gone.
        drop(tell.send(answer));
    }
}

/// A message of this origin, with the window that it came from.
fn own_message(event: &Event, here: &Window) -> Option<(Window, JsValue)> {
    let event = event.dyn_ref::<MessageEvent>()?;
    if event.origin() != here.location().origin().ok()? {
        return None;
    }
    Some((other(event.source()?.into())?, event.data()))
}

/// Another window, which is an instance of its own `Window` and not of this one's.
fn other(window: JsValue) -> Option<Window> {
    window.is_object().then(|| window.unchecked_into())
}

fn post<T: Serialize>(to: &Window, message: &T, here: &Window) -> Option<()> {
    to.post_message(&to_js(message)?, &here.location().origin().ok()?).ok()
}

fn to_js<T: Serialize>(value: &T) -> Option<JsValue> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).ok()
}

/// Tells the page that waits, its opener or any of this origin, and closes this one.
pub(crate) fn tell(message: &Value, target_origin: Option<&str>) {
    let (Some(window), Some(message)) = (web_sys::window(), to_js(message)) else { return };
    if let Ok(channel) = BroadcastChannel::new("step-up-oauth") {
        // Clients that cannot be reached this way ask for the result.
        let _ = channel.post_message(&message);
    }
    let opener = window.opener().ok().and_then(other);
    if let (Some(opener), Some(target_origin)) = (opener, target_origin) {
        let _ = opener.post_message(&message, target_origin);
    }
    // A window that was not opened by a script stays, and says that it can be closed.
    let _ = window.close();
}

/// Goes to an address in place of this page.
pub(crate) fn leave(url: &str) -> bool {
    web_sys::window().is_some_and(|window| window.location().replace(url).is_ok())
}
