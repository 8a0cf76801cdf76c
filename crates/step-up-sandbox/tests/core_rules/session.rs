//! Sessions and their bearer tokens.

use serde_json::json;
use step_up_core::Method;
use step_up_sandbox::{Config, Store as _};

use crate::lab::{Answer, Lab, MINUTE, Person, SECOND, claims, part};

#[test]
fn the_claims_say_who_and_which_session() {
    let mut lab = Lab::new();
    let key = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
    let key = p256_key(key);
    let sent = lab.code_for("ada@example.com");
    let body = json!({
        "verificationUUID": sent.uuid, "verificationToken": sent.code, "sessionPublicKey": key,
    });
    let answer = lab.post("/emailVerifications/signin").body(body).send().ok();
    let (user, token) = (&answer.body["user"], answer.text("minifiedJwt"));
    let claims = claims(&token);
    assert_eq!(claims["sub"], user["id"]);
    assert_eq!(claims["sid"], user["sessionId"]);
    assert_eq!(claims["environment_id"], lab.config.environment_id());
    assert_eq!(claims["scope"], "user:basic");
    assert_eq!(claims["iat"], lab.now.as_secs());
    assert_eq!(claims["exp"], answer.body["expiresAt"]);
    assert_eq!(claims["exp"], lab.now.as_secs() + 7200);
    assert_eq!(claims["signin_credential_id"], user["verifiedCredentials"][0]["id"]);
    assert_eq!(claims["last_verified_credential_id"], user["lastVerifiedCredentialId"]);
    assert_eq!(claims["session_public_key"], key);
    assert_eq!(claims["kid"], part(&token, 0)["kid"]);
    for name in ["iss", "aud"] {
        assert!(!claims[name].as_str().unwrap().is_empty(), "{name}");
    }
}

/// A compressed P-256 point, which that of another curve is not.
fn p256_key(secp256k1_key: &str) -> String {
    use p256::ecdsa::SigningKey;
    let bytes = base16ct::lower::decode_vec(&secp256k1_key[2..]).unwrap();
    let key = SigningKey::from_slice(&bytes).unwrap();
    base16ct::lower::encode_string(key.verifying_key().to_sec1_point(true).as_bytes())
}

#[test]
fn the_session_key_may_come_in_the_header() {
    let mut lab = Lab::new();
    let sent = lab.code_for("ada@example.com");
    let key = p256_key("020000000000000000000000000000000000000000000000000000000000000007");
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code });
    let answer = lab
        .post("/emailVerifications/signin")
        .header("x-dyn-session-public-key", &key)
        .body(body)
        .send()
        .ok();
    assert_eq!(claims(&answer.text("minifiedJwt"))["session_public_key"], key);
}

#[test]
fn who_is_not_signed_in_is_told_so() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer x.y.z",
        "Basic YTpi",
        &format!("Basic {}", ada.token),
        &ada.token,
    ] {
        let answer = lab.get("/users").header("authorization", header).send().refused(401, "unauthorized");
        assert_eq!(answer.body["error"], "Unauthorized");
    }
    lab.get("/users").header("authorization", &format!("bearer {}", ada.token)).send().ok();
}

#[test]
fn a_session_lives_for_two_hours_and_a_refresh_renews_it() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.wait(119 * MINUTE);
    let answer = lab.post("/refresh").by(&ada).send().ok();
    let fresh = Person { token: answer.text("minifiedJwt"), ..ada.clone() };
    assert_eq!(claims(&fresh.token)["sid"], claims(&ada.token)["sid"]);
    assert_eq!(answer.body["expiresAt"], lab.now.as_secs() + 7200);
    lab.wait(MINUTE - SECOND);
    lab.user(&ada).ok();
    lab.wait(SECOND);
    lab.user(&ada).refused(401, "unauthorized");
    lab.user(&fresh).ok();
    lab.wait(119 * MINUTE);
    lab.user(&fresh).refused(401, "unauthorized");
    lab.post("/refresh").by(&fresh).send().refused(401, "unauthorized");
}

/// Refreshes every hour for as long as that is answered, and for a hundred days at the most. How many hours it was.
fn refresh_for_ever(lab: &mut Lab, person: &mut Person) -> u32 {
    for hours in 0..100 * 24 {
        let answer = lab.post("/refresh").by(person).send();
        if answer.status != 200 {
            answer.refused(401, "unauthorized");
            return hours;
        }
        let expires_at = answer.body["expiresAt"].as_i64().unwrap();
        person.token = answer.text("minifiedJwt");
        assert_eq!(claims(&person.token)["exp"], expires_at);
        lab.wait(60 * MINUTE);
    }
    100 * 24
}

