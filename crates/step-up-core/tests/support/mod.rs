//! A client on a scripted server: every answer is written down before it is asked for, and the clock is moved by hand.
//! Rules of the real protocol are tested against the sandbox; here are the faults that no server should make.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub(crate) mod service;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::Digest as _;
use step_up_core::{
    Config, HttpRequest, HttpResponse, Keychain, LocalFuture, OtpVerification, Platform, PublicKey, Result,
    Signature, StepUpClient, StepUpError, Timestamp, TokenScope,
};

pub(crate) const ENVIRONMENT: &str = "2762a57b-faa4-41ce-9f16-abff9300e2c9";
pub(crate) const NOW: i64 = 1_795_514_400;

/// How the scripted server answers one request.
pub(crate) enum Answer {
    Reply(u16, String),
    ReplyWith(HttpResponse),
    Network,
    /// Never, unless the test lets it.
    Wait(Gate, Box<Answer>),
}

/// Holds an answer back until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate(Rc<RefCell<(bool, Vec<Waker>)>>);

impl Gate {
    pub(crate) fn open(&self) {
        let mut inner = self.0.borrow_mut();
        inner.0 = true;
        inner.1.drain(..).for_each(Waker::wake);
    }
}

impl Future for Gate {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.0.borrow_mut();
        if inner.0 {
            return Poll::Ready(());
        }
        inner.1.push(context.waker().clone());
        Poll::Pending
    }
}

#[derive(Default)]
pub(crate) struct Script {
    answers: RefCell<VecDeque<(&'static str, Answer)>>,
    /// What is answered as often as it is asked for.
    standing: RefCell<Vec<(&'static str, String)>>,
    pub(crate) seen: RefCell<Vec<HttpRequest>>,
    pub(crate) now: Cell<i64>,
    pub(crate) timers: RefCell<Vec<(Duration, Gate)>>,
    pub(crate) date: Cell<bool>,
}

impl Script {
    /// The next request to a path that ends like this is answered so.
    pub(crate) fn expect(&self, path: &'static str, status: u16, body: impl Into<String>) {
        self.expect_answer(path, Answer::Reply(status, body.into()));
    }

    pub(crate) fn expect_answer(&self, path: &'static str, answer: Answer) {
        self.answers.borrow_mut().push_back((path, answer));
    }

    /// The same before everything else that is expected.
    pub(crate) fn expect_first(&self, path: &'static str, status: u16, body: impl Into<String>) {
        self.answers.borrow_mut().push_front((path, Answer::Reply(status, body.into())));
    }

    /// Requests to a path that ends like this are answered so, unless the script has something else for the next one.
    pub(crate) fn always(&self, path: &'static str, body: impl Into<String>) {
        let mut standing = self.standing.borrow_mut();
        standing.retain(|(known, _)| *known != path);
        standing.push((path, body.into()));
    }

    /// The requests to a path that ends like this.
    pub(crate) fn requests(&self, path: &str) -> Vec<HttpRequest> {
        self.seen.borrow().iter().filter(|request| request.path().ends_with(path)).cloned().collect()
    }

    /// Lets every timer run out.
    pub(crate) fn run_out_of_time(&self) {
        self.timers.borrow().iter().for_each(|(_, gate)| gate.open());
    }

    fn answer(&self, request: HttpRequest) -> Answer {
        let path = request.path().to_owned();
        self.seen.borrow_mut().push(request);
        if path.ends_with("/settings") && !self.is_next("/settings") {
            return Answer::Reply(200, "{}".into());
        }
        if path.ends_with("/nonces") && !self.is_next("/nonces") {
            return Answer::Reply(200, r#"{"nonces":["n1","n2","n3","n4","n5"]}"#.into());
        }
        let standing = self.standing.borrow().iter().find(|(known, _)| path.ends_with(known)).cloned();
        if let Some((known, body)) = standing
            && !self.is_next(known)
        {
            return Answer::Reply(200, body);
        }
        let (expected, answer) = self
            .answers
            .borrow_mut()
            .pop_front()
            .unwrap_or_else(|| panic!("{path} was asked for, and nothing is left in the script"));
        assert!(path.ends_with(expected), "{path} was asked for, and the script has {expected}");
        answer
    }

    fn is_next(&self, path: &str) -> bool {
        self.answers.borrow().front().is_some_and(|(next, _)| *next == path)
    }

    /// Nothing that was expected is left over.
    pub(crate) fn assert_done(&self) {
        let left: Vec<_> = self.answers.borrow().iter().map(|(path, _)| *path).collect();
        assert!(left.is_empty(), "never asked for: {left:?}");
    }
}

async fn give(answer: Answer, date: Option<String>) -> Result<HttpResponse> {
    let mut answer = answer;
    loop {
        match answer {
            Answer::Reply(status, body) => {
                let response = HttpResponse::new(status, body);
                return Ok(match date {
                    Some(date) => response.with_header("Date", date),
                    None => response,
                });
            }
            Answer::ReplyWith(response) => return Ok(response),
            Answer::Network => return Err(StepUpError::Network),
            Answer::Wait(gate, then) => {
                gate.await;
                answer = *then;
            }
        }
    }
}

struct FakeKeychain(Cell<u8>);

impl Keychain for FakeKeychain {
    fn session_key(&self) -> LocalFuture<'static, Result<PublicKey>> {
        Box::pin(async { PublicKey::from_uncompressed(&[[4; 1].as_slice(), &[7; 64]].concat()) })
    }

    fn sign_with_device_key(&self, message: Vec<u8>) -> LocalFuture<'static, Result<(PublicKey, Signature)>> {
        Box::pin(async move {
            assert!(message.starts_with(b"n"), "only nonces are signed");
            Ok((
                PublicKey::from_uncompressed(&[[4; 1].as_slice(), &[8; 64]].concat())?,
                Signature::from_raw(&[9; 64])?,
            ))
        })
    }

    fn random(&self, bytes: &mut [u8]) -> Result<()> {
        for byte in bytes {
            self.0.set(self.0.get().wrapping_add(1));
            *byte = self.0.get();
        }
        Ok(())
    }

    fn sha256(&self, message: Vec<u8>) -> LocalFuture<'static, Result<[u8; 32]>> {
        Box::pin(async move { Ok(sha2::Digest::finalize(sha2::Sha256::new_with_prefix(message)).into()) })
    }
}

