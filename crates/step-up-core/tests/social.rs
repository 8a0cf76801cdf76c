//! Core lane: social accounts, with a scripted service and scripted windows, whose clock is moved by hand.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    cell::{Cell, RefCell},
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use step_up_core::{
    Challenge, Config, HttpRequest, HttpResponse, Keychain, LocalFuture, MemorySessionStore, OnBlocked,
    Popup, Provider, PublicKey, Result, SessionStatus, SessionStore, Signature, SocialMessage, SocialOptions,
    SocialPurpose, SocialWindow, StepUpClient, StepUpError, StoredSession, TokenScope, Verified,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;
const PENDING: &str = r#"{"status":"pending"}"#;

/// The world that a client lives in: its service, its windows, its clock.
#[derive(Clone)]
struct World(Rc<Inner>);

struct Inner {
    script: Rc<Script>,
    settings: RefCell<String>,
    /// What the service says of a request, and how it answers the verification.
    result: RefCell<Answer>,
    verify: RefCell<(u16, String)>,
    held: RefCell<Option<Answer>>,
    init: RefCell<(u16, String)>,
    seen: RefCell<Vec<HttpRequest>>,
    address: RefCell<String>,
    slot: RefCell<Option<String>>,
    left_for: RefCell<Vec<String>>,
    popups: RefCell<Vec<Rc<PopupInner>>>,
    is_blocking: Cell<bool>,
    log: RefCell<Vec<&'static str>>,
    store: Rc<MemorySessionStore>,
    is_store_lasting: Cell<bool>,
}

type Heard = Box<dyn Fn(SocialMessage)>;

#[derive(Default)]
struct PopupInner {
    is_blocked: bool,
    is_gone: Cell<bool>,
    origin: RefCell<String>,
    heard: RefCell<Option<Heard>>,
    went_to: RefCell<Option<String>>,
    is_closed: Cell<bool>,
}

#[derive(Clone)]
struct ScriptedPopup(Rc<PopupInner>);

impl Popup for ScriptedPopup {
    fn is_blocked(&self) -> bool {
        self.0.is_blocked
    }
    fn is_gone(&self) -> bool {
        self.0.is_gone.get()
    }
    fn listen(&self, origin: &str, heard: Heard) {
        self.0.origin.replace(origin.to_owned());
        self.0.heard.replace(Some(heard));
    }
    fn navigate(&self, address: &str) -> Result<()> {
        self.0.went_to.replace(Some(address.to_owned()));
        Ok(())
    }
    fn close(&self) {
        self.0.is_closed.set(true);
        self.0.heard.replace(None);
    }
}

impl SocialWindow for World {
    fn open(&self) -> Rc<dyn Popup> {
        let popup = Rc::new(PopupInner { is_blocked: self.0.is_blocking.get(), ..PopupInner::default() });
        self.0.popups.borrow_mut().push(Rc::clone(&popup));
        Rc::new(ScriptedPopup(popup))
    }
    fn address(&self) -> Result<String> {
        Ok(self.0.address.borrow().clone())
    }
    fn replace_address(&self, address: &str) -> Result<()> {
        self.0.log.borrow_mut().push("address cleaned");
        self.0.address.replace(address.to_owned());
        Ok(())
    }
    fn leave(&self, address: &str) -> Result<()> {
        self.0.left_for.borrow_mut().push(address.to_owned());
        Ok(())
    }
    fn keep(&self, secret: &str) -> Result<()> {
        self.0.slot.replace(Some(secret.to_owned()));
        Ok(())
    }
    fn take(&self) -> Result<Option<String>> {
        self.0.log.borrow_mut().push("slot deleted");
        Ok(self.0.slot.take())
    }
}

/// A store that keeps nothing over a reload, or does, as the world says.
struct Store(World);

impl SessionStore for Store {
    fn load(&self) -> Result<Option<StoredSession>> {
        if self.0.0.is_store_lasting.get() { self.0.0.store.load() } else { Ok(None) }
    }
    fn save(&self, session: &StoredSession) -> Result<()> {
        self.0.0.store.save(session)
    }
    fn clear(&self) -> Result<()> {
        self.0.0.store.clear()
    }
    fn is_lasting(&self) -> bool {
        self.0.0.is_store_lasting.get()
    }
}

impl World {
    fn new() -> Self {
        let entry = |name: &str| {
            format!(
                r#"{{"provider":"{name}","clientId":"client","baseAuthUrl":"https://{name}.example/auth","redirectUrl":"https://id.example/cb","scopes":"openid email"}}"#
            )
        };
        let settings = format!(
            r#"{{"providers":[{{"provider":"dynamic","enabledAt":"x"}},{},{}]}}"#,
            entry("google"),
            entry("github")
        );
        Self(Rc::new(Inner {
            script: Rc::default(),
            settings: RefCell::new(settings),
            result: RefCell::new(Answer::Reply(200, PENDING.into())),
            verify: RefCell::new((200, granted())),
            held: RefCell::default(),
            init: RefCell::new((204, String::new())),
            seen: RefCell::default(),
            address: RefCell::new("https://app.example/page?tab=1#/deep".into()),
            slot: RefCell::default(),
            left_for: RefCell::default(),
            popups: RefCell::default(),
            is_blocking: Cell::new(false),
            log: RefCell::default(),
            store: Rc::default(),
            is_store_lasting: Cell::new(false),
        }))
    }

    /// A client in this world, as after a load of the page.
    fn load(&self) -> StepUpClient {
        let now = self.0.script.now.get();
        let world = self.clone();
        let transport = move |request: HttpRequest| {
            let answer = world.answer(request);
            async move {
                match answer {
                    Answer::Reply(status, body) => Ok(HttpResponse::new(status, body)),
                    Answer::Wait(gate, then) => {
                        gate.await;
                        match *then {
                            Answer::Reply(status, body) => Ok(HttpResponse::new(status, body)),
                            _ => Err(StepUpError::Network),
                        }
                    }
                    _ => Err(StepUpError::Network),
                }
            }
        };
        let platform = platform(&self.0.script)
            .with_transport(transport)
            .with_social_window(self.clone())
            .with_session_store(Store(self.clone()));
        if now != 0 {
            self.0.script.now.set(now);
        }
        StepUpClient::new(Config::new(ENVIRONMENT).unwrap(), platform)
    }

    fn signed_in() -> (StepUpClient, Self) {
        let world = Self::new();
        let client = world.load();
        world.sign_in(&client);
        (client, world)
    }

    fn sign_in(&self, client: &StepUpClient) {
        let verification = run(client.send_sign_in_code("a@b.example")).unwrap();
        run(client.sign_in_with_otp(&verification, "1")).unwrap();
        self.0.seen.borrow_mut().clear();
    }

    fn answer(&self, request: HttpRequest) -> Answer {
        let path = request.path().rsplit('/').next().unwrap().to_owned();
        self.0.seen.borrow_mut().push(request);
        let pair = |(status, body): &(u16, String)| Answer::Reply(*status, body.clone());
        match &*path {
            "settings" => Answer::Reply(200, self.0.settings.borrow().clone()),
            "nonces" => Answer::Reply(200, r#"{"nonces":["n1","n2"]}"#.into()),
            "create" => Answer::Reply(200, r#"{"verificationUUID":"v","email":"a@b.example"}"#.into()),
            "signin" => Answer::Reply(200, verified("u", None)),
            "initAuth" => pair(&self.0.init.borrow()),
            "oauthResult" => self.0.result.replace(Answer::Reply(200, PENDING.into())),
            "verify" | "signIn" => self.0.held.take().unwrap_or_else(|| pair(&self.0.verify.borrow())),
            "revoke" => Answer::Reply(204, String::new()),
            other => panic!("{other} was asked for"),
        }
    }

    fn requests(&self, name: &str) -> Vec<HttpRequest> {
        self.0.seen.borrow().iter().filter(|request| request.path().ends_with(name)).cloned().collect()
    }

    fn body(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(self.requests(name).pop().unwrap().body.as_deref().unwrap()).unwrap()
    }

    /// The state of the request that is under way.
    fn state(&self) -> String {
        self.body("/initAuth")["state"].as_str().unwrap().to_owned()
    }

    fn popup(&self) -> Rc<PopupInner> {
        Rc::clone(self.0.popups.borrow().last().unwrap())
    }

    fn say(&self, provider: &str, state: &str, code: Option<&str>, error: Option<&str>) {
        let message =
            SocialMessage::new(provider.into(), state.into(), code.map(Into::into), error.map(Into::into));
        if let Some(heard) = &*self.popup().heard.borrow() {
            heard(message);
        }
    }

    fn complete_on_the_service(&self, code: &str) {
        let body = format!(r#"{{"status":"completed","code":"{code}"}}"#);
        self.0.result.replace(Answer::Reply(200, body));
    }

    /// Lets a second pass, as popups are looked at.
    fn second(&self) {
        let script = &self.0.script;
        script.now.set(script.now.get() + 1);
        script.timers.borrow_mut().retain(|(duration, gate)| {
            let is_due = *duration <= Duration::from_secs(1);
            if is_due {
                gate.open();
            }
            !is_due
        });
    }

    /// Lets time pass until the future ends, and says how long that took.
    fn until_ready<T>(&self, future: &mut Pin<&mut impl Future<Output = T>>, limit: u32) -> Option<(u32, T)> {
        for passed in 0..=limit {
            if let Poll::Ready(value) = poll(future) {
                return Some((passed, value));
            }
            self.second();
        }
        None
    }

    fn verify(&self, client: &StepUpClient, options: SocialOptions) -> Verifying {
        client.verify_social(&Provider::Google, options.with_scopes(&[EXPORT]))
    }

    /// The service sends the page back with these parameters.
    fn come_back(&self, query: &str) {
        self.0.address.replace(format!("https://app.example/page?tab=1&{query}"));
        self.0.log.borrow_mut().clear();
    }
}

type Verifying = LocalFuture<'static, Result<Verified>>;

fn is_authorized(request: &HttpRequest) -> bool {
    request.headers.iter().any(|(name, _)| name == "authorization")
}

fn granted() -> String {
    verified("u", Some(&claims("wallet:export", 300, true)))
}

#[test]
fn a_message_of_the_popup_elevates() {
    let (client, world) = World::signed_in();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    assert_eq!(world.0.popups.borrow().len(), 1, "it is opened when called, before any await");
    assert!(world.requests("").is_empty());
    assert!(poll(&mut verifying).is_pending());
    let popup = world.popup();
    assert_eq!(*popup.origin.borrow(), "https://id.example");
    let state = world.state();
    assert_eq!(state.len(), 32);
    let url = popup.went_to.borrow().clone().unwrap();
    assert_eq!(
        url,
        format!(
            "https://google.example/auth?client_id=client&response_type=code&redirect_uri=https%3A%2F%2Fid%2Eexample%2Fcb&scope=openid%20email&state={state}"
        )
    );
    world.say("google", &state, Some("the code"), Some("undefined"));
    let Poll::Ready(verified) = poll(&mut verifying) else { panic!("a message is heard at once") };
    assert!(verified.unwrap().elevation.unwrap().single_use);
    assert!(popup.is_closed.get() && popup.heard.borrow().is_none());
    assert_eq!(
        world.body("/verify"),
        serde_json::json!({"code": "the code", "state": state, "requestedScopes": ["wallet:export"]})
    );
    let verify = world.requests("/verify").pop().unwrap();
    assert!(verify.path().ends_with("/providers/google/verify"));
    assert!(client.elevation(&EXPORT).is_some());
}

#[test]
fn a_proof_key_goes_with_requests_to_providers_that_take_one() {
    let (client, world) = World::signed_in();
    let mut verifying =
        pin!(client.verify_social(&Provider::GitHub, SocialOptions::new().with_scopes(&[EXPORT])));
    assert!(poll(&mut verifying).is_pending());
    world.say("github", &world.state(), Some("c"), None);
    assert!(poll(&mut verifying).is_ready());
    let verifier = world.body("/verify")["codeVerifier"].as_str().unwrap().to_owned();
    assert_eq!(verifier.len(), 43);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let url = world.popup().went_to.borrow().clone().unwrap();
    assert!(url.ends_with(&format!("&code_challenge={challenge}&code_challenge_method=S256")), "{url}");
    assert!(!url.contains(&verifier));
}

/// A keychain that never makes a digest.
struct NoDigest;

impl Keychain for NoDigest {
    fn session_key(&self) -> LocalFuture<'static, Result<PublicKey>> {
        Box::pin(async { PublicKey::from_uncompressed(&[[4; 1].as_slice(), &[7; 64]].concat()) })
    }
    fn sign_with_device_key(&self, _: Vec<u8>) -> LocalFuture<'static, Result<(PublicKey, Signature)>> {
        Box::pin(std::future::pending())
    }
    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.fill(7);
        Ok(())
    }
    fn sha256(&self, _: Vec<u8>) -> LocalFuture<'static, Result<[u8; 32]>> {
        Box::pin(std::future::pending())
    }
}

