//! One-time codes by SMS: the rules of those by email, for numbers.

use proptest::prelude::*;
use serde_json::{Value, json};
use step_up_core::Method;

use crate::lab::{Answer, Lab, MINUTE, Person, SECOND, Sent};

/// Ada's number, as the inbox has it.
pub(crate) const ADA: &str = "+15555550100";

/// The parts of a number of the North American plan.
pub(crate) fn number(e164: &str) -> Value {
    json!({ "phoneCountryCode": "1", "phoneNumber": &e164[2..], "isoCountryCode": "US" })
}

fn with(mut body: Value, name: &str, value: &str) -> Value {
    body[name] = value.into();
    body
}

/// Ada, who has an email address and a number.
pub(crate) fn ada(lab: &mut Lab) -> Person {
    let body = json!({ "email": "ada@example.com", "phone": ADA });
    let answer = lab.at(Method::Post, "/sandbox/users").body(body).send().ok();
    Person::from_answer("ada@example.com", &answer)
}

pub(crate) fn code_for(lab: &mut Lab, to: &str) -> Sent {
    lab.post("/smsVerifications/create").body(number(to)).send().ok();
    lab.newest(to)
}

pub(crate) fn code_by(lab: &mut Lab, person: &Person, to: &str) -> Sent {
    lab.post("/smsVerifications/create").by(person).body(number(to)).send().ok();
    lab.newest(to)
}

pub(crate) fn try_sign_in(lab: &mut Lab, sent: &Sent, code: &str) -> Answer {
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": code });
    lab.post("/smsVerifications/signin").body(body).send()
}

pub(crate) fn try_verify(lab: &mut Lab, person: &Person, sent: &Sent, code: &str, scopes: &[&str]) -> Answer {
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": code, "requestedScopes": scopes });
    lab.post("/smsVerifications/verify").by(person).body(body).send()
}

#[test]
fn a_code_signs_a_new_user_in_who_has_the_number_and_a_wallet() {
    let mut lab = Lab::new();
    let answer = lab.post("/smsVerifications/create").body(number(ADA)).send().ok();
    let sent = lab.newest(ADA);
    assert_eq!(
        answer.body,
        json!({
            "verificationUUID": sent.uuid, "phoneNumber": "5555550100", "phoneCountryCode": "1",
            "isoCountryCode": "US",
        })
    );
    let inbox = lab.at(Method::Get, "/sandbox/inbox?to=%2B15555550100").send().ok();
    assert_eq!(inbox.body[0]["channel"], "sms");
    assert_eq!(inbox.body[0]["to"], ADA);
    assert!(sent.code.len() == 6 && sent.code.bytes().all(|byte| byte.is_ascii_digit()), "{}", sent.code);

    let answer = try_sign_in(&mut lab, &sent, &sent.code).ok();
    let user = &answer.body["user"];
    assert_eq!(user["phoneNumber"], ADA);
    assert_eq!(user["email"], Value::Null);
    assert_eq!(user["newUser"], true);
    let [phone, wallet] = user["verifiedCredentials"].as_array().unwrap().as_slice() else {
        panic!("{user}");
    };
    assert_eq!(phone["format"], "phoneNumber");
    assert_eq!(phone["phoneCountryCode"], "1");
    assert_eq!(phone["phoneNumber"], "5555550100");
    assert_eq!(phone["isoCountryCode"], "US");
    assert_eq!(phone["public_identifier"], ADA);
    assert_eq!(phone["signInEnabled"], true);
    assert_eq!(user["lastVerifiedCredentialId"], phone["id"]);
    assert_eq!(wallet["wallet_provider"], "embeddedWallet");
    assert_eq!(answer.body.get("elevatedAccessToken"), None, "a sign-in elevates nothing");
}

