//! A new sandbox over the same store goes on where the old one stopped.

use std::collections::BTreeSet;

use serde_json::json;
use step_up_core::Method;
use step_up_sandbox::{Config, MemoryStore, Sandbox, Seed, StoreError};

use crate::lab::{Lab, MINUTE};

#[test]
fn sessions_codes_and_elevations_outlive_a_restart() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let sent = lab.code_by(&ada, "ada@example.com");
    let token = lab.elevate(&ada, &["wallet:export"]);
    let mut lab = lab.restarted();
    lab.user(&ada).ok();
    lab.export(&ada, Some(&token)).ok();
    let mut lab = lab.restarted();
    lab.export(&ada, Some(&token)).not_elevated();
    lab.try_verify(&ada, &sent.uuid, &sent.code, &[]).refused(422, "invalid_email_verification");
}

#[test]
fn tries_outlive_a_restart() {
    let mut lab = Lab::new();
    let sent = lab.code_for("ada@example.com");
    for left in [4, 3, 2, 1, 0] {
        lab = lab.restarted();
        let answer = lab.try_sign_in(&sent.uuid, &sent.wrong_code());
        assert_eq!(answer.body["payload"]["attemptsLeft"], left);
    }
    lab.restarted().try_sign_in(&sent.uuid, &sent.code).refused(422, "too_many_email_verification_attempts");
}

#[test]
fn what_was_drawn_before_a_restart_is_never_drawn_again() {
    let mut lab = Lab::new();
    let mut seen = BTreeSet::new();
    for round in 0..20 {
        lab = lab.restarted();
        let ada = lab.person(&format!("{round}@example.com"));
        let sent = lab.code_by(&ada, &ada.email);
        let nonce = lab.get("/nonce").send().ok().text("nonce");
        for drawn in [ada.id, ada.wallet, ada.private_key, sent.uuid, nonce] {
            assert!(seen.insert(drawn.clone()), "{drawn} again in round {round}");
        }
    }
}

#[test]
fn the_same_seed_and_the_same_requests_give_the_same_answers() {
    let run = |seed| {
        let mut lab = Lab::new();
        lab.sandbox = Sandbox::new(Config::default(), MemoryStore::new(), Seed::new(seed)).unwrap();
        let ada = lab.sign_in("ada@example.com");
        lab.wait(MINUTE);
        (lab.elevate(&ada, &["wallet:export"]), ada.token)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_store_of_another_version_is_said_to_be() {
    let store: MemoryStore = serde_json::from_value(json!({ "keys": { "token": 1 } })).unwrap();
    let error = Sandbox::new(Config::default(), store, Seed::new(1)).err().unwrap();
    assert_eq!(error, StoreError::Corrupt { collection: "keys".into() });
}

#[test]
fn what_a_body_may_hold_can_be_read_again() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut deepest = None;
    for levels in 1..200 {
        let nested = (1..levels).fold(json!({}), |value, _| json!({ "a": value }));
        let answer = lab.ask(Method::Put, "/users").by(&ada).body(json!({ "metadata": nested })).send();
        if answer.status != 200 {
            answer.refused(400, "malformed_json");
            continue;
        }
        deepest = Some(nested);
        lab = lab.restarted();
        assert_eq!(lab.user(&ada).ok().body["metadata"], *deepest.as_ref().unwrap(), "{levels} levels");
        let fault = json!({ "path": "/x", "kind": "replace", "status": 200, "body": deepest });
        lab.at(Method::Post, "/sandbox/faults").body(fault).send().ok();
        lab.at(Method::Delete, "/sandbox/faults").send().ok();
        lab.set(json!({ "design": deepest }));
        lab = lab.restarted();
    }
    assert!(deepest.is_some());
}

/// A store that stops keeping.
#[derive(Default)]
struct Failing {
    store: MemoryStore,
    is_full: bool,
}

impl step_up_sandbox::Store for Failing {
    fn get(&self, collection: &str, key: &str) -> Result<Option<serde_json::Value>, StoreError> {
        self.store.get(collection, key)
    }

    fn list(&self, collection: &str, prefix: &str) -> Result<Vec<(String, serde_json::Value)>, StoreError> {
        self.store.list(collection, prefix)
    }

    fn commit(&mut self, changes: Vec<step_up_sandbox::Change>) -> Result<(), StoreError> {
        if self.is_full {
            return Err(StoreError::Failed { why: "the disk is full".into() });
        }
        // The sandbox commits its key when it is made, and is full from then on.
        self.is_full = true;
        self.store.commit(changes)
    }
}

#[test]
fn what_could_not_be_kept_is_not_acknowledged() {
    let mut sandbox = Sandbox::new(Config::default(), Failing::default(), Seed::new(1)).unwrap();
    let lab = Lab::new();
    let url = lab.url("/nonce");
    let reply = sandbox.handle(&step_up_core::HttpRequest::get(url), lab.now);
    let body: serde_json::Value = serde_json::from_slice(&reply.response.body).unwrap();
    assert_eq!((reply.response.status, &body["code"]), (500, &json!("store_failed")));
    assert_eq!(body.get("nonce"), None);
}
