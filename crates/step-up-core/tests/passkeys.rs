//! Core lane: passkeys, against a scripted server and a scripted authenticator.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use serde_json::{Value, json};
use step_up_core::{
    Challenge, Config, GuardOptions, HttpRequest, LocalFuture, PasskeyAuthenticator, Result, SessionStatus,
    StepUpClient, StepUpError, TokenScope,
};
use support::*;

const EXPORT: [TokenScope; 1] = [TokenScope::WalletExport];
const OPTIONS: &str = r#"{"challenge":"Y2hhbGxlbmdl","rpId":"app.example","timeout":60000,"userVerification":"preferred",
    "allowCredentials":[{"id":"a2V5","transports":["internal"]}]}"#;
const CREATION: &str = r#"{"challenge":"Y2hhbGxlbmdl","rp":{"id":"app.example","name":"App"},
    "user":{"id":"dQ","name":"a@b.example","displayName":"A"},"pubKeyCredParams":[{"type":"public-key","alg":-7}],
    "attestation":"none","excludeCredentials":[{"id":"a2V5"}],"timeout":60000,
    "authenticatorSelection":{"residentKey":"preferred","userVerification":"discouraged"}}"#;
const ASSERTION: &str = r#"{"id":"a2V5","rawId":"a2V5","type":"public-key","authenticatorAttachment":"platform",
    "clientExtensionResults":{"credProps":{"rk":true},"prf":{"results":{"first":"hunter2"}}},
    "response":{"clientDataJSON":"Yw","authenticatorData":"YQ","signature":"cw","userHandle":null,"more":"x"}}"#;
const REGISTRATION: &str = r#"{"id":"a2V5","rawId":"a2V5","type":"public-key","clientExtensionResults":{},
    "response":{"clientDataJSON":"Yw","authenticatorData":"YQ","attestationObject":"bw","publicKey":"cA",
    "publicKeyAlgorithm":-7,"transports":["internal","hybrid"]}}"#;

/// What the scripted authenticator is asked, and how it answers.
#[derive(Clone, Default)]
struct Authenticator {
    asked: Rc<RefCell<Vec<Value>>>,
    answer: Rc<RefCell<Option<Result<String>>>>,
    /// Holds the answer back until it is opened.
    gate: Gate,
    /// Ceremonies that are under way.
    open: Rc<Cell<usize>>,
    is_unsupported: Rc<Cell<bool>>,
}

/// Counts a ceremony while it is under way.
struct Open(Rc<Cell<usize>>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Authenticator {
    fn ceremony(&self, options: &str) -> LocalFuture<'static, Result<String>> {
        let this = self.clone();
        this.asked.borrow_mut().push(serde_json::from_str(options).unwrap());
        this.open.set(this.open.get() + 1);
        let open = Open(Rc::clone(&this.open));
        Box::pin(async move {
            let _open = open;
            this.gate.await;
            this.answer.borrow_mut().take().unwrap()
        })
    }

    fn answers(&self, answer: impl Into<String>) {
        self.answer.replace(Some(Ok(answer.into())));
        self.gate.open();
    }

    fn fails(&self, error: StepUpError) {
        self.answer.replace(Some(Err(error)));
        self.gate.open();
    }

    fn asked(&self) -> Value {
        self.asked.borrow_mut().pop().unwrap()
    }
}

impl PasskeyAuthenticator for Authenticator {
    fn require_support(&self) -> Result<()> {
        if self.is_unsupported.get() { Err(unsupported()) } else { Ok(()) }
    }

    fn create(&self, options_json: String) -> LocalFuture<'static, Result<String>> {
        self.ceremony(&options_json)
    }

    fn get(&self, options_json: String) -> LocalFuture<'static, Result<String>> {
        self.ceremony(&options_json)
    }
}

fn unsupported() -> StepUpError {
    StepUpError::UnsupportedTarget { why: "no passkeys in this test".into() }
}

fn with_passkeys() -> (StepUpClient, Rc<Script>, Authenticator) {
    let (script, authenticator) = (Rc::new(Script::default()), Authenticator::default());
    let platform = platform(&script).with_passkeys(authenticator.clone());
    let client = StepUpClient::new(Config::new(ENVIRONMENT).unwrap(), platform);
    sign_in(&client, &script, "u");
    (client, script, authenticator)
}

fn elevated(scope: &str, single_use: bool) -> String {
    verified("u", Some(&claims(scope, 300, single_use)))
}