#[test]
fn the_same_number_is_the_same_user_in_whichever_country_of_its_calling_code() {
    let mut lab = Lab::new();
    let sent = code_for(&mut lab, "+12425550100");
    let first = try_sign_in(&mut lab, &sent, &sent.code).ok();
    for (country_code, national, iso) in
        [("1", "2425550100", "CA"), ("1", "2425550100", "BS"), ("1242", "5550100", "BS")]
    {
        let body =
            json!({ "phoneCountryCode": country_code, "phoneNumber": national, "isoCountryCode": iso });
        lab.post("/smsVerifications/create").body(body).send().ok();
        let sent = lab.newest("+12425550100");
        let again = try_sign_in(&mut lab, &sent, &sent.code).ok();
        assert_eq!(again.body["user"]["id"], first.body["user"]["id"]);
        assert_eq!(again.body["user"]["verifiedCredentials"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn what_is_no_number_or_not_of_the_country_gets_no_code() {
    let mut lab = Lab::new();
    for (country_code, national, iso) in [
        ("+1", "5555550100", "US"),
        ("1", "555-0100", "US"),
        ("1", "5555550100", "DE"),
        ("1", "5555550100", "us"),
        ("49", "3012345678", "US"),
        ("999", "5555550100", "US"),
        ("1", "555555010012345", "US"),
        ("1", "", "US"),
        ("", "15555550100", "US"),
    ] {
        let body =
            json!({ "phoneCountryCode": country_code, "phoneNumber": national, "isoCountryCode": iso });
        lab.post("/smsVerifications/create").body(body).send().refused(422, "invalid_phone");
    }
    for name in ["phoneCountryCode", "phoneNumber", "isoCountryCode"] {
        let mut body = number(ADA);
        body.as_object_mut().unwrap().remove(name);
        lab.post("/smsVerifications/create").body(body).send().refused(422, "invalid_request");
    }
    assert_eq!(lab.at(Method::Get, "/sandbox/inbox").send().ok().body, json!([]));
}

#[test]
fn a_code_steps_up_and_the_check_lists_the_number() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let check = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    let listed = check.body["credentials"].as_array().unwrap();
    let listed: Vec<_> = listed.iter().map(|it| (it["format"].clone(), it["alias"].clone())).collect();
    assert_eq!(listed, [(json!("email"), json!("ada@example.com")), (json!("phoneNumber"), json!(ADA))]);
    let sent = code_by(&mut lab, &ada, ADA);
    let answer = try_verify(&mut lab, &ada, &sent, &sent.code, &["wallet:export"]).ok();
    assert_eq!(answer.body["nextView"], "done");
    assert_eq!(answer.body["user"]["lastVerifiedCredentialId"], check.body["credentials"][1]["id"]);
    lab.export(&ada, Some(&answer.text("elevatedAccessToken"))).ok();
}

#[test]
fn wrong_codes_count_down_and_after_five_the_right_one_is_not_looked_at() {
    let mut lab = Lab::new();
    let sent = code_for(&mut lab, ADA);
    for left in [4, 3, 2, 1, 0] {
        let answer = try_sign_in(&mut lab, &sent, &sent.wrong_code());
        let answer = answer.refused(422, "wrong_sms_verification_token");
        assert_eq!(answer.body["payload"], json!({ "attemptsLeft": left }));
    }
    for code in [sent.wrong_code(), sent.code.clone()] {
        try_sign_in(&mut lab, &sent, &code).refused(422, "too_many_sms_verification_attempts");
    }
    assert_eq!(lab.evaluated(), 5);
}

#[test]
fn a_code_is_good_for_ten_minutes_and_once() {
    let mut lab = Lab::new();
    let [early, late] = [(), ()].map(|()| code_for(&mut lab, ADA));
    lab.wait(10 * MINUTE - SECOND);
    try_sign_in(&mut lab, &early, &early.code).ok();
    try_sign_in(&mut lab, &early, &early.code).refused(422, "invalid_sms_verification");
    lab.wait(SECOND);
    try_sign_in(&mut lab, &late, &late.code).refused(422, "invalid_sms_verification");
}

#[test]
fn a_resend_replaces_the_code_and_is_for_the_same_number_and_user() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let eve = lab.person("eve@example.com");
    let old = code_by(&mut lab, &ada, ADA);
    let path = "/smsVerifications/retry";
    let retry = |to: &str| with(number(to), "verificationUUID", &old.uuid);
    lab.post(path).by(&ada).body(retry("+15555550199")).send().refused(422, "invalid_verification");
    lab.post(path).by(&eve).body(retry(ADA)).send().refused(422, "invalid_verification");
    lab.post(path).body(retry(ADA)).send().refused(422, "invalid_verification");
    let by_email = json!({ "email": "ada@example.com", "verificationUUID": old.uuid });
    lab.post("/emailVerifications/retry").by(&ada).body(by_email).send().refused(422, "invalid_verification");

    let answer = lab.post(path).by(&ada).body(retry(ADA)).send().ok();
    let new = lab.newest(ADA);
    assert_eq!(answer.body["verificationUUID"], new.uuid);
    assert_ne!(new.uuid, old.uuid);
    try_verify(&mut lab, &ada, &old, &old.code, &[]).refused(422, "invalid_sms_verification");
    try_verify(&mut lab, &ada, &new, &new.code, &[]).ok();
}

#[test]
fn a_code_is_good_for_the_user_the_purpose_and_the_channel_that_it_was_sent_for() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let eve = lab.person("eve@example.com");
    let for_ada = code_by(&mut lab, &ada, ADA);
    let for_nobody = code_for(&mut lab, ADA);
    let by_email = lab.code_by(&ada, "ada@example.com");
    try_verify(&mut lab, &eve, &for_ada, &for_ada.code, &[]).refused(422, "invalid_verification");
    try_sign_in(&mut lab, &for_ada, &for_ada.code).refused(422, "invalid_verification");
    try_verify(&mut lab, &ada, &for_nobody, &for_nobody.code, &[]).refused(422, "invalid_verification");
    try_verify(&mut lab, &ada, &by_email, &by_email.code, &[]).refused(422, "invalid_verification");
    lab.try_verify(&ada, &for_ada.uuid, &for_ada.code, &[]).refused(422, "invalid_verification");
    lab.try_sign_in(&for_nobody.uuid, &for_nobody.code).refused(422, "invalid_verification");
    assert_eq!(lab.evaluated(), 0);
}

#[test]
fn thirty_codes_an_hour_go_to_a_number() {
    let mut lab = Lab::new();
    let send = |lab: &mut Lab, body: Value| lab.post("/smsVerifications/create").body(body).send();
    for _ in 0..30 {
        send(&mut lab, number("+12425550100")).ok();
    }
    let limited = send(&mut lab, number("+12425550100")).refused(429, "rate_limited");
    assert_eq!(limited.header("retry-after"), Some("3600"));
    // However the number is taken apart.
    let in_the_bahamas =
        json!({ "phoneCountryCode": "1242", "phoneNumber": "5550100", "isoCountryCode": "BS" });
    send(&mut lab, in_the_bahamas).refused(429, "rate_limited");
    let sent = lab.newest("+12425550100");
    let retry = with(number("+12425550100"), "verificationUUID", &sent.uuid);
    lab.post("/smsVerifications/retry").body(retry).send().refused(429, "rate_limited");
    send(&mut lab, number(ADA)).ok();
    try_sign_in(&mut lab, &sent, &sent.code).ok();
    lab.wait(60 * MINUTE);
    send(&mut lab, number("+12425550100")).ok();
}

#[test]
fn another_number_is_a_link_which_wants_an_elevation_and_grants_nothing() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let sent = code_by(&mut lab, &ada, ADA);
    try_verify(&mut lab, &ada, &sent, &sent.code, &["wallet:export"]).not_elevated();
    assert_eq!(lab.evaluated(), 0, "no code is looked at");
    lab.elevate(&ada, &["credential:link"]);
    let answer = try_verify(&mut lab, &ada, &sent, &sent.code, &["wallet:export"]).ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
    assert_eq!(answer.body["user"]["phoneNumber"], ADA);
    // From the next request on it is a credential like any other.
    let sent = code_by(&mut lab, &ada, ADA);
    try_verify(&mut lab, &ada, &sent, &sent.code, &["wallet:export"]).ok().text("elevatedAccessToken");
    let sent = code_for(&mut lab, ADA);
    assert_eq!(try_sign_in(&mut lab, &sent, &sent.code).ok().body["user"]["id"], ada.id);
}

