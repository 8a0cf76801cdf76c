//! Passkeys, with a software authenticator.

mod answers;
mod registration;
mod relying_party;

use serde_json::{Value, json};
use step_up_sandbox::Store as _;

use crate::{
    authenticator::{Authenticator, ORIGIN},
    lab::{Answer, Lab, Person},
};

pub(crate) fn creation_options(lab: &mut Lab, person: &Person) -> Value {
    lab.get("/users/passkeys/register").by(person).header("origin", ORIGIN).send().ok().body
}

pub(crate) fn request_options(lab: &mut Lab, person: &Person) -> Value {
    lab.get("/users/passkeys/authenticate").by(person).header("origin", ORIGIN).send().ok().body
}

pub(crate) fn try_register(lab: &mut Lab, person: &Person, body: &Value, elevated: &str) -> Answer {
    let ask = lab.post("/users/passkeys/register").by(person).header("origin", ORIGIN);
    ask.elevated(elevated).body(body.clone()).send()
}

/// Registers with the elevation that the session holds.
pub(crate) fn register(lab: &mut Lab, person: &Person, key: &mut Authenticator) -> String {
    let options = creation_options(lab, person);
    let body = key.create(ORIGIN, &options);
    try_register(lab, person, &body, "").ok();
    let list = lab.get("/users/passkeys").by(person).send().ok();
    let passkeys = list.body["passkeys"].as_array().unwrap();
    let new = passkeys.iter().find(|it| it["credentialId"] == key.credential_id()).unwrap();
    new["id"].as_str().unwrap().to_owned()
}

/// Registers somebody's first passkey.
pub(crate) fn enrol(lab: &mut Lab, person: &Person) -> Authenticator {
    let mut key = Authenticator::new();
    lab.elevate(person, &["credential:link"]);
    register(lab, person, &mut key);
    key
}

pub(crate) fn try_assertion(lab: &mut Lab, person: &Person, assertion: &Value, scopes: &[&str]) -> Answer {
    let mut body = assertion.clone();
    body["requestedScopes"] = scopes.into();
    lab.post("/users/mfa/auth/passkey").by(person).header("origin", ORIGIN).body(body).send()
}

pub(crate) fn sign(lab: &mut Lab, person: &Person, key: &mut Authenticator) -> Value {
    let options = request_options(lab, person);
    key.sign(ORIGIN, &options)
}

fn try_passkey(lab: &mut Lab, person: &Person, key: &mut Authenticator, scopes: &[&str]) -> Answer {
    let assertion = sign(lab, person, key);
    try_assertion(lab, person, &assertion, scopes)
}

pub(crate) fn elevate(lab: &mut Lab, person: &Person, key: &mut Authenticator, scopes: &[&str]) -> String {
    try_passkey(lab, person, key, scopes).ok().text("elevatedAccessToken")
}

/// Another session of the same user.
pub(crate) fn second_session(lab: &mut Lab, person: &Person) -> Person {
    Person { token: lab.sign_in(&person.email).token, ..person.clone() }
}

pub(crate) fn client_data(kind: &str, challenge: &str, origin: &str) -> String {
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false }).to_string()
}

pub(crate) fn challenge(options: &Value) -> &str {
    options["challenge"].as_str().unwrap()
}

/// What must outlive every refusal.
fn state(lab: &Lab) -> Vec<Vec<(String, Value)>> {
    ["accounts", "elevations", "mfaDevices", "passkeys", "sessions"]
        .map(|collection| lab.sandbox.store().list(collection, "").unwrap())
        .into()
}

/// Asks what will be refused, and finds everything as it was.
#[track_caller]
fn intact(lab: &mut Lab, ask: impl FnOnce(&mut Lab) -> Answer) -> Answer {
    let before = state(lab);
    let answer = ask(lab);
    assert!(answer.status >= 400, "{} {}", answer.status, answer.body);
    assert_eq!(state(lab), before);
    answer
}

/// A wrong answer for this reason.
#[track_caller]
fn wrong(answer: Answer, reason: &str) {
    let answer = answer.refused(422, "mfa_invalid_code");
    assert_eq!(answer.body["payload"]["reason"], reason, "{}", answer.body);
    assert!(answer.body["payload"]["attemptsLeft"].is_u64(), "{}", answer.body);
}
