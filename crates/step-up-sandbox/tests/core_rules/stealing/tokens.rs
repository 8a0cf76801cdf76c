//! Tokens that are somebody else's, of another kind, of another place, or of nobody.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use step_up_core::Method;
use step_up_sandbox::{Config, Store as _};

use super::{ADA, EVERYTHING, NOT_ELEVATED, Theft};
use crate::{
    lab::{Lab, Person, claims, part},
    token::forge,
};

#[test]
fn by_an_elevated_token_of_another_user() {
    let mut theft = Theft::new();
    let eves = theft.lab.elevate(&theft.eve, &EVERYTHING);
    theft.fails(NOT_ELEVATED, |lab, ada| lab.export(ada, Some(&eves)));
    theft.fails(NOT_ELEVATED, |lab, ada| lab.ask(Method::Delete, "/users").by(ada).elevated(&eves).send());
    // Nor does the thief's session reach what is the victim's.
    let path = format!("/waas/{}/privateKey/export", theft.ada.wallet);
    let eve = theft.eve.clone();
    theft.fails((404, "wallet_not_found"), |lab, _| lab.post(&path).by(&eve).elevated(&eves).send());
}

#[test]
fn by_an_elevated_token_of_another_session_of_the_victim() {
    let mut theft = Theft::new();
    let desk = theft.lab.sign_in(ADA);
    let token = theft.lab.elevate(&desk, &EVERYTHING);
    theft.fails(NOT_ELEVATED, |lab, ada| lab.export(ada, Some(&token)));
    // It is as good as it was where it belongs.
    theft.lab.export(&desk, Some(&token)).ok();
}

#[test]
fn by_what_another_session_of_the_victim_holds() {
    let mut theft = Theft::new();
    let desk = theft.lab.sign_in(ADA);
    theft.lab.elevate(&desk, &["user:delete", "credential:link"]);
    theft.fails(NOT_ELEVATED, |lab, ada| lab.ask(Method::Delete, "/users").by(ada).send());
}

#[test]
fn by_a_session_token_in_place_of_an_elevated_one() {
    let mut theft = Theft::new();
    let mut tokens = vec![theft.ada.token.clone(), format!("Bearer {}", theft.ada.token)];
    tokens.push(theft.lab.sign_in(ADA).token);
    for token in tokens {
        theft.fails(NOT_ELEVATED, |lab, ada| lab.export(ada, Some(&token)));
    }
}

#[test]
fn by_an_elevated_token_in_place_of_a_session_token() {
    let mut theft = Theft::new();
    let token = theft.lab.elevate(&theft.ada, &["wallet:export"]);
    let thief = Person { token: token.clone(), ..theft.ada.clone() };
    for path in ["/refresh", "/revoke", "/stepUp/check"] {
        theft.fails((401, "unauthorized"), |lab, _| {
            lab.post(path).by(&thief).body(json!({ "scope": "wallet:export" })).send()
        });
    }
    theft.fails((401, "unauthorized"), |lab, _| lab.export(&thief, Some(&token)));
}

#[test]
fn by_a_token_of_another_environment() {
    let mut theft = Theft::new();
    let elsewhere = Config::new("11111111-1111-4111-8111-111111111111").unwrap();
    // The same key and the same users, so nothing but the environment differs.
    let mut other = Lab::from_store(elsewhere, theft.lab.sandbox.store().clone());
    other.now = theft.lab.now;
    let there = other.sign_in(ADA);
    assert_eq!(there.id, theft.ada.id);
    let token = other.elevate(&there, &EVERYTHING);
    theft.fails(NOT_ELEVATED, |lab, ada| lab.export(ada, Some(&token)));
    theft.fails((401, "unauthorized"), |lab, _| lab.export(&there, Some(&token)));
}

#[test]
fn by_a_token_that_nobody_signed_or_somebody_else() {
    let mut theft = Theft::new();
    // What a right one says. It is used, so that its twin below is all that is tried.
    let right = theft.lab.elevate(&theft.ada, &["wallet:export"]);
    theft.lab.export(&theft.ada, Some(&right)).ok();
    let (header, mut claims) = (part(&right, 0), claims(&right));
    claims["scope"] = EVERYTHING.join(" ").into();
    claims["singleUse"] = false.into();
    let encoded = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let with_alg = |alg: &str| {
        let mut header = header.clone();
        header["alg"] = alg.into();
        encoded(&header)
    };
    let signature = right.rsplit_once('.').unwrap().1;
    let mut tokens = vec![
        format!("{}.{}.", with_alg("none"), encoded(&claims)),
        format!("{}.{}.{signature}", with_alg("none"), encoded(&claims)),
        format!("{}.{}.", with_alg("None"), encoded(&claims)),
        format!("{}.{}.", with_alg("ES256"), encoded(&claims)),
        format!("{}.{}", with_alg("ES256"), encoded(&claims)),
        format!("{}.{}.{signature}", with_alg("ES256"), encoded(&claims)),
        forge(&[66; 32], &header, &claims),
        String::from(".."),
    ];
    // The public key as the secret of HMAC.
    let key = theft.lab.at(Method::Get, "/.well-known/jwks").send().ok().body["keys"][0].clone();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let mut confused = Header::new(Algorithm::HS256);
    confused.typ = Some("elevated+jwt".into());
    confused.kid = Some(key["kid"].as_str().unwrap().into());
    for secret in [[vec![4], coordinate("x"), coordinate("y")].concat(), key.to_string().into_bytes()] {
        let secret = EncodingKey::from_secret(&secret);
        tokens.push(jsonwebtoken::encode(&confused, &claims, &secret).unwrap());
    }
    for token in tokens {
        theft.fails(NOT_ELEVATED, |lab, ada| lab.export(ada, Some(&token)));
        theft.fails(NOT_ELEVATED, |lab, ada| {
            lab.ask(Method::Delete, "/users").by(ada).elevated(&token).send()
        });
    }
}

#[test]
fn by_tokens_of_a_session_that_was_signed_out() {
    let mut theft = Theft::new();
    let (old, token) = (theft.ada.clone(), theft.lab.elevate(&theft.ada, &EVERYTHING));
    theft.lab.post("/revoke").by(&old).send().ok();
    theft.ada.token = theft.lab.sign_in(ADA).token;
    theft.fails((401, "unauthorized"), |lab, _| lab.export(&old, Some(&token)));
    theft.fails((401, "unauthorized"), |lab, _| lab.post("/refresh").by(&old).send());
    theft.fails(NOT_ELEVATED, |lab, ada| lab.export(ada, Some(&token)));
    theft.fails(NOT_ELEVATED, |lab, ada| lab.ask(Method::Delete, "/users").by(ada).elevated(&token).send());
}

/// The thief's own elevation, signed by the sandbox itself, with other names in it.
#[test]
fn by_an_elevated_token_that_names_the_victims_session() {
    let mut theft = Theft::new();
    let key = crate::token::signing_key(&theft.lab);
    let eves = theft.lab.elevate(&theft.eve, &["wallet:export"]);
    let (header, mut forged) = (part(&eves, 0), claims(&eves));
    forged["sub"] = theft.ada.id.clone().into();
    forged["sid"] = claims(&theft.ada.token)["sid"].clone();
    let token = forge(&key, &header, &forged);
    theft.fails(NOT_ELEVATED, |lab, ada| lab.export(ada, Some(&token)));
    let granted = theft.lab.sandbox.store().list("elevations", "").unwrap();
    assert_eq!(granted.len(), 1, "a key alone grants nothing: {granted:?}");
}
