//! The control API.

use serde_json::{Value, json};
use step_up_core::Method;
use step_up_sandbox::Config;

use crate::lab::{Answer, Lab, claims};

fn control(lab: &mut Lab, method: Method, path: &str, body: &Value) -> Answer {
    lab.at(method, &format!("/sandbox/{path}")).body(body.clone()).send()
}

#[test]
fn the_inbox_has_the_newest_first_and_is_filtered_by_address() {
    let mut lab = Lab::new();
    let [first, _] = ["ada@example.com", "bob+x@example.com"].map(|email| lab.code_for(email));
    let second = lab.code_for("ada@example.com");
    let inbox = |lab: &mut Lab, query: &str| {
        lab.at(Method::Get, &format!("/sandbox/inbox{query}")).send().ok().body.as_array().unwrap().clone()
    };
    assert_eq!(inbox(&mut lab, "").len(), 3);
    let ada = inbox(&mut lab, "?to=ADA%40example.com");
    assert_eq!(
        ada[0],
        json!({
            "to": "ada@example.com", "channel": "email", "code": second.code,
            "verificationUUID": second.uuid, "sentAt": "2026-11-24T10:00:00.000Z",
        })
    );
    assert_eq!((ada.len(), &ada[1]["verificationUUID"]), (2, &json!(first.uuid)));
    assert_eq!(inbox(&mut lab, "?to=bob+x@example.com").len(), 1);
    assert_eq!(inbox(&mut lab, "?to=nobody@example.com").len(), 0);
}

#[test]
fn a_fixture_user_is_signed_in_and_has_what_was_asked_for() {
    let mut lab = Lab::new();
    let body = json!({ "emails": ["ada@example.com", "countess@example.com"] });
    let answer = control(&mut lab, Method::Post, "users", &body).ok();
    let user = &answer.body["user"];
    let emails: Vec<_> = user["verifiedCredentials"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|credential| credential["email"].as_str())
        .collect();
    assert_eq!(emails, ["ada@example.com", "countess@example.com"]);
    assert_eq!(claims(&answer.text("minifiedJwt"))["sub"], user["id"]);
    let wallet = &answer.body["wallets"][0];
    assert_eq!(user["verifiedCredentials"][1]["embedded_wallet_id"], wallet["walletId"]);
    assert_eq!(user["verifiedCredentials"][1]["address"], wallet["address"]);
    assert_eq!(lab.sign_in("countess@example.com").id, user["id"].as_str().unwrap());
}

#[test]
fn a_fixture_that_cannot_be_made_is_refused_as_a_whole() {
    let mut lab = Lab::new();
    lab.person("bob@example.com");
    for body in [
        json!({}),
        json!({ "email": "ada@example.com", "phone": "5555550100" }),
        json!({ "email": "ada@example.com", "wallets": [{}] }),
        json!({ "email": "ada@example.com", "totp": true }),
        json!({ "email": "ada" }),
        json!({ "email": "bob@example.com" }),
        json!({ "emails": ["ada@example.com", "bob@example.com"] }),
        json!({ "emails": ["ada@example.com", "ADA@example.com"] }),
        json!({ "email": "ada@example.com", "sessionPublicKey": "02" }),
    ] {
        let answer = control(&mut lab, Method::Post, "users", &body);
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.body["code"].is_string());
    }
    let user = control(&mut lab, Method::Post, "users", &json!({ "email": "ada@example.com" })).ok();
    assert_eq!(user.body["user"]["newUser"], true, "nothing of the refused ones is left");
}

#[test]
fn the_clock_moves_by_seconds_and_to_a_moment_and_goes_on() {
    let mut lab = Lab::new();
    let start = lab.now.as_millis();
    let now = |lab: &mut Lab| control(lab, Method::Get, "clock", &Value::Null).ok().body["now"].clone();
    assert_eq!(now(&mut lab), start);
    let moved = control(&mut lab, Method::Post, "clock", &json!({ "advanceSeconds": 90 })).ok();
    assert_eq!(moved.body["now"], start + 90_000);
    lab.wait(std::time::Duration::from_secs(5));
    assert_eq!(now(&mut lab), start + 95_000);
    control(&mut lab, Method::Post, "clock", &json!({ "advanceSeconds": -86_400 })).ok();
    assert_eq!(now(&mut lab), start + 95_000 - 86_400_000);
    control(&mut lab, Method::Post, "clock", &json!({ "now": 1_000_000_000_000_i64 })).ok();
    let answer = lab.get("/settings").send().ok();
    assert_eq!(answer.header("date"), Some("Sun, 09 Sep 2001 01:46:40 GMT"));
    for body in [json!({}), json!({ "advanceSeconds": 1, "now": 1 }), json!({ "advanceSeconds": "1" })] {
        control(&mut lab, Method::Post, "clock", &body).refused(422, "invalid_request");
    }
    for extreme in [i64::MAX, i64::MIN] {
        control(&mut lab, Method::Post, "clock", &json!({ "advanceSeconds": extreme })).ok();
        control(&mut lab, Method::Post, "clock", &json!({ "now": extreme })).ok();
        lab.sign_in("ada@example.com");
    }
}

#[test]
fn a_moved_clock_ends_what_is_over() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["wallet:export"]);
    let sent = lab.code_by(&ada, "ada@example.com");
    control(&mut lab, Method::Post, "clock", &json!({ "advanceSeconds": 600 })).ok();
    lab.export(&ada, Some(&token)).not_elevated();
    lab.try_verify(&ada, &sent.uuid, &sent.code, &[]).refused(422, "invalid_email_verification");
}

