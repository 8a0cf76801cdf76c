//! Core lane: second factors, against a scripted server.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use step_up_core::{Challenge, HttpRequest, HttpResponse, SessionStatus, StepUpError, TokenScope};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;

fn elevated(scope: &str, single_use: bool) -> String {
    verified("u", Some(&claims(scope, 300, single_use)))
}

#[test]
fn a_code_of_an_authenticator_app_elevates() {
    let (client, script) = signed_in("u");
    script.expect("/users/mfa/auth/totp", 200, elevated("wallet:export", true));
    let verified = run(client.verify_totp_mfa("123 456", Some(&"d".into()), &[EXPORT])).unwrap();
    assert!(verified.elevation.unwrap().single_use);
    let sent = script.requests("/totp").pop().unwrap();
    let body = String::from_utf8(sent.body.unwrap()).unwrap();
    assert_eq!(body, r#"{"code":"123456","id":"d","requestedScopes":["wallet:export"]}"#);
    assert!(client.elevation(&EXPORT).is_some());
}

#[test]
fn a_recovery_code_elevates_and_is_sent_as_it_is_written() {
    let (client, script) = signed_in("u");
    script.expect("/users/mfa/auth/recovery", 200, elevated("wallet:export", true));
    run(client.verify_recovery_code(" abcd-efgh ", &[EXPORT])).unwrap();
    let sent = script.requests("/recovery").pop().unwrap();
    assert!(String::from_utf8(sent.body.unwrap()).unwrap().contains(r#""code":"abcd-efgh""#));
    assert!(client.elevation(&EXPORT).is_some());
}

#[test]
fn wrong_answers_are_told_apart_and_leave_the_session() {
    let wrong = r#"{"error":"no","code":"mfa_invalid_code","payload":{"attemptsLeft":3}}"#;
    let limited = || {
        let body = r#"{"error":"no","code":"mfa_rate_limited"}"#;
        Answer::ReplyWith(HttpResponse::new(429, body).with_header("Retry-After", "120"))
    };
    let (client, script) = signed_in("u");
    for recovery in [false, true] {
        let verify = || {
            run(if recovery {
                client.verify_recovery_code("1", &[EXPORT])
            } else {
                client.verify_totp_mfa("1", None, &[EXPORT])
            })
            .map(drop)
        };
        let path = if recovery { "/auth/recovery" } else { "/auth/totp" };
        script.expect(path, 422, wrong);
        assert_eq!(verify(), Err(StepUpError::InvalidCode { attempts_left: Some(3) }));
        script.expect_answer(path, limited());
        let pause = Some(Duration::from_secs(120));
        assert_eq!(verify(), Err(StepUpError::RateLimited { retry_after: pause }));
        script.expect(path, 200, verified("u", None));
        assert_eq!(verify(), Err(StepUpError::NotElevated(Challenge::new(&[EXPORT]))));
        script.expect(path, 200, verified("other", Some(&claims("wallet:export", 300, true))));
        assert_eq!(verify(), Err(StepUpError::SubjectMismatch));
        script.expect(path, 200, "<html>");
        assert!(matches!(verify(), Err(StepUpError::Decode { .. })));
        script.expect_answer(path, Answer::Network);
        assert_eq!(verify(), Err(StepUpError::Network));
        assert!(client.elevations().is_empty());
        assert_eq!(client.status(), SessionStatus::SignedIn);
    }
    let before = script.seen.borrow().len();
    for empty in ["", " \n"] {
        let nothing = Err(StepUpError::InvalidCode { attempts_left: None });
        assert_eq!(run(client.verify_totp_mfa(empty, None, &[])).map(drop), nothing);
        assert_eq!(run(client.verify_recovery_code(empty, &[])).map(drop), nothing);
    }
    assert_eq!(script.seen.borrow().len(), before, "an empty code costs no try");
}

#[test]
fn an_enrolment_carries_the_elevated_token_and_hides_its_secret() {
    let (client, script) = signed_in("u");
    let answer = elevated("credential:link", false);
    verify(&client, &script, &[TokenScope::CredentialLink], 200, answer).unwrap();
    script.expect(
        "/users/mfa/register/totp",
        200,
        r#"{"id":"d","type":"totp","secret":"HUNTER2","uri":"otpauth://totp/x?secret=HUNTER2"}"#,
    );
    let enrolment = run(client.factors().enrol_totp()).unwrap();
    assert_eq!(enrolment.secret.expose(), "HUNTER2");
    assert!(!format!("{enrolment:?}").contains("HUNTER2"), "{enrolment:?}");
    let carries = |path: &str| {
        let sent: HttpRequest = script.requests(path).pop().unwrap();
        sent.headers.iter().any(|(name, _)| name == "x-dyn-elevated-access-token")
    };
    assert!(carries("/register/totp"));

    script.expect("/users/mfa/auth/totp", 200, verified("u", None));
    run(client.factors().confirm_totp(&enrolment.device_id, "1")).unwrap();
    script.expect("/users/mfa/recovery", 200, r#"{"count":2,"recoveryCodes":["hunter-1","hunter-2"]}"#);
    let codes = run(client.factors().recovery_codes()).unwrap();
    assert_eq!((codes.count, codes.codes[0].expose()), (2, "hunter-1"));
    assert!(!format!("{codes:?}").contains("hunter"), "{codes:?}");
    assert!(carries("/users/mfa/recovery"), "a reusable token is not used up");
    script.expect("/users/mfa/recovery", 200, r#"{"count":2}"#);
    assert!(run(client.factors().regenerate_recovery_codes()).unwrap().codes.is_empty());
    script.expect("/users", 200, verified("u", None));
    run(client.factors().acknowledge_recovery_codes()).unwrap();
    script.assert_done();
}

#[test]
fn an_enrolment_without_an_elevation_says_what_is_missing() {
    let (client, script) = signed_in("u");
    let refusal = r#"{"error":"no","code":"elevated_access_token_required"}"#;
    script.expect("/users/mfa/register/totp", 403, refusal);
    assert_eq!(
        run(client.factors().enrol_totp()).map(drop),
        Err(StepUpError::NotElevated(Challenge::new(&[TokenScope::CredentialLink])))
    );
    script.expect("/users/mfa/d", 403, refusal);
    assert_eq!(
        run(client.factors().delete_device(&"d".into())),
        Err(StepUpError::NotElevated(Challenge::new(&[TokenScope::CredentialUnlink])))
    );
}

#[test]
fn a_refused_removal_keeps_a_single_use_token_and_an_accepted_one_spends_it() {
    let (client, script) = signed_in("u");
    let answer = elevated("credential:unlink", true);
    verify(&client, &script, &[TokenScope::CredentialUnlink], 200, answer).unwrap();
    script.expect("/users/mfa/d", 422, r#"{"error":"no","code":"mfa_device_not_found"}"#);
    run(client.factors().delete_device(&"d".into())).unwrap_err();
    assert!(client.elevation(&TokenScope::CredentialUnlink).is_some());
    script.expect("/users/mfa/d", 204, "");
    run(client.factors().delete_device(&"d".into())).unwrap();
    assert!(client.elevation(&TokenScope::CredentialUnlink).is_none());
    script.expect("/users/mfa/e", 204, "");
    run(client.factors().set_default_device(&"e".into())).unwrap();
    script.assert_done();
}
