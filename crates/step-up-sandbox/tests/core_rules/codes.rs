//! One-time codes.

use proptest::prelude::*;
use serde_json::json;
use step_up_sandbox::{Change, MemoryStore, Store as _};

use crate::lab::{Lab, MINUTE, SECOND};

#[test]
fn a_code_signs_a_new_user_in_who_has_the_address_and_a_wallet() {
    let mut lab = Lab::new();
    let sent = lab.code_for("ada@example.com");
    assert!(sent.code.len() == 6 && sent.code.bytes().all(|byte| byte.is_ascii_digit()), "{}", sent.code);
    let answer = lab.try_sign_in(&sent.uuid, &sent.code).ok();
    let user = &answer.body["user"];
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["newUser"], true);
    assert_eq!(user["projectEnvironmentId"], lab.config.environment_id());
    let [email, wallet] = user["verifiedCredentials"].as_array().unwrap().as_slice() else {
        panic!("{user}");
    };
    assert_eq!(email["format"], "email");
    assert_eq!(email["signInEnabled"], true);
    assert_eq!(email["public_identifier"], "ada@example.com");
    assert_eq!(user["lastVerifiedCredentialId"], email["id"]);
    assert_eq!(wallet["format"], "blockchain");
    assert_eq!(wallet["wallet_provider"], "embeddedWallet");
    assert_eq!(wallet["signInEnabled"], false);
    assert_eq!(answer.body["jwt"], answer.body["minifiedJwt"]);
    assert_eq!(answer.body.get("elevatedAccessToken"), None, "a sign-in elevates nothing");
}

#[test]
fn the_same_address_in_any_spelling_is_the_same_user() {
    let mut lab = Lab::new();
    let first = lab.sign_in("ada@example.com");
    let sent = {
        lab.post("/emailVerifications/create").body(json!({ "email": " ADA@Example.com" })).send().ok();
        lab.newest("Ada@example.com")
    };
    lab.wait(MINUTE);
    let answer = lab.try_sign_in(&sent.uuid, &sent.code).ok();
    assert_eq!(answer.body["user"]["id"], first.id);
    assert_eq!(answer.body["user"]["newUser"], false);
    assert_eq!(answer.body["user"]["verifiedCredentials"].as_array().unwrap().len(), 2);
}

#[test]
fn wrong_codes_count_down_and_after_five_the_right_one_is_not_looked_at() {
    let mut lab = Lab::new();
    let sent = lab.code_for("ada@example.com");
    for left in [4, 3, 2, 1, 0] {
        let answer = lab.try_sign_in(&sent.uuid, &sent.wrong_code());
        let answer = answer.refused(422, "wrong_email_verification_token");
        assert_eq!(answer.body["payload"], json!({ "attemptsLeft": left }));
    }
    for code in [sent.wrong_code(), sent.code.clone()] {
        lab.try_sign_in(&sent.uuid, &code).refused(422, "too_many_email_verification_attempts");
    }
    assert_eq!(lab.evaluated(), 5);
}

#[test]
fn the_fifth_try_may_still_be_right() {
    let mut lab = Lab::new();
    let sent = lab.code_for("ada@example.com");
    for _ in 0..4 {
        lab.try_sign_in(&sent.uuid, &sent.wrong_code()).refused(422, "wrong_email_verification_token");
    }
    lab.try_sign_in(&sent.uuid, &sent.code).ok();
}

#[test]
fn a_code_lives_for_ten_minutes() {
    let mut lab = Lab::new();
    let [early, late] = ["ada@example.com", "bob@example.com"].map(|email| lab.code_for(email));
    lab.wait(10 * MINUTE - SECOND);
    lab.try_sign_in(&early.uuid, &early.code).ok();
    lab.wait(SECOND);
    lab.try_sign_in(&late.uuid, &late.code).refused(422, "invalid_email_verification");
    assert_eq!(lab.evaluated(), 1);
}

