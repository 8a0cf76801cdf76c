//! Core lane: prompts, against a scripted server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{
    cell::{Cell, RefCell},
    pin::Pin,
    rc::Rc,
    task::Poll,
};

use step_up_core::{
    Challenge, Config, Event, GuardOptions, GuardPhase, HttpRequest, HttpResponse, LocalFuture,
    PasskeyAuthenticator, Popup, Prompt, PromptMethodKind as Kind, PromptOptions, PromptScreen, PromptView,
    Prompter, Result, SocialMessage, SocialWindow, StepUpCheck, StepUpClient, StepUpError, TokenScope,
    Verified, WalletAccount, WalletId, WalletInfo, WalletSignature, WalletSite, WalletWatch, Wallets,
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

/// Everything that a platform can have, none of which answers.
#[derive(Clone, Default)]
struct Everything {
    /// Ceremonies that are under way.
    ceremonies: Rc<Cell<usize>>,
    popup: Rc<Cell<bool>>,
    is_popup_gone: Rc<Cell<bool>>,
}

struct Ceremony(Rc<Cell<usize>>);

impl Drop for Ceremony {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Everything {
    fn never<T: 'static>(&self) -> LocalFuture<'static, Result<T>> {
        self.ceremonies.set(self.ceremonies.get() + 1);
        let ceremony = Ceremony(Rc::clone(&self.ceremonies));
        Box::pin(async move {
            let _ceremony = ceremony;
            std::future::pending().await
        })
    }
}

impl PasskeyAuthenticator for Everything {
    fn require_support(&self) -> Result<()> {
        Ok(())
    }
    fn create(&self, _: String) -> LocalFuture<'static, Result<String>> {
        self.never()
    }
    fn get(&self, _: String) -> LocalFuture<'static, Result<String>> {
        self.never()
    }
}

impl Wallets for Everything {
    fn site(&self) -> Result<WalletSite> {
        Err(StepUpError::UnsupportedTarget { why: "a test".into() })
    }
    fn watch(&self, _: Rc<dyn Fn()>) -> WalletWatch {
        WalletWatch::new(())
    }
    fn list(&self) -> Vec<WalletInfo> {
        Vec::new()
    }
    fn accounts(&self, _: &WalletId) -> LocalFuture<'static, Result<Vec<WalletAccount>>> {
        self.never()
    }
    fn connect(&self, _: &WalletId) -> LocalFuture<'static, Result<Vec<WalletAccount>>> {
        self.never()
    }
    fn sign_message(
        &self,
        _: &WalletId,
        _: &WalletAccount,
        _: &str,
    ) -> LocalFuture<'static, Result<WalletSignature>> {
        self.never()
    }
}

impl SocialWindow for Everything {
    fn open(&self) -> Rc<dyn Popup> {
        self.popup.set(true);
        Rc::new(self.clone())
    }
    fn address(&self) -> Result<String> {
        Ok("https://app.example/".into())
    }
    fn replace_address(&self, _: &str) -> Result<()> {
        Ok(())
    }
    fn leave(&self, _: &str) -> Result<()> {
        panic!("the popup is not blocked")
    }
    fn keep(&self, _: &str) -> Result<()> {
        Ok(())
    }
    fn take(&self) -> Result<Option<String>> {
        Ok(None)
    }
}

impl Popup for Everything {
    fn is_blocked(&self) -> bool {
        false
    }
    fn is_gone(&self) -> bool {
        self.is_popup_gone.get()
    }
    fn listen(&self, _: &str, _: Box<dyn Fn(SocialMessage)>) {}
    fn navigate(&self, _: &str) -> Result<()> {
        Ok(())
    }
    fn close(&self) {
        self.popup.set(false);
    }
}

/// A user with these credentials, on a platform that has everything.
fn user_with(credentials: &str) -> (StepUpClient, Rc<Script>, Everything) {
    let (script, everything) = (Rc::new(Script::default()), Everything::default());
    let platform = platform(&script)
        .with_passkeys(everything.clone())
        .with_wallets(everything.clone())
        .with_social_window(everything.clone());
    let client = StepUpClient::new(Config::new(ENVIRONMENT).unwrap(), platform);
    script.expect("/settings", 200, SETTINGS);
    script.expect("/create", 200, r#"{"verificationUUID":"v","email":"a@b.example"}"#);
    let user = format!(r#"{{"id":"u","verifiedCredentials":[{credentials}]}}"#);
    let token = session_token("u");
    script.expect(
        "/signin",
        200,
        format!(r#"{{"user":{user},"expiresAt":{},"minifiedJwt":"{token}"}}"#, NOW + 3600),
    );
    let verification = run(client.send_sign_in_code("a@b.example")).unwrap();
    run(client.sign_in_with_otp(&verification, "123456")).unwrap();
    (client, script, everything)
}

const EMAIL: &str = r#"{"id":"c","format":"email","email":"a@b.example","signInEnabled":true}"#;
const SMS: &str = r#"{"id":"s","format":"phoneNumber","phoneNumber":"5550100100","phoneCountryCode":"1",
    "isoCountryCode":"US","signInEnabled":true}"#;
const WALLET: &str =
    r#"{"id":"w","format":"blockchain","address":"0x1","wallet_name":"metamask","signInEnabled":true}"#;
const SOCIAL: &str = r#"{"id":"g","format":"oauth","oauth_provider":"google","oauth_display_name":"Ann","signInEnabled":true}"#;
const SETTINGS: &str = r#"{"providers":[{"provider":"google","enabledAt":"2026-01-01T00:00:00Z","clientId":"id","scopes":"email",
    "baseAuthUrl":"https://google.example/authorize","redirectUrl":"https://app.dynamicauth.com/r"}]}"#;
const EMBEDDED: &str = r#"{"id":"e","format":"blockchain","embedded_wallet_id":"x","signInEnabled":true}"#;

/// What the user is shown where only the list of second factors is asked, as for a prompt without scopes.
fn shown_for(credentials: &str, methods: &str) -> Result<PromptView> {
    let (client, script, _) = user_with(credentials);
    let prompter = mount(&client);
    script.expect("/users/mfa/methods", 200, methods);
    let mut wait = client.prompt_step_up_auth(PromptOptions::default());
    match look(&mut wait) {
        Poll::Ready(outcome) => Err(outcome.unwrap_err()),
        Poll::Pending => Ok(drawn(&prompter).1),
    }
}