fn body(request: &HttpRequest) -> Value {
    serde_json::from_slice(request.body.as_ref().unwrap()).unwrap()
}

fn last(script: &Script) -> HttpRequest {
    script.seen.borrow().last().unwrap().clone()
}

fn is_elevated(request: &HttpRequest) -> bool {
    request.headers.iter().any(|(name, _)| name == "x-dyn-elevated-access-token")
}

/// Elevates user `u` for a scope.
fn hold(client: &StepUpClient, script: &Script, scope: TokenScope, single_use: bool) {
    let answer = elevated(scope.as_str(), single_use);
    verify(client, script, &[scope], 200, answer).unwrap();
}

#[test]
fn a_passkey_elevates() {
    let (client, script, authenticator) = with_passkeys();
    assert!(client.is_passkey_supported());
    script.expect("/users/passkeys/authenticate", 200, OPTIONS);
    script.expect("/users/mfa/auth/passkey", 200, elevated("wallet:export", true));
    authenticator.answers(ASSERTION);
    let verified = run(client.verify_passkey_mfa(&EXPORT)).unwrap();
    assert!(verified.elevation.unwrap().single_use);
    assert!(client.elevation(&TokenScope::WalletExport).is_some());
    assert_eq!(
        authenticator.asked(),
        json!({
            "challenge": "Y2hhbGxlbmdl", "rpId": "app.example", "timeout": 65_000, "userVerification": "required",
            "allowCredentials": [{"id": "a2V5", "type": "public-key", "transports": ["internal"]}],
        }),
        "the user is verified, whatever the service wanted"
    );
    assert_eq!(
        body(&last(&script)),
        json!({
            "id": "a2V5", "rawId": "a2V5", "type": "public-key", "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": true}},
            "response": {"clientDataJSON": "Yw", "authenticatorData": "YQ", "signature": "cw"},
            "requestedScopes": ["wallet:export"],
        }),
        "what the protocol has, and no secret of an extension"
    );
    script.assert_done();
}

#[test]
fn what_a_browser_would_misread_is_put_right() {
    let (client, script, authenticator) = with_passkeys();
    let options = r#"{"challenge":"YQ","rpId":null,"hints":"client-device","timeout":1,
        "allowCredentials":[{"id":"a2V5","transports":null,"type":"other"}],"extensions":{"appid":null,"uvm":true}}"#;
    script.expect("/authenticate", 200, options);
    authenticator.fails(StepUpError::Cancelled);
    run(client.verify_passkey_mfa(&[])).unwrap_err();
    assert_eq!(
        authenticator.asked(),
        json!({
            "challenge": "YQ", "hints": ["client-device"], "timeout": 35_000, "userVerification": "required",
            "allowCredentials": [{"id": "a2V5", "type": "public-key"}], "extensions": {"uvm": true},
        })
    );
    for broken in ["{}", "[]", "<html>", r#"{"challenge":"","allowCredentials":[{"id":"a2V5"}]}"#] {
        script.expect("/authenticate", 200, broken);
        let error = run(client.verify_passkey_mfa(&[])).unwrap_err();
        assert!(matches!(error, StepUpError::Decode { .. }), "{broken}: {error:?}");
    }
}

#[test]
fn a_user_without_passkeys_is_not_asked_for_one() {
    let (client, script, authenticator) = with_passkeys();
    for none in [r#"{"challenge":"YQ"}"#, r#"{"challenge":"YQ","allowCredentials":[]}"#] {
        script.expect("/authenticate", 200, none);
        assert_eq!(run(client.verify_passkey_mfa(&EXPORT)).map(drop), Err(StepUpError::PasskeyNotFound));
    }
    assert!(authenticator.asked.borrow().is_empty());
    script.assert_done();
}

#[test]
fn a_platform_without_passkeys_asks_nobody() {
    let (client, script, authenticator) = with_passkeys();
    authenticator.is_unsupported.set(true);
    assert!(!client.is_passkey_supported());
    let before = script.seen.borrow().len();
    assert_eq!(run(client.verify_passkey_mfa(&EXPORT)).map(drop), Err(unsupported()));
    assert_eq!(run(client.factors().enrol_passkey()), Err(unsupported()));
    assert_eq!(script.seen.borrow().len(), before);

    let (client, script) = signed_in("u");
    let before = script.seen.borrow().len();
    assert!(!client.is_passkey_supported());
    for result in [run(client.verify_passkey_mfa(&[])).map(drop), run(client.factors().enrol_passkey())] {
        assert!(matches!(result, Err(StepUpError::UnsupportedTarget { .. })), "{result:?}");
    }
    assert_eq!(script.seen.borrow().len(), before);
}

