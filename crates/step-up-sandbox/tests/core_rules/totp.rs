//! Authenticator apps.

use proptest::prelude::*;
use serde_json::{Value, json};
use step_up_core::Method;

use crate::lab::{Answer, App, Lab, Person, SECOND, STEP};

fn export_token(answer: &Answer) -> Option<String> {
    answer.body.get("elevatedAccessToken").map(|token| token.as_str().unwrap().to_owned())
}

/// Steps up with the code that the app shows now.
fn elevate(lab: &mut Lab, person: &Person, app: &App, scopes: &[&str]) -> String {
    let code = app.code(lab.now);
    lab.try_app(person, Some(app), &code, scopes).ok().text("elevatedAccessToken")
}

/// Adds an app for somebody who has one.
fn enrol_another(lab: &mut Lab, person: &Person, first: &App) -> App {
    elevate(lab, person, first, &["credential:link"]);
    let answer = lab.get("/users/mfa/register/totp").by(person).send().ok();
    let app = App { id: answer.text("id"), secret: answer.text("secret") };
    let code = app.code(lab.now);
    lab.try_app(person, Some(&app), &code, &[]).ok();
    lab.wait(STEP);
    app
}

fn device(lab: &mut Lab, person: &Person, id: &str) -> Value {
    lab.get(&format!("/users/mfa/{id}")).by(person).send().ok().body
}

fn set_default(lab: &mut Lab, person: &Person, app: &App) -> Answer {
    lab.ask(Method::Put, &format!("/users/mfa/{}", app.id)).by(person).send()
}

fn default_credential(lab: &mut Lab, person: &Person) -> Value {
    let body = json!({ "scope": "wallet:export" });
    lab.post("/stepUp/check").by(person).body(body).send().ok().body["defaultCredentialId"].clone()
}

#[test]
fn registering_wants_an_elevation_by_header_or_held_and_shows_the_secret_once() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let register = |lab: &mut Lab, elevated: &str| {
        lab.get("/users/mfa/register/totp").by(&ada).elevated(elevated).send()
    };
    register(&mut lab, "").not_elevated();
    let token = lab.elevate(&ada, &["credential:unlink"]);
    register(&mut lab, &token).not_elevated();
    let token = lab.elevate(&ada, &["credential:link"]);
    register(&mut lab, &token).ok();
    let answer = register(&mut lab, "").ok();
    let secret = answer.text("secret");
    assert!(
        secret.len() == 32 && secret.bytes().all(|it| matches!(it, b'A'..=b'Z' | b'2'..=b'7')),
        "{secret}"
    );
    assert_eq!(
        answer.text("uri"),
        format!(
            "otpauth://totp/Sandbox:ada%40example.com?secret={secret}&issuer=Sandbox&algorithm=SHA1&digits=6&period=30"
        )
    );
    assert_eq!(answer.body["type"], "totp");
    for path in ["/users/mfa", "/users/mfa/methods", "/users", &format!("/users/mfa/{}", answer.text("id"))] {
        assert!(!lab.get(path).by(&ada).send().ok().body.to_string().contains(&secret), "{path}");
    }
}

#[test]
fn a_single_use_elevation_registers_one_device() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["credential:link", "wallet:export"]);
    lab.get("/users/mfa/register/totp").by(&ada).elevated(&token).send().ok();
    lab.get("/users/mfa/register/totp").by(&ada).elevated(&token).send().not_elevated();
}

#[test]
fn the_first_code_verifies_a_device_and_elevates_nothing() {
    for is_named in [true, false] {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let app = lab.register_app(&ada);
        let pending = device(&mut lab, &ada, &app.id);
        assert_eq!(
            pending,
            json!({
                "id": app.id, "type": "totp", "verified": false, "createdAt": "2026-11-24T10:00:00.000Z",
                "verifiedAt": null, "default": false, "alias": "Authenticator app",
            })
        );
        let code = app.code(lab.now);
        let answer = lab.try_app(&ada, is_named.then_some(&app), &code, &["wallet:export"]).ok();
        assert_eq!(export_token(&answer), None);
        let verified = device(&mut lab, &ada, &app.id);
        assert_eq!((&verified["verified"], &verified["default"]), (&json!(true), &json!(false)));
        assert_eq!(verified["verifiedAt"], "2026-11-24T10:00:00.000Z");
    }
}

