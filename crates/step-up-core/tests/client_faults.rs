//! Core lane: the client against a server that answers what no server should, late, or not at all.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use step_up_core::{
    Challenge, Event, HttpRequest, HttpResponse, LocalFuture, SessionStatus, StepUpClient, StepUpError,
    Timestamp, TokenScope,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

fn not_elevated() -> Result<(), StepUpError> {
    Err(StepUpError::NotElevated(Challenge::new(&[EXPORT])))
}

#[test]
fn a_verification_elevates_and_the_check_asks_nobody() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, true);
    let check = run(client.check(&EXPORT));
    assert!(!check.is_required);
    assert!(script.requests("/stepUp/check").is_empty());
    script.assert_done();
}

#[test]
fn without_a_token_the_server_is_asked() {
    let (client, script) = signed_in("u");
    script.expect(
        "/stepUp/check",
        200,
        r#"{"isRequired":true,"credentials":[{"id":"c","format":"email","alias":"a@b.example"}],"defaultCredentialId":"c"}"#,
    );
    let check = run(client.check(&EXPORT));
    assert!(check.is_required);
    assert_eq!(check.credentials[0].alias.as_deref(), Some("a@b.example"));
    assert_eq!(check.default_credential_id, Some("c".into()));
    assert_eq!(check.cause, None);
}

#[test]
fn whatever_goes_wrong_in_a_check_it_is_required() {
    let refusals = [
        (Answer::Network, StepUpError::Network),
        (
            Answer::Reply(500, "oops".into()),
            StepUpError::Api {
                status: 500,
                code: None,
                message: "The server answered with status 500.".into(),
                response: HttpResponse::new(500, "oops").into(),
            },
        ),
        (
            Answer::Reply(200, "<html>".into()),
            StepUpError::Decode { expected: "the answer to a step-up check", line: 1, column: 1 },
        ),
        (
            Answer::Reply(200, "{}".into()),
            StepUpError::Decode { expected: "the answer to a step-up check", line: 0, column: 0 },
        ),
        (Answer::Reply(401, "{}".into()), StepUpError::NotSignedIn),
    ];
    for (answer, cause) in refusals {
        let (client, script) = signed_in("u");
        script.expect_answer("/stepUp/check", answer);
        let check = run(client.check(&EXPORT));
        assert!(check.is_required, "{cause:?}");
        assert_eq!(check.cause, Some(cause));
    }
    let (client, _) = client();
    assert_eq!(run(client.check(&EXPORT)).cause, Some(StepUpError::NotSignedIn));
    assert!(run(client.is_required(&EXPORT)));
}

