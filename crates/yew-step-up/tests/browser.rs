//! Browser lane: the platform's parts and the hooks in headless Chromium.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/wait.rs"]
mod wait;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{Either, select},
};
use js_sys::{Function, Promise, Reflect};
use step_up_core::conformance;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use yew::prelude::*;
use yew_step_up::{
    Config, Event, HttpRequest, HttpResponse, LocalFuture, Platform, StepUpClient, StepUpError,
    StepUpProvider, Timestamp, TokenScope, UseStepUpAuthenticationHandle, UseStepUpAuthenticationOptions,
    WebSessionStore, browser_platform, use_elevation, use_session, use_step_up_authentication,
    use_step_up_authentication_with_options,
};

use wait::settle;

wasm_bindgen_test_configure!(run_in_browser);

fn config() -> Config {
    // Each test has its own environment, and so its own keys.
    thread_local!(static NEXT: Cell<u32> = const { Cell::new(0) });
    let number = NEXT.with(|next| next.replace(next.get() + 1));
    let start = js_sys::Math::random().to_bits() >> 16 & 0xffff_ffff;
    Config::new(format!("{start:08x}-0000-4000-8000-{number:012x}")).unwrap()
}

/// P-256 keys as the keychain gives them.
fn platform(config: &Config) -> Platform {
    browser_platform(config)
}

#[wasm_bindgen_test]
async fn keys_are_made_once_kept_and_different() {
    let config = config();
    let keychain = platform(&config).keychain;
    let session = keychain.session_key().await.unwrap();
    let (device, signature) = keychain.sign_with_device_key(b"nonce".to_vec()).await.unwrap();
    assert_ne!(session, device);
    assert_eq!(session.as_hex().len(), 66);
    assert_eq!(signature.as_hex().len(), 128);
    // As after a reload: another keychain finds the same keys in IndexedDB.
    let reloaded = platform(&config).keychain;
    assert_eq!(reloaded.session_key().await.unwrap(), session);
    assert_eq!(reloaded.sign_with_device_key(b"nonce".to_vec()).await.unwrap().0, device);
}

#[wasm_bindgen_test]
async fn two_tabs_that_make_a_key_at_once_end_with_the_same() {
    let config = config();
    let (one, other) = (platform(&config).keychain, platform(&config).keychain);
    let (a, b) = futures_util::future::join(one.session_key(), other.session_key()).await;
    assert_eq!(a.unwrap(), b.unwrap());
}

#[wasm_bindgen_test]
async fn environments_have_different_keys() {
    let one = platform(&config()).keychain.session_key().await.unwrap();
    let other = platform(&config()).keychain.session_key().await.unwrap();
    assert_ne!(one, other);
}

#[wasm_bindgen_test]
fn randomness_is_random() {
    let keychain = platform(&config()).keychain;
    let (mut a, mut b) = ([0; 32], [0; 32]);
    keychain.random(&mut a).unwrap();
    keychain.random(&mut b).unwrap();
    assert_ne!(a, b);
}

#[wasm_bindgen_test]
async fn fetch_gives_every_status_and_no_answer_is_network() {
    let transport = platform(&config()).transport;
    let origin = web_sys::window().unwrap().location().origin().unwrap();
    let page = transport.send(HttpRequest::get(format!("{origin}/"))).await.unwrap();
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().contains("html"));
    assert!(!page.body.is_empty());
    let missing = transport.send(HttpRequest::get(format!("{origin}/nothing/here"))).await.unwrap();
    assert_eq!(missing.status, 404);
    // Port 9 is closed on every machine that a browser would call (and Chromium refuses it by itself).
    let nobody = transport.send(HttpRequest::get("http://127.0.0.1:9/")).await;
    assert_eq!(nobody, Err(StepUpError::Network));
    let malformed = transport.send(HttpRequest::get(format!("{origin}/")).header("bad header", "x")).await;
    assert!(matches!(malformed, Err(StepUpError::InvalidConfig { .. })), "{malformed:?}");
}