/// What the user is shown where one check is asked.
fn shown_by_check(credentials: &str, listed: &str, default: &str) -> Result<PromptView> {
    let (client, script, _) = user_with(credentials);
    let prompter = mount(&client);
    let answer =
        format!(r#"{{"isRequired":true,"credentials":[{listed}],"defaultCredentialId":"{default}"}}"#);
    script.expect("/stepUp/check", 200, answer);
    let mut wait = client.prompt_step_up_auth(export());
    match look(&mut wait) {
        Poll::Ready(outcome) => Err(outcome.unwrap_err()),
        Poll::Pending => Ok(drawn(&prompter).1),
    }
}

fn kind(view: Result<PromptView>) -> Kind {
    view.unwrap().method().expect("a method, not a choice").kind
}

fn choice(view: Result<PromptView>) -> (Option<Kind>, Vec<Kind>) {
    match view.unwrap().screen {
        PromptScreen::Choose { primary, others } => {
            (primary.map(|method| method.kind), others.iter().map(|method| method.kind).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn methods(devices: &str, passkeys: &str) -> String {
    format!(r#"{{"devices":[{devices}],"passkeys":[{passkeys}],"userHasVerifiedMfaMethods":true}}"#)
}

const NO_METHODS: &str = r#"{"devices":[],"passkeys":[],"userHasVerifiedMfaMethods":false}"#;

fn totp(created_at: &str) -> String {
    format!(
        r#"{{"id":"t","type":"totp","verified":true,"alias":"Phone","createdAt":"2026-0{created_at}-01T00:00:00Z"}}"#
    )
}

fn passkey(created_at: &str) -> String {
    format!(r#"{{"id":"p","alias":"Laptop","createdAt":"2026-0{created_at}-01T00:00:00Z"}}"#)
}

/// The routing table, row by row, by both sources.
#[test]
fn routing_table_has_passkey_and_totp_the_most_recently_created() {
    assert_eq!(kind(shown_for(EMAIL, &methods(&totp("2"), &passkey("1")))), Kind::Totp);
    assert_eq!(kind(shown_for(EMAIL, &methods(&totp("1"), &passkey("2")))), Kind::Passkey);
    let both = r#"{"id":"t","format":"totp"},{"id":"p","format":"passkey"}"#;
    assert_eq!(kind(shown_by_check(EMAIL, both, "t")), Kind::Totp);
    assert_eq!(kind(shown_by_check(EMAIL, both, "p")), Kind::Passkey);
}

#[test]
fn routing_table_has_passkey_only() {
    assert_eq!(kind(shown_for(EMAIL, &methods("", &passkey("1")))), Kind::Passkey);
    assert_eq!(kind(shown_by_check(EMAIL, r#"{"id":"p","format":"passkey"}"#, "p")), Kind::Passkey);
}

#[test]
fn routing_table_has_totp_only() {
    let view = shown_for(EMAIL, &methods(&totp("1"), "")).unwrap();
    assert_eq!(view.method().unwrap().label.as_deref(), Some("Phone"));
    assert_eq!(kind(Ok(view)), Kind::Totp);
    assert_eq!(kind(shown_by_check(EMAIL, r#"{"id":"t","format":"totp"}"#, "t")), Kind::Totp);
}

#[test]
fn routing_table_no_mfa_has_one_method() {
    let rows = [
        (EMAIL, "c", "email", Kind::Email),
        (SMS, "s", "phoneNumber", Kind::Sms),
        (WALLET, "w", "blockchain", Kind::Wallet),
        (SOCIAL, "g", "oauth", Kind::Social),
    ];
    for (credential, id, format, expected) in rows {
        // An embedded wallet signs without the user, so it is none.
        let credentials = format!("{credential},{EMBEDDED}");
        assert_eq!(kind(shown_for(&credentials, NO_METHODS)), expected);
        let listed = format!(r#"{{"id":"{id}","format":"{format}"}}"#);
        assert_eq!(kind(shown_by_check(&credentials, &listed, id)), expected);
    }
}

#[test]
fn routing_table_multiple_non_mfa_methods_the_user_selects() {
    let credentials = [SOCIAL, WALLET, SMS, EMAIL].join(",");
    // The session was opened by email (`signin_credential_id`), so that comes first.
    let expected = (Some(Kind::Email), vec![Kind::Sms, Kind::Wallet, Kind::Social]);
    assert_eq!(choice(shown_for(&credentials, NO_METHODS)), expected);
    let listed = r#"{"id":"g","format":"oauth"},{"id":"s","format":"phoneNumber"}"#;
    let only_listed = (None, vec![Kind::Sms, Kind::Social]);
    assert_eq!(choice(shown_by_check(&credentials, listed, "c")), only_listed);
}

#[test]
fn a_user_without_any_way_is_told_so() {
    assert_eq!(shown_for(EMBEDDED, NO_METHODS), Err(StepUpError::NoReauthMethods));
    let (client, script, _) = user_with(EMAIL);
    let _prompter = mount(&client);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    script.expect("/users/mfa/methods", 200, NO_METHODS);
    assert_eq!(run(client.prompt_mfa(export())), Err(StepUpError::NoMfaMethods));
    script.expect("/stepUp/check", 200, BOTH_FACTORS);
    assert_eq!(run(client.prompt_reauthenticate(export())), Err(StepUpError::MfaRequired));
    script.expect_answer("/stepUp/check", Answer::Network);
    script.expect_answer("/users/mfa/methods", Answer::Network);
    assert_eq!(run(client.prompt_step_up_auth(export())), Err(StepUpError::Network));
    script.assert_done();
}

#[test]
fn whoever_draws_hears_why_a_prompt_offered_nothing_and_not_that_one_was_cancelled() {
    let (client, script, _) = user_with(EMAIL);
    let prompter = mount(&client);
    let heard = Rc::<RefCell<Vec<StepUpError>>>::default();
    let failures = Rc::clone(&heard);
    let _subscription = client.subscribe(move |event| {
        if let Event::PromptFailed(error) = event {
            failures.borrow_mut().push(error.clone());
        }
    });
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let _wait = ask(client.prompt_step_up_auth(export()));
    drawn(&prompter).0.cancel();
    assert_eq!(heard.take(), []);
    script.expect("/stepUp/check", 200, BOTH_FACTORS);
    assert_eq!(run(client.prompt_reauthenticate(export())), Err(StepUpError::MfaRequired));
    assert_eq!(heard.take(), [StepUpError::MfaRequired]);
}

#[test]
fn another_method_keeps_the_scopes_recovery_codes_too() {
    let (client, script, _) = user_with(EMAIL);
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BOTH_FACTORS);
    let mut wait = ask(client.prompt_step_up_auth(export()));
    let (prompt, view) = drawn(&prompter);
    assert_eq!(kind(Ok(view.clone())), Kind::Totp);
    script.expect(
        "/users/mfa/auth/totp",
        422,
        r#"{"error":"no","code":"mfa_invalid_code","payload":{"attemptsLeft":4}}"#,
    );
    run(prompt.submit_code("000000")).unwrap_err();
    assert_eq!(prompt.view().unwrap().attempts_left(), Some(4));
    assert!(view.has_other_methods());
    prompt.show_methods();
    let view = prompt.view().unwrap();
    assert_eq!(view.error, None, "another method begins anew");
    let recovery = view.methods.last().unwrap().clone();
    assert_eq!(choice(Ok(view)), (Some(Kind::Totp), vec![Kind::Passkey, Kind::RecoveryCode]));
    prompt.choose(&recovery);
    script.expect("/users/mfa/auth/recovery", 200, elevated("wallet:export"));
    run(prompt.submit_code("abcd-efgh")).unwrap();
    let sent = String::from_utf8(script.requests("/recovery").pop().unwrap().body.unwrap()).unwrap();
    assert!(sent.contains(r#""requestedScopes":["wallet:export"]"#), "{sent}");
    assert!(outcome(&mut wait).is_ok());
    assert!(client.elevation(&EXPORT).is_some());
}

#[test]
fn a_thousand_callers_get_one_prompt_and_a_thousand_answers() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut waiting: Vec<Wait> = (0..1000).map(|_| ask(client.prompt_step_up_auth(export()))).collect();
    let (prompt, _) = drawn(&prompter);
    verify_by_email(&prompt, &script, "wallet:export");
    for wait in &mut waiting {
        assert!(outcome(wait).is_ok());
    }
    assert!(prompter.prompt().is_none());
    assert_eq!(script.requests("/stepUp/check").len(), 1);
    script.assert_done();
}

const NOT_REQUIRED: &str = r#"{"isRequired":false,"credentials":[{"id":"c","format":"email"}]}"#;

/// The scopes that were checked, in their order.
fn checked(script: &Script) -> Vec<String> {
    let body = |request: HttpRequest| String::from_utf8(request.body.unwrap()).unwrap();
    script.requests("/stepUp/check").into_iter().map(body).collect()
}

#[test]
fn a_user_who_needs_no_step_up_is_not_asked_unless_the_app_insists() {
    let (client, script) = signed_in("u");
    let renders = Rc::new(Cell::new(0));
    let counted = Rc::clone(&renders);
    let prompter = client.mount_prompter(move || counted.set(counted.get() + 1));
    script.expect("/stepUp/check", 200, NOT_REQUIRED);
    let verified = run(client.prompt_step_up_auth(export())).unwrap();
    assert_eq!((verified.user.id.as_str(), verified.elevation, verified.mfa_token), ("u", None, None));
    assert_eq!(renders.get(), 0, "no screen came and went");
    script.assert_done();
    // Each of these is asked for although no step-up is required.
    let insisting: [fn(&StepUpClient) -> Wait; 3] = [
        |client| client.prompt_step_up_auth(export().with_force()),
        |client| client.prompt_step_up_auth(export().with_mfa_token()),
        |client| client.prompt_reauthenticate(export()),
    ];
    for prompt in insisting {
        script.expect("/stepUp/check", 200, NOT_REQUIRED);
        let mut wait = ask(prompt(&client));
        assert_eq!(drawn(&prompter).1.method().unwrap().kind, Kind::Email);
        drawn(&prompter).0.cancel();
        assert_eq!(outcome(&mut wait), Err(StepUpError::Cancelled));
    }
    script.expect("/users/mfa/methods", 200, NO_METHODS);
    let _wait = ask(client.prompt_step_up_auth(PromptOptions::default()));
    assert!(prompter.prompt().is_some(), "without a scope there is nothing to check");
    script.assert_done();
}

#[test]
fn several_scopes_are_asked_for_if_a_check_of_one_of_them_says_so() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    let both = || PromptOptions::new(&[EXPORT, SIGN]);
    script.expect("/stepUp/check", 200, NOT_REQUIRED);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut wait = ask(client.prompt_step_up_auth(both()));
    assert_eq!(drawn(&prompter).1.scopes, [EXPORT, SIGN]);
    assert_eq!(checked(&script), [r#"{"scope":"wallet:export"}"#, r#"{"scope":"wallet:sign"}"#]);
    drawn(&prompter).0.cancel();
    assert_eq!(outcome(&mut wait), Err(StepUpError::Cancelled));
    for _ in 0..2 {
        script.expect("/stepUp/check", 200, NOT_REQUIRED);
    }
    assert_eq!(run(client.prompt_step_up_auth(both())).unwrap().elevation, None);
    script.assert_done();
}

#[test]
fn a_check_that_fails_asks_the_user() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 500, "");
    script.expect("/users/mfa/methods", 200, NO_METHODS);
    let _wait = ask(client.prompt_step_up_auth(export()));
    assert_eq!(drawn(&prompter).1.method().unwrap().kind, Kind::Email);
    script.assert_done();
}

#[test]
fn a_prompter_that_is_gone_after_the_check_is_missed() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    let gate = Gate::default();
    let answer = Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, BY_EMAIL.into())));
    script.expect_answer("/stepUp/check", answer);
    let mut wait = ask(client.prompt_step_up_auth(export()));
    drop(prompter);
    gate.open();
    assert!(look(&mut wait).is_pending(), "another screen may be about to mount");
    script.run_out_of_time();
    assert_eq!(outcome(&mut wait), Err(StepUpError::NoPrompter));
}

#[test]
fn a_check_of_just_before_answers_the_prompt_that_follows_it() {
    type Check = fn(&StepUpClient) -> LocalFuture<'static, bool>;
    let checks: [Check; 2] = [
        |client| client.is_required(&EXPORT),
        |client| {
            let check = client.check(&EXPORT);
            Box::pin(async move { check.await.is_required })
        },
    ];
    let prompts: [fn(&StepUpClient) -> Wait; 3] = [
        |client| client.prompt_step_up_auth(export()),
        |client| client.prompt_step_up_auth(PromptOptions::new(&[SIGN, EXPORT]).with_force()),
        |client| client.prompt_reauthenticate(export()),
    ];
    for check in checks {
        for prompt in prompts {
            let (client, script) = signed_in("u");
            let prompter = mount(&client);
            script.expect("/stepUp/check", 200, BY_EMAIL);
            assert!(run(check(&client)));
            let _wait = ask(prompt(&client));
            assert_eq!(drawn(&prompter).1.method().unwrap().kind, Kind::Email);
            assert_eq!(script.requests("/stepUp/check").len(), 1);
        }
    }
}

/// After something that may have changed what a check says, a prompt makes its own; and so does the next prompt.
#[test]
fn a_check_answers_no_prompt_after_a_while_or_after_something_that_may_have_changed_it() {
    type Between = fn(&StepUpClient, &Script);
    let between: [(&str, Between, usize); 9] = [
        ("nothing", |_, _| (), 1),
        ("29 seconds", |_, script| script.now.set(NOW + 29), 1),
        ("30 seconds", |_, script| script.now.set(NOW + 30), 2),
        ("a clock that is set back", |_, script| script.now.set(NOW - 1), 2),
        (
            "a read",
            |client, script| {
                script.expect("/items", 200, "{}");
                run(client.send(HttpRequest::get("/items"), None)).unwrap();
            },
            1,
        ),
        (
            "a change",
            |client, script| {
                script.expect_answer("/items", Answer::Network);
                run(client.send(HttpRequest::post("/items"), None)).unwrap_err();
            },
            2,
        ),
        (
            "a refusal for want of an elevation",
            |client, script| {
                script.expect("/items", 403, r#"{"code":"elevated_access_token_required"}"#);
                run(client.send(HttpRequest::get("/items"), EXPORT)).unwrap_err();
            },
            2,
        ),
        (
            "a verification",
            |client, script| {
                verify(client, script, &[], 200, verified("u", None)).unwrap();
            },
            2,
        ),
        (
            "another session",
            |client, script| {
                script.expect("/revoke", 200, "");
                run(client.sign_out()).unwrap();
                sign_in(client, script, "u");
            },
            2,
        ),
    ];
    for (what, happen, expected) in between {
        let (client, script) = signed_in("u");
        let prompter = mount(&client);
        script.always("/stepUp/check", BY_EMAIL);
        assert!(run(client.is_required(&EXPORT)));
        happen(&client, &script);
        let mut wait = ask(client.prompt_step_up_auth(export()));
        assert_eq!(script.requests("/stepUp/check").len(), expected, "{what}");
        drawn(&prompter).0.cancel();
        assert_eq!(outcome(&mut wait), Err(StepUpError::Cancelled));
        let _next = ask(client.prompt_step_up_auth(export()));
        assert_eq!(script.requests("/stepUp/check").len(), expected + 1, "{what}: it answers one prompt");
    }
}

/// Begins a check that will have this answer, and lets a change go by while it is under way.
fn check_during_a_change(
    client: &StepUpClient,
    script: &Rc<Script>,
    answer: &str,
) -> (Gate, LocalFuture<'static, StepUpCheck>) {
    let gate = Gate::default();
    let answer = Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, answer.into())));
    script.expect_answer("/stepUp/check", answer);
    let mut checking = client.check(&EXPORT);
    assert!(poll(&mut checking.as_mut()).is_pending());
    script.expect("/items", 200, "{}");
    run(client.send(HttpRequest::post("/items"), None)).unwrap();
    (gate, checking)
}

#[test]
fn a_check_that_was_on_its_way_during_a_change_answers_no_prompt() {
    let (client, script) = signed_in("u");
    let _prompter = mount(&client);
    let (gate, checking) = check_during_a_change(&client, &script, BY_EMAIL);
    gate.open();
    assert!(run(checking).is_required);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let _wait = ask(client.prompt_step_up_auth(export()));
    script.assert_done();
}

#[test]
fn a_prompt_that_begins_after_a_change_does_not_join_a_check_from_before_it() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    let (gate, checking) = check_during_a_change(&client, &script, NOT_REQUIRED);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let _wait = ask(client.prompt_step_up_auth(export()));
    gate.open();
    assert!(!run(checking).is_required, "its own caller still gets it");
    assert_eq!(drawn(&prompter).1.method().unwrap().kind, Kind::Email);
    script.assert_done();
}

#[test]
fn a_scope_whose_elevation_is_spent_while_another_is_checked_is_checked_too() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    elevate(&client, &script, 300, true);
    let gate = Gate::default();
    let answer = Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, NOT_REQUIRED.into())));
    script.expect_answer("/stepUp/check", answer);
    let mut wait = ask(client.prompt_step_up_auth(PromptOptions::new(&[EXPORT, SIGN])));
    script.expect("/export", 200, "{}");
    run(client.send(HttpRequest::post("/export"), EXPORT)).unwrap();
    script.expect("/stepUp/check", 200, BY_EMAIL);
    gate.open();
    assert!(poll(&mut wait.as_mut()).is_pending(), "the user is asked for what was spent");
    assert_eq!(drawn(&prompter).1.method().unwrap().kind, Kind::Email);
    script.assert_done();
}

#[test]
fn a_check_that_requires_nothing_answers_no_later_prompt() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, NOT_REQUIRED);
    assert!(!run(client.is_required(&EXPORT)));
    // Another tab, or the service, may have changed that: a prompt does not rest on it.
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let _wait = ask(client.prompt_step_up_auth(export()));
    assert_eq!(drawn(&prompter).1.method().unwrap().kind, Kind::Email);
    script.assert_done();
}