#[test]
fn the_next_code_elevates() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let app = lab.enrol(&ada);
    let token = elevate(&mut lab, &ada, &app, &["wallet:export"]);
    lab.export(&ada, Some(&token)).ok();
    lab.export(&ada, Some(&token)).not_elevated();
    lab.wait(STEP);
    let code = app.code(lab.now);
    let answer = lab.try_app(&ada, None, &code, &[]).ok();
    assert_eq!(export_token(&answer), None, "no scopes, no token");
    assert!(answer.body["minifiedJwt"].is_string());
}

#[test]
fn older_clients_verify_the_pending_device_by_its_type() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let path = "/users/mfa/register/totp";
    let body = |kind: &str, code: &str| json!({ "type": kind, "code": code });
    lab.post(path).by(&ada).body(body("totp", "000000")).send().refused(422, "mfa_device_not_found");
    let app = lab.register_app(&ada);
    let code = app.code(lab.now);
    lab.post(path).by(&ada).body(body("passkey", &code)).send().refused(422, "mfa_invalid_request");
    let wrong = app.wrong_code(lab.now);
    let answer = lab.post(path).by(&ada).body(body("totp", &wrong)).send().refused(422, "mfa_invalid_code");
    assert_eq!(answer.body["payload"], json!({ "attemptsLeft": 4 }));
    let answer = lab.post(path).by(&ada).body(body("totp", &code)).send().ok();
    assert_eq!((&answer.body["id"], &answer.body["verified"]), (&json!(app.id), &json!(true)));
    lab.post(path).by(&ada).body(body("totp", &code)).send().refused(422, "mfa_device_not_found");
}

#[test]
fn a_new_registration_takes_the_place_of_one_that_is_pending() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let (old, new) = (lab.register_app(&ada), lab.register_app(&ada));
    let code = old.code(lab.now);
    lab.try_app(&ada, Some(&old), &code, &[]).refused(422, "mfa_device_not_found");
    let code = new.code(lab.now);
    lab.try_app(&ada, Some(&new), &code, &[]).ok();
    let list = lab.get("/users/mfa").by(&ada).send().ok();
    assert_eq!((&list.body["count"], &list.body["devices"][0]["id"]), (&json!(1), &json!(new.id)));
}

#[test]
fn a_step_is_accepted_once_that_of_the_enrolment_too() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let app = lab.register_app(&ada);
    let enrolment = app.code(lab.now);
    lab.try_app(&ada, None, &enrolment, &[]).ok();
    lab.try_app(&ada, None, &enrolment, &["wallet:export"]).refused(422, "mfa_invalid_code");
    lab.wait(STEP);
    lab.try_app(&ada, None, &enrolment, &["wallet:export"]).refused(422, "mfa_invalid_code");
    elevate(&mut lab, &ada, &app, &["wallet:export"]);
    let code = app.code(lab.now);
    let mut lab = lab.restarted();
    lab.try_app(&ada, None, &code, &["wallet:export"]).refused(422, "mfa_invalid_code");
}

#[test]
fn an_app_may_be_one_step_early_or_late() {
    for (offset, is_taken) in [(-60, false), (-30, true), (30, true), (60, false)] {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let app = lab.enrol(&ada);
        lab.wait(2 * STEP);
        let code = app.code(step_up_core::Timestamp::from_secs(lab.now.as_secs() + offset));
        assert_eq!(lab.try_app(&ada, None, &code, &[]).status == 200, is_taken, "{offset}");
    }
}

