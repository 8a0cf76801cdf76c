//! Browser lane: social accounts, with real windows in Chromium.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/wait.rs"]
mod wait;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use futures_channel::oneshot::{self, Receiver};
use futures_util::future::{LocalBoxFuture, poll_immediate};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use yew::prelude::*;
use yew_step_up::{
    Config, HttpRequest, HttpResponse, LocalFuture, OnBlocked, Platform, Popup, Provider, Result, Resumed,
    ResumedHandle, SocialOptions, SocialPopup, SocialPurpose, SocialWindow, StepUpClient, StepUpError,
    StepUpProvider, Timestamp, TokenScope, UseStepUpAuthenticationHandle, Verified, WebSessionStore,
    browser_platform, use_step_up_authentication, use_step_up_resume,
};

use wait::settle;

wasm_bindgen_test_configure!(run_in_browser);

const EXPORT: TokenScope = TokenScope::WalletExport;

fn page() -> web_sys::Window {
    web_sys::window().unwrap()
}

fn address() -> String {
    page().location().href().unwrap()
}

fn origin() -> String {
    page().location().origin().unwrap()
}

fn show_address(address: &str) {
    page().history().unwrap().replace_state_with_url(&JsValue::NULL, "", Some(address)).unwrap();
}

fn js(script: &str) -> JsValue {
    js_sys::eval(script).unwrap_or_else(|error| panic!("{script}: {error:?}"))
}

