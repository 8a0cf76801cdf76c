//! Stepping up with a passkey.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};
use step_up_core::Method;

use super::*;
use crate::lab::{MINUTE, SECOND};

#[test]
fn a_passkey_elevates() {
    for mut key in [Authenticator::new(), Authenticator::counting()] {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        lab.elevate(&ada, &["credential:link"]);
        register(&mut lab, &ada, &mut key);
        let token = elevate(&mut lab, &ada, &mut key, &["wallet:export"]);
        lab.export(&ada, Some(&token)).ok();
        lab.export(&ada, Some(&token)).not_elevated();
        let mut lab = lab.restarted();
        let answer = try_passkey(&mut lab, &ada, &mut key, &[]).ok();
        assert_eq!(answer.body.get("elevatedAccessToken"), None, "no scopes, no token");
        elevate(&mut lab, &ada, &mut key, &["wallet:export"]);
    }
}

#[test]
fn a_passkey_is_a_second_factor_so_codes_by_email_elevate_no_longer() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    let sent = lab.code_by(&ada, "ada@example.com");
    intact(&mut lab, |lab| lab.try_verify(&ada, &sent.uuid, &sent.code, &["wallet:export"]))
        .refused(403, "mfa_required");
    let passkey = lab.get("/users/passkeys").by(&ada).send().ok().body["passkeys"][0].clone();
    assert_eq!(
        passkey,
        json!({
            "id": passkey["id"], "credentialId": key.credential_id(), "createdAt": "2026-11-24T10:00:00.000Z",
            "updatedAt": "2026-11-24T10:00:00.000Z", "origin": ORIGIN,
        })
    );
    let methods = lab.get("/users/mfa/methods?verifiedOnly=true").by(&ada).send().ok();
    assert_eq!(
        methods.body,
        json!({ "devices": [], "passkeys": [passkey], "userHasVerifiedMfaMethods": true })
    );
    let body = json!({ "scope": "wallet:export" });
    let check = lab.post("/stepUp/check").by(&ada).body(body).send().ok();
    assert_eq!(
        check.body["credentials"],
        json!([{ "id": passkey["id"], "format": "passkey", "type": "passkey" }])
    );
    assert_eq!(check.body["defaultCredentialId"], passkey["id"]);
    let token = elevate(&mut lab, &ada, &mut key, &["credential:unlink"]);
    let body = json!({ "passkeyId": passkey["id"] });
    lab.ask(Method::Delete, "/users/passkeys").by(&ada).elevated(&token).body(body).send().ok();
    lab.elevate(&ada, &["wallet:export"]);
}

#[test]
fn the_newest_factor_is_the_default_unless_a_device_is_marked() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let default = |lab: &mut Lab| {
        let body = json!({ "scope": "wallet:export" });
        lab.post("/stepUp/check").by(&ada).body(body).send().ok().text("defaultCredentialId")
    };
    let app = lab.register_app(&ada);
    let code = app.code(lab.now);
    lab.try_app(&ada, Some(&app), &code, &[]).ok();
    assert_eq!(default(&mut lab), app.id);
    let first = register(&mut lab, &ada, &mut Authenticator::new());
    assert_eq!(default(&mut lab), first, "as new as the app");
    lab.wait(SECOND);
    let second = register(&mut lab, &ada, &mut Authenticator::new());
    assert_eq!(default(&mut lab), second);
    lab.ask(Method::Put, &format!("/users/mfa/{}", app.id)).by(&ada).send().ok();
    assert_eq!(default(&mut lab), app.id);
}

#[test]
fn an_answer_is_good_once() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    let assertion = sign(&mut lab, &ada, &mut key);
    try_assertion(&mut lab, &ada, &assertion, &["wallet:export"]).ok();
    let again = intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"]));
    again.refused(422, "invalid_verification");
    let mut lab = lab.restarted();
    intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &[])).refused(422, "invalid_verification");
    // Signed anew for the used challenge.
    let data = client_data("webauthn.get", challenge(&request_options(&mut lab, &ada)), ORIGIN);
    let first = key.sign_anything("localhost", &data, true);
    let second = key.sign_anything("localhost", &data, true);
    try_assertion(&mut lab, &ada, &first, &[]).ok();
    intact(&mut lab, |lab| try_assertion(lab, &ada, &second, &[])).refused(422, "invalid_verification");
}

