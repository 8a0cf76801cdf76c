//! Core lane: how a session expires and is restored, against a scripted server.

#![allow(clippy::unwrap_used)]

mod support;

use std::rc::Rc;

use step_up_core::{
    Config, MemorySessionStore, SessionStatus, SessionStore, StepUpClient, StepUpError, TokenScope,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;

#[derive(Clone, Default)]
struct SharedStore(Rc<MemorySessionStore>);

impl SessionStore for SharedStore {
    fn load(&self) -> step_up_core::Result<Option<step_up_core::StoredSession>> {
        self.0.load()
    }
    fn save(&self, session: &step_up_core::StoredSession) -> step_up_core::Result<()> {
        self.0.save(session)
    }
    fn clear(&self) -> step_up_core::Result<()> {
        self.0.clear()
    }
}

#[test]
fn a_session_that_is_over_is_ended_before_anything_is_asked() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 7200, false);
    script.now.set(NOW + 3600);
    let asked = script.seen.borrow().len();
    assert_eq!(run(client.send_otp(None)).map(drop), Err(StepUpError::NotSignedIn));
    assert_eq!(script.seen.borrow().len(), asked, "nothing was sent");
    assert_eq!(client.status(), SessionStatus::SignedOut);
    assert!(client.elevations().is_empty(), "what was held went with it");
    assert_eq!(run(client.check(&EXPORT)).cause, Some(StepUpError::NotSignedIn));
}

#[test]
fn a_look_at_what_expires_ends_the_session_in_time_and_tells_the_listeners() {
    let (client, script) = signed_in("u");
    let changes = Rc::new(std::cell::Cell::new(0));
    let seen = Rc::clone(&changes);
    let _subscription = client.subscribe(move |event| {
        if matches!(event, step_up_core::Event::SessionChanged) {
            seen.set(seen.get() + 1);
        }
    });
    script.now.set(NOW + 3599);
    client.recheck_elevations();
    assert_eq!((client.status(), changes.get()), (SessionStatus::SignedIn, 0));
    script.now.set(NOW + 3600);
    client.recheck_elevations();
    assert_eq!((client.status(), changes.get()), (SessionStatus::SignedOut, 1));
}

#[test]
fn a_renewed_session_lives_on() {
    let (client, script) = signed_in("u");
    script.now.set(NOW + 3000);
    let later = verified("u", None).replace(&(NOW + 3600).to_string(), &(NOW + 7200).to_string());
    script.expect("/refresh", 200, later);
    run(client.refresh()).unwrap();
    script.now.set(NOW + 3600);
    client.recheck_elevations();
    assert_eq!(client.status(), SessionStatus::SignedIn);
    assert_eq!(client.session().expires_at.unwrap().as_millis(), (NOW + 7200) * 1000);
}

#[test]
fn an_expired_session_is_not_restored_and_is_forgotten() {
    let store = SharedStore::default();
    let script = Rc::new(Script::default());
    let config = || Config::new(ENVIRONMENT).unwrap();
    let new = |now: i64| {
        let platform = platform(&script).with_session_store(store.clone());
        script.now.set(now);
        StepUpClient::new(config(), platform)
    };
    let client = new(NOW);
    sign_in(&client, &script, "u");
    assert_eq!(new(NOW + 3599).status(), SessionStatus::SignedIn);
    assert_eq!(new(NOW + 3600).status(), SessionStatus::SignedOut);
    assert_eq!(store.load().unwrap(), None);
}

#[test]
fn an_answer_that_comes_after_the_session_ended_stores_nothing() {
    let (client, script) = signed_in("u");
    let sent = send_otp(&client, &script);
    let gate = Gate::default();
    let answer = Answer::Reply(200, verified("u", Some(&claims("wallet:export", 7200, false))));
    script.expect_answer("/emailVerifications/verify", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut verification = std::pin::pin!(client.verify_otp(&sent, "123456", &[EXPORT]));
    assert!(poll(&mut verification).is_pending());
    script.now.set(NOW + 3600);
    client.recheck_elevations();
    gate.open();
    assert_eq!(run(verification).map(drop), Err(StepUpError::NotSignedIn));
    assert!(client.elevations().is_empty());
}
