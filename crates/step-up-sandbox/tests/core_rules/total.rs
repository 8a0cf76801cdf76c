//! Whatever comes in, an answer goes out, and it is JSON.

use proptest::prelude::*;
use serde_json::{Value, json};
use step_up_core::Method;

use crate::lab::Lab;

#[test]
fn what_is_not_there_is_said_to_be() {
    let mut lab = Lab::new();
    lab.get("/nothing").send().refused(404, "not_found");
    lab.at(Method::Get, "/").send().refused(404, "not_found");
    lab.at(Method::Get, "/api/v0").send().refused(404, "not_found");
    lab.at(Method::Get, "/api/v0/sdk/11111111-1111-4111-8111-111111111111/settings")
        .send()
        .refused(404, "environment_not_found");
    lab.post("/settings").send().refused(405, "method_not_allowed");
    let answer = lab.ask(Method::Patch, "/users").send().refused(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET, PUT, DELETE"));
}

#[test]
fn what_the_protocol_has_and_the_sandbox_does_not_is_said_to_be() {
    let mut lab = Lab::new();
    for (method, path) in [
        (Method::Get, "/users/mfa/register/passkey"),
        (Method::Get, "/users/passkeys/signin"),
        (Method::Post, "/wallets/transfer"),
        (Method::Post, "/verify/transfer"),
        (Method::Post, "/providers/twitter/initAuth"),
    ] {
        lab.ask(method, path).send().refused(501, "not_implemented");
    }
}

#[test]
fn a_body_that_is_too_large_or_no_json_is_refused() {
    let mut lab = Lab::new();
    let path = "/emailVerifications/create";
    lab.post(path).raw(&[b' '; 64 * 1024 + 1]).send().refused(413, "body_too_large");
    let mut largest = br#"{"email":"ada@example.com"}"#.to_vec();
    largest.resize(64 * 1024, b' ');
    lab.post(path).raw(&largest).send().ok();
    for body in [b"".as_slice(), b"{", b"nonsense", b"\xff", b"{\"email\":\"a@b.example\"} x"] {
        lab.post(path).raw(body).send().refused(400, "malformed_json");
    }
    for body in [b"null".as_slice(), b"[]", b"{}", br#"{"email":1}"#] {
        lab.post(path).raw(body).send().refused(422, "invalid_request");
    }
    let deep = format!(r#"{{"x":{}"#, "[".repeat(60_000));
    lab.post(path).raw(deep.as_bytes()).send().refused(400, "malformed_json");
}

#[test]
fn a_refusal_does_not_quote_the_body() {
    let mut lab = Lab::new();
    for body in [r#"{"email":["hunter2"]}"#, r#"{"email":"a@b.example" hunter2}"#, r#""hunter2""#] {
        let answer = lab.post("/emailVerifications/create").raw(body.as_bytes()).send();
        assert!(!answer.body.to_string().contains("hunter2"), "{}", answer.body);
    }
}

/// What every answer says to browsers.
const EVERY_ANSWER: [(&str, &str); 3] = [
    ("cache-control", "no-store"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
];

fn method() -> impl Strategy<Value = Method> {
    prop_oneof![
        Just(Method::Get),
        Just(Method::Post),
        Just(Method::Put),
        Just(Method::Patch),
        Just(Method::Delete)
    ]
}

/// Paths near those that exist, and any text.
fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        Just("users".to_owned()),
        Just("emailVerifications".to_owned()),
        Just("smsVerifications".to_owned()),
        Just("verify".to_owned()),
        Just("signin".to_owned()),
        Just("create".to_owned()),
        Just("retry".to_owned()),
        Just("externalAuth".to_owned()),
        Just("stepUp".to_owned()),
        Just("check".to_owned()),
        Just("waas".to_owned()),
        Just("privateKey".to_owned()),
        Just("mfa".to_owned()),
        Just("auth".to_owned()),
        Just("register".to_owned()),
        Just("totp".to_owned()),
        Just("recovery".to_owned()),
        Just("export".to_owned()),
        Just("wallets".to_owned()),
        Just("link".to_owned()),
        Just("unlink".to_owned()),
        Just("sandbox".to_owned()),
        Just("faults".to_owned()),
        Just("settings".to_owned()),
        Just("clock".to_owned()),
        Just("nonces?count=9999999999999999999".to_owned()),
        "\\PC{0,12}",
    ];
    let below = proptest::collection::vec(segment, 0..4).prop_map(|parts| parts.join("/"));
    prop_oneof![
        4 => below.clone().prop_map(|path| format!("/api/v0/sdk/{}/{path}", step_up_sandbox::DEFAULT_ENVIRONMENT_ID)),
        2 => below.clone().prop_map(|path| format!("/sandbox/{path}")),
        1 => below.prop_map(|path| format!("/{path}")),
        1 => "\\PC{0,40}",
    ]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!("ada@example.com")),
        Just(json!("+15555550100")),
        Just(json!("1")),
        Just(json!("US")),
        Just(json!("wallet:export")),
    ];
    let key = prop_oneof![
        Just("email".to_owned()),
        Just("emails".to_owned()),
        Just("jwt".to_owned()),
        Just("phone".to_owned()),
        Just("phoneNumber".to_owned()),
        Just("phoneCountryCode".to_owned()),
        Just("isoCountryCode".to_owned()),
        Just("verificationUUID".to_owned()),
        Just("verificationToken".to_owned()),
        Just("requestedScopes".to_owned()),
        Just("sessionPublicKey".to_owned()),
        Just("scope".to_owned()),
        Just("code".to_owned()),
        Just("default".to_owned()),
        Just("id".to_owned()),
        Just("type".to_owned()),
        Just("path".to_owned()),
        Just("kind".to_owned()),
        Just("advanceSeconds".to_owned()),
        Just("now".to_owned()),
        Just("security".to_owned()),
        Just("metadata".to_owned()),
        Just("message".to_owned()),
        "\\PC{0,8}",
    ];
    let json = leaf.prop_recursive(4, 24, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop_oneof![
        4 => json.prop_map(|json| json.to_string().into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..64),
    ]
}

