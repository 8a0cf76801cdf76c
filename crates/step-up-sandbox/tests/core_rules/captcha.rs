//! Captchas before codes.

use serde_json::{Value, json};
use step_up_core::Method;

use crate::lab::{Answer, Lab, MINUTE, SECOND};

fn with_captchas() -> Lab {
    let mut lab = Lab::new();
    let captcha = json!({ "enabled": true, "provider": "cloudflareTurnstile", "siteKey": "0x4" });
    lab.set(json!({ "security": { "captcha": captcha } }));
    lab
}

/// What a visitor gets for solving one.
fn solve(lab: &mut Lab) -> String {
    lab.at(Method::Post, "/sandbox/captcha").send().ok().text("captchaToken")
}

fn email(lab: &mut Lab, captcha: &Value) -> Answer {
    let mut body = json!({ "email": "ada@example.com" });
    if !captcha.is_null() {
        body["captchaToken"] = captcha.clone();
    }
    lab.post("/emailVerifications/create").body(body).send()
}

fn sms(lab: &mut Lab, captcha: &str) -> Answer {
    let body = json!({
        "phoneCountryCode": "1", "phoneNumber": "5555550100", "isoCountryCode": "US", "captchaToken": captcha,
    });
    lab.post("/smsVerifications/create").body(body).send()
}

fn inbox(lab: &mut Lab) -> usize {
    lab.at(Method::Get, "/sandbox/inbox").send().ok().body.as_array().unwrap().len()
}

#[test]
fn clients_read_that_there_are_captchas() {
    let mut lab = with_captchas();
    let settings = lab.get("/settings").send().ok();
    assert_eq!(
        settings.body["security"]["captcha"],
        json!({ "enabled": true, "provider": "cloudflareTurnstile", "siteKey": "0x4" })
    );
}

#[test]
fn without_a_captcha_nothing_is_sent() {
    let mut lab = with_captchas();
    for nothing in [Value::Null, json!("")] {
        email(&mut lab, &nothing).refused(422, "captcha_required");
    }
    sms(&mut lab, "").refused(422, "captcha_required");
    email(&mut lab, &json!("0123456789abcdef0123456789abcdef")).refused(422, "captcha_invalid");
    sms(&mut lab, "x").refused(422, "captcha_invalid");
    email(&mut lab, &json!(1)).refused(422, "invalid_request");
    assert_eq!(inbox(&mut lab), 0);
}

#[test]
fn a_captcha_is_good_for_one_send_whichever_way() {
    let mut lab = with_captchas();
    let [one, other] = [(), ()].map(|()| solve(&mut lab));
    assert_ne!(one, other);
    email(&mut lab, &json!(one)).ok();
    email(&mut lab, &json!(one)).refused(422, "captcha_invalid");
    sms(&mut lab, &one).refused(422, "captcha_invalid");
    sms(&mut lab, &other).ok();
    assert_eq!(inbox(&mut lab), 2);
}

#[test]
fn a_captcha_is_good_for_two_minutes() {
    let mut lab = with_captchas();
    let [early, late] = [(), ()].map(|()| solve(&mut lab));
    lab.wait(2 * MINUTE - SECOND);
    email(&mut lab, &json!(early)).ok();
    lab.wait(SECOND);
    email(&mut lab, &json!(late)).refused(422, "captcha_invalid");
}

#[test]
fn a_captcha_is_used_up_also_where_nothing_is_sent() {
    let mut lab = with_captchas();
    for _ in 0..30 {
        let captcha = solve(&mut lab);
        email(&mut lab, &json!(captcha)).ok();
    }
    let captcha = solve(&mut lab);
    email(&mut lab, &json!(captcha)).refused(429, "rate_limited");
    sms(&mut lab, &captcha).refused(422, "captcha_invalid");
}

#[test]
fn what_is_no_address_costs_no_captcha() {
    let mut lab = with_captchas();
    let captcha = solve(&mut lab);
    let body = json!({ "email": "ada", "captchaToken": captcha });
    lab.post("/emailVerifications/create").body(body).send().refused(422, "invalid_email");
    email(&mut lab, &json!(captcha)).ok();
}

#[test]
fn who_is_signed_in_solves_one_too_and_a_resend_needs_none() {
    let mut lab = with_captchas();
    let ada = lab.person("ada@example.com");
    let mut body = json!({ "email": "ada@example.com" });
    lab.post("/emailVerifications/create")
        .by(&ada)
        .body(body.clone())
        .send()
        .refused(422, "captcha_required");
    body["captchaToken"] = solve(&mut lab).into();
    lab.post("/emailVerifications/create").by(&ada).body(body).send().ok();
    let sent = lab.newest("ada@example.com");
    let retry = json!({ "email": "ada@example.com", "verificationUUID": sent.uuid });
    lab.post("/emailVerifications/retry").by(&ada).body(retry).send().ok();
    let sent = lab.newest("ada@example.com");
    lab.try_verify(&ada, &sent.uuid, &sent.code, &["wallet:export"]).ok().text("elevatedAccessToken");
}

#[test]
fn without_captchas_a_token_is_not_looked_at() {
    let mut lab = Lab::new();
    email(&mut lab, &json!("x")).ok();
}

#[test]
fn the_log_and_the_refusals_keep_the_token_to_themselves() {
    let mut lab = with_captchas();
    let captcha = solve(&mut lab);
    email(&mut lab, &json!(captcha)).ok();
    let refused = email(&mut lab, &json!(captcha)).refused(422, "captcha_invalid");
    assert!(!refused.body.to_string().contains(&captcha));
    assert!(!Value::from(lab.requests()).to_string().contains(&captcha));
}
