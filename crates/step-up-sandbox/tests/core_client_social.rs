//! Core's client with social accounts against the sandbox, whose provider's page is answered by a scripted popup.

#![allow(clippy::unwrap_used)] // The helpers of tests are tests.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use futures_util::FutureExt as _;
use p256::ecdsa::{SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use step_up_core::{
    Config as ClientConfig, CredentialFormat, HttpRequest, Keychain, LocalFuture, Platform, Popup, Provider,
    PublicKey, Result, Signature, SocialMessage, SocialOptions, SocialWindow, StepUpClient, StepUpError,
    Timestamp, TokenScope,
};
use step_up_sandbox::{
    Config, DEFAULT_ENVIRONMENT_ID, Seed,
    page::{BASE_URL, InPage},
};

const EXPORT: TokenScope = TokenScope::WalletExport;
const LINK: TokenScope = TokenScope::CredentialLink;
const PROVIDERS: [Provider; 4] = [Provider::Google, Provider::GitHub, Provider::Apple, Provider::Discord];

struct Keys {
    key: SigningKey,
    drawn: Cell<u64>,
}

impl Keychain for Keys {
    fn session_key(&self) -> LocalFuture<'static, Result<PublicKey>> {
        let key = PublicKey::from_uncompressed(self.key.verifying_key().to_sec1_point(false).as_bytes());
        Box::pin(async { key })
    }

    fn sign_with_device_key(&self, message: Vec<u8>) -> LocalFuture<'static, Result<(PublicKey, Signature)>> {
        let signature: p256::ecdsa::Signature = self.key.sign(&message);
        let key = self.session_key();
        Box::pin(async move { Ok((key.await?, Signature::from_raw(&signature.to_bytes())?)) })
    }

    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        for byte in bytes {
            // Knuth's MMIX: enough that nothing comes twice.
            self.drawn.set(
                self.drawn
                    .get()
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407),
            );
            *byte = self.drawn.get().to_be_bytes()[0];
        }
        Ok(())
    }

    fn sha256(&self, message: Vec<u8>) -> LocalFuture<'static, Result<[u8; 32]>> {
        Box::pin(async move { Ok(Sha256::digest(message).into()) })
    }
}

/// The user, who sits in front of the windows.
struct User {
    sandbox: InPage,
    account: RefCell<String>,
    is_refusing: Cell<bool>,
    /// Whether the popup cannot speak to its opener, so that the service has to be asked.
    is_cut_off: Cell<bool>,
    address: RefCell<String>,
    slot: RefCell<Option<String>>,
}

impl User {
    /// Answers the provider's page, and follows its answer to where it is said how it ended.
    fn answer(&self, url: &str) -> Value {
        let page = self.call(&HttpRequest::get(url));
        let path = url.split('?').next().unwrap();
        let decision = if self.is_refusing.get() { "refuse" } else { "continue" };
        let form =
            json!({ "ticket": page["ticket"], "account": *self.account.borrow(), "decision": decision });
        let back = self.call(&HttpRequest::post(path).json(&form).unwrap());
        self.call(&HttpRequest::get(back["redirectTo"].as_str().unwrap()))
    }

    fn call(&self, request: &HttpRequest) -> Value {
        let response = self.sandbox.call(request);
        assert_eq!(response.status, 200, "{request:?} {}", String::from_utf8_lossy(&response.body));
        serde_json::from_slice(&response.body).unwrap()
    }
}

struct Window(Rc<User>);

struct Opened {
    user: Rc<User>,
    heard: RefCell<Option<Heard>>,
}

type Heard = Box<dyn Fn(SocialMessage)>;

impl SocialWindow for Window {
    fn open(&self) -> Rc<dyn Popup> {
        Rc::new(Opened { user: Rc::clone(&self.0), heard: RefCell::default() })
    }
    fn address(&self) -> Result<String> {
        Ok(self.0.address.borrow().clone())
    }
    fn replace_address(&self, address: &str) -> Result<()> {
        self.0.address.replace(address.to_owned());
        Ok(())
    }
    fn leave(&self, address: &str) -> Result<()> {
        let left = self.0.answer(address);
        self.replace_address(left["redirectTo"].as_str().unwrap())
    }
    fn keep(&self, secret: &str) -> Result<()> {
        self.0.slot.replace(Some(secret.to_owned()));
        Ok(())
    }
    fn take(&self) -> Result<Option<String>> {
        Ok(self.0.slot.take())
    }
}

impl Popup for Opened {
    fn is_blocked(&self) -> bool {
        false
    }
    fn is_gone(&self) -> bool {
        false
    }
    fn listen(&self, _: &str, heard: Heard) {
        self.heard.replace(Some(heard));
    }
    fn navigate(&self, address: &str) -> Result<()> {
        let said = self.user.answer(address);
        let text = |name: &str| said["message"][name].as_str().map(str::to_owned);
        if !self.user.is_cut_off.get() {
            let (provider, state) = (text("provider").unwrap(), text("state").unwrap());
            let message = SocialMessage::new(provider, state, text("code"), text("error"));
            self.heard.borrow().as_deref().unwrap()(message);
        }
        Ok(())
    }
    fn close(&self) {
        self.heard.replace(None);
    }
}

struct World {
    user: Rc<User>,
    client: StepUpClient,
    now: Rc<Cell<i64>>,
}

