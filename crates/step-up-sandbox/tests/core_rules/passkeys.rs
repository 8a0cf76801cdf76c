//! Passkeys, with a software authenticator.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};
use step_up_core::Method;
use step_up_sandbox::{Config, Store as _};

use crate::{
    authenticator::{Authenticator, ORIGIN},
    lab::{Answer, Lab, MINUTE, Person, SECOND},
};

fn creation_options(lab: &mut Lab, person: &Person) -> Value {
    lab.get("/users/passkeys/register").by(person).header("origin", ORIGIN).send().ok().body
}

fn request_options(lab: &mut Lab, person: &Person) -> Value {
    lab.get("/users/passkeys/authenticate").by(person).header("origin", ORIGIN).send().ok().body
}

fn try_register(lab: &mut Lab, person: &Person, body: &Value, elevated: &str) -> Answer {
    let ask = lab.post("/users/passkeys/register").by(person).header("origin", ORIGIN);
    ask.elevated(elevated).body(body.clone()).send()
}

/// Registers with the elevation that the session holds.
fn register(lab: &mut Lab, person: &Person, key: &mut Authenticator) -> String {
    let options = creation_options(lab, person);
    let body = key.create(ORIGIN, &options);
    try_register(lab, person, &body, "").ok();
    let list = lab.get("/users/passkeys").by(person).send().ok();
    let passkeys = list.body["passkeys"].as_array().unwrap();
    let new = passkeys.iter().find(|it| it["credentialId"] == key.credential_id()).unwrap();
    new["id"].as_str().unwrap().to_owned()
}

/// Registers somebody's first passkey.
fn enrol(lab: &mut Lab, person: &Person) -> Authenticator {
    let mut key = Authenticator::new();
    lab.elevate(person, &["credential:link"]);
    register(lab, person, &mut key);
    key
}

fn try_assertion(lab: &mut Lab, person: &Person, assertion: &Value, scopes: &[&str]) -> Answer {
    let mut body = assertion.clone();
    body["requestedScopes"] = scopes.into();
    lab.post("/users/mfa/auth/passkey").by(person).header("origin", ORIGIN).body(body).send()
}

fn sign(lab: &mut Lab, person: &Person, key: &mut Authenticator) -> Value {
    let options = request_options(lab, person);
    key.sign(ORIGIN, &options)
}

fn try_passkey(lab: &mut Lab, person: &Person, key: &mut Authenticator, scopes: &[&str]) -> Answer {
    let assertion = sign(lab, person, key);
    try_assertion(lab, person, &assertion, scopes)
}

fn elevate(lab: &mut Lab, person: &Person, key: &mut Authenticator, scopes: &[&str]) -> String {
    try_passkey(lab, person, key, scopes).ok().text("elevatedAccessToken")
}

/// Another session of the same user.
fn second_session(lab: &mut Lab, person: &Person) -> Person {
    Person { token: lab.sign_in(&person.email).token, ..person.clone() }
}

fn client_data(kind: &str, challenge: &str, origin: &str) -> String {
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false }).to_string()
}

fn challenge(options: &Value) -> &str {
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

#[test]
fn registering_wants_an_elevation_by_header_or_held() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let options = creation_options(&mut lab, &ada);
    let body = Authenticator::new().create(ORIGIN, &options);
    intact(&mut lab, |lab| try_register(lab, &ada, &body, "")).not_elevated();
    let token = lab.elevate(&ada, &["credential:unlink", "wallet:export"]);
    intact(&mut lab, |lab| try_register(lab, &ada, &body, &token)).not_elevated();
    let bob = lab.person("bob@example.com");
    let bobs = lab.elevate(&bob, &["credential:link"]);
    intact(&mut lab, |lab| try_register(lab, &ada, &body, &bobs)).not_elevated();
    // What was refused for this used nothing up.
    let token = lab.elevate(&ada, &["credential:link"]);
    let answer = try_register(&mut lab, &ada, &body, &token).ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None, "it grants nothing");
    assert!(answer.body["minifiedJwt"].is_string() && answer.body["user"]["id"] == ada.id);
    // The session holds it as well.
    register(&mut lab, &ada, &mut Authenticator::new());
}

