//! Users of another identity provider, whose tokens another implementation makes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use step_up_core::Method;

use crate::lab::{Answer, Lab, MINUTE, Person, SECOND, claims, part};

const ISSUER: &str = "https://idp.example";

/// The other provider: a key, and its name.
pub(crate) struct Issuer {
    pub(crate) key: [u8; 32],
    pub(crate) kid: &'static str,
}

pub(crate) const IDP: Issuer = Issuer { key: [7; 32], kid: "one" };
pub(crate) const OTHER: Issuer = Issuer { key: [8; 32], kid: "two" };

impl Issuer {
    fn jwk(&self) -> Value {
        let point = SigningKey::from_slice(&self.key).unwrap().verifying_key().to_sec1_point(false);
        let [x, y] = [1..33, 33..65].map(|range| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]));
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid, "x": x, "y": y })
    }

    /// A token, by another implementation.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.kid.into());
        // PKCS #8 around a P-256 key (RFC 5208, RFC 5915).
        let prefix = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
        let der = [base16ct::lower::decode_vec(prefix).unwrap(), self.key.to_vec()].concat();
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_der(&der)).unwrap()
    }

    /// A token with any header.
    pub(crate) fn forge(&self, header: &Value, claims: &Value) -> String {
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature: Signature = SigningKey::from_slice(&self.key).unwrap().sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

fn settings(external: Value) -> Value {
    json!({ "security": { "externalAuth": external } })
}

pub(crate) fn lab() -> Lab {
    let mut lab = Lab::new();
    lab.set(settings(
        json!({ "enabled": true, "iss": ISSUER, "jwks": { "keys": [IDP.jwk(), OTHER.jwk()] } }),
    ));
    lab
}

/// What is said about a user at sign-in.
fn identity(lab: &Lab, sub: &str) -> Value {
    let now = lab.now.as_secs();
    json!({ "iss": ISSUER, "aud": lab.config.environment_id(), "sub": sub, "iat": now, "exp": now + 300 })
}

/// What is said about a user who was verified once more.
pub(crate) fn assertion(lab: &Lab, sub: &str, scope: &str, jti: &str) -> Value {
    with(&with(&identity(lab, sub), "scope", json!(scope)), "jti", json!(jti))
}

fn with(json: &Value, name: &str, value: Value) -> Value {
    let mut json = json.clone();
    json[name] = value;
    json
}

fn without(json: &Value, name: &str) -> Value {
    let mut json = json.clone();
    json.as_object_mut().unwrap().remove(name);
    json
}

fn try_sign_in(lab: &mut Lab, jwt: &str) -> Answer {
    lab.post("/externalAuth/signin").body(json!({ "jwt": jwt })).send()
}

pub(crate) fn sign_in(lab: &mut Lab, sub: &str) -> Person {
    let jwt = IDP.sign(&identity(lab, sub));
    let answer = try_sign_in(lab, &jwt).ok();
    Person::from_answer(sub, &answer)
}

pub(crate) fn verify(lab: &mut Lab, person: &Person, jwt: &str) -> Answer {
    lab.post("/externalAuth/verify").by(person).body(json!({ "jwt": jwt })).send()
}

#[test]
fn whoever_the_other_provider_names_is_signed_in_as_the_same_user_each_time() {
    let mut lab = lab();
    let jwt = IDP.sign(&identity(&lab, "ada"));
    let first = try_sign_in(&mut lab, &jwt).ok();
    let user = &first.body["user"];
    assert_eq!(user["newUser"], true);
    assert_eq!(user["email"], Value::Null);
    let [external, wallet] = user["verifiedCredentials"].as_array().unwrap().as_slice() else {
        panic!("{user}");
    };
    assert_eq!(external["format"], "externalUser");
    assert_eq!(external["public_identifier"], "ada");
    assert_eq!(external["signInEnabled"], true);
    assert_eq!(claims(&first.text("minifiedJwt"))["signin_credential_id"], external["id"]);
    assert_eq!(wallet["wallet_provider"], "embeddedWallet");
    assert_eq!(first.body.get("elevatedAccessToken"), None, "a sign-in elevates nothing");

    lab.wait(MINUTE);
    let again = try_sign_in(&mut lab, &jwt).ok();
    assert_eq!(again.body["user"]["id"], user["id"]);
    assert_eq!(again.body["user"]["newUser"], false);
    assert_ne!(again.body["user"]["sessionId"], user["sessionId"]);
    let other = OTHER.sign(&identity(&lab, "bob"));
    assert_ne!(try_sign_in(&mut lab, &other).ok().body["user"]["id"], user["id"]);
}

#[test]
fn an_assertion_elevates_for_its_scopes_and_leaves_the_session_as_it_is() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let jwt = IDP.sign(&assertion(&lab, "ada", "wallet:export credential:link", "1"));
    let answer = verify(&mut lab, &ada, &jwt).ok();
    assert_eq!(answer.body.as_object().unwrap().len(), 1, "{}", answer.body);
    let token = answer.text("elevatedAccessToken");
    assert_eq!(claims(&token)["scope"], "wallet:export credential:link");
    assert_eq!(claims(&token)["sub"], ada.id);
    assert_eq!(claims(&token)["singleUse"], true);
    assert_eq!(part(&token, 0)["typ"], "elevated+jwt");
    lab.export(&ada, Some(&token)).ok();
    lab.export(&ada, Some(&token)).not_elevated();
}

