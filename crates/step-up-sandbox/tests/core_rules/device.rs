//! Nonces and device signatures.

use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};

use crate::{
    lab::{Answer, Lab, MINUTE, Person, SECOND},
    signer::Signer,
};

pub(crate) struct Device(SigningKey);

impl Device {
    pub(crate) fn new(number: u8) -> Self {
        Self(SigningKey::from_slice(&[number; 32]).unwrap())
    }

    pub(crate) fn public_key(&self) -> String {
        base16ct::lower::encode_string(self.0.verifying_key().to_sec1_point(true).as_bytes())
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        let signature: Signature = self.0.sign(text.as_bytes());
        base16ct::lower::encode_string(&signature.to_bytes())
    }
}

fn nonces(lab: &mut Lab, count: usize) -> Vec<String> {
    let answer = lab.get(&format!("/nonces?count={count}")).send().ok();
    answer.body["nonces"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// Signs in with these device headers and a right code.
fn sign_in(lab: &mut Lab, headers: [&str; 3]) -> Answer {
    let sent = lab.code_for("ada@example.com");
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code });
    let [nonce, key, signature] = headers;
    lab.post("/emailVerifications/signin")
        .header("x-dynamic-device-nonce", nonce)
        .header("x-dynamic-device-publickey", key)
        .header("x-dynamic-device-signed-nonce", signature)
        .body(body)
        .send()
}

#[test]
fn nonces_differ_and_come_as_many_as_asked_for() {
    let mut lab = Lab::new();
    let mut all = nonces(&mut lab, 5);
    assert_eq!(all.len(), 5);
    all.extend(nonces(&mut lab, 5));
    all.push(lab.get("/nonce").send().ok().text("nonce"));
    assert!(all.iter().all(|nonce| nonce.len() == 32));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 11);
    for (query, count) in [("", 1), ("?count=0", 1), ("?count=x", 1), ("?count=1000000", 50)] {
        let answer = lab.get(&format!("/nonces{query}")).send().ok();
        assert_eq!(answer.body["nonces"].as_array().unwrap().len(), count, "{query}");
    }
}

#[test]
fn a_good_signature_is_accepted_once() {
    let mut lab = Lab::new();
    let device = Device::new(1);
    let nonce = &nonces(&mut lab, 1)[0];
    let headers = [nonce.as_str(), &device.public_key(), &device.sign(nonce)];
    sign_in(&mut lab, headers).ok();
    sign_in(&mut lab, headers).refused(403, "invalid_device_signature");
}

#[test]
fn a_bad_signature_is_refused_and_uses_no_nonce_up() {
    let mut lab = Lab::new();
    let (device, other) = (Device::new(1), Device::new(2));
    let all = nonces(&mut lab, 5);
    let (key, good) = (device.public_key(), device.sign(&all[0]));
    let uncompressed =
        base16ct::lower::encode_string(device.0.verifying_key().to_sec1_point(false).as_bytes());
    let flipped = {
        let digit = if good.ends_with('0') { '1' } else { '0' };
        format!("{}{digit}", &good[..127])
    };
    for headers in [
        [all[0].as_str(), &key, &flipped],
        [&all[1], &key, &other.sign(&all[1])],
        [&all[2], &key, &device.sign(&all[3])],
        ["00000000000000000000000000000000", &key, &device.sign("00000000000000000000000000000000")],
        [&all[3], &uncompressed, &device.sign(&all[3])],
        [&all[4], "zz", "zz"],
        // Not whole.
        ["", &key, &good],
        [&all[0], "", ""],
    ] {
        sign_in(&mut lab, headers).refused(403, "invalid_device_signature");
    }
    assert_eq!(lab.evaluated(), 0);
    assert_eq!(used(&lab), 0, "what strangers can make up takes no room");
    sign_in(&mut lab, [&all[0], &key, &good]).ok();
    assert_eq!(used(&lab), 1);
}

/// How many used nonces are remembered.
fn used(lab: &Lab) -> usize {
    let store = serde_json::to_value(lab.sandbox.store()).unwrap();
    store.get("usedNonces").map_or(0, |nonces| nonces.as_object().unwrap().len())
}

