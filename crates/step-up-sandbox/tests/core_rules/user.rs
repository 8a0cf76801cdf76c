//! What users may change themselves, and how they leave.

use serde_json::{Value, json};
use step_up_core::Method;

use crate::lab::{Answer, Lab, Person, claims};

fn update(lab: &mut Lab, person: &Person, fields: Value) -> Answer {
    lab.ask(Method::Put, "/users").by(person).body(fields).send()
}

#[test]
fn plain_fields_need_no_elevation() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let fields =
        json!({ "firstName": "Ada", "metadata": { "a": [1] }, "policiesConsent": true, "country": null });
    let answer = update(&mut lab, &ada, fields).ok();
    assert_eq!(answer.body["nextView"], "done");
    assert_eq!(claims(&answer.text("minifiedJwt"))["sid"], claims(&ada.token)["sid"]);
    let user = lab.user(&ada).ok();
    assert_eq!(user.body["firstName"], "Ada");
    assert_eq!(user.body["metadata"], json!({ "a": [1] }));
    assert_eq!(user.body["policiesConsent"], true);
}

#[test]
fn what_does_not_change_needs_no_elevation() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let same = json!({ "email": "ADA@example.com", "username": null, "phoneNumber": null });
    let answer = update(&mut lab, &ada, same).ok();
    assert_eq!(answer.body["nextView"], "done");
}

#[test]
fn email_phone_and_username_are_guarded() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    for field in ["email", "phoneNumber", "username"] {
        let value = match field {
            "email" => "new@example.com",
            "phoneNumber" => "+15555550100",
            _ => "12345",
        };
        update(&mut lab, &ada, json!({ field: value, "firstName": "Eve" })).not_elevated();
    }
    assert_eq!(lab.user(&ada).ok().body.get("firstName"), None, "nothing of it was changed");
    lab.elevate(&ada, &["user:update"]);
    update(&mut lab, &ada, json!({ "username": "ada" })).ok();
    assert_eq!(lab.user(&ada).ok().body["username"], "ada");
}

#[test]
fn a_name_belongs_to_one_user() {
    let mut lab = Lab::new();
    let people = ["ada@example.com", "bob@example.com"].map(|email| lab.person(email));
    for person in &people {
        lab.elevate(person, &["user:update"]);
    }
    let [ada, bob] = people;
    update(&mut lab, &ada, json!({ "username": "x" })).ok();
    update(&mut lab, &bob, json!({ "username": "x" })).refused(422, "username_taken");
    update(&mut lab, &ada, json!({ "username": null })).ok();
    update(&mut lab, &bob, json!({ "username": "x" })).ok();
}

#[test]
fn a_new_address_is_the_users_once_it_is_verified() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["user:update", "credential:link"]);
    let answer = update(&mut lab, &ada, json!({ "email": "new@example.com" })).ok();
    assert_eq!(answer.body["nextView"], "verify-email");
    assert_eq!(answer.body["user"]["email"], "ada@example.com");
    let sent = lab.newest("new@example.com");
    assert_eq!(
        answer.body["emailVerification"],
        json!({ "verificationUUID": sent.uuid, "email": "new@example.com" })
    );
    let verified = lab.try_verify(&ada, &sent.uuid, &sent.code, &[]).ok();
    assert_eq!(verified.body["user"]["email"], "new@example.com");
    assert_eq!(lab.sign_in("new@example.com").id, ada.id);
}

#[test]
fn a_field_that_does_not_exist_or_has_the_wrong_type_is_refused() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    for fields in [
        json!({ "id": "x" }),
        json!({ "verifiedCredentials": [] }),
        json!({ "firstName": 1 }),
        json!({ "metadata": "x" }),
        json!({ "policiesConsent": "yes" }),
        json!({ "username": ["x"] }),
        json!({ "alias": "x".repeat(501) }),
    ] {
        update(&mut lab, &ada, fields).refused(422, "invalid_request");
    }
    update(&mut lab, &ada, json!({ "email": null })).refused(422, "invalid_email");
    update(&mut lab, &ada, json!([])).refused(422, "invalid_request");
}

#[test]
fn leaving_is_guarded_and_leaves_nothing_behind() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let elsewhere = lab.sign_in("ada@example.com");
    let open = lab.code_by(&ada, "other@example.com");
    lab.ask(Method::Delete, "/users").by(&ada).send().not_elevated();
    lab.elevate(&ada, &["wallet:delete"]);
    lab.ask(Method::Delete, "/users").by(&ada).send().not_elevated();
    lab.elevate(&ada, &["user:delete"]);
    lab.ask(Method::Delete, "/users").by(&ada).send().ok();
    for person in [&ada, &elsewhere] {
        lab.user(person).refused(401, "unauthorized");
    }
    let snapshot = serde_json::to_string(lab.sandbox.store()).unwrap();
    for trace in [&ada.id, &ada.wallet, &ada.private_key[2..].to_owned(), &open.uuid] {
        let is_in_inbox_only = *trace == open.uuid;
        assert_eq!(snapshot.contains(trace.as_str()), is_in_inbox_only, "{trace}");
    }
    let again = lab.sign_in("ada@example.com");
    assert_ne!(again.id, ada.id);
}