#[test]
fn a_check_of_another_scope_and_a_read_that_spends_a_token_answer_nothing() {
    let (client, script) = signed_in("u");
    let _prompter = mount(&client);
    script.always("/stepUp/check", BY_EMAIL);
    elevate(&client, &script, 300, true);
    assert!(run(client.is_required(&SIGN)));
    script.expect("/items", 200, "{}");
    run(client.send(HttpRequest::get("/items"), EXPORT)).unwrap();
    let _wait = ask(client.prompt_step_up_auth(PromptOptions::new(&[SIGN])));
    assert_eq!(script.requests("/stepUp/check").len(), 2);
    assert!(run(client.is_required(&EXPORT)));
    let delete = TokenScope::UserDelete;
    let _other = ask(client.prompt_step_up_auth(PromptOptions::new(&[delete])));
    assert_eq!(script.requests("/stepUp/check").len(), 4);
}

#[test]
fn a_caller_joins_a_forced_prompt_only_if_a_step_up_is_required() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, NOT_REQUIRED);
    let _forced = ask(client.prompt_step_up_auth(export().with_force()));
    script.expect("/stepUp/check", 200, NOT_REQUIRED);
    assert_eq!(run(client.prompt_step_up_auth(export())).unwrap().elevation, None);
    assert_eq!(drawn(&prompter).1.scopes, [EXPORT]);
    script.assert_done();
}