#[test]
fn a_nonce_lives_for_a_day() {
    let mut lab = Lab::new();
    let device = Device::new(1);
    let all = nonces(&mut lab, 2);
    let headers = |nonce: &str| [nonce.to_owned(), device.public_key(), device.sign(nonce)];
    lab.wait(24 * 60 * MINUTE - MINUTE);
    sign_in(&mut lab, headers(&all[0]).each_ref().map(String::as_str)).ok();
    lab.wait(MINUTE);
    let late = headers(&all[1]);
    sign_in(&mut lab, late.each_ref().map(String::as_str)).refused(403, "invalid_device_signature");
}

#[test]
fn a_missing_signature_is_refused_only_where_the_environment_wants_one() {
    let mut lab = Lab::new();
    sign_in(&mut lab, ["", "", ""]).ok();
    lab.set(json!({ "security": { "deviceRegistrationRequired": true } }));
    sign_in(&mut lab, ["", "", ""]).refused(403, "device_signature_required");
    let ada = lab.person("ada2@example.com");
    let sent = lab.code_by(&ada, "ada2@example.com");
    lab.try_verify(&ada, &sent.uuid, &sent.code, &[]).refused(403, "device_signature_required");
    lab.post("/refresh").by(&ada).send().refused(403, "device_signature_required");
    // Calls that carry none are not asked for one.
    lab.user(&ada).ok();
    lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    let device = Device::new(1);
    let nonce = &nonces(&mut lab, 1)[0];
    sign_in(&mut lab, [nonce, &device.public_key(), &device.sign(nonce)]).ok();
}

/// Headers of a good signature by a device.
pub(crate) fn signed(lab: &mut Lab, device: &Device) -> [String; 3] {
    let nonce = nonces(lab, 1).remove(0);
    let signature = device.sign(&nonce);
    [nonce, device.public_key(), signature]
}

/// Posts with a good signature by a device.
fn post(lab: &mut Lab, path: &str, person: Option<&Person>, device: &Device, body: Value) -> Answer {
    let [nonce, key, signature] = signed(lab, device);
    let ask = lab.post(path).header("x-dynamic-device-nonce", &nonce);
    let ask = ask.header("x-dynamic-device-publickey", &key);
    let ask = ask.header("x-dynamic-device-signed-nonce", &signature).body(body);
    match person {
        Some(person) => ask.by(person).send(),
        None => ask.send(),
    }
}

fn refresh(lab: &mut Lab, person: &Person, device: &Device) -> Answer {
    post(lab, "/refresh", Some(person), device, Value::Null)
}

/// A right code to Ada's address, by her session, with this device.
fn step_up(lab: &mut Lab, person: &Person, device: &Device) -> Answer {
    let sent = lab.code_by(person, "ada@example.com");
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code });
    post(lab, "/emailVerifications/verify", Some(person), device, body)
}

fn required() -> Lab {
    let mut lab = Lab::new();
    lab.set(json!({ "security": { "deviceRegistrationRequired": true } }));
    lab
}

fn sign_in_on(lab: &mut Lab, device: &Device) -> Person {
    let headers = signed(lab, device);
    Person::from_answer("ada@example.com", &sign_in(lab, headers.each_ref().map(String::as_str)).ok())
}

#[test]
fn a_session_is_bound_to_the_device_key_of_its_sign_in() {
    let mut lab = required();
    let (home, thief) = (Device::new(1), Device::new(66));
    let ada = sign_in_on(&mut lab, &home);
    let mut lab = lab.restarted();
    refresh(&mut lab, &ada, &thief).refused(403, "invalid_device_signature");
    step_up(&mut lab, &ada, &thief).refused(403, "invalid_device_signature");
    assert_eq!(lab.evaluated(), 0, "nothing else is looked at");
    refresh(&mut lab, &ada, &home).ok();
    step_up(&mut lab, &ada, &home).ok();
    refresh(&mut lab, &ada, &thief).refused(403, "invalid_device_signature");
    // However the key is written.
    let [nonce, key, signature] = signed(&mut lab, &home);
    let ask = lab.post("/refresh").by(&ada).header("x-dynamic-device-nonce", &nonce);
    let ask = ask.header("x-dynamic-device-publickey", &key.to_uppercase());
    ask.header("x-dynamic-device-signed-nonce", &signature.to_uppercase()).send().ok();
}