pub(crate) fn platform(script: &Rc<Script>) -> Platform {
    script.now.set(NOW);
    let server = Rc::clone(script);
    let transport = move |request: HttpRequest| {
        let answer = server.answer(request);
        let server = Rc::clone(&server);
        async move {
            let date = server.date.get().then(|| {
                let secs = u64::try_from(NOW).unwrap();
                httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(secs))
            });
            give(answer, date).await
        }
    };
    let clock = Rc::clone(script);
    let timers = Rc::clone(script);
    let timer = move |duration: Duration| -> LocalFuture<'static, ()> {
        let gate = Gate::default();
        timers.timers.borrow_mut().push((duration, gate.clone()));
        Box::pin(gate)
    };
    Platform::new(transport, move || Timestamp::from_secs(clock.now.get()), timer, FakeKeychain(Cell::new(0)))
}

pub(crate) fn client() -> (StepUpClient, Rc<Script>) {
    let script = Rc::new(Script::default());
    let config = Config::new(ENVIRONMENT).unwrap().allow_origin("https://api.example").unwrap();
    (StepUpClient::new(config, platform(&script)), script)
}

/// A client on which `user` is signed in.
pub(crate) fn signed_in(user: &str) -> (StepUpClient, Rc<Script>) {
    let (client, script) = client();
    sign_in(&client, &script, user);
    (client, script)
}

pub(crate) fn sign_in(client: &StepUpClient, script: &Script, user: &str) {
    script.expect("/create", 200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
    script.expect("/signin", 200, verified(user, None));
    let verification = run(client.send_sign_in_code("a@b.example")).unwrap();
    run(client.sign_in_with_otp(&verification, "123456")).unwrap();
}

/// Sends a step-up code.
pub(crate) fn send_otp(client: &StepUpClient, script: &Script) -> OtpVerification {
    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(client.send_otp(None)).unwrap()
}

/// Verifies, with what the server answers.
pub(crate) fn verify(
    client: &StepUpClient,
    script: &Script,
    scopes: &[TokenScope],
    status: u16,
    body: String,
) -> Result<()> {
    let verification = send_otp(client, script);
    script.expect("/emailVerifications/verify", status, body);
    run(client.verify_otp(&verification, "123456", scopes)).map(|_| ())
}

pub(crate) fn jwt(claims: &str) -> String {
    format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
}

pub(crate) fn session_token(user: &str) -> String {
    jwt(&format!(r#"{{"sub":"{user}","sid":"s","iat":{NOW},"signin_credential_id":"c"}}"#))
}

pub(crate) fn user(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","projectEnvironmentId":"{ENVIRONMENT}","verifiedCredentials":[
            {{"id":"c","format":"email","email":"a@b.example","signInEnabled":true}},
            {{"id":"w","format":"blockchain","embedded_wallet_id":"ew"}}]}}"#
    )
}

/// The answer to a verification; `elevated` are the claims of the elevated token.
pub(crate) fn verified(user_id: &str, elevated: Option<&str>) -> String {
    let elevated =
        elevated.map(|claims| format!(r#","elevatedAccessToken":"{}""#, jwt(claims))).unwrap_or_default();
    format!(
        r#"{{"user":{},"expiresAt":{},"minifiedJwt":"{}"{elevated}}}"#,
        user(user_id),
        NOW + 3600,
        session_token(user_id)
    )
}

/// The claims of an elevated token of user `u`.
pub(crate) fn claims(scope: &str, lives: i64, single_use: bool) -> String {
    let id = NEXT.with(|next| next.replace(next.get() + 1));
    format!(
        r#"{{"sub":"u","scope":"{scope}","iat":{NOW},"exp":{},"singleUse":{single_use},"jti":"{id}"}}"#,
        NOW + lives
    )
}

thread_local!(static NEXT: Cell<u64> = const { Cell::new(0) });

/// Elevates user `u` for `wallet:export`.
pub(crate) fn elevate(client: &StepUpClient, script: &Script, lives: i64, single_use: bool) {
    let answer = verified("u", Some(&claims("wallet:export", lives, single_use)));
    verify(client, script, &[TokenScope::WalletExport], 200, answer).unwrap();
}

/// Runs a future that must not wait for anything but what is already there.
#[track_caller]
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match poll(&mut future) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits for something that nobody will do"),
    }
}

/// Polls once.
pub(crate) fn poll<T>(future: &mut Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}
