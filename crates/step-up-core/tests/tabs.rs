//! Core lane: clients that share one session store, as the tabs of a browser do.
//!
//! `tab_1` is signed in as Ada. Between its request and its answer, `tab_2` changes the stored session.

#![allow(clippy::unwrap_used)]

mod support;

use std::{cell::RefCell, rc::Rc};

use step_up_core::{
    Config, Event, HttpResponse, MemorySessionStore, Result, SessionStatus, SessionStore, StepUpClient,
    StepUpError, StoredSession, TokenScope, Verified,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A store that several clients share, and that can be told to fail.
#[derive(Clone, Default)]
struct Shared(Rc<SharedInner>);

#[derive(Default)]
struct SharedInner {
    kept: MemorySessionStore,
    is_unreadable: std::cell::Cell<bool>,
    is_full: std::cell::Cell<bool>,
    /// A session that another tab writes right before a read, after this many more.
    late: RefCell<Option<(usize, StoredSession)>>,
    /// The sessions that were saved, in order; `None` for a removal.
    writes: RefCell<Vec<Option<StoredSession>>>,
}

impl Shared {
    fn stored(&self) -> Option<StoredSession> {
        self.0.kept.load().unwrap()
    }

    fn user(&self) -> Option<String> {
        self.stored().map(|stored| stored.user.id.as_str().to_owned())
    }

    fn writes(&self) -> usize {
        self.0.writes.borrow().len()
    }
}

fn storage_error() -> StepUpError {
    StepUpError::Storage { why: "test".into() }
}

impl SessionStore for Shared {
    fn load(&self) -> Result<Option<StoredSession>> {
        if self.0.is_unreadable.get() {
            return Err(storage_error());
        }
        let late = self.0.late.take();
        match late {
            Some((0, session)) => self.0.kept.save(&session)?,
            late => *self.0.late.borrow_mut() = late.map(|(reads, session)| (reads - 1, session)),
        }
        self.0.kept.load()
    }

    fn save(&self, session: &StoredSession) -> Result<()> {
        if self.0.is_full.get() {
            return Err(storage_error());
        }
        self.0.writes.borrow_mut().push(Some(session.clone()));
        self.0.kept.save(session)
    }

    fn clear(&self) -> Result<()> {
        if self.0.is_full.get() {
            return Err(storage_error());
        }
        self.0.writes.borrow_mut().push(None);
        self.0.kept.clear()
    }
}

/// A session as the scripted server names it in a token: the user, the session's identifier, and when the token was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Issued {
    user: &'static str,
    sid: u32,
    at: i64,
}

impl Issued {
    const fn new(user: &'static str, sid: u32, at: i64) -> Self {
        Self { user, sid, at }
    }

    /// The same session, renewed.
    const fn renewed(self, after: i64) -> Self {
        Self { at: self.at + after, ..self }
    }

