//! Whose passkeys they are, and for which pages.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use step_up_sandbox::Config;

use super::*;
use crate::lab::MINUTE;

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

/// What is offered to a page signs for that page.
#[test]
fn a_check_lists_the_passkeys_of_the_page_that_asks() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    enrol(&mut lab, &ada);
    let mut listed = |origin: &str| {
        let ask = lab.post("/stepUp/check").by(&ada).header("origin", origin);
        let check = ask.body(json!({ "scope": "wallet:export" })).send().ok().body;
        assert_eq!(check["isRequired"], true);
        let credentials = check["credentials"].as_array().unwrap().clone();
        assert_eq!(check.get("defaultCredentialId"), credentials.first().map(|it| &it["id"]));
        credentials.len()
    };
    assert_eq!(listed(ORIGIN), 1);
    assert_eq!(listed("http://app.localhost:8080"), 0);
    assert_eq!(listed("http://127.0.0.1:8080"), 0);
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