#[test]
fn a_single_use_elevation_registers_one_passkey_and_a_mistake_does_not_spend_it() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["credential:link", "wallet:export"]);
    let attempt = |lab: &mut Lab, breaks: bool| {
        let options = creation_options(lab, &ada);
        let mut body = Authenticator::new().create(ORIGIN, &options);
        if breaks {
            body["response"]["attestationObject"] = "AAAA".into();
        }
        try_register(lab, &ada, &body, &token)
    };
    intact(&mut lab, |lab| attempt(lab, true)).refused(422, "mfa_invalid_request");
    attempt(&mut lab, false).ok();
    intact(&mut lab, |lab| attempt(lab, false)).not_elevated();
}

#[test]
fn the_options_ask_for_what_is_checked() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut options = creation_options(&mut lab, &ada);
    assert_eq!(URL_SAFE_NO_PAD.decode(challenge(&options)).unwrap().len(), 32);
    options["challenge"] = "".into();
    assert_eq!(
        options,
        json!({
            "rp": { "id": "localhost", "name": "Sandbox" },
            "user": {
                "id": URL_SAFE_NO_PAD.encode(&ada.id), "name": "ada@example.com", "displayName": "ada@example.com",
            },
            "challenge": "",
            "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
            "timeout": 300_000,
            "excludeCredentials": [],
            "authenticatorSelection": {
                "residentKey": "preferred", "requireResidentKey": false, "userVerification": "required",
            },
            "attestation": "none",
        })
    );
    let key = enrol(&mut lab, &ada);
    let transports = ["hybrid", "internal"];
    assert_eq!(
        creation_options(&mut lab, &ada)["excludeCredentials"],
        json!([{ "id": key.credential_id(), "type": "public-key", "transports": transports }])
    );
    let mut options = request_options(&mut lab, &ada);
    assert_ne!(challenge(&options), challenge(&request_options(&mut lab, &ada)));
    options["challenge"] = "".into();
    assert_eq!(
        options,
        json!({
            "challenge": "", "timeout": 300_000, "rpId": "localhost", "userVerification": "required",
            "allowCredentials": [{ "id": key.credential_id(), "transports": transports }],
        })
    );
}

#[test]
fn the_options_are_for_somebody_who_is_signed_in() {
    let mut lab = Lab::new();
    for path in ["/users/passkeys", "/users/passkeys/register", "/users/passkeys/authenticate"] {
        lab.get(path).header("origin", ORIGIN).send().refused(401, "unauthorized");
    }
    lab.post("/users/mfa/auth/passkey").body(json!({})).send().refused(401, "unauthorized");
}

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
fn an_attestation_is_good_once() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    let options = creation_options(&mut lab, &ada);
    let body = Authenticator::new().create(ORIGIN, &options);
    try_register(&mut lab, &ada, &body, "").ok();
    intact(&mut lab, |lab| try_register(lab, &ada, &body, "")).refused(422, "invalid_verification");
    // Another authenticator's answer to the same challenge.
    let body = Authenticator::new().create(ORIGIN, &options);
    intact(&mut lab, |lab| try_register(lab, &ada, &body, "")).refused(422, "invalid_verification");
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
fn a_page_of_another_origin_gets_nothing() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    for (origin, reason) in [
        ("https://evil.example", "origin"),
        ("http://localhost.evil.example", "origin"),
        // Pages of this machine, but of another relying party.
        ("http://127.0.0.1:8080", "origin"),
        ("http://app.localhost:8080", "origin"),
        ("null", "origin"),
        ("", "origin"),
        ("http://localhost:8080/", "origin"),
    ] {
        let data = client_data("webauthn.get", challenge(&request_options(&mut lab, &ada)), origin);
        let assertion = key.sign_anything("localhost", &data, true);
        wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"])), reason);
        lab.wait(5 * MINUTE);
    }
    let challenge_of = |lab: &mut Lab| challenge(&request_options(lab, &ada)).to_owned();
    for (member, value) in [("crossOrigin", json!(true)), ("topOrigin", json!("https://evil.example"))] {
        let data = client_data("webauthn.get", &challenge_of(&mut lab), ORIGIN);
        let mut data: Value = serde_json::from_str(&data).unwrap();
        data[member] = value;
        let assertion = key.sign_anything("localhost", &data.to_string(), true);
        wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &[])), "cross-origin");
    }
    let data = client_data("webauthn.create", &challenge_of(&mut lab), ORIGIN);
    let assertion = key.sign_anything("localhost", &data, true);
    wrong(intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &[])), "ceremony");
}