#[test]
fn a_prompt_is_widened_joined_and_queued() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut one = ask(client.prompt_step_up_auth(export()));
    // Another scope has a check of its own.
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut two = ask(client.prompt_step_up_auth(PromptOptions::new(&[SIGN])));
    let (prompt, view) = drawn(&prompter);
    assert_eq!(view.scopes, [EXPORT, SIGN]);
    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(prompt.send()).unwrap();
    // The user has begun: the next ones wait, or find themselves covered.
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut three = ask(client.prompt_step_up_auth(PromptOptions::new(&[TokenScope::CredentialLink])));
    let mut four = ask(client.prompt_step_up_auth(export()));
    assert_eq!(drawn(&prompter).1.scopes, [EXPORT, SIGN]);

    script.expect("/emailVerifications/verify", 200, elevated("wallet:export wallet:sign"));
    run(prompt.submit_code("123456")).unwrap();
    for wait in [&mut one, &mut two, &mut four] {
        assert!(outcome(wait).is_ok());
    }
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(look(&mut three).is_pending());
    let (next, view) = drawn(&prompter);
    assert_ne!(next, prompt);
    assert_eq!(view.scopes, [TokenScope::CredentialLink]);
    assert_eq!(view.method().unwrap().kind, Kind::Email);
    next.cancel();
    assert_eq!(outcome(&mut three), Err(StepUpError::Cancelled));
    script.assert_done();
}