#[test]
fn every_call_of_a_session_that_clients_sign_wants_the_key_of_the_session() {
    let mut lab = required();
    let (home, thief) = (Device::new(1), Device::new(66));
    let ada = sign_in_on(&mut lab, &home);
    for path in [
        "/refresh",
        "/emailVerifications/verify",
        "/smsVerifications/verify",
        "/wallets/verify",
        "/verify/link",
    ] {
        post(&mut lab, path, Some(&ada), &thief, json!({})).refused(403, "invalid_device_signature");
        let answer = post(&mut lab, path, Some(&ada), &home, json!({}));
        assert_ne!(answer.body["code"], "invalid_device_signature", "{path}");
    }
}

/// Clients sign no nonce for `wallets/signin`, and a session may be older than the setting. Such a session has no key: the
/// first that comes could be a thief's. So it is not refreshed until a proof in the same request binds one.
#[test]
fn a_session_without_a_key_is_bound_by_the_proof_that_comes_with_one_and_not_by_a_refresh() {
    let signer = Signer::ethereum(1);
    let (home, thief) = (Device::new(1), Device::new(66));
    let mut lab = Lab::new();
    lab.person_with_wallets("ada@example.com", &[&signer]);
    lab.set(json!({ "security": { "deviceRegistrationRequired": true } }));
    let ada = lab.wallet_sign_in(&signer);
    for device in [&thief, &home] {
        refresh(&mut lab, &ada, device).refused(403, "invalid_device_signature");
    }
    let proof = lab.proof(&signer);
    post(&mut lab, "/wallets/verify", Some(&ada), &home, proof).ok();
    refresh(&mut lab, &ada, &thief).refused(403, "invalid_device_signature");
    refresh(&mut lab, &ada, &home).ok();

    let ada = Person { email: "ada@example.com".into(), ..lab.wallet_sign_in(&signer) };
    step_up(&mut lab, &ada, &home).ok();
    refresh(&mut lab, &ada, &thief).refused(403, "invalid_device_signature");
    refresh(&mut lab, &ada, &home).ok();
}

#[test]
fn a_wrong_code_or_a_link_binds_no_key() {
    let signer = Signer::ethereum(1);
    let (home, thief) = (Device::new(1), Device::new(66));
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    lab.set(json!({ "security": { "deviceRegistrationRequired": true } }));
    let sent = lab.code_by(&ada, "ada@example.com");
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": sent.wrong_code() });
    let answer = post(&mut lab, "/emailVerifications/verify", Some(&ada), &thief, body);
    answer.refused(422, "wrong_email_verification_token");
    let proof = lab.proof(&signer);
    post(&mut lab, "/verify/link", Some(&ada), &thief, proof).ok();
    let sent = lab.code_by(&ada, "mallory@example.com");
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code });
    post(&mut lab, "/emailVerifications/verify", Some(&ada), &thief, body).ok();
    refresh(&mut lab, &ada, &thief).refused(403, "invalid_device_signature");
    step_up(&mut lab, &ada, &home).ok();
    refresh(&mut lab, &ada, &home).ok();
}

#[test]
fn without_the_setting_a_session_goes_on_with_another_key() {
    let mut lab = Lab::new();
    let (home, other) = (Device::new(1), Device::new(2));
    let ada = sign_in_on(&mut lab, &home);
    refresh(&mut lab, &ada, &other).ok();
    lab.post("/refresh").by(&ada).send().ok();
    // The key of the sign-in is the session's all the same.
    lab.set(json!({ "security": { "deviceRegistrationRequired": true } }));
    refresh(&mut lab, &ada, &other).refused(403, "invalid_device_signature");
    refresh(&mut lab, &ada, &home).ok();
}

#[test]
fn strangers_push_no_nonce_out() {
    let mut lab = Lab::new();
    let device = Device::new(1);
    let mine = nonces(&mut lab, 5);
    let size = |lab: &Lab| serde_json::to_string(lab.sandbox.store()).unwrap().len();
    let before = size(&lab);
    for _ in 0..200 {
        nonces(&mut lab, 50);
    }
    assert!(size(&lab) < before + 100, "what is given out takes no room");
    for nonce in &mine {
        let headers = [nonce.as_str(), &device.public_key(), &device.sign(nonce)];
        sign_in(&mut lab, headers).ok();
        sign_in(&mut lab, headers).refused(403, "invalid_device_signature");
    }
}