/// Clients are told where the providers are, too.
fn without_addresses(settings: &Value) -> Value {
    let mut settings = settings.clone();
    for provider in settings["providers"].as_array_mut().unwrap() {
        for address in ["baseAuthUrl", "authorizationUrl", "redirectUrl"] {
            provider.as_object_mut().unwrap().remove(address);
        }
    }
    settings
}

#[test]
fn settings_are_read_by_clients_as_they_were_written() {
    let mut lab = Lab::new();
    let written =
        control(&mut lab, Method::Put, "settings", &json!({ "general": { "displayName": "Shop" } })).ok();
    let read = lab.get("/settings?sdkVersion=ClientSDK%2F1.27.1").send().ok();
    assert_eq!(without_addresses(&read.body), written.body);
    assert_eq!(read.body["general"]["displayName"], "Shop");
    for member in ["chains", "kyc", "design", "general", "privacy", "sdk", "security"] {
        assert!(!read.body[member].is_null(), "{member}");
    }
    assert_eq!(control(&mut lab, Method::Get, "settings", &Value::Null).ok().body, written.body);
    control(&mut lab, Method::Put, "settings", &json!({ "security": { "mfa": { "required": true } } }))
        .refused(501, "not_implemented");
    assert_eq!(lab.get("/settings").send().ok().body, read.body);
}

#[test]
fn the_log_says_what_was_asked_and_no_secret() {
    let mut lab = Lab::new();
    let sent = lab.code_for("ada@example.com");
    let ada = lab.sign_in("ada@example.com");
    lab.try_sign_in(&sent.uuid, &sent.wrong_code()).refused(422, "wrong_email_verification_token");
    let token = lab.elevate(&ada, &["wallet:export"]);
    let exported = lab.export(&ada, Some(&token)).ok();
    lab.get("/users?token=hunter2").header("cookie", "hunter2").send().refused(401, "unauthorized");
    let requests = lab.requests();
    let export = &requests[requests.len() - 2];
    let url = lab.url(&format!("/waas/{}/privateKey/export", ada.wallet));
    assert_eq!(
        *export,
        json!({
            "id": requests.len() - 1, "at": "2026-11-24T10:00:00.000Z", "method": "POST", "path": url,
            "status": 200, "code": null, "fate": "sent", "hasBearer": true, "hasCookie": false, "hasElevated": true,
            "hasDeviceSignature": false, "evaluated": false, "user": ada.id,
        })
    );
    let refused = &requests[3];
    assert_eq!(
        (&refused["code"], &refused["evaluated"], &refused["user"]),
        (&json!("wrong_email_verification_token"), &json!(true), &Value::Null)
    );
    let text = Value::from(requests.clone()).to_string();
    for secret in [ada.token.as_str(), &token, &sent.code, &exported.text("privateKey"), "hunter2"] {
        assert!(!text.contains(secret), "{secret}");
    }
    // Looking does not change what is seen.
    assert_eq!(lab.requests(), requests);
}

#[test]
fn a_reset_leaves_nothing_but_the_key_and_the_position_of_the_randomness() {
    let mut lab = Lab::new();
    let before = lab.restarted().sandbox;
    let ada = lab.sign_in("ada@example.com");
    let first = lab.code_by(&ada, "new@example.com");
    lab.elevate(&ada, &["wallet:export"]);
    lab.get("/nonces").send().ok();
    lab.set(json!({ "sdk": { "minApiVersion": "2026_01_01" } }));
    lab.fault(json!({ "path": "/users", "kind": "drop" }));
    control(&mut lab, Method::Post, "clock", &json!({ "advanceSeconds": 90 })).ok();
    control(&mut lab, Method::Post, "reset", &Value::Null).ok();
    let store = |lab: &Lab| serde_json::to_value(lab.sandbox.store()).unwrap();
    let kept: Vec<_> = store(&lab)
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, values)| !values.as_object().unwrap().is_empty())
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(kept, ["keys", "random"]);
    assert_eq!(store(&lab)["keys"], serde_json::to_value(before.store()).unwrap()["keys"]);
    assert_eq!(lab.requests(), [] as [Value; 0]);
    lab.user(&ada).refused(401, "unauthorized");
    assert_eq!(lab.get("/settings").send().ok().body["sdk"]["minApiVersion"], "2026_04_01");
    let again = lab.sign_in("ada@example.com");
    assert_ne!(again.id, ada.id);
    assert_ne!(lab.code_by(&again, "new@example.com").uuid, first.uuid);
}

#[test]
fn without_control_there_is_none() {
    let mut lab = Lab::with(Config::default().without_control());
    for (method, path) in [
        (Method::Get, "inbox"),
        (Method::Post, "users"),
        (Method::Post, "captcha"),
        (Method::Get, "settings"),
        (Method::Post, "clock"),
        (Method::Post, "faults"),
        (Method::Get, "requests"),
        (Method::Post, "reset"),
    ] {
        control(&mut lab, method, path, &json!({})).refused(404, "not_found");
    }
    lab.get("/settings").send().ok();
}

#[test]
fn a_path_has_its_methods() {
    let mut lab = Lab::new();
    let answer = lab.at(Method::Delete, "/sandbox/settings").send().refused(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET, PUT"));
    lab.at(Method::Get, "/sandbox/nothing").send().refused(404, "not_found");
}