#[test]
fn what_only_resembles_the_code_is_wrong() {
    for spelling in ["", " ", "{} ", " {}", "{}0", "0{}", "+{}"] {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let app = lab.enrol(&ada);
        let code = spelling.replace("{}", &app.code(lab.now));
        lab.try_app(&ada, None, &code, &[]).refused(422, "mfa_invalid_code");
    }
}

#[test]
fn five_wrong_codes_in_five_minutes_are_looked_at_and_then_the_right_one_is_not() {
    let mut lab = Lab::new();
    let (ada, bob) = (lab.person("ada@example.com"), lab.person("bob@example.com"));
    let (app, bobs) = (lab.enrol(&ada), lab.enrol(&bob));
    for left in [4, 3, 2, 1, 0] {
        lab = lab.restarted();
        let wrong = app.wrong_code(lab.now);
        let answer = lab.try_app(&ada, None, &wrong, &["wallet:export"]).refused(422, "mfa_invalid_code");
        assert_eq!(answer.body["payload"], json!({ "attemptsLeft": left }));
        lab.wait(30 * SECOND);
    }
    // The first of them was two minutes and a half ago.
    let code = app.code(lab.now);
    let limited = lab.try_app(&ada, None, &code, &["wallet:export"]).refused(429, "mfa_rate_limited");
    assert_eq!(limited.header("retry-after"), Some("150"));
    let code = bobs.code(lab.now);
    lab.try_app(&bob, None, &code, &["wallet:export"]).ok();
    lab.wait(150 * SECOND - SECOND);
    let code = app.code(lab.now);
    let limited = lab.try_app(&ada, None, &code, &[]).refused(429, "mfa_rate_limited");
    assert_eq!(limited.header("retry-after"), Some("1"));
    lab.wait(SECOND);
    elevate(&mut lab, &ada, &app, &["wallet:export"]);
}

#[test]
fn wrong_codes_count_whichever_device_they_are_for() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let first = lab.enrol(&ada);
    let second = enrol_another(&mut lab, &ada, &first);
    let before = lab.evaluated();
    for app in [&first, &second, &first, &second, &first] {
        lab.try_app(&ada, Some(app), "x", &[]).refused(422, "mfa_invalid_code");
    }
    for app in [&first, &second] {
        let code = app.code(lab.now);
        lab.try_app(&ada, Some(app), &code, &[]).refused(429, "mfa_rate_limited");
    }
    assert_eq!(lab.evaluated() - before, 5);
}

#[test]
fn a_device_that_is_not_the_users_does_not_exist() {
    let mut lab = Lab::new();
    let (ada, eve) = (lab.person("ada@example.com"), lab.person("eve@example.com"));
    lab.try_app(&ada, None, "000000", &[]).refused(422, "mfa_device_not_found");
    let (app, eves) = (lab.enrol(&ada), lab.enrol(&eve));
    let code = eves.code(lab.now);
    let before = lab.evaluated();
    lab.try_app(&ada, Some(&eves), &code, &["wallet:export"]).refused(422, "mfa_device_not_found");
    let path = format!("/users/mfa/{}", eves.id);
    lab.get(&path).by(&ada).send().refused(422, "mfa_device_not_found");
    lab.ask(Method::Put, &path).by(&ada).send().refused(422, "mfa_device_not_found");
    let token = elevate(&mut lab, &ada, &app, &["credential:unlink"]);
    let delete = lab.ask(Method::Delete, &path).by(&ada).elevated(&token).send();
    delete.refused(422, "mfa_device_not_found");
    assert_eq!(lab.evaluated() - before, 1);
    device(&mut lab, &eve, &eves.id);
}

