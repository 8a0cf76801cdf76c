//! Where sessions are in cookies: the thief has a page of their own that the victim opens, or the cookie's value.

use serde_json::{Value, json};
use step_up_core::Method;
use step_up_sandbox::Config;

use super::{ADA, EVERYTHING, NOT_ELEVATED, Theft, belongings};
use crate::{
    cookie::{ORIGIN, in_cookies, sign_in, token_of},
    lab::{Lab, Person},
};

/// A sandbox for one page, Ada's cookie, and Ada as whoever has its value.
fn victim() -> (Lab, String, Person) {
    let mut lab = in_cookies(Lab::with(Config::default().allow_origin(ORIGIN).unwrap()));
    let cookie = sign_in(&mut lab, ADA);
    let bearer = format!("Bearer {}", token_of(&cookie));
    let user = lab.get("/users").header("authorization", &bearer).send().ok();
    let credentials = user.body["verifiedCredentials"].as_array().unwrap();
    let wallet = credentials.iter().find_map(|it| it["embedded_wallet_id"].as_str()).unwrap().to_owned();
    let ada = Person {
        email: ADA.into(),
        id: user.body["id"].as_str().unwrap().to_owned(),
        token: token_of(&cookie).to_owned(),
        wallet,
        private_key: String::new(),
    };
    (lab, cookie, ada)
}

#[test]
fn by_a_page_that_makes_the_victims_browser_ask() {
    let (mut lab, cookie, ada) = victim();
    let export = format!("/waas/{}/privateKey/export", ada.wallet);
    let calls = [
        (Method::Post, export.as_str(), json!({})),
        (Method::Post, "/stepUp/check", json!({ "scope": "wallet:export" })),
        (Method::Post, "/emailVerifications/create", json!({ "email": ADA })),
        (Method::Post, "/emailVerifications/verify", json!({ "requestedScopes": EVERYTHING })),
        (Method::Post, "/users/mfa/auth/totp", json!({ "code": "000000", "requestedScopes": EVERYTHING })),
        (Method::Post, "/providers/google/initAuth", json!({ "state": "state-0123456789abcdef" })),
        (Method::Post, "/verify/unlink", json!({})),
        (Method::Put, "/users", json!({ "firstName": "Eve" })),
        (Method::Delete, "/users", Value::Null),
        (Method::Post, "/revoke", Value::Null),
    ];
    let before = belongings(&lab);
    for (method, path, body) in calls {
        let ask = lab.ask(method, path).header("cookie", &cookie).body(body.clone());
        ask.send().refused(403, "origin_required");
        for origin in
            ["https://evil.example", "http://localhost:3001", "null", "http://localhost:3000.evil.example"]
        {
            let ask = lab.ask(method, path).header("cookie", &cookie).header("origin", origin);
            let answer = ask.body(body.clone()).send().refused(403, "origin_not_allowed");
            assert_eq!(answer.header("access-control-allow-origin"), None);
            assert_eq!(answer.header("access-control-allow-credentials"), None);
        }
    }
    // Reads that do something, or show something.
    for path in ["/users/mfa/register/totp", "/users/mfa/recovery", "/users/passkeys/register", "/users"] {
        for site in ["cross-site", "same-site", "none"] {
            let ask = lab.get(path).header("cookie", &cookie).header("sec-fetch-site", site);
            ask.send().refused(403, "origin_required");
        }
    }
    assert_eq!(belongings(&lab), before);
}

#[test]
fn by_the_cookies_value() {
    let (lab, cookie, ada) = victim();
    let eve = ada.clone();
    let mut theft = Theft { lab, ada, eve };
    // As a bearer and as the thief's own cookie it is the session, and elevates as little.
    let export = format!("/waas/{}/privateKey/export", theft.ada.wallet);
    theft.fails(NOT_ELEVATED, |lab, ada| lab.export(ada, None));
    theft.fails(NOT_ELEVATED, |lab, _| {
        lab.post(&export).header("origin", ORIGIN).header("cookie", &cookie).send()
    });
    let sent = theft.lab.code_by(&theft.ada, "mallory@example.com");
    theft.fails(NOT_ELEVATED, |lab, ada| lab.try_verify(ada, &sent.uuid, &sent.code, &EVERYTHING));
    // A code that the thief asked for in it signs nobody in as the victim.
    let body = json!({ "verificationUUID": sent.uuid, "verificationToken": sent.code });
    theft.fails((422, "invalid_verification"), |lab, ada| {
        lab.post("/emailVerifications/signin").by(ada).header("origin", ORIGIN).body(body).send()
    });
}

/// Two cookies of one name: a server on another port of the victim's machine may have set one.
#[test]
fn by_a_cookie_beside_the_victims() {
    let (mut lab, cookie, _) = victim();
    let thiefs = sign_in(&mut lab, "eve@example.com");
    for cookies in [format!("{cookie}; {thiefs}"), format!("{thiefs}; {cookie}")] {
        let ask = lab.get("/users").header("origin", ORIGIN).header("cookie", &cookies);
        ask.send().refused(401, "unauthorized");
    }
}
