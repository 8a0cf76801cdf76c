//! Browser lane: passkeys in headless Chromium, as far as they go without an authenticator. The tests' page is at an IP
//! address, where Chromium has none; so its own part is tested for its refusals, and what comes after it against a
//! scripted `navigator.credentials`.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/wait.rs"]
mod wait;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use futures_channel::oneshot;
use futures_util::{FutureExt as _, future::join};
use js_sys::{Function, JSON, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use yew::prelude::*;
use yew_step_up::{
    Config, HttpRequest, HttpResponse, PasskeyAuthenticator, Result, StepUpClient, StepUpError,
    StepUpProvider, Timestamp, TokenScope, UseStepUpAuthenticationHandle, browser_platform,
    use_step_up_authentication,
};

use wait::settle;

wasm_bindgen_test_configure!(run_in_browser);

const ENVIRONMENT: &str = "2762a57b-faa4-41ce-9f16-abff9300e2c9";
const SCOPES: [TokenScope; 1] = [TokenScope::WalletExport];
const REQUEST: &str = r#"{"challenge":"Y2hhbGxlbmdl","rpId":"app.example","allowCredentials":[{"id":"a2V5","type":"public-key"}],
    "userVerification":"required"}"#;
const CREATION: &str = r#"{"challenge":"Y2hhbGxlbmdl","rp":{"id":"app.example","name":"App"},
    "user":{"id":"dQ","name":"a@b.example","displayName":"A"},"pubKeyCredParams":[{"type":"public-key","alg":-7}]}"#;
const ASSERTION: &str = r#"{"id":"a2V5","rawId":"a2V5","type":"public-key","clientExtensionResults":{},
    "response":{"clientDataJSON":"Yw","authenticatorData":"YQ","signature":"cw"}}"#;

fn passkeys() -> Rc<dyn PasskeyAuthenticator> {
    browser_platform(&Config::new(ENVIRONMENT).unwrap()).passkeys
}

#[wasm_bindgen_test]
async fn chromium_refuses_an_address_that_is_no_relying_party() {
    let passkeys = passkeys();
    passkeys.require_support().unwrap();
    assert_eq!(passkeys.get(REQUEST.into()).await, Err(StepUpError::RelyingPartyMismatch));
    assert_eq!(passkeys.create(CREATION.into()).await, Err(StepUpError::RelyingPartyMismatch));
}

#[wasm_bindgen_test]
async fn options_that_are_none_are_not_decoded() {
    let broken = Err(StepUpError::Decode { expected: "passkey options", line: 0, column: 0 });
    for options in ["", "null", "{}", r#"{"challenge":"!"}"#] {
        assert_eq!(passkeys().get(options.into()).await, broken, "{options}");
        assert_eq!(passkeys().create(options.into()).await, broken, "{options}");
    }
}

