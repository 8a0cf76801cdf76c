//! Core lane: the hooks on the host, by the server renderer and by calling their methods.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{cell::RefCell, collections::VecDeque, rc::Rc, time::Duration};

use futures_util::future::pending;
use yew::{ServerRenderer, prelude::*};
use yew_step_up::{
    Challenge, Config, HttpRequest, HttpResponse, Keychain, LocalFuture, Platform, PublicKey, Result,
    SessionStatus, Signature, StepUpClient, StepUpError, StepUpProvider, Timestamp, TokenScope,
    UseStepUpAuthenticationHandle, browser_platform, use_elevation, use_session, use_step_up_action,
    use_step_up_authentication, use_step_up_client, use_step_up_prompt,
};

#[cfg(feature = "wallet")]
use yew_step_up::use_wallets;

const ENVIRONMENT: &str = "2762a57b-faa4-41ce-9f16-abff9300e2c9";

#[component]
fn Status() -> Html {
    let (session, elevation) = (use_session(), use_elevation(TokenScope::WalletExport));
    let step_up = use_step_up_authentication();
    html! {
        <p>
            { format!("{:?} {:?} {:?} {}", session.status(), elevation.elevation(), elevation.remaining(), step_up.is_loading) }
        </p>
    }
}

#[component]
fn Page() -> Html {
    html! { <StepUpProvider environment_id={ENVIRONMENT}><Status /></StepUpProvider> }
}

#[tokio::test(flavor = "current_thread")]
async fn a_page_is_rendered_on_a_server_without_a_request() {
    let html = ServerRenderer::<Page>::new().hydratable(false).render().await;
    assert_eq!(html, "<p>SignedOut None 0ns false</p>");
}

#[tokio::test(flavor = "current_thread")]
async fn on_a_server_a_request_is_an_honest_error() {
    let config = Config::new(ENVIRONMENT).unwrap();
    let client = StepUpClient::new(config.clone(), browser_platform(&config));
    assert!(matches!(
        client.send_sign_in_code("a@b.example").await,
        Err(StepUpError::UnsupportedTarget { .. })
    ));
    assert_eq!(client.check(&TokenScope::WalletExport).await.cause, Some(StepUpError::NotSignedIn));
}

#[component]
fn Prompting() -> Html {
    let prompt = use_step_up_prompt();
    let action = use_step_up_action(TokenScope::WalletExport, |_| async { Ok::<_, StepUpError>(1) });
    html! { { format!("{prompt:?} {:?}", *action) } }
}

#[component]
fn PromptingPage() -> Html {
    html! { <StepUpProvider environment_id={ENVIRONMENT}><Prompting /></StepUpProvider> }
}

#[tokio::test(flavor = "current_thread")]
async fn nobody_waits_for_a_prompt_on_a_server() {
    let html = ServerRenderer::<PromptingPage>::new().hydratable(false).render().await;
    assert_eq!(html, "None Idle");
}

#[cfg(feature = "social")]
mod social {
    use yew_step_up::{Popup as _, Provider, SocialOptions, SocialPopup, use_step_up_resume};

    use super::*;

    #[component]
    fn Return() -> Html {
        let resumed = use_step_up_resume();
        html! { { format!("{resumed:?}") } }
    }