#[test]
fn refreshing_ends_thirty_days_after_the_last_proof() {
    let mut lab = Lab::new();
    let mut ada = lab.sign_in("ada@example.com");
    assert_eq!(refresh_for_ever(&mut lab, &mut ada), 30 * 24);
    lab.user(&ada).refused(401, "unauthorized");
    // The session is gone from the store with the next sign-in.
    lab.sign_in("ada@example.com");
    assert_eq!(lab.sandbox.store().list("sessions", "").unwrap().len(), 1);
}

#[test]
fn a_verification_starts_the_lifetime_of_the_session_again_and_a_link_does_not() {
    let mut lab = Lab::new();
    let mut ada = lab.sign_in("ada@example.com");
    let wait = |lab: &mut Lab, ada: &mut Person, days: u32| {
        for _ in 0..days * 24 {
            ada.token = lab.post("/refresh").by(ada).send().ok().text("minifiedJwt");
            lab.wait(60 * MINUTE);
        }
    };
    wait(&mut lab, &mut ada, 20);
    lab.elevate(&ada, &["credential:link"]);
    wait(&mut lab, &mut ada, 20);
    assert_eq!(refresh_for_ever(&mut lab, &mut ada), 10 * 24);

    let mut ada = lab.sign_in("ada@example.com");
    wait(&mut lab, &mut ada, 20);
    let link = lab.elevate(&ada, &["credential:link"]);
    let sent = lab.code_by(&ada, "ada2@example.com");
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code });
    lab.wait(5 * MINUTE);
    let answer = lab.post("/emailVerifications/verify").by(&ada).elevated(&link).body(body).send().ok();
    ada.token = answer.text("minifiedJwt");
    lab.wait(55 * MINUTE);
    wait(&mut lab, &mut ada, 29);
    // Twenty-nine days and an hour after the verification, and five minutes less after the link.
    assert_eq!(refresh_for_ever(&mut lab, &mut ada), 23);
}

#[test]
fn the_settings_say_how_long_a_session_lives_after_the_last_proof() {
    let mut lab = Lab::new();
    lab.set(json!({ "security": { "sessionMaxAgeSeconds": 10_800 } }));
    let mut ada = lab.sign_in("ada@example.com");
    let first = claims(&ada.token)["exp"].as_i64().unwrap();
    assert_eq!(first, lab.now.as_secs() + 7200);
    lab.wait(100 * MINUTE);
    let answer = lab.post("/refresh").by(&ada).send().ok();
    assert_eq!(answer.body["expiresAt"], lab.now.as_secs() + 80 * 60, "no token outlives the session");
    ada.token = answer.text("minifiedJwt");
    // Set to less while the session is open, it ends at once.
    lab.set(json!({ "security": { "sessionMaxAgeSeconds": 6001 } }));
    lab.user(&ada).ok();
    lab.set(json!({ "security": { "sessionMaxAgeSeconds": 6000 } }));
    lab.user(&ada).refused(401, "unauthorized");
    lab.post("/refresh").by(&ada).send().refused(401, "unauthorized");
    for wrong in [json!(0), json!(-1), json!("x"), json!(1.5), json!(40_000_000_000_u64)] {
        let settings = json!({ "security": { "sessionMaxAgeSeconds": wrong } });
        lab.at(Method::Put, "/sandbox/settings").body(settings).send().refused(422, "invalid_settings");
    }
}

#[test]
fn a_session_of_an_older_file_counts_from_its_next_refresh() {
    let mut lab = Lab::new();
    let mut ada = lab.sign_in("ada@example.com");
    let mut snapshot = serde_json::to_value(lab.sandbox.store()).unwrap();
    for session in snapshot["sessions"].as_object_mut().unwrap().values_mut() {
        let session = session.as_object_mut().unwrap();
        session.remove("proved_at");
        session.remove("device_key");
    }
    let now = lab.now;
    let mut lab = Lab::from_store(lab.config.clone(), serde_json::from_value(snapshot).unwrap());
    lab.now = now;
    assert_eq!(refresh_for_ever(&mut lab, &mut ada), 30 * 24);
}