#[test]
fn what_waits_and_is_held_by_then_needs_no_prompt() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut one = ask(client.prompt_step_up_auth(export()));
    let mut other_path = ask(client.prompt_reauthenticate(export()));
    let mut forced = ask(client.prompt_reauthenticate(export().with_force()));
    verify_by_email(&drawn(&prompter).0, &script, "wallet:export");
    assert!(outcome(&mut one).is_ok());
    assert_eq!(outcome(&mut other_path).unwrap().elevation.unwrap().scopes, [EXPORT]);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(look(&mut forced).is_pending(), "whoever forces it is asked all the same");
    assert!(prompter.prompt().is_some());
    drop(forced);
    assert!(prompter.prompt().is_none());
    // Held at once, and nobody needs to draw.
    drop(prompter);
    assert!(run(client.prompt_step_up_auth(export())).is_ok());
    script.assert_done();
}

#[test]
fn every_end_has_its_own_error() {
    let begin = || {
        let (client, script) = signed_in("u");
        let prompter = mount(&client);
        script.expect("/stepUp/check", 200, BY_EMAIL);
        let wait = ask(client.prompt_step_up_auth(export()));
        (client, script, prompter, wait)
    };
    let (_client, _script, prompter, mut wait) = begin();
    drawn(&prompter).0.cancel();
    assert_eq!(outcome(&mut wait), Err(StepUpError::Cancelled));

    let (client, _script, prompter, mut wait) = begin();
    drop(prompter);
    assert_eq!(outcome(&mut wait), Err(StepUpError::Cancelled));
    let renders = Rc::new(Cell::new(0));
    let counted = Rc::clone(&renders);
    let prompter = client.mount_prompter(move || counted.set(counted.get() + 1));
    let _below = mount(&client);
    assert_eq!(renders.get(), 1, "whoever no longer draws is told");
    drop(prompter);

    let (client, _script, prompter, mut wait) = begin();
    let below = mount(&client);
    assert!(prompter.prompt().is_none(), "the last one that was mounted draws");
    drop(below);
    assert!(prompter.prompt().is_some(), "and then the one before");
    drop(prompter);
    assert_eq!(outcome(&mut wait), Err(StepUpError::Cancelled));

    let (client, script, prompter, mut wait) = begin();
    script.expect("/revoke", 200, "");
    run(client.sign_out()).unwrap();
    assert_eq!(outcome(&mut wait), Err(StepUpError::NotSignedIn));
    assert!(prompter.prompt().is_none());
    assert_eq!(run(client.prompt_step_up_auth(export())), Err(StepUpError::NotSignedIn));

    let (client, _script, prompter, wait) = begin();
    let other = ask(client.prompt_step_up_auth(export()));
    drop(wait);
    assert!(prompter.prompt().is_some());
    drop(other);
    assert!(prompter.prompt().is_none(), "the last caller closes the prompt");
}

#[test]
fn where_nobody_draws_it_is_said_after_one_tick() {
    let (client, script) = signed_in("u");
    let mut wait = ask(client.prompt_step_up_auth(export()));
    script.run_out_of_time();
    assert_eq!(outcome(&mut wait), Err(StepUpError::NoPrompter));

    script.timers.borrow_mut().clear();
    let mut wait = ask(client.prompt_step_up_auth(export()));
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    script.run_out_of_time();
    assert!(look(&mut wait).is_pending(), "it was mounted in time");
    assert!(prompter.prompt().is_some());
}

#[test]
fn a_token_for_less_is_no_success_and_the_prompt_goes_on() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut wait = ask(client.prompt_step_up_auth(export()));
    let (prompt, _) = drawn(&prompter);
    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(prompt.send()).unwrap();
    for answer in [verified("u", None), elevated("wallet:sign")] {
        script.expect("/emailVerifications/verify", 200, answer);
        let missing = StepUpError::NotElevated(Challenge::new(&[EXPORT]));
        assert_eq!(run(prompt.submit_code("1")), Err(missing.clone()));
        assert_eq!(prompt.view().unwrap().error, Some(missing));
        assert!(look(&mut wait).is_pending());
        script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
        run(prompt.send()).unwrap();
    }
    script.expect(
        "/emailVerifications/verify",
        200,
        verified("other", Some(&claims("wallet:export", 300, true))),
    );
    run(prompt.submit_code("1")).unwrap_err();
    assert_eq!(outcome(&mut wait), Err(StepUpError::SubjectMismatch));
}

#[test]
fn a_void_code_is_replaced_in_the_prompt_by_a_new_verification() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut wait = ask(client.prompt_step_up_auth(export()));
    let (prompt, _) = drawn(&prompter);
    for refusal in [
        r#"{"error":"no","code":"wrong_email_verification_token","payload":{"attemptsLeft":0}}"#,
        r#"{"error":"no","code":"too_many_email_verification_attempts"}"#,
        r#"{"error":"no","code":"invalid_email_verification"}"#,
        r#"{"error":"no","code":"invalid_verification"}"#,
    ] {
        script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
        run(prompt.send()).unwrap();
        script.expect("/emailVerifications/verify", 422, refusal);
        let error = run(prompt.submit_code("1")).unwrap_err();
        let view = prompt.view().unwrap();
        assert_eq!((view.error, view.otp_verification), (Some(error), None), "{refusal}");
        assert_eq!(run(prompt.submit_code("1")), Err(StepUpError::OtpNotSent), "nothing is left to try");
        assert!(look(&mut wait).is_pending());
    }
    verify_by_email(&prompt, &script, "wallet:export");
    assert!(outcome(&mut wait).is_ok());
    script.assert_done();
}

#[test]
fn a_cancelled_attempt_is_told_in_the_prompt_which_goes_on() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut wait = ask(client.prompt_step_up_auth(export()));
    let (prompt, _) = drawn(&prompter);
    script.expect_answer("/create", Answer::Wait(Gate::default(), Box::new(Answer::Network)));
    let mut sending = prompt.send();
    assert!(poll(&mut Pin::new(&mut sending)).is_pending());
    drop(sending);
    let view = prompt.view().unwrap();
    assert_eq!((view.error, view.is_loading), (Some(StepUpError::Cancelled), false));
    assert!(look(&mut wait).is_pending());
    verify_by_email(&prompt, &script, "wallet:export");
    assert!(outcome(&mut wait).is_ok());
}