/// Runs a piece of JavaScript; and another when it is dropped.
struct Patch(&'static str);

impl Patch {
    fn new(apply: &str, undo: &'static str) -> Self {
        run_script(apply);
        Self(undo)
    }
}

impl Drop for Patch {
    fn drop(&mut self) {
        run_script(self.0);
    }
}

fn run_script(script: &str) {
    Function::new_no_args(script).call0(&JsValue::UNDEFINED).unwrap();
}

#[wasm_bindgen_test]
async fn a_browser_that_lacks_something_is_unsupported() {
    for (apply, undo, word) in [
        (
            "window.kept = PublicKeyCredential; delete window.PublicKeyCredential",
            "window.PublicKeyCredential = window.kept",
            "no passkeys",
        ),
        (
            "window.kept = PublicKeyCredential.parseRequestOptionsFromJSON; delete PublicKeyCredential.parseRequestOptionsFromJSON",
            "PublicKeyCredential.parseRequestOptionsFromJSON = window.kept",
            "too old",
        ),
        (
            "Object.defineProperty(navigator, 'credentials', { configurable: true, value: undefined })",
            "delete navigator.credentials",
            "no passkeys",
        ),
    ] {
        let patch = Patch::new(apply, undo);
        for result in [passkeys().require_support(), passkeys().get(REQUEST.into()).await.map(drop)] {
            let Err(StepUpError::UnsupportedTarget { why }) = result else { panic!("{apply}: {result:?}") };
            assert!(why.contains(word), "{why}");
        }
        drop(patch);
        passkeys().require_support().unwrap();
    }
}

/// Puts a `navigator.credentials` in place of the browser's, which answers as `window.passkey` says: with an error of that
/// name, with that answer, or with nothing until it is aborted.
fn scripted(answer: &str) -> Patch {
    const SCRIPT: &str = r"
        const passkey = window.passkey = { opened: 0, aborted: 0, ...ANSWER };
        const ask = ({ publicKey, signal }) => new Promise((resolve, reject) => {
            passkey.opened += 1;
            passkey.verification = publicKey.userVerification ?? '';
            passkey.challenge = new TextDecoder().decode(publicKey.challenge);
            signal.addEventListener('abort', () => { passkey.aborted += 1; reject(signal.reason); });
            if (passkey.error) reject(new DOMException('of a test', passkey.error));
            if ('answer' in passkey) resolve({ toJSON: () => passkey.answer });
        });
        Object.defineProperty(navigator, 'credentials', { configurable: true, value: { get: ask, create: ask } });
    ";
    Patch::new(&SCRIPT.replace("ANSWER", answer), "delete navigator.credentials")
}

/// What the scripted one has seen.
fn seen(name: &str) -> JsValue {
    let window = JsValue::from(web_sys::window().unwrap());
    Reflect::get(&Reflect::get(&window, &"passkey".into()).unwrap(), &name.into()).unwrap()
}

#[wasm_bindgen_test]
async fn an_answer_is_the_browsers_json() {
    let _patch = scripted(&format!("{{ answer: {ASSERTION} }}"));
    let answer = passkeys().get(REQUEST.into()).await.unwrap();
    let same = |text: &str| JSON::stringify(&JSON::parse(text).unwrap()).unwrap();
    assert_eq!(same(&answer), same(ASSERTION));
    assert_eq!(seen("challenge"), "challenge", "the browser read the options");
    assert_eq!(seen("verification"), "required");
    assert!(passkeys().create(CREATION.into()).await.is_ok());
    drop(_patch);
    let _patch = scripted("{ answer: undefined }");
    let error = passkeys().get(REQUEST.into()).await.unwrap_err();
    assert_eq!(error, StepUpError::PasskeyFailed { why: "unknown error".into() });
}

#[wasm_bindgen_test]
async fn the_browsers_errors_are_told_apart() {
    let failed = |why: &str| StepUpError::PasskeyFailed { why: why.into() };
    for (name, on_create, on_get) in [
        ("NotAllowedError", StepUpError::Cancelled, StepUpError::Cancelled),
        ("AbortError", StepUpError::Cancelled, StepUpError::Cancelled),
        ("TimeoutError", StepUpError::TimedOut, StepUpError::TimedOut),
        ("InvalidStateError", StepUpError::PasskeyAlreadyRegistered, failed("InvalidStateError")),
        ("SecurityError", StepUpError::RelyingPartyMismatch, StepUpError::RelyingPartyMismatch),
        ("UnknownError", failed("UnknownError"), failed("UnknownError")),
    ] {
        let _patch = scripted(&format!("{{ error: '{name}' }}"));
        assert_eq!(passkeys().create(CREATION.into()).await, Err(on_create), "{name}");
        assert_eq!(passkeys().get(REQUEST.into()).await, Err(on_get), "{name}");
    }
    for name in ["NotSupportedError", "ConstraintError"] {
        let _patch = scripted(&format!("{{ error: '{name}' }}"));
        for result in [passkeys().create(CREATION.into()).await, passkeys().get(REQUEST.into()).await] {
            assert!(matches!(result, Err(StepUpError::UnsupportedTarget { .. })), "{name}: {result:?}");
        }
    }
}

#[wasm_bindgen_test]
async fn a_dropped_ceremony_is_aborted_and_so_is_one_that_another_follows() {
    let _patch = scripted("{}");
    let passkeys = passkeys();
    let mut ceremony = passkeys.get(REQUEST.into());
    assert_eq!(seen("opened"), 0, "futures are cold");
    assert_eq!((&mut ceremony).now_or_never(), None);
    assert_eq!((seen("opened"), seen("aborted")), (1.into(), 0.into()));
    drop(ceremony);
    assert_eq!(seen("aborted"), 1);

    let mut first = passkeys.get(REQUEST.into());
    assert_eq!((&mut first).now_or_never(), None);
    let mut second = passkeys.create(CREATION.into());
    assert_eq!((&mut second).now_or_never(), None);
    assert_eq!((seen("opened"), seen("aborted")), (3.into(), 2.into()));
    assert_eq!(first.await, Err(StepUpError::Cancelled));
    assert_eq!((&mut second).now_or_never(), None, "the second one goes on");
}

/// A server with one passkey, and a verification that waits until it is let.
#[derive(Clone, Default)]
struct Server {
    verification: Rc<RefCell<Option<oneshot::Receiver<()>>>>,
    verifications: Rc<Cell<u32>>,
}

impl Server {
    async fn answer(self, request: HttpRequest) -> Result<HttpResponse> {
        let body = match request.path().rsplit_once("/sdk/").unwrap().1.split_once('/').unwrap().1 {
            "settings" => "{}".into(),
            "nonces" => r#"{"nonces":["1","2","3"]}"#.into(),
            "emailVerifications/create" => r#"{"verificationUUID":"v","email":"a@b.example"}"#.into(),
            "emailVerifications/signin" => verified(""),
            "users/passkeys/authenticate" => REQUEST.into(),
            "users/mfa/auth/passkey" => {
                self.verifications.set(self.verifications.get() + 1);
                let wait = self.verification.take();
                if let Some(wait) = wait {
                    wait.await.unwrap();
                }
                let payload =
                    web_sys::window().unwrap().btoa(r#"{"scope":"wallet:export","exp":1300}"#).unwrap();
                verified(&format!(r#""elevatedAccessToken":"e30.{}.x","#, payload.replace('=', "")))
            }
            path => panic!("{path} was not expected"),
        };
        Ok(HttpResponse::new(200, body))
    }

    /// A client on which a user is signed in.
    async fn signed_in(&self) -> StepUpClient {
        let config = Config::new(ENVIRONMENT).unwrap();
        let server = self.clone();
        let platform = browser_platform(&config)
            .with_transport(move |request| server.clone().answer(request))
            .with_clock(|| Timestamp::from_secs(1_000));
        let client = StepUpClient::new(config, platform);
        let verification = client.send_sign_in_code("a@b.example").await.unwrap();
        client.sign_in_with_otp(&verification, "1").await.unwrap();
        client
    }
}

fn verified(elevated: &str) -> String {
    format!(
        r#"{{{elevated}"minifiedJwt":"x","expiresAt":5000,"user":{{"id":"u","verifiedCredentials":[
        {{"id":"c","format":"email","email":"a@b.example","signInEnabled":true}}]}}}}"#
    )
}

