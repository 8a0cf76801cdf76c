//! Making passkeys, naming and forgetting them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use step_up_core::Method;

use super::*;
use crate::lab::SECOND;

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
        let hash = Sha256::digest("localhost");
        object.windows(32).position(|window| window == &hash[..]).unwrap()
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