/// What a browser says about the page that asks.
fn page() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let header = prop_oneof![
        Just(("origin", "http://localhost:1")),
        Just(("origin", "https://evil.example")),
        Just(("host", "localhost")),
        Just(("host", "evil.example")),
        Just(("sec-fetch-site", "cross-site")),
        Just(("sec-fetch-site", "same-site")),
        Just(("sec-fetch-mode", "navigate")),
        Just(("accept", "text/html")),
    ];
    proptest::collection::vec(header, 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_request_is_a_panic_and_every_answer_is_json(
        requests in proptest::collection::vec((method(), path(), body(), any::<bool>(), "\\PC{0,30}", page()), 1..6),
    ) {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        for (method, path, body, is_signed_in, junk, headers) in requests {
            let ask = lab.at(method, &path).raw(&body).header("x-dyn-elevated-access-token", &junk);
            let ask = if is_signed_in { ask.by(&ada) } else { ask.header("authorization", &junk) };
            let ask = headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value));
            let answer = ask.header("x-dynamic-device-nonce", &junk).send();
            let is_page = answer.header("content-type") == Some("text/html; charset=utf-8");
            prop_assert!(is_page || !answer.body.is_string(), "{method:?} {path}: {}", answer.body);
            prop_assert!((200..600).contains(&answer.status));
            if answer.status >= 400 && !is_page {
                prop_assert!(answer.body["error"].is_string() && answer.body["code"].is_string());
            }
            prop_assert!(answer.status != 500, "{method:?} {path}: {}", answer.body);
            prop_assert!(answer.header("date").is_some());
            for (name, value) in EVERY_ANSWER {
                let values: Vec<_> = answer.headers.iter().filter(|(known, _)| known == name).collect();
                prop_assert!(values.len() == 1 && values[0].1 == value, "{method:?} {path}: {name} {values:?}");
            }
        }
    }
}