#[test]
fn a_code_works_once() {
    let mut lab = Lab::new();
    let sent = lab.code_for("ada@example.com");
    lab.try_sign_in(&sent.uuid, &sent.code).ok();
    lab.try_sign_in(&sent.uuid, &sent.code).refused(422, "invalid_email_verification");
}

#[test]
fn a_resend_replaces_the_old_code_and_has_five_new_tries() {
    let mut lab = Lab::new();
    let old = lab.code_for("ada@example.com");
    for _ in 0..5 {
        lab.try_sign_in(&old.uuid, &old.wrong_code()).refused(422, "wrong_email_verification_token");
    }
    let body = json!({ "email": "ada@example.com", "verificationUUID": old.uuid });
    let answer = lab.post("/emailVerifications/retry").body(body).send().ok();
    assert_eq!(answer.body["email"], "ada@example.com");
    let new = lab.newest("ada@example.com");
    assert_eq!(answer.body["verificationUUID"], new.uuid);
    assert_ne!(new.uuid, old.uuid);
    lab.try_sign_in(&old.uuid, &old.code).refused(422, "invalid_email_verification");
    lab.try_sign_in(&new.uuid, &old.code).refused(422, "wrong_email_verification_token");
    lab.try_sign_in(&new.uuid, &new.code).ok();
}

#[test]
fn a_resend_is_for_the_same_address_and_the_same_user() {
    let mut lab = Lab::new();
    let (ada, eve) = (lab.person("ada@example.com"), lab.person("eve@example.com"));
    let sent = lab.code_by(&ada, "ada@example.com");
    let retry = |email: &str| json!({ "email": email, "verificationUUID": sent.uuid });
    let path = "/emailVerifications/retry";
    let refused = |answer: crate::lab::Answer| answer.refused(422, "invalid_verification");
    refused(lab.post(path).by(&ada).body(retry("eve@example.com")).send());
    refused(lab.post(path).by(&eve).body(retry("ada@example.com")).send());
    refused(lab.post(path).body(retry("ada@example.com")).send());
    lab.try_verify(&ada, &sent.uuid, &sent.code, &[]).ok();
}

#[test]
fn a_second_code_for_a_user_voids_the_first_and_for_nobody_it_does_not() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let first = lab.code_by(&ada, "ada@example.com");
    let elsewhere = lab.code_by(&ada, "new@example.com");
    let second = lab.code_by(&ada, "ada@example.com");
    lab.try_verify(&ada, &first.uuid, &first.code, &[]).refused(422, "invalid_email_verification");
    lab.try_verify(&ada, &second.uuid, &second.code, &[]).ok();
    lab.try_verify(&ada, &elsewhere.uuid, &elsewhere.code, &[]).not_elevated();

    // Nobody can make a stranger's code void by asking for another one.
    let first = lab.code_for("ada@example.com");
    lab.code_for("ada@example.com");
    lab.try_sign_in(&first.uuid, &first.code).ok();
}

#[test]
fn a_verification_that_does_not_exist_is_said_to() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    for uuid in ["", "x", "00000000-0000-4000-8000-000000000000"] {
        lab.try_sign_in(uuid, "000000").refused(422, "invalid_verification");
        lab.try_verify(&ada, uuid, "000000", &[]).refused(422, "invalid_verification");
    }
}

#[test]
fn a_code_is_good_for_the_user_who_asked_and_a_stranger_uses_no_try_up() {
    let mut lab = Lab::new();
    let (ada, eve) = (lab.person("ada@example.com"), lab.person("eve@example.com"));
    let sent = lab.code_by(&ada, "ada@example.com");
    for _ in 0..6 {
        lab.try_verify(&eve, &sent.uuid, &sent.code, &["wallet:export"]).refused(422, "invalid_verification");
        lab.try_verify(&eve, &sent.uuid, "000000", &[]).refused(422, "invalid_verification");
    }
    assert_eq!(lab.evaluated(), 0);
    lab.try_verify(&ada, &sent.uuid, &sent.code, &["wallet:export"]).ok();
}