/// The options are named, not typed: a name that is wrong is no option.
#[wasm_bindgen_test]
fn a_request_is_not_redirected_not_cached_and_aborted_with_its_future() {
    let window = web_sys::window().unwrap();
    let real = Reflect::get(&window, &"fetch".into()).unwrap();
    let fake = Function::new_with_args("request", "this.asked = request; return new Promise(() => {});");
    let asked = |member: &str| {
        let request = Reflect::get(&window, &"asked".into()).unwrap();
        Reflect::get(&request, &member.into()).unwrap()
    };
    let is_aborted = || Reflect::get(&asked("signal"), &"aborted".into()).unwrap().is_truthy();
    let transport = platform(&config()).transport;
    Reflect::set(&window, &"fetch".into(), &fake).unwrap();
    for (with_cookies, credentials) in [(false, "omit"), (true, "include")] {
        let mut request = HttpRequest::put("https://api.example/x").header("x-name", "value");
        request.body = Some(b"{}".to_vec());
        request.with_cookies = with_cookies;
        let mut sent = transport.send(request);
        assert!((&mut sent).now_or_never().is_none());
        for (member, expected) in [
            ("url", "https://api.example/x"),
            ("method", "PUT"),
            ("redirect", "error"),
            ("cache", "no-store"),
            ("credentials", credentials),
        ] {
            assert_eq!(asked(member).as_string().as_deref(), Some(expected), "{member}");
        }
        let header = Reflect::get(&asked("headers"), &"get".into()).unwrap().unchecked_into::<Function>();
        let header = header.call1(&asked("headers"), &"x-name".into()).unwrap();
        assert_eq!(header.as_string().as_deref(), Some("value"));
        assert!(!is_aborted());
        drop(sent);
        assert!(is_aborted());
    }
    Reflect::set(&window, &"fetch".into(), &real).unwrap();
}

/// As above: the second argument of `generateKey`.
#[wasm_bindgen_test]
async fn the_keys_that_are_kept_cannot_be_exported() {
    let config = config();
    let keychain = platform(&config).keychain;
    keychain.session_key().await.unwrap();
    let script = format!(
        "return new Promise((resolve, reject) => {{
            const opening = indexedDB.open('step-up:{}');
            opening.onerror = reject;
            opening.onsuccess = () => {{
                const reading = opening.result.transaction('keys').objectStore('keys').get('session');
                reading.onerror = reject;
                reading.onsuccess = () => {{
                    opening.result.close();
                    const key = reading.result.keyPair.privateKey;
                    resolve(`${{key.extractable}} ${{key.usages}} ${{key.algorithm.name}} ${{key.algorithm.namedCurve}}`);
                }};
            }};
        }});",
        config.environment_id()
    );
    let promise = Function::new_no_args(&script).call0(&JsValue::UNDEFINED).unwrap();
    let kept = JsFuture::from(promise.unchecked_into::<Promise>()).await.unwrap();
    assert_eq!(kept.as_string().as_deref(), Some("false sign ECDSA P-256"));
}

#[wasm_bindgen_test]
async fn the_timer_waits_and_the_clock_runs() {
    let platform = platform(&config());
    let before = platform.clock.now();
    platform.timer.sleep(Duration::from_millis(20)).await;
    assert!(platform.clock.now().since(before) >= Duration::from_millis(15));
    // More than a browser counts is a long time, not none.
    let long = platform.timer.sleep(Duration::from_secs(u64::from(u32::MAX)));
    let short = platform.timer.sleep(Duration::from_millis(20));
    assert!(matches!(select(long, short).await, Either::Right(_)));
}

/// A server that answers what was put down for it, and the settings and nonces besides.
#[derive(Clone, Default)]
struct Server {
    answers: Rc<RefCell<VecDeque<(u16, String)>>>,
    /// The path and body of each request but those for settings and nonces.
    requests: Rc<RefCell<Vec<(String, String)>>>,
    now: Rc<Cell<i64>>,
}

impl Server {
    fn answer(&self, status: u16, body: &str) {
        self.answers.borrow_mut().push_back((status, body.to_owned()));
    }

