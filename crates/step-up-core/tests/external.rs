//! Core lane: assertions of an external identity provider, against a scripted server.

#![allow(clippy::unwrap_used)]

mod support;

use step_up_core::{Challenge, ExternalJwt, SessionStatus, StepUpError, TokenScope};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;

fn assertion(scope: &str) -> ExternalJwt {
    ExternalJwt::new(jwt(&format!(r#"{{"sub":"x","jti":"1","scope":"{scope}"}}"#)))
}

fn granted(scope: &str) -> String {
    format!(r#"{{"elevatedAccessToken":"{}"}}"#, jwt(&claims(scope, 300, true)))
}

#[test]
fn an_assertion_signs_in_and_another_elevates_for_the_scopes_that_it_names() {
    let (client, script) = client();
    script.expect("/externalAuth/signin", 200, verified("u", None));
    run(client.sign_in_with_external_jwt(&assertion(""))).unwrap();
    let request = script.requests("/externalAuth/signin").pop().unwrap();
    assert!(request.headers.iter().any(|(name, _)| name == "x-dynamic-device-signed-nonce"));

    script.expect("/externalAuth/verify", 200, granted("wallet:export"));
    let session = client.session();
    let verified = run(client.verify_with_external_jwt(&assertion("wallet:export"))).unwrap();
    assert!(verified.elevation.unwrap().single_use);
    assert!(client.elevation(&EXPORT).is_some());
    assert_eq!(client.session(), session, "the session is the same");
    assert!(
        !format!("{:?}", script.requests("/externalAuth/verify")).contains("e30."),
        "no assertion is printed"
    );
}

#[test]
fn whatever_goes_wrong_elevates_nobody_and_leaves_the_session() {
    let (client, script) = signed_in("u");
    let missing = || Err(StepUpError::NotElevated(Challenge::new(&[EXPORT])));
    let verify = |status: u16, body: String| {
        script.expect("/externalAuth/verify", status, body);
        run(client.verify_with_external_jwt(&assertion("wallet:export"))).map(drop)
    };
    let refused = r#"{"error":"no","code":"invalid_external_auth"}"#.to_owned();
    assert_eq!(verify(422, refused.clone()), Err(StepUpError::InvalidExternalAuth));
    assert_eq!(verify(401, refused), Err(StepUpError::InvalidExternalAuth));
    assert_eq!(verify(403, r#"{"error":"no","code":"mfa_required"}"#.into()), Err(StepUpError::MfaRequired));
    assert_eq!(verify(200, "{}".into()), missing(), "no token");
    assert_eq!(verify(200, r#"{"elevatedAccessToken":"garbage"}"#.into()), missing());
    assert_eq!(verify(200, granted("wallet:sign")), missing(), "a token for something else");
    let stolen = jwt(&claims("wallet:export", 300, true).replace(r#""sub":"u""#, r#""sub":"other""#));
    assert_eq!(
        verify(200, format!(r#"{{"elevatedAccessToken":"{stolen}"}}"#)),
        Err(StepUpError::SubjectMismatch)
    );
    let expired = jwt(&claims("wallet:export", -1, true));
    assert_eq!(verify(200, format!(r#"{{"elevatedAccessToken":"{expired}"}}"#)), missing());
    assert!(matches!(verify(200, "<html>".into()), Err(StepUpError::Decode { .. })));
    script.expect_answer("/externalAuth/verify", Answer::Network);
    assert_eq!(
        run(client.verify_with_external_jwt(&assertion("wallet:export"))).map(drop),
        Err(StepUpError::Network)
    );
    assert!(client.elevation(&EXPORT).is_none());
    assert_eq!(client.status(), SessionStatus::SignedIn);
}

#[test]
fn an_assertion_that_names_no_scope_or_is_none_elevates_nobody() {
    let (client, script) = signed_in("u");
    script.expect("/externalAuth/verify", 200, "{}");
    assert_eq!(
        run(client.verify_with_external_jwt(&assertion(""))).map(drop),
        Err(StepUpError::NotElevated(Challenge::default()))
    );
    let asked = script.seen.borrow().len();
    let error = run(client.verify_with_external_jwt(&ExternalJwt::new("hunter2"))).unwrap_err();
    assert!(matches!(error, StepUpError::Decode { .. }));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert_eq!(script.seen.borrow().len(), asked, "what is no assertion is not sent");
}

#[test]
fn a_scope_that_an_assertion_names_twice_is_missing_once() {
    let (client, script) = signed_in("u");
    let twice = assertion("wallet:export  wallet:export wallet:sign");
    script.expect("/externalAuth/verify", 200, granted("wallet:sign"));
    let missing = vec![EXPORT];
    assert_eq!(
        run(client.verify_with_external_jwt(&twice)).map(drop),
        Err(StepUpError::NotElevated(Challenge::new(&missing)))
    );
    script.expect("/externalAuth/verify", 200, granted("wallet:export wallet:sign"));
    run(client.verify_with_external_jwt(&twice)).unwrap();
    assert!(client.elevation(&EXPORT).is_some());
}

#[test]
fn an_answer_after_signing_out_stores_nothing() {
    let (client, script) = signed_in("u");
    let gate = Gate::default();
    let answer = Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, granted("wallet:export"))));
    script.expect_answer("/externalAuth/verify", answer);
    let mut verification = std::pin::pin!(client.verify_with_external_jwt(&assertion("wallet:export")));
    assert!(poll(&mut verification).is_pending());
    script.expect("/revoke", 204, "");
    run(client.sign_out()).unwrap();
    gate.open();
    assert_eq!(run(verification).map(drop), Err(StepUpError::NotSignedIn));
    assert!(client.elevations().is_empty());
}

#[test]
fn in_a_cookie_environment_a_token_of_another_user_is_a_subject_mismatch() {
    let (client, script) = client();
    script.expect("/settings", 200, r#"{"security":{"auth":{"storage":["cookie"]}}}"#);
    let bearer = format!(r#","minifiedJwt":"{}""#, session_token("u"));
    script.expect("/externalAuth/signin", 200, verified("u", None).replace(&bearer, ""));
    run(client.sign_in_with_external_jwt(&assertion(""))).unwrap();
    let theirs = jwt(&claims("wallet:export", 300, true).replace(r#""sub":"u""#, r#""sub":"other""#));
    script.expect("/externalAuth/verify", 200, format!(r#"{{"elevatedAccessToken":"{theirs}"}}"#));
    let verified = run(client.verify_with_external_jwt(&assertion("wallet:export"))).map(drop);
    assert_eq!(verified, Err(StepUpError::SubjectMismatch));
    assert!(client.elevations().is_empty());
}
