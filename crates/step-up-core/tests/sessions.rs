//! Core lane: how a session expires and is restored, against a scripted server.

#![allow(clippy::unwrap_used)]

mod support;

use std::rc::Rc;

use step_up_core::{
    Config, Event, GuardOptions, HttpRequest, HttpResponse, MemorySessionStore, PromptOptions, SessionStatus,
    SessionStore, StepUpClient, StepUpError, TokenScope,
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
        if matches!(event, Event::SessionChanged) {
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
    let client = new(NOW + 3600);
    assert_eq!(client.status(), SessionStatus::SignedOut);
    // The device's clock may be fast, so the session stays stored until the service has said what the time is.
    let sent = HttpResponse::new(200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
    let expired_at =
        std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(NOW + 3600).unwrap());
    let sent = sent.with_header("Date", httpdate::fmt_http_date(expired_at));
    script.expect_answer("/create", Answer::ReplyWith(sent));
    run(client.send_sign_in_code("a@b.example")).unwrap();
    client.recheck_elevations();
    assert_eq!((client.status(), store.load().unwrap()), (SessionStatus::SignedOut, None));
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

/// A public read of the client, and what it says of a session that is over.
type Read = (&'static str, fn(&StepUpClient) -> bool);

/// Every public read. Each says whether it sees no session and nothing held.
const READS: &[Read] = &[
    ("status", |client| client.status() == SessionStatus::SignedOut),
    ("user", |client| client.user().is_none()),
    ("session", |client| client.session().user.is_none() && client.session().expires_at.is_none()),
    ("elevation", |client| client.elevation(&EXPORT).is_none()),
    ("elevations", |client| client.elevations().is_empty()),
    ("check", |client| {
        let check = run(client.check(&EXPORT));
        check.is_required && check.cause == Some(StepUpError::NotSignedIn)
    }),
    ("is_required", |client| run(client.is_required(&EXPORT))),
    ("send", |client| {
        run(client.send(HttpRequest::post("/export"), EXPORT)).map(drop) == Err(StepUpError::NotSignedIn)
    }),
    ("guard", |client| {
        let action = |_| async { Ok::<(), StepUpError>(()) };
        run(client.guard(GuardOptions::new(&[EXPORT]), action)) == Err(StepUpError::NotSignedIn)
    }),
    ("prompt_step_up_auth", |client| {
        run(client.prompt_step_up_auth(PromptOptions::new(&[EXPORT]))).map(drop)
            == Err(StepUpError::NotSignedIn)
    }),
    ("send_otp", |client| run(client.send_otp(None)).map(drop) == Err(StepUpError::NotSignedIn)),
    ("refresh", |client| run(client.refresh()).map(drop) == Err(StepUpError::NotSignedIn)),
    ("refresh_user", |client| run(client.refresh_user()).map(drop) == Err(StepUpError::NotSignedIn)),
    ("sign_out", |client| run(client.sign_out()) == Err(StepUpError::NotSignedIn)),
];

#[test]
fn every_read_ends_a_session_that_has_expired_first() {
    for (name, read) in READS {
        let (client, script) = signed_in("u");
        elevate(&client, &script, 7200, false);
        let asked = script.seen.borrow().len();
        let changes = Rc::<std::cell::Cell<usize>>::default();
        let (seen, reader) = (Rc::clone(&changes), client.clone());
        let _subscription = client.subscribe(move |event| {
            // A read in a listener that a read calls neither panics nor ends the session twice.
            assert!(READS.iter().take(5).all(|(_, read)| read(&reader)));
            if matches!(event, Event::SessionChanged) {
                seen.set(seen.get() + 1);
            }
        });
        script.now.set(NOW + 3600);
        assert!(read(&client), "{name} still sees the session");
        assert_eq!(changes.get(), 1, "{name} tells the listeners once");
        assert_eq!(script.seen.borrow().len(), asked, "{name} sends nothing");
        for (later, read) in READS {
            assert!(read(&client), "{later} after {name}");
        }
    }
}

#[test]
fn a_prompt_of_a_session_that_has_expired_is_not_drawn() {
    let (client, script) = signed_in("u");
    let prompter = client.mount_prompter(|| ());
    script.expect("/stepUp/check", 200, r#"{"isRequired":true,"credentials":[{"id":"c","format":"email"}]}"#);
    let mut wait = client.prompt_step_up_auth(PromptOptions::new(&[EXPORT]));
    assert!(poll(&mut wait.as_mut()).is_pending());
    let prompt = prompter.prompt().unwrap();
    script.now.set(NOW + 3600);
    assert!(prompt.view().is_none() && prompter.prompt().is_none());
    assert_eq!(run(wait).map(drop), Err(StepUpError::NotSignedIn));
}

#[test]
fn a_prompt_that_was_answered_is_no_success_once_the_session_has_expired() {
    let (client, script) = signed_in("u");
    let prompter = client.mount_prompter(|| ());
    script.expect("/stepUp/check", 200, r#"{"isRequired":true,"credentials":[{"id":"c","format":"email"}]}"#);
    let mut wait = client.prompt_step_up_auth(PromptOptions::new(&[EXPORT]));
    assert!(poll(&mut wait.as_mut()).is_pending());
    let prompt = prompter.prompt().unwrap();
    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(prompt.send()).unwrap();
    script.expect(
        "/emailVerifications/verify",
        200,
        verified("u", Some(&claims("wallet:export", 7200, true))),
    );
    run(prompt.submit_code("1")).unwrap();
    script.now.set(NOW + 3600);
    assert_eq!(run(wait).map(drop), Err(StepUpError::NotSignedIn));
}

#[test]
fn a_sign_in_that_brings_an_expired_session_is_not_signed_in() {
    let (client, script) = client();
    script.expect("/create", 200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
    let sent = run(client.send_sign_in_code("a@b.example")).unwrap();
    for expires_at in [NOW, NOW - 1] {
        let over = verified("u", None).replace(&(NOW + 3600).to_string(), &expires_at.to_string());
        script.expect("/signin", 200, over);
        assert_eq!(run(client.sign_in_with_otp(&sent, "1")).map(drop), Err(StepUpError::NotSignedIn));
        assert_eq!(client.status(), SessionStatus::SignedOut);
    }
}

#[test]
fn an_adopted_session_that_has_expired_is_refused_and_the_present_one_stays() {
    let (client, script) = signed_in("u");
    script.expect("/users", 200, user("other"));
    let token = jwt(&format!(r#"{{"sub":"other","exp":{NOW}}}"#));
    let adopted = run(client.adopt_session(step_up_core::SessionToken::new(token))).map(drop);
    assert_eq!(adopted, Err(StepUpError::NotSignedIn));
    assert_eq!(client.user().unwrap().id.as_str(), "u");
}

#[test]
fn a_renewal_that_arrives_after_the_expiry_stores_nothing() {
    let (client, script) = signed_in("u");
    let gate = Gate::default();
    let later = verified("u", None).replace(&(NOW + 3600).to_string(), &(NOW + 7200).to_string());
    script.expect_answer("/refresh", Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, later))));
    let mut refresh = client.refresh();
    assert!(poll(&mut refresh.as_mut()).is_pending());
    script.now.set(NOW + 3600);
    gate.open();
    assert_eq!(run(refresh).map(drop), Err(StepUpError::NotSignedIn));
    assert_eq!(client.status(), SessionStatus::SignedOut);
}

#[test]
fn a_sign_in_is_not_stopped_by_an_earlier_session_that_has_expired() {
    let (client, script) = signed_in("u");
    script.now.set(NOW + 7200);
    script.expect("/create", 200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
    let sent = run(client.send_sign_in_code("a@b.example")).unwrap();
    let answer = verified("u", None).replace(&(NOW + 3600).to_string(), &(NOW + 9000).to_string());
    script.expect("/signin", 200, answer);
    run(client.sign_in_with_otp(&sent, "1")).unwrap();
    assert_eq!(client.status(), SessionStatus::SignedIn);
}
