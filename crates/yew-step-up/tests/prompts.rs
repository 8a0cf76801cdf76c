//! Browser lane: prompts and guarded actions, in headless Chromium.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/wait.rs"]
mod wait;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use yew::{platform::spawn_local, prelude::*};
use yew_step_up::{
    Config, HttpRequest, HttpResponse, PromptHandle, PromptMethodKind, PromptOptions, PromptScreen, Result,
    StepUpActionState, StepUpClient, StepUpError, StepUpProvider, Timestamp, TokenScope,
    UseStepUpActionHandle, UseStepUpAuthenticationHandle, Verified, browser_platform, use_step_up_action,
    use_step_up_authentication, use_step_up_client, use_step_up_prompt,
};

use wait::settle;

wasm_bindgen_test_configure!(run_in_browser);

const EXPORT: TokenScope = TokenScope::WalletExport;
const CREATED: &str = r#"{"verificationUUID":"v","email":"a@b.example"}"#;
const BY_EMAIL: &str = r#"{"isRequired":true,"credentials":[{"id":"c","format":"email"}]}"#;
const REFUSED: &str = r#"{"error":"no","code":"elevated_access_token_required"}"#;

/// A server that answers what was put down for it, and the settings and nonces besides.
#[derive(Clone, Default)]
struct Server(Rc<RefCell<VecDeque<Answer>>>);

/// The end of the path that is asked for, the status, the body.
type Answer = (&'static str, u16, String);

impl Server {
    fn answer(&self, path: &'static str, status: u16, body: impl Into<String>) {
        self.0.borrow_mut().push_back((path, status, body.into()));
    }

    fn assert_done(&self) {
        assert!(self.0.borrow().is_empty(), "never asked for: {:?}", self.0.borrow());
    }

    /// A client on which a user is signed in.
    async fn signed_in(&self) -> StepUpClient {
        let start = js_sys::Math::random().to_bits() >> 16 & 0xffff_ffff;
        let config = Config::new(format!("{start:08x}-0000-4000-8000-000000000001")).unwrap();
        let answers = Rc::clone(&self.0);
        let transport = move |request: HttpRequest| {
            let (status, body) = match request.path() {
                path if path.ends_with("/settings") => (200, "{}".into()),
                path if path.ends_with("/nonces") => (200, r#"{"nonces":["1","2","3"]}"#.into()),
                path => {
                    let next = answers.borrow_mut().pop_front();
                    let (expected, status, body) = next.unwrap_or_else(|| panic!("{path} was not expected"));
                    assert!(path.ends_with(expected), "{path} was asked for, not {expected}");
                    (status, body)
                }
            };
            async move { Ok(HttpResponse::new(status, body)) }
        };
        let platform =
            browser_platform(&config).with_transport(transport).with_clock(|| Timestamp::from_secs(1_000));
        let client = StepUpClient::new(config, platform);
        self.answer("/create", 200, CREATED);
        self.answer("/signin", 200, verified(false));
        let verification = client.send_sign_in_code("a@b.example").await.unwrap();
        client.sign_in_with_otp(&verification, "1").await.unwrap();
        client
    }

    /// The user types the code that they are sent.
    async fn verify(&self, seen: &Seen) {
        self.answer("/create", 200, CREATED);
        seen.prompt().send();
        settle().await;
        self.answer("/emailVerifications/verify", 200, verified(true));
        seen.prompt().submit_code("123456");
        settle().await;
    }
}

thread_local!(static GRANTED: Cell<u32> = const { Cell::new(0) });

/// The answer to a verification. Each grants a token of its own: the client doesn't hold one again that was refused.
fn verified(is_elevated: bool) -> String {
    let number = GRANTED.replace(GRANTED.get() + 1);
    let claims = format!(r#"{{"scope":"wallet:export","exp":1300,"singleUse":true,"jti":"{number}"}}"#);
    let payload = web_sys::window().unwrap().btoa(&claims).unwrap().replace('=', "");
    let elevated =
        if is_elevated { format!(r#""elevatedAccessToken":"e30.{payload}.x","#) } else { String::new() };
    format!(
        r#"{{{elevated}"minifiedJwt":"x","expiresAt":5000,"user":{{"id":"u","verifiedCredentials":[
        {{"id":"c","format":"email","email":"a@b.example","signInEnabled":true}}]}}}}"#
    )
}