#[test]
fn a_code_is_good_for_its_purpose() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let for_sign_in = lab.code_for("ada@example.com");
    lab.try_verify(&ada, &for_sign_in.uuid, &for_sign_in.code, &["wallet:export"])
        .refused(422, "invalid_verification");
    let for_ada = lab.code_by(&ada, "ada@example.com");
    lab.try_sign_in(&for_ada.uuid, &for_ada.code).refused(422, "invalid_verification");
    assert_eq!(lab.evaluated(), 0);
}

#[test]
fn a_code_for_one_verification_is_no_code_for_another() {
    let mut lab = Lab::new();
    let [one, other] = ["ada@example.com", "bob@example.com"].map(|email| lab.code_for(email));
    lab.try_sign_in(&one.uuid, &other.code).refused(422, "wrong_email_verification_token");
}

#[test]
fn what_only_resembles_the_code_is_wrong() {
    let mut lab = Lab::new();
    for spelling in ["", " ", "{} ", " {}", "{}0", "0{}"] {
        let sent = lab.code_for("ada@example.com");
        let code = spelling.replace("{}", &sent.code);
        lab.try_sign_in(&sent.uuid, &code).refused(422, "wrong_email_verification_token");
    }
}

#[test]
fn a_body_that_names_no_code_is_no_try() {
    let mut lab = Lab::new();
    let sent = lab.code_for("ada@example.com");
    for body in [
        json!({ "verificationUUID": sent.uuid }),
        json!({ "verificationUUID": sent.uuid, "verificationToken": 123_456 }),
        json!({ "verificationUUID": sent.uuid, "verificationToken": null }),
        json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code, "sessionPublicKey": "02ff" }),
    ] {
        let answer = lab.post("/emailVerifications/signin").body(body).send();
        assert_eq!(answer.status, 422, "{}", answer.body);
    }
    assert_eq!(lab.evaluated(), 0);
}

#[test]
fn thirty_codes_an_hour_go_to_an_address() {
    let mut lab = Lab::new();
    let send = |lab: &mut Lab| {
        lab.post("/emailVerifications/create").body(json!({ "email": "ada@example.com" })).send()
    };
    for _ in 0..30 {
        send(&mut lab).ok();
        lab.wait(MINUTE);
    }
    // The first of them was half an hour ago.
    let limited = send(&mut lab).refused(429, "rate_limited");
    assert_eq!(limited.header("retry-after"), Some("1800"));
    // In whatever spelling, and however it is asked for.
    let sent = lab.newest("ada@example.com");
    let retry = json!({ "email": "ADA@example.com", "verificationUUID": sent.uuid });
    lab.post("/emailVerifications/retry").body(retry).send().refused(429, "rate_limited");
    lab.code_for("bob@example.com");
    lab.wait(30 * MINUTE - SECOND);
    assert_eq!(send(&mut lab).refused(429, "rate_limited").header("retry-after"), Some("1"));
    lab.wait(SECOND);
    send(&mut lab).ok();
    send(&mut lab).refused(429, "rate_limited");
}

#[test]
fn a_thousand_codes_are_remembered_and_the_oldest_make_room() {
    let mut lab = Lab::new();
    let oldest = lab.code_for("ada@example.com");
    lab.wait(SECOND);
    let second = lab.code_for("bob@example.com");
    let mut store = lab.sandbox.store().clone();
    let other = store.get("verifications", &second.uuid).unwrap().unwrap();
    let copies = (2..1000).map(|number| Change {
        collection: "verifications".into(),
        key: format!("copy {number}"),
        value: Some(other.clone()),
    });
    store.commit(copies.collect()).unwrap();
    let mut full = Lab::from_store(lab.config.clone(), store);
    full.now = lab.now.after(SECOND);
    let newest = full.code_for("carol@example.com");
    assert_eq!(full.sandbox.store().list("verifications", "").unwrap().len(), 1000);
    full.try_sign_in(&oldest.uuid, &oldest.code).refused(422, "invalid_verification");
    for sent in [&second, &newest] {
        full.try_sign_in(&sent.uuid, &sent.code).ok();
    }
}