#[test]
fn without_a_name_the_default_is_asked_else_the_one_that_was_verified_last() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let first = lab.enrol(&ada);
    let second = enrol_another(&mut lab, &ada, &first);
    assert_eq!(default_credential(&mut lab, &ada), second.id.as_str());
    let code = first.code(lab.now);
    lab.try_app(&ada, None, &code, &[]).refused(422, "mfa_invalid_code");
    let code = second.code(lab.now);
    lab.try_app(&ada, None, &code, &["wallet:export"]).ok();
    set_default(&mut lab, &ada, &first).ok();
    assert_eq!(default_credential(&mut lab, &ada), first.id.as_str());
    let code = first.code(lab.now);
    lab.try_app(&ada, None, &code, &["wallet:export"]).ok();
}

#[test]
fn a_pending_device_is_asked_only_where_it_is_named() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let first = lab.enrol(&ada);
    elevate(&mut lab, &ada, &first, &["credential:link"]);
    let answer = lab.get("/users/mfa/register/totp").by(&ada).send().ok();
    let pending = App { id: answer.text("id"), secret: answer.text("secret") };
    assert_eq!(default_credential(&mut lab, &ada), first.id.as_str());
    let code = pending.code(lab.now);
    lab.try_app(&ada, None, &code, &["wallet:export"]).refused(422, "mfa_invalid_code");
    let answer = lab.try_app(&ada, Some(&pending), &code, &["wallet:export"]).ok();
    assert_eq!(export_token(&answer), None);
}

#[test]
fn one_verified_device_is_the_default_until_it_is_no_longer() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let pending = lab.register_app(&ada);
    set_default(&mut lab, &ada, &pending).refused(422, "mfa_invalid_request");
    let code = pending.code(lab.now);
    lab.try_app(&ada, None, &code, &[]).ok();
    lab.wait(STEP);
    let (first, second) = (pending.clone(), enrol_another(&mut lab, &ada, &pending));
    let defaults =
        |lab: &mut Lab| [&first, &second].map(|app| device(lab, &ada, &app.id)["default"].as_bool().unwrap());
    assert_eq!(defaults(&mut lab), [false, false]);
    set_default(&mut lab, &ada, &first).ok();
    assert_eq!(defaults(&mut lab), [true, false]);
    set_default(&mut lab, &ada, &second).ok();
    assert_eq!(defaults(&mut lab), [false, true]);
    let path = |app: &App| format!("/users/mfa/{}", app.id);
    let no = json!({ "default": false });
    lab.ask(Method::Put, &path(&first)).by(&ada).body(no.clone()).send().ok();
    assert_eq!(defaults(&mut lab), [false, true]);
    lab.ask(Method::Put, &path(&second)).by(&ada).body(no).send().ok();
    assert_eq!(defaults(&mut lab), [false, false]);
    lab.ask(Method::Put, &path(&first)).by(&ada).body(json!({})).send().refused(422, "invalid_request");
}

#[test]
fn a_device_is_deleted_with_an_elevation_in_the_header_and_then_codes_by_email_elevate_again() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let app = lab.enrol(&ada);
    let path = format!("/users/mfa/{}", app.id);
    let token = elevate(&mut lab, &ada, &app, &["credential:unlink"]);
    lab.ask(Method::Delete, &path).by(&ada).send().not_elevated();
    lab.ask(Method::Delete, &path).by(&ada).elevated(&token).header("x-mfa-auth-token", "").send().ok();
    lab.get(&path).by(&ada).send().refused(422, "mfa_device_not_found");
    lab.elevate(&ada, &["wallet:export"]);
}

#[test]
fn a_stolen_bearer_does_not_elevate_by_a_fresh_device() {
    let mut lab = Lab::new();
    let (victim, thief) = (lab.person("victim@example.com"), lab.person("thief@example.com"));
    let thiefs = lab.enrol(&thief);
    lab.get("/users/mfa/register/totp").by(&victim).send().not_elevated();
    let of_thief = elevate(&mut lab, &thief, &thiefs, &["credential:link"]);
    lab.get("/users/mfa/register/totp").by(&victim).elevated(&of_thief).send().not_elevated();
    lab.wait(STEP);
    let code = thiefs.code(lab.now);
    for app in [Some(&thiefs), None] {
        lab.try_app(&victim, app, &code, &["wallet:export"]).refused(422, "mfa_device_not_found");
    }
    let list = lab.get("/users/mfa").by(&victim).send().ok();
    assert_eq!(list.body, json!({ "count": 0, "devices": [] }));
}

