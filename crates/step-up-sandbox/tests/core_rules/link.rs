//! Linking an address.

use serde_json::{Value, json};
use step_up_core::Method;

use crate::lab::{Answer, Lab, Person, claims};

fn credentials(answer: &Answer) -> Vec<Value> {
    let user = if answer.body["user"].is_object() { &answer.body["user"] } else { &answer.body };
    user["verifiedCredentials"].as_array().unwrap().clone()
}

fn has_email(answer: &Answer, email: &str) -> bool {
    credentials(answer).iter().any(|credential| credential["email"] == email)
}

/// Types the right code to a new address, with this token in the header.
fn link(lab: &mut Lab, person: &Person, email: &str, elevated: &str) -> Answer {
    let sent = lab.code_by(person, email);
    let body = json!({
        "verificationUUID": sent.uuid, "verificationToken": sent.code, "requestedScopes": ["wallet:export"],
    });
    lab.post("/emailVerifications/verify").by(person).elevated(elevated).body(body).send()
}

#[test]
fn a_link_wants_an_elevation_by_header_or_held_and_grants_no_scopes() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    link(&mut lab, &ada, "one@example.com", "").not_elevated();
    let token = lab.elevate(&ada, &["credential:link"]);
    for (email, elevated) in [("one@example.com", token.as_str()), ("two@example.com", "")] {
        let answer = link(&mut lab, &ada, email, elevated).ok();
        assert!(has_email(&answer, email));
        assert_eq!(answer.body.get("elevatedAccessToken"), None, "what was linked just now proves nothing");
        assert_eq!(claims(&answer.text("minifiedJwt"))["sid"], claims(&ada.token)["sid"]);
    }
    let user = lab.user(&ada).ok();
    assert_eq!(user.body["email"], "ada@example.com", "the main address stays");
}

#[test]
fn a_header_that_is_wrong_is_not_made_good_by_what_is_held() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    link(&mut lab, &ada, "one@example.com", "x.y.z").not_elevated();
}

#[test]
fn a_link_without_elevation_looks_at_no_code() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let sent = lab.code_by(&ada, "one@example.com");
    lab.try_verify(&ada, &sent.uuid, &sent.wrong_code(), &[]).not_elevated();
    lab.try_verify(&ada, &sent.uuid, &sent.code, &[]).not_elevated();
    assert_eq!(lab.evaluated(), 0);
}

#[test]
fn a_single_use_elevation_links_one_address_and_a_wrong_code_does_not_spend_it() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["credential:link", "wallet:export"]);
    let sent = lab.code_by(&ada, "one@example.com");
    let body = |code: &str| json!({ "verificationUUID": sent.uuid, "verificationToken": code });
    let mut verify =
        |code: &str| lab.post("/emailVerifications/verify").by(&ada).elevated(&token).body(body(code)).send();
    verify(&sent.wrong_code()).refused(422, "wrong_email_verification_token");
    verify(&sent.code).ok();
    link(&mut lab, &ada, "two@example.com", &token).not_elevated();
}

#[test]
fn a_linked_address_elevates_from_the_next_request_on() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    link(&mut lab, &ada, "one@example.com", "").ok();
    let as_one = Person { email: "one@example.com".into(), ..ada.clone() };
    let token = lab.elevate(&as_one, &["wallet:export"]);
    lab.export(&ada, Some(&token)).ok();
    assert_eq!(lab.sign_in("one@example.com").id, ada.id);
}

#[test]
fn an_address_of_somebody_else_is_told_apart_only_by_whoever_proves_it() {
    let mut lab = Lab::new();
    let (ada, _bob) = (lab.person("ada@example.com"), lab.person("bob@example.com"));
    lab.elevate(&ada, &["credential:link"]);
    let sent = lab.code_by(&ada, "bob@example.com");
    lab.try_verify(&ada, &sent.uuid, &sent.wrong_code(), &[]).refused(422, "wrong_email_verification_token");
    lab.try_verify(&ada, &sent.uuid, &sent.code, &[]).refused(422, "merge_accounts_invalid");
    assert!(!has_email(&lab.user(&ada).ok(), "bob@example.com"));
}

#[test]
fn where_only_the_first_credential_signs_in_a_linked_one_neither_signs_in_nor_elevates() {
    let mut lab = Lab::new();
    lab.set(json!({ "security": { "auth": { "allowMultipleCredentialsForSignIn": false } } }));
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    let answer = link(&mut lab, &ada, "one@example.com", "").ok();
    let linked = credentials(&answer).into_iter().find(|it| it["email"] == "one@example.com").unwrap();
    assert_eq!(linked["signInEnabled"], false);
    // Verified again it is a link again: it wants an elevation, links nothing twice, and grants nothing.
    let again = link(&mut lab, &ada, "one@example.com", "").ok();
    assert_eq!(again.body.get("elevatedAccessToken"), None);
    assert_eq!(credentials(&again).len(), credentials(&answer).len());
    let sent = lab.code_for("one@example.com");
    lab.try_sign_in(&sent.uuid, &sent.code).refused(403, "credential_not_enabled_for_sign_in");
    let check = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    assert_eq!(check.body["credentials"].as_array().unwrap().len(), 1);
    lab.wait(crate::lab::MINUTE * 10);
    link(&mut lab, &ada, "one@example.com", "").not_elevated();
    lab.ask(Method::Get, "/users").by(&ada).send().ok();
}