#[test]
fn an_assertion_counts_once_also_after_a_restart() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let jwt = IDP.sign(&assertion(&lab, "ada", "wallet:export", "1"));
    verify(&mut lab, &ada, &jwt).ok();
    verify(&mut lab, &ada, &jwt).refused(422, "invalid_external_auth");
    try_sign_in(&mut lab, &jwt).refused(422, "invalid_external_auth");
    // Written anew, with the same name: the name is what counts.
    let anew = with(&assertion(&lab, "ada", "wallet:sign", "1"), "iat", Value::Null);
    verify(&mut lab, &ada, &OTHER.sign(&anew)).refused(422, "invalid_external_auth");
    lab.wait(299 * SECOND);
    let mut lab = lab.restarted();
    verify(&mut lab, &ada, &jwt).refused(422, "invalid_external_auth");
    let next = IDP.sign(&assertion(&lab, "ada", "wallet:export", "2"));
    verify(&mut lab, &ada, &next).ok();
}

#[test]
fn an_assertion_that_signed_in_is_used_up_for_every_call() {
    let mut lab = lab();
    let jwt = IDP.sign(&assertion(&lab, "ada", "wallet:export credential:link", "1"));
    let ada = Person::from_answer("ada", &try_sign_in(&mut lab, &jwt).ok());
    let mut lab = lab.restarted();
    try_sign_in(&mut lab, &jwt).refused(422, "invalid_external_auth");
    verify(&mut lab, &ada, &jwt).refused(422, "invalid_external_auth");
    lab.wait(299 * SECOND);
    try_sign_in(&mut lab, &jwt).refused(422, "invalid_external_auth");
    // Refused for another reason, it is not.
    let next = IDP.sign(&assertion(&lab, "ada", "wallet:export", "2"));
    let body = json!({ "jwt": next, "sessionPublicKey": "02ff" });
    lab.post("/externalAuth/signin").body(body).send().refused(422, "invalid_session_public_key");
    try_sign_in(&mut lab, &next).ok();
    // One that has no name signs in for as long as it is valid, and elevates nothing.
    let nameless = IDP.sign(&without(&assertion(&lab, "ada", "wallet:export", "3"), "jti"));
    try_sign_in(&mut lab, &nameless).ok();
    try_sign_in(&mut lab, &nameless).ok();
    verify(&mut lab, &ada, &nameless).refused(422, "invalid_external_auth");
}

#[test]
fn a_refused_assertion_is_not_used_up() {
    let mut lab = lab();
    let (ada, bob) = (sign_in(&mut lab, "ada"), sign_in(&mut lab, "bob"));
    let jwt = IDP.sign(&assertion(&lab, "ada", "wallet:export", "1"));
    verify(&mut lab, &bob, &jwt).refused(422, "invalid_external_auth");
    lab.post("/externalAuth/verify").body(json!({ "jwt": jwt })).send().refused(401, "unauthorized");
    verify(&mut lab, &ada, &jwt).ok();
}

#[test]
fn an_assertion_is_about_the_sessions_user() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let eve = lab.person("eve@example.com");
    for (person, sub) in [(&ada, "bob"), (&eve, "ada"), (&eve, "eve@example.com"), (&ada, ada.id.as_str())] {
        let jwt = IDP.sign(&assertion(&lab, sub, "wallet:export", "1"));
        verify(&mut lab, person, &jwt).refused(422, "invalid_external_auth");
    }
}

