//! A sandbox in the page, a client of it, and time that is virtual: when nobody can go on, it jumps to the next timer.

#![allow(dead_code, clippy::unwrap_used)] // Each test target uses its own part, and the helpers of tests are tests.

pub(crate) mod person;

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use p256::ecdsa::{SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use step_up_core::{
    Config as ClientConfig, HttpRequest, Keychain, LocalFuture, OtpAddress, OtpVerification, Platform,
    PublicKey, Result, Signature, StepUpClient, Timestamp, TokenScope,
};
use step_up_sandbox::{
    Config, DEFAULT_ENVIRONMENT_ID, Seed,
    page::{BASE_URL, InPage},
};

pub(crate) const EXPORT: TokenScope = TokenScope::WalletExport;
const START: i64 = 1_795_514_400_000;
pub(crate) const DAY: i64 = 86_400_000;

/// Time that passes only when everybody waits for it.
#[derive(Clone, Default)]
pub(crate) struct Time {
    millis: Rc<Cell<i64>>,
    timers: Rc<RefCell<Vec<i64>>>,
    wakers: Rc<RefCell<Vec<Waker>>>,
}

impl Time {
    pub(crate) fn sleep(&self, duration: Duration) -> LocalFuture<'static, ()> {
        let time = self.clone();
        let deadline = self.millis.get() + i64::try_from(duration.as_millis()).unwrap();
        self.timers.borrow_mut().push(deadline);
        Box::pin(std::future::poll_fn(move |context| {
            if time.millis.get() >= deadline {
                return Poll::Ready(());
            }
            time.wakers.borrow_mut().push(context.waker().clone());
            Poll::Pending
        }))
    }

    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = go_on(future.as_mut()) {
                return output;
            }
            let next = self.timers.borrow().iter().copied().filter(|it| *it > self.millis.get()).min();
            let Some(next) = next else { panic!("nobody can go on") };
            self.millis.set(next);
            self.wakers.take().into_iter().for_each(Waker::wake);
        }
    }
}

/// Polls for as long as somebody can go on though no time passes.
pub(crate) fn go_on<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    loop {
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_ready() || !woken.0.swap(false, Relaxed) {
            return polled;
        }
    }
}

/// Whether the future was woken.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

/// Real keys.
struct Keys {
    session: SigningKey,
    device: SigningKey,
    drawn: Cell<u64>,
}

impl Keys {
    fn new(number: u8) -> Self {
        let key = |number| SigningKey::from_slice(&[number; 32]).unwrap();
        Self { session: key(number), device: key(number + 1), drawn: Cell::new(0) }
    }
}

fn public(key: &SigningKey) -> Result<PublicKey> {
    PublicKey::from_uncompressed(key.verifying_key().to_sec1_point(false).as_bytes())
}

impl Keychain for Keys {
    fn session_key(&self) -> LocalFuture<'static, Result<PublicKey>> {
        let key = public(&self.session);
        Box::pin(async { key })
    }

    fn sign_with_device_key(&self, message: Vec<u8>) -> LocalFuture<'static, Result<(PublicKey, Signature)>> {
        let signature: p256::ecdsa::Signature = self.device.sign(&message);
        let signed =
            public(&self.device).and_then(|key| Ok((key, Signature::from_raw(&signature.to_bytes())?)));
        Box::pin(async { signed })
    }

    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        for byte in bytes {
            // Knuth's MMIX: enough that nothing comes twice.
            let next = self.drawn.get().wrapping_mul(6_364_136_223_846_793_005);
            self.drawn.set(next.wrapping_add(1_442_695_040_888_963_407));
            *byte = self.drawn.get().to_be_bytes()[0];
        }
        Ok(())
    }

    fn sha256(&self, message: Vec<u8>) -> LocalFuture<'static, Result<[u8; 32]>> {
        Box::pin(async move { Ok(Sha256::digest(message).into()) })
    }
}

/// A sandbox that wants device signatures, and a client of it.
pub(crate) struct World {
    pub(crate) time: Time,
    pub(crate) sandbox: InPage,
    pub(crate) client: StepUpClient,
}

impl World {
    /// With a device whose clock is this far from the server's.
    pub(crate) fn new(clock_error: i64) -> Self {
        Self::on(clock_error, |platform, _| platform)
    }

