//! Recovery codes.

use proptest::prelude::*;
use serde_json::{Value, json};
use step_up_core::Method;

use crate::lab::{Answer, Lab, MINUTE, Person, SECOND};

const PATH: &str = "/users/mfa/recovery";

fn codes(answer: &Answer) -> Vec<String> {
    let codes = answer.body["recoveryCodes"].as_array().unwrap();
    assert!(codes.len() == 10 && answer.body["count"] == 10, "{}", answer.body);
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Somebody's first codes.
pub(crate) fn make(lab: &mut Lab, person: &Person) -> Vec<String> {
    let token = lab.elevate(person, &["credential:link"]);
    codes(&lab.get(PATH).by(person).elevated(&token).send().ok())
}

pub(crate) fn try_code(lab: &mut Lab, person: &Person, code: &str, scopes: &[&str]) -> Answer {
    let body = json!({ "code": code, "requestedScopes": scopes });
    lab.post("/users/mfa/auth/recovery").by(person).body(body).send()
}

fn acknowledgement(lab: &mut Lab, person: &Person) -> Value {
    lab.user(person).ok().body["mfaBackupCodeAcknowledgement"].clone()
}

#[test]
fn making_codes_wants_an_elevation_by_header_or_held_and_counting_them_wants_none() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.get(PATH).by(&ada).send().not_elevated();
    lab.post(PATH).by(&ada).send().not_elevated();
    let first = make(&mut lab, &ada);
    let second = codes(&lab.post(PATH).by(&ada).send().ok());
    assert!(first.iter().all(|code| !second.contains(code)));
    lab.wait(10 * MINUTE);
    lab.post(PATH).by(&ada).send().not_elevated();
    let answer = lab.get(PATH).by(&ada).send().ok();
    assert_eq!(answer.body, json!({ "count": 10, "recoveryCodes": [] }));
}

#[test]
fn a_single_use_elevation_makes_codes_once_and_is_not_spent_by_counting() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let scopes = ["credential:link", "wallet:export"];
    let token = lab.elevate(&ada, &scopes);
    codes(&lab.get(PATH).by(&ada).elevated(&token).send().ok());
    lab.post(PATH).by(&ada).elevated(&token).send().not_elevated();
    let token = lab.elevate(&ada, &scopes);
    lab.get(PATH).by(&ada).elevated(&token).send().ok();
    lab.post(PATH).by(&ada).elevated(&token).send().ok();
}

#[test]
fn the_store_has_no_code_and_shows_none_again() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    let snapshot = serde_json::to_string(lab.sandbox.store()).unwrap();
    for code in &codes {
        assert_eq!(code.len(), 19, "{code}");
        assert!(!snapshot.contains(code) && !snapshot.contains(&code.replace('-', "")), "{code}");
    }
}

#[test]
fn a_code_grants_what_is_asked_for_and_works_once() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    lab.enrol(&ada);
    let answer = try_code(&mut lab, &ada, &codes[3], &["wallet:export"]).ok();
    lab.export(&ada, Some(&answer.text("elevatedAccessToken"))).ok();
    let mut lab = lab.restarted();
    let again = try_code(&mut lab, &ada, &codes[3], &["wallet:export"]).refused(422, "mfa_invalid_code");
    assert_eq!(again.body["payload"], json!({ "attemptsLeft": 4 }));
    assert_eq!(lab.get(PATH).by(&ada).send().ok().body["count"], 9);
    let answer = try_code(&mut lab, &ada, &codes[4], &[]).ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None, "no scopes, no token");
}

#[test]
fn a_code_whose_answer_was_lost_is_used() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    lab.fault(json!({ "path": "/users/mfa/auth/recovery", "kind": "drop-after" }));
    try_code(&mut lab, &ada, &codes[0], &["wallet:export"]);
    try_code(&mut lab, &ada, &codes[0], &["wallet:export"]).refused(422, "mfa_invalid_code");
}

#[test]
fn a_request_that_cannot_be_granted_uses_no_code_up() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    try_code(&mut lab, &ada, &codes[0], &["wallet:steal"]).refused(422, "invalid_scopes");
    try_code(&mut lab, &ada, &codes[0], &["wallet:export"]).ok();
}

#[test]
fn capitals_spaces_and_hyphens_make_no_difference_and_digits_do() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    try_code(&mut lab, &ada, &format!(" {} ", codes[0].to_uppercase()), &[]).ok();
    try_code(&mut lab, &ada, &codes[1].replace('-', " "), &[]).ok();
    try_code(&mut lab, &ada, &codes[2].replace('-', ""), &[]).ok();
    for code in ["", &codes[3][..18], &format!("{}a", codes[3])] {
        try_code(&mut lab, &ada, code, &[]).refused(422, "mfa_invalid_code");
    }
}

#[test]
fn new_codes_void_the_old_ones() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let old = make(&mut lab, &ada);
    let new = codes(&lab.post(PATH).by(&ada).send().ok());
    try_code(&mut lab, &ada, &old[0], &["wallet:export"]).refused(422, "mfa_invalid_code");
    try_code(&mut lab, &ada, &new[0], &["wallet:export"]).ok();
}

#[test]
fn once_all_are_used_new_ones_are_made_only_on_demand() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    for code in make(&mut lab, &ada) {
        try_code(&mut lab, &ada, &code, &[]).ok();
    }
    let answer = lab.get(PATH).by(&ada).send().ok();
    assert_eq!(answer.body, json!({ "count": 0, "recoveryCodes": [] }));
    codes(&lab.post(PATH).by(&ada).send().ok());
}