#[test]
fn another_issuers_user_of_the_same_name_is_somebody_else() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    lab.set(settings(
        json!({ "enabled": true, "iss": "https://other.example", "jwks": { "keys": [IDP.jwk()] } }),
    ));
    let theirs = with(&assertion(&lab, "ada", "wallet:export", "1"), "iss", json!("https://other.example"));
    verify(&mut lab, &ada, &IDP.sign(&theirs)).refused(422, "invalid_external_auth");
    let answer = try_sign_in(&mut lab, &IDP.sign(&theirs)).ok();
    assert_ne!(answer.body["user"]["id"], ada.id);
}

#[test]
fn claims_that_are_missing_or_wrong_are_refused() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let good = assertion(&lab, "ada", "wallet:export", "x");
    let now = lab.now.as_secs();
    for (what, claims) in [
        ("no iss", without(&good, "iss")),
        ("another iss", with(&good, "iss", json!("https://idp.example/"))),
        ("no aud", without(&good, "aud")),
        ("another aud", with(&good, "aud", json!("x"))),
        ("no aud of many", with(&good, "aud", json!([]))),
        ("no sub", without(&good, "sub")),
        ("an empty sub", with(&good, "sub", json!(""))),
        ("a long sub", with(&good, "sub", json!("x".repeat(256)))),
        ("a number for a sub", with(&good, "sub", json!(1))),
        ("no exp", without(&good, "exp")),
        ("exp now", with(&good, "exp", json!(now))),
        ("exp in words", with(&good, "exp", json!((now + 300).to_string()))),
        ("nbf later", with(&good, "nbf", json!(now + 61))),
        ("iat later", with(&good, "iat", json!(now + 61))),
    ] {
        let jwt = IDP.sign(&claims);
        assert_eq!(verify(&mut lab, &ada, &jwt).refused(422, "invalid_external_auth").status, 422, "{what}");
        assert_eq!(try_sign_in(&mut lab, &jwt).refused(422, "invalid_external_auth").status, 422, "{what}");
    }
    for (what, claims) in [
        ("no jti", without(&good, "jti")),
        ("an empty jti", with(&good, "jti", json!(""))),
        ("no scope", without(&good, "scope")),
        ("an empty scope", with(&good, "scope", json!(" "))),
    ] {
        let jwt = IDP.sign(&claims);
        assert_eq!(verify(&mut lab, &ada, &jwt).refused(422, "invalid_external_auth").status, 422, "{what}");
    }
    for scope in ["wallet:export wallet:everything", "admin", "wallet:export,wallet:sign"] {
        let jwt = IDP.sign(&with(&good, "scope", json!(scope)));
        verify(&mut lab, &ada, &jwt).refused(422, "invalid_scopes");
    }
    verify(&mut lab, &ada, &IDP.sign(&good)).ok();
}

#[test]
fn what_is_right_in_another_way_is_right() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let now = lab.now.as_secs();
    let environment = lab.config.environment_id().to_owned();
    for (index, (name, value)) in [
        ("aud", json!(["x", environment])),
        ("nbf", json!(now + 60)),
        ("iat", json!(now + 60)),
        ("iat", Value::Null),
        ("exp", json!(now as f64 + 0.5)),
        ("scope", json!("  wallet:export  ")),
        ("name", json!("Ada")),
    ]
    .into_iter()
    .enumerate()
    {
        let claims = with(&assertion(&lab, "ada", "wallet:export", &index.to_string()), name, value);
        verify(&mut lab, &ada, &IDP.sign(&claims)).ok();
    }
}

#[test]
fn an_assertion_ends_with_its_exp() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let [early, late] = ["1", "2"].map(|jti| IDP.sign(&assertion(&lab, "ada", "wallet:export", jti)));
    lab.wait(300 * SECOND - SECOND);
    verify(&mut lab, &ada, &early).ok();
    lab.wait(SECOND);
    verify(&mut lab, &ada, &late).refused(422, "invalid_external_auth");
    try_sign_in(&mut lab, &late).refused(422, "invalid_external_auth");
}