impl World {
    fn new() -> Self {
        let now = Rc::new(Cell::new(1_795_514_400));
        let clock = {
            let now = Rc::clone(&now);
            move || Timestamp::from_secs(now.get())
        };
        // A second is over as soon as it is waited for; longer waits are limits that nobody comes to.
        let timer = {
            let now = Rc::clone(&now);
            move |duration: Duration| -> LocalFuture<'static, ()> {
                let now = Rc::clone(&now);
                Box::pin(async move {
                    if duration > Duration::from_secs(1) {
                        return std::future::pending().await;
                    }
                    now.set(now.get() + 1);
                })
            }
        };
        let sandbox = InPage::new(
            Config::default(),
            Seed::new(1),
            None,
            Rc::new(clock.clone()),
            Rc::new(timer.clone()),
            |_| (),
        )
        .unwrap();
        let user = Rc::new(User {
            sandbox: sandbox.clone(),
            account: RefCell::new("ada".into()),
            is_refusing: Cell::default(),
            is_cut_off: Cell::default(),
            address: RefCell::new("http://localhost:3000/app?tab=1#/deep".into()),
            slot: RefCell::default(),
        });
        let config = ClientConfig::new(DEFAULT_ENVIRONMENT_ID).unwrap().with_base_url(BASE_URL).unwrap();
        let keys = Keys { key: SigningKey::from_slice(&[7; 32]).unwrap(), drawn: Cell::new(0) };
        let platform =
            Platform::new(sandbox, clock, timer, keys).with_social_window(Window(Rc::clone(&user)));
        Self { client: StepUpClient::new(config, platform), user, now }
    }

    /// With a user who signed in with a social account.
    fn signed_in(provider: &Provider) -> Self {
        let world = Self::new();
        run(world.client.sign_in_with_social(provider, SocialOptions::new())).unwrap();
        world
    }

    fn verify(&self, provider: &Provider, scopes: &[TokenScope]) -> Result<()> {
        let options = SocialOptions::new().with_scopes(scopes);
        run(self.client.verify_social(provider, options)).map(drop)
    }

    fn is_held(&self, scope: &TokenScope) -> bool {
        self.client.elevation(scope).is_some()
    }
}

/// What nobody has to wait for.
fn run<T>(future: impl Future<Output = T>) -> T {
    let Some(output) = future.now_or_never() else { panic!("it waits for something that nobody will do") };
    output
}

#[test]
fn every_provider_signs_in_and_steps_up() {
    for provider in PROVIDERS {
        let world = World::signed_in(&provider);
        assert_eq!(world.verify(&provider, &[EXPORT]), Ok(()), "{provider}");
        assert!(world.is_held(&EXPORT));
    }
}

#[test]
fn another_account_is_a_link_and_needs_what_links_need() {
    let world = World::signed_in(&Provider::Google);
    world.user.account.replace("bob".into());
    let missing = Err(StepUpError::NotElevated { missing: vec![LINK] });
    assert_eq!(world.verify(&Provider::GitHub, &[EXPORT]), missing);
    assert!(!world.is_held(&EXPORT));
    world.user.account.replace("ada".into());
    world.verify(&Provider::Google, std::slice::from_ref(&LINK)).unwrap();
    world.user.account.replace("bob".into());
    let user = run(world.client.link_social(&Provider::GitHub, SocialOptions::new())).unwrap();
    let social = user.credentials.iter().filter(|it| it.format == CredentialFormat::Oauth).count();
    assert_eq!(social, 2);
}

#[test]
fn a_popup_that_is_cut_off_is_asked_for_at_the_service() {
    let world = World::new();
    world.user.is_cut_off.set(true);
    run(world.client.sign_in_with_social(&Provider::Google, SocialOptions::new())).unwrap();
    assert_eq!(world.verify(&Provider::Google, &[EXPORT]), Ok(()));
    // Also where somebody is signed in already, and signs in anew.
    run(world.client.sign_in_with_social(&Provider::GitHub, SocialOptions::new())).unwrap();
    assert!(world.now.get() > 1_795_514_400);
}

#[test]
fn a_refusal_is_the_users_own() {
    let world = World::signed_in(&Provider::Apple);
    world.user.is_refusing.set(true);
    for is_cut_off in [false, true] {
        world.user.is_cut_off.set(is_cut_off);
        assert_eq!(world.verify(&Provider::Apple, &[EXPORT]), Err(StepUpError::Cancelled));
    }
}

#[test]
fn a_redirect_comes_back_and_goes_on() {
    let world = World::signed_in(&Provider::GitHub);
    for is_refusing in [true, false] {
        world.user.is_refusing.set(is_refusing);
        let options = SocialOptions::new().with_redirect().with_scopes(&[EXPORT]).with_app_state("wallet 3");
        let left = run(world.client.verify_social(&Provider::GitHub, options));
        assert_eq!(left, Err(StepUpError::Redirecting));
        assert!(world.user.address.borrow().contains("dynamicOauthState="));
        let returned = world.client.take_social_return().unwrap();
        assert_eq!(*world.user.address.borrow(), "http://localhost:3000/app?tab=1#/deep");
        assert_eq!(returned.app_state(), Some("wallet 3"));
        let resumed = run(world.client.resume_social(returned)).map(drop);
        assert_eq!(resumed, if is_refusing { Err(StepUpError::Cancelled) } else { Ok(()) });
    }
    assert!(world.is_held(&EXPORT));
}