#[test]
fn wrong_codes_of_either_kind_count_together() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    let app = lab.enrol(&ada);
    let before = lab.evaluated();
    for left in [4, 3, 2, 1, 0] {
        let answer = match left % 2 {
            0 => try_code(&mut lab, &ada, "x", &[]),
            _ => lab.try_app(&ada, None, "x", &[]),
        };
        assert_eq!(answer.refused(422, "mfa_invalid_code").body["payload"]["attemptsLeft"], left);
    }
    let limited = try_code(&mut lab, &ada, &codes[0], &["wallet:export"]).refused(429, "mfa_rate_limited");
    assert_eq!(limited.header("retry-after"), Some("300"));
    let code = app.code(lab.now);
    lab.try_app(&ada, None, &code, &["wallet:export"]).refused(429, "mfa_rate_limited");
    assert_eq!(lab.evaluated() - before, 5);
    lab.wait(5 * MINUTE);
    try_code(&mut lab, &ada, &codes[0], &["wallet:export"]).ok();
}

#[test]
fn the_user_says_that_the_codes_are_kept_and_new_ones_are_not_yet() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    assert_eq!(acknowledgement(&mut lab, &ada), Value::Null);
    make(&mut lab, &ada);
    assert_eq!(acknowledgement(&mut lab, &ada), "pending");
    let put = |lab: &mut Lab, value: Value| {
        let body = json!({ "mfaBackupCodeAcknowledgement": value });
        lab.ask(Method::Put, "/users").by(&ada).body(body).send()
    };
    let answer = put(&mut lab, json!("complete")).ok();
    assert_eq!(answer.body["user"]["mfaBackupCodeAcknowledgement"], "complete");
    lab.get(PATH).by(&ada).send().ok();
    assert_eq!(acknowledgement(&mut lab, &ada), "complete", "counting changes nothing");
    lab.post(PATH).by(&ada).send().ok();
    assert_eq!(acknowledgement(&mut lab, &ada), "pending");
    for value in [json!("pending"), Value::Null, json!(true)] {
        put(&mut lab, value).refused(422, "invalid_request");
    }
}

#[test]
fn a_stolen_bearer_does_not_elevate_by_new_recovery_codes() {
    let mut lab = Lab::new();
    let (victim, thief) = (lab.person("victim@example.com"), lab.person("thief@example.com"));
    let of_thief = lab.elevate(&thief, &["credential:link"]);
    let thiefs = make(&mut lab, &thief);
    for token in ["", &of_thief, &victim.token] {
        lab.get(PATH).by(&victim).elevated(token).send().not_elevated();
        lab.post(PATH).by(&victim).elevated(token).send().not_elevated();
    }
    // The thief's own codes are the thief's.
    try_code(&mut lab, &victim, &thiefs[0], &["wallet:export"]).refused(422, "mfa_invalid_code");
    // Where there are codes already, nothing shows or changes them.
    let victims = make(&mut lab, &victim);
    let stolen = Person { token: lab.sign_in("victim@example.com").token, ..victim.clone() };
    assert_eq!(lab.get(PATH).by(&stolen).send().ok().body["recoveryCodes"], json!([]));
    lab.post(PATH).by(&stolen).send().not_elevated();
    try_code(&mut lab, &victim, &victims[0], &["wallet:export"]).ok();
    try_code(&mut lab, &stolen, &victims[0], &["wallet:export"]).refused(422, "mfa_invalid_code");
}

#[test]
fn leaving_takes_the_codes_along() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    try_code(&mut lab, &ada, &codes[0], &["user:delete"]).ok();
    lab.ask(Method::Delete, "/users").by(&ada).send().ok();
    assert!(!serde_json::to_string(lab.sandbox.store()).unwrap().contains(&ada.id));
}

/// What arrives.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wrong,
    Code(usize),
    Wait(u32),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_arrives_each_code_works_once_and_five_wrong_ones_in_five_minutes_are_evaluated(
        steps in proptest::collection::vec(
            prop_oneof![
                2 => Just(Step::Wrong), 4 => (0_usize..10).prop_map(Step::Code), 1 => (1_u32..200).prop_map(Step::Wait),
            ],
            1..40,
        ),
    ) {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let codes = make(&mut lab, &ada);
        let before = lab.evaluated();
        let (mut wrong, mut used, mut evaluated) = (Vec::<i64>::new(), Vec::new(), 0);
        for step in steps {
            let now = lab.now.as_secs();
            let (code, is_right) = match step {
                Step::Wait(secs) => {
                    lab.wait(secs * SECOND);
                    continue;
                }
                Step::Wrong => ("aaaa-aaaa-aaaa-aaaa", false),
                Step::Code(index) => (codes[index].as_str(), !used.contains(&index)),
            };
            let is_looked_at = wrong.iter().filter(|given| **given + 300 > now).count() < 5;
            let expected = if !is_looked_at { 429 } else if is_right { 200 } else { 422 };
            let answer = try_code(&mut lab, &ada, code, &["wallet:export"]);
            prop_assert_eq!(answer.status, expected, "{:?}: {}", step, answer.body);
            evaluated += usize::from(is_looked_at);
            match (expected, step) {
                (422, _) => wrong.push(now),
                (200, Step::Code(index)) => used.push(index),
                _ => {}
            }
        }
        prop_assert_eq!(lab.evaluated() - before, evaluated);
    }
}