#[test]
fn forged_assertions_are_refused() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let claims = assertion(&lab, "ada", "wallet:export", "x");
    let header = json!({ "alg": "ES256", "kid": "one" });
    let good = IDP.forge(&header, &claims);
    let [signed_header, signed_claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let none = URL_SAFE_NO_PAD.encode(with(&header, "alg", json!("none")).to_string());
    let tampered = URL_SAFE_NO_PAD.encode(with(&claims, "scope", json!("wallet:sign")).to_string());
    for (what, token) in [
        ("nothing", String::new()),
        ("no token", "x".into()),
        ("dots", "..".into()),
        ("no algorithm, no signature", format!("{none}.{signed_claims}.")),
        ("no algorithm, old signature", format!("{none}.{signed_claims}.{signature}")),
        ("no signature", format!("{signed_header}.{signed_claims}.")),
        ("two parts", format!("{signed_header}.{signed_claims}")),
        ("four parts", format!("{good}.{signature}")),
        ("padded", format!("{good}=")),
        ("other claims", format!("{signed_header}.{tampered}.{signature}")),
        ("a zero signature", format!("{signed_header}.{signed_claims}.{}", URL_SAFE_NO_PAD.encode([0; 64]))),
        ("signed as no algorithm", IDP.forge(&with(&header, "alg", json!("none")), &claims)),
        ("signed as HS256", IDP.forge(&with(&header, "alg", json!("HS256")), &claims)),
        ("signed as ES384", IDP.forge(&with(&header, "alg", json!("ES384")), &claims)),
        ("signed as es256", IDP.forge(&with(&header, "alg", json!("es256")), &claims)),
        ("by one of the keys in the name of the other", OTHER.forge(&header, &claims)),
        ("by no key of the set", Issuer { key: [9; 32], kid: "one" }.sign(&claims)),
        ("in no name, with two keys", IDP.forge(&without(&header, "kid"), &claims)),
        ("in an unknown name", IDP.forge(&with(&header, "kid", json!("three")), &claims)),
        (
            "with its own key",
            Issuer { key: [9; 32], kid: "one" }
                .forge(&with(&header, "jwk", Issuer { key: [9; 32], kid: "one" }.jwk()), &claims),
        ),
        ("with an extension", IDP.forge(&with(&header, "crit", json!(["exp"])), &claims)),
        ("by the sandbox itself", ada.token.clone()),
    ] {
        assert_eq!(
            verify(&mut lab, &ada, &token).refused(422, "invalid_external_auth").status,
            422,
            "{what}"
        );
        assert_eq!(try_sign_in(&mut lab, &token).refused(422, "invalid_external_auth").status, 422, "{what}");
    }
    verify(&mut lab, &ada, &good).ok();
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let jwk = IDP.jwk();
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("one".into());
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    for secret in [point, jwk.to_string().into_bytes(), coordinate("x"), Vec::new()] {
        let claims = assertion(&lab, "ada", "wallet:export", "x");
        let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
        verify(&mut lab, &ada, &token).refused(422, "invalid_external_auth");
        try_sign_in(&mut lab, &token).refused(422, "invalid_external_auth");
    }
}

#[test]
fn the_only_key_need_not_be_named_and_the_audience_may_be_another() {
    let mut lab = Lab::new();
    let jwk = without(&without(&IDP.jwk(), "kid"), "alg");
    lab.set(settings(json!({ "enabled": true, "iss": ISSUER, "aud": "shop", "jwks": { "keys": [jwk] } })));
    let header = json!({ "alg": "ES256" });
    let for_shop = with(&identity(&lab, "ada"), "aud", json!("shop"));
    let for_environment = identity(&lab, "ada");
    try_sign_in(&mut lab, &IDP.forge(&header, &for_shop)).ok();
    try_sign_in(&mut lab, &IDP.forge(&header, &for_environment)).refused(422, "invalid_external_auth");
    try_sign_in(&mut lab, &IDP.sign(&for_shop)).refused(422, "invalid_external_auth");
}

#[test]
fn without_an_issuer_nobody_comes_from_elsewhere() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    lab.set(settings(json!({ "enabled": false, "iss": ISSUER, "jwks": { "keys": [IDP.jwk()] } })));
    let jwt = IDP.sign(&assertion(&lab, "ada", "wallet:export", "1"));
    try_sign_in(&mut lab, &jwt).refused(422, "invalid_external_auth");
    verify(&mut lab, &ada, &jwt).refused(422, "invalid_external_auth");
    lab.user(&ada).ok();
}