/// The handle of the latest render.
#[derive(Clone, Default)]
struct Shown(Rc<RefCell<Option<UseStepUpAuthenticationHandle>>>);

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Properties, PartialEq)]
struct PageProps {
    client: StepUpClient,
    shown: Shown,
}

#[component]
fn Page(props: &PageProps) -> Html {
    html! { <StepUpProvider client={props.client.clone()}><Screen shown={props.shown.clone()} /></StepUpProvider> }
}

#[derive(Properties, PartialEq)]
struct ScreenProps {
    shown: Shown,
}

#[component]
fn Screen(props: &ScreenProps) -> Html {
    let step_up = use_step_up_authentication();
    props.shown.0.replace(Some(step_up));
    Html::default()
}

struct Mounted {
    app: AppHandle<Page>,
    shown: Shown,
}

impl Mounted {
    async fn new(client: &StepUpClient) -> Self {
        let document = web_sys::window().unwrap().document().unwrap();
        let root = document.create_element("div").unwrap();
        let shown = Shown::default();
        let props = PageProps { client: client.clone(), shown: shown.clone() };
        let app = yew::Renderer::<Page>::with_root_and_props(root, props).render();
        settle().await;
        Self { app, shown }
    }

    fn handle(&self) -> UseStepUpAuthenticationHandle {
        self.shown.0.borrow().clone().unwrap()
    }
}

/// Until the scripted `navigator.credentials` is asked.
async fn until_asked() {
    wait::until("that the browser is asked", || (seen("opened") != 0).then_some(())).await;
}

#[wasm_bindgen_test]
async fn the_state_follows_a_passkey() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client).await;
    let patch = scripted("{ error: 'NotAllowedError' }");
    let verifying = page.handle().verify_passkey_mfa(&SCOPES);
    settle().await;
    assert!(page.handle().is_loading);
    assert_eq!(verifying.await.map(drop), Err(StepUpError::Cancelled));
    settle().await;
    assert!(!page.handle().is_loading);
    assert_eq!((page.handle().is_cancelled, page.handle().error.clone()), (true, None));
    assert_eq!(server.verifications.get(), 0);
    drop(patch);

    let _patch = scripted(&format!("{{ answer: {ASSERTION} }}"));
    page.handle().verify_passkey_mfa(&SCOPES).await.unwrap();
    settle().await;
    assert_eq!(page.handle().error, None);
    assert!(client.elevation(&TokenScope::WalletExport).is_some());
}

#[wasm_bindgen_test]
async fn an_unmount_closes_what_the_user_is_shown() {
    let _patch = scripted("{}");
    let client = Server::default().signed_in().await;
    let page = Mounted::new(&client).await;
    let other = Mounted::new(&client).await;
    let handle = page.handle();
    let verifying = handle.verify_passkey_mfa(&SCOPES);
    let unmount = async {
        until_asked().await;
        other.app.destroy();
        settle().await;
        assert_eq!(seen("aborted"), 0, "another component's unmount is none of its business");
        page.app.destroy();
        settle().await;
        assert_eq!(seen("aborted"), 1);
    };
    let (result, ()) = join(verifying, unmount).await;
    assert_eq!(result.map(drop), Err(StepUpError::Cancelled));
    assert_eq!(handle.verify_passkey_mfa(&SCOPES).await.map(drop), Err(StepUpError::Cancelled));
    assert_eq!(seen("opened"), 1, "nobody is there to be asked");
}

#[wasm_bindgen_test]
async fn an_unmount_never_cancels_a_verification_in_flight() {
    let _patch = scripted(&format!("{{ answer: {ASSERTION} }}"));
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client).await;
    let (send, receive) = oneshot::channel();
    server.verification.replace(Some(receive));
    let verifying = page.handle().verify_passkey_mfa(&SCOPES);
    let unmount = async {
        wait::until("the assertion at the server", || (server.verifications.get() > 0).then_some(())).await;
        page.app.destroy();
        settle().await;
        send.send(()).unwrap();
    };
    let (result, ()) = join(verifying, unmount).await;
    result.unwrap();
    assert!(
        client.elevation(&TokenScope::WalletExport).is_some(),
        "the assertion was spent, so its token is kept"
    );
}