    fn client(&self) -> StepUpClient {
        let config = config();
        let platform = self.platform(&config);
        StepUpClient::new(config, platform)
    }

    fn platform(&self, config: &Config) -> Platform {
        let (answers, requests) = (Rc::clone(&self.answers), Rc::clone(&self.requests));
        let transport = move |request: HttpRequest| {
            let (status, body) = match request.path() {
                path if path.ends_with("/settings") => (200, "{}".into()),
                path if path.ends_with("/nonces") => (200, r#"{"nonces":["1","2","3"]}"#.into()),
                path => {
                    let body = String::from_utf8(request.body.clone().unwrap_or_default()).unwrap();
                    requests.borrow_mut().push((path.to_owned(), body));
                    answers.borrow_mut().pop_front().unwrap_or_else(|| panic!("{path} was not expected"))
                }
            };
            async move {
                // As a network does it: not at once.
                wait::turn().await;
                Ok(HttpResponse::new(status, body))
            }
        };
        self.now.set(1_000);
        let now = Rc::clone(&self.now);
        let clock = move || Timestamp::from_secs(now.get());
        platform(config).with_transport(transport).with_clock(clock)
    }

    /// The latest request.
    fn latest(&self) -> (String, String) {
        self.requests.borrow().last().cloned().unwrap()
    }

    /// A client on which a user is signed in.
    async fn signed_in(&self) -> StepUpClient {
        let client = self.client();
        self.answer(200, CREATED);
        self.answer(200, &verified(None));
        let verification = client.send_sign_in_code("a@b.example").await.unwrap();
        client.sign_in_with_otp(&verification, "1").await.unwrap();
        client
    }
}

const CREATED: &str = r#"{"verificationUUID":"v","email":"a@b.example"}"#;
const SCOPES: [TokenScope; 1] = [TokenScope::WalletExport];

fn verified(claims: Option<&str>) -> String {
    let elevated = claims
        .map(|claims| {
            let payload = web_sys::window().unwrap().btoa(claims).unwrap().replace('=', "");
            format!(r#""elevatedAccessToken":"e30.{payload}.x","#)
        })
        .unwrap_or_default();
    format!(
        r#"{{{elevated}"minifiedJwt":"x","expiresAt":5000,"user":{{"id":"u","verifiedCredentials":[
        {{"id":"c","format":"email","email":"a@b.example","signInEnabled":true}},
        {{"id":"d","format":"email","email":"d@b.example","signInEnabled":true}}]}}}}"#
    )
}

/// What the test page shows, and how often it was rendered.
#[derive(Clone, Default)]
struct Seen {
    handle: Rc<RefCell<Option<UseStepUpAuthenticationHandle>>>,
    renders: Rc<Cell<u32>>,
    /// The credential that the screen gives its hook.
    credential: Rc<Cell<Option<&'static str>>>,
    /// What the screen's renders say of loading, without repetitions.
    loading: Rc<RefCell<Vec<bool>>>,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.renders, &other.renders)
    }
}

#[derive(Properties, PartialEq)]
struct PageProps {
    client: StepUpClient,
    seen: Seen,
}

#[component]
fn Page(props: &PageProps) -> Html {
    html! {
        <StepUpProvider client={props.client.clone()}>
            <Screen seen={props.seen.clone()} />
            <Bystander renders={props.seen.clone()} />
        </StepUpProvider>
    }
}

#[derive(Properties, PartialEq)]
struct ScreenProps {
    seen: Seen,
}

#[component]
fn Screen(props: &ScreenProps) -> Html {
    let mut options = UseStepUpAuthenticationOptions::new();
    if let Some(id) = props.seen.credential.get() {
        options = options.with_credential_id(id);
    }
    let step_up = use_step_up_authentication_with_options(options);
    let start = step_up.callback(|step_up, _: MouseEvent| async move {
        if step_up.is_step_up_required(&TokenScope::WalletExport).await {
            let _ = step_up.send_otp().await;
        }
    });
    props.seen.loading.borrow_mut().push(step_up.is_loading);
    props.seen.loading.borrow_mut().dedup();
    let session = use_session();
    let elevation = use_elevation(TokenScope::WalletExport);
    props.seen.handle.replace(Some(step_up.clone()));
    html! {
        <p id="screen">
            <button onclick={start} disabled={step_up.is_loading} />
            { format!(
                "{:?} loading={} error={} otp={} held={}",
                session.status(),
                step_up.is_loading,
                step_up.error.is_some(),
                step_up.otp_verification.is_some(),
                elevation.elevation().is_some(),
            ) }
        </p>
    }
}