#[test]
fn a_stolen_bearer_does_not_elevate_by_a_code_that_was_seen() {
    let mut lab = Lab::new();
    let victim = lab.person("victim@example.com");
    let app = lab.enrol(&victim);
    let seen = app.code(lab.now);
    lab.try_app(&victim, None, &seen, &["wallet:export"]).ok();
    let thief = Person { token: lab.sign_in("victim@example.com").token, ..victim.clone() };
    for person in [&victim, &thief] {
        for app in [Some(&app), None] {
            lab.try_app(person, app, &seen, &["wallet:export"]).refused(422, "mfa_invalid_code");
        }
    }
}

#[test]
fn leaving_takes_the_devices_along() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let app = lab.enrol(&ada);
    lab.try_app(&ada, None, "x", &[]).refused(422, "mfa_invalid_code");
    elevate(&mut lab, &ada, &app, &["user:delete"]);
    lab.ask(Method::Delete, "/users").by(&ada).send().ok();
    let snapshot = serde_json::to_string(lab.sandbox.store()).unwrap();
    assert!(!snapshot.contains(&app.id) && !snapshot.contains(&ada.id));
}

/// What arrives.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wrong,
    Right,
    Early,
    Lost,
    Malformed,
    Wait(u32),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A model of wrong answers and used steps, told from the answers alone.
    #[test]
    fn whatever_arrives_five_wrong_codes_in_five_minutes_are_evaluated_and_a_step_succeeds_once(
        steps in proptest::collection::vec(
            prop_oneof![
                4 => Just(Step::Wrong), 2 => Just(Step::Right), 1 => Just(Step::Early), 1 => Just(Step::Lost),
                1 => Just(Step::Malformed), 1 => (1_u32..200).prop_map(Step::Wait),
            ],
            1..40,
        ),
    ) {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let app = lab.enrol(&ada);
        let before = lab.evaluated();
        let (mut wrong, mut used, mut evaluated) = (Vec::<i64>::new(), Vec::new(), 0);
        for step in steps {
            let now = lab.now.as_secs();
            let ahead = match step {
                Step::Wait(secs) => {
                    lab.wait(secs * SECOND);
                    continue;
                }
                Step::Malformed => {
                    let answer = lab.post("/users/mfa/auth/totp").by(&ada).body(json!({ "code": 1 })).send();
                    prop_assert_eq!(answer.status, 422);
                    continue;
                }
                Step::Early => 30,
                _ => 0,
            };
            let code = match step {
                Step::Wrong => app.wrong_code(lab.now),
                _ => app.code(step_up_core::Timestamp::from_secs(now + ahead)),
            };
            if matches!(step, Step::Lost) {
                lab.fault(json!({ "path": "/users/mfa/auth/totp", "kind": "drop-after" }));
            }
            let is_looked_at = wrong.iter().filter(|given| **given + 300 > now).count() < 5;
            let is_right = !matches!(step, Step::Wrong) && !used.contains(&((now + ahead) / 30));
            let answer = lab.try_app(&ada, None, &code, &["wallet:export"]);
            let expected = if !is_looked_at { 429 } else if is_right { 200 } else { 422 };
            prop_assert_eq!(answer.status, expected, "{:?}: {}", step, answer.body);
            evaluated += usize::from(is_looked_at);
            if expected == 422 {
                wrong.push(now);
            } else if expected == 200 {
                used.push((now + ahead) / 30);
            }
        }
        prop_assert_eq!(lab.evaluated() - before, evaluated);
    }
}
