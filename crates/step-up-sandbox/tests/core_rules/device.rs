//! Nonces and device signatures.

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::json;

use crate::lab::{Answer, Lab, MINUTE};

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
fn a_bad_signature_is_refused_and_uses_the_nonce_up() {
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
        // Used up by the first.
        [&all[0], &key, &good],
        // Not whole.
        ["", &key, &good],
        [&all[0], "", ""],
    ] {
        sign_in(&mut lab, headers).refused(403, "invalid_device_signature");
    }
    assert_eq!(lab.evaluated(), 0);
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

#[test]
fn nonces_do_not_pile_up() {
    let mut lab = Lab::new();
    for _ in 0..60 {
        nonces(&mut lab, 50);
    }
    let store = serde_json::to_value(lab.sandbox.store()).unwrap();
    assert_eq!(store["nonces"].as_object().unwrap().len(), 2000);
    lab.wait(24 * 60 * MINUTE);
    nonces(&mut lab, 1);
    let store = serde_json::to_value(lab.sandbox.store()).unwrap();
    assert_eq!(store["nonces"].as_object().unwrap().len(), 1);
}
