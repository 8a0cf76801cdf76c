//! The sandbox as a transport inside a page, without a page.

#![allow(clippy::unwrap_used)] // The helpers of tests are tests.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use step_up_core::{HttpRequest, HttpResponse, LocalFuture, StepUpError, Timestamp, Transport as _};
use step_up_sandbox::{
    Config, DEFAULT_ENVIRONMENT_ID, Seed, StoreError,
    page::{BASE_URL, ConsentAnswer, ConsentForm, ConsentQuestion, InPage},
};

/// A page: its clock, its timer, and what it keeps.
#[derive(Clone, Default)]
struct Page {
    secs: Rc<Cell<i64>>,
    slept: Rc<RefCell<Vec<Duration>>>,
    saved: Rc<RefCell<Vec<String>>>,
}

impl Page {
    fn load(&self, seed: u64, snapshot: Option<&str>) -> Result<InPage, StoreError> {
        let Self { secs, slept, saved } = self.clone();
        let clock = move || Timestamp::from_secs(1_795_514_400 + secs.get());
        let timer = move |duration: Duration| -> LocalFuture<'static, ()> {
            slept.borrow_mut().push(duration);
            Box::pin(async {})
        };
        let save = move |snapshot: &str| saved.borrow_mut().push(snapshot.to_owned());
        let config = Config::default().with_consent_page("http://localhost:8080/#/consent").unwrap();
        InPage::new(config, Seed::new(seed), snapshot, Rc::new(clock), Rc::new(timer), save)
    }

    fn saves(&self) -> usize {
        self.saved.borrow().len()
    }

    fn newest(&self) -> String {
        self.saved.borrow().last().unwrap().clone()
    }
}

fn url(path: &str) -> String {
    format!("{BASE_URL}/sdk/{DEFAULT_ENVIRONMENT_ID}{path}")
}

fn send(sandbox: &InPage, request: HttpRequest) -> Result<HttpResponse, StepUpError> {
    sandbox.send(request).now_or_never().unwrap()
}

fn json_of(response: &HttpResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

fn post(path: &str, body: Value) -> HttpRequest {
    let mut request =
        HttpRequest::post(if path.starts_with("/sandbox/") { path.to_owned() } else { url(path) });
    request.body = Some(body.to_string().into_bytes());
    request
}

/// Signs somebody new in and gives their token.
fn sign_in(sandbox: &InPage) -> String {
    let answer = sandbox.call(&post("/sandbox/users", json!({ "email": "ada@example.com" })));
    json_of(&answer)["minifiedJwt"].as_str().unwrap().to_owned()
}

fn is_signed_in(sandbox: &InPage, token: &str) -> bool {
    let request = HttpRequest::get(url("/users")).header("authorization", format!("Bearer {token}"));
    send(sandbox, request).unwrap().status == 200
}

#[test]
fn it_answers_as_a_transport() {
    let sandbox = Page::default().load(1, None).unwrap();
    let answer = send(&sandbox, HttpRequest::get(url("/settings"))).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("date"), Some("Tue, 24 Nov 2026 10:00:00 GMT"));
    assert!(is_signed_in(&sandbox, &sign_in(&sandbox)));
}

#[test]
fn nothing_happens_before_the_request_is_waited_for() {
    let page = Page::default();
    let sandbox = page.load(1, None).unwrap();
    let saves = page.saves();
    let request = sandbox.send(post("/emailVerifications/create", json!({ "email": "ada@example.com" })));
    assert_eq!(page.saves(), saves);
    drop(request);
    assert_eq!(json_of(&sandbox.call(&HttpRequest::get("/sandbox/inbox"))), json!([]));
}

#[test]
fn a_dropped_answer_is_a_broken_network_and_a_delay_is_the_pages() {
    let page = Page::default();
    let sandbox = page.load(1, None).unwrap();
    for kind in ["drop", "drop-after"] {
        sandbox.call(&post("/sandbox/faults", json!({ "path": "/settings", "kind": kind })));
        assert_eq!(send(&sandbox, HttpRequest::get(url("/settings"))), Err(StepUpError::Network));
    }
    sandbox.call(&post("/sandbox/faults", json!({ "path": "/settings", "kind": "delay", "millis": 1500 })));
    assert_eq!(send(&sandbox, HttpRequest::get(url("/settings"))).unwrap().status, 200);
    assert_eq!(page.slept.borrow().last(), Some(&Duration::from_millis(1500)));
}

