//! Tokens, with another implementation as the oracle both ways, and forgeries.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, jwk::JwkSet};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use step_up_core::Method;
use step_up_sandbox::{Config, Store as _};

use crate::lab::{Lab, Person, claims, part};

/// The sandbox's own key, as only its store has it.
pub(crate) fn signing_key(lab: &Lab) -> Vec<u8> {
    let hex = lab.sandbox.store().get("keys", "token").unwrap().unwrap();
    base16ct::lower::decode_vec(hex.as_str().unwrap()).unwrap()
}

/// PKCS #8 around a P-256 key (RFC 5208, RFC 5915).
fn pkcs8(key: &[u8]) -> Vec<u8> {
    let prefix = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
    let mut der = base16ct::lower::decode_vec(prefix).unwrap();
    der.extend_from_slice(key);
    der
}

fn jwks(lab: &mut Lab) -> JwkSet {
    let at_root = lab.at(Method::Get, "/.well-known/jwks").send().ok().body;
    let below_environment = lab.get("/.well-known/jwks").send().ok().body;
    assert_eq!(at_root, below_environment);
    serde_json::from_value(at_root).unwrap()
}

/// Signs any header and claims with this key.
pub(crate) fn forge(key: &[u8], header: &Value, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature: Signature = SigningKey::from_slice(key).unwrap().sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn is_session(lab: &mut Lab, token: &str) -> bool {
    let answer = lab.get("/users").header("authorization", &format!("Bearer {token}")).send();
    if answer.status != 200 {
        answer.refused(401, "unauthorized");
        return false;
    }
    true
}

#[test]
fn another_implementation_verifies_our_tokens_by_the_key_set() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let elevated = lab.elevate(&ada, &["wallet:export"]);
    let keys = jwks(&mut lab);
    for token in [&ada.token, &elevated] {
        let header = jsonwebtoken::decode_header(token).unwrap();
        let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.set_audience(&[lab.config.environment_id()]);
        validation.set_issuer(&[claims(token)["iss"].as_str().unwrap()]);
        let decoded =
            jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap();
        assert_eq!(decoded.claims["sub"], ada.id);
        let cut = &token[..token.len() - 4];
        assert!(
            jsonwebtoken::decode::<Value>(cut, &DecodingKey::from_jwk(key).unwrap(), &validation).is_err(),
            "the oracle refuses something"
        );
    }
}

#[test]
fn we_verify_the_tokens_of_another_implementation() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let key = EncodingKey::from_ec_der(&pkcs8(&signing_key(&lab)));
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(part(&ada.token, 0)["kid"].as_str().unwrap().into());
    let token = jsonwebtoken::encode(&header, &claims(&ada.token), &key).unwrap();
    assert_ne!(token.split('.').next(), ada.token.split('.').next(), "written by another hand");
    assert!(is_session(&mut lab, &token));
    let elevated = claims(&lab.elevate(&ada, &["wallet:export"]));
    header.typ = Some("elevated+jwt".into());
    let token = jsonwebtoken::encode(&header, &elevated, &key).unwrap();
    lab.export(&ada, Some(&token)).ok();
}

#[test]
fn the_key_is_named_by_its_thumbprint() {
    use sha2::{Digest, Sha256};
    let mut lab = Lab::new();
    let key = lab.at(Method::Get, "/.well-known/jwks").send().ok().body["keys"][0].clone();
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, key["x"], key["y"]);
    assert_eq!(key["kid"], URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)));
    assert_eq!(key.get("d"), None);
}

#[test]
fn forged_session_tokens_are_refused() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let key = signing_key(&lab);
    let (header, claims) = (part(&ada.token, 0), claims(&ada.token));
    assert!(
        is_session(&mut lab, &forge(&key, &header, &claims)),
        "what is changed below is all that is wrong"
    );

    let with = |json: &Value, name: &str, value: Value| {
        let mut json = json.clone();
        json[name] = value;
        json
    };
    let [signed_header, signed_claims, signature] = ada.token.split('.').collect::<Vec<_>>()[..] else {
        panic!()
    };
    let none = URL_SAFE_NO_PAD.encode(with(&header, "alg", json!("none")).to_string());
    let tampered = URL_SAFE_NO_PAD.encode(with(&claims, "sub", json!("somebody else")).to_string());
    for (what, token) in [
        ("no algorithm, no signature", format!("{none}.{signed_claims}.")),
        ("no algorithm, old signature", format!("{none}.{signed_claims}.{signature}")),
        ("no signature", format!("{signed_header}.{signed_claims}.")),
        ("two parts", format!("{signed_header}.{signed_claims}")),
        ("four parts", format!("{}.{}", ada.token, signature)),
        ("other claims", format!("{signed_header}.{tampered}.{signature}")),
        ("padded", format!("{}=", ada.token)),
        ("another key", forge(&[9; 32], &header, &claims)),
        ("a zero signature", format!("{signed_header}.{signed_claims}.{}", URL_SAFE_NO_PAD.encode([0; 64]))),
        ("signed as no algorithm", forge(&key, &with(&header, "alg", json!("none")), &claims)),
        ("signed as HS256", forge(&key, &with(&header, "alg", json!("HS256")), &claims)),
        ("signed under another name", forge(&key, &with(&header, "kid", json!("x")), &claims)),
        ("of another kind", forge(&key, &with(&header, "typ", json!("elevated+jwt")), &claims)),
        ("of no kind", forge(&key, &with(&header, "typ", Value::Null), &claims)),
        ("with an extension", forge(&key, &with(&header, "crit", json!(["exp"])), &claims)),
        ("of another environment", forge(&key, &header, &with(&claims, "environment_id", json!("x")))),
        ("of another issuer", forge(&key, &header, &with(&claims, "iss", json!("x")))),
        ("of another user", forge(&key, &header, &with(&claims, "sub", json!("x")))),
        ("of another session", forge(&key, &header, &with(&claims, "sid", json!("x")))),
        ("expired", forge(&key, &header, &with(&claims, "exp", json!(lab.now.as_secs())))),
        ("without expiry", forge(&key, &header, &with(&claims, "exp", Value::Null))),
    ] {
        assert!(!is_session(&mut lab, &token), "{what}");
    }
}