#[test]
fn an_answer_to_nobody_says_whether_there_was_a_token() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let challenge = |answer: Answer| {
        let answer = answer.refused(401, "unauthorized");
        answer.header("www-authenticate").map(str::to_owned)
    };
    assert_eq!(challenge(lab.get("/users").send()).as_deref(), Some("Bearer"));
    lab.wait(120 * MINUTE);
    let over = Some(r#"Bearer error="invalid_token""#);
    for (method, path) in [
        (Method::Get, "/users"),
        (Method::Put, "/users"),
        (Method::Delete, "/users"),
        (Method::Post, "/refresh"),
        (Method::Post, "/revoke"),
        (Method::Post, "/stepUp/check"),
        (Method::Post, "/emailVerifications/create"),
        (Method::Post, "/emailVerifications/verify"),
        (Method::Post, "/smsVerifications/verify"),
        (Method::Post, "/externalAuth/verify"),
        (Method::Get, "/users/mfa/methods"),
        (Method::Post, "/users/mfa/auth/totp"),
    ] {
        let answer = lab.ask(method, path).by(&ada).body(json!({})).send();
        assert_eq!(challenge(answer).as_deref(), over, "{path}");
    }
}

#[test]
fn a_session_that_is_over_takes_its_elevations_along() {
    let mut lab = Lab::with(Config::default().with_session_lifetime(5 * MINUTE));
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["credential:link"]);
    assert_eq!(claims(&token)["exp"], lab.now.as_secs() + 600, "it would outlive the session");
    lab.wait(5 * MINUTE);
    lab.user(&ada).refused(401, "unauthorized");
    let again = lab.sign_in("ada@example.com");
    let register = |lab: &mut Lab, elevated: &str| {
        lab.get("/users/mfa/register/totp").by(&again).elevated(elevated).send()
    };
    register(&mut lab, &token).not_elevated();
    register(&mut lab, "").not_elevated();
    assert_eq!(lab.sandbox.store().list("elevations", "").unwrap(), []);
}

#[test]
fn a_refresh_keeps_what_is_held_and_does_not_prolong_it() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let link = lab.elevate(&ada, &["credential:link"]);
    lab.wait(MINUTE);
    let answer = lab.post("/refresh").by(&ada).send().ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
    let fresh = Person { token: answer.text("minifiedJwt"), ..ada.clone() };
    assert_eq!(claims(&fresh.token)["iat"], lab.now.as_secs());
    for session in [&ada, &fresh] {
        lab.get("/users/mfa/register/totp").by(session).elevated(&link).send().ok();
    }
    lab.wait(9 * MINUTE);
    lab.get("/users/mfa/register/totp").by(&fresh).elevated(&link).send().not_elevated();
}

#[test]
fn a_sign_out_voids_the_elevations_of_its_session_and_no_other() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let elsewhere = lab.sign_in("ada@example.com");
    let [here, there] = [&ada, &elsewhere].map(|session| lab.elevate(session, &["credential:link"]));
    lab.post("/revoke").by(&ada).send().ok();
    lab.post("/refresh").by(&ada).send().refused(401, "unauthorized");
    let register = |lab: &mut Lab, session: &Person, elevated: &str| {
        lab.get("/users/mfa/register/totp").by(session).elevated(elevated).send()
    };
    register(&mut lab, &elsewhere, &here).not_elevated();
    register(&mut lab, &elsewhere, &there).ok();
    assert_eq!(lab.sandbox.store().list("elevations", "").unwrap().len(), 1);
}

#[test]
fn a_verification_re_issues_the_token_of_the_same_session() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.wait(MINUTE);
    let sent = lab.code_by(&ada, "ada@example.com");
    let answer = lab.try_verify(&ada, &sent.uuid, &sent.code, &["wallet:export"]).ok();
    let (old, new) = (claims(&ada.token), claims(&answer.text("minifiedJwt")));
    assert_eq!(old["sid"], new["sid"]);
    assert_eq!(new["iat"].as_i64().unwrap() - old["iat"].as_i64().unwrap(), 60);
    assert_eq!(answer.body["expiresAt"], new["exp"]);
    assert_eq!(answer.body["user"]["id"], ada.id);
}

#[test]
fn after_sign_out_the_token_is_worth_nothing_and_other_sessions_stay() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let elsewhere = lab.sign_in("ada@example.com");
    // An empty body with a content type is what official clients send.
    lab.post("/revoke").by(&ada).header("content-type", "application/json").send().ok();
    lab.user(&ada).refused(401, "unauthorized");
    lab.post("/revoke").by(&ada).send().refused(401, "unauthorized");
    lab.user(&elsewhere).ok();
}

#[test]
fn a_bearer_that_is_no_longer_valid_is_refused_where_none_would_be_needed() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.post("/revoke").by(&ada).send().ok();
    let body = json!({ "email": "ada@example.com" });
    lab.post("/emailVerifications/create").by(&ada).body(body.clone()).send().refused(401, "unauthorized");
    lab.post("/emailVerifications/create").body(body).send().ok();
}