    #[component]
    fn ReturnPage() -> Html {
        html! { <StepUpProvider environment_id={ENVIRONMENT}><Return /></StepUpProvider> }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_server_resumes_nothing() {
        assert_eq!(ServerRenderer::<ReturnPage>::new().hydratable(false).render().await, "None");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_server_opens_no_popup() {
        assert!(SocialPopup::open().is_blocked());
        let config = Config::new(ENVIRONMENT).unwrap();
        let client = StepUpClient::new(config.clone(), browser_platform(&config));
        let options = SocialOptions::new().with_popup(SocialPopup::open());
        let refused = client.sign_in_with_social(&Provider::Google, options).await;
        assert!(matches!(refused, Err(StepUpError::UnsupportedTarget { .. })));
    }
}

#[derive(Properties, PartialEq)]
struct CaptureProps {
    client: StepUpClient,
    captured: Captured,
}

/// Carries a handle out of the render.
#[derive(Clone, Default)]
struct Captured(Rc<RefCell<Option<UseStepUpAuthenticationHandle>>>);

impl PartialEq for Captured {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[component]
fn Inner(props: &CaptureProps) -> Html {
    let step_up = use_step_up_authentication();
    let client = use_step_up_client();
    assert_eq!(client, props.client, "the client is compared by identity");
    assert_eq!(step_up, step_up.clone());
    props.captured.0.replace(Some(step_up));
    Html::default()
}

#[component]
fn Capture(props: &CaptureProps) -> Html {
    html! {
        <StepUpProvider client={props.client.clone()}>
            <Inner client={props.client.clone()} captured={props.captured.clone()} />
        </StepUpProvider>
    }
}

/// The handle of a component, whose methods run on the host as well.
fn handle(client: &StepUpClient) -> UseStepUpAuthenticationHandle {
    let captured = Captured::default();
    let html = futures::executor::block_on(async {
        let (client, captured) = (client.clone(), captured.clone());
        yew::LocalServerRenderer::<Capture>::with_props(CaptureProps { client, captured })
            .hydratable(false)
            .render()
            .await
    });
    assert_eq!(html, "", "the provider renders no markup");
    captured.0.take().unwrap()
}

struct NoKeys;

impl Keychain for NoKeys {
    fn session_key(&self) -> LocalFuture<'static, Result<PublicKey>> {
        Box::pin(async { PublicKey::from_uncompressed(&[[4].as_slice(), &[1; 64]].concat()) })
    }
    fn sign_with_device_key(&self, _: Vec<u8>) -> LocalFuture<'static, Result<(PublicKey, Signature)>> {
        let key = PublicKey::from_uncompressed(&[[4].as_slice(), &[1; 64]].concat());
        Box::pin(async { Ok((key?, Signature::from_raw(&[2; 64])?)) })
    }
    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.fill(7);
        Ok(())
    }
}

/// A client whose server answers what was put down for it, and settings and nonces besides.
fn client(answers: &[(u16, &str)]) -> StepUpClient {
    let answers: RefCell<VecDeque<(u16, String)>> =
        RefCell::new(answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect());
    let transport = move |request: HttpRequest| {
        let (status, body) = match request.path() {
            path if path.ends_with("/settings") => (200, "{}".into()),
            path if path.ends_with("/nonces") => (200, r#"{"nonces":["1","2"]}"#.into()),
            path => answers.borrow_mut().pop_front().unwrap_or_else(|| panic!("{path} was not expected")),
        };
        async move { Ok(HttpResponse::new(status, body)) }
    };
    let timer = |_: Duration| -> LocalFuture<'static, ()> { Box::pin(pending()) };
    let platform = Platform::new(transport, || Timestamp::from_secs(1_000), timer, NoKeys);
    StepUpClient::new(Config::new(ENVIRONMENT).unwrap(), platform)
}

const CREATED: (u16, &str) = (200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
const SIGNED_IN: (u16, &str) = (
    200,
    r#"{"minifiedJwt":"x","expiresAt":5000,"user":{"id":"u","verifiedCredentials":[
        {"id":"c","format":"email","email":"a@b.example","signInEnabled":true},
        {"id":"w","format":"blockchain"}]}}"#,
);

fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}

/// A signed-in client and a handle on it.
fn signed_in(rest: &[(u16, &str)]) -> (StepUpClient, UseStepUpAuthenticationHandle) {
    let client = client(&[&[CREATED, SIGNED_IN], rest].concat());
    let verification = block_on(client.send_sign_in_code("a@b.example")).unwrap();
    block_on(client.sign_in_with_otp(&verification, "1")).unwrap();
    assert_eq!(client.status(), SessionStatus::SignedIn);
    let handle = handle(&client);
    (client, handle)
}

const SCOPES: [TokenScope; 1] = [TokenScope::WalletExport];