#[test]
fn whoever_asks_at_the_same_time_has_asked_before_there_is_an_answer() {
    let page = Page::default();
    let sandbox = page.load(1, None).unwrap();
    send(&sandbox, HttpRequest::get(url("/settings"))).unwrap();
    assert_eq!(*page.slept.borrow(), [Duration::ZERO], "the page goes on, and then there is an answer");
}

#[test]
fn every_change_is_saved_and_nothing_else() {
    let page = Page::default();
    let sandbox = page.load(1, None).unwrap();
    assert_eq!(page.saves(), 1, "the key, once");
    let token = sign_in(&sandbox);
    assert_eq!(page.saves(), 2);
    assert!(is_signed_in(&sandbox, &token));
    send(&sandbox, HttpRequest::get(url("/settings"))).unwrap();
    send(&sandbox, post("/emailVerifications/create", json!({ "email": "no address" }))).unwrap();
    assert_eq!(page.saves(), 2, "reading and refusing change nothing");
    assert_eq!(page.newest(), sandbox.snapshot());
}

#[test]
fn a_snapshot_brings_everything_back_and_repeats_nothing() {
    let page = Page::default();
    let sandbox = page.load(1, None).unwrap();
    let token = sign_in(&sandbox);
    let nonce =
        |sandbox: &InPage| json_of(&send(sandbox, HttpRequest::get(url("/nonce"))).unwrap())["nonce"].clone();
    let first = nonce(&sandbox);
    let snapshot = page.newest();
    let saves = page.saves();
    // A reload: another sandbox, another seed, the same snapshot.
    let reloaded = page.load(2, Some(&snapshot)).unwrap();
    assert_eq!(reloaded.snapshot(), snapshot);
    assert!(page.saves() <= saves + 1);
    assert!(is_signed_in(&reloaded, &token));
    assert_ne!(nonce(&reloaded), first);
}

#[test]
fn a_snapshot_that_is_none_is_said_to_be() {
    for snapshot in ["", "x", "[]", r#"{"keys":{"token":1}}"#, r#"{"random":{"source":{}}}"#] {
        let error = Page::default().load(1, Some(snapshot)).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{snapshot}: {error}");
    }
}

#[test]
fn the_page_may_ask_while_it_saves() {
    let asked = Rc::new(Cell::new(0));
    let sandbox: Rc<RefCell<Option<InPage>>> = Rc::default();
    let save = {
        let (asked, sandbox) = (Rc::clone(&asked), Rc::clone(&sandbox));
        move |_: &str| {
            if let Some(sandbox) = &*sandbox.borrow() {
                sandbox.call(&HttpRequest::get("/sandbox/inbox"));
                asked.set(asked.get() + 1);
            }
        }
    };
    let clock = || Timestamp::from_secs(0);
    let timer = |_: Duration| -> LocalFuture<'static, ()> { Box::pin(async {}) };
    let in_page =
        InPage::new(Config::default(), Seed::new(1), None, Rc::new(clock), Rc::new(timer), save).unwrap();
    *sandbox.borrow_mut() = Some(in_page.clone());
    sign_in(&in_page);
    assert_eq!(asked.get(), 1);
}

/// The sandbox with sessions in cookies, and somebody who is signed in that way.
fn in_cookies(page: &Page) -> InPage {
    let sandbox = page.load(1, None).unwrap();
    let mut settings =
        post("/sandbox/settings", json!({ "security": { "auth": { "storage": ["cookie"] } } }));
    settings.method = step_up_core::Method::Put;
    assert_eq!(sandbox.call(&settings).status, 200);
    let ask = |path: &str, body: Value| send(&sandbox, with_cookies(post(path, body))).unwrap();
    assert_eq!(ask("/emailVerifications/create", json!({ "email": "ada@example.com" })).status, 200);
    let inbox = json_of(&sandbox.call(&HttpRequest::get("/sandbox/inbox")));
    let [uuid, code] = ["verificationUUID", "code"].map(|name| inbox[0][name].clone());
    let code = json!({ "verificationUUID": uuid, "verificationToken": code });
    let answer = ask("/emailVerifications/signin", code);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("set-cookie"), None, "the page sees no cookie");
    assert_eq!(json_of(&answer).get("minifiedJwt"), None, "nor a token");
    sandbox
}

fn with_cookies(mut request: HttpRequest) -> HttpRequest {
    request.with_cookies = true;
    request
}

fn status_with_cookies(sandbox: &InPage) -> u16 {
    send(sandbox, with_cookies(HttpRequest::get(url("/users")))).unwrap().status
}