#[test]
fn a_number_of_somebody_else_cannot_be_linked() {
    let mut lab = Lab::new();
    ada(&mut lab);
    let eve = lab.person("eve@example.com");
    lab.elevate(&eve, &["credential:link"]);
    let sent = code_by(&mut lab, &eve, ADA);
    try_verify(&mut lab, &eve, &sent, &sent.code, &[]).refused(422, "merge_accounts_invalid");
    assert_eq!(lab.user(&eve).ok().body["phoneNumber"], Value::Null);
}

#[test]
fn a_linked_number_does_not_sign_in_where_only_the_first_credential_does() {
    let mut lab = Lab::new();
    lab.set(json!({ "security": { "auth": { "allowMultipleCredentialsForSignIn": false } } }));
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    let sent = code_by(&mut lab, &ada, ADA);
    try_verify(&mut lab, &ada, &sent, &sent.code, &[]).ok();
    let sent = code_for(&mut lab, ADA);
    try_sign_in(&mut lab, &sent, &sent.code).refused(403, "credential_not_enabled_for_sign_in");
}

#[test]
fn with_a_second_factor_a_code_elevates_nothing() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    lab.enrol(&ada);
    let sent = code_by(&mut lab, &ada, ADA);
    try_verify(&mut lab, &ada, &sent, &sent.code, &["wallet:export"]).refused(403, "mfa_required");
    try_verify(&mut lab, &ada, &sent, &sent.code, &[]).ok();
}

