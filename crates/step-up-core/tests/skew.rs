//! Core lane: the client's estimate of the service's time, over clocks that are a day off, responses with and without a `Date`,
//! tokens old and new, and machines that sleep.

#![allow(clippy::unwrap_used)]

mod support;

use std::{rc::Rc, task::Poll, time::Duration};

use proptest::prelude::*;
use step_up_core::{
    Challenge, HttpResponse, OtpVerification, Result, SessionStatus, StepUpClient, StepUpError, TokenScope,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;
const DAY: i64 = 86_400;
/// How long sessions and elevated tokens live.
const SESSION: i64 = 3600;
const TOKEN: i64 = 300;
/// A `Date` is cut to seconds.
const TOLERANCE: i64 = 1;

fn date(secs: i64) -> String {
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(secs).unwrap()))
}

fn elevated(issued_at: &str, exp: i64) -> String {
    let number = claims("", 0, false);
    let iat = if issued_at.is_empty() { String::new() } else { format!(r#""iat":{issued_at},"#) };
    let number = number.rsplit_once("jti").unwrap().1;
    format!(r#"{{"sub":"u","scope":"wallet:export",{iat}"exp":{exp},"singleUse":true,"jti{number}"#)
}

fn expired_yesterday() -> String {
    elevated(&(NOW - DAY - TOKEN).to_string(), NOW - DAY)
}

#[test]
fn a_token_that_expired_a_day_ago_is_not_accepted_and_does_not_move_the_time() {
    let (client, script) = signed_in("u");
    for _ in 0..2 {
        let verified = verify(&client, &script, &[EXPORT], 200, verified("u", Some(&expired_yesterday())));
        assert_eq!(verified, Err(StepUpError::NotElevated(Challenge::new(&[EXPORT]))));
        assert!(client.elevations().is_empty());
        assert_eq!(client.now().as_secs(), NOW);
    }
}

#[test]
fn a_session_of_an_hour_does_not_live_longer_with_old_tokens() {
    let (client, script) = signed_in("u");
    script.now.set(NOW + SESSION - 60);
    let answer = verified("u", Some(&elevated(&(NOW - DAY).to_string(), NOW + 2 * DAY)));
    verify(&client, &script, &[EXPORT], 200, answer).unwrap();
    script.now.set(NOW + SESSION);
    assert_eq!(client.status(), SessionStatus::SignedOut);
}

#[test]
fn a_time_of_issue_that_cannot_be_true_has_no_effect() {
    for issued_at in ["0", "-1", "-99999999999999999999", "99999999999999999999", "1.5", "null", ""] {
        let (client, script) = signed_in("u");
        let answer = verified("u", Some(&elevated(issued_at, NOW + TOKEN)));
        verify(&client, &script, &[EXPORT], 200, answer).unwrap();
        assert_eq!(client.now().as_secs(), NOW, "{issued_at}");
        assert!(client.elevation(&EXPORT).is_some(), "{issued_at}");
    }
    for unreadable in [r#""soon""#, "1e9", "[1]", "true"] {
        let (client, script) = signed_in("u");
        let answer = verified("u", Some(&elevated(unreadable, NOW + TOKEN)));
        assert!(verify(&client, &script, &[EXPORT], 200, answer).is_err(), "{unreadable}");
        assert_eq!(client.now().as_secs(), NOW, "{unreadable}");
    }
}

#[test]
fn a_sign_in_with_an_implausible_time_of_issue_is_judged_by_the_devices_clock() {
    for issued_at in ["0", "-1", "99999999999999999999"] {
        let (client, script) = client();
        script.expect("/create", 200, r#"{"verificationUUID":"v"}"#);
        let sent = run(client.send_sign_in_code("a@b.example")).unwrap();
        let token = jwt(&format!(r#"{{"sub":"u","iat":{issued_at}}}"#));
        script.expect("/signin", 200, verified("u", None).replace(&session_token("u"), &token));
        run(client.sign_in_with_otp(&sent, "1")).unwrap();
        assert_eq!(client.now().as_secs(), NOW, "{issued_at}");
    }
}

/// What a response says of the time.
#[derive(Clone, Copy, Debug)]
enum Dated {
    No,
    Now,
    /// It was in a cache for as long.
    Stale(i64),
    Hostile(&'static str),
}

#[derive(Clone, Copy, Debug)]
enum Issued {
    Truly,
    Unsaid,
    Zero,
    Negative,
    Fraction,
    Never,
    /// Ahead of the service's time.
    Ahead(i64),
}

/// A request and its response.
#[derive(Clone, Copy, Debug)]
struct Trip {
    dated: Dated,
    /// How long the machine sleeps before the service gets the request, and after it has responded.
    before: i64,
    after: i64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A verification, whose token was issued `age` ago.
    Verify {
        age: i64,
        issued: Issued,
        trip: Trip,
    },
    RefreshUser(Trip),
    Wait(i64),
    /// The device's clock is set back, and the next response has a `Date`.
    SetBack(i64),
    SetForward(i64),
    SignInAgain(Trip),
}

fn dated() -> impl Strategy<Value = Dated> {
    prop_oneof![
        4 => Just(Dated::No),
        4 => Just(Dated::Now),
        2 => (1..2 * DAY).prop_map(Dated::Stale),
        1 => prop::sample::select(vec![
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "yesterday",
        ])
        .prop_map(Dated::Hostile),
    ]
}

fn trip() -> impl Strategy<Value = Trip> {
    let sleep = || prop_oneof![6 => Just(0), 1 => 1..30_i64, 1 => 1..2 * SESSION];
    (dated(), prop_oneof![4 => Just(0), 1 => 1..30_i64], sleep()).prop_map(|(dated, before, after)| Trip {
        dated,
        before,
        after,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let age = prop_oneof![3 => Just(0), 2 => 1..TOKEN + 10, 2 => 1..2 * DAY];
    let issued = prop_oneof![
        6 => Just(Issued::Truly),
        1 => Just(Issued::Unsaid),
        1 => Just(Issued::Zero),
        1 => Just(Issued::Negative),
        1 => Just(Issued::Fraction),
        1 => Just(Issued::Never),
        1 => (1..2 * DAY).prop_map(Issued::Ahead),
    ];
    prop_oneof![
        6 => (age, issued, trip()).prop_map(|(age, issued, trip)| Step::Verify { age, issued, trip }),
        2 => trip().prop_map(Step::RefreshUser),
        4 => prop_oneof![1..TOKEN, 1..2 * SESSION, 1..2 * DAY].prop_map(Step::Wait),
        1 => (1..DAY).prop_map(Step::SetBack),
        1 => (1..DAY).prop_map(Step::SetForward),
        1 => trip().prop_map(Step::SignInAgain),
    ]
}

struct World {
    client: StepUpClient,
    script: Rc<Script>,
    sent: OtpVerification,
    /// The service's time; the device's is `skew` from it.
    time: i64,
    skew: i64,
    session_ends: i64,
    /// By how much the client may be early: a request takes its time, and counts from its beginning.
    early: i64,
    /// The client may be early by anything, until the next sign-in.
    is_fast: bool,
    latest: i64,
}

impl World {
    fn new(skew: i64, trip: Trip) -> Self {
        let (client, script) = client();
        script.now.set(NOW + skew);
        script.always("/revoke", "");
        script.expect("/create", 200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
        let sent = run(client.send_sign_in_code("a@b.example")).unwrap();
        let mut world = Self {
            client,
            script,
            sent,
            time: NOW,
            skew,
            session_ends: NOW,
            early: 0,
            is_fast: false,
            latest: i64::MIN,
        };
        world.sign_in(trip);
        world
    }

    fn wait(&mut self, secs: i64) {
        self.time += secs;
        self.script.now.set(self.time + self.skew);
    }

    /// Makes a call whose response the service makes on the way.
    fn make<T: 'static>(
        &mut self,
        path: &'static str,
        body: impl Fn(&Self) -> String,
        trip: Trip,
        call: impl FnOnce(&StepUpClient) -> step_up_core::LocalFuture<'static, Result<T>>,
    ) -> Result<T> {
        let responded_at = self.time + trip.before;
        let before = self.time;
        self.time = responded_at;
        let mut response = HttpResponse::new(200, body(self));
        self.time = before;
        response = match trip.dated {
            Dated::No => response,
            Dated::Now => response.with_header("Date", date(responded_at)),
            Dated::Stale(age) => response.with_header("Date", date(responded_at - age)),
            Dated::Hostile(text) => response.with_header("Date", text),
        };
        let gate = Gate::default();
        self.script.expect_answer(path, Answer::Wait(gate.clone(), Box::new(Answer::ReplyWith(response))));
        let mut call = call(&self.client);
        assert!(poll(&mut call.as_mut()).is_pending());
        self.wait(trip.before + trip.after);
        self.early = self.early.max(trip.before);
        gate.open();
        match poll(&mut call.as_mut()) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("{path} waits"),
        }
    }

    fn sign_in(&mut self, trip: Trip) {
        // A clock that was set forward is found out by a `Date` only.
        let dated = if self.is_fast { Dated::Now } else { trip.dated };
        let trip = Trip { dated, after: trip.after.min(600), ..trip };
        let sent = self.sent.clone();
        let body = |world: &Self| {
            let token = jwt(&format!(r#"{{"sub":"u","sid":"s","iat":{}}}"#, world.time));
            let (user, ends) = (user("u"), world.time + SESSION);
            format!(r#"{{"user":{user},"expiresAt":{ends},"minifiedJwt":"{token}"}}"#)
        };
        if self.client.status() == SessionStatus::SignedIn {
            run(self.client.sign_out()).unwrap();
        }
        let begun = self.time;
        self.make("/signin", body, trip, |client| client.sign_in_with_otp(&sent, "1"))
            .unwrap_or_else(|error| panic!("{} s of skew: {error:?}", self.skew));
        self.session_ends = begun + trip.before + SESSION;
        (self.is_fast, self.latest) = (false, i64::MIN);
    }

    /// Whether the session goes on, which is checked.
    fn is_signed_in(&self) -> bool {
        let is_signed_in = self.client.status() == SessionStatus::SignedIn;
        if self.time >= self.session_ends + TOLERANCE {
            assert!(!is_signed_in, "lives {} s too long", self.time - self.session_ends);
        }
        if !self.is_fast && self.time + self.early + TOLERANCE < self.session_ends {
            assert!(is_signed_in, "ended {} s too soon", self.session_ends - self.time);
        }
        is_signed_in
    }

    fn verify(&mut self, age: i64, issued: Issued, trip: Trip) {
        let issued_at = self.time + trip.before - age;
        let (exp, sent) = (issued_at + TOKEN, self.sent.clone());
        let iat = match issued {
            Issued::Truly => issued_at.to_string(),
            Issued::Unsaid => String::new(),
            Issued::Zero => "0".into(),
            Issued::Negative => format!("-{issued_at}"),
            Issued::Fraction => format!("{}.75", issued_at - 1),
            Issued::Never => format!("{issued_at}000"),
            Issued::Ahead(secs) => (issued_at + secs).to_string(),
        };
        let renewed = self.time + trip.before + SESSION;
        let body = |_: &Self| {
            let token = jwt(&elevated(&iat, exp));
            format!(r#"{{"user":{},"expiresAt":{renewed},"elevatedAccessToken":"{token}"}}"#, user("u"))
        };
        let was_fast = self.is_fast;
        if matches!(issued, Issued::Ahead(_)) {
            self.is_fast = true;
        }
        let held = self.client.elevations().len();
        let result = self.make("/verify", body, trip, |client| client.verify_otp(&sent, "1", &[EXPORT]));
        if matches!(result, Err(StepUpError::NotSignedIn)) {
            // The session had expired when the response came, or ends by what the response says of the time.
            assert!(!self.is_signed_in());
            return;
        }
        self.session_ends = renewed;
        if exp + TOLERANCE <= self.time {
            assert!(result.is_err(), "accepted {} s after its expiry", self.time - exp);
            assert!(self.client.elevations().len() <= held, "held after its expiry");
        }
        if !was_fast && self.time + self.early + TOLERANCE < exp {
            assert!(result.is_ok(), "refused {} s before its expiry: {result:?}", exp - self.time);
        }
    }

    fn step(&mut self, step: Step) {
        if !self.is_signed_in() {
            self.sign_in(Trip { dated: Dated::No, before: 0, after: 0 });
        }
        match step {
            Step::Verify { age, issued, trip } => self.verify(age, issued, trip),
            Step::RefreshUser(trip) => {
                let _ = self.make("/users", |_| user("u"), trip, StepUpClient::refresh_user);
            }
            Step::Wait(secs) => self.wait(secs),
            Step::SetBack(secs) => {
                self.skew = (self.skew - secs).max(-DAY);
                let trip = Trip { dated: Dated::Now, before: 0, after: 0 };
                self.wait(0);
                let _ = self.make("/users", |_| user("u"), trip, StepUpClient::refresh_user);
            }
            Step::SetForward(secs) => {
                self.skew = (self.skew + secs).min(DAY);
                self.is_fast = true;
                self.wait(0);
            }
            Step::SignInAgain(trip) => self.sign_in(trip),
        }
        if self.is_signed_in() {
            let now = self.client.now().as_millis();
            assert!(now >= self.latest, "{} ms back", self.latest - now);
            self.latest = now;
            let held = self.client.elevations();
            assert!(
                held.iter().all(|held| held.expires_at.as_secs() + TOLERANCE > self.time),
                "held too long"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// With a device that is up to a day off, in any order of responses, tokens and sleeps: an expired token is never
    /// accepted nor held; a valid one is accepted, and a session goes on until its end, unless the device's clock was set
    /// forward or a token was issued in the future; a session ends a second after its expiry at the latest; and within a
    /// session time never goes backwards.
    #[test]
    fn tokens_and_sessions_live_as_long_as_the_service_says(
        skew in -DAY..=DAY,
        first in trip(),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut world = World::new(skew, first);
        for step in steps {
            world.step(step);
        }
    }
}
