//! How long a stolen bearer is good, and on which device.

use serde_json::json;

use super::Theft;
use crate::{
    device::{Device, signed},
    external::{self, IDP, assertion},
    lab::{MINUTE, Person},
};

#[test]
fn a_bearer_that_is_refreshed_all_the_time_ends_a_month_after_the_victims_last_proof() {
    let mut theft = Theft::new();
    for _ in 0..30 * 24 {
        theft.ada.token = theft.lab.post("/refresh").by(&theft.ada).send().ok().text("minifiedJwt");
        theft.lab.wait(60 * MINUTE);
    }
    theft.lab.post("/refresh").by(&theft.ada).send().refused(401, "unauthorized");
    theft.lab.user(&theft.ada).refused(401, "unauthorized");
}

#[test]
fn a_bearer_is_not_refreshed_on_the_thiefs_device() {
    let mut theft = Theft::new();
    theft.lab.set(json!({ "security": { "deviceRegistrationRequired": true } }));
    let device = Device::new(66);
    for _ in 0..2 {
        let [nonce, key, signature] = signed(&mut theft.lab, &device);
        let ask = theft.lab.post("/refresh").by(&theft.ada).header("x-dynamic-device-nonce", &nonce);
        let ask = ask.header("x-dynamic-device-publickey", &key);
        let answer = ask.header("x-dynamic-device-signed-nonce", &signature).send();
        answer.refused(403, "invalid_device_signature");
    }
    theft.lab.set(json!({}));
    theft.is_not_elevated();
}

/// The assertion is the victim's, as it went by: it signed her in.
#[test]
fn an_assertion_that_signed_the_victim_in_opens_no_second_session() {
    let mut lab = external::lab();
    let jwt = IDP.sign(&assertion(&lab, "ada", "wallet:export credential:link", "1"));
    let answer = lab.post("/externalAuth/signin").body(json!({ "jwt": jwt })).send().ok();
    let mut theft = Theft::of(lab, Person::from_answer("ada", &answer));
    theft.fails((422, "invalid_external_auth"), |lab, ada| external::verify(lab, ada, &jwt));
    theft.fails((422, "invalid_external_auth"), |lab, _| {
        lab.post("/externalAuth/signin").body(json!({ "jwt": jwt })).send()
    });
}
