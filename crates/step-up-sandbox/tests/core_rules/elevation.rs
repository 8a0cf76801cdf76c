//! Who may elevate, and what an elevation is good for.

use proptest::prelude::*;
use serde_json::{Value, json};
use step_up_core::Method;

use crate::lab::{Lab, MINUTE, Person, SECOND, claims, part};

/// Lets the calls that are single use by default be used as often as they like.
fn time_bound_wallets() -> Value {
    let action = |name: &str| json!({ "action": name, "required": true, "tokenBehavior": "time_bound" });
    json!({ "security": { "mfa": { "actions": [action("wallet.waas.export"), action("wallet.waas.sign")] } } })
}

#[test]
fn an_export_wants_a_token_and_takes_it_once() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.export(&ada, None).not_elevated();
    let token = lab.elevate(&ada, &["wallet:export"]);
    let answer = lab.export(&ada, Some(&token)).ok();
    assert_eq!(answer.text("privateKey"), ada.private_key);
    assert!(ada.private_key.len() == 66 && ada.private_key.starts_with("0x"));
    lab.export(&ada, Some(&token)).not_elevated();
}

#[test]
fn the_exported_key_is_that_of_the_credentials_address() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["wallet:export"]);
    let exported = lab.export(&ada, Some(&token)).ok();
    let user = lab.user(&ada).ok();
    assert_eq!(user.body["verifiedCredentials"][1]["address"], exported.body["address"]);
}

#[test]
fn a_message_is_signed_with_a_token_of_its_own_scope() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let path = format!("/waas/{}/signMessage", ada.wallet);
    let message = json!({ "message": "hello" });
    let export = lab.elevate(&ada, &["wallet:export"]);
    lab.post(&path).by(&ada).elevated(&export).body(message.clone()).send().not_elevated();
    let sign = lab.elevate(&ada, &["wallet:sign"]);
    let answer = lab.post(&path).by(&ada).elevated(&sign).body(message).send().ok();
    assert_eq!(answer.text("signature").len(), 2 + 130);
    lab.export(&ada, Some(&export)).ok();
}

#[test]
fn a_refused_call_does_not_spend_the_token() {
    let mut lab = Lab::new();
    let (ada, bob) = (lab.person("ada@example.com"), lab.person("bob@example.com"));
    let token = lab.elevate(&ada, &["wallet:export", "wallet:sign"]);
    let of_bob = Person { wallet: bob.wallet, ..ada.clone() };
    lab.export(&of_bob, Some(&token)).refused(404, "wallet_not_found");
    let path = format!("/waas/{}/signMessage", ada.wallet);
    let sign = |lab: &mut Lab, body: &[u8]| lab.post(&path).by(&ada).elevated(&token).raw(body).send();
    sign(&mut lab, b"{}").refused(422, "invalid_request");
    sign(&mut lab, b"{").refused(400, "malformed_json");
    sign(&mut lab, br#"{"message":"hello"}"#).ok();
    lab.export(&ada, Some(&token)).not_elevated();
}

#[test]
fn a_single_use_token_lives_for_five_minutes() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let [early, late] = [(), ()].map(|()| lab.elevate(&ada, &["wallet:export"]));
    lab.wait(5 * MINUTE - SECOND);
    lab.export(&ada, Some(&early)).ok();
    lab.wait(SECOND);
    lab.export(&ada, Some(&late)).not_elevated();
}

#[test]
fn a_multi_use_token_lives_for_ten_minutes_and_is_taken_each_time() {
    let mut lab = Lab::new();
    lab.set(time_bound_wallets());
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["wallet:export"]);
    for _ in 0..3 {
        lab.export(&ada, Some(&token)).ok();
    }
    lab.wait(10 * MINUTE - SECOND);
    lab.export(&ada, Some(&token)).ok();
    lab.wait(SECOND);
    lab.export(&ada, Some(&token)).not_elevated();
}

#[test]
fn where_the_header_is_asked_for_a_held_elevation_is_not_enough() {
    let mut lab = Lab::new();
    lab.set(time_bound_wallets());
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["wallet:export"]);
    lab.export(&ada, None).not_elevated();
}