#[test]
fn what_the_authenticator_says_is_told_apart_and_sends_nothing() {
    let (client, script, authenticator) = with_passkeys();
    hold(&client, &script, TokenScope::CredentialLink, true);
    for error in [
        StepUpError::Cancelled,
        StepUpError::TimedOut,
        StepUpError::PasskeyNotFound,
        StepUpError::PasskeyAlreadyRegistered,
        StepUpError::RelyingPartyMismatch,
        StepUpError::PasskeyFailed { why: "UnknownError".into() },
        unsupported(),
    ] {
        script.expect("/authenticate", 200, OPTIONS);
        authenticator.fails(error.clone());
        assert_eq!(run(client.verify_passkey_mfa(&EXPORT)).map(drop), Err(error.clone()));
        script.expect("/users/passkeys/register", 200, CREATION);
        authenticator.fails(error.clone());
        assert_eq!(run(client.factors().enrol_passkey()), Err(error));
    }
    for broken in ["", "{}", "null", &ASSERTION.replace("signature", "x"), &ASSERTION.replace("rawId", "x")] {
        script.expect("/authenticate", 200, OPTIONS);
        authenticator.answers(broken);
        let error = run(client.verify_passkey_mfa(&EXPORT)).unwrap_err();
        assert!(matches!(error, StepUpError::Decode { .. }), "{broken}: {error:?}");
    }
    script.assert_done();
    assert_eq!(client.status(), SessionStatus::SignedIn);
    assert!(client.elevation(&TokenScope::CredentialLink).is_some(), "no enrolment, no use");
    assert!(client.elevation(&TokenScope::WalletExport).is_none());
}