#[derive(Properties, PartialEq)]
struct BystanderProps {
    renders: Seen,
}

/// Uses the hook, and nothing that changes: a token that is stored must not render it.
#[component]
fn Bystander(props: &BystanderProps) -> Html {
    let _ = use_step_up_authentication();
    props.renders.renders.set(props.renders.renders.get() + 1);
    Html::default()
}

/// A mounted page.
struct Mounted {
    app: Option<AppHandle<Page>>,
    root: web_sys::Element,
    seen: Seen,
}

impl Mounted {
    async fn new(client: &StepUpClient) -> Self {
        Self::with(client, Seen::default()).await
    }

    async fn with(client: &StepUpClient, seen: Seen) -> Self {
        let document = web_sys::window().unwrap().document().unwrap();
        let root = document.create_element("div").unwrap();
        document.body().unwrap().append_child(&root).unwrap();
        let props = PageProps { client: client.clone(), seen: seen.clone() };
        let app = yew::Renderer::<Page>::with_root_and_props(root.clone(), props).render();
        settle().await;
        Self { app: Some(app), root, seen }
    }

    fn text(&self) -> String {
        self.root.text_content().unwrap()
    }

    fn button(&self) -> web_sys::HtmlElement {
        self.root.query_selector("button").unwrap().unwrap().unchecked_into()
    }

    fn handle(&self) -> UseStepUpAuthenticationHandle {
        self.seen.handle.borrow().clone().unwrap()
    }

    fn unmount(&mut self) {
        self.app.take().unwrap().destroy();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.root.remove();
    }
}

#[wasm_bindgen_test]
async fn the_state_follows_a_verification_and_a_reset() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client).await;
    assert_eq!(page.text(), "SignedIn loading=false error=false otp=false held=false");

    server.answer(200, CREATED);
    let sending = page.handle().send_otp();
    settle().await;
    assert_eq!(
        page.text(),
        "SignedIn loading=true error=false otp=false held=false",
        "a call begins when called"
    );
    sending.await.unwrap();
    settle().await;
    assert_eq!(page.text(), "SignedIn loading=false error=false otp=true held=false");

    server.answer(
        422,
        r#"{"error":"no","code":"wrong_email_verification_token","payload":{"attemptsLeft":4}}"#,
    );
    let error = page.handle().verify_otp("1", &SCOPES).await.unwrap_err();
    assert_eq!(error, StepUpError::InvalidCode { attempts_left: Some(4) });
    settle().await;
    assert_eq!(page.text(), "SignedIn loading=false error=true otp=true held=false");

    server.answer(200, &verified(Some(r#"{"scope":"wallet:export","exp":1300,"singleUse":true}"#)));
    page.handle().verify_otp("2", &SCOPES).await.unwrap();
    settle().await;
    assert_eq!(page.text(), "SignedIn loading=false error=false otp=false held=true");

    page.handle().reset_state();
    settle().await;
    assert_eq!(
        page.text(),
        "SignedIn loading=false error=false otp=false held=true",
        "a reset drops no token"
    );
}

#[wasm_bindgen_test]
async fn the_latest_call_writes_and_a_dropped_one_does_not_load_for_ever() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client).await;
    server.answer(200, CREATED);
    let slow = page.handle().send_otp();
    // This one is the latest, and fails.
    let quick = page.handle().verify_otp("1", &SCOPES).await;
    assert_eq!(quick, Err(StepUpError::OtpNotSent));
    slow.await.unwrap();
    settle().await;
    assert_eq!(page.text(), "SignedIn loading=false error=true otp=false held=false");

    let dropped = page.handle().send_otp();
    settle().await;
    assert!(page.text().contains("loading=true"));
    drop(dropped);
    settle().await;
    assert!(page.text().contains("loading=false error=false"), "a cancellation is no error to show");
    assert!(page.handle().is_cancelled);
}