#[test]
fn another_relying_partys_signature_is_none() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    for rp_id in ["evil.example", "app.localhost", "", "LOCALHOST"] {
        let data = client_data("webauthn.get", challenge(&request_options(&mut lab, &ada)), ORIGIN);
        let assertion = key.sign_anything(rp_id, &data, true);
        wrong(
            intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"])),
            "relying-party",
        );
    }
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
fn a_registration_is_checked_like_an_answer() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    let reason = |answer: Answer| {
        let answer = answer.refused(422, "mfa_invalid_request");
        answer.body["payload"]["reason"].as_str().unwrap().to_owned()
    };
    let mut attempt = |change: &dyn Fn(&mut Value)| {
        let options = creation_options(&mut lab, &ada);
        let mut body = Authenticator::new().create(ORIGIN, &options);
        body["challenge"] = options["challenge"].clone();
        change(&mut body);
        intact(&mut lab, |lab| try_register(lab, &ada, &body, ""))
    };
    let with_client_data = |body: &mut Value, kind: &str, origin: &str| {
        let data = client_data(kind, body["challenge"].as_str().unwrap(), origin);
        body["response"]["clientDataJson"] = URL_SAFE_NO_PAD.encode(data).into();
    };
    for (kind, origin, expected) in [
        ("webauthn.get", ORIGIN, "ceremony"),
        ("webauthn.create", "https://evil.example", "origin"),
        ("webauthn.create", "http://app.localhost:8080", "origin"),
    ] {
        assert_eq!(reason(attempt(&|body| with_client_data(body, kind, origin))), expected);
    }
    let with_object = |body: &mut Value, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let object = body["response"]["attestationObject"].as_str().unwrap();
        let object = change(URL_SAFE_NO_PAD.decode(object).unwrap());
        body["response"]["attestationObject"] = URL_SAFE_NO_PAD.encode(object).into();
    };
    let rp_id_at = |object: &[u8]| {
        let hash: [u8; 32] = sha2::Digest::finalize(sha2::Digest::chain_update(
            <sha2::Sha256 as sha2::Digest>::new(),
            "localhost",
        ))
        .into();
        object.windows(32).position(|window| window == hash).unwrap()
    };
    type Change = fn(Vec<u8>, usize) -> Vec<u8>;
    let changes: [(Change, &str); 6] = [
        (
            |mut object, at| {
                object[at] ^= 1;
                object
            },
            "relying-party",
        ),
        (
            |mut object, at| {
                object[at + 32] &= !1;
                object
            },
            "not-present",
        ),
        (
            |mut object, at| {
                object[at + 32] &= !4;
                object
            },
            "not-verified",
        ),
        (
            |mut object, at| {
                object[at + 32] &= !8;
                object
            },
            "backup",
        ),
        (
            |mut object, _| {
                object.pop();
                object
            },
            "attestation",
        ),
        // The algorithm of the key becomes EdDSA.
        (
            |mut object, _| {
                let at = object.len() - 77 + 4;
                object[at] = 0x27;
                object
            },
            "public-key",
        ),
    ];
    for (change, expected) in changes {
        let answer = attempt(&|body| {
            with_object(body, &|object| {
                let at = rp_id_at(&object);
                change(object, at)
            })
        });
        assert_eq!(reason(answer), expected);
    }
    // Another identifier than the authenticator's.
    let answer = attempt(&|body| {
        body["id"] = "AAAA".into();
        body["rawId"] = "AAAA".into();
    });
    assert_eq!(reason(answer), "authenticator-data");
    for change in [
        |body: &mut Value| body["rawId"] = "AAAA".into(),
        |body: &mut Value| body["type"] = "password".into(),
        |body: &mut Value| {
            let id = format!("{}=", body["id"].as_str().unwrap());
            body["id"] = id.clone().into();
            body["rawId"] = id.into();
        },
        |body: &mut Value| body["response"]["attestationObject"] = "A+/=".into(),
        |body: &mut Value| body["response"]["clientDataJson"] = "A".repeat(6000).into(),
        |body: &mut Value| body["response"]["attestationObject"] = "A".repeat(30_000).into(),
        |body: &mut Value| body["response"] = json!({}),
        |body: &mut Value| *body = Value::Null,
    ] {
        attempt(&change).refused(422, "invalid_request");
    }
    assert_eq!(lab.get("/users/passkeys").by(&ada).send().ok().body, json!({ "count": 0, "passkeys": [] }));
    register(&mut lab, &ada, &mut Authenticator::new());
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