#[test]
fn an_answer_that_was_lost_is_used() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    let assertion = sign(&mut lab, &ada, &mut key);
    lab.fault(json!({ "path": "/users/mfa/auth/passkey", "kind": "drop-after" }));
    try_assertion(&mut lab, &ada, &assertion, &["wallet:export"]);
    try_assertion(&mut lab, &ada, &assertion, &["wallet:export"]).refused(422, "invalid_verification");
}

#[test]
fn a_failing_answer_uses_its_challenge_up() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    let right = sign(&mut lab, &ada, &mut key);
    let mut broken = right.clone();
    broken["response"]["signature"] = "AAAA".into();
    wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &broken, &["wallet:export"])), "signature");
    intact(&mut lab, |lab| try_assertion(lab, &ada, &right, &["wallet:export"]))
        .refused(422, "invalid_verification");
    lab.wait(5 * MINUTE);
    let token = elevate(&mut lab, &ada, &mut key, &["credential:link"]);
    let options = creation_options(&mut lab, &ada);
    let right = Authenticator::new().create(ORIGIN, &options);
    let mut broken = right.clone();
    broken["response"]["attestationObject"] = "AAAA".into();
    let answer = intact(&mut lab, |lab| try_register(lab, &ada, &broken, &token));
    assert_eq!(answer.refused(422, "mfa_invalid_request").body["payload"]["reason"], "attestation");
    intact(&mut lab, |lab| try_register(lab, &ada, &right, &token)).refused(422, "invalid_verification");
}

#[test]
fn a_challenge_lives_five_minutes() {
    for (wait, is_in_time) in [(5 * MINUTE - SECOND, true), (5 * MINUTE, false)] {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let mut key = enrol(&mut lab, &ada);
        let options = creation_options(&mut lab, &ada);
        let attestation = Authenticator::new().create(ORIGIN, &options);
        let assertion = sign(&mut lab, &ada, &mut key);
        lab.wait(wait);
        if is_in_time {
            try_assertion(&mut lab, &ada, &assertion, &["wallet:export"]).ok();
            try_register(&mut lab, &ada, &attestation, "").ok();
        } else {
            intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"]))
                .refused(422, "invalid_verification");
            intact(&mut lab, |lab| try_register(lab, &ada, &attestation, ""))
                .refused(422, "invalid_verification");
        }
    }
}

#[test]
fn a_challenge_is_of_its_session_and_purpose() {
    let mut lab = Lab::new();
    let (ada, eve) = (lab.person("ada@example.com"), lab.person("eve@example.com"));
    let (mut key, mut eves) = (enrol(&mut lab, &ada), enrol(&mut lab, &eve));
    let other = second_session(&mut lab, &ada);
    let assertion = sign(&mut lab, &ada, &mut key);
    for person in [&other, &eve] {
        intact(&mut lab, |lab| try_assertion(lab, person, &assertion, &["wallet:export"]))
            .refused(422, "invalid_verification");
    }
    // Eve's own passkey, for Ada's challenge.
    let options = request_options(&mut lab, &ada);
    let data = client_data("webauthn.get", challenge(&options), ORIGIN);
    let of_eve = eves.sign_anything("localhost", &data, true);
    intact(&mut lab, |lab| try_assertion(lab, &eve, &of_eve, &[])).refused(422, "invalid_verification");
    // Nobody used it up for her.
    try_assertion(&mut lab, &ada, &assertion, &["wallet:export"]).ok();
    let data = client_data("webauthn.get", challenge(&creation_options(&mut lab, &ada)), ORIGIN);
    let assertion = key.sign_anything("localhost", &data, true);
    intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &[])).refused(422, "invalid_verification");
    let mut options = creation_options(&mut lab, &ada);
    options["challenge"] = request_options(&mut lab, &ada)["challenge"].clone();
    let attestation = Authenticator::new().create(ORIGIN, &options);
    intact(&mut lab, |lab| try_register(lab, &ada, &attestation, "")).refused(422, "invalid_verification");
    options["challenge"] = "made-up".into();
    let attestation = Authenticator::new().create(ORIGIN, &options);
    intact(&mut lab, |lab| try_register(lab, &ada, &attestation, "")).refused(422, "invalid_verification");
}