#[test]
fn a_keychain_that_never_makes_the_proof_key_is_timed_out_and_closes_the_popup() {
    let world = World::new();
    world.0.is_store_lasting.set(true);
    world.sign_in(&world.load());
    let transport = {
        let world = world.clone();
        move |request: HttpRequest| {
            let answer = world.answer(request);
            async move {
                match answer {
                    Answer::Reply(status, body) => Ok(HttpResponse::new(status, body)),
                    _ => Err(StepUpError::Network),
                }
            }
        }
    };
    let platform = platform(&world.0.script)
        .with_transport(transport)
        .with_social_window(world.clone())
        .with_session_store(Store(world.clone()))
        .with_keychain(NoDigest);
    let client = StepUpClient::new(Config::new(ENVIRONMENT).unwrap(), platform);
    let mut verifying = client.verify_social(&Provider::GitHub, SocialOptions::new());
    assert!(poll(&mut verifying.as_mut()).is_pending());
    world.0.script.run_out_of_time();
    assert_eq!(poll(&mut verifying.as_mut()), Poll::Ready(Err(StepUpError::TimedOut)));
    assert!(world.popup().is_closed.get());
    assert!(world.requests("/initAuth").is_empty());
}

#[test]
fn the_service_is_asked_for_what_the_popup_cannot_say() {
    let (client, world) = World::signed_in();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    assert!(poll(&mut verifying).is_pending());
    // A page with a policy of its own: the window says at once that it is closed.
    world.popup().is_gone.set(true);
    for _ in 0..4 {
        world.second();
        assert!(poll(&mut verifying).is_pending());
    }
    assert_eq!(world.requests("/oauthResult").len(), 2);
    assert_eq!(world.body("/oauthResult")["state"], world.state());
    assert!(is_authorized(&world.requests("/oauthResult")[0]), "the request is this session's");
    world.complete_on_the_service("late");
    let (passed, result) = world.until_ready(&mut verifying, 8).unwrap();
    assert!(result.is_ok() && passed <= 2, "{passed} {result:?}");
    assert_eq!(world.body("/verify")["code"], "late");
}