/// What the page's hooks gave at their last render, and what the page shows.
#[derive(Clone, Default)]
struct Seen {
    step_up: Rc<RefCell<Option<UseStepUpAuthenticationHandle>>>,
    action: Rc<RefCell<Option<UseStepUpActionHandle<u32, StepUpError>>>>,
    prompts: [Rc<RefCell<Option<PromptHandle>>>; 2],
    /// Whether the asker, the drawer, and a second drawer are mounted.
    mounted: Rc<Cell<(bool, bool, bool)>>,
    render: Rc<RefCell<Option<UseForceUpdateHandle>>>,
    /// What the action's closure of the latest render gives.
    output: Rc<Cell<u32>>,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.mounted, &other.mounted)
    }
}

impl Seen {
    fn step_up(&self) -> UseStepUpAuthenticationHandle {
        self.step_up.borrow().clone().unwrap()
    }

    fn action(&self) -> UseStepUpActionHandle<u32, StepUpError> {
        self.action.borrow().clone().unwrap()
    }

    fn prompt(&self) -> PromptHandle {
        self.prompts[0].borrow().clone().expect("no prompt is drawn")
    }

    fn is_drawn(&self, by: usize) -> bool {
        self.prompts[by].borrow().is_some()
    }

    async fn mount(&self, asker: bool, drawer: bool, second: bool) {
        self.mounted.set((asker, drawer, second));
        self.render.borrow().as_ref().unwrap().force_update();
        settle().await;
    }

    /// Asks, and gives where the outcome will be.
    fn ask(&self) -> Rc<RefCell<Option<Result<Verified>>>> {
        Self::follow(self.step_up().prompt_step_up_auth(PromptOptions::new(&[EXPORT])))
    }

    fn follow(
        wait: impl Future<Output = Result<Verified>> + 'static,
    ) -> Rc<RefCell<Option<Result<Verified>>>> {
        let outcome = Rc::<RefCell<_>>::default();
        let slot = Rc::clone(&outcome);
        spawn_local(async move {
            let result = wait.await;
            slot.replace(Some(result));
        });
        outcome
    }
}

#[derive(Properties, PartialEq)]
struct PageProps {
    client: StepUpClient,
    seen: Seen,
}

#[component]
fn Page(props: &PageProps) -> Html {
    props.seen.render.replace(Some(use_force_update()));
    let seen = &props.seen;
    let (asker, drawer, second) = seen.mounted.get();
    html! {
        <StepUpProvider client={props.client.clone()}>
            if asker { <Asker seen={seen.clone()} output={seen.output.get()} /> }
            if drawer { <Drawer seen={seen.clone()} number={0} /> }
            if second { <Drawer seen={seen.clone()} number={1} /> }
        </StepUpProvider>
    }
}

#[derive(Properties, PartialEq)]
struct AskerProps {
    seen: Seen,
    output: u32,
}

#[component]
fn Asker(props: &AskerProps) -> Html {
    props.seen.step_up.replace(Some(use_step_up_authentication()));
    let (client, output) = (use_step_up_client(), props.output);
    let action = use_step_up_action(EXPORT, move |scopes| {
        let sending = client.send(HttpRequest::post("/export"), scopes);
        async move { sending.await.map(|_| output) }
    });
    props.seen.action.replace(Some(action));
    Html::default()
}

#[derive(Properties, PartialEq)]
struct DrawerProps {
    seen: Seen,
    number: usize,
}

#[component]
fn Drawer(props: &DrawerProps) -> Html {
    let prompt = use_step_up_prompt();
    props.seen.prompts[props.number].replace(prompt);
    Html::default()
}

struct Mounted {
    app: Option<AppHandle<Page>>,
    seen: Seen,
}

