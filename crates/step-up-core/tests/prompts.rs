//! Core lane: prompts, against a scripted server.

#![allow(clippy::unwrap_used)]

mod support;

use std::{cell::Cell, pin::Pin, rc::Rc, task::Poll};

use step_up_core::{
    LocalFuture, Prompt, PromptMethodKind as Kind, PromptOptions, PromptScreen, PromptView, Prompter, Result,
    StepUpClient, StepUpError, TokenScope, Verified,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;
const SIGN: TokenScope = TokenScope::WalletSign;
const BY_EMAIL: &str =
    r#"{"isRequired":true,"credentials":[{"id":"c","format":"email"}],"defaultCredentialId":"c"}"#;
const BOTH_FACTORS: &str = r#"{"isRequired":true,"credentials":[
    {"id":"t","format":"totp","alias":"Phone"},{"id":"p","format":"passkey"}],"defaultCredentialId":"t"}"#;

type Wait = LocalFuture<'static, Result<Verified>>;

fn export() -> PromptOptions {
    PromptOptions::new(&[EXPORT])
}

/// Somebody asks, and waits.
#[track_caller]
fn ask(mut wait: Wait) -> Wait {
    assert!(look(&mut wait).is_pending());
    wait
}

fn look(wait: &mut Wait) -> Poll<Result<Verified>> {
    poll(&mut Pin::new(wait))
}

#[track_caller]
fn outcome(wait: &mut Wait) -> Result<Verified> {
    match look(wait) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("still waiting"),
    }
}

fn mount(client: &StepUpClient) -> Prompter {
    client.mount_prompter(|| ())
}

#[track_caller]
fn drawn(prompter: &Prompter) -> (Prompt, PromptView) {
    let prompt = prompter.prompt().expect("nobody waits");
    let view = prompt.view().unwrap();
    (prompt, view)
}

fn elevated(scope: &str) -> String {
    verified("u", Some(&claims(scope, 300, true)))
}

/// The user types the code that was sent by email.
#[track_caller]
fn verify_by_email(prompt: &Prompt, script: &Script, scope: &str) {
    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(prompt.send()).unwrap();
    script.expect("/emailVerifications/verify", 200, elevated(scope));
    run(prompt.submit_code("123456")).unwrap();
}

#[test]
fn a_prompt_by_email_goes_from_the_call_to_the_token() {
    let (client, script) = signed_in("u");
    let renders = Rc::new(Cell::new(0));
    let counted = Rc::clone(&renders);
    let prompter = client.mount_prompter(move || counted.set(counted.get() + 1));
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut wait = ask(client.prompt_step_up_auth(export()));
    assert!(renders.get() > 0, "whoever draws is told");
    let (prompt, view) = drawn(&prompter);
    assert_eq!(view.scopes, [EXPORT]);
    let method = view.method().unwrap();
    assert_eq!((method.kind, method.label.as_deref()), (Kind::Email, Some("a@b.example")));
    assert_eq!(run(prompt.submit_code("1")), Err(StepUpError::OtpNotSent));

    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(prompt.send()).unwrap();
    assert!(prompt.view().unwrap().otp_verification.is_some());
    let wrong = r#"{"error":"no","code":"wrong_email_verification_token","payload":{"attemptsLeft":2}}"#;
    script.expect("/emailVerifications/verify", 422, wrong);
    run(prompt.submit_code("000000")).unwrap_err();
    let view = prompt.view().unwrap();
    assert_eq!(view.attempts_left(), Some(2), "a wrong code stays in the prompt");
    assert!(look(&mut wait).is_pending());

    script.expect("/emailVerifications/verify", 200, elevated("wallet:export"));
    run(prompt.submit_code("123456")).unwrap();
    let verified = outcome(&mut wait).unwrap();
    assert_eq!(verified.elevation.unwrap().scopes, [EXPORT]);
    assert!(client.elevation(&EXPORT).is_some());
    assert!(prompter.prompt().is_none() && prompt.view().is_none());
    assert_eq!(run(prompt.submit_code("123456")), Err(StepUpError::Cancelled), "over is over");
    script.assert_done();
}
