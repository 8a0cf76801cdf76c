//! A service that answers as it is told, a user who is signed in to it, and an app with a button and the prompt.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "not every user of it needs everything"
)]

use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn},
    rc::Rc,
    task::{Poll, Waker},
    time::Duration,
};

use yew::{platform::spawn_local, prelude::*};
use yew_step_up::{
    Config, HttpRequest, HttpResponse, LocalFuture, Platform, PromptOptions, Result, StepUpClient,
    StepUpProvider, Timestamp, TokenScope, Verified, browser_platform, use_step_up_client,
};
use yew_step_up_ui::{StepUpPrompt, Texts};

pub const CREATED: &str = r#"{"verificationUUID":"v","email":"ada@example.com"}"#;
pub const BY_EMAIL: &str = r#"{"isRequired":true,"credentials":[{"id":"email","format":"email"}]}"#;
pub const BY_SMS: &str = r#"{"isRequired":true,"credentials":[{"id":"sms","format":"phoneNumber"}]}"#;
pub const BY_WALLET: &str = r#"{"isRequired":true,"credentials":[{"id":"wallet","format":"blockchain"}]}"#;
pub const BY_SOCIAL: &str = r#"{"isRequired":true,"credentials":[{"id":"social","format":"oauth"}]}"#;
pub const BY_ALL: &str = r#"{"isRequired":true,"credentials":[{"id":"email","format":"email"},
    {"id":"sms","format":"phoneNumber"},{"id":"wallet","format":"blockchain"},{"id":"social","format":"oauth"}]}"#;
pub const BY_TOTP: &str = r#"{"isRequired":true,"defaultCredentialId":"t","credentials":[
    {"id":"t","format":"totp","alias":"Ada's phone"},{"id":"p","format":"passkey","alias":"Ada's laptop"}]}"#;
pub const BY_PASSKEY: &str = r#"{"isRequired":true,"defaultCredentialId":"p","credentials":[
    {"id":"t","format":"totp","alias":"Ada's phone"},{"id":"p","format":"passkey","alias":"Ada's laptop"}]}"#;
const CREDENTIALS: &str = r#"
    {"id":"email","format":"email","email":"ada@example.com","signInEnabled":true},
    {"id":"sms","format":"phoneNumber","phoneNumber":"5551234567","phoneCountryCode":"1","signInEnabled":true},
    {"id":"wallet","format":"blockchain","address":"0x52908400098527886E0F7030069857D2E4169EE7","chain":"eip155",
     "wallet_name":"Example Wallet","wallet_provider":"browserExtension","signInEnabled":true},
    {"id":"social","format":"oauth","oauthProvider":"github","oauth_provider":"github","oauth_display_name":"ada-l",
     "signInEnabled":true}"#;

/// The end of a path, the status, the body. The status 0 never comes.
type Answer = (&'static str, u16, String);

#[derive(Clone, Default)]
pub struct Service {
    answers: Rc<RefCell<Vec<Answer>>>,
    asked: Rc<RefCell<Vec<String>>>,
}

impl PartialEq for Service {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.answers, &other.answers)
    }
}

impl Service {
    pub fn new() -> Self {
        let service = Self::default();
        service.answer("/settings", 200, "{}");
        service.answer("/nonces", 200, r#"{"nonces":["1","2","3"]}"#);
        service.answer("/create", 200, CREATED);
        service.answer("/signin", 200, verified(false));
        service.answer("/emailVerifications/verify", 200, verified(true));
        service
    }

    /// From now on.
    pub fn answer(&self, path: &'static str, status: u16, body: impl Into<String>) {
        self.answers.borrow_mut().push((path, status, body.into()));
    }

    /// How often this was asked for.
    pub fn asked(&self, path: &str) -> usize {
        self.asked.borrow().iter().filter(|asked| asked.ends_with(path)).count()
    }

    /// A client on which a user is signed in.
    pub async fn signed_in(&self) -> StepUpClient {
        self.signed_in_on(|platform| platform).await
    }

    /// A client whose clock and timers a test moves, on which a user is signed in.
    pub async fn signed_in_at(&self, time: &HandTime) -> StepUpClient {
        let (clock, timer) = (time.clone(), time.clone());
        let sleep = move |duration| -> LocalFuture<'static, ()> { Box::pin(timer.sleep(duration)) };
        self.signed_in_on(|platform| platform.with_clock(move || clock.now.get()).with_timer(sleep)).await
    }

    async fn signed_in_on(&self, change: impl FnOnce(Platform) -> Platform) -> StepUpClient {
        let start = js_sys::Math::random().to_bits() >> 16 & 0xffff_ffff;
        let config = Config::new(format!("{start:08x}-0000-4000-8000-000000000001")).unwrap();
        let service = self.clone();
        let transport = move |request: HttpRequest| {
            let path = request.path().to_owned();
            service.asked.borrow_mut().push(path.clone());
            let answers = service.answers.borrow();
            let answer = answers.iter().rev().find(|(end, _, _)| path.ends_with(end)).cloned();
            async move {
                let (_, status, body) = answer.unwrap_or_else(|| panic!("{path} was not expected"));
                if status == 0 {
                    pending::<()>().await;
                }
                Ok(HttpResponse::new(status, body))
            }
        };
        let platform =
            browser_platform(&config).with_transport(transport).with_clock(|| Timestamp::from_secs(1_000));
        let client = StepUpClient::new(config, change(platform));
        let verification = client.send_sign_in_code("ada@example.com").await.unwrap();
        client.sign_in_with_otp(&verification, "1").await.unwrap();
        self.asked.borrow_mut().clear();
        client
    }
}

/// A clock that a test moves, and the timers that go by it.
#[derive(Clone)]
pub struct HandTime {
    now: Rc<Cell<Timestamp>>,
    sleepers: Rc<RefCell<Vec<Waker>>>,
}

impl HandTime {
    pub fn new() -> Self {
        Self { now: Rc::new(Cell::new(Timestamp::from_secs(1_000))), sleepers: Rc::default() }
    }