#[test]
fn what_the_service_says_of_an_assertion_is_told_apart() {
    let (client, script, authenticator) = with_passkeys();
    let verify = |status, answer: String| {
        script.expect("/authenticate", 200, OPTIONS);
        authenticator.answers(ASSERTION);
        script.expect("/users/mfa/auth/passkey", status, answer);
        run(client.verify_passkey_mfa(&EXPORT)).map(drop)
    };
    let unknown = r#"{"error":"no","code":"passkey_not_found"}"#;
    assert_eq!(verify(404, unknown.into()), Err(StepUpError::PasskeyNotFound));
    for (code, word) in [("mfa_invalid_code", "did not accept"), ("invalid_verification", "no longer waited")]
    {
        let error =
            verify(422, format!(r#"{{"error":"no","code":"{code}","payload":{{"attemptsLeft":3}}}}"#));
        let Err(StepUpError::PasskeyFailed { why }) = error else { panic!("{code}: {error:?}") };
        assert!(why.contains(word), "{why}");
    }
    let pause = r#"{"error":"no","code":"mfa_rate_limited"}"#;
    assert_eq!(verify(429, pause.into()), Err(StepUpError::RateLimited { retry_after: None }));
    let missing = EXPORT.to_vec();
    assert_eq!(verify(200, verified("u", None)), Err(StepUpError::NotElevated(Challenge::new(&missing))));
    let somebody_else = verified("other", Some(&claims("wallet:export", 300, true)));
    assert_eq!(verify(200, somebody_else), Err(StepUpError::SubjectMismatch));
    assert!(client.elevations().is_empty());
    assert_eq!(client.status(), SessionStatus::SignedIn);
    assert_eq!(verify(401, "{}".into()), Err(StepUpError::NotSignedIn));
    assert_eq!(client.status(), SessionStatus::SignedOut);
}

#[test]
fn a_dropped_future_ends_the_ceremony() {
    let (client, script, authenticator) = with_passkeys();
    script.expect("/authenticate", 200, OPTIONS);
    {
        let mut verifying = pin!(client.verify_passkey_mfa(&EXPORT));
        assert!(poll(&mut verifying).is_pending());
        assert_eq!(authenticator.open.get(), 1);
    }
    assert_eq!(authenticator.open.get(), 0);
    script.assert_done();
}

#[test]
fn a_cancellation_ends_the_ceremony_and_holds_no_answer_back() {
    let (client, script, authenticator) = with_passkeys();
    let (cancel, sent) = (Gate::default(), Gate::default());
    script.expect("/authenticate", 200, OPTIONS);
    {
        let mut verifying = pin!(client.verify_passkey_mfa_unless(&EXPORT, Box::pin(cancel.clone())));
        assert!(poll(&mut verifying).is_pending());
        assert_eq!(authenticator.open.get(), 1);
        cancel.open();
        assert_eq!(poll(&mut verifying).map_ok(drop), Poll::Ready(Err(StepUpError::Cancelled)));
        assert_eq!(authenticator.open.get(), 0, "at once, not when the future is dropped");
    }
    let before = script.seen.borrow().len();
    let cancelled = client.verify_passkey_mfa_unless(&EXPORT, Box::pin(cancel));
    assert_eq!(run(cancelled).map(drop), Err(StepUpError::Cancelled));
    assert_eq!(script.seen.borrow().len(), before, "cancelled before it began");

    let cancel = Gate::default();
    script.expect("/authenticate", 200, OPTIONS);
    let answer = Answer::Reply(200, elevated("wallet:export", true));
    script.expect_answer("/users/mfa/auth/passkey", Answer::Wait(sent.clone(), Box::new(answer)));
    authenticator.answers(ASSERTION);
    let mut verifying = pin!(client.verify_passkey_mfa_unless(&EXPORT, Box::pin(cancel.clone())));
    assert!(poll(&mut verifying).is_pending());
    cancel.open();
    assert!(poll(&mut verifying).is_pending());
    sent.open();
    assert!(matches!(poll(&mut verifying), Poll::Ready(Ok(_))), "the assertion was spent already");
    assert!(client.elevation(&TokenScope::WalletExport).is_some());
}

/// Counts how often it was woken.
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_sign_out_ends_the_ceremony() {
    // Also where the user answers in the same moment.
    for is_answered in [false, true] {
        let (client, script, authenticator) = with_passkeys();
        script.expect("/authenticate", 200, OPTIONS);
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut verifying = client.verify_passkey_mfa(&EXPORT);
        assert!(verifying.as_mut().poll(&mut context).is_pending());
        script.expect("/revoke", 204, "");
        run(client.sign_out()).unwrap();
        assert!(count.0.load(Ordering::Relaxed) > 0, "nobody else would wake it");
        if is_answered {
            authenticator.answers(ASSERTION);
        }
        let ended = verifying.as_mut().poll(&mut context).map_ok(drop);
        assert_eq!(ended, Poll::Ready(Err(StepUpError::NotSignedIn)));
        assert_eq!(authenticator.open.get(), 0);
        script.assert_done();
    }
}

#[test]
fn a_ceremony_takes_no_longer_than_the_service_says() {
    let (client, script, authenticator) = with_passkeys();
    let long = OPTIONS.replace("60000", "9999999");
    let unsaid = OPTIONS.replace("60000", "null");
    for (options, limit) in [(OPTIONS, 60), (long.as_str(), 600), (unsaid.as_str(), 300)] {
        script.expect("/authenticate", 200, options);
        let mut verifying = pin!(client.verify_passkey_mfa(&EXPORT));
        assert!(poll(&mut verifying).is_pending());
        assert_eq!(script.timers.borrow().last().unwrap().0, Duration::from_secs(limit));
        let given = authenticator.asked()["timeout"].as_u64().unwrap();
        assert!(given > limit * 1000, "the platform is not the first to run out: {given}");
        script.run_out_of_time();
        assert_eq!(poll(&mut verifying).map_ok(drop), Poll::Ready(Err(StepUpError::TimedOut)));
        assert_eq!(authenticator.open.get(), 0);
    }
    script.assert_done();
}

#[test]
fn a_guarded_enrolment_uses_the_token_that_its_action_was_promised() {
    let (client, script, authenticator) = with_passkeys();
    hold(&client, &script, TokenScope::CredentialLink, true);
    script.expect("/users/passkeys/register", 200, CREATION);
    script.expect("/users/passkeys/register", 200, verified("u", None));
    authenticator.answers(REGISTRATION);
    let factors = client.factors();
    let options = GuardOptions::new(&[TokenScope::CredentialLink]);
    run(client.guard(options, move |_| factors.enrol_passkey())).unwrap();
    assert!(is_elevated(&last(&script)));
    script.assert_done();
}

#[test]
fn an_enrolment_spends_its_token_and_renews_the_session() {
    let (client, script, authenticator) = with_passkeys();
    hold(&client, &script, TokenScope::CredentialLink, true);
    script.expect("/users/passkeys/register", 200, CREATION);
    script.expect("/users/passkeys/register", 200, verified("u", None));
    authenticator.answers(REGISTRATION);
    run(client.factors().enrol_passkey()).unwrap();
    let asked = authenticator.asked();
    assert_eq!(
        asked["authenticatorSelection"],
        json!({"residentKey": "preferred", "userVerification": "required"})
    );
    assert_eq!(asked["excludeCredentials"], json!([{"id": "a2V5", "type": "public-key"}]));
    assert_eq!(asked["user"]["id"], "dQ");
    let sent = last(&script);
    assert!(is_elevated(&sent));
    assert_eq!(
        body(&sent),
        json!({
            "id": "a2V5", "rawId": "a2V5", "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJson": "Yw", "attestationObject": "bw", "publicKey": "cA",
                "transports": ["internal", "hybrid"],
            },
        })
    );
    assert!(!is_elevated(&script.requests("/users/passkeys/register")[0]), "the options need no token");
    assert!(client.elevation(&TokenScope::CredentialLink).is_none());
    script.assert_done();
}

#[test]
fn no_passkey_is_made_that_would_be_refused() {
    let (client, script, authenticator) = with_passkeys();
    let missing = vec![TokenScope::CredentialLink];
    script.expect("/stepUp/check", 200, r#"{"isRequired":true,"credentials":[]}"#);
    assert_eq!(
        run(client.factors().enrol_passkey()),
        Err(StepUpError::NotElevated(Challenge::new(&missing)))
    );
    script.expect_answer("/stepUp/check", Answer::Network);
    assert_eq!(run(client.factors().enrol_passkey()), Err(StepUpError::Network));
    assert!(authenticator.asked.borrow().is_empty());

    script.expect("/stepUp/check", 200, r#"{"isRequired":false,"credentials":[]}"#);
    script.expect("/users/passkeys/register", 200, CREATION.replace("authenticatorSelection", "x"));
    script.expect("/users/passkeys/register", 200, verified("u", None));
    authenticator.answers(REGISTRATION);
    run(client.factors().enrol_passkey()).unwrap();
    assert_eq!(authenticator.asked()["authenticatorSelection"], json!({"userVerification": "required"}));
    script.assert_done();
}

#[test]
fn passkeys_are_listed_renamed_and_deleted() {
    let (client, script, _) = with_passkeys();
    let list = r#"{"count":1,"passkeys":[{"id":"p","credentialId":"a2V5","createdAt":"2026-01-01T00:00:00Z","alias":"Mine"}]}"#;
    script.expect("/users/passkeys", 200, list);
    let passkeys = run(client.factors().passkeys()).unwrap();
    assert_eq!((passkeys[0].credential_id.as_str(), passkeys[0].alias.as_deref()), ("a2V5", Some("Mine")));
    script.expect("/users/passkeys", 200, "{}");
    assert!(matches!(run(client.factors().passkeys()), Err(StepUpError::Decode { .. })));

    script.expect("/users/passkeys", 200, r#"{"id":"p"}"#);
    run(client.factors().rename_passkey(&passkeys[0].id, "Phone")).unwrap();
    assert_eq!(body(&last(&script)), json!({"id": "p", "alias": "Phone"}));
    assert_eq!(last(&script).method.as_str(), "PUT");

    script.expect("/users/passkeys", 403, r#"{"error":"no","code":"elevated_access_token_required"}"#);
    let missing = vec![TokenScope::CredentialUnlink];
    assert_eq!(
        run(client.factors().delete_passkey(&"p".into())),
        Err(StepUpError::NotElevated(Challenge::new(&missing)))
    );
    hold(&client, &script, TokenScope::CredentialUnlink, true);
    script.expect("/users/passkeys", 404, r#"{"error":"no","code":"passkey_not_found"}"#);
    assert_eq!(run(client.factors().delete_passkey(&"q".into())), Err(StepUpError::PasskeyNotFound));
    script.expect("/users/passkeys", 204, "");
    run(client.factors().delete_passkey(&"p".into())).unwrap();
    assert_eq!(body(&last(&script)), json!({"passkeyId": "p"}));
    assert_eq!(last(&script).method.as_str(), "DELETE");
    assert!(is_elevated(&last(&script)));
    assert!(client.elevation(&TokenScope::CredentialUnlink).is_none());
    script.assert_done();
}