const REQUIRED: &str = r#"{"isRequired":true,"credentials":[{"id":"c","format":"email"}]}"#;

#[wasm_bindgen_test]
async fn a_double_click_sends_one_code_and_loads_from_the_click_to_the_code() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client).await;
    let before = server.requests.borrow().len();
    server.answer(200, REQUIRED);
    server.answer(200, CREATED);
    // Two clicks before anything is rendered, and one after: the button is disabled by then.
    page.button().click();
    page.button().click();
    wait::turn().await;
    assert!(page.button().has_attribute("disabled"), "the check loads");
    page.button().click();
    settle().await;
    assert_eq!(page.text(), "SignedIn loading=false error=false otp=true held=false");
    let paths: Vec<String> = server.requests.borrow()[before..].iter().map(|it| it.0.clone()).collect();
    assert_eq!(paths.len(), 2, "one check, one code: {paths:?}");
    assert_eq!(*page.seen.loading.borrow(), [false, true, false], "between check and send it loads on");
}

#[wasm_bindgen_test]
async fn two_components_that_send_at_once_share_a_code() {
    let server = Server::default();
    let client = server.signed_in().await;
    let (one, other) = (Mounted::new(&client).await, Mounted::new(&client).await);
    server.answer(200, CREATED);
    let sent = futures_util::future::join(one.handle().send_otp(), other.handle().send_otp()).await;
    assert_eq!(sent.0.unwrap(), sent.1.unwrap());
    settle().await;
    assert!(one.text().contains("otp=true") && other.text().contains("otp=true"));
    // A new code replaces it once, too.
    server.answer(200, CREATED);
    let sent = futures_util::future::join(one.handle().resend_otp(), other.handle().resend_otp()).await;
    assert!(sent.0.is_ok() && sent.1.is_ok());
    assert!(server.latest().0.ends_with("/emailVerifications/retry"));
}

#[wasm_bindgen_test]
async fn a_check_leaves_the_rest_of_the_state_and_a_dropped_one_does_not_load_for_ever() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client).await;
    assert_eq!(page.handle().verify_otp("1", &SCOPES).await, Err(StepUpError::OtpNotSent));
    let check = page.handle().check_step_up_auth(&TokenScope::WalletExport);
    settle().await;
    assert_eq!(page.text(), "SignedIn loading=true error=true otp=false held=false");
    drop(check);
    settle().await;
    assert_eq!(page.text(), "SignedIn loading=false error=true otp=false held=false");
}