    pub fn advance(&self, seconds: u64) {
        self.now.set(self.now.get().after(Duration::from_secs(seconds)));
        self.sleepers.take().into_iter().for_each(Waker::wake);
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + use<> {
        let (time, until) = (self.clone(), self.now.get().after(duration));
        poll_fn(move |context| {
            if time.now.get() >= until {
                return Poll::Ready(());
            }
            time.sleepers.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
    }
}

/// The user signed in with the wallet.
pub fn verified(is_elevated: bool) -> String {
    let claims = r#"{"scope":"wallet:export","exp":1300,"singleUse":true}"#;
    let elevated =
        if is_elevated { format!(r#""elevatedAccessToken":"{}","#, token(claims)) } else { String::new() };
    let session = token(r#"{"signin_credential_id":"wallet"}"#);
    format!(
        r#"{{{elevated}"minifiedJwt":"{session}","expiresAt":5000,"user":{{"id":"u","verifiedCredentials":[{CREDENTIALS}]}}}}"#
    )
}

fn token(claims: &str) -> String {
    format!("e30.{}.x", web_sys::window().unwrap().btoa(claims).unwrap().replace('=', ""))
}

/// How the app's call ended.
pub type Outcome = Rc<RefCell<Option<Result<Verified>>>>;

/// Renders the app again.
#[derive(Clone, Default)]
pub struct Render(pub Rc<RefCell<Option<UseForceUpdateHandle>>>);

impl PartialEq for Render {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Clone, Properties, PartialEq)]
pub struct AppProps {
    pub client: StepUpClient,
    #[prop_or_else(Texts::english)]
    pub texts: Texts,
    #[prop_or_default]
    pub captcha: Option<Callback<Callback<AttrValue>, Html>>,
    #[prop_or_default]
    pub render: Render,
    #[prop_or_default]
    pub outcome: Outcome,
    /// Whether the prompt is mounted.
    #[prop_or_default]
    pub is_unmounted: Rc<Cell<bool>>,
    #[prop_or_default]
    pub purpose: Option<TokenScope>,
    /// Whether the app's own action goes on after the prompt.
    #[prop_or_default]
    pub keeps_busy: Rc<Cell<bool>>,
}

/// An app with a button that asks for a step-up, which is disabled until that has ended.
#[component]
pub fn App(props: &AppProps) -> Html {
    props.render.0.replace(Some(use_force_update()));
    html! {
        <StepUpProvider client={props.client.clone()}>
            <Asker outcome={Rc::clone(&props.outcome)} purpose={props.purpose.clone()} keeps_busy={Rc::clone(&props.keeps_busy)} />
            if !props.is_unmounted.get() {
                <StepUpPrompt texts={props.texts.clone()} captcha={props.captcha.clone()} />
            }
        </StepUpProvider>
    }
}

#[derive(Properties, PartialEq)]
struct AskerProps {
    outcome: Outcome,
    keeps_busy: Rc<Cell<bool>>,
    purpose: Option<TokenScope>,
}

#[component]
fn Asker(props: &AskerProps) -> Html {
    let client = use_step_up_client();
    let is_busy = use_state(|| false);
    let onclick = {
        let (outcome, is_busy) = (Rc::clone(&props.outcome), is_busy.clone());
        let keeps_busy = Rc::clone(&props.keeps_busy);
        let scope = props.purpose.clone().unwrap_or(TokenScope::WalletExport);
        move |_: MouseEvent| {
            is_busy.set(true);
            let wait = client.prompt_step_up_auth(PromptOptions::new(std::slice::from_ref(&scope)));
            let (outcome, is_busy) = (Rc::clone(&outcome), is_busy.clone());
            let keeps_busy = Rc::clone(&keeps_busy);
            spawn_local(async move {
                let result = wait.await;
                outcome.replace(Some(result));
                is_busy.set(keeps_busy.get());
            });
        }
    };
    html! {
        <>
            <button id="ask" {onclick} disabled={*is_busy}>{ "Export wallet" }</button>
            <button id="elsewhere">{ "Elsewhere" }</button>
        </>
    }
}
