//! Browser lane: tabs that share the browser's session store, in headless Chromium. A second client stands for another tab;
//! a frame is another window, which writes by itself.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/wait.rs"]
mod wait;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use futures_channel::oneshot;
use futures_util::FutureExt as _;
use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use yew::prelude::*;
use yew_step_up::{
    Config, Event, HttpRequest, HttpResponse, SessionStore as _, StepUpClient, StepUpError, StepUpProvider,
    StoredSession, Timestamp, TokenScope, WebSessionStore, browser_platform, use_elevation, use_session,
};

use wait::settle;

wasm_bindgen_test_configure!(run_in_browser);

const SCOPES: [TokenScope; 1] = [TokenScope::WalletExport];
const CREATED: &str = r#"{"verificationUUID":"v","email":"a@b.example"}"#;

/// A JWT with these claims.
fn jwt(claims: &str) -> String {
    format!("e30.{}.x", web_sys::window().unwrap().btoa(claims).unwrap().replace('=', ""))
}

/// The members of a session, as an answer and a store have them in common.
fn session(user: &str, issued_at: i64) -> (String, String) {
    let token = jwt(&format!(r#"{{"sub":"{user}","sid":"{user}'s","iat":{issued_at}}}"#));
    let user = format!(
        r#""user":{{"id":"{user}","email":"{user}@b.example","verifiedCredentials":[
            {{"id":"c","format":"email","email":"a@b.example","signInEnabled":true}},
            {{"id":"o","format":"oauth","oauth_provider":"google","public_identifier":"x"}}]}}"#
    );
    (token, user)
}