#[test]
fn an_authenticator_is_registered_once_for_everybody() {
    let mut lab = Lab::new();
    let (ada, eve) = (lab.person("ada@example.com"), lab.person("eve@example.com"));
    let mut key = enrol(&mut lab, &ada);
    // A copy of Ada's passkey, as Eve's.
    let mut options = creation_options(&mut lab, &eve);
    lab.elevate(&eve, &["credential:link"]);
    let body = Authenticator::new().create(ORIGIN, &options);
    let original = key.credential_id();
    let new_id = body["id"].as_str().unwrap().to_owned();
    let object = body["response"]["attestationObject"].as_str().unwrap();
    let mut object = URL_SAFE_NO_PAD.decode(object).unwrap();
    let (from, to) = (URL_SAFE_NO_PAD.decode(&new_id).unwrap(), URL_SAFE_NO_PAD.decode(&original).unwrap());
    let at = object.windows(from.len()).position(|window| window == from).unwrap();
    object[at..at + to.len()].copy_from_slice(&to);
    let mut body = body;
    body["id"] = original.clone().into();
    body["rawId"] = original.into();
    body["response"]["attestationObject"] = URL_SAFE_NO_PAD.encode(object).into();
    let answer = intact(&mut lab, |lab| try_register(lab, &eve, &body, ""));
    assert_eq!(answer.refused(422, "mfa_invalid_request").body["payload"]["reason"], "registered");
    // Browsers do not even make a second one on the same authenticator.
    options = creation_options(&mut lab, &ada);
    assert_eq!(options["excludeCredentials"][0]["id"], key.credential_id());
    elevate(&mut lab, &ada, &mut key, &["wallet:export"]);
}

#[test]
fn a_user_has_at_most_twenty_passkeys() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    for _ in 0..20 {
        register(&mut lab, &ada, &mut Authenticator::new());
    }
    let options = creation_options(&mut lab, &ada);
    let body = Authenticator::new().create(ORIGIN, &options);
    intact(&mut lab, |lab| try_register(lab, &ada, &body, "")).refused(422, "max_passkeys_per_user");
}

#[test]
fn a_passkey_has_the_name_that_its_user_gives_it() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    let id = register(&mut lab, &ada, &mut Authenticator::new());
    let rename =
        |lab: &mut Lab, body: Value| lab.ask(Method::Put, "/users/passkeys").by(&ada).body(body).send();
    lab.wait(SECOND);
    let answer = rename(&mut lab, json!({ "id": id, "alias": "Laptop" })).ok();
    assert_eq!(
        (answer.text("alias"), answer.text("updatedAt")),
        ("Laptop".into(), "2026-11-24T10:00:01.000Z".into())
    );
    let body = json!({ "scope": "wallet:export" });
    let check = lab.post("/stepUp/check").by(&ada).body(body).send().ok();
    assert_eq!(check.body["credentials"][0]["alias"], "Laptop");
    intact(&mut lab, |lab| rename(lab, json!({ "id": id, "alias": "x".repeat(101) })))
        .refused(422, "invalid_request");
    intact(&mut lab, |lab| rename(lab, json!({ "id": "nobody" }))).refused(422, "passkey_not_found");
    for nameless in
        [json!({ "id": id }), json!({ "id": id, "alias": "" }), json!({ "id": id, "alias": null })]
    {
        rename(&mut lab, json!({ "id": id, "alias": "Laptop" })).ok();
        assert_eq!(rename(&mut lab, nameless).ok().body.get("alias"), None);
    }
}