#[test]
fn a_jar_keeps_the_sessions_cookie_for_requests_that_take_it_along() {
    let sandbox = in_cookies(&Page::default());
    assert_eq!(status_with_cookies(&sandbox), 200);
    assert_eq!(send(&sandbox, HttpRequest::get(url("/users"))).unwrap().status, 401);
    assert_eq!(sandbox.call(&HttpRequest::get(url("/users"))).status, 401);
    let refreshed = send(&sandbox, with_cookies(post("/refresh", json!({})))).unwrap();
    assert_eq!((refreshed.status, refreshed.header("set-cookie")), (200, None));
    assert_eq!(send(&sandbox, with_cookies(post("/revoke", json!({})))).unwrap().status, 200);
    assert_eq!(status_with_cookies(&sandbox), 401);
}

#[test]
fn a_change_without_the_pages_cookies_is_nobodys() {
    let sandbox = in_cookies(&Page::default());
    let refused = send(&sandbox, post("/revoke", json!({}))).unwrap();
    assert_eq!((refused.status, json_of(&refused)["code"].as_str()), (403, Some("origin_required")));
    assert_eq!(status_with_cookies(&sandbox), 200);
}

#[test]
fn the_jar_outlives_a_reload_and_is_emptied_by_a_sign_out() {
    let page = Page::default();
    let sandbox = in_cookies(&page);
    let snapshot = page.newest();
    assert_eq!(snapshot, sandbox.snapshot());
    let reloaded = page.load(2, Some(&snapshot)).unwrap();
    assert_eq!(reloaded.snapshot(), snapshot);
    assert_eq!(status_with_cookies(&reloaded), 200);
    send(&reloaded, with_cookies(post("/revoke", json!({})))).unwrap();
    let snapshot = page.newest();
    assert!(!snapshot.contains("DYNAMIC_JWT_TOKEN"), "{snapshot}");
    assert_eq!(status_with_cookies(&page.load(3, Some(&snapshot)).unwrap()), 401);
}

#[test]
fn a_lost_answer_brings_no_cookie() {
    let sandbox = in_cookies(&Page::default());
    sandbox.call(&post("/sandbox/faults", json!({ "path": "/revoke", "kind": "drop-after" })));
    assert_eq!(send(&sandbox, with_cookies(post("/revoke", json!({})))), Err(StepUpError::Network));
    assert!(sandbox.snapshot().contains("DYNAMIC_JWT_TOKEN"));
    assert_eq!(status_with_cookies(&sandbox), 401);
    assert!(!sandbox.snapshot().contains("DYNAMIC_JWT_TOKEN"), "taken back by the next answer");
}

const STATE: &str = "state-0123456789abcdef";

/// Begins at Google, and gives what its page asks first.
fn begin(sandbox: &InPage, redirect_url: Option<&str>) -> ConsentQuestion {
    let body = json!({ "state": STATE, "redirectUrl": redirect_url });
    assert_eq!(send(sandbox, post("/providers/google/initAuth", body)).unwrap().status, 200);
    let settings = json_of(&send(sandbox, HttpRequest::get(url("/settings"))).unwrap());
    let google =
        settings["providers"].as_array().unwrap().iter().find(|it| it["provider"] == "google").unwrap();
    assert_eq!(google["baseAuthUrl"], "http://localhost:8080/#/consent/google");
    let query = format!(
        "?client_id={}&response_type=code&redirect_uri={}&state={STATE}",
        google["clientId"].as_str().unwrap(),
        google["redirectUrl"].as_str().unwrap()
    );
    question(json!({ "open": { "provider": "google", "query": query } }))
}

/// As it comes from another window.
fn question(json: Value) -> ConsentQuestion {
    serde_json::from_value(json).unwrap()
}

/// As it goes to another window and is read there.
fn ask(sandbox: &InPage, question: &ConsentQuestion) -> ConsentAnswer {
    let answer = serde_json::to_value(sandbox.consent(question)).unwrap();
    serde_json::from_value(answer).unwrap()
}

fn form(answer: ConsentAnswer) -> ConsentForm {
    match answer {
        ConsentAnswer::Ask(form) => form,
        other => panic!("{}", serde_json::to_value(other).unwrap()),
    }
}

fn decide(ticket: &str, account: &str, is_granted: bool) -> ConsentQuestion {
    question(json!({ "decide": {
        "provider": "google", "ticket": ticket, "account": account, "isGranted": is_granted,
    } }))
}