#[test]
fn eight_dialogs_may_be_open() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    let mut assertions = Vec::new();
    for _ in 0..9 {
        assertions.push(sign(&mut lab, &ada, &mut key));
        lab.wait(SECOND);
    }
    try_assertion(&mut lab, &ada, &assertions[0], &[]).refused(422, "invalid_verification");
    for assertion in &assertions[1..] {
        try_assertion(&mut lab, &ada, assertion, &[]).ok();
    }
}

#[test]
fn somebody_elses_passkey_does_not_exist() {
    let mut lab = Lab::new();
    let (ada, eve) = (lab.person("ada@example.com"), lab.person("eve@example.com"));
    let (mut key, mut eves) = (enrol(&mut lab, &ada), enrol(&mut lab, &eve));
    let data = client_data("webauthn.get", challenge(&request_options(&mut lab, &ada)), ORIGIN);
    let assertion = eves.sign_anything("localhost", &data, true);
    intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"]))
        .refused(422, "passkey_not_found");
    // Under the name of Ada's passkey.
    let data = client_data("webauthn.get", challenge(&request_options(&mut lab, &ada)), ORIGIN);
    let mut assertion = eves.sign_anything("localhost", &data, true);
    assertion["id"] = key.credential_id().into();
    assertion["rawId"] = key.credential_id().into();
    wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"])), "signature");
    // With Eve as the user.
    let mut assertion = sign(&mut lab, &ada, &mut key);
    assertion["response"]["userHandle"] = URL_SAFE_NO_PAD.encode(&eve.id).into();
    intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &[])).refused(422, "passkey_not_found");
    let eves_id = lab.get("/users/passkeys").by(&eve).send().ok().body["passkeys"][0]["id"].clone();
    let body = json!({ "id": eves_id, "alias": "mine" });
    intact(&mut lab, |lab| lab.ask(Method::Put, "/users/passkeys").by(&ada).body(body).send())
        .refused(422, "passkey_not_found");
    let token = elevate(&mut lab, &ada, &mut key, &["credential:unlink"]);
    let body = json!({ "passkeyId": eves_id });
    intact(&mut lab, |lab| {
        lab.ask(Method::Delete, "/users/passkeys").by(&ada).elevated(&token).body(body).send()
    })
    .refused(422, "passkey_not_found");
}

#[test]
fn the_user_is_verified_not_only_there() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    let mut options = request_options(&mut lab, &ada);
    options["userVerification"] = "discouraged".into();
    let assertion = key.sign(ORIGIN, &options);
    wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"])), "not-verified");
    elevate(&mut lab, &ada, &mut key, &["credential:link"]);
    let mut options = creation_options(&mut lab, &ada);
    options["authenticatorSelection"]["userVerification"] = "discouraged".into();
    let body = Authenticator::new().create(ORIGIN, &options);
    let answer = intact(&mut lab, |lab| try_register(lab, &ada, &body, ""));
    assert_eq!(answer.refused(422, "mfa_invalid_request").body["payload"]["reason"], "not-verified");
}

#[test]
fn a_counter_never_goes_back() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = Authenticator::counting();
    lab.elevate(&ada, &["credential:link"]);
    register(&mut lab, &ada, &mut key);
    let mut copy = key.clone();
    for _ in 0..3 {
        try_passkey(&mut lab, &ada, &mut key, &[]).ok();
    }
    let mut lab = lab.restarted();
    // The copy counts 1, 2 and 3, as the key did.
    for _ in 0..3 {
        let assertion = sign(&mut lab, &ada, &mut copy);
        wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"])), "counter");
    }
    key.set_counter(u32::MAX - 2);
    try_passkey(&mut lab, &ada, &mut key, &[]).ok();
    try_passkey(&mut lab, &ada, &mut key, &[]).ok();
    key.set_counter(0);
    let assertion = sign(&mut lab, &ada, &mut key);
    wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &[])), "counter");
}