#[test]
fn settings_that_trust_nobody_or_show_a_private_key_are_refused() {
    let mut lab = Lab::new();
    let keys = |keys: Value| json!({ "enabled": true, "iss": ISSUER, "jwks": { "keys": keys } });
    let jwk = IDP.jwk();
    let [x, y] = ["x", "y"].map(|name| jwk[name].clone());
    for external in [
        json!({ "enabled": true }),
        json!({ "enabled": true, "iss": ISSUER }),
        json!({ "enabled": true, "jwks": { "keys": [jwk] } }),
        json!({ "enabled": true, "iss": "", "jwks": { "keys": [jwk] } }),
        json!({ "enabled": true, "iss": ISSUER, "aud": "", "jwks": { "keys": [jwk] } }),
        json!({ "enabled": true, "iss": ISSUER, "jwks": [] }),
        json!({ "enabled": false, "jwks": { "keys": [with(&jwk, "d", json!("AQ"))] } }),
        keys(json!([])),
        keys(json!([with(&jwk, "d", json!("AQ"))])),
        keys(json!([with(&jwk, "kty", json!("RSA"))])),
        keys(json!([with(&jwk, "kty", json!("oct"))])),
        keys(json!([with(&jwk, "crv", json!("P-384"))])),
        keys(json!([with(&jwk, "alg", json!("HS256"))])),
        keys(json!([with(&jwk, "use", json!("enc"))])),
        keys(json!([with(&with(&jwk, "x", y), "y", x)])),
        keys(json!([without(&jwk, "y")])),
        keys(json!([with(&jwk, "x", json!("AQ"))])),
        keys(json!([jwk, jwk])),
        keys(json!([without(&jwk, "kid"), OTHER.jwk()])),
    ] {
        let answer = lab.at(Method::Put, "/sandbox/settings").body(settings(external)).send();
        answer.refused(422, "invalid_settings");
    }
}

#[test]
fn an_external_user_is_offered_nothing_else_to_re_authenticate_with() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let check = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    assert_eq!(check.body, json!({ "isRequired": true, "credentials": [] }));
}

#[test]
fn with_a_second_factor_an_assertion_elevates_nothing() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let jwt = IDP.sign(&assertion(&lab, "ada", "credential:link", "1"));
    let elevated = verify(&mut lab, &ada, &jwt).ok().text("elevatedAccessToken");
    let app = lab.get("/users/mfa/register/totp").by(&ada).elevated(&elevated).send().ok();
    let app = crate::lab::App { id: app.text("id"), secret: app.text("secret") };
    let code = app.code(lab.now);
    lab.try_app(&ada, Some(&app), &code, &[]).ok();
    let jwt = IDP.sign(&assertion(&lab, "ada", "wallet:export", "2"));
    verify(&mut lab, &ada, &jwt).refused(403, "mfa_required");
    sign_in(&mut lab, "ada");
}

#[test]
fn who_leaves_is_forgotten_and_comes_back_as_somebody_new() {
    let mut lab = lab();
    let ada = sign_in(&mut lab, "ada");
    let jwt = IDP.sign(&assertion(&lab, "ada", "user:delete", "1"));
    let elevated = verify(&mut lab, &ada, &jwt).ok().text("elevatedAccessToken");
    lab.ask(Method::Delete, "/users").by(&ada).elevated(&elevated).send().ok();
    assert!(!serde_json::to_string(lab.sandbox.store()).unwrap().contains(&ada.id));
    assert_ne!(sign_in(&mut lab, "ada").id, ada.id);
}

#[test]
fn the_session_key_and_the_device_are_checked_as_in_every_sign_in() {
    let mut lab = lab();
    let jwt = IDP.sign(&identity(&lab, "ada"));
    let body = json!({ "jwt": jwt, "sessionPublicKey": "02ff" });
    lab.post("/externalAuth/signin").body(body).send().refused(422, "invalid_session_public_key");
    let with_half = lab.post("/externalAuth/signin").header("x-dynamic-device-nonce", "x");
    with_half.body(json!({ "jwt": jwt })).send().refused(403, "invalid_device_signature");
    lab.post("/externalAuth/signin").body(json!({})).send().refused(422, "invalid_request");
    assert!(!Value::from(lab.requests()).to_string().contains(&jwt));
}