    fn token(self) -> String {
        let Self { user, sid, at } = self;
        jwt(&format!(r#"{{"sub":"{user}","sid":"{sid}","iat":{at},"signin_credential_id":"c"}}"#))
    }

    fn expires_at(self) -> i64 {
        self.at + HOUR
    }

    /// The answer that brings this session; `elevated` are the claims of an elevated token.
    fn answer(self, elevated: Option<&str>) -> String {
        let elevated =
            elevated.map(|claims| format!(r#","elevatedAccessToken":"{}""#, jwt(claims))).unwrap_or_default();
        format!(
            r#"{{"user":{},"expiresAt":{},"minifiedJwt":"{}"{elevated}}}"#,
            user(self.user),
            self.expires_at(),
            self.token()
        )
    }

    /// The answer of an environment whose sessions live in a cookie.
    fn cookie_answer(self) -> String {
        format!(r#"{{"user":{},"expiresAt":{}}}"#, user(self.user), self.expires_at())
    }

    fn elevation(self) -> String {
        let times = |at: i64| format!(r#""iat":{at},"exp":{}"#, at + 1800);
        claims("wallet:export", 1800, false)
            .replace(r#""sub":"u""#, &format!(r#""sub":"{}""#, self.user))
            .replace(&times(NOW), &times(self.at))
    }
}

const ADA: Issued = Issued::new("ada", 1, NOW);
const BOB: Issued = Issued::new("bob", 2, NOW + 1);

struct Tab {
    client: StepUpClient,
    script: Rc<Script>,
}

impl Tab {
    fn open(store: &Shared) -> Self {
        Self::open_at(store, NOW)
    }

    /// A tab that is opened when its clock shows `now`.
    fn open_at(store: &Shared, now: i64) -> Self {
        let script = Rc::new(Script::default());
        let platform = platform(&script).with_session_store(store.clone());
        script.now.set(now);
        Self { client: StepUpClient::new(Config::new(ENVIRONMENT).unwrap(), platform), script }
    }

    /// Gets a response from which the client learns that the service's time is `now`.
    fn learn(&self, now: i64) {
        let sent = HttpResponse::new(200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
        self.script.expect_answer("/create", Answer::ReplyWith(sent.with_header("Date", date(now))));
        run(self.client.send_sign_in_code("a@b.example")).unwrap();
    }

    fn sign_in(&self, session: Issued) {
        self.sign_in_by(session.answer(None));
    }

    fn sign_in_by(&self, answer: String) {
        self.script.expect("/create", 200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
        self.script.expect("/signin", 200, answer);
        let verification = run(self.client.send_sign_in_code("a@b.example")).unwrap();
        run(self.client.sign_in_with_otp(&verification, "123456")).unwrap();
    }

    fn sign_out(&self) -> Result<()> {
        self.script.expect("/revoke", 204, "");
        run(self.client.sign_out())
    }

    fn refresh(&self, session: Issued) -> Result<()> {
        self.script.expect("/refresh", 200, session.answer(None));
        run(self.client.refresh()).map(drop)
    }

    fn elevate(&self, session: Issued) -> Result<()> {
        let sent = send_otp(&self.client, &self.script);
        self.script.expect("/emailVerifications/verify", 200, session.answer(Some(&session.elevation())));
        run(self.client.verify_otp(&sent, "123456", &[EXPORT])).map(drop)
    }

    /// Begins a step-up, whose answer comes when the gate is opened.
    fn begin_step_up(&self, answer: Answer) -> (Gate, step_up_core::LocalFuture<'static, Result<Verified>>) {
        let sent = send_otp(&self.client, &self.script);
        let gate = Gate::default();
        self.script.expect_answer("/emailVerifications/verify", Answer::Wait(gate.clone(), Box::new(answer)));
        let mut verification = self.client.verify_otp(&sent, "123456", &[EXPORT]);
        assert!(poll(&mut verification.as_mut()).is_pending());
        (gate, verification)
    }

    fn user(&self) -> Option<String> {
        self.client.user().map(|user| user.id.as_str().to_owned())
    }

    /// The token that the client sends now.
    fn token(&self) -> String {
        self.script.expect("/stepUp/check", 200, r#"{"isRequired":true,"credentials":[]}"#);
        run(self.client.check(&TokenScope::CredentialLink));
        bearer(&self.script, "/stepUp/check")
    }
}

/// The session token of the last request to a path that ends like this.
fn bearer(script: &Script, path: &str) -> String {
    let request = script.requests(path).pop().unwrap();
    let header = request.headers.into_iter().find(|(name, _)| name == "authorization");
    header.unwrap().1.trim_start_matches("Bearer ").to_owned()
}

fn date(secs: i64) -> String {
    let since_epoch = std::time::Duration::from_secs(u64::try_from(secs).unwrap());
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + since_epoch)
}

/// Two tabs in which Ada is signed in.
fn two_tabs() -> (Tab, Tab, Shared) {
    let store = Shared::default();
    let tab_1 = Tab::open(&store);
    tab_1.sign_in(ADA);
    let tab_2 = Tab::open(&store);
    assert_eq!(tab_2.user().as_deref(), Some("ada"));
    (tab_1, tab_2, store)
}

/// Ada signs out in `tab`, and Bob signs in.
fn change_to_bob(tab: &Tab) {
    tab.sign_out().unwrap();
    tab.sign_in(BOB);
}

#[test]
fn a_step_up_answer_after_another_user_signed_in_elsewhere_stores_nothing_and_takes_up_that_user() {
    let (tab_1, tab_2, store) = two_tabs();
    let (gate, verification) =
        tab_1.begin_step_up(Answer::Reply(200, ADA.renewed(5).answer(Some(&ADA.elevation()))));
    change_to_bob(&tab_2);
    let (stored, writes) = (store.stored(), store.writes());
    gate.open();
    assert_eq!(run(verification).map(drop), Err(StepUpError::NotSignedIn));
    assert_eq!(store.user().as_deref(), Some("bob"), "the store's session was overwritten");
    assert_eq!((store.stored(), store.writes()), (stored, writes));
    assert_eq!(tab_1.user().as_deref(), Some("bob"));
    assert!(tab_1.client.elevations().is_empty(), "an elevation of Ada is held for Bob");
    assert_eq!(tab_1.token(), BOB.token());
}

#[test]
fn a_rejected_token_after_another_user_signed_in_elsewhere_leaves_that_session_stored() {
    let (tab_1, tab_2, store) = two_tabs();
    let (gate, verification) = tab_1.begin_step_up(Answer::Reply(401, r#"{"error":"unauthorized"}"#.into()));
    change_to_bob(&tab_2);
    let writes = store.writes();
    gate.open();
    assert_eq!(run(verification).map(drop), Err(StepUpError::NotSignedIn));
    assert_eq!(store.user().as_deref(), Some("bob"), "the store's session was cleared");
    assert_eq!(store.writes(), writes);
    assert_eq!(tab_1.user().as_deref(), Some("bob"));
}

#[test]
fn a_rejected_token_of_the_stored_session_ends_it_everywhere() {
    let (tab_1, tab_2, store) = two_tabs();
    tab_1.script.expect("/stepUp/check", 401, r#"{"error":"unauthorized"}"#);
    assert_eq!(run(tab_1.client.check(&EXPORT)).cause, Some(StepUpError::NotSignedIn));
    assert_eq!((tab_1.user(), store.user()), (None, None));
    tab_2.client.recheck_elevations();
    assert_eq!(tab_2.user(), None);
}

#[test]
fn a_rejected_token_that_another_tab_has_renewed_ends_nothing() {
    let (tab_1, tab_2, store) = two_tabs();
    let (gate, verification) = tab_1.begin_step_up(Answer::Reply(401, r#"{"error":"unauthorized"}"#.into()));
    tab_2.refresh(ADA.renewed(10)).unwrap();
    gate.open();
    assert_eq!(run(verification).map(drop), Err(StepUpError::NotSignedIn));
    assert_eq!(store.user().as_deref(), Some("ada"));
    assert_eq!(tab_1.token(), ADA.renewed(10).token());
}

#[test]
fn a_sign_out_elsewhere_ends_the_session_and_its_elevations_here() {
    let (tab_1, tab_2, store) = two_tabs();
    tab_1.elevate(ADA).unwrap();
    let (gate, verification) =
        tab_1.begin_step_up(Answer::Reply(200, ADA.renewed(5).answer(Some(&ADA.elevation()))));
    tab_2.sign_out().unwrap();
    gate.open();
    assert_eq!(run(verification).map(drop), Err(StepUpError::NotSignedIn));
    assert_eq!((tab_1.client.status(), store.user()), (SessionStatus::SignedOut, None));
    assert!(tab_1.client.elevations().is_empty());
}

#[test]
fn a_session_renewed_elsewhere_is_taken_up_with_what_is_held() {
    let (tab_1, tab_2, store) = two_tabs();
    tab_1.elevate(ADA).unwrap();
    tab_2.client.recheck_elevations();
    tab_2.refresh(ADA.renewed(60)).unwrap();
    let writes = store.writes();
    tab_1.client.recheck_elevations();
    assert_eq!(tab_1.client.session().expires_at.unwrap().as_secs(), ADA.renewed(60).expires_at());
    assert!(tab_1.client.elevation(&EXPORT).is_some(), "a renewal voids nothing");
    assert_eq!(tab_1.token(), ADA.renewed(60).token());
    assert!(tab_2.client.elevations().is_empty(), "elevated tokens never cross");
    assert_eq!(store.writes(), writes, "what was read is not written again");
}

#[test]
fn an_answer_that_is_older_than_the_stored_session_does_not_replace_it() {
    let (tab_1, tab_2, store) = two_tabs();
    let (gate, verification) =
        tab_1.begin_step_up(Answer::Reply(200, ADA.renewed(5).answer(Some(&ADA.elevation()))));
    tab_2.refresh(ADA.renewed(60)).unwrap();
    let stored = store.stored();
    gate.open();
    run(verification).unwrap();
    assert_eq!(store.stored(), stored, "an older token was written over a newer one");
    assert_eq!(tab_1.token(), ADA.renewed(60).token());
    assert!(tab_1.client.elevation(&EXPORT).is_some(), "the same session gained it");
}

#[test]
fn an_expiry_after_another_user_signed_in_elsewhere_takes_up_that_user() {
    let (tab_1, tab_2, store) = two_tabs();
    tab_2.sign_out().unwrap();
    tab_2.sign_in(BOB.renewed(2 * HOUR));
    tab_1.script.now.set(ADA.expires_at());
    tab_1.client.recheck_elevations();
    assert_eq!(store.user().as_deref(), Some("bob"), "the expiry of Ada's session cleared Bob's");
    assert_eq!(tab_1.user().as_deref(), Some("bob"));
}

#[test]
fn a_request_after_the_expiry_of_the_own_session_leaves_the_stored_one_alone() {
    let (tab_1, tab_2, store) = two_tabs();
    tab_2.sign_out().unwrap();
    tab_2.sign_in(BOB.renewed(2 * HOUR));
    tab_1.script.now.set(ADA.expires_at());
    let sent = tab_1.script.seen.borrow().len();
    assert_eq!(run(tab_1.client.sign_out()), Err(StepUpError::NotSignedIn));
    assert_eq!(tab_1.script.seen.borrow().len(), sent);
    assert_eq!(store.user().as_deref(), Some("bob"));
}

#[test]
fn an_expiry_after_a_renewal_elsewhere_ends_nothing() {
    let (tab_1, tab_2, store) = two_tabs();
    tab_2.refresh(ADA.renewed(HOUR)).unwrap();
    tab_1.script.now.set(ADA.expires_at());
    tab_1.client.recheck_elevations();
    assert_eq!((tab_1.user().as_deref(), store.user().as_deref()), (Some("ada"), Some("ada")));
}

#[test]
fn a_request_after_an_expiry_that_a_renewal_elsewhere_moved_is_sent() {
    let (tab_1, tab_2, _) = two_tabs();
    tab_2.refresh(ADA.renewed(HOUR)).unwrap();
    tab_1.script.now.set(ADA.expires_at());
    send_otp(&tab_1.client, &tab_1.script);
    assert_eq!(bearer(&tab_1.script, "/create"), ADA.renewed(HOUR).token());
}

/// Bob's session, as another tab has stored it.
fn stored_bob() -> StoredSession {
    let store = Shared::default();
    Tab::open(&store).sign_in(BOB);
    store.stored().unwrap()
}

/// A response with an elevation comes to the request of Ada's tab, and Bob's session is stored `reads` reads later.
fn step_up_with_bob_stored_late(reads: usize, answer: Answer) -> (Result<()>, Tab, Shared) {
    let store = Shared::default();
    let tab = Tab::open(&store);
    tab.sign_in(ADA);
    let (gate, verification) = tab.begin_step_up(answer);
    store.0.late.replace(Some((reads, stored_bob())));
    gate.open();
    let verified = run(verification).map(drop);
    (verified, tab, store)
}

#[test]
fn a_session_stored_between_response_and_write_is_neither_overwritten_nor_cleared() {
    // The first read is that of the response, the second that before the write.
    for reads in [0, 1] {
        let renewed = Answer::Reply(200, ADA.renewed(5).answer(Some(&ADA.elevation())));
        let rejected = Answer::Reply(401, r#"{"error":"unauthorized"}"#.into());
        for answer in [renewed, rejected] {
            let (verified, tab, store) = step_up_with_bob_stored_late(reads, answer);
            assert_eq!(verified, Err(StepUpError::NotSignedIn), "{reads}");
            assert!(store.0.late.borrow().is_none(), "{reads} reads were too many");
            assert_eq!((tab.user().as_deref(), store.user().as_deref()), (Some("bob"), Some("bob")));
            assert!(tab.client.elevations().is_empty(), "an elevation of Ada is held for Bob");
        }
    }
}

#[test]
fn a_stored_session_that_has_expired_is_forgotten() {
    let (tab_1, tab_2, store) = two_tabs();
    change_to_bob(&tab_2);
    tab_1.script.now.set(BOB.expires_at());
    tab_1.client.recheck_elevations();
    assert_eq!((tab_1.user(), store.user()), (None, None));
}

/// A device whose clock is a day fast, and a service whose `Date` cannot be read: Ada has signed in in one tab, whose clock
/// her token has corrected.
fn signed_in_on_a_fast_device() -> (Tab, Shared) {
    let store = Shared::default();
    let tab = Tab::open_at(&store, NOW + DAY);
    tab.sign_in(ADA);
    assert_eq!(tab.user().as_deref(), Some("ada"));
    (tab, store)
}

#[test]
fn a_session_that_is_over_by_the_device_clock_only_is_not_shown_and_stays_stored() {
    let (signed_in, store) = signed_in_on_a_fast_device();
    let writes = store.writes();
    let opened = Tab::open_at(&store, NOW + DAY);
    assert_eq!(opened.user(), None);
    opened.client.recheck_elevations();
    assert_eq!(store.writes(), writes, "another tab's session was cleared");
    signed_in.client.recheck_elevations();
    assert_eq!(signed_in.user().as_deref(), Some("ada"));
}

#[test]
fn an_open_tab_with_a_fast_clock_leaves_a_session_of_another_tab_stored() {
    let store = Shared::default();
    let (signed_in, open) = (Tab::open_at(&store, NOW + DAY), Tab::open_at(&store, NOW + DAY));
    let epoch = open.client.epoch();
    signed_in.sign_in(ADA);
    for session in [ADA, ADA.renewed(60)] {
        signed_in.refresh(session).unwrap();
        open.client.recheck_elevations();
        open.client.recheck_elevations();
        assert_eq!((open.user(), store.user().as_deref()), (None, Some("ada")));
    }
    assert_eq!(open.client.epoch(), epoch, "signed out is what it was before");
    signed_in.client.recheck_elevations();
    assert_eq!(signed_in.user().as_deref(), Some("ada"));
}

#[test]
fn a_session_shown_until_it_is_over_by_the_device_clock_only_stays_stored() {
    let (signed_in, store) = signed_in_on_a_fast_device();
    let restored = Tab::open(&store);
    assert_eq!(restored.user().as_deref(), Some("ada"));
    restored.script.now.set(ADA.expires_at());
    restored.client.recheck_elevations();
    assert_eq!((restored.user(), store.user().as_deref()), (None, Some("ada")));
    signed_in.client.recheck_elevations();
    assert_eq!(signed_in.user().as_deref(), Some("ada"));
}

#[test]
fn a_session_over_by_the_device_clock_only_is_taken_up_when_the_clock_is_corrected() {
    let (_signed_in, store) = signed_in_on_a_fast_device();
    let opened = Tab::open_at(&store, NOW + DAY);
    opened.learn(NOW + 60);
    opened.client.recheck_elevations();
    assert_eq!(opened.user().as_deref(), Some("ada"));
    assert_eq!(opened.token(), ADA.token());
}

#[test]
fn a_stored_session_that_is_over_is_cleared_when_the_clock_is_learnt() {
    let store = Shared::default();
    Tab::open(&store).sign_in(ADA);
    let opened = Tab::open_at(&store, ADA.expires_at());
    let epoch = opened.client.epoch();
    opened.client.recheck_elevations();
    assert_eq!((opened.user(), store.user().as_deref()), (None, Some("ada")), "its clock may be fast");
    opened.learn(ADA.expires_at());
    opened.client.recheck_elevations();
    assert_eq!((opened.user(), store.user()), (None, None));
    assert_eq!(opened.client.epoch(), epoch, "signed out is what it was before");
}

#[test]
fn a_session_signed_out_of_while_the_store_was_full_is_not_taken_up_again() {
    let store = Shared::default();
    Tab::open(&store).sign_in(ADA);
    let tab = Tab::open(&store);
    store.0.is_full.set(true);
    tab.sign_out().unwrap();
    tab.client.recheck_elevations();
    assert_eq!((tab.user(), store.user().as_deref()), (None, Some("ada")));
    assert_eq!(tab.client.session().store_error, Some(storage_error()));
}

#[test]
fn a_sign_out_ends_the_session_that_the_tab_shows_and_leaves_the_stored_one() {
    let (tab_1, tab_2, store) = two_tabs();
    change_to_bob(&tab_2);
    tab_1.sign_out().unwrap();
    assert_eq!(bearer(&tab_1.script, "/revoke"), ADA.token());
    assert_eq!(store.user().as_deref(), Some("bob"));
    assert_eq!(tab_1.user().as_deref(), Some("bob"), "the tab shows what the browser has");
    tab_1.sign_out().unwrap();
    assert_eq!((tab_1.user(), store.user()), (None, None));
}

#[test]
fn a_sign_out_revokes_the_token_that_another_tab_has_renewed() {
    let (tab_1, tab_2, store) = two_tabs();
    tab_2.refresh(ADA.renewed(60)).unwrap();
    tab_1.sign_out().unwrap();
    assert_eq!(bearer(&tab_1.script, "/revoke"), ADA.renewed(60).token());
    assert_eq!((tab_1.user(), store.user()), (None, None));
}

#[test]
fn a_sign_in_replaces_the_stored_session() {
    let (tab_1, tab_2, store) = two_tabs();
    change_to_bob(&tab_2);
    let eve = Issued::new("eve", 3, NOW + 2);
    tab_1.sign_in(eve);
    assert_eq!(store.user().as_deref(), Some("eve"));
    tab_2.client.recheck_elevations();
    assert_eq!(tab_2.user().as_deref(), Some("eve"));
}

#[test]
fn a_sign_in_during_which_another_user_signed_in_elsewhere_replaces_the_stored_session() {
    let (tab_1, tab_2, store) = two_tabs();
    tab_1.script.expect("/create", 200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
    let verification = run(tab_1.client.send_sign_in_code("a@b.example")).unwrap();
    let gate = Gate::default();
    let answer = Answer::Reply(200, Issued::new("eve", 3, NOW + 2).answer(None));
    tab_1.script.expect_answer("/signin", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut sign_in = tab_1.client.sign_in_with_otp(&verification, "123456");
    assert!(poll(&mut sign_in.as_mut()).is_pending());
    change_to_bob(&tab_2);
    gate.open();
    run(sign_in).unwrap();
    assert_eq!((tab_1.user().as_deref(), store.user().as_deref()), (Some("eve"), Some("eve")));
}

#[test]
fn a_sign_in_elsewhere_reaches_a_tab_that_becomes_visible() {
    let store = Shared::default();
    let (tab_1, tab_2) = (Tab::open(&store), Tab::open(&store));
    tab_2.sign_in(BOB);
    let changes = Rc::new(std::cell::Cell::new(0));
    let seen = Rc::clone(&changes);
    let _subscription = tab_1.client.subscribe(move |event| {
        if matches!(event, Event::SessionChanged) {
            seen.set(seen.get() + 1);
        }
    });
    tab_1.client.recheck_elevations();
    assert_eq!((tab_1.user().as_deref(), changes.get()), (Some("bob"), 1));
    tab_1.client.recheck_elevations();
    assert_eq!(changes.get(), 1, "nothing changed since");
}

#[test]
fn a_sign_in_again_of_the_same_user_elsewhere_voids_what_is_held_here() {
    let (tab_1, tab_2, _) = two_tabs();
    tab_1.elevate(ADA).unwrap();
    tab_2.client.recheck_elevations();
    tab_2.sign_out().unwrap();
    tab_2.sign_in(Issued::new("ada", 7, NOW + 9));
    tab_1.client.recheck_elevations();
    assert_eq!(tab_1.user().as_deref(), Some("ada"));
    assert!(tab_1.client.elevations().is_empty(), "it is another session");
}

#[test]
fn a_request_is_not_sent_for_a_session_that_the_store_no_longer_has() {
    let (tab_1, tab_2, _) = two_tabs();
    change_to_bob(&tab_2);
    assert_eq!(run(tab_1.client.check(&EXPORT)).cause, Some(StepUpError::NotSignedIn));
    assert!(tab_1.script.requests("/stepUp/check").is_empty());
    assert_eq!(tab_1.user().as_deref(), Some("bob"));
}

const COOKIES: &str = r#"{"security":{"auth":{"storage":["cookie"]}}}"#;

/// Two tabs of an environment whose sessions live in a cookie; Ada is signed in.
fn two_cookie_tabs() -> (Tab, Tab, Shared) {
    let store = Shared::default();
    let tab_1 = Tab::open(&store);
    tab_1.script.expect("/settings", 200, COOKIES);
    tab_1.sign_in_by(ADA.cookie_answer());
    let tab_2 = Tab::open(&store);
    tab_2.script.expect("/settings", 200, COOKIES);
    (tab_1, tab_2, store)
}

#[test]
fn a_cookie_session_of_another_user_is_told_by_the_users_id() {
    let (tab_1, tab_2, store) = two_cookie_tabs();
    tab_2.sign_out().unwrap();
    tab_2.sign_in_by(BOB.cookie_answer());
    // The cookie is Bob's by now: a request that Ada began must not carry it.
    assert_eq!(run(tab_1.client.check(&EXPORT)).cause, Some(StepUpError::NotSignedIn));
    assert!(tab_1.script.requests("/stepUp/check").is_empty());
    assert_eq!((tab_1.user().as_deref(), store.user().as_deref()), (Some("bob"), Some("bob")));
}

#[test]
fn a_cookie_session_renewed_elsewhere_goes_on() {
    let (tab_1, tab_2, _) = two_cookie_tabs();
    tab_2.script.expect("/refresh", 200, ADA.renewed(60).cookie_answer());
    run(tab_2.client.refresh()).unwrap();
    tab_1.client.recheck_elevations();
    assert_eq!(tab_1.client.session().expires_at.unwrap().as_secs(), ADA.renewed(60).expires_at());
}

#[test]
fn a_sign_out_does_not_revoke_the_cookie_of_another_users_session() {
    let (tab_1, tab_2, store) = two_cookie_tabs();
    tab_2.sign_out().unwrap();
    tab_2.sign_in_by(BOB.cookie_answer());
    assert_eq!(run(tab_1.client.sign_out()), Ok(()));
    assert!(tab_1.script.requests("/revoke").is_empty(), "that would end Bob's session");
    assert_eq!((tab_1.user().as_deref(), store.user().as_deref()), (Some("bob"), Some("bob")));
}

#[test]
fn a_store_that_cannot_be_read_ends_nothing_and_says_so() {
    let (tab_1, _, store) = two_tabs();
    store.0.is_unreadable.set(true);
    tab_1.client.recheck_elevations();
    assert_eq!(tab_1.user().as_deref(), Some("ada"));
    assert_eq!(tab_1.client.session().store_error, Some(storage_error()));
    tab_1.refresh(ADA.renewed(60)).unwrap();
    assert_eq!(tab_1.token(), ADA.renewed(60).token());
    assert_eq!(tab_1.sign_out(), Ok(()));
    assert_eq!((tab_1.user(), store.user()), (None, None), "a sign-out forgets what it cannot read");
}

#[test]
fn what_cannot_be_read_is_overwritten_by_a_sign_in_only() {
    type End = fn(&Tab);
    let refreshed: End = |tab| tab.refresh(ADA.renewed(60)).unwrap();
    let expired: End = |tab| {
        tab.script.now.set(ADA.expires_at());
        tab.client.recheck_elevations();
        assert_eq!(tab.user(), None);
    };
    let rejected: End = |tab| {
        tab.script.expect("/stepUp/check", 401, r#"{"error":"unauthorized"}"#);
        assert_eq!(run(tab.client.check(&EXPORT)).cause, Some(StepUpError::NotSignedIn));
        assert_eq!(tab.user(), None);
    };
    for change in [refreshed, expired, rejected] {
        let (tab, _, store) = two_tabs();
        store.0.is_unreadable.set(true);
        let writes = store.writes();
        change(&tab);
        assert_eq!(store.writes(), writes, "what it could not read was overwritten or cleared");
        assert_eq!(tab.client.session().store_error, Some(storage_error()));
        tab.sign_in(BOB.renewed(HOUR));
        assert_eq!((store.user().as_deref(), tab.client.session().store_error), (Some("bob"), None));
    }
    let store = Shared::default();
    store.0.is_unreadable.set(true);
    let tab = Tab::open(&store);
    assert_eq!(tab.client.session().store_error, Some(storage_error()));
    tab.sign_in(ADA);
    assert_eq!((store.user().as_deref(), tab.client.session().store_error), (Some("ada"), None));
}

#[test]
fn a_store_that_can_be_read_again_gets_what_it_missed() {
    let (tab, _, store) = two_tabs();
    store.0.is_unreadable.set(true);
    tab.refresh(ADA.renewed(60)).unwrap();
    store.0.is_unreadable.set(false);
    tab.client.recheck_elevations();
    let stored = store.stored().unwrap().expires_at.unwrap().as_secs();
    assert_eq!(stored, ADA.renewed(60).expires_at());
    assert_eq!(tab.client.session().store_error, None);
}

#[test]
fn a_session_that_could_not_be_stored_lives_on_until_the_store_changes() {
    let (tab_1, tab_2, store) = two_tabs();
    tab_1.sign_out().unwrap();
    store.0.is_full.set(true);
    tab_1.sign_in(ADA);
    tab_1.client.recheck_elevations();
    assert_eq!(tab_1.user().as_deref(), Some("ada"), "an empty store that did not change ends nothing");
    assert_eq!(tab_1.client.session().store_error, Some(storage_error()));
    store.0.is_full.set(false);
    tab_1.refresh(ADA.renewed(60)).unwrap();
    assert_eq!((store.user().as_deref(), tab_1.client.session().store_error), (Some("ada"), None));
    tab_2.client.recheck_elevations();
    assert_eq!(tab_2.user().as_deref(), Some("ada"));
}

#[test]
fn a_store_that_keeps_nothing_ends_nothing() {
    struct Nothing;
    impl SessionStore for Nothing {
        fn load(&self) -> Result<Option<StoredSession>> {
            Ok(None)
        }
        fn save(&self, _: &StoredSession) -> Result<()> {
            Ok(())
        }
        fn clear(&self) -> Result<()> {
            Ok(())
        }
        fn is_lasting(&self) -> bool {
            false
        }
    }
    let script = Rc::new(Script::default());
    let platform = platform(&script).with_session_store(Nothing);
    let tab = Tab { client: StepUpClient::new(Config::new(ENVIRONMENT).unwrap(), platform), script };
    tab.sign_in(ADA);
    tab.elevate(ADA).unwrap();
    tab.client.recheck_elevations();
    tab.refresh(ADA.renewed(60)).unwrap();
    assert_eq!(tab.token(), ADA.renewed(60).token());
    assert!(tab.client.elevation(&EXPORT).is_some());
    assert_eq!(tab.sign_out(), Ok(()));
    assert_eq!(tab.user(), None);
}

/// Any order of what happens in several tabs, against a server that knows its sessions.
mod any_order {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;
    use step_up_core::{HttpRequest, LocalFuture, OtpVerification, Timestamp};

    use super::*;

    const USERS: [&str; 2] = ["ada", "bob"];
    const TABS: usize = 3;

    /// How far the clock of each tab is from the server's, in seconds.
    type Skews = [i64; TABS];

    #[derive(Clone, Debug)]
    enum Action {
        SignIn(usize),
        SignOut,
        Refresh,
        BeginStepUp,
        EndStepUp,
        /// The server ends the session, and the tab hears of it.
        Reject,
        /// The tab's clock, or the server's, reaches the end of the session that the tab shows.
        Expire(Whose),
        Look,
        /// The tab is closed and opened again.
        Reload,
    }

    #[derive(Clone, Copy, Debug)]
    enum Whose {
        Tabs,
        Servers,
    }

    /// What a tab does, and whether the responses to it have a `Date`.
    fn action() -> impl Strategy<Value = (usize, bool, Action)> {
        let action = prop_oneof![
            3 => (0..USERS.len()).prop_map(Action::SignIn),
            2 => Just(Action::SignOut),
            3 => Just(Action::Refresh),
            5 => Just(Action::BeginStepUp),
            5 => Just(Action::EndStepUp),
            1 => Just(Action::Reject),
            1 => prop::sample::select(vec![Whose::Tabs, Whose::Servers]).prop_map(Action::Expire),
            3 => Just(Action::Look),
            2 => Just(Action::Reload),
        ];
        (0..TABS, prop::bool::weighted(0.2), action)
    }

    /// Issues tokens, each later than all before, and takes those that have not expired of sessions that it did not end.
    #[derive(Default)]
    struct Server {
        /// Seconds since `NOW`.
        now: std::cell::Cell<i64>,
        is_dated: std::cell::Cell<bool>,
        issued: RefCell<HashMap<String, Issued>>,
        ended: RefCell<HashSet<u32>>,
        next_user: std::cell::Cell<usize>,
    }

    impl Server {
        fn time(&self) -> i64 {
            NOW + self.now.get()
        }

        fn pass(&self, secs: i64) {
            self.now.set(self.now.get() + secs);
        }

        fn is_over(&self, session: Issued) -> bool {
            self.ended.borrow().contains(&session.sid) || session.expires_at() <= self.time()
        }

        fn issue(&self, user: &'static str, sid: Option<u32>) -> Issued {
            let at = self.time();
            let sid = sid.unwrap_or_else(|| u32::try_from(self.now.get()).unwrap());
            let issued = Issued { user, sid, at };
            self.issued.borrow_mut().insert(issued.token(), issued);
            issued
        }

        fn session(&self, request: &HttpRequest) -> Option<Issued> {
            let header = request.headers.iter().find(|(name, _)| name == "authorization")?;
            let issued = *self.issued.borrow().get(header.1.trim_start_matches("Bearer "))?;
            (!self.is_over(issued)).then_some(issued)
        }

        fn answer(&self, request: &HttpRequest) -> (u16, String) {
            let path = request.path().rsplit_once('/').unwrap().1;
            match path {
                "settings" => return (200, "{}".into()),
                "nonces" => return (200, r#"{"nonces":["n1","n2"]}"#.into()),
                "create" => return (200, r#"{"verificationUUID":"v","email":"a@b.example"}"#.into()),
                "signin" => return (200, self.issue(USERS[self.next_user.get()], None).answer(None)),
                _ => {}
            }
            let Some(session) = self.session(request) else {
                return (401, r#"{"error":"unauthorized"}"#.into());
            };
            match path {
                "check" => (200, r#"{"isRequired":true,"credentials":[]}"#.into()),
                "refresh" => (200, self.issue(session.user, Some(session.sid)).answer(None)),
                "verify" => {
                    let renewed = self.issue(session.user, Some(session.sid));
                    (200, renewed.answer(Some(&renewed.elevation())))
                }
                "revoke" => {
                    self.ended.borrow_mut().insert(session.sid);
                    (204, String::new())
                }
                _ => panic!("{path} was asked for"),
            }
        }

        /// The token of which a client or a store shows the expiry: each token has its own.
        fn by_expiry(&self, expires_at: i64) -> Issued {
            *self.issued.borrow().values().find(|issued| issued.expires_at() == expires_at).unwrap()
        }

        fn by_stored(&self, stored: &StoredSession) -> Issued {
            self.by_expiry(stored.expires_at.unwrap().as_secs())
        }
    }

    type StepUp = (Gate, Issued, LocalFuture<'static, Result<Verified>>);

    struct OpenTab {
        client: StepUpClient,
        /// What holds back the answer to the next verification.
        gate: Rc<RefCell<Gate>>,
        step_up: Option<StepUp>,
        /// The session whose elevation the tab may hold.
        elevated: Option<u32>,
        /// Whether the service has set its time, by a `Date` or a sign-in.
        has_learnt: Rc<std::cell::Cell<bool>>,
    }

    struct World {
        server: Rc<Server>,
        store: Shared,
        skews: Skews,
        tabs: Vec<OpenTab>,
    }

    impl World {
        fn new(skews: Skews) -> Self {
            let (server, store) = (Rc::<Server>::default(), Shared::default());
            let tabs = skews.iter().map(|skew| open(&server, &store, *skew)).collect();
            Self { server, store, skews, tabs }
        }

        fn shown(&self, tab: usize) -> Option<Issued> {
            let session = self.tabs[tab].client.session();
            session.user.map(|_| self.server.by_expiry(session.expires_at.unwrap().as_secs()))
        }

        fn run(&mut self, tab: usize, is_dated: bool, action: &Action) {
            let shown = self.shown(tab);
            let client = self.tabs[tab].client.clone();
            self.server.is_dated.set(is_dated);
            match action {
                Action::SignIn(user) => {
                    self.server.next_user.set(*user);
                    let sent = send_code(&client);
                    run(client.sign_in_with_otp(&sent, "123456")).unwrap();
                    self.tabs[tab].has_learnt.set(true);
                }
                Action::SignOut => {
                    let _ = run(client.sign_out());
                    assert_ne!(self.shown(tab).map(|now| now.sid), shown.map(|shown| shown.sid).or(Some(0)));
                }
                Action::Refresh => {
                    let _ = run(client.refresh());
                }
                Action::BeginStepUp => self.begin_step_up(tab),
                Action::EndStepUp => self.end_step_up(tab),
                Action::Reject => {
                    self.server.ended.borrow_mut().extend(shown.map(|shown| shown.sid));
                    let _ = run(client.check(&TokenScope::CredentialLink));
                }
                Action::Expire(whose) => {
                    let now = match whose {
                        Whose::Tabs => client.now().as_secs(),
                        Whose::Servers => self.server.time(),
                    };
                    self.server.pass(shown.map_or(0, |shown| (shown.expires_at() - now).max(0)));
                    client.recheck_elevations();
                }
                Action::Look => client.recheck_elevations(),
                Action::Reload => self.tabs[tab] = open(&self.server, &self.store, self.skews[tab]),
            }
        }

        fn begin_step_up(&mut self, tab: usize) {
            let client = self.tabs[tab].client.clone();
            let Ok(sent) = run(client.send_otp(None)) else { return };
            let gate = Gate::default();
            self.tabs[tab].gate.replace(gate.clone());
            let Some(shown) = self.shown(tab) else { return };
            let mut verification = client.verify_otp(&sent, "123456", &[EXPORT]);
            assert!(poll(&mut verification.as_mut()).is_pending());
            self.tabs[tab].step_up = Some((gate, shown, verification));
        }

        fn end_step_up(&mut self, tab: usize) {
            let Some((gate, began, verification)) = self.tabs[tab].step_up.take() else { return };
            gate.open();
            if run(verification).is_ok() {
                assert_eq!(self.shown(tab).map(|shown| shown.sid), Some(began.sid), "Ok for another session");
                self.tabs[tab].elevated = Some(began.sid);
            }
        }

        /// What must hold after any action of `tab`, given what was stored and shown before.
        fn check(
            &self,
            tab: usize,
            action: &Action,
            mut before: Option<StoredSession>,
            shown: Option<Issued>,
        ) {
            for written in self.store.0.writes.borrow_mut().drain(..) {
                let old = before.as_ref().map(|before| self.server.by_stored(before));
                match (&written, old) {
                    (Some(written), Some(old)) => {
                        let new = self.server.by_stored(written);
                        assert!(new.at >= old.at, "{old:?} was overwritten by the older {new:?}");
                        let is_sign_in = matches!(action, Action::SignIn(_));
                        assert!(new.sid == old.sid || is_sign_in, "{old:?} was overwritten by {new:?}");
                    }
                    (None, Some(old)) => {
                        let is_own = shown.is_some_and(|shown| shown.sid == old.sid);
                        let is_sign_out = is_own && matches!(action, Action::SignOut);
                        assert!(is_sign_out || self.server.is_over(old), "{old:?} was cleared");
                    }
                    (_, None) => {}
                }
                if let Some(written) = &written {
                    assert_eq!(
                        self.shown(tab),
                        Some(self.server.by_stored(written)),
                        "it writes what it shows"
                    );
                }
                before = written;
            }
            for (index, tab) in self.tabs.iter().enumerate() {
                if !tab.client.elevations().is_empty() {
                    assert_eq!(
                        self.shown(index).map(|shown| shown.sid),
                        tab.elevated,
                        "an elevation crossed"
                    );
                }
            }
        }

        fn stored(&self) -> Option<Issued> {
            self.store.stored().map(|stored| self.server.by_stored(&stored))
        }

        /// Each tab that looks shows what is stored, unless that is over by a clock that the service has not set. When each
        /// knows the time, all show the same, and no session that is over is left.
        fn check_agreement(&self) {
            // A tab that knows that the stored session is over clears it; the second look tells those before it.
            for _ in 0..2 {
                self.tabs.iter().for_each(|tab| tab.client.recheck_elevations());
            }
            let stored = self.stored();
            for (index, tab) in self.tabs.iter().enumerate() {
                let is_over = |stored: &Issued| stored.expires_at() <= tab.client.now().as_secs();
                let expected = stored.filter(|stored| tab.has_learnt.get() || !is_over(stored));
                assert_eq!(self.shown(index), expected, "tab {index} does not show what is stored");
            }
            self.server.is_dated.set(true);
            for tab in &self.tabs {
                send_code(&tab.client);
            }
            self.tabs.iter().for_each(|tab| tab.client.recheck_elevations());
            let stored = stored.filter(|stored| stored.expires_at() > self.server.time());
            assert_eq!(self.stored(), stored, "a session was lost, or left");
            for tab in 0..TABS {
                assert_eq!(self.shown(tab), stored, "tab {tab} shows another session than the store has");
            }
        }
    }

    /// Sends a sign-in code; once more if the first response says that the session is over.
    fn send_code(client: &StepUpClient) -> OtpVerification {
        let send = || run(client.send_sign_in_code("a@b.example"));
        send().or_else(|_| send()).unwrap()
    }

    fn skew() -> impl Strategy<Value = i64> {
        prop_oneof![2 => Just(0), 2 => -HOUR..=HOUR, 1 => Just(-DAY), 1 => Just(DAY), 2 => -DAY..=DAY]
    }

    fn open(server: &Rc<Server>, store: &Shared, skew: i64) -> OpenTab {
        let script = Rc::new(Script::default());
        let has_learnt = Rc::<std::cell::Cell<bool>>::default();
        let gate = Rc::<RefCell<Gate>>::default();
        let transport = {
            let (server, gate, has_learnt) = (Rc::clone(server), Rc::clone(&gate), Rc::clone(&has_learnt));
            move |request: HttpRequest| {
                let (status, body) = server.answer(&request);
                let mut response = HttpResponse::new(status, body);
                let is_dated = server.is_dated.get();
                if is_dated {
                    response = response.with_header("Date", date(server.time()));
                }
                let wait = request.path().ends_with("/verify").then(|| gate.borrow().clone());
                let has_learnt = Rc::clone(&has_learnt);
                async move {
                    if let Some(gate) = wait {
                        gate.await;
                    }
                    if is_dated {
                        has_learnt.set(true);
                    }
                    Ok(response)
                }
            }
        };
        let clock = Rc::clone(server);
        let platform = platform(&script)
            .with_transport(transport)
            .with_clock(move || Timestamp::from_secs(clock.time() + skew))
            .with_session_store(store.clone());
        let client = StepUpClient::new(Config::new(ENVIRONMENT).unwrap(), platform);
        OpenTab { client, gate, step_up: None, elevated: None, has_learnt }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn tabs_never_lose_a_session_of_another_tab(
            skews in prop::array::uniform(skew()),
            actions in prop::collection::vec(action(), 1..40),
        ) {
            let mut world = World::new(skews);
            for (tab, is_dated, action) in &actions {
                world.server.pass(1);
                let (before, shown) = (world.store.stored(), world.shown(*tab));
                world.run(*tab, *is_dated, action);
                world.check(*tab, action, before, shown);
            }
            world.check_agreement();
        }
    }
}