#[test]
fn where_a_held_elevation_is_enough_a_single_use_one_is_not() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    // Mixed with a wallet scope, it is single use.
    let token = lab.elevate(&ada, &["user:update", "wallet:export"]);
    let rename = |lab: &mut Lab, name: &str, token: &str| {
        let ask = lab.ask(Method::Put, "/users").by(&ada).body(json!({ "username": name }));
        ask.elevated(token).send()
    };
    rename(&mut lab, "ada", "").not_elevated();
    rename(&mut lab, "ada", &token).ok();
    rename(&mut lab, "lovelace", &token).not_elevated();
    lab.elevate(&ada, &["user:update"]);
    rename(&mut lab, "lovelace", "").ok();
    rename(&mut lab, "countess", &token).not_elevated();
}

#[test]
fn the_claims_are_those_of_the_session_and_the_request() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["credential:link", "user:update", "credential:link"]);
    let (session, elevated) = (claims(&ada.token), claims(&token));
    for name in ["iss", "aud", "sub", "sid", "environment_id"] {
        assert_eq!(session[name], elevated[name], "{name}");
        assert!(elevated[name].is_string(), "{name}");
    }
    assert_eq!(elevated["sub"], ada.id);
    assert_eq!(elevated["environment_id"], lab.config.environment_id());
    assert_eq!(elevated["scope"], "credential:link user:update");
    assert_eq!(elevated["singleUse"], false);
    assert_eq!(elevated["iat"], lab.now.as_secs());
    assert_eq!(elevated["exp"], lab.now.as_secs() + 600);
    assert_eq!(elevated["jti"].as_str().unwrap().len(), 36);
    assert_eq!(
        (&part(&ada.token, 0)["typ"], &part(&token, 0)["typ"]),
        (&json!("JWT"), &json!("elevated+jwt"))
    );
}

#[test]
fn two_elevations_are_never_the_same() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let [one, other] = [(), ()].map(|()| lab.elevate(&ada, &["wallet:export"]));
    assert_ne!(claims(&one)["jti"], claims(&other)["jti"]);
    lab.export(&ada, Some(&one)).ok();
    lab.export(&ada, Some(&other)).ok();
}

#[test]
fn a_mixed_request_is_single_use_if_one_of_its_scopes_is() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let claims = claims(&lab.elevate(&ada, &["credential:link", "wallet:export"]));
    assert_eq!(
        (&claims["singleUse"], &claims["scope"]),
        (&json!(true), &json!("credential:link wallet:export"))
    );
    assert_eq!(claims["exp"], lab.now.as_secs() + 300);
}

#[test]
fn the_environments_actions_say_how_long_and_how_often() {
    let mut lab = Lab::new();
    lab.set(json!({ "security": { "mfa": { "actions": [
        { "action": "wallet.waas.export", "required": true, "tokenBehavior": "time_bound", "tokenExpirySeconds": 42 }
    ] } } }));
    let ada = lab.person("ada@example.com");
    let claims = claims(&lab.elevate(&ada, &["wallet:export"]));
    assert_eq!((&claims["singleUse"], &claims["exp"]), (&json!(false), &json!(lab.now.as_secs() + 42)));
}

#[test]
fn a_scope_that_does_not_exist_is_refused_and_costs_no_try() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let sent = lab.code_by(&ada, "ada@example.com");
    for scopes in
        [["moon:land"].as_slice(), &["wallet:export credential:link"], &[""], &["wallet:export", "x"]]
    {
        lab.try_verify(&ada, &sent.uuid, &sent.code, scopes).refused(422, "invalid_scopes");
        lab.post("/stepUp/check")
            .by(&ada)
            .body(json!({ "scope": scopes.last() }))
            .send()
            .refused(422, "invalid_scopes");
    }
    assert_eq!(lab.evaluated(), 0);
    let elevated = lab.try_verify(&ada, &sent.uuid, &sent.code, &["wallet:export"]).ok();
    assert_eq!(claims(&elevated.text("elevatedAccessToken"))["scope"], "wallet:export");
}

#[test]
fn a_verification_without_scopes_elevates_nothing() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let sent = lab.code_by(&ada, "ada@example.com");
    let answer = lab.try_verify(&ada, &sent.uuid, &sent.code, &[]).ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
    assert_eq!(answer.body["nextView"], "done");
}

#[test]
fn a_sign_in_elevates_nothing_whatever_it_asks_for() {
    let mut lab = Lab::new();
    let sent = lab.code_for("ada@example.com");
    let body = json!({
        "verificationUUID": sent.uuid, "verificationToken": sent.code,
        "requestedScopes": ["wallet:export"], "allowNewMFALinking": true,
    });
    let answer = lab.post("/emailVerifications/signin").body(body).send().ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
}