#[test]
fn what_was_tampered_with_or_cut_off_is_refused() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    let decoded = |assertion: &Value, part: &str| {
        URL_SAFE_NO_PAD.decode(assertion["response"][part].as_str().unwrap()).unwrap()
    };
    // One that may be copied says that it may not, and the counter says something else.
    for (index, reason) in [(32, "signature"), (36, "signature"), (0, "relying-party")] {
        let mut assertion = sign(&mut lab, &ada, &mut key);
        let mut data = decoded(&assertion, "authenticatorData");
        data[index] ^= 0x18;
        assertion["response"]["authenticatorData"] = URL_SAFE_NO_PAD.encode(data).into();
        wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &[])), reason);
    }
    lab.wait(5 * MINUTE);
    for (part, reason) in [
        ("authenticatorData", "authenticator-data"),
        ("signature", "signature"),
        ("clientDataJSON", "client-data"),
    ] {
        let mut assertion = sign(&mut lab, &ada, &mut key);
        let mut bytes = decoded(&assertion, part);
        bytes.pop();
        assertion["response"][part] = URL_SAFE_NO_PAD.encode(bytes).into();
        wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"])), reason);
    }
    let data = client_data("webauthn.get", challenge(&request_options(&mut lab, &ada)), ORIGIN);
    let mut assertion = key.sign_anything("localhost", &data, true);
    assertion["response"]["clientDataJSON"] = URL_SAFE_NO_PAD.encode(data.replace("8080", "8081")).into();
    wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &[])), "signature");
}

#[test]
fn malformed_answers_are_refused_and_cost_nothing() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    let right = sign(&mut lab, &ada, &mut key);
    let before = lab.evaluated();
    for change in [
        |body: &mut Value| body["rawId"] = "AAAA".into(),
        |body: &mut Value| body["type"] = "password".into(),
        |body: &mut Value| body["response"]["signature"] = "A".into(),
        |body: &mut Value| body["response"]["signature"] = "AB==".into(),
        // The last digit has bits that mean nothing.
        |body: &mut Value| body["response"]["signature"] = "AB".into(),
        |body: &mut Value| body["response"]["signature"] = "A".repeat(400).into(),
        |body: &mut Value| body["response"]["authenticatorData"] = "A".repeat(6000).into(),
        |body: &mut Value| body["response"]["clientDataJSON"] = "A".repeat(6000).into(),
        |body: &mut Value| body["response"] = json!([]),
    ] {
        let mut body = right.clone();
        change(&mut body);
        intact(&mut lab, |lab| try_assertion(lab, &ada, &body, &[])).refused(422, "invalid_request");
    }
    intact(&mut lab, |lab| try_assertion(lab, &ada, &right, &["wallet:steal"]))
        .refused(422, "invalid_scopes");
    assert_eq!(lab.evaluated(), before);
    try_assertion(&mut lab, &ada, &right, &["wallet:export"]).ok();
    assert_eq!(lab.evaluated(), before + 1);
}

#[test]
fn five_wrong_answers_in_five_minutes_are_looked_at_whichever_factor_they_are_of() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let app = lab.register_app(&ada);
    let code = app.code(lab.now);
    lab.try_app(&ada, Some(&app), &code, &[]).ok();
    let mut key = Authenticator::new();
    register(&mut lab, &ada, &mut key);
    for left in [4, 3, 2, 1, 0] {
        let answer = match left % 2 {
            1 => lab.try_app(&ada, None, "x", &[]),
            _ => {
                let mut assertion = sign(&mut lab, &ada, &mut key);
                assertion["response"]["signature"] = "AAAA".into();
                try_assertion(&mut lab, &ada, &assertion, &[])
            }
        };
        assert_eq!(answer.refused(422, "mfa_invalid_code").body["payload"]["attemptsLeft"], left);
    }
    let assertion = sign(&mut lab, &ada, &mut key);
    let limited = intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"]));
    assert_eq!(limited.refused(429, "mfa_rate_limited").header("retry-after"), Some("300"));
    lab.wait(5 * MINUTE);
    elevate(&mut lab, &ada, &mut key, &["wallet:export"]);
}