#[test]
fn a_new_number_is_the_users_once_it_is_verified() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    lab.elevate(&ada, &["user:update", "credential:link"]);
    let put = |lab: &mut Lab, fields: Value| lab.ask(Method::Put, "/users").by(&ada).body(fields).send();
    assert_eq!(put(&mut lab, json!({ "phoneNumber": ADA })).ok().body["nextView"], "done", "no change");
    put(&mut lab, json!({ "phoneNumber": "12345" })).refused(422, "invalid_phone");
    put(&mut lab, json!({ "phoneNumber": null })).refused(422, "invalid_phone");
    let answer = put(&mut lab, json!({ "phoneNumber": "+493012345678" })).ok();
    assert_eq!(answer.body["nextView"], "verify-sms");
    assert_eq!(answer.body["user"]["phoneNumber"], ADA);
    let sent = lab.newest("+493012345678");
    assert_eq!(
        answer.body["smsVerification"],
        json!({
            "verificationUUID": sent.uuid, "phoneNumber": "3012345678", "phoneCountryCode": "49",
            "isoCountryCode": "DE",
        })
    );
    let verified = try_verify(&mut lab, &ada, &sent, &sent.code, &[]).ok();
    assert_eq!(verified.body["user"]["phoneNumber"], "+493012345678");
}

#[test]
fn who_leaves_takes_the_number_along() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    lab.elevate(&ada, &["user:delete"]);
    lab.ask(Method::Delete, "/users").by(&ada).send().ok();
    let sent = code_for(&mut lab, ADA);
    assert_ne!(try_sign_in(&mut lab, &sent, &sent.code).ok().body["user"]["id"], ada.id);
}

#[test]
fn a_user_on_order_may_have_a_number_and_nothing_else() {
    let mut lab = Lab::new();
    let order = |lab: &mut Lab, body: Value| lab.at(Method::Post, "/sandbox/users").body(body).send();
    let user = order(&mut lab, json!({ "phone": ADA })).ok();
    assert_eq!(user.body["user"]["phoneNumber"], ADA);
    assert_eq!(user.body["user"]["email"], Value::Null);
    order(&mut lab, json!({ "phone": ADA })).refused(422, "phone_taken");
    order(&mut lab, json!({ "phone": "5555550100" })).refused(422, "invalid_phone");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_many_codes_arrive_five_are_evaluated(codes in proptest::collection::vec("[0-9]{6}", 1..12)) {
        let mut lab = Lab::new();
        let sent = code_for(&mut lab, ADA);
        let (mut tries, mut is_used) = (0, false);
        for code in codes {
            let is_open = tries < 5 && !is_used;
            let answer = try_sign_in(&mut lab, &sent, &code);
            prop_assert_eq!(answer.status == 200, is_open && code == sent.code);
            tries += usize::from(is_open);
            is_used |= answer.status == 200;
        }
        prop_assert_eq!(lab.evaluated(), tries);
    }
}