#[test]
fn a_passkey_is_given_up_when_the_prompt_ends_or_another_method_is_chosen() {
    let (client, script, everything) = user_with(EMAIL);
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BOTH_FACTORS);
    let mut wait = ask(client.prompt_step_up_auth(export()));
    let (prompt, view) = drawn(&prompter);
    let passkey = view.methods.iter().find(|method| method.kind == Kind::Passkey).unwrap();
    let options = r#"{"challenge":"Yw","rpId":"app.example","allowCredentials":[{"id":"a2V5"}]}"#;
    let start = || {
        prompt.choose(passkey);
        script.expect("/users/passkeys/authenticate", 200, options);
        let started = ask(prompt.start());
        assert_eq!(everything.ceremonies.get(), 1);
        started
    };
    let mut started = start();
    prompt.show_methods();
    assert_eq!(outcome(&mut started), Err(StepUpError::Cancelled));
    assert_eq!(everything.ceremonies.get(), 0);
    assert_eq!(prompt.view().unwrap().error, None, "what was given up writes nothing");

    let mut started = start();
    prompt.cancel();
    assert_eq!(outcome(&mut started), Err(StepUpError::Cancelled));
    assert_eq!(outcome(&mut wait), Err(StepUpError::Cancelled));
    assert_eq!(everything.ceremonies.get(), 0);
}

#[test]
fn a_lost_popup_ends_the_prompt() {
    let (client, script, everything) = user_with(SOCIAL);
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, r#"{"isRequired":true,"credentials":[{"id":"g","format":"oauth"}]}"#);
    let mut wait = ask(client.prompt_step_up_auth(export()));
    let (prompt, _) = drawn(&prompter);
    let mut started = prompt.start();
    assert!(everything.popup.get(), "the popup opens in the click");
    script.expect("/initAuth", 200, "");
    everything.is_popup_gone.set(true);
    let mut ended = None;
    for _ in 0..20 {
        script.expect("/oauthResult", 200, r#"{"status":"pending"}"#);
        if let Poll::Ready(result) = look(&mut started) {
            ended = Some(result);
            break;
        }
        script.now.set(script.now.get() + 1);
        let timers = std::mem::take(&mut *script.timers.borrow_mut());
        timers.iter().filter(|(length, _)| length.as_secs() < 10).for_each(|(_, gate)| gate.open());
        script.timers.borrow_mut().extend(timers);
    }
    assert_eq!(ended, Some(Err(StepUpError::PopupClosed)));
    assert_eq!(outcome(&mut wait), Err(StepUpError::PopupClosed));
    assert!(prompter.prompt().is_none());
}

#[test]
fn what_a_wallet_refuses_stays_in_the_prompt() {
    let (client, script, _) = user_with(&format!("{WALLET},{EMAIL}"));
    let prompter = mount(&client);
    let listed = r#"{"id":"w","format":"blockchain"},{"id":"c","format":"email"}"#;
    script.expect("/stepUp/check", 200, format!(r#"{{"isRequired":true,"credentials":[{listed}]}}"#));
    let mut wait = ask(client.prompt_step_up_auth(export()));
    let (prompt, view) = drawn(&prompter);
    assert!(
        matches!(run(prompt.start()), Err(StepUpError::UnsupportedTarget { .. })),
        "nothing is chosen yet"
    );
    let wallet = view.methods.iter().find(|method| method.kind == Kind::Wallet).unwrap();
    prompt.choose(wallet);
    let error = run(prompt.start()).unwrap_err();
    assert_eq!(error, StepUpError::WalletNotFound("w".into()));
    assert_eq!(prompt.view().unwrap().error, Some(error));
    assert!(look(&mut wait).is_pending());
    // And another method is still there.
    prompt.show_methods();
    let email = view.methods.iter().find(|method| method.kind == Kind::Email).unwrap();
    prompt.choose(email);
    verify_by_email(&prompt, &script, "wallet:export");
    assert!(outcome(&mut wait).is_ok());
}

#[test]
fn a_captcha_is_solved_in_the_prompt() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let _wait = ask(client.prompt_step_up_auth(export()));
    let (prompt, _) = drawn(&prompter);
    script.expect("/create", 422, r#"{"error":"no","code":"captcha_required"}"#);
    assert_eq!(run(prompt.send()), Err(StepUpError::CaptchaRequired));
    assert!(prompt.view().unwrap().captcha_required);
    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(prompt.submit_captcha_token("solved")).unwrap();
    let sent = String::from_utf8(script.requests("/create").pop().unwrap().body.unwrap()).unwrap();
    assert!(sent.contains("solved"), "{sent}");
    assert!(!prompt.view().unwrap().captcha_required);
}

#[test]
fn a_guarded_action_checks_prompts_runs_and_answers_one_challenge() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    let phases = Rc::new(RefCell::new(Vec::new()));
    let (log, sender) = (Rc::clone(&phases), client.clone());
    let mut guarded: LocalFuture<'static, Result<HttpResponse>> = client.guard_with_phases(
        GuardOptions::new(&[EXPORT]),
        move |scopes| sender.send(HttpRequest::post("/waas/x/privateKey/export"), scopes),
        move |phase| log.borrow_mut().push(phase),
    );
    let mut look = || poll(&mut Pin::new(&mut guarded));
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(look().is_pending());
    verify_by_email(&drawn(&prompter).0, &script, "wallet:export");
    // The server no longer takes that token.
    script.expect("/privateKey/export", 403, r#"{"error":"no","code":"elevated_access_token_required"}"#);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(look().is_pending());
    verify_by_email(&drawn(&prompter).0, &script, "wallet:export");
    script.expect("/privateKey/export", 200, "{}");
    let Poll::Ready(Ok(response)) = look() else { panic!("the second token is taken") };
    assert_eq!(response.status, 200);
    use GuardPhase::{Checking, Prompting, Running};
    assert_eq!(*phases.borrow(), [Checking, Prompting, Running, Prompting, Running]);
    script.assert_done();
}

type Guarded = LocalFuture<'static, Result<HttpResponse>>;

/// An export that begins to send only when the gate is open, so that several run at once.
fn slow_export(client: &StepUpClient, gate: &Gate) -> Guarded {
    let (sender, gate) = (client.clone(), gate.clone());
    client.guard(GuardOptions::new(&[EXPORT]), move |scopes| {
        let (sender, gate) = (sender.clone(), gate.clone());
        async move {
            gate.await;
            sender.send(HttpRequest::post("/waas/x/privateKey/export"), scopes).await
        }
    })
}

/// Looks at each, and gives how those ended that have ended now.
fn look_at_all(guarded: &mut Vec<Guarded>) -> Vec<Result<HttpResponse>> {
    let mut ended = Vec::new();
    guarded.retain_mut(|guarded| match poll(&mut Pin::new(guarded)) {
        Poll::Ready(outcome) => {
            ended.push(outcome);
            false
        }
        Poll::Pending => true,
    });
    ended
}

/// The user verifies, for a token that is unlike the ones before.
fn verify_for(prompter: &Prompter, script: &Script, number: i64, is_single_use: bool) {
    let (prompt, _) = drawn(prompter);
    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(prompt.send()).unwrap();
    let token = claims("wallet:export", 300 + number, is_single_use);
    script.expect("/emailVerifications/verify", 200, verified("u", Some(&token)));
    run(prompt.submit_code("123456")).unwrap();
}

#[test]
fn actions_that_share_a_prompt_get_a_token_for_one_use_each_and_in_turn() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    let gate = Gate::default();
    script.always("/stepUp/check", BY_EMAIL);
    let mut all: Vec<Guarded> = (0..3).map(|_| slow_export(&client, &gate)).collect();
    for number in 0..3 {
        assert_eq!(look_at_all(&mut all), [], "one prompt for all who wait");
        verify_for(&prompter, &script, number, true);
    }
    assert_eq!(look_at_all(&mut all), []);
    assert!(prompter.prompt().is_none(), "three tokens for three actions");
    assert!(client.elevation(&EXPORT).is_none(), "each is promised to one of them");
    gate.open();
    for _ in 0..3 {
        script.expect("/privateKey/export", 200, "{}");
    }
    let ended = look_at_all(&mut all);
    assert!(ended.len() == 3 && ended.iter().all(Result::is_ok), "{ended:?}");
    let is_elevated = |name: &str| name == "x-dyn-elevated-access-token";
    let sent = script.requests("/privateKey/export");
    let headers = sent.iter().flat_map(|request| &request.headers);
    let mut carried: Vec<&String> =
        headers.filter(|(name, _)| is_elevated(name)).map(|(_, token)| token).collect();
    carried.sort();
    carried.dedup();
    assert_eq!(carried.len(), 3, "none was sent twice");
    script.assert_done();
}

#[test]
fn actions_that_share_a_reusable_token_share_the_prompt_and_no_more() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    let gate = Gate::default();
    script.always("/stepUp/check", BY_EMAIL);
    let mut all: Vec<Guarded> = (0..3).map(|_| slow_export(&client, &gate)).collect();
    assert_eq!(look_at_all(&mut all), []);
    verify_for(&prompter, &script, 0, false);
    assert_eq!(look_at_all(&mut all), []);
    assert!(prompter.prompt().is_none());
    gate.open();
    for _ in 0..3 {
        script.expect("/privateKey/export", 200, "{}");
    }
    assert_eq!(look_at_all(&mut all).len(), 3);
    script.assert_done();
}