/// What arrives.
#[derive(Clone, Copy, Debug)]
enum Step {
    Right,
    Wrong,
    Lost,
    Replay,
    Malformed,
    Wait(u32),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A model of used challenges and wrong answers, told from the answers alone.
    #[test]
    fn whatever_arrives_a_challenge_is_answered_once_and_five_wrong_answers_in_five_minutes_are_evaluated(
        steps in proptest::collection::vec(
            prop_oneof![
                3 => Just(Step::Right), 4 => Just(Step::Wrong), 1 => Just(Step::Lost), 2 => Just(Step::Replay),
                1 => Just(Step::Malformed), 1 => (1_u32..200).prop_map(Step::Wait),
            ],
            1..30,
        ),
    ) {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let mut key = enrol(&mut lab, &ada);
        let mut answered = sign(&mut lab, &ada, &mut key);
        try_assertion(&mut lab, &ada, &answered, &[]).ok();
        let before = lab.evaluated();
        let (mut wrong, mut evaluated) = (Vec::<i64>::new(), 0);
        for step in steps {
            let now = lab.now.as_secs();
            let is_looked_at = wrong.iter().filter(|given| **given + 300 > now).count() < 5;
            let mut assertion = match step {
                Step::Wait(secs) => {
                    lab.wait(secs * SECOND);
                    continue;
                }
                Step::Replay => answered.clone(),
                _ => sign(&mut lab, &ada, &mut key),
            };
            match step {
                Step::Wrong => assertion["response"]["signature"] = "AAAA".into(),
                Step::Malformed => assertion["type"] = "password".into(),
                Step::Lost => lab.fault(json!({ "path": "/users/mfa/auth/passkey", "kind": "drop-after" })),
                _ => {}
            }
            let expected = match step {
                Step::Malformed => (422, Some("invalid_request")),
                _ if !is_looked_at => (429, Some("mfa_rate_limited")),
                Step::Wrong => (422, Some("mfa_invalid_code")),
                Step::Replay => (422, Some("invalid_verification")),
                _ => (200, None),
            };
            let answer = try_assertion(&mut lab, &ada, &assertion, &["wallet:export"]);
            let code = answer.body["code"].as_str();
            prop_assert_eq!((answer.status, code), expected, "{:?}: {}", step, answer.body);
            match expected {
                (422, Some("mfa_invalid_code")) => wrong.push(now),
                (200, _) => answered = assertion,
                _ => continue,
            }
            evaluated += 1;
        }
        prop_assert_eq!(lab.evaluated() - before, evaluated);
    }

    #[test]
    fn no_answer_of_an_authenticator_is_a_panic(
        texts in proptest::collection::vec(
            prop_oneof!["[A-Za-z0-9_-]{0,200}", "\\PC{0,40}"], 7,
        ),
    ) {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        lab.elevate(&ada, &["credential:link"]);
        let options = request_options(&mut lab, &ada);
        let data = client_data("webauthn.get", challenge(&options), ORIGIN);
        for client_data in [URL_SAFE_NO_PAD.encode(data), texts[0].clone()] {
            let body = json!({
                "id": texts[1], "rawId": texts[1], "type": "public-key",
                "response": {
                    "clientDataJSON": client_data, "clientDataJson": client_data, "attestationObject": texts[2],
                    "authenticatorData": texts[3], "signature": texts[4], "userHandle": texts[5],
                    "transports": [texts[6]],
                },
            });
            let answer = intact(&mut lab, |lab| try_assertion(lab, &ada, &body, &[]));
            prop_assert!(answer.status < 500 && answer.body["code"].is_string());
            let answer = intact(&mut lab, |lab| try_register(lab, &ada, &body, ""));
            prop_assert!(answer.status < 500 && answer.body["code"].is_string());
        }
    }
}