#[test]
fn a_token_of_another_session_or_another_user_is_refused() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let ada_elsewhere = lab.sign_in("ada@example.com");
    let bob = lab.person("bob@example.com");
    assert_eq!(ada.id, ada_elsewhere.id);
    let of_ada = lab.elevate(&ada, &["wallet:export"]);
    let of_bob = lab.elevate(&bob, &["wallet:export"]);
    lab.export(&ada_elsewhere, Some(&of_ada)).not_elevated();
    lab.export(&ada, Some(&of_bob)).not_elevated();
    lab.export(&bob, Some(&of_ada)).not_elevated();
    lab.export(&ada, Some(&of_ada)).ok();
    lab.export(&bob, Some(&of_bob)).ok();
}

#[test]
fn an_elevation_ends_with_its_session() {
    let mut lab = Lab::new();
    lab.set(time_bound_wallets());
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["wallet:export", "user:update"]);
    lab.post("/revoke").by(&ada).send().ok();
    lab.export(&ada, Some(&token)).refused(401, "unauthorized");
    let again = lab.sign_in("ada@example.com");
    lab.export(&again, Some(&token)).not_elevated();
    let rename = json!({ "username": "ada" });
    lab.ask(Method::Put, "/users").by(&again).body(rename).send().not_elevated();
}

#[test]
fn a_session_token_is_no_elevated_token_and_an_elevated_token_is_no_session() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let token = lab.elevate(&ada, &["wallet:export"]);
    lab.export(&ada, Some(&ada.token)).not_elevated();
    let with_elevated = Person { token: token.clone(), ..ada.clone() };
    lab.user(&with_elevated).refused(401, "unauthorized");
    lab.export(&with_elevated, Some(&token)).refused(401, "unauthorized");
}

#[test]
fn a_stolen_bearer_does_not_elevate_by_an_address_of_the_thief() {
    let mut lab = Lab::new();
    let victim = lab.person("victim@example.com");
    let thief = lab.person("thief@example.com");
    // With the victim's bearer, a code goes to the thief, who types it right.
    for address in ["thief@example.com", "thief+2@example.com"] {
        let sent = lab.code_by(&victim, address);
        lab.try_verify(&victim, &sent.uuid, &sent.code, &["wallet:export"]).not_elevated();
        lab.try_verify(&victim, &sent.uuid, &sent.code, &["credential:link"]).not_elevated();
    }
    // The thief's own codes are the thief's.
    let sent = lab.code_by(&thief, "thief@example.com");
    lab.try_verify(&victim, &sent.uuid, &sent.code, &["wallet:export"]).refused(422, "invalid_verification");
    // And so is the thief's elevation.
    let token = lab.elevate(&thief, &["wallet:export", "credential:link"]);
    lab.export(&victim, Some(&token)).not_elevated();
    assert_eq!(lab.evaluated(), 1, "only the thief's own elevation looked at a code");
    let user = lab.user(&victim).ok();
    assert_eq!(user.body["verifiedCredentials"].as_array().unwrap().len(), 2, "nothing was linked");
}

#[test]
fn a_check_says_required_and_lists_what_elevates() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let answer = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    let email = &claims(&ada.token)["signin_credential_id"];
    assert_eq!(
        answer.body,
        json!({
            "isRequired": true,
            "credentials": [{ "id": email, "format": "email", "alias": "ada@example.com" }],
            "defaultCredentialId": email,
        })
    );
}

#[test]
fn the_default_is_the_credential_that_signed_in() {
    let mut lab = Lab::new();
    let emails = json!({ "emails": ["ada@example.com", "countess@example.com"] });
    lab.at(Method::Post, "/sandbox/users").body(emails).send().ok();
    let ada = lab.sign_in("countess@example.com");
    let answer = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    let aliases: Vec<_> = answer.body["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["alias"].as_str().unwrap())
        .collect();
    assert_eq!(aliases, ["ada@example.com", "countess@example.com"]);
    assert_eq!(answer.body["defaultCredentialId"], answer.body["credentials"][1]["id"]);
}

#[test]
fn with_step_up_off_a_check_says_no_and_guarded_calls_pass() {
    let mut lab = Lab::new();
    lab.set(json!({ "sdk": { "minApiVersion": "2026_01_01" } }));
    let ada = lab.person("ada@example.com");
    let answer = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    assert_eq!(answer.body["isRequired"], false);
    lab.export(&ada, None).ok();
    lab.ask(Method::Put, "/users").by(&ada).body(json!({ "username": "ada" })).send().ok();
    lab.ask(Method::Delete, "/users").by(&ada).send().ok();
}

#[test]
fn with_a_second_factor_a_code_by_email_does_not_elevate() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let app = lab.enrol(&ada);
    let evaluated = lab.evaluated();
    let sent = lab.code_by(&ada, "ada@example.com");
    lab.try_verify(&ada, &sent.uuid, &sent.code, &["wallet:export"]).refused(403, "mfa_required");
    assert_eq!(lab.evaluated(), evaluated);
    let answer = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    assert_eq!(
        answer.body,
        json!({
            "isRequired": true,
            "credentials": [{ "id": app.id, "format": "totp", "type": "totp", "alias": "Authenticator app" }],
            "defaultCredentialId": app.id,
        })
    );
    // Without scopes nothing is elevated, so nothing is refused.
    lab.try_verify(&ada, &sent.uuid, &sent.code, &[]).ok();
}

