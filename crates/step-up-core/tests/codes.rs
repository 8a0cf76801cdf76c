//! Core lane: codes by SMS, captchas, and links by a code, against a scripted server.

#![allow(clippy::unwrap_used)]

mod support;

use std::{pin::Pin, task::Poll};

use step_up_core::{
    CaptchaProvider, CaptchaToken, Challenge, LocalFuture, OtpVerification, PhoneNumber, Result,
    SessionStatus, StepUpClient, StepUpError, TokenScope, VerificationType,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;
const SENT: &str =
    r#"{"verificationUUID":"s","phoneNumber":"5550100100","phoneCountryCode":"1","isoCountryCode":"US"}"#;

fn body(script: &Script, path: &str) -> String {
    String::from_utf8(script.requests(path).pop().unwrap().body.unwrap()).unwrap()
}

/// A user whose first credential is a phone of no known country.
fn signed_in_by_phone() -> (StepUpClient, std::rc::Rc<Script>) {
    let (client, script) = client();
    script.expect("/smsVerifications/create", 200, SENT);
    script.expect("/smsVerifications/signin", 200, with_phone(verified("u", None)));
    let number = PhoneNumber::parse("+1 555 010 0100").unwrap();
    let sent = run(client.send_sign_in_code(number)).unwrap();
    assert_eq!(sent.verification_type(), VerificationType::Sms);
    run(client.sign_in_with_otp(&sent, "123456")).unwrap();
    (client, script)
}

fn with_phone(answer: String) -> String {
    let phone = r#"[{"id":"p","format":"phoneNumber","phoneCountryCode":"1","phoneNumber":"5550100100","signInEnabled":true},"#;
    answer.replacen('[', phone, 1)
}

fn with_captcha(script: &Script) {
    let settings =
        r#"{"security":{"captcha":{"enabled":true,"provider":"cloudflareTurnstile","siteKey":"k"}}}"#;
    script.expect("/settings", 200, settings);
}

#[test]
fn a_code_goes_to_the_phone_that_comes_first_and_elevates() {
    let (client, script) = signed_in_by_phone();
    script.expect("/smsVerifications/create", 200, SENT);
    let sent = run(client.send_otp(None)).unwrap();
    assert_eq!(sent.verification_type(), VerificationType::Sms);
    assert_eq!((sent.destination(), sent.credential_id()), ("+15550100100", Some(&"p".into())));
    assert_eq!(
        body(&script, "/create"),
        r#"{"phoneCountryCode":"1","phoneNumber":"5550100100","isoCountryCode":"US"}"#,
        "+1 alone is the United States"
    );
    script.expect("/smsVerifications/retry", 200, SENT.replace("\"s\"", "\"t\""));
    let sent = run(client.resend_otp(&sent)).unwrap();
    assert_eq!(sent.uuid(), "t");
    let granted = with_phone(verified("u", Some(&claims("wallet:export", 300, true))));
    script.expect("/smsVerifications/verify", 200, granted);
    run(client.verify_otp(&sent, "12 34-56", &[EXPORT])).unwrap();
    assert_eq!(
        body(&script, "/smsVerifications/verify"),
        r#"{"verificationUUID":"t","verificationToken":"123456","requestedScopes":["wallet:export"]}"#
    );
    assert!(client.elevation(&EXPORT).is_some());
}

#[test]
fn the_named_email_address_is_taken_before_the_phone() {
    let (client, script) = signed_in_by_phone();
    script.expect("/emailVerifications/create", 200, r#"{"verificationUUID":"e","email":"a@b.example"}"#);
    let sent = run(client.send_otp(Some(&"c".into()))).unwrap();
    assert_eq!(sent.verification_type(), VerificationType::Email);
}

#[test]
fn what_goes_wrong_with_an_sms_code_is_told_apart() {
    let (client, script) = signed_in_by_phone();
    script.expect("/smsVerifications/create", 200, SENT);
    let sent = run(client.send_otp(None)).unwrap();
    for (code, error) in [
        ("wrong_sms_verification_token", StepUpError::InvalidCode { attempts_left: None }),
        ("invalid_sms_verification", StepUpError::CodeExpired),
        ("too_many_sms_verification_attempts", StepUpError::TooManyAttempts),
        ("invalid_verification", StepUpError::UnknownVerification),
        ("mfa_required", StepUpError::MfaRequired),
    ] {
        script.expect("/verify", 422, format!(r#"{{"error":"no","code":"{code}"}}"#));
        assert_eq!(run(client.verify_otp(&sent, "1", &[EXPORT])).map(drop), Err(error), "{code}");
    }
    assert_eq!(client.status(), SessionStatus::SignedIn);
    assert!(client.elevations().is_empty());
}

#[test]
fn where_a_captcha_is_wanted_nothing_is_sent_without_one() {
    let (client, script) = client();
    with_captcha(&script);
    assert_eq!(run(client.send_sign_in_code("a@b.example")), Err(StepUpError::CaptchaRequired));
    assert!(script.requests("/create").is_empty());
    let captcha = run(client.captcha()).unwrap().unwrap();
    assert_eq!((captcha.provider, captcha.site_key.as_str()), (CaptchaProvider::CloudflareTurnstile, "k"));

    script.expect("/create", 200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
    let token = CaptchaToken::new("hunter2");
    let sent = run(client.send_sign_in_code_with_captcha("a@b.example", token.clone())).unwrap();
    assert_eq!(body(&script, "/create"), r#"{"email":"a@b.example","captchaToken":"hunter2"}"#);
    script.expect("/signin", 200, verified("u", None));
    run(client.sign_in_with_otp(&sent, "123456")).unwrap();

    let asked = script.requests("/create").len();
    assert_eq!(run(client.send_otp(None)), Err(StepUpError::CaptchaRequired));
    assert_eq!(run(client.send_link_code("other@b.example")), Err(StepUpError::CaptchaRequired));
    assert_eq!(script.requests("/create").len(), asked);
    script.expect("/create", 422, r#"{"error":"no","code":"captcha_required"}"#);
    let refused = run(client.send_otp_with_captcha(None, token));
    assert_eq!(refused, Err(StepUpError::CaptchaRequired), "the service did not take the answer");
}

#[test]
fn an_older_captcha_setting_counts_and_a_disabled_one_does_not() {
    for (settings, wanted) in [
        (r#"{"security":{"hCaptcha":{"enabled":true,"siteKey":"old"}}}"#, Some(CaptchaProvider::HCaptcha)),
        (r#"{"security":{"captcha":{"enabled":false,"siteKey":"k"}}}"#, None),
        (r#"{"security":{"captcha":null}}"#, None),
    ] {
        let (client, script) = client();
        script.expect("/settings", 200, settings);
        assert_eq!(run(client.captcha()).unwrap().map(|captcha| captcha.provider), wanted, "{settings}");
    }
}

#[test]
fn a_link_carries_its_elevation_and_grants_nothing() {
    let (client, script) = signed_in("u");
    let granted = verified("u", Some(&claims("credential:link", 600, false)));
    verify(&client, &script, &[TokenScope::CredentialLink], 200, granted).unwrap();
    script.expect("/smsVerifications/create", 200, SENT);
    let number = PhoneNumber::new("CA", "+1", "555 010 0100").unwrap();
    let sent = run(client.send_link_code(number)).unwrap();
    assert!(body(&script, "/create").contains(r#""isoCountryCode":"CA""#));
    assert_eq!(sent.credential_id(), None);
    script.expect("/smsVerifications/verify", 200, with_phone(verified("u", None)));
    let user = run(client.link_with_otp(&sent, "123456")).unwrap();
    assert!(user.credential(&"p".into()).is_some());
    let request = script.requests("/smsVerifications/verify").pop().unwrap();
    assert!(request.headers.iter().any(|(name, _)| name == "x-dyn-elevated-access-token"));
    assert!(!body(&script, "/smsVerifications/verify").contains("requestedScopes"));
}

/// The service takes the address as one to link. The credential was removed meanwhile, or the app confused the two calls.
#[test]
fn a_step_up_with_an_address_that_is_not_the_users_says_so() {
    let refusal = r#"{"error":"E","code":"elevated_access_token_required"}"#;
    let (client, script) = signed_in("u");
    assert_eq!(
        verify(&client, &script, &[EXPORT], 403, refusal.into()),
        Err(StepUpError::CredentialNotFound("c".into()))
    );
    script.expect("/create", 200, r#"{"verificationUUID":"v","email":"new@b.example"}"#);
    let sent = run(client.send_link_code("new@b.example")).unwrap();
    script.expect("/verify", 403, refusal);
    assert_eq!(
        run(client.verify_otp(&sent, "123456", &[EXPORT])),
        Err(StepUpError::NotElevated(Challenge::new(&[TokenScope::CredentialLink])))
    );
    assert!(client.elevation(&EXPORT).is_none());
}

#[test]
fn a_link_without_an_elevation_says_what_is_missing() {
    let (client, script) = signed_in("u");
    script.expect("/create", 200, r#"{"verificationUUID":"v","email":"new@b.example"}"#);
    let sent = run(client.send_link_code("new@b.example")).unwrap();
    script.expect("/verify", 403, r#"{"error":"E","code":"elevated_access_token_required"}"#);
    assert_eq!(
        run(client.link_with_otp(&sent, "123456")),
        Err(StepUpError::NotElevated(Challenge::new(&[TokenScope::CredentialLink])))
    );
    assert_eq!(client.status(), SessionStatus::SignedIn);
}

type Sending = LocalFuture<'static, Result<OtpVerification>>;

/// The script answers the next `create` once the gate is open.
fn slow(script: &Script, path: &'static str, uuid: &str) -> Gate {
    let gate = Gate::default();
    let body = format!(r#"{{"verificationUUID":"{uuid}","email":"a@b.example"}}"#);
    script.expect_answer(path, Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, body))));
    gate
}

fn look(sending: &mut Sending) -> Poll<Result<String>> {
    poll(&mut Pin::new(sending)).map_ok(|sent| sent.uuid().to_owned())
}

#[test]
fn a_second_send_joins_the_one_under_way_and_a_later_one_sends_again() {
    let (client, script) = signed_in("u");
    let gate = slow(&script, "/emailVerifications/create", "one");
    // The user's first email address, named and not named, by two callers.
    let mut first = client.send_otp(None);
    assert!(look(&mut first).is_pending());
    let mut second = client.send_otp(Some(&"c".into()));
    assert!(look(&mut second).is_pending());
    gate.open();
    // A caller that begins once the answer has arrived asks for a new code, also if no one has read the answer.
    assert_eq!(look(&mut second), Poll::Ready(Ok("one".into())));
    script.expect("/emailVerifications/create", 200, r#"{"verificationUUID":"two","email":"a@b.example"}"#);
    assert_eq!(run(client.send_otp(None)).unwrap().uuid(), "two");
    assert_eq!(look(&mut first), Poll::Ready(Ok("one".into())));
    script.assert_done();
}

#[test]
fn a_second_resend_joins_the_one_under_way() {
    let (client, script) = signed_in("u");
    let sent = send_otp(&client, &script);
    let gate = slow(&script, "/emailVerifications/retry", "one");
    let (mut first, mut second) = (client.resend_otp(&sent), client.resend_otp(&sent));
    assert!(look(&mut first).is_pending() && look(&mut second).is_pending());
    // The code is on its way for the caller that is left.
    drop(first);
    gate.open();
    assert_eq!(look(&mut second), Poll::Ready(Ok("one".into())));
    assert_eq!(script.requests("/retry").len(), 1);
    script.assert_done();
}

#[test]
fn a_second_send_gets_the_error_of_the_one_that_it_joined() {
    let (client, script) = signed_in("u");
    let gate = Gate::default();
    script.expect_answer("/create", Answer::Wait(gate.clone(), Box::new(Answer::Network)));
    let (mut first, mut second) = (client.send_otp(None), client.send_otp(None));
    assert!(look(&mut first).is_pending() && look(&mut second).is_pending());
    gate.open();
    assert_eq!(look(&mut first), Poll::Ready(Err(StepUpError::Network)));
    assert_eq!(look(&mut second), Poll::Ready(Err(StepUpError::Network)));
    script.assert_done();
}

/// A send joins only one for the same address, in the same session, with the same captcha answer.
#[test]
fn a_send_that_differs_from_the_one_under_way_does_not_join_it() {
    let (client, script) = signed_in("u");
    let gate = slow(&script, "/create", "one");
    let mut first = client.send_otp(None);
    assert!(look(&mut first).is_pending());
    let other = r#"{"verificationUUID":"other","email":"other@b.example"}"#;
    script.expect("/create", 200, other);
    assert_eq!(run(client.send_link_code("other@b.example")).unwrap().uuid(), "other");
    script.expect("/create", 200, r#"{"verificationUUID":"solved","email":"a@b.example"}"#);
    let solved = client.send_otp_with_captcha(None, CaptchaToken::new("answer"));
    assert_eq!(run(solved).unwrap().uuid(), "solved");
    // Another session: what was asked for in the one before is not its code.
    sign_in(&client, &script, "u");
    script.expect("/create", 200, r#"{"verificationUUID":"new","email":"a@b.example"}"#);
    assert_eq!(run(client.send_otp(None)).unwrap().uuid(), "new");
    gate.open();
    assert_eq!(look(&mut first), Poll::Ready(Err(StepUpError::NotSignedIn)));
    script.assert_done();
}