#[test]
fn a_message_that_comes_while_the_service_is_asked_is_not_kept_waiting() {
    let (client, world) = World::signed_in();
    let gate = Gate::default();
    let held = Answer::Reply(200, r#"{"status":"completed","code":"polled"}"#.into());
    world.0.result.replace(Answer::Wait(gate.clone(), Box::new(held)));
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    for _ in 0..11 {
        assert!(poll(&mut verifying).is_pending());
        world.second();
    }
    assert!(poll(&mut verifying).is_pending());
    assert_eq!(world.requests("/oauthResult").len(), 1);
    let state = world.state();
    world.say("google", &state, Some("said"), None);
    // The same page speaks twice: to its opener and on the channel.
    world.say("google", &state, Some("said"), None);
    gate.open();
    let Poll::Ready(Ok(_)) = poll(&mut verifying) else { panic!("not verified") };
    assert_eq!(world.requests("/verify").len(), 1);
    assert_eq!(world.body("/verify")["code"], "said");
}

#[test]
fn an_answer_of_the_service_comes_before_a_message() {
    let (client, world) = World::signed_in();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    assert!(poll(&mut verifying).is_pending());
    let state = world.state();
    world.complete_on_the_service("polled");
    let (passed, result) = world.until_ready(&mut verifying, 20).unwrap();
    assert!(result.is_ok());
    assert_eq!(passed, 10, "an open popup speaks for itself, so the service is asked rarely");
    world.say("google", &state, Some("said"), None);
    assert_eq!(world.requests("/verify").len(), 1);
    assert_eq!(world.body("/verify")["code"], "polled");
}

#[test]
fn what_others_say_is_not_heard() {
    let (client, world) = World::signed_in();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    assert!(poll(&mut verifying).is_pending());
    let state = world.state();
    for (provider, state) in [
        ("google", "x".repeat(32)),
        ("google", String::new()),
        ("github", state.clone()),
        ("", state.clone()),
    ] {
        world.say(provider, &state, Some("evil"), None);
        world.say(provider, &state, None, Some("access_denied"));
        assert!(poll(&mut verifying).is_pending(), "{provider} {state}");
    }
    // A hundred of them don't push ours out for longer than it takes to read them.
    for _ in 0..100 {
        world.say("google", "evil", Some("evil"), None);
    }
    assert!(poll(&mut verifying).is_pending());
    world.say("google", &state, Some("good"), None);
    assert!(matches!(poll(&mut verifying), Poll::Ready(Ok(_))));
    assert_eq!(world.body("/verify")["code"], "good");
}

#[test]
fn a_popup_that_is_closed_is_said_to_be_eight_seconds_later() {
    let (client, world) = World::signed_in();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    for _ in 0..20 {
        assert!(poll(&mut verifying).is_pending());
        world.second();
    }
    assert!(poll(&mut verifying).is_pending());
    world.popup().is_gone.set(true);
    let (passed, result) = world.until_ready(&mut verifying, 60).unwrap();
    assert_eq!((passed, result), (8, Err(StepUpError::PopupClosed)));
    assert!(world.popup().is_closed.get());
    assert!(world.requests("/verify").is_empty());
}

#[test]
fn a_result_within_eight_seconds_of_the_end_counts() {
    let (client, world) = World::signed_in();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    assert!(poll(&mut verifying).is_pending());
    world.popup().is_gone.set(true);
    for _ in 0..7 {
        world.second();
        assert!(poll(&mut verifying).is_pending());
    }
    world.say("google", &world.state(), Some("late"), None);
    assert!(matches!(poll(&mut verifying), Poll::Ready(Ok(_))));
}

#[test]
fn a_popup_that_shows_life_again_was_not_closed() {
    let (client, world) = World::signed_in();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    assert!(poll(&mut verifying).is_pending());
    for round in 0..5 {
        world.popup().is_gone.set(round % 2 == 0);
        for _ in 0..6 {
            assert!(poll(&mut verifying).is_pending());
            world.second();
        }
    }
    assert!(poll(&mut verifying).is_pending());
}

#[test]
fn a_service_that_does_not_answer_is_not_waited_for() {
    for (answer, is_gone, expected, after) in [
        (Answer::Network, true, StepUpError::PopupClosed, 8),
        (Answer::Reply(404, "<html>".into()), true, StepUpError::PopupClosed, 8),
        (Answer::Wait(Gate::default(), Box::new(Answer::Network)), true, StepUpError::PopupClosed, 8),
        (Answer::Network, false, StepUpError::TimedOut, 360),
    ] {
        let (client, world) = World::signed_in();
        world.0.result.replace(answer);
        let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
        assert!(poll(&mut verifying).is_pending());
        world.popup().is_gone.set(is_gone);
        assert_eq!(world.until_ready(&mut verifying, 400), Some((after, Err(expected))));
    }
}

#[test]
fn six_minutes_are_enough() {
    let (client, world) = World::signed_in();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    let (passed, result) = world.until_ready(&mut verifying, 1_000).unwrap();
    assert_eq!((passed, result), (360, Err(StepUpError::TimedOut)));
    assert!(world.popup().is_closed.get());
}

#[test]
fn a_refusal_of_the_user_and_one_of_the_provider_are_told_apart() {
    let refused =
        |error: &str| StepUpError::ProviderRefused { provider: Provider::Google, error: error.into() };
    for (error, expected) in [
        ("access_denied", StepUpError::Cancelled),
        ("server_error", refused("server_error")),
        ("<script>", refused("an unknown error")),
    ] {
        let (client, world) = World::signed_in();
        let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
        assert!(poll(&mut verifying).is_pending());
        world.say("google", &world.state(), None, Some(error));
        assert_eq!(poll(&mut verifying), Poll::Ready(Err(expected.clone())));
        assert!(world.popup().is_closed.get());

        let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
        assert!(poll(&mut verifying).is_pending());
        world.0.result.replace(Answer::Reply(200, format!(r#"{{"status":"completed","error":"{error}"}}"#)));
        let (_, result) = world.until_ready(&mut verifying, 20).unwrap();
        assert_eq!(result, Err(expected));
    }
}

#[test]
fn a_popup_that_was_handed_in_is_used_and_always_closed() {
    let (client, world) = World::signed_in();
    let handed_in = || {
        let popup = Rc::new(PopupInner::default());
        (ScriptedPopup(Rc::clone(&popup)), popup)
    };
    let (popup, inner) = handed_in();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new().with_popup(popup)));
    assert!(poll(&mut verifying).is_pending());
    assert!(inner.went_to.borrow().is_some() && world.0.popups.borrow().is_empty());
    inner.is_gone.set(true);
    assert!(world.until_ready(&mut verifying, 20).is_some());
    assert!(inner.is_closed.get());

    for fails in
        ["signed out", "no provider", "dropped unpolled", "dropped", "init", "network", "closed early"]
    {
        let (client, world) = World::signed_in();
        let (popup, inner) = handed_in();
        let options = SocialOptions::new().with_popup(popup);
        match fails {
            "signed out" => run(client.sign_out()).unwrap(),
            "init" => drop(world.0.init.replace((500, String::new()))),
            "network" => drop(world.0.settings.replace("<html>".into())),
            "closed early" => inner.is_gone.set(true),
            _ => {}
        }
        let provider = if fails == "no provider" { Provider::Twitch } else { Provider::Google };
        // Settings that are known already are not asked for again.
        let client = if fails == "network" { world.load() } else { client };
        let purpose = if fails == "network" {
            let signing_in = client.sign_in_with_social(&provider, options);
            Box::pin(async move { signing_in.await.map(drop) }) as LocalFuture<'static, Result<()>>
        } else {
            let verifying = client.verify_social(&provider, options);
            Box::pin(async move { verifying.await.map(drop) })
        };
        if fails == "dropped unpolled" {
            drop(purpose);
        } else {
            let result = poll(&mut pin!(purpose));
            match (fails, result) {
                ("signed out", Poll::Ready(Err(StepUpError::NotSignedIn)))
                | ("no provider", Poll::Ready(Err(StepUpError::InvalidConfig { .. })))
                | ("init", Poll::Ready(Err(StepUpError::Api { .. })))
                | ("network", Poll::Ready(Err(StepUpError::Decode { .. })))
                | ("closed early", Poll::Ready(Err(StepUpError::PopupClosed)))
                | ("dropped", Poll::Pending) => {}
                (_, result) => panic!("{fails}: {result:?}"),
            }
        }
        assert!(inner.is_closed.get(), "{fails}");
    }
}

#[test]
fn a_sign_out_meanwhile_ends_it() {
    let (client, world) = World::signed_in();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    assert!(poll(&mut verifying).is_pending());
    run(client.sign_out()).unwrap();
    world.sign_in(&client);
    let state_said = world.until_ready(&mut verifying, 5).unwrap();
    assert_eq!(state_said, (1, Err(StepUpError::NotSignedIn)));
    assert!(world.popup().is_closed.get());
    assert!(world.requests("/verify").is_empty());
}

#[test]
fn a_screen_that_is_gone_closes_the_popup_but_does_not_waste_a_code() {
    let (client, world) = World::signed_in();
    let gone = Gate::default();
    let mut verifying = pin!(world.verify(&client, SocialOptions::new().with_cancellation(gone.clone())));
    assert!(poll(&mut verifying).is_pending());
    gone.open();
    assert_eq!(poll(&mut verifying), Poll::Ready(Err(StepUpError::Cancelled)));
    assert!(world.popup().is_closed.get());

    let (gone, verified) = (Gate::default(), Gate::default());
    let mut verifying = pin!(world.verify(&client, SocialOptions::new().with_cancellation(gone.clone())));
    assert!(poll(&mut verifying).is_pending());
    let granted = world.0.verify.borrow().clone();
    world.0.held.replace(Some(Answer::Wait(verified.clone(), Box::new(Answer::Reply(granted.0, granted.1)))));
    world.say("google", &world.state(), Some("c"), None);
    assert!(poll(&mut verifying).is_pending());
    assert!(world.popup().is_closed.get(), "it is closed as soon as there is a code");
    gone.open();
    assert!(poll(&mut verifying).is_pending());
    verified.open();
    assert!(matches!(poll(&mut verifying), Poll::Ready(Ok(_))));
    assert!(client.elevation(&EXPORT).is_some());
}

#[test]
fn an_answer_that_grants_too_little_is_an_error() {
    let refusals = [
        ((200, verified("u", None)), StepUpError::NotElevated(Challenge::new(&[EXPORT]))),
        (
            (200, verified("u", Some(&claims("wallet:sign", 300, true)))),
            StepUpError::NotElevated(Challenge::new(&[EXPORT])),
        ),
        ((200, verified("other", Some(&claims("wallet:export", 300, true)))), StepUpError::SubjectMismatch),
        ((403, r#"{"error":"E","code":"mfa_required"}"#.into()), StepUpError::MfaRequired),
        (
            (403, r#"{"error":"E","code":"elevated_access_token_required"}"#.into()),
            StepUpError::SocialAccountNotLinked { provider: Provider::Google },
        ),
        (
            (400, r#"{"error":"E","code":"credential_not_enabled_for_sign_in"}"#.into()),
            StepUpError::Api {
                status: 400,
                code: Some("credential_not_enabled_for_sign_in".into()),
                message: "E".into(),
                response: HttpResponse::new(
                    400,
                    r#"{"error":"E","code":"credential_not_enabled_for_sign_in"}"#,
                )
                .into(),
            },
        ),
        ((400, r#"{"error":"E","code":"captcha_required"}"#.into()), StepUpError::CaptchaRequired),
    ];
    for (answer, expected) in refusals {
        let (client, world) = World::signed_in();
        world.0.verify.replace(answer);
        let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
        assert!(poll(&mut verifying).is_pending());
        world.say("google", &world.state(), Some("c"), None);
        assert_eq!(poll(&mut verifying), Poll::Ready(Err(expected)));
        assert!(client.elevation(&EXPORT).is_none());
    }
}

/// A step-up uses no elevated token of another kind; a link uses the one that it needs.
#[test]
fn only_a_link_uses_the_token_that_guards_links() {
    let (client, world) = World::signed_in();
    world.0.verify.replace((200, verified("u", Some(&claims("credential:link", 300, true)))));
    let link = TokenScope::CredentialLink;
    let options = SocialOptions::new().with_scopes(std::slice::from_ref(&link));
    let mut verifying = pin!(client.verify_social(&Provider::Google, options));
    assert!(poll(&mut verifying).is_pending());
    world.say("google", &world.state(), Some("c"), None);
    assert!(matches!(poll(&mut verifying), Poll::Ready(Ok(_))));
    let carries = |world: &World| {
        let sent = world.requests("/verify").pop().unwrap();
        sent.headers.iter().any(|(name, _)| name == "x-dyn-elevated-access-token")
    };

    world.0.verify.replace((200, granted()));
    let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
    assert!(poll(&mut verifying).is_pending());
    world.say("google", &world.state(), Some("c"), None);
    assert!(matches!(poll(&mut verifying), Poll::Ready(Ok(_))));
    assert!(!carries(&world) && client.elevation(&link).is_some(), "a step-up took it");

    world.0.verify.replace((200, verified("u", None)));
    let mut linking =
        pin!(client.link_social(&Provider::Google, SocialOptions::new().with_scopes(&[EXPORT])));
    assert!(poll(&mut linking).is_pending());
    world.say("google", &world.state(), Some("c"), None);
    assert!(matches!(poll(&mut linking), Poll::Ready(Ok(_))));
    assert!(carries(&world) && client.elevation(&link).is_none());
    assert!(world.body("/verify").get("requestedScopes").is_none(), "a link asks for no scopes");
}

#[test]
fn a_social_account_signs_in() {
    let world = World::new();
    let client = world.load();
    world.0.verify.replace((200, verified("u", None)));
    // Somebody else may be signed in: the request is nobody's all the same.
    world.sign_in(&client);
    let mut signing_in = pin!(client.sign_in_with_social(&Provider::Google, SocialOptions::new()));
    assert!(poll(&mut signing_in).is_pending());
    assert!(!is_authorized(&world.requests("/initAuth")[0]));
    world.say("google", &world.state(), Some("c"), None);
    let Poll::Ready(Ok(user)) = poll(&mut signing_in) else { panic!("not signed in") };
    assert_eq!(Some(user), client.user());
    let sent = world.requests("/signIn").pop().unwrap();
    assert!(sent.headers.iter().any(|(name, _)| name == "x-dynamic-device-signed-nonce"));
    assert!(world.body("/signIn")["sessionPublicKey"].is_string());
    // Without a session there is nothing to step up.
    let world = World::new();
    let verifying = world.load().verify_social(&Provider::Google, SocialOptions::new());
    assert_eq!(run(verifying), Err(StepUpError::NotSignedIn));
    assert!(world.0.popups.borrow().is_empty());
}

#[test]
fn without_a_window_it_is_not_possible() {
    let (client, _) = signed_in("u");
    let verifying = client.verify_social(&Provider::Google, SocialOptions::new());
    assert!(matches!(run(verifying), Err(StepUpError::UnsupportedTarget { .. })));
    assert!(client.take_social_return().is_none());
}

#[test]
fn a_blocked_popup_fails_or_redirects() {
    let (client, world) = World::signed_in();
    world.0.is_blocking.set(true);
    let fails = world.verify(&client, SocialOptions::new().on_blocked(OnBlocked::Fail));
    assert_eq!(run(fails), Err(StepUpError::PopupBlocked));
    assert!(world.requests("").is_empty() && world.0.slot.borrow().is_none());

    let redirects = world.verify(&client, SocialOptions::new().with_app_state("wallet 3"));
    assert_eq!(run(redirects), Err(StepUpError::Redirecting));
    let init = world.body("/initAuth");
    assert_eq!(init["redirectUrl"], "https://app.example/page?tab=1");
    let left_for = world.0.left_for.borrow().clone();
    assert!(left_for[0].starts_with("https://google.example/auth?"));
    assert!(left_for[0].ends_with(init["state"].as_str().unwrap()));
    assert!(world.0.slot.borrow().is_some());
}

/// Leaves for the provider, and gives the state.
fn leave(client: &StepUpClient, world: &World) -> String {
    let options = SocialOptions::new().with_redirect().with_app_state("wallet 3");
    assert_eq!(run(world.verify(client, options)), Err(StepUpError::Redirecting));
    assert!(world.0.popups.borrow().is_empty());
    world.state()
}

#[test]
fn a_redirect_comes_back_and_goes_on() {
    for is_lasting in [false, true] {
        let world = World::new();
        world.0.is_store_lasting.set(is_lasting);
        let client = world.load();
        world.sign_in(&client);
        let state = leave(&client, &world);
        let kept = world.0.slot.borrow().clone().unwrap();
        assert_eq!(kept.contains("session"), !is_lasting, "the session is kept where nothing else keeps it");
        world.come_back(&format!("dynamicOauthCode=the%20code&dynamicOauthState={state}"));

        let client = world.load();
        let returned = client.take_social_return().unwrap();
        assert_eq!(client.status(), SessionStatus::SignedIn);
        assert!(world.0.slot.borrow().is_none());
        assert_eq!(world.0.log.borrow()[..2], ["slot deleted", "address cleaned"]);
        assert_eq!(*world.0.address.borrow(), "https://app.example/page?tab=1#/deep", "the fragment is back");
        assert_eq!(
            (returned.purpose(), returned.provider(), returned.scopes(), returned.app_state()),
            (SocialPurpose::StepUp, &Provider::Google, [EXPORT].as_slice(), Some("wallet 3"))
        );
        assert_eq!(format!("{returned:?}"), "SocialReturn(StepUp google)");
        assert!(client.take_social_return().is_none(), "a return is taken once");
        let verified = run(client.resume_social(returned)).unwrap();
        assert!(verified.elevation.is_some() && client.elevation(&EXPORT).is_some());
        assert_eq!(world.body("/verify")["code"], "the code");
    }
}

#[test]
fn a_sign_in_by_redirect_comes_back_signed_in() {
    let world = World::new();
    let client = world.load();
    let options = SocialOptions::new().with_redirect();
    let left = run(client.sign_in_with_social(&Provider::GitHub, options));
    assert_eq!(left, Err(StepUpError::Redirecting));
    world.come_back(&format!("dynamicOauthState={}&dynamicOauthCode=c", world.state()));
    let client = world.load();
    let returned = client.take_social_return().unwrap();
    assert_eq!(client.status(), SessionStatus::SignedOut);
    world.0.verify.replace((200, verified("u", None)));
    let signed_in = run(client.resume_social(returned)).unwrap();
    assert_eq!(client.user(), Some(signed_in.user));
    assert_eq!(world.body("/signIn")["codeVerifier"].as_str().map(str::len), Some(43));
}

#[test]
fn a_return_that_is_not_the_answer_verifies_nothing() {
    let refused = StepUpError::ProviderRefused { provider: Provider::Google, error: "server_error".into() };
    for (query, expected) in [
        ("dynamicOauthCode=evil&dynamicOauthState=evil", StepUpError::StateMismatch),
        ("dynamicOauthCode=evil", StepUpError::StateMismatch),
        ("dynamicOauthCode=%ff%00&dynamicOauthState=%zz", StepUpError::StateMismatch),
        ("dynamicOauthState=STATE&error=access_denied", StepUpError::Cancelled),
        ("dynamicOauthState=STATE&dynamicOauthError=server_error", refused),
        (
            "dynamicOauthState=STATE",
            StepUpError::Decode { expected: "an authorization code", line: 0, column: 0 },
        ),
    ] {
        let (client, world) = World::signed_in();
        let state = leave(&client, &world);
        world.come_back(&query.replace("STATE", &state));
        let client = world.load();
        let returned = client.take_social_return().unwrap();
        assert!(world.0.slot.borrow().is_none());
        assert_eq!(*world.0.address.borrow(), "https://app.example/page?tab=1#/deep", "{query}");
        assert_eq!(returned.app_state(), Some("wallet 3"), "the app still knows what it was about");
        assert_eq!(run(client.resume_social(returned)), Err(expected), "{query}");
        assert!(world.requests("/verify").is_empty());
        assert_eq!(client.status(), SessionStatus::SignedIn);
    }
}

#[test]
fn an_answer_to_nothing_is_cleaned_away() {
    for slot in [None, Some(""), Some("<html>"), Some("{}")] {
        let world = World::new();
        world.0.slot.replace(slot.map(Into::into));
        world.come_back("dynamicOauthCode=evil&dynamicOauthState=evil");
        let client = world.load();
        assert!(client.take_social_return().is_none());
        assert_eq!(*world.0.address.borrow(), "https://app.example/page?tab=1");
        assert!(world.0.slot.borrow().is_none());
    }
}

#[test]
fn a_page_that_comes_back_without_an_answer_is_still_signed_in_and_forgets_the_request() {
    let (client, world) = World::signed_in();
    leave(&client, &world);
    let client = world.load();
    assert!(client.take_social_return().is_none());
    assert_eq!(client.status(), SessionStatus::SignedIn);
    assert!(world.0.slot.borrow().is_none());
    assert_eq!(*world.0.address.borrow(), "https://app.example/page?tab=1#/deep");
}

#[test]
fn a_session_that_has_expired_is_not_taken_up_from_a_redirect() {
    for is_lasting in [false, true] {
        let world = World::new();
        world.0.is_store_lasting.set(is_lasting);
        let client = world.load();
        world.sign_in(&client);
        let state = leave(&client, &world);
        world.come_back(&format!("dynamicOauthCode=c&dynamicOauthState={state}"));
        world.0.script.now.set(NOW + 3600);
        let client = world.load();
        let events = Rc::<Cell<usize>>::default();
        let seen = Rc::clone(&events);
        let _subscription = client.subscribe(move |_| seen.set(seen.get() + 1));
        let returned = client.take_social_return();
        let returned = returned.unwrap_or_else(|| panic!("the redirect is lost, is_lasting: {is_lasting}"));
        assert_eq!(client.session().user, None);
        assert_eq!(events.get(), 0, "nothing has changed");
        assert_eq!(run(client.resume_social(returned)), Err(StepUpError::NotSignedIn));
        assert!(world.requests("/verify").is_empty());
    }
}

#[test]
fn a_sign_in_by_redirect_goes_on_when_the_session_before_it_has_expired() {
    for is_lasting in [false, true] {
        let world = World::new();
        world.0.is_store_lasting.set(is_lasting);
        let client = world.load();
        world.sign_in(&client);
        let left = run(client.sign_in_with_social(&Provider::GitHub, SocialOptions::new().with_redirect()));
        assert_eq!(left, Err(StepUpError::Redirecting));
        world.come_back(&format!("dynamicOauthState={}&dynamicOauthCode=c", world.state()));
        world.0.script.now.set(NOW + 3600);
        let client = world.load();
        let returned = client.take_social_return();
        let returned = returned.unwrap_or_else(|| panic!("the redirect is lost, is_lasting: {is_lasting}"));
        assert_eq!(client.status(), SessionStatus::SignedOut);
        world.0.verify.replace((200, verified("u", None)));
        let signed_in = run(client.resume_social(returned)).unwrap();
        assert_eq!(client.user(), Some(signed_in.user));
    }
}

#[test]
fn what_waited_too_long_is_forgotten() {
    let (client, world) = World::signed_in();
    let state = leave(&client, &world);
    world.come_back(&format!("dynamicOauthCode=c&dynamicOauthState={state}"));
    world.0.script.now.set(world.0.script.now.get() + 3_601);
    let client = world.load();
    assert!(client.take_social_return().is_none());
    assert_eq!(client.status(), SessionStatus::SignedOut);
    assert!(world.0.slot.borrow().is_none());
}

#[test]
fn a_return_for_somebody_who_is_no_longer_here_verifies_nothing() {
    let (client, world) = World::signed_in();
    let state = leave(&client, &world);
    world.come_back(&format!("dynamicOauthCode=c&dynamicOauthState={state}"));
    // Meanwhile somebody else signed in, in another tab whose sessions last.
    world.0.is_store_lasting.set(true);
    let other = format!(r#"{{"token":"{}","user":{}}}"#, session_token("other"), user("other"));
    world.0.store.save(&StoredSession::from_json(&other).unwrap()).unwrap();
    let client = world.load();
    let returned = client.take_social_return().unwrap();
    assert_eq!(client.user().unwrap().id, "other".into());
    assert_eq!(run(client.resume_social(returned)), Err(StepUpError::SubjectMismatch));
    assert!(world.requests("/verify").is_empty());
}

#[test]
fn a_sign_out_deletes_what_waits_in_the_tab() {
    let (client, world) = World::signed_in();
    leave(&client, &world);
    // The page was not left after all: the user stopped it, or came back to it as it was.
    run(client.sign_out()).unwrap();
    assert!(world.0.slot.borrow().is_none());

    let (client, world) = World::signed_in();
    leave(&client, &world);
    client.forget_social_redirect();
    assert!(world.0.slot.borrow().is_none());
    assert_eq!(client.status(), SessionStatus::SignedIn);
}

#[derive(Clone, Debug)]
enum Happening {
    Said,
    SaidByOthers,
    Refused,
    Completed,
    Gone(bool),
    SignOut,
    Seconds(u8),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        1 => Just(Happening::Said),
        3 => Just(Happening::SaidByOthers),
        1 => Just(Happening::Refused),
        1 => Just(Happening::Completed),
        4 => any::<bool>().prop_map(Happening::Gone),
        1 => Just(Happening::SignOut),
        8 => (1_u8..12).prop_map(Happening::Seconds),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order, the call ends once, within six minutes; its popup is closed, the code is redeemed
    /// once at most, and only a success holds a token.
    #[test]
    fn whatever_happens_it_ends_once(happenings in proptest::collection::vec(happening(), 0..60)) {
        let (client, world) = World::signed_in();
        let started = world.0.script.now.get();
        let mut verifying = pin!(world.verify(&client, SocialOptions::new()));
        let mut result = match poll(&mut verifying) {
            Poll::Ready(_) => panic!("ended before it began"),
            Poll::Pending => None,
        };
        let state = world.state();
        let quiet = std::iter::repeat_n(Happening::Seconds(1), 361);
        for happening in happenings.into_iter().chain(quiet) {
            match happening {
                Happening::Said => world.say("google", &state, Some("c"), None),
                Happening::SaidByOthers => world.say("google", "evil", Some("evil"), None),
                Happening::Refused => world.say("google", &state, None, Some("access_denied")),
                Happening::Completed => world.complete_on_the_service("c"),
                Happening::Gone(is_gone) => world.popup().is_gone.set(is_gone),
                Happening::SignOut => if client.user().is_some() { run(client.sign_out()).unwrap() },
                Happening::Seconds(seconds) => for _ in 0..seconds {
                    world.second();
                    if result.is_none() && let Poll::Ready(ended) = poll(&mut verifying) {
                        result = Some((ended, world.0.script.now.get() - started));
                    }
                },
            }
            if result.is_none() && let Poll::Ready(ended) = poll(&mut verifying) {
                result = Some((ended, world.0.script.now.get() - started));
            }
            if result.is_some() { break; }
        }
        let (result, after) = result.expect("it ended");
        prop_assert!(after <= 360);
        prop_assert!(world.popup().is_closed.get() && world.popup().heard.borrow().is_none());
        let redeemed = world.requests("/verify").len();
        prop_assert_eq!(redeemed, usize::from(result.is_ok()), "{:?}", result);
        prop_assert_eq!(client.elevation(&EXPORT).is_some(), result.is_ok());
        if let Err(error) = result {
            prop_assert!(matches!(
                error,
                StepUpError::Cancelled | StepUpError::PopupClosed | StepUpError::TimedOut | StepUpError::NotSignedIn
            ), "{:?}", error);
        }
    }
}