#[test]
fn a_second_factor_that_was_never_right_is_none() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.register_app(&ada);
    lab.elevate(&ada, &["wallet:export"]);
    let listed = |lab: &mut Lab, query: &str| {
        let methods = lab.get(&format!("/users/mfa/methods{query}")).by(&ada).send().ok();
        assert_eq!(methods.body["userHasVerifiedMfaMethods"], false);
        methods.body["devices"].as_array().unwrap().len()
    };
    assert_eq!(listed(&mut lab, "?verifiedOnly=true"), 0);
    assert_eq!(listed(&mut lab, ""), 1);
    let answer = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    assert_eq!(answer.body["credentials"][0]["format"], "email");
}

#[test]
fn a_user_without_second_factors_has_empty_lists() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let methods = lab.get("/users/mfa/methods?verifiedOnly=true").by(&ada).send().ok();
    assert_eq!(methods.body, json!({ "devices": [], "passkeys": [], "userHasVerifiedMfaMethods": false }));
}

/// Something that is done with a single-use token.
#[derive(Clone, Copy, Debug)]
enum Use {
    Export,
    Sign,
    WrongWallet,
    BadForm,
    WrongScope,
    OtherSession,
    Lost,
    Wait,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_single_use_token_is_accepted_at_most_once_in_whatever_order(
        uses in proptest::collection::vec(
            prop_oneof![
                Just(Use::Export), Just(Use::Sign), Just(Use::WrongWallet), Just(Use::BadForm),
                Just(Use::WrongScope), Just(Use::OtherSession), Just(Use::Lost), Just(Use::Wait),
            ],
            1..12,
        ),
    ) {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let elsewhere = lab.sign_in("ada@example.com");
        let token = lab.elevate(&ada, &["wallet:export", "wallet:sign"]);
        let sign = format!("/waas/{}/signMessage", ada.wallet);
        let (mut is_spent, mut age, mut accepted) = (false, 0, 0);
        for each in uses {
            let is_valid = !is_spent && age < 300;
            let status = match each {
                Use::Export => lab.export(&ada, Some(&token)).status,
                Use::Sign => {
                    let body = json!({ "message": "m" });
                    lab.post(&sign).by(&ada).elevated(&token).body(body).send().status
                }
                Use::WrongWallet => {
                    let nobodys = Person { wallet: "nobodys".into(), ..ada.clone() };
                    lab.export(&nobodys, Some(&token)).status
                }
                Use::BadForm => lab.post(&sign).by(&ada).elevated(&token).body(json!({})).send().status,
                Use::WrongScope => {
                    lab.ask(Method::Delete, "/users").by(&ada).elevated(&token).send().status
                }
                Use::OtherSession => lab.export(&elsewhere, Some(&token)).status,
                Use::Lost => {
                    lab.fault(json!({ "path": "/waas/*/privateKey/export", "kind": "drop-after" }));
                    lab.export(&ada, Some(&token)).status
                }
                Use::Wait => {
                    lab.wait(100 * SECOND);
                    age += 100;
                    continue;
                }
            };
            let expected = match each {
                Use::Export | Use::Sign | Use::Lost if is_valid => 200,
                Use::WrongWallet if is_valid => 404,
                Use::BadForm if is_valid => 422,
                _ => 403,
            };
            prop_assert_eq!(status, expected, "{:?}", each);
            is_spent |= status == 200;
            accepted += u32::from(status == 200);
        }
        prop_assert!(accepted <= 1);
    }
}