    /// The same, with what else the platform brings.
    pub(crate) fn on(clock_error: i64, equip: impl FnOnce(Platform, &InPage) -> Platform) -> Self {
        let time = Time::default();
        let clock = |error: i64| {
            let time = time.clone();
            move || Timestamp::from_millis(START + time.millis.get() + error)
        };
        let timer = || {
            let time = time.clone();
            move |duration: Duration| time.sleep(duration)
        };
        let sandbox =
            InPage::new(Config::default(), Seed::new(1), None, Rc::new(clock(0)), Rc::new(timer()), |_| ())
                .unwrap();
        let config = ClientConfig::new(DEFAULT_ENVIRONMENT_ID).unwrap().with_base_url(BASE_URL).unwrap();
        let platform = Platform::new(sandbox.clone(), clock(clock_error), timer(), Keys::new(1));
        let platform = equip(platform, &sandbox);
        let world = Self { time: time.clone(), sandbox, client: StepUpClient::new(config, platform) };
        world.set(json!({ "security": { "deviceRegistrationRequired": true } }));
        world
    }

    /// With somebody signed in.
    pub(crate) fn signed_in() -> Self {
        let world = Self::new(0);
        world.sign_in("ada@example.com");
        world
    }

    pub(crate) fn control(&self, request: HttpRequest, body: &Value) -> Value {
        control(&self.sandbox, request, body)
    }

    pub(crate) fn set(&self, settings: Value) {
        self.control(HttpRequest::put("/sandbox/settings"), &settings);
    }

    pub(crate) fn fault(&self, fault: Value) {
        self.control(HttpRequest::post("/sandbox/faults"), &fault);
    }

    /// Those that were ordered and have yet to happen.
    pub(crate) fn faults(&self) -> Vec<Value> {
        let answer = self.control(HttpRequest::get("/sandbox/faults"), &json!(null));
        answer["faults"].as_array().unwrap().clone()
    }

    pub(crate) fn advance(&self, secs: i64) {
        advance(&self.sandbox, secs);
    }

    pub(crate) fn requests(&self, path: &str) -> usize {
        let answer = self.control(HttpRequest::get("/sandbox/requests"), &json!(null));
        let requests = answer["requests"].as_array().unwrap();
        requests.iter().filter(|entry| entry["path"].as_str().unwrap().ends_with(path)).count()
    }

    pub(crate) fn code(&self) -> String {
        let inbox = self.control(HttpRequest::get("/sandbox/inbox"), &json!(null));
        inbox[0]["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn sign_in(&self, address: impl Into<OtpAddress>) {
        let sent = self.time.run(self.client.send_sign_in_code(address)).unwrap();
        self.time.run(self.client.sign_in_with_otp(&sent, &self.code())).unwrap();
    }

    pub(crate) fn send_otp(&self) -> OtpVerification {
        self.time.run(self.client.send_otp(None)).unwrap()
    }

    pub(crate) fn verify(&self, sent: &OtpVerification, code: &str) -> Result<()> {
        self.time.run(self.client.verify_otp(sent, code, &[EXPORT])).map(drop)
    }

    /// Sends a code and types it right.
    pub(crate) fn elevate(&self) -> Result<()> {
        let sent = self.send_otp();
        self.verify(&sent, &self.code())
    }

    pub(crate) fn export(&self) -> LocalFuture<'static, Result<String>> {
        let user = self.client.user().unwrap();
        let wallet = user.credentials.iter().find_map(|it| it.embedded_wallet_id.clone()).unwrap();
        let call = self.client.send(HttpRequest::post(format!("/waas/{wallet}/privateKey/export")), EXPORT);
        Box::pin(async {
            let answer: Value = serde_json::from_slice(&call.await?.body).unwrap();
            Ok(answer["privateKey"].as_str().unwrap().to_owned())
        })
    }

    pub(crate) fn is_held(&self) -> bool {
        self.client.elevation(&EXPORT).is_some()
    }
}

/// Calls the control API.
pub(crate) fn control(sandbox: &InPage, request: HttpRequest, body: &Value) -> Value {
    let response = sandbox.call(&request.json(body).unwrap());
    assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
    serde_json::from_slice(&response.body).unwrap()
}

/// Moves the server's clock.
pub(crate) fn advance(sandbox: &InPage, secs: i64) {
    control(sandbox, HttpRequest::post("/sandbox/clock"), &json!({ "advanceSeconds": secs }));
}