#[test]
fn a_passkey_is_deleted_with_an_elevation_in_the_header() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = Authenticator::new();
    lab.elevate(&ada, &["credential:link"]);
    let id = register(&mut lab, &ada, &mut key);
    let token = elevate(&mut lab, &ada, &mut key, &["credential:unlink"]);
    let delete = |lab: &mut Lab, token: &str| {
        let ask = lab.ask(Method::Delete, "/users/passkeys").by(&ada).elevated(token);
        ask.header("x-mfa-auth-token", "").body(json!({ "passkeyId": id })).send()
    };
    intact(&mut lab, |lab| delete(lab, "")).not_elevated();
    let assertion = sign(&mut lab, &ada, &mut key);
    delete(&mut lab, &token).ok();
    intact(&mut lab, |lab| delete(lab, &token)).refused(422, "passkey_not_found");
    intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &["wallet:export"]))
        .refused(422, "passkey_not_found");
    assert_eq!(request_options(&mut lab, &ada)["allowCredentials"], json!([]));
}

#[test]
fn a_stolen_bearer_does_not_elevate_by_a_fresh_passkey() {
    let mut lab = Lab::new();
    let (victim, thief) = (lab.person("victim@example.com"), lab.person("thief@example.com"));
    let mut thiefs = enrol(&mut lab, &thief);
    let of_thief = elevate(&mut lab, &thief, &mut thiefs, &["credential:link"]);
    let options = creation_options(&mut lab, &victim);
    let body = Authenticator::new().create(ORIGIN, &options);
    for token in ["", &of_thief, &victim.token] {
        intact(&mut lab, |lab| try_register(lab, &victim, &body, token)).not_elevated();
    }
    let data = client_data("webauthn.get", challenge(&request_options(&mut lab, &victim)), ORIGIN);
    let assertion = thiefs.sign_anything("localhost", &data, true);
    intact(&mut lab, |lab| try_assertion(lab, &victim, &assertion, &["wallet:export"]))
        .refused(422, "passkey_not_found");
    assert_eq!(lab.get("/users/passkeys").by(&victim).send().ok().body["count"], 0);
}

#[test]
fn the_relying_party_is_the_host_of_the_page_and_no_address() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    for path in ["/users/passkeys/register", "/users/passkeys/authenticate"] {
        for origin in ["http://127.0.0.1:8080", "http://[::1]:8080"] {
            lab.get(path).by(&ada).header("origin", origin).send().refused(422, "invalid_relying_party");
        }
        lab.get(path).by(&ada).header("origin", "null").send().refused(403, "origin_not_allowed");
        let related = format!("{path}?relatedOriginRpId=evil.example");
        lab.get(&related).by(&ada).header("origin", ORIGIN).send().refused(501, "not_implemented");
        lab.get(&format!("{path}?relatedOriginRpId=localhost")).by(&ada).header("origin", ORIGIN).send().ok();
    }
    // Another name of the same machine is another relying party: its passkeys are its own.
    let options = |lab: &mut Lab, origin: Option<&str>| {
        let ask = lab.get("/users/passkeys/authenticate").by(&ada);
        match origin {
            Some(origin) => ask.header("origin", origin).send().ok().body,
            None => ask.send().ok().body,
        }
    };
    let other = options(&mut lab, Some("http://app.localhost:8080"));
    assert_eq!((&other["rpId"], &other["allowCredentials"]), (&json!("app.localhost"), &json!([])));
    let data = client_data("webauthn.get", challenge(&other), "http://app.localhost:8080");
    let assertion = key.sign_anything("app.localhost", &data, true);
    intact(&mut lab, |lab| try_assertion(lab, &ada, &assertion, &[])).refused(422, "passkey_not_found");
    // A page on the sandbox's own origin, or with the sandbox inside, sends no Origin.
    let own = options(&mut lab, None);
    assert_eq!(own["rpId"], "localhost");
    let assertion = key.sign("http://localhost:3000", &own);
    try_assertion(&mut lab, &ada, &assertion, &["wallet:export"]).ok();
}

#[test]
fn without_an_origin_the_relying_party_is_the_one_host_there_is() {
    let rp_id = |origins: &[&str]| {
        let config =
            origins.iter().fold(Config::default(), |config, origin| config.allow_origin(origin).unwrap());
        let mut lab = Lab::with(config);
        let ada = lab.person("ada@example.com");
        let answer = lab.get("/users/passkeys/authenticate").by(&ada).send();
        (answer.status == 200).then(|| answer.text("rpId"))
    };
    assert_eq!(rp_id(&["https://app.example"]).as_deref(), Some("app.example"));
    assert_eq!(rp_id(&["https://app.example", "https://app.example:8443"]).as_deref(), Some("app.example"));
    assert_eq!(rp_id(&["https://app.example", "https://shop.example"]), None);
    assert_eq!(rp_id(&["http://192.168.1.5"]), None);
}