#[test]
fn the_public_key_is_no_hmac_secret() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let key = lab.at(Method::Get, "/.well-known/jwks").send().ok().body["keys"][0].clone();
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(key["kid"].as_str().unwrap().into());
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    for secret in [point, key.to_string().into_bytes(), coordinate("x"), Vec::new()] {
        let secret = EncodingKey::from_secret(&secret);
        let token = jsonwebtoken::encode(&header, &claims(&ada.token), &secret).unwrap();
        assert!(!is_session(&mut lab, &token));
    }
}

#[test]
fn a_token_of_another_environment_or_another_sandbox_is_refused() {
    let ours = "11111111-1111-4111-8111-111111111111";
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let elevated = lab.elevate(&ada, &["wallet:export"]);
    // The same store, and so the same key, sessions and elevations, under another environment's name.
    let mut other = Lab::from_store(Config::new(ours).unwrap(), lab.sandbox.store().clone());
    other.now = lab.now;
    assert!(!is_session(&mut other, &ada.token));
    let bob = other.sign_in("ada@example.com");
    assert_eq!(bob.id, ada.id);
    other.export(&bob, Some(&elevated)).not_elevated();
    other.get("/users").by(&bob).send().ok();
    let foreign = format!("/api/v0/sdk/{}/users", lab.config.environment_id());
    other.at(Method::Get, &foreign).by(&bob).send().refused(404, "environment_not_found");
}

#[test]
fn forged_elevated_tokens_are_refused() {
    let mut lab = Lab::new();
    let (ada, bob) = (lab.person("ada@example.com"), lab.person("bob@example.com"));
    let elevated = lab.elevate(&ada, &["wallet:export"]);
    let key = signing_key(&lab);
    let (header, claims) = (part(&elevated, 0), claims(&elevated));
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        forge(&key, &header, &claims)
    };
    for (what, token) in [
        ("another key", forge(&[9; 32], &header, &claims)),
        ("more scopes than were granted", with("scope", json!("wallet:export wallet:sign"))),
        ("an elevation that was never granted", with("jti", json!("x"))),
        ("often instead of once", with("singleUse", json!(false))),
        ("another user", with("sub", json!(bob.id))),
        ("another session", with("sid", json!("x"))),
        ("another audience", with("aud", json!("x"))),
        ("another issuer", with("iss", json!("x"))),
        ("another environment", with("environment_id", json!("x"))),
        ("expired", with("exp", json!(lab.now.as_secs()))),
        ("no token", "x".into()),
        ("dots", "..".into()),
    ] {
        assert_eq!(lab.export(&ada, Some(&token)).not_elevated().status, 403, "{what}");
    }
    // A longer life in the token is none in the store.
    let longer = with("exp", json!(lab.now.as_secs() + 9000));
    lab.wait(std::time::Duration::from_secs(300));
    lab.export(&ada, Some(&longer)).not_elevated();
}

#[test]
fn the_other_signature_of_the_same_claims_is_no_second_use() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let elevated = lab.elevate(&ada, &["wallet:export"]);
    let (signed, signature) = elevated.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let (r, s) = signature.split_scalars();
    let twin = Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
    let twin = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(twin.to_bytes()));
    assert_ne!(twin, elevated);
    lab.export(&ada, Some(&elevated)).ok();
    lab.export(&ada, Some(&twin)).not_elevated();
}

#[test]
fn a_known_bearer_is_still_checked_against_the_clock_and_the_session() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    assert!(is_session(&mut lab, &ada.token));
    assert!(is_session(&mut lab, &ada.token));
    let swapped = Person { token: format!("{}x", ada.token), ..ada.clone() };
    assert!(!is_session(&mut lab, &swapped.token));
    lab.wait(std::time::Duration::from_secs(7200));
    assert!(!is_session(&mut lab, &ada.token));
}