impl Mounted {
    async fn new(client: &StepUpClient, mounted: (bool, bool, bool)) -> Self {
        let root = web_sys::window().unwrap().document().unwrap().create_element("div").unwrap();
        let seen = Seen::default();
        seen.mounted.set(mounted);
        let props = PageProps { client: client.clone(), seen: seen.clone() };
        let app = yew::Renderer::<Page>::with_root_and_props(root, props).render();
        settle().await;
        Self { app: Some(app), seen }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            app.destroy();
        }
    }
}

#[wasm_bindgen_test]
async fn a_prompt_is_drawn_and_ends_with_the_token() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client, (true, true, false)).await;
    server.answer("/stepUp/check", 200, BY_EMAIL);
    let outcome = page.seen.ask();
    assert!(page.seen.step_up().is_loading || outcome.borrow().is_none());
    settle().await;
    let prompt = page.seen.prompt();
    assert_eq!(prompt.scopes, [EXPORT]);
    let PromptScreen::Verify(method) = &prompt.screen else { panic!("{prompt:?}") };
    assert_eq!((method.kind, method.label.as_deref()), (PromptMethodKind::Email, Some("a@b.example")));
    assert!(page.seen.step_up().is_loading);

    server.answer("/create", 200, CREATED);
    prompt.send();
    settle().await;
    assert!(page.seen.prompt().otp_verification.is_some(), "the drawer is rendered again");
    let wrong = r#"{"error":"no","code":"wrong_email_verification_token","payload":{"attemptsLeft":1}}"#;
    server.answer("/emailVerifications/verify", 422, wrong);
    prompt.submit_code("0");
    settle().await;
    assert_eq!(page.seen.prompt().attempts_left(), Some(1));
    assert!(outcome.borrow().is_none());

    server.answer("/emailVerifications/verify", 200, verified(true));
    page.seen.prompt().submit_code("123456");
    settle().await;
    assert!(outcome.take().unwrap().is_ok());
    assert!(client.elevation(&EXPORT).is_some());
    assert!(!page.seen.is_drawn(0));
    assert!(!page.seen.step_up().is_loading);
    server.assert_done();
}

#[wasm_bindgen_test]
async fn prompt_mfa_asks_for_a_second_factor_and_ends_with_the_token() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client, (true, true, false)).await;
    server.answer(
        "/stepUp/check",
        200,
        r#"{"isRequired":true,"credentials":[{"id":"t","format":"totp","alias":"Phone"}]}"#,
    );
    let outcome =
        Seen::follow(page.seen.step_up().prompt_mfa(PromptOptions::new(&[EXPORT]).with_mfa_token()));
    settle().await;
    assert!(page.seen.step_up().is_loading && outcome.borrow().is_none());
    let prompt = page.seen.prompt();
    let method = prompt.method().unwrap();
    assert_eq!((method.kind, method.label.as_deref()), (PromptMethodKind::Totp, Some("Phone")));
    let answer = verified(true).replacen('{', r#"{"mfaToken":"m","#, 1);
    server.answer("/users/mfa/auth/totp", 200, answer);
    prompt.submit_code("123456");
    settle().await;
    let verified = outcome.take().unwrap().unwrap();
    assert_eq!(verified.elevation.unwrap().scopes, [EXPORT]);
    assert!(verified.mfa_token.is_some());
    assert!(client.elevation(&EXPORT).is_some() && !page.seen.is_drawn(0));
    let state = page.seen.step_up();
    assert_eq!((state.is_loading, state.error.clone(), state.is_cancelled), (false, None, false));
    server.assert_done();
}

#[wasm_bindgen_test]
async fn where_nobody_draws_the_error_says_so() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client, (true, false, false)).await;
    let outcome = page.seen.ask();
    settle().await;
    assert_eq!(outcome.take(), Some(Err(StepUpError::NoPrompter)));
    assert_eq!(page.seen.step_up().error, Some(StepUpError::NoPrompter));
}