#[test]
fn addresses_that_got_a_code_are_remembered_for_an_hour() {
    let mut lab = Lab::new();
    for number in 0..20 {
        lab.code_for(&format!("{number}@example.com"));
    }
    let remembered = |lab: &Lab| lab.sandbox.store().list("sends", "").unwrap().len();
    lab.wait(60 * MINUTE - SECOND);
    lab.code_for("ada@example.com");
    assert_eq!(remembered(&lab), 21);
    lab.wait(SECOND);
    lab.code_for("bob@example.com");
    assert_eq!(remembered(&lab), 2);
}

#[test]
fn the_sends_that_are_counted_have_a_bound() {
    let mut lab = Lab::new();
    lab.code_for("ada@example.com");
    let mut store = lab.sandbox.store().clone();
    // An hour's sends to strangers, as many as are counted. The oldest is Ada's.
    for number in 0..400 {
        let mut lab = Lab::from_store(lab.config.clone(), store);
        lab.code_for(&format!("{number}@example.com"));
        store = lab.sandbox.store().clone();
    }
    let counted = |store: &MemoryStore| {
        let sends = store.list("sends", "").unwrap();
        sends.iter().map(|(_, sends)| sends.as_array().unwrap().len()).sum::<usize>()
    };
    assert_eq!(counted(&store), 401);
    let queued = store.list("sendQueue", "").unwrap();
    assert_eq!(
        queued.len(),
        401,
        "one entry for each send, so that the oldest is found without looking at all"
    );
}

/// A store that counts how often everything in a collection is read.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    listed: std::cell::RefCell<std::collections::BTreeMap<String, usize>>,
}

impl step_up_sandbox::Store for Counting {
    fn get(
        &self,
        collection: &str,
        key: &str,
    ) -> Result<Option<serde_json::Value>, step_up_sandbox::StoreError> {
        self.store.get(collection, key)
    }

    fn list(
        &self,
        collection: &str,
        prefix: &str,
    ) -> Result<Vec<(String, serde_json::Value)>, step_up_sandbox::StoreError> {
        let entries = self.store.list(collection, prefix)?;
        *self.listed.borrow_mut().entry(collection.to_owned()).or_default() += entries.len();
        Ok(entries)
    }

    fn commit(&mut self, changes: Vec<Change>) -> Result<(), step_up_sandbox::StoreError> {
        self.store.commit(changes)
    }
}

#[test]
fn sends_nonces_and_wrong_codes_are_counted_without_reading_those_of_others() {
    let lab = Lab::new();
    let mut sandbox =
        step_up_sandbox::Sandbox::new(lab.config.clone(), Counting::default(), step_up_sandbox::Seed::new(1))
            .unwrap();
    let mut ask = |request: step_up_core::HttpRequest| {
        let reply = sandbox.handle(&request, lab.now);
        serde_json::from_slice::<serde_json::Value>(&reply.response.body).unwrap()
    };
    for number in 0..50 {
        let body = json!({ "email": format!("{number}@example.com") });
        let url = lab.url("/emailVerifications/create");
        let sent = ask(step_up_core::HttpRequest::post(url).json(&body).unwrap());
        let body = json!({ "verificationUUID": sent["verificationUUID"], "verificationToken": "x" });
        let url = lab.url("/emailVerifications/signin");
        let answer = ask(step_up_core::HttpRequest::post(url).json(&body).unwrap());
        assert_eq!(answer["code"], "wrong_email_verification_token");
        let nonce = ask(step_up_core::HttpRequest::get(lab.url("/nonce")))["nonce"].clone();
        let url = lab.url("/emailVerifications/signin");
        let bad = step_up_core::HttpRequest::post(url)
            .header("x-dynamic-device-nonce", nonce.as_str().unwrap())
            .header("x-dynamic-device-publickey", "x")
            .header("x-dynamic-device-signed-nonce", "x");
        assert_eq!(ask(bad)["code"], "invalid_device_signature");
    }
    let listed = sandbox.store().listed.borrow();
    for name in ["sends", "sendQueue", "nonces", "nonceQueue", "failures", "failureQueue"] {
        assert_eq!(listed.get(name), None, "{name}");
    }
}