fn stored(user: &str, issued_at: i64) -> StoredSession {
    let (token, user) = session(user, issued_at);
    let expires_at = (issued_at + 4_000) * 1_000;
    StoredSession::from_json(&format!(r#"{{"token":"{token}","expiresAtMillis":{expires_at},{user}}}"#))
        .unwrap()
}

fn verified(user: &str, issued_at: i64, is_elevated: bool) -> String {
    let (token, user) = session(user, issued_at);
    let claims = r#"{"scope":"wallet:export","exp":1300}"#;
    let elevated =
        if is_elevated { format!(r#""elevatedAccessToken":"{}","#, jwt(claims)) } else { String::new() };
    format!(r#"{{{elevated}"minifiedJwt":"{token}","expiresAt":{},{user}}}"#, issued_at + 4_000)
}

/// The status and body that answer a verification, once the test knows them.
type Held = oneshot::Receiver<(u16, String)>;

/// The tabs of one environment, whose server answers a verification when it is told to.
struct Tabs {
    config: Config,
    verification: Rc<RefCell<Option<Held>>>,
}

impl Tabs {
    fn new() -> Self {
        let start = js_sys::Math::random().to_bits() >> 16 & 0xffff_ffff;
        let config = Config::new(format!("{start:08x}-0000-4000-8000-00000000000a")).unwrap();
        Self { config, verification: Rc::default() }
    }

    fn open(&self) -> StepUpClient {
        let verification = Rc::clone(&self.verification);
        let transport = move |request: HttpRequest| {
            let path = request.path().to_owned();
            let held = path.ends_with("/verify").then(|| verification.take().expect("no answer is prepared"));
            async move {
                let (status, body) = match held {
                    Some(held) => held.await.unwrap(),
                    None if path.ends_with("/nonces") => (200, r#"{"nonces":["1","2","3"]}"#.into()),
                    None if path.ends_with("/create") => (200, CREATED.into()),
                    None => (200, "{}".into()),
                };
                Ok(HttpResponse::new(status, body))
            }
        };
        let platform = browser_platform(&self.config)
            .with_transport(transport)
            .with_clock(|| Timestamp::from_secs(1_000))
            .with_session_store(self.store());
        StepUpClient::new(self.config.clone(), platform)
    }

    fn store(&self) -> WebSessionStore {
        WebSessionStore::browser(&self.config)
    }

    fn stored(&self) -> Option<StoredSession> {
        self.store().load().unwrap()
    }

    /// Runs `script` in a frame of the same origin, with the store's key and a text.
    fn in_another_window(&self, script: &str, text: &str) {
        let script = format!(
            "const frame = document.body.appendChild(document.createElement('iframe'));
             const storage = frame.contentWindow.localStorage;
             {script};
             frame.remove();"
        );
        let key = format!("step-up:{}:session", self.config.environment_id());
        let script = Function::new_with_args("key, text", &script);
        script.call2(&JsValue::UNDEFINED, &key.into(), &text.into()).unwrap();
    }
}

impl Drop for Tabs {
    fn drop(&mut self) {
        let _ = self.store().clear();
    }
}

#[wasm_bindgen_test]
async fn a_tab_neither_overwrites_nor_clears_the_session_that_another_tab_has_stored() {
    for (status, body) in [(200, verified("ada", 1_010, true)), (401, r#"{"error":"unauthorized"}"#.into())] {
        let tabs = Tabs::new();
        tabs.store().save(&stored("ada", 1_000)).unwrap();
        let (tab_1, tab_2) = (tabs.open(), tabs.open());
        let sent = tab_1.send_otp(None).await.unwrap();
        let (answer, held) = oneshot::channel();
        tabs.verification.replace(Some(held));
        let mut verification = tab_1.verify_otp(&sent, "1", &SCOPES);
        wait::until("the verification is sent", || {
            assert!((&mut verification).now_or_never().is_none());
            tabs.verification.borrow().is_none().then_some(())
        })
        .await;
        tab_2.sign_out().await.unwrap();
        tabs.store().save(&stored("bob", 1_001)).unwrap();
        answer.send((status, body)).unwrap();
        assert_eq!(verification.await.map(drop), Err(StepUpError::NotSignedIn), "{status}");
        assert_eq!(tabs.stored(), Some(stored("bob", 1_001)), "{status}");
        assert_eq!(tab_1.user().unwrap().id.as_str(), "bob", "{status}");
        assert!(tab_1.elevations().is_empty(), "{status}");
    }
}

#[wasm_bindgen_test]
fn a_session_that_another_window_renewed_replaced_or_removed_is_taken_up() {
    let tabs = Tabs::new();
    tabs.store().save(&stored("ada", 1_000)).unwrap();
    let tab = tabs.open();
    let changes = Rc::<Cell<u32>>::default();
    let seen = Rc::clone(&changes);
    let _subscription = tab.subscribe(move |event| {
        seen.set(seen.get() + u32::from(matches!(event, Event::SessionChanged)));
    });
    tab.recheck_elevations();
    assert_eq!(changes.get(), 0, "what is read is what was written");
    for (session, expected) in [(stored("ada", 1_005), "ada"), (stored("bob", 1_006), "bob")] {
        tabs.in_another_window("storage.setItem(key, text)", &session.to_secret_json());
        tab.recheck_elevations();
        assert_eq!(tab.user().unwrap().id.as_str(), expected);
        assert_eq!(tab.session().expires_at, session.expires_at);
    }
    tabs.in_another_window("storage.removeItem(key)", "");
    tab.recheck_elevations();
    assert_eq!((tab.user(), changes.get()), (None, 3));
}

#[derive(Properties, PartialEq)]
struct PageProps {
    client: StepUpClient,
}

#[component]
fn Page(props: &PageProps) -> Html {
    html! { <StepUpProvider client={props.client.clone()}><Shown /></StepUpProvider> }
}

#[component]
fn Shown() -> Html {
    let session = use_session();
    let held = use_elevation(TokenScope::WalletExport).elevation().is_some();
    html! { { format!("{} held={held}", session.user().map_or("signed out", |user| user.id.as_str())) } }
}

#[wasm_bindgen_test]
async fn a_page_that_becomes_visible_shows_the_session_of_the_store() {
    let tabs = Tabs::new();
    tabs.store().save(&stored("ada", 1_000)).unwrap();
    let client = tabs.open();
    let sent = client.send_otp(None).await.unwrap();
    let (answer, held) = oneshot::channel();
    tabs.verification.replace(Some(held));
    answer.send((200, verified("ada", 1_000, true))).unwrap();
    client.verify_otp(&sent, "1", &SCOPES).await.unwrap();
    let document = web_sys::window().unwrap().document().unwrap();
    let root = document.create_element("div").unwrap();
    let app = yew::Renderer::<Page>::with_root_and_props(root.clone(), PageProps { client }).render();
    settle().await;
    assert_eq!(root.text_content().unwrap(), "ada held=true");
    for (session, expected) in [
        (Some(stored("ada", 1_001)), "ada held=true"),
        (Some(stored("bob", 1_002)), "bob held=false"),
        (None, "signed out held=false"),
    ] {
        match session {
            Some(session) => {
                tabs.in_another_window("storage.setItem(key, text)", &session.to_secret_json());
            }
            None => tabs.in_another_window("storage.removeItem(key)", ""),
        }
        document.dispatch_event(&web_sys::Event::new("visibilitychange").unwrap()).unwrap();
        settle().await;
        assert_eq!(root.text_content().unwrap(), expected);
    }
    app.destroy();
}
