//! Core lane: listeners that call the client while it tells them of a change.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    cell::Cell,
    pin::{Pin, pin},
    rc::Rc,
};

use step_up_core::{
    Event, ExternalJwt, HttpRequest, LocalFuture, OtpVerification, Result, SessionStatus, SessionToken,
    StepUpClient, StepUpError, Subscription, TokenScope,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;

/// Calls `act` once, at the nth event from now on. The cell says whether that came.
fn at_event(
    client: &StepUpClient,
    nth: usize,
    act: impl Fn(&StepUpClient) + 'static,
) -> (Subscription, Rc<Cell<bool>>) {
    let (seen, acted) = (Cell::new(0), Rc::<Cell<bool>>::default());
    let (weak, has_acted) = (client.clone(), Rc::clone(&acted));
    let subscription = client.subscribe(move |_: &Event| {
        if seen.replace(seen.get() + 1) == nth {
            has_acted.set(true);
            act(&weak);
        }
    });
    (subscription, acted)
}

fn sign_out(client: &StepUpClient) {
    let _ = poll(&mut pin!(client.sign_out()));
}

/// What a test calls while a listener waits for its event.
type Flow = fn(&StepUpClient, &Script, &OtpVerification) -> LocalFuture<'static, Result<()>>;

fn discard<T: 'static>(work: LocalFuture<'static, Result<T>>) -> LocalFuture<'static, Result<()>> {
    Box::pin(async move { work.await.map(drop) })
}