#[test]
fn a_hundred_simultaneous_checks_make_one_request_and_all_get_its_answer() {
    let (client, script) = signed_in("u");
    let gate = Gate::default();
    let answer = Answer::Reply(200, r#"{"isRequired":false}"#.into());
    script.expect_answer("/stepUp/check", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut checks: Vec<_> = (0..100).map(|_| Box::pin(client.check(&EXPORT))).collect();
    for check in &mut checks {
        assert!(poll(&mut check.as_mut()).is_pending());
    }
    // The first caller gives up; the others must not notice.
    drop(checks.remove(0));
    gate.open();
    for mut check in checks {
        let Poll::Ready(check) = poll(&mut check.as_mut()) else { panic!("still waiting") };
        assert!(!check.is_required);
    }
    assert_eq!(script.requests("/stepUp/check").len(), 1);
}

#[test]
fn a_later_check_and_one_of_another_scope_ask_again() {
    let (client, script) = signed_in("u");
    for _ in 0..2 {
        script.expect("/stepUp/check", 200, r#"{"isRequired":true}"#);
        run(client.check(&EXPORT));
    }
    script.expect("/stepUp/check", 200, r#"{"isRequired":true}"#);
    run(client.check(&TokenScope::WalletSign));
    assert_eq!(script.requests("/stepUp/check").len(), 3);
}

#[test]
fn checks_of_two_scopes_at_once_are_two_requests() {
    let (client, script) = signed_in("u");
    let gate = Gate::default();
    for body in [r#"{"isRequired":true}"#, r#"{"isRequired":false}"#] {
        let answer = Answer::Reply(200, body.into());
        script.expect_answer("/stepUp/check", Answer::Wait(gate.clone(), Box::new(answer)));
    }
    let mut export = pin!(client.check(&EXPORT));
    let mut sign = pin!(client.check(&TokenScope::WalletSign));
    assert!(poll(&mut export).is_pending() && poll(&mut sign).is_pending());
    gate.open();
    let is_required =
        |check| matches!(check, Poll::Ready(step_up_core::StepUpCheck { is_required: true, .. }));
    assert!(is_required(poll(&mut export)));
    assert!(!is_required(poll(&mut sign)));
}

#[test]
fn whoever_waits_for_a_shared_check_is_woken_though_the_first_is_gone() {
    let (client, script) = signed_in("u");
    let gate = Gate::default();
    let answer = Answer::Reply(200, r#"{"isRequired":false}"#.into());
    script.expect_answer("/stepUp/check", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut first = client.check(&EXPORT);
    let mut second = client.check(&EXPORT);
    assert!(poll(&mut first.as_mut()).is_pending());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert!(second.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(first);
    gate.open();
    assert!(woken.0.load(Relaxed));
    assert!(!run(second).is_required);
}

#[test]
fn a_check_that_nobody_waits_for_any_longer_is_not_under_way() {
    let (client, script) = signed_in("u");
    let never = Answer::Wait(Gate::default(), Box::new(Answer::Network));
    script.expect_answer("/stepUp/check", never);
    let mut given_up = client.check(&EXPORT);
    assert!(poll(&mut given_up.as_mut()).is_pending());
    drop(given_up);
    script.expect("/stepUp/check", 200, r#"{"isRequired":false}"#);
    assert!(!run(client.check(&EXPORT)).is_required);
}

#[test]
fn whoever_asks_after_the_answer_asks_anew_though_another_has_yet_to_read_it() {
    let (client, script) = signed_in("u");
    let gate = Gate::default();
    let answer = Answer::Reply(200, r#"{"isRequired":true}"#.into());
    script.expect_answer("/stepUp/check", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut quick = client.check(&EXPORT);
    let mut slow = client.check(&EXPORT);
    assert!(poll(&mut quick.as_mut()).is_pending() && poll(&mut slow.as_mut()).is_pending());
    gate.open();
    assert!(run(quick).is_required);
    script.expect("/stepUp/check", 200, r#"{"isRequired":false}"#);
    assert!(!run(client.check(&EXPORT)).is_required);
    assert!(run(slow).is_required);
    script.assert_done();
}

#[test]
fn a_check_is_not_shared_over_a_sign_in() {
    let (client, script) = signed_in("u");
    let gate = Gate::default();
    let answer = Answer::Reply(200, r#"{"isRequired":false}"#.into());
    script.expect_answer("/stepUp/check", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut old = pin!(client.check(&EXPORT));
    assert!(poll(&mut old).is_pending());
    sign_in(&client, &script, "other");
    script.expect("/stepUp/check", 200, r#"{"isRequired":true}"#);
    assert!(run(client.check(&EXPORT)).is_required);
    gate.open();
    let Poll::Ready(old) = poll(&mut old) else { panic!("still waiting") };
    assert!(old.is_required, "the answer was for somebody who is no longer here");
    assert_eq!(old.cause, Some(StepUpError::NotSignedIn));
}

#[test]
fn an_answer_without_a_token_is_not_elevated_and_keeps_the_session() {
    let (client, script) = signed_in("u");
    assert_eq!(verify(&client, &script, &[EXPORT], 200, verified("u", None)), not_elevated());
    assert_eq!(client.status(), SessionStatus::SignedIn);
    assert!(client.elevations().is_empty());
}

#[test]
fn a_token_without_the_scope_is_kept_for_what_it_is_good_for() {
    let (client, script) = signed_in("u");
    let answer = verified("u", Some(&claims("wallet:sign", 300, false)));
    assert_eq!(verify(&client, &script, &[EXPORT], 200, answer), not_elevated());
    assert!(client.elevation(&EXPORT).is_none());
    assert!(client.elevation(&TokenScope::WalletSign).is_some());
}

#[test]
fn every_requested_scope_must_be_covered_and_the_missing_ones_are_named() {
    let (client, script) = signed_in("u");
    let scopes = [EXPORT, TokenScope::WalletSign, TokenScope::CredentialLink];
    let answer = verified("u", Some(&claims("wallet:sign", 300, false)));
    assert_eq!(
        verify(&client, &script, &scopes, 200, answer),
        Err(StepUpError::NotElevated(Challenge::new(&[EXPORT, TokenScope::CredentialLink])))
    );
}

#[test]
fn an_expired_token_and_one_that_cannot_be_read_elevate_nobody() {
    for elevated in [claims("wallet:export", 0, false), claims("wallet:export", -5, true), "hunter2".into()] {
        let (client, script) = signed_in("u");
        let answer = verified("u", Some(&elevated));
        assert_eq!(verify(&client, &script, &[EXPORT], 200, answer), not_elevated());
        assert!(client.elevations().is_empty());
        assert_eq!(client.status(), SessionStatus::SignedIn);
    }
}

#[test]
fn an_answer_about_somebody_else_changes_nothing() {
    let mine = verified("u", Some(&claims("wallet:export", 300, false)));
    let theirs = claims("wallet:export", 300, false).replace(r#""sub":"u""#, r#""sub":"other""#);
    for answer in [
        verified("other", Some(&claims("wallet:export", 300, false))),
        verified("u", Some(&theirs)),
        mine.replace(&session_token("u"), &session_token("other")),
    ] {
        let (client, script) = signed_in("u");
        let before = client.session();
        assert_eq!(verify(&client, &script, &[EXPORT], 200, answer), Err(StepUpError::SubjectMismatch));
        assert_eq!(client.session(), before);
        assert!(client.elevations().is_empty());
        script.expect("/refresh", 200, verified("u", None));
        run(client.refresh()).unwrap();
        let authorization = format!("Bearer {}", session_token("u"));
        let sent = script.requests("/refresh").pop().unwrap();
        assert!(
            sent.headers.contains(&("authorization".into(), authorization)),
            "the old token is still the token"
        );
    }
}

#[test]
fn an_answer_without_a_session_token_keeps_the_session_token() {
    let (client, script) = signed_in("u");
    let token = session_token("u");
    let answer = verified("u", Some(&claims("wallet:export", 300, false)));
    for replacement in [String::new(), r#""minifiedJwt":null,"x":"#.into()] {
        let answer = if replacement.is_empty() {
            answer.replace(&format!(r#""minifiedJwt":"{token}","#), "")
        } else {
            answer.replace(r#""minifiedJwt":"#, &replacement)
        };
        assert_ne!(answer, verified("u", None));
        verify(&client, &script, &[EXPORT], 200, answer).unwrap();
        script.expect("/users", 200, user("u"));
        run(client.refresh_user()).unwrap();
        let sent = script.requests("/users").pop().unwrap();
        assert!(sent.headers.contains(&("authorization".into(), format!("Bearer {token}"))));
    }
}

#[test]
fn a_sign_out_while_the_answer_is_on_its_way_stores_nothing() {
    let (client, script) = signed_in("u");
    let verification = send_otp(&client, &script);
    let gate = Gate::default();
    let answer = Answer::Reply(200, verified("u", Some(&claims("wallet:export", 300, false))));
    script.expect_answer("/emailVerifications/verify", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut verify = pin!(client.verify_otp(&verification, "123456", &[EXPORT]));
    assert!(poll(&mut verify).is_pending());
    script.expect("/revoke", 204, "");
    run(client.sign_out()).unwrap();
    gate.open();
    assert_eq!(
        poll(&mut verify).map(|result| result.map(|_| ())),
        Poll::Ready(Err(StepUpError::NotSignedIn))
    );
    assert_eq!(client.status(), SessionStatus::SignedOut);
    assert!(client.elevations().is_empty());
}

#[test]
fn signing_in_as_another_meanwhile_stores_nothing_for_them() {
    let (client, script) = signed_in("u");
    let verification = send_otp(&client, &script);
    let gate = Gate::default();
    let answer = Answer::Reply(200, verified("u", Some(&claims("wallet:export", 300, false))));
    script.expect_answer("/emailVerifications/verify", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut verify = pin!(client.verify_otp(&verification, "123456", &[EXPORT]));
    assert!(poll(&mut verify).is_pending());
    sign_in(&client, &script, "other");
    gate.open();
    assert_eq!(
        poll(&mut verify).map(|result| result.map(|_| ())),
        Poll::Ready(Err(StepUpError::NotSignedIn))
    );
    assert_eq!(client.user().unwrap().id.as_str(), "other");
    assert!(client.elevations().is_empty());
}

#[test]
fn of_two_sign_ins_at_once_one_wins_and_the_other_says_so() {
    let (client, script) = client();
    script.expect("/create", 200, r#"{"verificationUUID":"v"}"#);
    let verification = run(client.send_sign_in_code("a@b.example")).unwrap();
    let gate = Gate::default();
    let answer = Answer::Reply(200, verified("slow", None));
    script.expect_answer("/signin", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut slow = pin!(client.sign_in_with_otp(&verification, "123456"));
    assert!(poll(&mut slow).is_pending());
    sign_in(&client, &script, "quick");
    gate.open();
    assert_eq!(poll(&mut slow).map(|result| result.map(|_| ())), Poll::Ready(Err(StepUpError::NotSignedIn)));
    assert_eq!(client.user().unwrap().id.as_str(), "quick");
}

#[test]
fn a_sign_in_without_a_session_token_is_none() {
    for token in ["null".to_owned(), r#""""#.to_owned()] {
        let (client, script) = client();
        script.expect("/create", 200, r#"{"verificationUUID":"v"}"#);
        let verification = run(client.send_sign_in_code("a@b.example")).unwrap();
        let answer = verified("u", None).replace(&format!(r#""{}""#, session_token("u")), &token);
        script.expect("/signin", 200, answer);
        assert_eq!(
            run(client.sign_in_with_otp(&verification, "123456")),
            Err(StepUpError::Decode { expected: "a session token", line: 0, column: 0 })
        );
        assert_eq!(client.status(), SessionStatus::SignedOut);
    }
}

#[test]
fn a_server_that_is_too_slow_is_timed_out() {
    let (client, script) = signed_in("u");
    let verification = send_otp(&client, &script);
    let answer = Answer::Reply(200, verified("u", None));
    script.expect_answer("/emailVerifications/verify", Answer::Wait(Gate::default(), Box::new(answer)));
    let mut verify = pin!(client.verify_otp(&verification, "123456", &[EXPORT]));
    assert!(poll(&mut verify).is_pending());
    assert_eq!(script.timers.borrow().last().unwrap().0.as_secs(), 30);
    script.run_out_of_time();
    assert_eq!(poll(&mut verify).map(|result| result.map(|_| ())), Poll::Ready(Err(StepUpError::TimedOut)));
    assert_eq!(client.status(), SessionStatus::SignedIn);
}

#[test]
fn a_clock_that_is_a_day_off_either_way_works_by_the_servers_date() {
    for off in [-86_400, 86_400] {
        let (client, script) = client();
        script.now.set(NOW + off);
        script.date.set(true);
        sign_in(&client, &script, "u");
        elevate(&client, &script, 300, true);
        assert_eq!(client.now().as_secs(), NOW);
        assert!(!run(client.check(&EXPORT)).is_required);
        script.now.set(NOW + off + 300);
        script.expect("/stepUp/check", 200, r#"{"isRequired":true}"#);
        assert!(run(client.check(&EXPORT)).is_required, "it expires by the server's clock");
    }
}

#[test]
fn where_the_date_cannot_be_read_a_tokens_time_of_issue_counts() {
    for off in [-86_400, 86_400] {
        let (client, script) = client();
        script.now.set(NOW + off);
        sign_in(&client, &script, "u");
        elevate(&client, &script, 300, true);
        assert_eq!(client.now(), Timestamp::from_secs(NOW));
        assert!(client.elevation(&EXPORT).is_some());
    }
}

#[test]
fn the_time_of_an_apps_own_backend_says_nothing_about_tokens() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, false);
    let wrong_clock = HttpResponse::new(200, "").with_header("Date", "Wed, 25 Nov 2026 10:00:00 GMT");
    script.expect_answer("/own", Answer::ReplyWith(wrong_clock));
    run(client.send(HttpRequest::get("https://api.example/own"), None)).unwrap();
    assert_eq!(client.now().as_secs(), NOW);
    assert!(client.elevation(&EXPORT).is_some());
}

#[test]
fn an_accepted_request_spends_the_token_and_carries_it_raw() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, true);
    script.expect("/waas/ew/privateKey/export", 200, "{}");
    run(client.send(HttpRequest::post("/waas/ew/privateKey/export"), EXPORT)).unwrap();
    let sent = script.requests("/export").pop().unwrap();
    let carried: Vec<_> =
        sent.headers.iter().filter(|(name, _)| name == "x-dyn-elevated-access-token").collect();
    assert_eq!(carried.len(), 1);
    assert!(carried[0].1.starts_with("e30."), "raw, without Bearer");
    assert!(client.elevations().is_empty());
}

#[test]
fn a_lost_connection_a_refusal_and_a_dropped_future_keep_a_single_use_token() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, true);
    let export = || HttpRequest::post("/export");
    for (status, body) in
        [(400, "{}"), (409, ""), (422, r#"{"error":"no","code":"x"}"#), (429, ""), (500, ""), (302, "")]
    {
        script.expect("/export", status, body);
        run(client.send(export(), EXPORT)).unwrap_err();
        assert!(client.elevation(&EXPORT).is_some(), "{status}");
    }
    script.expect_answer("/export", Answer::Network);
    assert_eq!(run(client.send(export(), EXPORT)), Err(StepUpError::Network));
    assert!(client.elevation(&EXPORT).is_some());
    {
        script.expect_answer("/export", Answer::Wait(Gate::default(), Box::new(Answer::Network)));
        let mut dropped = pin!(client.send(export(), EXPORT));
        assert!(poll(&mut dropped).is_pending());
        assert!(client.elevation(&EXPORT).is_none(), "reserved is not held");
    }
    assert!(client.elevation(&EXPORT).is_some());
    script.assert_done();
}

/// An app's own request that waits until the settings are there, which are too old.
fn held_up(
    script: &Script,
    url: &str,
    client: &StepUpClient,
) -> (LocalFuture<'static, Result<HttpResponse, StepUpError>>, Gate) {
    script.now.set(NOW + 600);
    let gate = Gate::default();
    let settings = Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, "{}".into())));
    script.expect_answer("/settings", settings);
    let mut held_up = client.send(HttpRequest::post(url), EXPORT);
    assert!(poll(&mut held_up.as_mut()).is_pending());
    (held_up, gate)
}

#[test]
fn a_request_that_is_dropped_before_it_is_sent_has_reserved_nothing() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 900, true);
    let (waiting, gate) = held_up(&script, "/export", &client);
    assert!(client.elevation(&EXPORT).is_some(), "it is reserved when the request goes out");
    drop(waiting);
    gate.open();
    assert!(client.elevation(&EXPORT).is_some());
    assert!(script.requests("/export").is_empty());
}

#[test]
fn whoever_signs_in_meanwhile_neither_sends_nor_gets_the_request_of_the_one_before() {
    for url in ["/export", "https://api.example/export"] {
        for user in ["u", "other"] {
            let (client, script) = signed_in("u");
            let (waiting, gate) = held_up(&script, url, &client);
            script.expect("/revoke", 204, "");
            run(client.sign_out()).unwrap();
            sign_in(&client, &script, user);
            let claims =
                claims("wallet:export", 900, true).replace(r#""sub":"u""#, &format!(r#""sub":"{user}""#));
            verify(&client, &script, &[EXPORT], 200, verified(user, Some(&claims))).unwrap();
            gate.open();
            assert_eq!(run(waiting), Err(StepUpError::NotSignedIn));
            assert!(
                script.requests("/export").is_empty(),
                "neither with the old bearer nor with the new one"
            );
            assert!(client.elevation(&EXPORT).is_some());
        }
    }
}

#[test]
fn a_request_carries_the_session_token_of_when_it_is_sent() {
    for url in ["/export", "https://api.example/export"] {
        let (client, script) = signed_in("u");
        let (waiting, gate) = held_up(&script, url, &client);
        let renewed = jwt(&format!(r#"{{"sub":"u","sid":"s","iat":{NOW},"renewed":1}}"#));
        script.expect("/refresh", 200, verified("u", None).replace(&session_token("u"), &renewed));
        run(client.refresh()).unwrap();
        script.expect("/export", 200, "{}");
        gate.open();
        run(waiting).unwrap();
        let sent = script.requests("/export").pop().unwrap();
        let bearers: Vec<_> = sent.headers.into_iter().filter(|(name, _)| name == "authorization").collect();
        assert_eq!(bearers, [("authorization".into(), format!("Bearer {renewed}"))]);
    }
}

#[test]
fn a_token_that_the_server_calls_used_is_dropped() {
    let challenge = HttpResponse::new(401, "")
        .with_header("WWW-Authenticate", r#"Bearer error="insufficient_user_authentication""#);
    for answer in [
        Answer::Reply(
            403,
            r#"{"error":"Elevated access token required","code":"elevated_access_token_required"}"#.into(),
        ),
        Answer::ReplyWith(challenge),
    ] {
        for single_use in [true, false] {
            let (client, script) = signed_in("u");
            elevate(&client, &script, 300, single_use);
            let again = match &answer {
                Answer::Reply(status, body) => Answer::Reply(*status, body.clone()),
                Answer::ReplyWith(response) => Answer::ReplyWith(response.clone()),
                _ => unreachable!(),
            };
            script.expect_answer("/export", again);
            let refused = run(client.send(HttpRequest::post("/export"), EXPORT)).map(|_| ());
            assert_eq!(refused, not_elevated());
            assert!(client.elevations().is_empty());
            assert_eq!(client.status(), SessionStatus::SignedIn, "the session is another matter");
        }
    }
}

#[test]
fn two_requests_in_flight_never_carry_the_same_token() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, true);
    let gate = Gate::default();
    script.expect_answer("/export", Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, String::new()))));
    script.expect("/export", 403, r#"{"error":"no","code":"elevated_access_token_required"}"#);
    let mut first = pin!(client.send(HttpRequest::post("/export"), EXPORT));
    assert!(poll(&mut first).is_pending());
    assert_eq!(run(client.send(HttpRequest::post("/export"), EXPORT)).map(|_| ()), not_elevated());
    gate.open();
    assert!(matches!(poll(&mut first), Poll::Ready(Ok(_))));
    let carried: Vec<bool> = script
        .requests("/export")
        .iter()
        .map(|request| request.headers.iter().any(|(name, _)| name == "x-dyn-elevated-access-token"))
        .collect();
    assert_eq!(carried, [true, false]);
}

#[test]
fn a_requests_end_in_a_later_session_touches_nothing_of_it() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, true);
    let gate = Gate::default();
    script
        .expect_answer("/export", Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, "secret".into()))));
    let mut export = pin!(client.send(HttpRequest::post("/export"), EXPORT));
    assert!(poll(&mut export).is_pending());
    sign_in(&client, &script, "u");
    elevate(&client, &script, 300, true);
    gate.open();
    assert!(
        matches!(poll(&mut export), Poll::Ready(Err(StepUpError::NotSignedIn))),
        "the answer is not for this session"
    );
    assert!(client.elevation(&EXPORT).is_some());
}

#[test]
fn tokens_go_to_listed_origins_only() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, true);
    let before = script.seen.borrow().len();
    for url in [
        "https://evil.example/x",
        "https://api.example@evil.example/",
        "http://api.example/",
        "ftp://api.example",
        "x",
    ] {
        let error = run(client.send(HttpRequest::get(url), EXPORT)).unwrap_err();
        assert!(
            matches!(error, StepUpError::OriginNotAllowed { .. } | StepUpError::InvalidConfig { .. }),
            "{url}: {error:?}"
        );
    }
    assert_eq!(script.seen.borrow().len(), before, "nothing was sent");
    assert!(client.elevation(&EXPORT).is_some());
    script.expect("/own", 200, "");
    run(client.send(HttpRequest::get("https://api.example/own"), EXPORT)).unwrap();
    let own = script.requests("/own").pop().unwrap();
    let names: Vec<_> = own.headers.iter().map(|(name, _)| name.as_ref()).collect();
    assert_eq!(
        names,
        ["authorization", "x-dyn-elevated-access-token"],
        "an own backend need allow no other header"
    );
}

#[test]
fn an_authorization_that_the_app_set_itself_is_left_alone() {
    let (client, script) = signed_in("u");
    script.expect("/own", 200, "");
    let request = HttpRequest::get("https://api.example/own").header("Authorization", "Basic app");
    run(client.send(request, None)).unwrap();
    let sent = script.requests("/own").pop().unwrap();
    assert_eq!(sent.headers, [("authorization".into(), "Basic app".into())]);
}

#[test]
fn a_session_that_the_server_ended_is_over_here_too_unless_another_server_says_so() {
    let (client, script) = signed_in("u");
    script.expect("/own", 401, "");
    assert_eq!(
        run(client.send(HttpRequest::get("https://api.example/own"), None)),
        Err(StepUpError::NotSignedIn)
    );
    assert_eq!(client.status(), SessionStatus::SignedIn);
    script.expect("/users", 401, r#"{"error":"Unauthorized"}"#);
    assert_eq!(run(client.refresh_user()), Err(StepUpError::NotSignedIn));
    assert_eq!(client.status(), SessionStatus::SignedOut);
}

#[test]
fn a_session_from_elsewhere_is_taken_over_once_the_server_says_whose_it_is() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, false);
    let token = jwt(&format!(r#"{{"sub":"other","exp":{}}}"#, NOW + 60));
    let adopt = || client.adopt_session(step_up_core::SessionToken::new(token.clone()));
    script.expect("/users", 401, r#"{"error":"Unauthorized"}"#);
    assert_eq!(run(adopt()).map(|_| ()), Err(StepUpError::NotSignedIn));
    assert_eq!(client.user().unwrap().id.as_str(), "u", "a token that is not taken changes nothing");
    assert!(client.elevation(&EXPORT).is_some());
    script.expect("/users", 200, user("other"));
    run(adopt()).unwrap();
    assert_eq!(client.user().unwrap().id.as_str(), "other");
    assert_eq!(client.session().expires_at, Some(Timestamp::from_secs(NOW + 60)));
    assert!(client.elevations().is_empty(), "elevations are of one session");
    let sent = script.requests("/users").pop().unwrap();
    assert!(sent.headers.contains(&("authorization".into(), format!("Bearer {token}"))));
}

#[test]
fn a_session_from_elsewhere_is_nobodys_who_signed_in_meanwhile() {
    let refused = StepUpError::Api {
        status: 500,
        code: None,
        message: "The server answered with status 500.".into(),
        response: HttpResponse::new(500, "").into(),
    };
    for (status, body, expected) in [
        (200, user("late"), StepUpError::NotSignedIn),
        (401, "{}".into(), StepUpError::NotSignedIn),
        (500, String::new(), refused),
    ] {
        let (client, script) = signed_in("u");
        let gate = Gate::default();
        script.expect_answer("/users", Answer::Wait(gate.clone(), Box::new(Answer::Reply(status, body))));
        let mut adopting = client.adopt_session(step_up_core::SessionToken::new(session_token("late")));
        assert!(poll(&mut adopting.as_mut()).is_pending());
        sign_in(&client, &script, "other");
        gate.open();
        assert_eq!(run(adopting), Err(expected));
        assert_eq!(client.user().unwrap().id.as_str(), "other");
    }
}

#[test]
fn signing_out_works_without_a_network_and_says_that_the_server_was_not_told() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, true);
    script.expect_answer("/revoke", Answer::Network);
    assert_eq!(run(client.sign_out()), Err(StepUpError::Network));
    assert_eq!(client.status(), SessionStatus::SignedOut);
    assert!(client.elevations().is_empty());
    assert_eq!(run(client.sign_out()), Err(StepUpError::NotSignedIn));
    script.assert_done();
}

#[test]
fn no_code_is_sent_to_a_credential_that_is_not_the_users() {
    let (client, script) = signed_in("u");
    let before = script.seen.borrow().len();
    assert_eq!(run(client.send_otp(Some(&"x".into()))), Err(StepUpError::CredentialNotFound("x".into())));
    assert!(matches!(
        run(client.send_otp(Some(&"w".into()))),
        Err(StepUpError::CredentialUnsupported { .. })
    ));
    assert_eq!(script.seen.borrow().len(), before);
}

#[test]
fn an_empty_code_costs_no_try_and_a_pasted_one_is_cleaned() {
    let (client, script) = signed_in("u");
    let verification = send_otp(&client, &script);
    for empty in ["", "  ", "- -"] {
        assert_eq!(
            run(client.verify_otp(&verification, empty, &[])).map(|_| ()),
            Err(StepUpError::InvalidCode { attempts_left: None })
        );
    }
    assert!(script.requests("/verify").is_empty());
    script.expect("/verify", 200, verified("u", None));
    run(client.verify_otp(&verification, " 123-456\u{a0}\n", &[])).unwrap();
    let body = script.requests("/verify").pop().unwrap().body.unwrap();
    assert!(String::from_utf8(body).unwrap().contains(r#""verificationToken":"123456""#));
}

#[test]
fn a_call_is_labelled_signed_and_authorised_as_the_protocol_says() {
    let (client, script) = signed_in("u");
    let verification = send_otp(&client, &script);
    script.expect("/verify", 200, verified("u", None));
    run(client.verify_otp(&verification, "1", &[])).unwrap();
    let sent = script.requests("/verify").pop().unwrap();
    let header =
        |name: &str| sent.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("authorization"), Some(format!("Bearer {}", session_token("u")).as_str()));
    assert_eq!(header("x-dyn-version"), Some(concat!("YewStepUp/", env!("CARGO_PKG_VERSION"))));
    assert!(header("x-dyn-api-version").unwrap().starts_with("API/"));
    assert_eq!(header("x-dynamic-platform"), Some("web"));
    assert_eq!(header("x-dyn-request-id").unwrap().len(), 50);
    assert_eq!(header("x-dyn-session-id").unwrap().len(), 32);
    assert_eq!(header("x-dyn-session-public-key").unwrap().len(), 66);
    assert!(header("x-dynamic-device-nonce").unwrap().starts_with('n'));
    assert_eq!(header("x-dynamic-device-publickey").unwrap().len(), 66);
    assert_eq!(header("x-dynamic-device-signed-nonce").unwrap().len(), 128);
    assert!(!sent.with_cookies);
    let nonces: Vec<_> = script
        .seen
        .borrow()
        .iter()
        .flat_map(|request| request.headers.clone())
        .filter(|(name, _)| name == "x-dynamic-device-nonce")
        .map(|(_, value)| value)
        .collect();
    assert_eq!(nonces.len(), 2);
    assert_ne!(nonces[0], nonces[1], "a nonce is used once");
}

#[test]
fn in_a_cookie_environment_cookies_go_and_device_headers_do_not() {
    let (client, script) = client();
    script.expect("/settings", 200, r#"{"security":{"auth":{"storage":["cookie"]}},"sdk":{"x":1}}"#);
    script.expect("/create", 200, r#"{"verificationUUID":"v"}"#);
    let token = format!(r#","minifiedJwt":"{}""#, session_token("u"));
    script.expect("/signin", 200, verified("u", None).replace(&token, ""));
    let verification = run(client.send_sign_in_code("a@b.example")).unwrap();
    run(client.sign_in_with_otp(&verification, "1")).unwrap();
    assert_eq!(client.status(), SessionStatus::SignedIn);
    let sent = script.requests("/signin").pop().unwrap();
    assert!(sent.with_cookies);
    assert!(sent.headers.iter().all(|(name, _)| !name.starts_with("x-dynamic-device")));
    script.expect("/users", 200, user("u"));
    run(client.refresh_user()).unwrap();
    let sent = script.requests("/users").pop().unwrap();
    assert!(sent.with_cookies && sent.headers.iter().all(|(name, _)| name != "authorization"));
    script.expect("/refresh", 200, format!(r#"{{"user":{},"expiresAt":{}}}"#, user("u"), NOW + 9_000));
    run(client.refresh()).unwrap();
    assert_eq!(
        client.session().expires_at,
        Some(Timestamp::from_secs(NOW + 9_000)),
        "a cookie is renewed, too"
    );
}

#[test]
fn in_a_cookie_environment_a_token_of_another_user_is_a_subject_mismatch() {
    let theirs = claims("wallet:export", 300, false).replace(r#""sub":"u""#, r#""sub":"other""#);
    let without_bearer = format!(r#","minifiedJwt":"{}""#, session_token("u"));
    let bearer_of_other = verified("u", None).replace(&session_token("u"), &session_token("other"));
    for answer in [verified("u", Some(&theirs)).replace(&without_bearer, ""), bearer_of_other] {
        let (client, script) = cookie_session();
        assert_eq!(verify(&client, &script, &[EXPORT], 200, answer), Err(StepUpError::SubjectMismatch));
        assert!(client.elevations().is_empty());
    }
}

/// A client in an environment whose sessions live in cookies, with user `u` signed in.
fn cookie_session() -> (StepUpClient, Rc<Script>) {
    let (client, script) = client();
    script.expect("/settings", 200, r#"{"security":{"auth":{"storage":["cookie"]}}}"#);
    script.expect("/create", 200, r#"{"verificationUUID":"v"}"#);
    let token = format!(r#","minifiedJwt":"{}""#, session_token("u"));
    script.expect("/signin", 200, verified("u", None).replace(&token, ""));
    let verification = run(client.send_sign_in_code("a@b.example")).unwrap();
    run(client.sign_in_with_otp(&verification, "1")).unwrap();
    (client, script)
}

#[test]
fn in_a_cookie_environment_a_revocation_does_not_go_out_in_the_next_session() {
    let (client, script) = cookie_session();
    let revocation = client.sign_out();
    script.expect("/create", 200, r#"{"verificationUUID":"v"}"#);
    script.expect("/signin", 200, verified("next", None));
    let sent = run(client.send_sign_in_code("a@b.example")).unwrap();
    run(client.sign_in_with_otp(&sent, "1")).unwrap();
    assert_eq!(run(revocation), Err(StepUpError::NotSignedIn));
    assert!(script.requests("/revoke").is_empty(), "its cookie would be that of the next session");
}

#[test]
fn in_a_cookie_environment_a_rejection_of_the_cookie_before_a_renewal_ends_nothing() {
    let rejected = || Answer::Reply(401, r#"{"error":"unauthorized"}"#.into());
    let (client, script) = cookie_session();
    let gate = Gate::default();
    script.expect_answer("/mfa/methods", Answer::Wait(gate.clone(), Box::new(rejected())));
    let mut listing = client.factors().methods();
    assert!(poll(&mut listing.as_mut()).is_pending());
    script.expect("/refresh", 200, format!(r#"{{"user":{},"expiresAt":{}}}"#, user("u"), NOW + 9_000));
    run(client.refresh()).unwrap();
    gate.open();
    assert_eq!(run(listing).map(drop), Err(StepUpError::NotSignedIn));
    assert_eq!(client.status(), SessionStatus::SignedIn, "the cookie that was rejected is gone");
    script.expect_answer("/mfa/methods", rejected());
    run(client.factors().methods()).unwrap_err();
    assert_eq!(client.status(), SessionStatus::SignedOut);
}

#[test]
fn a_rejection_of_the_apps_own_authorization_does_not_end_the_session() {
    let (client, script) = signed_in("u");
    script.expect("/items", 401, r#"{"error":"unauthorized"}"#);
    let request = HttpRequest::get("/items").header("authorization", "Basic x");
    assert_eq!(run(client.send(request, None)), Err(StepUpError::NotSignedIn));
    assert_eq!(client.status(), SessionStatus::SignedIn);
}

#[test]
fn a_single_use_token_that_the_server_grants_twice_is_carried_once() {
    let granted = claims("wallet:export", 300, true);
    let answer = || verified("u", Some(&granted));
    let carries =
        |request: &HttpRequest| request.headers.iter().any(|(name, _)| name == "x-dyn-elevated-access-token");

    // While a request carries it.
    let (client, script) = signed_in("u");
    verify(&client, &script, &[EXPORT], 200, answer()).unwrap();
    let gate = Gate::default();
    script.expect_answer("/export", Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, "{}".into()))));
    let mut first = client.send(HttpRequest::post("/export"), EXPORT);
    assert!(poll(&mut first.as_mut()).is_pending());
    assert_eq!(verify(&client, &script, &[EXPORT], 200, answer()), not_elevated());
    assert!(client.elevation(&EXPORT).is_none());
    script.expect("/export", 403, r#"{"error":"no","code":"elevated_access_token_required"}"#);
    run(client.send(HttpRequest::post("/export"), EXPORT)).unwrap_err();
    gate.open();
    run(first).unwrap();

    // After it was spent.
    assert_eq!(verify(&client, &script, &[EXPORT], 200, answer()), not_elevated());
    script.expect("/export", 403, r#"{"error":"no","code":"elevated_access_token_required"}"#);
    run(client.send(HttpRequest::post("/export"), EXPORT)).unwrap_err();
    let carried: Vec<bool> = script.requests("/export").iter().map(carries).collect();
    assert_eq!(carried, [true, false, false]);

    // Another token is as good as ever, and one that is free is held once.
    elevate(&client, &script, 300, true);
    let (client, script) = signed_in("u");
    verify(&client, &script, &[EXPORT], 200, answer()).unwrap();
    verify(&client, &script, &[EXPORT], 200, answer()).unwrap();
    assert_eq!(client.elevations().len(), 1);
}

#[test]
fn a_spent_token_that_is_granted_again_is_no_failure_if_another_one_covers_the_scopes() {
    let (client, script) = signed_in("u");
    let spent = claims("wallet:export", 300, true);
    verify(&client, &script, &[EXPORT], 200, verified("u", Some(&spent))).unwrap();
    script.expect("/export", 200, "{}");
    run(client.send(HttpRequest::post("/export"), EXPORT)).unwrap();
    elevate(&client, &script, 200, true);
    let verification = send_otp(&client, &script);
    script.expect("/emailVerifications/verify", 200, verified("u", Some(&spent)));
    let held = run(client.verify_otp(&verification, "1", &[EXPORT])).unwrap().elevation;
    assert_eq!(held.map(|held| held.expires_at), Some(Timestamp::from_secs(NOW + 200)));
    assert_eq!(client.elevations().len(), 1);
}

#[test]
fn settings_are_fetched_once_in_five_minutes_and_old_ones_outlive_a_failure() {
    let (client, script) = signed_in("u");
    assert_eq!(script.requests("/settings").len(), 1);
    script.now.set(NOW + 301);
    script.expect_answer("/settings", Answer::Network);
    script.expect("/users", 200, user("u"));
    run(client.refresh_user()).unwrap();
    assert_eq!(script.requests("/settings").len(), 2);
    script.assert_done();
}

#[test]
fn a_listener_hears_what_happened_without_secrets_and_may_call_the_client() {
    let (client, script) = client();
    let heard = Rc::new(std::cell::RefCell::new(Vec::new()));
    let subscription = client.subscribe({
        let (client, heard) = (client.clone(), Rc::clone(&heard));
        move |event| {
            let _ = (client.elevations(), client.session(), client.subscribe(|_| {}));
            heard.borrow_mut().push(event.clone());
        }
    });
    sign_in(&client, &script, "u");
    elevate(&client, &script, 300, true);
    let text = format!("{:?}", heard.borrow());
    for secret in ["123456", "e30.", "Bearer", "?"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(heard.borrow().contains(&Event::SessionChanged));
    assert!(heard.borrow().contains(&Event::ElevationsChanged));
    assert!(heard.borrow().iter().any(
        |event| matches!(event, Event::Request { path, outcome: Ok(200), .. } if path.ends_with("/emailVerifications/verify"))
    ));
    drop(subscription);
    let count = heard.borrow().len();
    client.recheck_elevations();
    assert_eq!(heard.borrow().len(), count);
}