#[test]
fn listed_origins_are_the_only_ones_that_sign() {
    let config = Config::default().allow_origin("https://app.example").unwrap();
    let mut lab = Lab::with(config);
    let ada = lab.person("ada@example.com");
    let origin = "https://app.example";
    lab.elevate(&ada, &["credential:link"]);
    let options = lab.get("/users/passkeys/register").by(&ada).header("origin", origin).send().ok().body;
    let mut key = Authenticator::new();
    let body = key.create(origin, &options);
    lab.post("/users/passkeys/register").by(&ada).header("origin", origin).body(body).send().ok();
    for (page, is_right) in
        [("https://app.example:444", false), ("http://app.example", false), (origin, true)]
    {
        let options =
            lab.get("/users/passkeys/authenticate").by(&ada).header("origin", origin).send().ok().body;
        let data = client_data("webauthn.get", challenge(&options), page);
        let body = key.sign_anything("app.example", &data, true);
        let ask = lab.post("/users/mfa/auth/passkey").by(&ada).header("origin", origin);
        let answer = ask.body(body).send();
        if is_right { drop(answer.ok()) } else { wrong(answer, "origin") }
    }
}

#[test]
fn leaving_takes_passkeys_and_challenges_along() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let mut key = enrol(&mut lab, &ada);
    let other = second_session(&mut lab, &ada);
    let challenges = [request_options(&mut lab, &ada), request_options(&mut lab, &other)];
    let snapshot = |lab: &Lab| serde_json::to_string(lab.sandbox.store()).unwrap();
    assert!(challenges.iter().all(|options| snapshot(&lab).contains(challenge(options))));
    lab.post("/revoke").by(&other).send().ok();
    assert!(!snapshot(&lab).contains(challenge(&challenges[1])));
    elevate(&mut lab, &ada, &mut key, &["user:delete"]);
    lab.ask(Method::Delete, "/users").by(&ada).send().ok();
    let snapshot = snapshot(&lab);
    assert!(!snapshot.contains(&key.credential_id()) && !snapshot.contains(&ada.id));
    assert!(!snapshot.contains(challenge(&challenges[0])));
}

#[test]
fn a_user_on_order_has_passkeys_whose_private_keys_are_elsewhere() {
    let mut lab = Lab::new();
    let somebody = lab.person("somebody@example.com");
    let mut key = Authenticator::counting();
    let options = creation_options(&mut lab, &somebody);
    let made = key.create(ORIGIN, &options);
    let passkey = json!({
        "credentialId": key.credential_id(), "publicKey": Authenticator::public_key(&made), "rpId": "localhost",
        "backupEligible": true,
    });
    let order = |lab: &mut Lab, email: &str, passkey: Value| {
        let body = json!({ "email": email, "passkeys": [passkey] });
        lab.at(Method::Post, "/sandbox/users").body(body).send()
    };
    let answer = order(&mut lab, "ada@example.com", passkey.clone()).ok();
    let ada = Person { token: answer.text("minifiedJwt"), ..lab.sign_in("ada@example.com") };
    let options = request_options(&mut lab, &ada);
    let mut assertion = key.sign(ORIGIN, &options);
    // The authenticator knows the user as somebody else, for whom it made the passkey.
    assertion["response"].as_object_mut().unwrap().remove("userHandle");
    let token =
        try_assertion(&mut lab, &ada, &assertion, &["wallet:export"]).ok().text("elevatedAccessToken");
    lab.export(&ada, Some(&token)).ok();
    intact(&mut lab, |lab| order(lab, "bob@example.com", passkey.clone()))
        .refused(422, "mfa_invalid_request");
    for (member, value) in [
        ("credentialId", json!("")),
        ("credentialId", json!("a=")),
        ("publicKey", json!("AAAA")),
        ("secretKey", json!("AAAA")),
    ] {
        let mut passkey = passkey.clone();
        passkey[member] = value;
        intact(&mut lab, |lab| order(lab, "bob@example.com", passkey)).refused(422, "invalid_request");
    }
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