#[test]
fn a_nonce_of_another_sandbox_or_from_before_a_reset_is_none() {
    let (mut lab, mut other) = (Lab::new(), Lab::new());
    other.sandbox = step_up_sandbox::Sandbox::new(
        other.config.clone(),
        step_up_sandbox::MemoryStore::new(),
        step_up_sandbox::Seed::new(8),
    )
    .unwrap();
    let device = Device::new(1);
    let theirs = nonces(&mut other, 1).remove(0);
    let old = nonces(&mut lab, 1).remove(0);
    lab.at(step_up_core::Method::Post, "/sandbox/reset").send().ok();
    nonces(&mut lab, 1);
    let forged = "0".repeat(32);
    let multibyte = "\u{e9}".repeat(16);
    for nonce in [theirs.as_str(), &old, &forged, &multibyte, "", "x"] {
        let signature = device.sign(nonce);
        sign_in(&mut lab, [nonce, &device.public_key(), &signature]).refused(403, "invalid_device_signature");
    }
}

#[test]
fn the_nonces_that_were_used_do_not_pile_up() {
    let mut lab = Lab::new();
    let device = Device::new(1);
    let old = nonces(&mut lab, 2);
    lab.wait(SECOND);
    let ada = lab.person("ada@example.com");
    for nonce in nonces(&mut lab, 3) {
        let ask = lab.post("/refresh").by(&ada).header("x-dynamic-device-nonce", &nonce);
        let ask = ask.header("x-dynamic-device-publickey", &device.public_key());
        ask.header("x-dynamic-device-signed-nonce", &device.sign(&nonce)).send().ok();
    }
    assert_eq!(used(&lab), 3);
    lab.wait(24 * 60 * MINUTE);
    for nonce in &old {
        let headers = [nonce.as_str(), &device.public_key(), &device.sign(nonce)];
        sign_in(&mut lab, headers).refused(403, "invalid_device_signature");
    }
    let fresh = nonces(&mut lab, 1).remove(0);
    sign_in(&mut lab, [&fresh, &device.public_key(), &device.sign(&fresh)]).ok();
    assert_eq!(used(&lab), 1);
}

/// The control API moves the clock both ways.
#[test]
fn a_used_nonce_stays_used_however_the_clock_is_moved() {
    let mut lab = Lab::new();
    let device = Device::new(1);
    let advance = |lab: &mut Lab, secs: i64| {
        let body = json!({ "advanceSeconds": secs });
        lab.at(step_up_core::Method::Post, "/sandbox/clock").body(body).send().ok();
    };
    let headers = |nonce: &str| [nonce.to_owned(), device.public_key(), device.sign(nonce)];
    let spend = |lab: &mut Lab, nonce: &str| {
        let headers = headers(nonce);
        sign_in(lab, headers.each_ref().map(String::as_str))
    };
    let first = nonces(&mut lab, 1).remove(0);
    spend(&mut lab, &first).ok();
    let two_days = 2 * 24 * 60 * 60;
    advance(&mut lab, two_days);
    let later = nonces(&mut lab, 2);
    spend(&mut lab, &later[0]).ok();
    assert_eq!(used(&lab), 1, "the first is forgotten");
    advance(&mut lab, -two_days);
    spend(&mut lab, &first).refused(403, "invalid_device_signature");
    // A nonce from the future is none.
    spend(&mut lab, &later[1]).refused(403, "invalid_device_signature");
    advance(&mut lab, -two_days);
    let back = nonces(&mut lab, 1).remove(0);
    spend(&mut lab, &back).ok();
    spend(&mut lab, &back).refused(403, "invalid_device_signature");
    advance(&mut lab, two_days);
    spend(&mut lab, &first).refused(403, "invalid_device_signature");
    let now = nonces(&mut lab, 1).remove(0);
    spend(&mut lab, &now).ok();
    advance(&mut lab, two_days);
    for nonce in [&first, &later[0], &back, &now] {
        spend(&mut lab, nonce).refused(403, "invalid_device_signature");
    }
}