#[wasm_bindgen_test]
async fn a_drawer_that_is_mounted_by_the_same_click_is_in_time() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client, (true, false, false)).await;
    server.answer("/stepUp/check", 200, BY_EMAIL);
    let outcome = page.seen.ask();
    page.seen.mount(true, true, false).await;
    assert!(outcome.borrow().is_none());
    page.seen.prompt().cancel();
    settle().await;
    assert_eq!(outcome.take(), Some(Err(StepUpError::Cancelled)));
    let state = page.seen.step_up();
    assert_eq!(
        (state.error.clone(), state.is_cancelled),
        (None, true),
        "the user's own no is no error to show"
    );
}

#[wasm_bindgen_test]
async fn the_last_mounted_draws_and_the_last_to_go_cancels() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client, (true, true, false)).await;
    server.answer("/stepUp/check", 200, BY_EMAIL);
    let outcome = page.seen.ask();
    settle().await;
    page.seen.mount(true, true, true).await;
    assert!(page.seen.is_drawn(1));
    page.seen.mount(true, true, false).await;
    settle().await;
    assert!(page.seen.is_drawn(0) && outcome.borrow().is_none(), "the one below draws again");
    page.seen.mount(true, false, false).await;
    assert_eq!(outcome.take(), Some(Err(StepUpError::Cancelled)));
    assert!(!page.seen.step_up().is_loading);
}

#[wasm_bindgen_test]
async fn an_asker_that_is_unmounted_leaves_the_prompt() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client, (true, true, false)).await;
    server.answer("/stepUp/check", 200, BY_EMAIL);
    let outcome = page.seen.ask();
    settle().await;
    assert!(page.seen.is_drawn(0));
    page.seen.mount(false, true, false).await;
    assert_eq!(outcome.take(), Some(Err(StepUpError::Cancelled)));
    assert!(!page.seen.is_drawn(0), "nobody waits any more");
}

#[wasm_bindgen_test]
async fn an_action_prompts_runs_and_runs_once_more_with_the_latest_closure() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client, (true, true, false)).await;
    assert_eq!(*page.seen.action(), StepUpActionState::Idle);
    server.answer("/stepUp/check", 200, BY_EMAIL);
    page.seen.action().run();
    page.seen.action().run();
    settle().await;
    assert_eq!(*page.seen.action(), StepUpActionState::Prompting);
    // The page is rendered with another closure meanwhile.
    page.seen.output.set(7);
    page.seen.mount(true, true, false).await;
    server.answer("/create", 200, CREATED);
    page.seen.prompt().send();
    settle().await;
    server.answer("/emailVerifications/verify", 200, verified(true));
    server.answer("/export", 403, REFUSED);
    server.answer("/stepUp/check", 200, BY_EMAIL);
    page.seen.prompt().submit_code("123456");
    settle().await;
    assert_eq!(*page.seen.action(), StepUpActionState::Prompting, "the server wants it once more");
    server.answer("/create", 200, CREATED);
    page.seen.prompt().send();
    settle().await;
    server.answer("/emailVerifications/verify", 200, verified(true));
    server.answer("/export", 200, "{}");
    page.seen.prompt().submit_code("123456");
    settle().await;
    assert_eq!(*page.seen.action(), StepUpActionState::Done(7));
    page.seen.action().reset();
    settle().await;
    assert_eq!(*page.seen.action(), StepUpActionState::Idle);
    server.assert_done();
}

#[wasm_bindgen_test]
async fn an_action_that_the_user_cancels_is_cancelled_and_runs_again() {
    let server = Server::default();
    let client = server.signed_in().await;
    let page = Mounted::new(&client, (true, true, false)).await;
    server.answer("/stepUp/check", 200, BY_EMAIL);
    page.seen.action().run();
    settle().await;
    page.seen.prompt().cancel();
    settle().await;
    assert_eq!(*page.seen.action(), StepUpActionState::Cancelled);
    assert!(!page.seen.action().is_busy());
    // Held by another way, it runs without a prompt.
    server.answer("/stepUp/check", 200, BY_EMAIL);
    let outcome = page.seen.ask();
    settle().await;
    server.verify(&page.seen).await;
    assert!(outcome.take().unwrap().is_ok());
    server.answer("/export", 200, "{}");
    page.seen.action().run();
    settle().await;
    assert_eq!(*page.seen.action(), StepUpActionState::Done(0));
    server.assert_done();
}