#[test]
fn a_code_that_was_never_sent_cannot_be_verified_or_sent_again() {
    let (_, step_up) = signed_in(&[]);
    assert_eq!(block_on(step_up.verify_otp("1", &SCOPES)), Err(StepUpError::OtpNotSent));
    assert_eq!(block_on(step_up.resend_otp()), Err(StepUpError::OtpNotSent));
}

#[test]
fn send_and_verify_work_from_one_render_and_use_the_code_up() {
    let (_, step_up) = signed_in(&[CREATED, SIGNED_IN]);
    block_on(step_up.send_otp()).unwrap();
    // The state of this render is older than the code, and verification finds it all the same.
    assert_eq!(step_up.otp_verification, None);
    assert_eq!(
        block_on(step_up.verify_otp("1", &SCOPES)),
        Err(StepUpError::NotElevated(Challenge::new(&SCOPES)))
    );
    // The server took the code, though it granted nothing: it is no use to type it again.
    assert_eq!(block_on(step_up.verify_otp("1", &[])), Err(StepUpError::OtpNotSent));
}

#[test]
fn a_verified_code_is_forgotten() {
    let (_, step_up) = signed_in(&[CREATED, SIGNED_IN]);
    block_on(step_up.send_otp()).unwrap();
    block_on(step_up.verify_otp("1", &[])).unwrap();
    assert_eq!(block_on(step_up.verify_otp("1", &[])), Err(StepUpError::OtpNotSent));
}

#[test]
fn the_hooks_own_credential_is_used_and_a_call_may_name_another() {
    let (_, step_up) = signed_in(&[CREATED]);
    assert_eq!(
        block_on(step_up.send_otp_to(&"gone".into())),
        Err(StepUpError::CredentialNotFound("gone".into()))
    );
    assert!(matches!(
        block_on(step_up.send_otp_to(&"w".into())),
        Err(StepUpError::CredentialUnsupported { .. })
    ));
    let sent = block_on(step_up.send_otp_to(&"c".into())).unwrap();
    assert_eq!(sent.destination(), "a@b.example");
}

#[test]
fn a_reset_forgets_the_code() {
    let (_, step_up) = signed_in(&[CREATED]);
    block_on(step_up.send_otp()).unwrap();
    step_up.reset_state();
    assert_eq!(block_on(step_up.verify_otp("1", &SCOPES)), Err(StepUpError::OtpNotSent));
}

#[test]
#[should_panic(expected = "no StepUpProvider above this component")]
fn without_a_provider_the_mistake_is_named() {
    block_on(yew::LocalServerRenderer::<Status>::new().render());
}

#[component]
fn Misconfigured() -> Html {
    html! { <StepUpProvider environment_id="not a uuid" /> }
}

#[test]
#[should_panic(expected = "the environment id \"not a uuid\" is not a UUID")]
fn an_environment_id_that_is_none_is_named() {
    block_on(yew::LocalServerRenderer::<Misconfigured>::new().render());
}

#[test]
fn debug_of_a_handle_shows_no_secret() {
    let (client, step_up) = signed_in(&[CREATED]);
    block_on(step_up.send_otp()).unwrap();
    let text = format!("{step_up:?} {client:?} {:?}", client.session());
    assert!(!text.contains("minifiedJwt") && !text.contains("\"x\""), "{text}");
}

#[cfg(feature = "wallet")]
#[component]
fn WalletCount() -> Html {
    let wallets = use_wallets();
    html! { wallets.len() }
}

#[cfg(feature = "wallet")]
#[component]
fn WalletPage() -> Html {
    html! { <StepUpProvider environment_id={ENVIRONMENT}><WalletCount /></StepUpProvider> }
}

#[cfg(feature = "wallet")]
#[tokio::test(flavor = "current_thread")]
async fn a_server_has_no_wallets_and_says_so() {
    let html = ServerRenderer::<WalletPage>::new().hydratable(false).render().await;
    assert_eq!(html, "0");
    let config = Config::new(ENVIRONMENT).unwrap();
    let client = StepUpClient::new(config.clone(), browser_platform(&config));
    let signed_in = client.sign_in_with_wallet(&"any".into()).await;
    assert!(matches!(signed_in, Err(StepUpError::UnsupportedTarget { .. })), "{signed_in:?}");
}