#[wasm_bindgen_test]
async fn a_code_without_tries_is_void_and_another_is_sent_from_there() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client).await;
    let wrong = |left: u32| {
        format!(
            r#"{{"error":"no","code":"wrong_email_verification_token","payload":{{"attemptsLeft":{left}}}}}"#
        )
    };
    for (status, body) in [
        (422, wrong(0)),
        (422, r#"{"error":"no","code":"too_many_email_verification_attempts"}"#.into()),
        (422, r#"{"error":"no","code":"invalid_email_verification"}"#.into()),
        (422, r#"{"error":"no","code":"invalid_verification"}"#.into()),
    ] {
        server.answer(200, CREATED);
        // To a credential that is not the first.
        page.handle().send_otp_to(&"d".into()).await.unwrap();
        server.answer(status, &body);
        page.handle().verify_otp("1", &SCOPES).await.unwrap_err();
        settle().await;
        assert_eq!(page.text(), "SignedIn loading=false error=true otp=false held=false", "{body}");
        assert_eq!(page.handle().void_otp.as_ref().unwrap().destination(), "d@b.example");
        assert_eq!(page.handle().verify_otp("1", &SCOPES).await, Err(StepUpError::OtpNotSent));
        server.answer(200, CREATED);
        page.handle().resend_otp().await.unwrap();
        let (path, body) = server.latest();
        assert!(
            path.ends_with("/emailVerifications/create") && body.contains("d@b.example"),
            "{path}: {body}"
        );
        settle().await;
        assert_eq!(page.text(), "SignedIn loading=false error=false otp=true held=false");
        assert_eq!(page.handle().void_otp, None);
        page.handle().reset_state();
        settle().await;
        assert_eq!(page.handle().resend_otp().await, Err(StepUpError::OtpNotSent), "a reset forgets it");
    }
}

#[wasm_bindgen_test]
async fn the_hooks_credential_is_sent_to_unless_a_call_names_another() {
    let server = Server::default();
    let client = server.signed_in().await;
    let seen = Seen::default();
    seen.credential.set(Some("d"));
    let page = Mounted::with(&client, seen).await;
    let sent_to = || server.latest().1;
    server.answer(200, CREATED);
    let sent = page.handle().send_otp().await.unwrap();
    assert_eq!((sent.credential_id(), sent.destination()), (Some(&"d".into()), "d@b.example"));
    assert_eq!(sent_to(), r#"{"email":"d@b.example"}"#);
    server.answer(200, CREATED);
    page.handle().send_otp_to(&"c".into()).await.unwrap();
    assert_eq!(sent_to(), r#"{"email":"a@b.example"}"#);
    // A captcha holds the code back: its answer sends it to the same credential.
    server.answer(422, r#"{"error":"no","code":"captcha_required"}"#);
    assert_eq!(page.handle().send_otp().await, Err(StepUpError::CaptchaRequired));
    server.answer(200, CREATED);
    page.handle().submit_captcha_token("solved").await.unwrap();
    assert_eq!(sent_to(), r#"{"email":"d@b.example","captchaToken":"solved"}"#);
    // Another credential at a later render.
    page.seen.credential.set(Some("gone"));
    page.handle().reset_state();
    settle().await;
    assert_eq!(page.handle().send_otp().await, Err(StepUpError::CredentialNotFound("gone".into())));
}

#[wasm_bindgen_test]
async fn a_token_that_is_stored_or_expires_renders_only_who_asked() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client).await;
    let renders = page.seen.renders.get();
    server.answer(200, CREATED);
    let verification = client.send_otp(None).await.unwrap();
    server.answer(200, &verified(Some(r#"{"scope":"wallet:export","exp":1300}"#)));
    client.verify_otp(&verification, "1", &SCOPES).await.unwrap();
    settle().await;
    assert!(page.text().contains("held=true"));
    // The page comes back into view when the token has long expired.
    server.now.set(1_300);
    let document = web_sys::window().unwrap().document().unwrap();
    document.dispatch_event(&web_sys::Event::new("visibilitychange").unwrap()).unwrap();
    settle().await;
    assert!(page.text().contains("held=false"));
    assert_eq!(page.seen.renders.get(), renders, "a bystander was rendered");
}

#[wasm_bindgen_test]
async fn an_expiry_renders_by_itself() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client).await;
    server.answer(200, CREATED);
    let verification = client.send_otp(None).await.unwrap();
    server.answer(200, &verified(Some(r#"{"scope":"wallet:export","exp":1000.2}"#)));
    client.verify_otp(&verification, "1", &SCOPES).await.unwrap();
    settle().await;
    assert!(page.text().contains("held=true"));
    server.now.set(1_001);
    let changed = until(&client, |event| matches!(event, Event::ElevationsChanged));
    changed.await;
    settle().await;
    assert!(page.text().contains("held=false"));
}

#[wasm_bindgen_test]
async fn a_sign_out_renders_and_an_unmounted_page_still_stores_its_token() {
    let server = Server::default();
    let client = server.signed_in().await;
    let mut page = Mounted::new(&client).await;
    server.answer(200, CREATED);
    page.handle().send_otp().await.unwrap();
    server.answer(200, &verified(Some(r#"{"scope":"wallet:export","exp":1300}"#)));
    let verifying = page.handle().verify_otp("1", &SCOPES);
    page.unmount();
    verifying.await.unwrap();
    assert!(
        client.elevation(&TokenScope::WalletExport).is_some(),
        "the code was spent, so its token is kept"
    );

    let page = Mounted::new(&client).await;
    assert!(page.text().starts_with("SignedIn") && page.text().ends_with("held=true"));
    server.answer(204, "");
    client.sign_out().await.unwrap();
    settle().await;
    assert_eq!(page.text(), "SignedOut loading=false error=false otp=false held=false");
}

#[derive(Properties, PartialEq)]
struct NameProps {
    client: StepUpClient,
}

#[component]
fn NamedPage(props: &NameProps) -> Html {
    html! { <StepUpProvider client={props.client.clone()}><Name /></StepUpProvider> }
}

#[component]
fn Name() -> Html {
    let session = use_session();
    html! { { session.user().and_then(|user| user.email.clone()).unwrap_or_default() } }
}

#[wasm_bindgen_test]
async fn a_user_of_whom_the_server_tells_anew_is_rendered_anew() {
    let server = Server::default();
    let client = server.signed_in().await;
    let document = web_sys::window().unwrap().document().unwrap();
    let root = document.create_element("div").unwrap();
    let props = NameProps { client: client.clone() };
    let app = yew::Renderer::<NamedPage>::with_root_and_props(root.clone(), props).render();
    settle().await;
    assert_eq!(root.text_content().unwrap(), "");
    server.answer(200, r#"{"id":"u","email":"new@b.example","verifiedCredentials":[]}"#);
    client.refresh_user().await.unwrap();
    settle().await;
    assert_eq!(root.text_content().unwrap(), "new@b.example");
    app.destroy();
}

#[wasm_bindgen_test]
fn web_storage_keeps_a_session_as_a_store_must() {
    let config = config();
    conformance::session_store(|| Rc::new(WebSessionStore::tab(&config)));
    conformance::session_store(|| Rc::new(WebSessionStore::browser(&config)));
}

#[wasm_bindgen_test]
async fn a_session_in_the_tab_survives_a_reload_and_its_elevations_do_not() {
    let server = Server::default();
    let config = config();
    let client = || {
        let kept = server.platform(&config).with_session_store(WebSessionStore::tab(&config));
        StepUpClient::new(config.clone(), kept)
    };
    let first = client();
    server.answer(200, CREATED);
    server.answer(200, &verified(None));
    let verification = first.send_sign_in_code("a@b.example").await.unwrap();
    first.sign_in_with_otp(&verification, "1").await.unwrap();
    server.answer(200, CREATED);
    let verification = first.send_otp(None).await.unwrap();
    server.answer(200, &verified(Some(r#"{"scope":"wallet:export","exp":1300}"#)));
    first.verify_otp(&verification, "1", &SCOPES).await.unwrap();
    assert!(first.elevation(&TokenScope::WalletExport).is_some());

    let reloaded = client();
    assert_eq!(reloaded.user(), first.user());
    assert!(reloaded.elevations().is_empty());
    let storage = web_sys::window().unwrap().session_storage().unwrap().unwrap();
    let key = format!("step-up:{}:session", config.environment_id());
    let text = storage.get_item(&key).unwrap().unwrap();
    assert!(!text.contains("e30."), "an elevated token is in the storage");

    server.answer(204, "");
    reloaded.sign_out().await.unwrap();
    assert_eq!(client().user(), None);

    storage.set_item(&key, "<html>").unwrap();
    let broken = client();
    assert_eq!(broken.user(), None);
    assert!(matches!(broken.session().store_error, Some(StepUpError::Decode { .. })));
    storage.remove_item(&key).unwrap();
}

/// The next event that is meant.
fn until(client: &StepUpClient, is_meant: fn(&Event) -> bool) -> LocalFuture<'static, ()> {
    let came = Rc::new(Cell::new(false));
    let comes = Rc::clone(&came);
    let subscription = client.subscribe(move |event| comes.set(comes.get() || is_meant(event)));
    Box::pin(async move {
        wait::until("the event", || came.get().then_some(())).await;
        drop(subscription);
    })
}