/// Remembers the popups that are opened from now on, as `popup`.
fn watch_popups() {
    js("window.realOpen ??= window.open;
        window.popup = undefined;
        window.open = (...it) => window.popup = window.realOpen(...it);");
}

/// The browser blocks popups from now on.
fn block_popups() {
    js("window.realOpen ??= window.open; window.popup = undefined; window.open = () => null;");
}

/// Waits for the page to come to this.
async fn until(condition: &str) {
    wait::until(condition, || js(condition).is_truthy().then_some(())).await;
}

/// A service whose answers are those of a good day.
#[derive(Clone)]
struct Service {
    /// Where the popup is sent, and whose messages are believed.
    redirect_url: Rc<RefCell<String>>,
    verify: Rc<RefCell<(u16, String)>>,
    bodies: Rc<RefCell<Vec<(String, String)>>>,
    config: Config,
    now: Rc<Cell<i64>>,
    /// Holds the answer to the next verification back.
    gate: Rc<RefCell<Option<Receiver<()>>>>,
}

impl Service {
    fn new() -> Self {
        thread_local!(static NEXT: Cell<u32> = const { Cell::new(0) });
        let number = NEXT.with(|next| next.replace(next.get() + 1));
        let start = js_sys::Math::random().to_bits() >> 16 & 0xffff_ffff;
        Self {
            redirect_url: Rc::new(RefCell::new(format!("{}/cb", origin()))),
            verify: Rc::new(RefCell::new((
                200,
                verified(Some(r#"{"scope":"wallet:export","exp":1300,"singleUse":true}"#)),
            ))),
            bodies: Rc::default(),
            config: Config::new(format!("{start:08x}-0000-4000-8000-{number:012x}")).unwrap(),
            now: Rc::new(Cell::new(1_000_000)),
            gate: Rc::default(),
        }
    }

    fn platform(&self) -> Platform {
        let service = self.clone();
        let transport = move |request: HttpRequest| {
            let (status, body) = service.answer(&request);
            let gate = if request.path().ends_with("/verify") { service.gate.take() } else { None };
            async move {
                if let Some(gate) = gate {
                    gate.await.unwrap();
                }
                Ok(HttpResponse::new(status, body))
            }
        };
        let (now, ticking) = (Rc::clone(&self.now), Rc::clone(&self.now));
        // A second of the clock is ten milliseconds of the test.
        let timer = move |duration: Duration| -> LocalFuture<'static, ()> {
            let ticking = Rc::clone(&ticking);
            Box::pin(async move {
                if duration > Duration::from_secs(1) {
                    return std::future::pending().await;
                }
                wait::tick().await;
                ticking.set(ticking.get() + 1_000);
            })
        };
        browser_platform(&self.config)
            .with_transport(transport)
            .with_clock(move || Timestamp::from_millis(now.get()))
            .with_timer(timer)
    }

    fn client(&self) -> StepUpClient {
        StepUpClient::new(self.config.clone(), self.platform())
    }

    async fn signed_in(&self) -> StepUpClient {
        let client = self.client();
        sign_in(&client).await;
        client
    }

    fn answer(&self, request: &HttpRequest) -> (u16, String) {
        let body = String::from_utf8(request.body.clone().unwrap_or_default()).unwrap();
        let name = request.path().rsplit('/').next().unwrap().to_owned();
        self.bodies.borrow_mut().push((name.clone(), body));
        match &*name {
            "settings" => (
                200,
                format!(
                    r#"{{"providers":[{{"provider":"google","clientId":"x","baseAuthUrl":"{}/run.js","redirectUrl":"{}"}}]}}"#,
                    origin(),
                    self.redirect_url.borrow()
                ),
            ),
            "nonces" => (200, r#"{"nonces":["1","2"]}"#.into()),
            "create" => (200, r#"{"verificationUUID":"v"}"#.into()),
            "signin" | "signIn" | "refresh" => (200, verified(None)),
            "initAuth" => (204, String::new()),
            "oauthResult" => (200, r#"{"status":"pending"}"#.into()),
            "revoke" => (204, String::new()),
            "verify" => self.verify.borrow().clone(),
            other => panic!("{other} was not expected"),
        }
    }

    fn body(&self, name: &str) -> Option<String> {
        let bodies = self.bodies.borrow();
        bodies.iter().rev().find(|(known, _)| known == name).map(|(_, body)| body.clone())
    }

    fn state(&self) -> String {
        let body = self.body("initAuth").expect("initAuth was not called");
        body.split('"').nth(3).unwrap().to_owned()
    }

    /// What the service's page would say of the request that is under way.
    fn message(&self, code: &str) -> String {
        format!(
            r#"{{type:"authorization_response",provider:"google",code:"{code}",state:"{}"}}"#,
            self.state()
        )
    }
}

fn verified(claims: Option<&str>) -> String {
    let elevated = claims
        .map(|claims| {
            let payload = page().btoa(claims).unwrap().replace('=', "");
            format!(r#""elevatedAccessToken":"e30.{payload}.x","#)
        })
        .unwrap_or_default();
    format!(
        r#"{{{elevated}"minifiedJwt":"x","expiresAt":5000,"user":{{"id":"u","verifiedCredentials":[
        {{"id":"c","format":"oauth","oauth_provider":"google","signInEnabled":true}}]}}}}"#
    )
}

async fn sign_in(client: &StepUpClient) {
    let verification = client.send_sign_in_code("a@b.example").await.unwrap();
    client.sign_in_with_otp(&verification, "1").await.unwrap();
}

type Verifying = LocalBoxFuture<'static, Result<Verified>>;

fn verify(client: &StepUpClient, options: SocialOptions) -> Verifying {
    client.verify_social(&Provider::Google, options.with_scopes(&[EXPORT]))
}

/// Runs a verification in the background, as an app would.
#[derive(Clone, Default)]
struct Outcome(Rc<RefCell<Option<Result<Verified>>>>);

impl Outcome {
    fn of(verifying: impl Future<Output = Result<Verified>> + 'static) -> Self {
        let outcome = Self::default();
        let end = outcome.clone();
        yew::platform::spawn_local(async move {
            let result = verifying.await;
            end.0.replace(Some(result));
        });
        outcome
    }

    async fn end(&self) -> Result<Verified> {
        wait::until("the end of the verification", || self.0.take()).await
    }

    /// It has not ended, and does not for as long as messages need to arrive.
    async fn assert_waits(&self) {
        js("window.arrived = false;
            addEventListener('message', it => { if (it.data === 'arrived') window.arrived = true });
            postMessage('arrived', '*')");
        until("window.arrived").await;
        settle().await;
        assert!(self.0.borrow().is_none(), "{:?}", self.0.borrow());
    }
}

/// The popup shows a page of the provider.
async fn popup_is_there() {
    until("window.popup && !popup.closed && popup.location.pathname === '/run.js' && popup.document.readyState === 'complete'")
        .await;
}

#[wasm_bindgen_test]
async fn a_popup_is_opened_in_the_call_and_closed_by_the_answer() {
    let service = Service::new();
    let client = service.signed_in().await;
    watch_popups();
    let verifying = verify(&client, SocialOptions::new());
    assert!(js("window.popup && !popup.closed").is_truthy(), "it is opened before any await");
    let outcome = Outcome::of(verifying);
    popup_is_there().await;
    assert!(js("popup.location.search").as_string().unwrap().contains(&service.state()));
    // It asks who it speaks to before it says more, as the service's page does.
    js(
        "popup.eval('addEventListener(\"message\", it => { window.heard = it.data }); opener.postMessage({type: \"origin_check\"}, \"*\")')",
    );
    until("popup.heard === 'origin_check_response'").await;
    js(&format!("popup.eval('opener.postMessage({}, \"*\")')", service.message("good")));
    assert!(outcome.end().await.unwrap().elevation.unwrap().single_use);
    assert!(service.body("verify").unwrap().contains(r#""code":"good""#));
    until("popup.closed").await;
}

#[wasm_bindgen_test]
async fn what_is_said_on_the_channel_is_heard() {
    let service = Service::new();
    let client = service.signed_in().await;
    watch_popups();
    let outcome = Outcome::of(verify(&client, SocialOptions::new()));
    popup_is_there().await;
    js("window.channel = new BroadcastChannel('step-up-oauth')");
    for garbage in ["null", "1", "'text'", "{}", "{type: 'authorization_response'}", "[]"] {
        js(&format!("channel.postMessage({garbage})"));
    }
    js(&format!("channel.postMessage({})", service.message("channel")));
    assert!(outcome.end().await.is_ok());
    assert!(service.body("verify").unwrap().contains(r#""code":"channel""#));
    js("channel.close()");
}

#[wasm_bindgen_test]
async fn other_windows_and_other_origins_are_not_heard() {
    let service = Service::new();
    let client = service.signed_in().await;
    watch_popups();
    let outcome = Outcome::of(verify(&client, SocialOptions::new()));
    popup_is_there().await;
    // The right origin and state, from this window and from a frame.
    js(&format!("window.postMessage({}, '*')", service.message("evil")));
    js("window.frame = document.body.appendChild(document.createElement('iframe'))");
    js(&format!("frame.contentWindow.eval('parent.postMessage({}, \"*\")')", service.message("evil")));
    outcome.assert_waits().await;
    js("frame.remove()");
    js(&format!("popup.eval('opener.postMessage({}, \"*\")')", service.message("good")));
    assert!(outcome.end().await.is_ok());
    assert!(service.body("verify").unwrap().contains(r#""code":"good""#));

    // The right window, and an origin that is not the redirect URL's.
    let service = Service::new();
    service.redirect_url.replace("https://elsewhere.example/cb".into());
    let client = service.signed_in().await;
    watch_popups();
    let outcome = Outcome::of(verify(&client, SocialOptions::new()));
    popup_is_there().await;
    js(&format!("popup.eval('opener.postMessage({}, \"*\")')", service.message("evil")));
    outcome.assert_waits().await;
    assert!(service.body("verify").is_none());
    js("popup.close()");
    assert_eq!(outcome.end().await, Err(StepUpError::PopupClosed));
}

#[wasm_bindgen_test]
async fn a_popup_that_the_user_closes_is_said_to_be_after_eight_seconds() {
    let service = Service::new();
    let client = service.signed_in().await;
    watch_popups();
    let outcome = Outcome::of(verify(&client, SocialOptions::new()));
    popup_is_there().await;
    let before = service.now.get();
    js("popup.close()");
    assert_eq!(outcome.end().await, Err(StepUpError::PopupClosed));
    let waited = service.now.get() - before;
    assert!((8_000..=11_000).contains(&waited), "{waited}");
    assert!(service.body("oauthResult").unwrap().contains(&service.state()));
}

/// A provider's page that cuts the tie to its opener looks like a closed window, but has the focus.
#[wasm_bindgen_test]
async fn a_window_that_is_cut_off_is_waited_for_while_the_user_is_elsewhere() {
    let service = Service::new();
    let client = service.signed_in().await;
    watch_popups();
    let outcome = Outcome::of(verify(&client, SocialOptions::new()));
    popup_is_there().await;
    js("document.hasFocus = () => false; popup.close()");
    let before = service.now.get();
    wait::until("half a minute of the service's clock", || {
        assert!(outcome.0.borrow().is_none(), "{:?}", outcome.0.borrow());
        (service.now.get() >= before + 30_000).then_some(())
    })
    .await;
    js(&format!(
        "const cut = new BroadcastChannel('step-up-oauth'); cut.postMessage({}); cut.close()",
        service.message("late")
    ));
    assert!(outcome.end().await.is_ok());
    js("delete document.hasFocus");
}

#[wasm_bindgen_test]
async fn a_popup_that_is_dropped_is_closed() {
    watch_popups();
    let popup = SocialPopup::open();
    assert!(!popup.is_blocked());
    assert!(js("popup && !popup.closed").is_truthy());
    drop(popup);
    until("popup.closed").await;

    let service = Service::new();
    let client = service.signed_in().await;
    watch_popups();
    let handed_in = SocialPopup::open();
    js("window.handedIn = popup");
    let mut verifying = verify(&client, SocialOptions::new().with_popup(handed_in));
    assert!(js("popup === handedIn").is_truthy(), "no second one is opened");
    assert!(poll_immediate(&mut verifying).await.is_none());
    drop(verifying);
    until("handedIn.closed").await;
}

#[wasm_bindgen_test]
async fn a_blocked_popup_fails_where_the_app_wants_that() {
    let service = Service::new();
    let client = service.signed_in().await;
    block_popups();
    assert!(SocialPopup::open().is_blocked());
    let blocked = verify(&client, SocialOptions::new().on_blocked(OnBlocked::Fail)).await;
    assert_eq!(blocked, Err(StepUpError::PopupBlocked));
    js("window.open = () => { throw new Error('no') }");
    let blocked = verify(&client, SocialOptions::new().on_blocked(OnBlocked::Fail)).await;
    assert_eq!(blocked, Err(StepUpError::PopupBlocked));
    assert!(service.body("initAuth").is_none());
    watch_popups();
}

/// The browser's window, but the page stays: leaving it would be the end of the test.
struct Staying {
    window: Rc<dyn SocialWindow>,
    left_for: Rc<RefCell<Option<String>>>,
}

impl SocialWindow for Staying {
    fn open(&self) -> Rc<dyn Popup> {
        self.window.open()
    }
    fn address(&self) -> Result<String> {
        self.window.address()
    }
    fn replace_address(&self, address: &str) -> Result<()> {
        self.window.replace_address(address)
    }
    fn leave(&self, address: &str) -> Result<()> {
        self.left_for.replace(Some(address.to_owned()));
        Ok(())
    }
    fn keep(&self, secret: &str) -> Result<()> {
        self.window.keep(secret)
    }
    fn take(&self) -> Result<Option<String>> {
        self.window.take()
    }
}

impl Service {
    /// A client that stays where it should leave.
    fn staying(&self) -> (StepUpClient, Rc<RefCell<Option<String>>>) {
        let platform = self.platform();
        let left_for = Rc::default();
        let window =
            Staying { window: platform.social_window.clone().unwrap(), left_for: Rc::clone(&left_for) };
        (StepUpClient::new(self.config.clone(), platform.with_social_window(window)), left_for)
    }

    fn slot(&self) -> Option<String> {
        let storage = page().session_storage().unwrap().unwrap();
        storage.get_item(&format!("step-up:{}:redirect", self.config.environment_id())).unwrap()
    }
}

/// What a page shows and saw.
#[derive(Clone, Default)]
struct Seen {
    handle: Rc<RefCell<Option<UseStepUpAuthenticationHandle>>>,
    resumed: Rc<RefCell<Option<ResumedHandle>>>,
    /// What another component was given.
    by_another: Rc<RefCell<Option<ResumedHandle>>>,
    render: Rc<RefCell<Option<UseForceUpdateHandle>>>,
    first_address: Rc<RefCell<Option<String>>>,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.handle, &other.handle)
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
            <Another seen={props.seen.clone()} />
        </StepUpProvider>
    }
}

#[derive(Properties, PartialEq)]
struct ScreenProps {
    seen: Seen,
}

#[component]
fn Screen(props: &ScreenProps) -> Html {
    let step_up = use_step_up_authentication();
    props.seen.first_address.borrow_mut().get_or_insert_with(address);
    props.seen.resumed.replace(use_step_up_resume());
    props.seen.handle.replace(Some(step_up.clone()));
    props.seen.render.replace(Some(use_force_update()));
    Html::default()
}

#[component]
fn Another(props: &ScreenProps) -> Html {
    props.seen.by_another.replace(use_step_up_resume());
    Html::default()
}

struct Mounted {
    app: Option<AppHandle<Page>>,
    root: web_sys::Element,
    seen: Seen,
}

impl Mounted {
    async fn new(client: &StepUpClient) -> Self {
        let document = page().document().unwrap();
        let root = document.create_element("div").unwrap();
        document.body().unwrap().append_child(&root).unwrap();
        let seen = Seen::default();
        let props = PageProps { client: client.clone(), seen: seen.clone() };
        let app = yew::Renderer::<Page>::with_root_and_props(root.clone(), props).render();
        settle().await;
        Self { app: Some(app), root, seen }
    }

    fn handle(&self) -> UseStepUpAuthenticationHandle {
        self.seen.handle.borrow().clone().unwrap()
    }

    fn render(&self) {
        self.seen.render.borrow().as_ref().unwrap().force_update();
    }

    /// Whether the one and the other component find a result.
    fn finds_result(&self) -> (bool, bool) {
        (self.seen.resumed.borrow().is_some(), self.seen.by_another.borrow().is_some())
    }

    async fn resumed(&self) -> ResumedHandle {
        wait::until("what is resumed", || self.seen.resumed.borrow().clone()).await
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            app.destroy();
        }
        self.root.remove();
    }
}

#[wasm_bindgen_test]
async fn a_blocked_popup_redirects_and_the_page_that_comes_back_goes_on() {
    let home = address();
    let service = Service::new();
    let (client, left_for) = service.staying();
    sign_in(&client).await;
    show_address(&format!("{}/?tab=1#/deep", origin()));
    block_popups();
    let app = Mounted::new(&client).await;
    let options = SocialOptions::new().with_scopes(&[EXPORT]).with_app_state("wallet 3");
    let left = app.handle().verify_social(Provider::Google, options).await;
    assert_eq!(left, Err(StepUpError::Redirecting));
    settle().await;
    assert!(!app.handle().is_loading);
    let left_for = left_for.take().unwrap();
    assert!(left_for.starts_with(&format!("{}/run.js?client_id=x", origin())), "{left_for}");
    assert!(service.body("initAuth").unwrap().contains(&format!(r#""redirectUrl":"{}/?tab=1""#, origin())));
    drop(app);

    let state = service.state();
    show_address(&format!("{}/?tab=1&dynamicOauthCode=the%20code&dynamicOauthState={state}", origin()));
    let client = service.client();
    assert!(client.user().is_none(), "the session lives in memory");
    let app = Mounted::new(&client).await;
    let clean = format!("{}/?tab=1#/deep", origin());
    assert_eq!(app.seen.first_address.borrow().as_deref(), Some(&*clean), "before anything renders");
    assert_eq!(address(), clean);
    assert_eq!(service.slot(), None);
    let resumed = app.resumed().await.take().unwrap();
    assert_eq!(resumed.purpose, SocialPurpose::StepUp);
    assert_eq!((resumed.provider, resumed.app_state.as_deref()), (Provider::Google, Some("wallet 3")));
    assert_eq!(resumed.scopes, [EXPORT]);
    assert!(resumed.result.unwrap().elevation.is_some());
    assert!(client.elevation(&EXPORT).is_some());
    assert!(service.body("verify").unwrap().contains(r#""code":"the code""#));
    drop(app);
    // It is driven once: a page that is mounted anew resumes nothing.
    let app = Mounted::new(&client).await;
    settle().await;
    assert!(app.seen.resumed.borrow().is_none());
    watch_popups();
    show_address(&home);
}

/// A user leaves for the provider, and this is the page that comes back.
async fn load_again(service: &Service) -> (Mounted, StepUpClient) {
    let (client, _) = service.staying();
    sign_in(&client).await;
    let left = verify(&client, SocialOptions::new().with_redirect()).await;
    assert_eq!(left, Err(StepUpError::Redirecting));
    answer_redirect(service, "dynamicOauthCode=code").await
}

/// The page that the provider sends the user back to.
async fn answer_redirect(service: &Service, answer: &str) -> (Mounted, StepUpClient) {
    let home = address();
    show_address(&format!("{}/?{answer}&dynamicOauthState={}", origin(), service.state()));
    let client = service.client();
    let app = Mounted::new(&client).await;
    show_address(&home);
    (app, client)
}

/// [`load_again`], with the redirect's result.
async fn come_back(service: &Service) -> (Mounted, StepUpClient, ResumedHandle) {
    let (app, client) = load_again(service).await;
    let resumed = app.resumed().await;
    (app, client, resumed)
}

#[wasm_bindgen_test]
async fn a_redirect_is_found_by_every_component_until_one_takes_it() {
    let service = Service::new();
    let (app, _, resumed) = come_back(&service).await;
    app.render();
    settle().await;
    app.render();
    settle().await;
    assert_eq!(app.finds_result(), (true, true), "rendering takes nothing");
    let by_another = app.seen.by_another.borrow().clone().unwrap();
    assert_eq!(resumed, by_another);
    let taken: Resumed = resumed.take().unwrap();
    assert!(taken.result.unwrap().elevation.is_some());
    assert_eq!(by_another.take(), None, "before anything is rendered again");
    settle().await;
    assert_eq!(app.finds_result(), (false, false));
    app.render();
    settle().await;
    assert_eq!(resumed.take(), None);
}

#[wasm_bindgen_test]
async fn a_redirect_belongs_to_its_session() {
    let service = Service::new();
    let (app, client, resumed) = come_back(&service).await;
    // The same session goes on, with a newer user.
    client.refresh().await.unwrap();
    settle().await;
    assert_eq!(app.finds_result(), (true, true));
    client.sign_out().await.unwrap();
    assert_eq!(resumed.take(), None, "before anything is rendered again");
    settle().await;
    assert_eq!(app.finds_result(), (false, false));
    sign_in(&client).await;
    settle().await;
    assert_eq!((app.finds_result(), resumed.take()), ((false, false), None), "not even for the same user");

    // Another user takes the session over, without a sign-out between.
    let (app, client, resumed) = come_back(&service).await;
    sign_in(&client).await;
    assert_eq!(resumed.take(), None);
    settle().await;
    assert_eq!(app.finds_result(), (false, false));
}

#[wasm_bindgen_test]
async fn a_redirect_that_signs_in_belongs_to_the_session_that_it_opens() {
    for (answer, is_signed_in) in [("dynamicOauthCode=code", true), ("error=server_error", false)] {
        let service = Service::new();
        let (client, _) = service.staying();
        let redirect = SocialOptions::new().with_redirect();
        let left = client.sign_in_with_social(&Provider::Google, redirect).await;
        assert_eq!(left.map(drop), Err(StepUpError::Redirecting));
        let (app, client) = answer_redirect(&service, answer).await;
        let resumed = app.resumed().await;
        assert_eq!(resumed.purpose, SocialPurpose::SignIn);
        assert_eq!((resumed.result.is_ok(), client.user().is_some()), (is_signed_in, is_signed_in));
        // Another session begins: what came of the redirect is no longer news.
        sign_in(&client).await;
        settle().await;
        assert_eq!((app.finds_result(), resumed.take()), ((false, false), None));
    }
}

#[wasm_bindgen_test]
async fn a_redirect_whose_session_ended_while_it_was_redeemed_gives_no_result() {
    let service = Service::new();
    let (open, gate) = oneshot::channel();
    service.gate.replace(Some(gate));
    let (app, client) = load_again(&service).await;
    wait::until("the verification that redeems the code", || service.body("verify")).await;
    sign_in(&client).await;
    open.send(()).unwrap();
    settle().await;
    assert_eq!(app.finds_result(), (false, false));
    assert!(client.elevations().is_empty());
}

#[wasm_bindgen_test]
async fn a_return_that_is_not_ours_leaves_the_address_and_verifies_nothing() {
    let home = address();
    let service = Service::new();
    let (client, _) = service.staying();
    sign_in(&client).await;
    show_address(&format!("{}/", origin()));
    let left = verify(&client, SocialOptions::new().with_redirect()).await;
    assert_eq!(left, Err(StepUpError::Redirecting));
    show_address(&format!("{}/?dynamicOauthCode=evil&dynamicOauthState=evil", origin()));
    let app = Mounted::new(&service.client()).await;
    assert_eq!(app.seen.first_address.borrow().as_deref(), Some(&*format!("{}/", origin())));
    assert_eq!(app.resumed().await.result.clone(), Err(StepUpError::StateMismatch));
    assert!(service.body("verify").is_none());
    drop(app);

    show_address(&format!("{}/?dynamicOauthCode=evil&dynamicOauthState=evil&a=1", origin()));
    let app = Mounted::new(&Service::new().client()).await;
    assert_eq!(address(), format!("{}/?a=1", origin()), "an answer to nothing is cleaned away");
    assert!(app.seen.resumed.borrow().is_none());
    show_address(&home);
}

#[wasm_bindgen_test]
async fn a_page_that_is_shown_again_as_it_was_left_is_as_if_it_had_not_left() {
    let service = Service::new();
    let (client, _) = service.staying();
    sign_in(&client).await;
    let app = Mounted::new(&client).await;
    let options = SocialOptions::new().with_redirect();
    let left = app.handle().verify_social(Provider::Google, options).await;
    assert_eq!(left, Err(StepUpError::Redirecting));
    settle().await;
    assert_eq!(app.handle().error, Some(StepUpError::Redirecting));
    assert!(service.slot().is_some());
    let show_again = |persisted| {
        let init = web_sys::PageTransitionEventInit::new();
        init.set_persisted(persisted);
        let event = web_sys::PageTransitionEvent::new_with_event_init_dict("pageshow", &init).unwrap();
        page().dispatch_event(&event).unwrap();
    };
    show_again(false);
    settle().await;
    assert_eq!(app.handle().error, Some(StepUpError::Redirecting), "that was a first load");
    show_again(true);
    settle().await;
    assert_eq!((app.handle().error.clone(), app.handle().is_loading), (None, false));
    assert_eq!(service.slot(), None, "the session does not wait in the tab for nothing");
    assert!(client.user().is_some());
}

#[wasm_bindgen_test]
async fn an_unmounted_component_closes_its_popup() {
    let service = Service::new();
    let client = service.signed_in().await;
    watch_popups();
    let app = Mounted::new(&client).await;
    let outcome = Outcome::of(app.handle().verify_social(Provider::Google, SocialOptions::new()));
    popup_is_there().await;
    settle().await;
    assert!(app.handle().is_loading);
    let message = service.message("late");
    drop(app);
    assert_eq!(outcome.end().await, Err(StepUpError::Cancelled));
    until("popup.closed").await;
    js(&format!(
        "const late = new BroadcastChannel('step-up-oauth'); late.postMessage({message}); late.close()"
    ));
    settle().await;
    assert!(service.body("verify").is_none());
}

#[wasm_bindgen_test]
async fn the_window_keeps_takes_and_goes() {
    let home = address();
    let window = Service::new().platform().social_window.unwrap();
    let other = Service::new().platform().social_window.unwrap();
    assert_eq!(window.take(), Ok(None));
    window.keep("first").unwrap();
    window.keep("second").unwrap();
    assert_eq!(other.take(), Ok(None), "each environment has its own");
    assert_eq!(window.take(), Ok(Some("second".into())));
    assert_eq!(window.take(), Ok(None));
    // A fragment is the one place on the web that a page can go to and stay.
    window.leave(&format!("{}#left", home.split('#').next().unwrap())).unwrap();
    assert!(window.address().unwrap().ends_with("#left"));
    js("history.replaceState({router: 1}, '', location.href)");
    window.replace_address(&home).unwrap();
    assert_eq!(address(), home);
    assert!(js("history.state.router === 1").is_truthy(), "the router's state stays");
    assert!(window.replace_address("https://elsewhere.example/").is_err());
    js("history.replaceState(null, '', location.href)");
}

/// As in a web view that has no storage.
#[wasm_bindgen_test]
async fn where_nothing_can_be_kept_there_is_nothing_to_forget() {
    let service = Service::new();
    js("window.before = Object.getOwnPropertyDescriptor(window, 'sessionStorage')");
    js("Object.defineProperty(window, 'sessionStorage', { value: null, configurable: true })");
    let client = service.client();
    sign_in(&client).await;
    let kept = service.platform().social_window.unwrap().keep("secret");
    js("Object.defineProperty(window, 'sessionStorage', window.before)");
    assert_eq!(client.session().store_error, None);
    assert!(matches!(kept, Err(StepUpError::UnsupportedTarget { .. })));
}

#[wasm_bindgen_test]
async fn a_session_that_lasts_is_not_kept_twice() {
    let service = Service::new();
    let platform = service.platform().with_session_store(WebSessionStore::tab(&service.config));
    let window = Staying { window: platform.social_window.clone().unwrap(), left_for: Rc::default() };
    let client = StepUpClient::new(service.config.clone(), platform.with_social_window(window));
    sign_in(&client).await;
    let left = verify(&client, SocialOptions::new().with_redirect()).await;
    assert_eq!(left, Err(StepUpError::Redirecting));
    assert!(!service.slot().unwrap().contains("minified") && !service.slot().unwrap().contains("session"));
    client.forget_social_redirect();
    client.sign_out().await.unwrap();
}

/// The example of [FIPS 180-2 §B.1](https://csrc.nist.gov/pubs/fips/180-2/final).
#[wasm_bindgen_test]
async fn the_keychain_digests() {
    let digest = Service::new().platform().keychain.sha256(b"abc".to_vec()).await.unwrap();
    assert_eq!((digest[..4].to_vec(), digest[31]), (vec![0xba, 0x78, 0x16, 0xbf], 0xad));
}