#[test]
fn a_cancelled_prompt_ends_all_actions_that_wait_for_it_and_a_dropped_action_gives_its_token_back() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    let gate = Gate::default();
    script.always("/stepUp/check", BY_EMAIL);
    let mut all: Vec<Guarded> = (0..3).map(|_| slow_export(&client, &gate)).collect();
    assert_eq!(look_at_all(&mut all), []);
    verify_for(&prompter, &script, 0, true);
    assert_eq!(look_at_all(&mut all), []);
    drawn(&prompter).0.cancel();
    assert_eq!(look_at_all(&mut all), [Err(StepUpError::Cancelled), Err(StepUpError::Cancelled)]);
    assert!(client.elevation(&EXPORT).is_none());
    all.clear();
    assert!(client.elevation(&EXPORT).is_some(), "the one that ran has not sent it");
}

#[test]
fn a_guard_that_is_cancelled_leaves_the_prompt() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    let gate = Gate::default();
    let options = GuardOptions::new(&[EXPORT]).with_cancellation(gate.clone());
    let mut guarded: LocalFuture<'static, Result<()>> =
        client.guard(options, |_| async { panic!("the user has not verified") });
    script.expect("/stepUp/check", 200, BY_EMAIL);
    assert!(poll(&mut Pin::new(&mut guarded)).is_pending());
    assert!(prompter.prompt().is_some());
    gate.open();
    assert_eq!(run(guarded), Err(StepUpError::Cancelled));
    assert!(prompter.prompt().is_none());
}

#[test]
fn a_legacy_mfa_token_goes_to_the_one_who_wants_it() {
    let (client, script, _) = user_with(EMAIL);
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BOTH_FACTORS);
    let mut wanting = ask(client.prompt_mfa(export().with_mfa_token()));
    let mut other = ask(client.prompt_mfa(export()));
    let (prompt, view) = drawn(&prompter);
    let answer = elevated("wallet:export").replacen('{', r#"{"mfaToken":"hunter2","#, 1);
    script.expect("/users/mfa/auth/totp", 200, answer);
    assert_eq!(view.method().unwrap().kind, Kind::Totp);
    run(prompt.submit_code("123456")).unwrap();
    let sent = String::from_utf8(script.requests("/totp").pop().unwrap().body.unwrap()).unwrap();
    let whole = r#"{"code":"123456","id":"t","requestedScopes":["wallet:export"],"createMfaToken":{"singleUse":true}}"#;
    assert_eq!(sent, whole);
    assert!(outcome(&mut wanting).unwrap().mfa_token.is_some());
    assert!(outcome(&mut other).unwrap().mfa_token.is_none());
}

#[test]
fn a_code_that_is_on_its_way_is_taken_up_after_the_prompt_is_cancelled() {
    let (client, script) = signed_in("u");
    let prompter = mount(&client);
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut wait = ask(client.prompt_step_up_auth(export()));
    let (prompt, _) = drawn(&prompter);
    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(prompt.send()).unwrap();
    let gate = Gate::default();
    let answer = Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, elevated("wallet:export"))));
    script.expect_answer("/emailVerifications/verify", answer);
    let mut verifying = ask(prompt.submit_code("123456"));
    drop(prompter);
    assert_eq!(outcome(&mut wait), Err(StepUpError::Cancelled));
    gate.open();
    assert!(outcome(&mut verifying).is_ok());
    assert!(client.elevation(&EXPORT).is_some(), "the user's code is spent, so its token is held");
}