#[test]
fn a_refused_resend_leaves_the_old_code_valid() {
    let mut lab = Lab::new();
    for _ in 0..30 {
        lab.code_for("ada@example.com");
    }
    let sent = lab.newest("ada@example.com");
    let retry = json!({ "email": "ada@example.com", "verificationUUID": sent.uuid });
    lab.post("/emailVerifications/retry").body(retry).send().refused(429, "rate_limited");
    lab.try_sign_in(&sent.uuid, &sent.code).ok();
}

#[test]
fn what_is_no_address_gets_no_code() {
    let mut lab = Lab::new();
    for email in ["", "ada", "a b@example.com", "Ada <ada@example.com>"] {
        let answer = lab.post("/emailVerifications/create").body(json!({ "email": email })).send();
        answer.refused(422, "invalid_email");
    }
}

/// What arrives at one verification.
#[derive(Clone, Debug)]
enum Step {
    Wrong,
    Right,
    Malformed,
    Stranger,
    Resend,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Wrong),
        1 => Just(Step::Right),
        1 => Just(Step::Malformed),
        1 => Just(Step::Stranger),
        1 => Just(Step::Resend),
        1 => (0_u64..400).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A model of one verification at a time: tries count, time runs out, a resend starts anew, a use is the end.
    #[test]
    fn whatever_arrives_at_most_five_tries_of_a_code_are_evaluated_and_one_succeeds(
        steps in proptest::collection::vec(step(), 1..30),
    ) {
        let mut lab = Lab::new();
        let (ada, eve) = (lab.person("ada@example.com"), lab.person("eve@example.com"));
        let mut sent = lab.code_by(&ada, "ada@example.com");
        let (mut tries, mut age, mut is_used, mut evaluated) = (0, 0, false, 0);
        for step in steps {
            let is_open = tries < 5 && age < 600 && !is_used;
            match step {
                Step::Wrong => {
                    let answer = lab.try_verify(&ada, &sent.uuid, &sent.wrong_code(), &["wallet:export"]);
                    prop_assert_eq!(answer.body["code"] == "wrong_email_verification_token", is_open);
                    prop_assert_eq!(answer.status, 422);
                    tries += u32::from(is_open);
                    evaluated += usize::from(is_open);
                }
                Step::Right => {
                    let answer = lab.try_verify(&ada, &sent.uuid, &sent.code, &["wallet:export"]);
                    prop_assert_eq!(answer.status == 200, is_open, "{}", answer.body);
                    is_used |= is_open;
                    evaluated += usize::from(is_open);
                }
                Step::Malformed => {
                    let answer = lab.post("/emailVerifications/verify").by(&ada).raw(b"{").send();
                    prop_assert_eq!(answer.status, 400);
                }
                Step::Stranger => {
                    let answer = lab.try_verify(&eve, &sent.uuid, &sent.code, &["wallet:export"]);
                    prop_assert_eq!(answer.body["code"].as_str(), Some("invalid_verification"));
                }
                Step::Resend => {
                    let body = json!({ "email": "ada@example.com", "verificationUUID": sent.uuid });
                    let answer = lab.post("/emailVerifications/retry").by(&ada).body(body).send();
                    if answer.status == 200 {
                        sent = lab.newest("ada@example.com");
                        (tries, age, is_used) = (0, 0, false);
                    } else {
                        prop_assert_eq!(answer.status, 429);
                    }
                }
                Step::Wait(secs) => {
                    lab.wait(SECOND * u32::try_from(secs).unwrap());
                    age += secs;
                }
            }
        }
        prop_assert_eq!(lab.evaluated(), evaluated);
    }
}