fn refusal(answer: ConsentAnswer) -> String {
    match answer {
        ConsentAnswer::Refuse(why) => why,
        other => panic!("{}", serde_json::to_value(other).unwrap()),
    }
}

#[test]
fn a_consent_page_tells_the_page_that_waits() {
    let sandbox = Page::default().load(1, None).unwrap();
    let open = begin(&sandbox, None);
    let asked = form(ask(&sandbox, &open));
    assert_eq!((asked.provider_name.as_str(), asked.app_name.as_str()), ("Google", "Sandbox"));
    assert_eq!(asked.accounts[0].label(), "ada@example.com");
    let again = form(ask(&sandbox, &decide(&asked.ticket, " ", true)));
    assert!(again.problem.is_some());
    let ConsentAnswer::Tell { message, target_origin } = ask(&sandbox, &decide(&again.ticket, "ada", true))
    else {
        panic!("it says so to the page that waits")
    };
    assert_eq!(target_origin.as_deref(), Some("http://localhost:8080"));
    assert_eq!((&message["type"], &message["state"]), (&json!("authorization_response"), &json!(STATE)));
    let body = json!({ "code": message["code"], "state": STATE });
    let signed_in = send(&sandbox, post("/providers/google/signIn", body)).unwrap();
    assert_eq!(json_of(&signed_in)["user"]["verifiedCredentials"][0]["oauth_username"], "ada");
    refusal(ask(&sandbox, &decide(&asked.ticket, "ada", true)));
}

/// No server is there for Apple's form, so the service takes it from the consent page, with the identity token.
#[test]
fn a_consent_page_of_apple_answers_a_request_for_a_form_with_an_identity_token() {
    let sandbox = Page::default().load(1, None).unwrap();
    send(&sandbox, post("/providers/apple/initAuth", json!({ "state": STATE }))).unwrap();
    let query = format!(
        "client_id=sandbox-apple&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2F&response_type=code+id_token\
         &scope=name+email&response_mode=form_post&state={STATE}"
    );
    let asked = form(ask(&sandbox, &ConsentQuestion::open("apple", &query)));
    let decision = ConsentQuestion::decide("apple", &asked.ticket, "ada@example.com", true);
    let ConsentAnswer::Tell { message, .. } = ask(&sandbox, &decision) else {
        panic!("it says so to the page that waits")
    };
    let body = json!({ "code": message["code"], "state": STATE, "codeVerifier": "a".repeat(43) });
    let signed_in = send(&sandbox, post("/providers/apple/signIn", body)).unwrap();
    assert_eq!(json_of(&signed_in)["user"]["verifiedCredentials"][0]["oauth_provider"], "apple");
}

#[test]
fn a_consent_page_in_the_same_tab_goes_on_from_the_snapshot_and_so_does_the_app() {
    let page = Page::default();
    let app = page.load(1, None).unwrap();
    let open = begin(&app, Some("http://localhost:8080/?x=1#/wallet"));
    let consent = page.load(2, Some(&page.newest())).unwrap();
    let asked = form(ask(&consent, &open));
    let ConsentAnswer::Leave(back) = ask(&consent, &decide(&asked.ticket, "ada", true)) else {
        panic!("it goes back")
    };
    let (_, code) = back.split_once("dynamicOauthCode=").unwrap();
    let (code, rest) = code.split_once('&').unwrap();
    assert_eq!(rest, format!("dynamicOauthState={STATE}#/wallet"));
    let app = page.load(3, Some(&page.newest())).unwrap();
    let signed_in =
        send(&app, post("/providers/google/signIn", json!({ "code": code, "state": STATE }))).unwrap();
    assert_eq!(signed_in.status, 200);
}

#[test]
fn a_refused_consent_says_so_and_a_page_that_nobody_began_with_says_why() {
    let sandbox = Page::default().load(1, None).unwrap();
    let open = begin(&sandbox, None);
    let asked = form(ask(&sandbox, &open));
    let ConsentAnswer::Tell { message, .. } = ask(&sandbox, &decide(&asked.ticket, "", false)) else {
        panic!("it says so")
    };
    assert_eq!(message["error"], "access_denied");
    assert!(message.get("code").is_none());
    let elsewhere = Page::default().load(1, None).unwrap();
    assert_eq!(refusal(ask(&elsewhere, &open)), "There is no such sign-in under way.");
    for provider in ["", "twitter", "../sandbox/reset?", "google/authorize", "\u{fc}"] {
        refusal(ask(&sandbox, &question(json!({ "open": { "provider": provider, "query": "" } }))));
    }
}