fn flows() -> Vec<(&'static str, Flow)> {
    vec![
        ("verify_otp", |client, script, sent| {
            let answer = verified("u", Some(&claims("wallet:export", 300, true)));
            script.expect("/emailVerifications/verify", 200, answer);
            discard(client.verify_otp(sent, "123456", &[EXPORT]))
        }),
        ("verify_otp that grants nothing", |client, script, sent| {
            script.expect("/emailVerifications/verify", 200, verified("u", None));
            discard(client.verify_otp(sent, "123456", &[EXPORT]))
        }),
        ("verify_with_external_jwt", |client, script, _| {
            let token = jwt(&claims("wallet:export", 300, true));
            script.expect("/externalAuth/verify", 200, format!(r#"{{"elevatedAccessToken":"{token}"}}"#));
            let assertion = ExternalJwt::new(jwt(r#"{"sub":"x","jti":"1","scope":"wallet:export"}"#));
            discard(client.verify_with_external_jwt(&assertion))
        }),
        ("refresh", |client, script, _| {
            script.expect("/refresh", 200, verified("u", None));
            discard(client.refresh())
        }),
        ("refresh_user", |client, script, _| {
            script.expect("/users", 200, user("u"));
            discard(client.refresh_user())
        }),
        ("sign_in_with_otp", |client, script, sent| {
            script.expect("/signin", 200, verified("other", None));
            discard(client.sign_in_with_otp(sent, "123456"))
        }),
        ("adopt_session", |client, script, _| {
            script.expect("/users", 200, user("other"));
            discard(client.adopt_session(SessionToken::new(session_token("other"))))
        }),
        ("send", |client, script, _| {
            script.expect("/export", 200, "{}");
            discard(client.send(HttpRequest::post("/export"), EXPORT))
        }),
    ]
}

#[test]
fn every_call_fails_with_not_signed_in_and_holds_nothing_if_a_listener_signs_out() {
    for (name, flow) in flows() {
        for nth in 0.. {
            let (client, script) = signed_in("u");
            elevate(&client, &script, 300, true);
            let sent = send_otp(&client, &script);
            script.always("/revoke", "");
            let (_subscription, has_signed_out) = at_event(&client, nth, sign_out);
            let result = run(flow(&client, &script, &sent));
            if !has_signed_out.get() {
                assert!(nth > 0, "{name} emits nothing");
                break;
            }
            assert_eq!(result, Err(StepUpError::NotSignedIn), "{name}, event {nth}");
            assert_eq!(client.status(), SessionStatus::SignedOut, "{name}, event {nth}");
            assert!(client.elevations().is_empty(), "{name}, event {nth}: held after the sign-out");
            assert_eq!(script.requests("/revoke").len(), 1, "{name}, event {nth}");
        }
    }
}

#[test]
fn a_request_is_not_sent_if_a_listener_signs_out_at_its_reservation() {
    for url in ["/export", "https://api.example/export"] {
        let (client, script) = signed_in("u");
        elevate(&client, &script, 300, true);
        script.always("/revoke", "");
        script.always("/export", "{}");
        let (_subscription, has_signed_out) = at_event(&client, 0, sign_out);
        let result = run(client.send(HttpRequest::post(url), EXPORT)).map(drop);
        assert!(has_signed_out.get());
        assert!(script.requests("/export").is_empty(), "sent after the sign-out");
        assert_eq!(result, Err(StepUpError::NotSignedIn));
    }
}

#[test]
fn a_request_carries_the_renewed_bearer_if_a_listener_renews_the_session_at_its_reservation() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, true);
    let renewed = jwt(&format!(r#"{{"sub":"u","sid":"s","iat":{NOW},"renewed":1}}"#));
    script.always("/refresh", verified("u", None).replace(&session_token("u"), &renewed));
    script.always("/export", "{}");
    let (_subscription, _) = at_event(&client, 0, |client| drop(run(client.refresh())));
    run(client.send(HttpRequest::post("/export"), EXPORT)).unwrap();
    let sent = script.requests("/export").pop().unwrap();
    assert!(sent.headers.contains(&("authorization".into(), format!("Bearer {renewed}"))));
}

#[test]
fn a_listener_that_signs_in_as_another_user_keeps_the_other_users_session_untouched() {
    for (name, flow) in flows() {
        for nth in 0.. {
            let (client, script) = signed_in("u");
            let sent = send_otp(&client, &script);
            let inner = Rc::new(sent.clone());
            let answers = Rc::clone(&script);
            let (_subscription, has_signed_in) = at_event(&client, nth, move |client| {
                answers.expect_first("/signin", 200, verified("late", None));
                drop(run(client.sign_in_with_otp(&inner, "1")));
            });
            let result = run(flow(&client, &script, &sent));
            if !has_signed_in.get() {
                break;
            }
            assert_eq!(result, Err(StepUpError::NotSignedIn), "{name}, event {nth}");
            assert_eq!(client.user().unwrap().id.as_str(), "late", "{name}, event {nth}");
            assert!(client.elevations().is_empty(), "{name}, event {nth}");
        }
    }
}

#[test]
fn a_shared_check_that_is_read_after_the_sign_out_is_required() {
    let (client, script) = signed_in("u");
    let gate = Gate::default();
    let answer = Answer::Reply(200, r#"{"isRequired":false}"#.into());
    script.expect_answer("/stepUp/check", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut quick = client.check(&EXPORT);
    let mut slow = client.check(&EXPORT);
    assert!(poll(&mut quick.as_mut()).is_pending() && poll(&mut slow.as_mut()).is_pending());
    gate.open();
    assert!(!run(quick).is_required);
    script.always("/revoke", "");
    sign_out(&client);
    let check = run(slow);
    assert!(check.is_required, "the answer was for a session that is over");
    assert_eq!(check.cause, Some(StepUpError::NotSignedIn));
}

/// A verification is polled by nobody but its own caller.
#[test]
fn a_verification_that_a_listener_drops_in_its_own_event_panics_nothing() {
    let (client, script) = signed_in("u");
    let sent = send_otp(&client, &script);
    let gate = Gate::default();
    let answer = Answer::Reply(200, verified("u", Some(&claims("wallet:export", 300, true))));
    script.expect_answer("/emailVerifications/verify", Answer::Wait(gate, Box::new(answer)));
    let other: Rc<std::cell::RefCell<Option<Pin<Box<dyn Future<Output = _>>>>>> = Rc::default();
    let mut pending = client.verify_otp(&sent, "123456", &[EXPORT]);
    assert!(poll(&mut pending.as_mut()).is_pending());
    other.replace(Some(pending));
    let dropped = Rc::clone(&other);
    let (_subscription, _) = at_event(&client, 0, move |_| drop(dropped.take()));
    script.always("/users", user("u"));
    run(client.refresh_user()).unwrap();
    assert!(other.borrow().is_none() && client.elevations().is_empty());
}