#[test]
fn a_prompt_is_no_success_if_its_screen_signs_the_user_out_when_it_is_told() {
    let (client, script) = signed_in("u");
    let is_leaving = Rc::<Cell<bool>>::default();
    let (leaves, leaver) = (Rc::clone(&is_leaving), client.clone());
    let prompter = client.mount_prompter(move || {
        if leaves.replace(false) {
            drop(leaver.sign_out());
        }
    });
    script.expect("/stepUp/check", 200, BY_EMAIL);
    let mut wait = ask(client.prompt_step_up_auth(export()));
    let (prompt, _) = drawn(&prompter);
    script.expect("/create", 200, r#"{"verificationUUID":"w","email":"a@b.example"}"#);
    run(prompt.send()).unwrap();
    script.expect("/emailVerifications/verify", 200, elevated("wallet:export"));
    let submitted = prompt.submit_code("123456");
    is_leaving.set(true);
    assert_eq!(run(submitted).map(drop), Err(StepUpError::NotSignedIn));
    assert_eq!(outcome(&mut wait).map(drop), Err(StepUpError::NotSignedIn));
    assert!(client.elevations().is_empty());
}

mod any_order {
    //! Whatever happens in whatever order: every caller settles once, and nobody as verified without a token.

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Ask {
            scopes: Vec<TokenScope>,
            is_forced: bool,
        },
        LeaveCaller(usize),
        /// From now on a check says so.
        Checks {
            is_required: bool,
        },
        PollAll,
        Send,
        /// The answer brings a token for what the prompt asks for, or for less.
        Verify {
            is_whole: bool,
        },
        WrongCode,
        Cancel,
        Mount,
        Unmount,
        Tick,
        SignOutAndIn,
    }

    fn step() -> impl Strategy<Value = Step> {
        let scopes = proptest::sample::subsequence(vec![EXPORT, SIGN, TokenScope::CredentialLink], 1..=2);
        prop_oneof![
            6 => (scopes, prop::bool::weighted(0.3)).prop_map(|(scopes, is_forced)| Step::Ask { scopes, is_forced }),
            2 => (0..8_usize).prop_map(Step::LeaveCaller),
            1 => prop::bool::weighted(0.7).prop_map(|is_required| Step::Checks { is_required }),
            3 => Just(Step::PollAll),
            2 => Just(Step::Send),
            4 => prop::bool::weighted(0.8).prop_map(|is_whole| Step::Verify { is_whole }),
            1 => Just(Step::WrongCode),
            1 => Just(Step::Cancel),
            3 => Just(Step::Mount),
            1 => Just(Step::Unmount),
            2 => Just(Step::Tick),
            1 => Just(Step::SignOutAndIn),
        ]
    }

    struct World {
        client: StepUpClient,
        script: Rc<Script>,
        prompters: Vec<Prompter>,
        waiting: Vec<(PromptOptions, Vec<TokenScope>, Wait)>,
        /// Whether a check has said that no step-up is required.
        has_waived: bool,
        /// The scopes that the user was verified for, in this session.
        granted: Vec<TokenScope>,
    }

    impl World {
        fn poll_all(&mut self) {
            let (granted, has_waived) = (&self.granted, self.has_waived);
            // Each may begin a look-up.
            self.waiting.retain_mut(|(options, scopes, wait)| match look(wait) {
                Poll::Pending => true,
                Poll::Ready(Ok(verified)) if verified.elevation.is_none() => {
                    assert!(has_waived, "a step-up is required");
                    assert_ne!(*options, PromptOptions::new(scopes).with_force(), "the user has to be asked");
                    false
                }
                Poll::Ready(Ok(_)) => {
                    assert!(scopes.iter().all(|scope| granted.contains(scope)), "{scopes:?} of {granted:?}");
                    false
                }
                Poll::Ready(Err(
                    StepUpError::Cancelled | StepUpError::NoPrompter | StepUpError::NotSignedIn,
                )) => false,
                Poll::Ready(Err(other)) => panic!("{other:?} ends no prompt here"),
            });
            let drawn = self.prompters.iter().filter(|prompter| prompter.prompt().is_some()).count();
            assert!(drawn <= 1, "never two");
        }

        fn prompt(&self) -> Option<Prompt> {
            self.prompters.last().and_then(Prompter::prompt)
        }

        /// A prompt with a code that was sent.
        fn prompt_with_code(&self) -> Option<Prompt> {
            self.prompt().filter(|prompt| prompt.view().unwrap().otp_verification.is_some())
        }

        fn step(&mut self, step: Step) {
            match step {
                Step::Ask { scopes, is_forced } => {
                    let options = PromptOptions::new(&scopes);
                    let options = if is_forced { options.with_force() } else { options };
                    self.waiting.push((options.clone(), scopes, self.client.prompt_step_up_auth(options)));
                }
                Step::Checks { is_required } => {
                    self.has_waived |= !is_required;
                    self.script.always("/stepUp/check", if is_required { BY_EMAIL } else { NOT_REQUIRED });
                }
                Step::LeaveCaller(which) => {
                    if which < self.waiting.len() {
                        drop(self.waiting.swap_remove(which));
                    }
                }
                Step::PollAll => self.poll_all(),
                Step::Send => {
                    // Its look-up has ended, so that there is a method.
                    if let Some(prompt) = self.prompt().filter(|prompt| {
                        let view = prompt.view().unwrap();
                        view.method().is_some() && view.otp_verification.is_none()
                    }) {
                        self.script.expect(
                            "/create",
                            200,
                            r#"{"verificationUUID":"w","email":"a@b.example"}"#,
                        );
                        run(prompt.send()).unwrap();
                    }
                }
                Step::Verify { is_whole } => {
                    let Some(prompt) = self.prompt_with_code() else { return };
                    let scopes = prompt.view().unwrap().scopes;
                    let names: Vec<&str> = scopes.iter().map(TokenScope::as_str).collect();
                    let claims = claims(&names.join(" "), 300, false);
                    let answer = verified("u", is_whole.then_some(claims.as_str()));
                    self.script.expect("/emailVerifications/verify", 200, answer);
                    if is_whole {
                        self.granted.extend(scopes);
                    }
                    assert_eq!(run(prompt.submit_code("1")).is_ok(), is_whole);
                }
                Step::WrongCode => {
                    let Some(prompt) = self.prompt_with_code() else { return };
                    let wrong = r#"{"error":"no","code":"wrong_email_verification_token"}"#;
                    self.script.expect("/emailVerifications/verify", 422, wrong);
                    run(prompt.submit_code("0")).unwrap_err();
                }
                Step::Cancel => {
                    if let Some(prompt) = self.prompt() {
                        prompt.cancel();
                    }
                }
                Step::Mount => self.prompters.push(mount(&self.client)),
                Step::Unmount => drop(self.prompters.pop()),
                Step::Tick => {
                    let now: Vec<_> = self
                        .script
                        .timers
                        .borrow_mut()
                        .extract_if(.., |(length, _)| length.is_zero())
                        .collect();
                    now.iter().for_each(|(_, gate)| gate.open());
                }
                Step::SignOutAndIn => {
                    self.script.expect("/revoke", 200, "");
                    run(self.client.sign_out()).unwrap();
                    sign_in(&self.client, &self.script, "u");
                    self.granted.clear();
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_caller_settles_exactly_once(steps in prop::collection::vec(step(), 1..60)) {
            let (client, script) = signed_in("u");
            script.always("/stepUp/check", BY_EMAIL);
            let (prompters, waiting, granted) = (Vec::new(), Vec::new(), Vec::new());
            let mut world = World { client, script, prompters, waiting, granted, has_waived: false };
            for step in steps {
                world.step(step);
            }
            // Everybody who drew is gone, and a tick passes: nobody waits any more.
            world.poll_all();
            world.prompters.clear();
            world.step(Step::Tick);
            world.poll_all();
            prop_assert!(world.waiting.is_empty(), "{} wait for ever", world.waiting.len());
        }
    }
}
