//! Faults on order.

use std::time::Duration;

use serde_json::json;
use step_up_core::Method;
use step_up_sandbox::Fate;

use crate::lab::{Answer, Lab, Person, claims};

/// Steps up with a fault on the way.
fn faulty_verification(fault: serde_json::Value) -> (Lab, Person, Answer) {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let sent = lab.code_by(&ada, "ada@example.com");
    lab.fault(fault);
    let answer = lab.try_verify(&ada, &sent.uuid, &sent.code, &["wallet:export"]);
    (lab, ada, answer)
}

#[test]
fn drop_does_nothing_and_drop_after_loses_the_answer_only() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["wallet:export"]);
    lab.fault(json!({ "path": "/waas/*/privateKey/export", "kind": "drop" }));
    assert_eq!(lab.export(&ada, Some(&token)).fate, Fate::Drop);
    lab.fault(json!({ "path": "/waas/*/privateKey/export", "kind": "drop-after" }));
    assert_eq!(lab.export(&ada, Some(&token)).ok().fate, Fate::Drop, "the first one spent nothing");
    lab.export(&ada, Some(&token)).not_elevated();
    let fates: Vec<_> = lab.requests().iter().map(|entry| entry["fate"].clone()).collect();
    assert_eq!(fates[fates.len() - 3..], ["dropped", "dropped", "sent"]);
}

#[test]
fn delay_does_the_work_and_says_how_long() {
    let mut lab = Lab::new();
    lab.fault(json!({ "path": "/settings", "kind": "delay", "millis": 1500 }));
    let answer = lab.get("/settings").send().ok();
    assert_eq!(answer.fate, Fate::Delay(Duration::from_millis(1500)));
    assert!(answer.body["sdk"].is_object());
    assert_eq!(lab.get("/settings").send().ok().fate, Fate::Send);
}

#[test]
fn a_fault_lasts_as_many_times_as_it_was_ordered() {
    let mut lab = Lab::new();
    lab.fault(json!({ "path": "/settings", "kind": "status", "status": 500, "times": 2 }));
    lab.get("/nonce").send().ok();
    for _ in 0..2 {
        lab.get("/settings").send().refused(500, "ordered_fault");
    }
    lab.get("/settings").send().ok();
}

#[test]
fn status_has_a_body_and_headers_and_does_nothing() {
    let mut lab = Lab::new();
    lab.fault(json!({
        "path": "/emailVerifications/create", "kind": "status", "status": 429,
        "body": { "error": "slow down", "code": "rate_limited" }, "headers": { "Retry-After": "7" },
    }));
    let body = json!({ "email": "ada@example.com" });
    let answer = lab.post("/emailVerifications/create").body(body).send().refused(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), Some("7"));
    assert_eq!(lab.at(Method::Get, "/sandbox/inbox").send().ok().body, json!([]));
}

#[test]
fn garbage_is_no_json() {
    let mut lab = Lab::new();
    lab.fault(json!({ "path": "/settings", "kind": "garbage" }));
    let answer = lab.get("/settings").send().ok();
    assert!(answer.body.is_string(), "the lab keeps what it cannot parse as text");
    lab.fault(json!({ "path": "/settings", "kind": "garbage", "body": "{\"half" }));
    assert_eq!(lab.get("/settings").send().ok().body, "{\"half");
}

#[test]
fn replace_does_the_work_and_says_something_else() {
    let (mut lab, ada, answer) = faulty_verification(json!({
        "path": "/emailVerifications/verify", "kind": "replace", "status": 201, "body": { "hello": 1 },
    }));
    assert_eq!((answer.status, answer.body), (201, json!({ "hello": 1 })));
    // The code is used up.
    let sent = lab.newest("ada@example.com");
    lab.try_verify(&ada, &sent.uuid, &sent.code, &[]).refused(422, "invalid_email_verification");
}

#[test]
fn tamper_leaves_the_token_out() {
    let (_, _, answer) = faulty_verification(json!({
        "path": "/emailVerifications/verify", "kind": "tamper", "remove": ["elevatedAccessToken", "minifiedJwt"],
    }));
    let answer = answer.ok();
    assert_eq!((answer.body.get("elevatedAccessToken"), answer.body.get("minifiedJwt")), (None, None));
    assert!(answer.body["user"].is_object());
}

#[test]
fn tamper_changes_what_the_token_says_and_the_sandbox_accepts_none_of_it() {
    for (field, value, claim, expected) in [
        ("elevatedScope", json!("wallet:sign"), "scope", json!("wallet:sign")),
        ("elevatedScope", json!("wallet:export wallet:sign"), "scope", json!("wallet:export wallet:sign")),
        ("elevatedSubject", json!("somebody else"), "sub", json!("somebody else")),
        ("elevatedExpiresIn", json!(-1), "exp", json!(1_795_514_399)),
        ("elevatedExpiresIn", json!(9000), "exp", json!(1_795_523_400)),
    ] {
        let (mut lab, ada, answer) = faulty_verification(json!({
            "path": "/emailVerifications/verify", "kind": "tamper", field: value,
        }));
        let token = answer.ok().text("elevatedAccessToken");
        assert_eq!(claims(&token)[claim], expected, "{field}");
        if claim == "exp" && expected == json!(1_795_523_400) {
            // It says so, but the store says otherwise.
            lab.wait(Duration::from_secs(300));
        }
        lab.export(&ada, Some(&token)).not_elevated();
    }
}

#[test]
fn tamper_changes_the_user() {
    let (_, ada, answer) = faulty_verification(json!({
        "path": "/emailVerifications/verify", "kind": "tamper", "userId": "somebody else",
    }));
    let answer = answer.ok();
    assert_eq!(answer.body["user"]["id"], "somebody else");
    assert_eq!(claims(&answer.text("elevatedAccessToken"))["sub"], ada.id);
}

#[test]
fn faults_can_be_listed_and_cancelled_and_do_not_touch_the_control_api() {
    let mut lab = Lab::new();
    lab.fault(json!({ "path": "/sandbox/inbox", "kind": "drop" }));
    assert_eq!(lab.at(Method::Get, "/sandbox/inbox").send().ok().fate, Fate::Send);
    let waiting = lab.at(Method::Get, "/sandbox/faults").send().ok();
    assert_eq!(waiting.body["faults"], json!([{ "path": "/sandbox/inbox", "times": 1, "kind": "drop" }]));
    lab.fault(json!({ "path": "/settings", "kind": "drop" }));
    lab.at(Method::Delete, "/sandbox/faults").send().ok();
    assert_eq!(lab.get("/settings").send().ok().fate, Fate::Send);
    let bad = json!({ "path": "/settings", "kind": "explode" });
    lab.at(Method::Post, "/sandbox/faults").body(bad).send().refused(422, "invalid_fault");
}

#[test]
fn a_fault_is_used_up_by_a_request_that_is_refused_anyway() {
    let mut lab = Lab::new();
    lab.fault(json!({ "path": "/users", "kind": "delay", "millis": 5 }));
    let refused = lab.get("/users").send().refused(401, "unauthorized");
    assert_eq!(refused.fate, Fate::Delay(Duration::from_millis(5)));
    assert_eq!(lab.get("/users").send().fate, Fate::Send);
}
