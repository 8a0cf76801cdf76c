//! Social accounts: who may sign in, step up, and link with them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use step_up_core::Method;

use crate::lab::{Answer, Lab, MINUTE, Person, SECOND, claims};

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

pub(crate) fn state(number: u32) -> String {
    format!("state-{number:026}")
}

pub(crate) fn begin(lab: &mut Lab, by: Option<&Person>, provider: &str, state: &str) -> Answer {
    let ask = lab.post(&format!("/providers/{provider}/initAuth")).body(json!({ "state": state }));
    match by {
        Some(person) => ask.by(person).send(),
        None => ask.send(),
    }
}

/// The settings of a provider, as clients read them.
pub(crate) fn provider(lab: &mut Lab, name: &str) -> Value {
    let settings = lab.get("/settings").send().ok();
    let providers = settings.body["providers"].as_array().unwrap();
    providers.iter().find(|it| it["provider"] == name).unwrap().clone()
}

/// The address of a provider's page, with a challenge for `verifier` where there is one.
pub(crate) fn authorize_url(lab: &mut Lab, name: &str, state: &str, verifier: Option<&str>) -> String {
    let settings = provider(lab, name);
    let text = |name: &str| settings[name].as_str().unwrap().to_owned();
    let redirect = text("redirectUrl").replace(':', "%3A").replace('/', "%2F");
    let challenge = verifier.map(|verifier| {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        format!("&code_challenge={challenge}&code_challenge_method=S256")
    });
    format!(
        "{}?client_id={}&response_type=code&redirect_uri={redirect}&scope=x&state={state}{}",
        text("baseAuthUrl"),
        text("clientId"),
        challenge.unwrap_or_default()
    )
}

pub(crate) fn decide(lab: &mut Lab, name: &str, ticket: &str, account: &str, decision: &str) -> Answer {
    let body = json!({ "ticket": ticket, "account": account, "decision": decision });
    lab.at(Method::Post, &format!("/sandbox-idp/{name}/authorize")).body(body).send()
}

/// Somebody consents at the provider, and what comes back is followed.
pub(crate) fn consent(
    lab: &mut Lab,
    name: &str,
    state: &str,
    verifier: Option<&str>,
    account: &str,
) -> Answer {
    let url = authorize_url(lab, name, state, verifier);
    let page = lab.at(Method::Get, &url).send().ok();
    let answer = decide(lab, name, &page.text("ticket"), account, "continue").ok();
    lab.at(Method::Get, &answer.text("redirectTo")).send()
}

/// The code that a provider gives to this account, for a flow that somebody began.
pub(crate) fn code(lab: &mut Lab, by: Option<&Person>, name: &str, state: &str, account: &str) -> String {
    begin(lab, by, name, state).ok();
    let back = consent(lab, name, state, Some(VERIFIER), account).ok();
    back.body["message"]["code"].as_str().unwrap().to_owned()
}

pub(crate) fn redemption(code: &str, state: &str) -> Value {
    json!({ "code": code, "state": state, "codeVerifier": VERIFIER })
}

fn sign_in(lab: &mut Lab, name: &str, body: Value) -> Answer {
    lab.post(&format!("/providers/{name}/signIn")).body(body).send()
}

pub(crate) fn verify(lab: &mut Lab, by: &Person, name: &str, mut body: Value, scopes: &[&str]) -> Answer {
    body["requestedScopes"] = json!(scopes);
    lab.post(&format!("/providers/{name}/verify")).by(by).body(body).send()
}

/// Somebody with an address and a Google account.
fn ada(lab: &mut Lab) -> Person {
    let social = json!([{ "provider": "google", "accountId": "1234", "username": "Ada", "email": "ada@mail.example" }]);
    lab.person_with("ada@example.com", json!({ "email": "ada@example.com", "social": social }))
}

fn credentials(answer: &Answer) -> Vec<Value> {
    let user = if answer.body["user"].is_object() { &answer.body["user"] } else { &answer.body };
    user["verifiedCredentials"].as_array().unwrap().clone()
}

#[test]
fn the_settings_name_four_providers_and_where_they_are() {
    let mut lab = Lab::new();
    let settings = lab.get("/settings").header("host", "LOCALHOST:8787").send().ok().body;
    let api = format!("http://localhost:8787/api/v0/sdk/{}", lab.config.environment_id());
    for name in ["google", "github", "apple", "discord"] {
        let entry =
            settings["providers"].as_array().unwrap().iter().find(|it| it["provider"] == name).unwrap();
        assert_eq!(entry["clientId"], format!("sandbox-{name}"));
        assert_eq!(entry["redirectUrl"], format!("{api}/providers/{name}/redirect"));
        for address in ["baseAuthUrl", "authorizationUrl"] {
            assert_eq!(entry[address], format!("http://localhost:8787/sandbox-idp/{name}/authorize"));
        }
        assert!(entry["enabledAt"].is_string() && entry["scopes"].is_string(), "{entry}");
    }
    assert_eq!(settings["kyc"][0]["name"], "social");
}

#[test]
fn settings_of_providers_that_would_change_nothing_are_refused() {
    let mut lab = Lab::new();
    let mut put = |settings: Value| lab.at(Method::Put, "/sandbox/settings").body(settings).send();
    put(json!({ "providers": [{ "provider": "twitter" }] })).refused(501, "not_implemented");
    for settings in [
        json!({ "providers": [{ "provider": "google", "clientId": "x", "redirectUrl": "https://evil.example" }] }),
        json!({ "providers": [{ "provider": "google", "enabledAt": "2026-01-01T00:00:00.000Z" }] }),
        json!({ "sandbox": { "crossOriginOpenerPolicy": true } }),
        json!({ "sandbox": { "crossOriginOpenerPolicy": ["twitter"] } }),
    ] {
        put(settings).refused(422, "invalid_settings");
    }
    put(json!({ "providers": [{ "provider": "google", "clientId": "x", "enabledAt": null }] })).ok();
    begin(&mut lab, None, "google", &state(1)).refused(422, "provider_not_enabled");
    begin(&mut lab, None, "github", &state(1)).refused(422, "provider_not_enabled");
    begin(&mut lab, None, "nobody", &state(1)).refused(422, "invalid_provider");
}

#[test]
fn a_new_account_is_a_new_user_and_an_old_one_is_its_user_again() {
    let mut lab = Lab::new();
    for (number, name) in [(1, "google"), (2, "github"), (3, "apple"), (4, "discord")] {
        let given = code(&mut lab, None, name, &state(number), "grace@example.com");
        let first = sign_in(&mut lab, name, redemption(&given, &state(number))).ok();
        let credential = credentials(&first)[0].clone();
        assert_eq!(credential["format"], "oauth");
        assert_eq!(credential["oauth_provider"], name);
        assert_eq!(credential["oauth_username"], "grace");
        assert_eq!(credential["oauth_emails"], json!(["grace@example.com"]));
        assert_eq!(credential["public_identifier"], "grace@example.com");
        assert_eq!(credential["signInEnabled"], true);
        assert_eq!(claims(&first.text("minifiedJwt"))["signin_credential_id"], credential["id"]);
        assert_eq!(first.body.get("elevatedAccessToken"), None);
        let given = code(&mut lab, None, name, &state(number + 10), "Grace@Example.com");
        let again = sign_in(&mut lab, name, redemption(&given, &state(number + 10))).ok();
        assert_eq!(again.body["user"]["id"], first.body["user"]["id"]);
        assert_eq!(credentials(&again), credentials(&first));
    }
}

#[test]
fn the_address_that_a_provider_knows_is_nobodys_by_that() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let given = code(&mut lab, None, "google", &state(1), "ada@example.com");
    let other = sign_in(&mut lab, "google", redemption(&given, &state(1))).ok();
    assert_ne!(other.text("minifiedJwt"), ada.token);
    assert_ne!(other.body["user"]["id"], ada.id);
    assert_eq!(other.body["user"].get("email").unwrap_or(&Value::Null), &Value::Null);
}

#[test]
fn a_sign_in_elevates_nothing() {
    let mut lab = Lab::new();
    let given = code(&mut lab, None, "google", &state(1), "ada");
    let mut body = redemption(&given, &state(1));
    body["requestedScopes"] = json!(["wallet:export"]);
    let answer = sign_in(&mut lab, "google", body).ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
}

#[test]
fn an_own_account_elevates() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let given = code(&mut lab, Some(&ada), "google", &state(1), "ada@mail.example");
    let answer = verify(&mut lab, &ada, "google", redemption(&given, &state(1)), &["wallet:export"]).ok();
    assert_eq!(claims(&answer.text("minifiedJwt"))["sid"], claims(&ada.token)["sid"]);
    lab.export(&ada, Some(&answer.text("elevatedAccessToken"))).ok();
}

#[test]
fn a_check_lists_social_accounts() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let answer = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    let social = credentials(&lab.user(&ada).ok()).into_iter().find(|it| it["format"] == "oauth").unwrap();
    assert_eq!(social["oauth_account_id"], "1234");
    assert_eq!(social["oauth_username"], "Ada");
    assert_eq!(
        answer.body["credentials"][1],
        json!({ "id": social["id"], "format": "oauth", "alias": "ada@mail.example" })
    );
}

#[test]
fn a_stolen_bearer_does_not_elevate_by_an_account_of_the_thief() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let social = json!([{ "provider": "google", "username": "eve" }]);
    let eve = lab.person_with("eve@example.com", json!({ "email": "eve@example.com", "social": social }));
    // With the victim's bearer, an account of the thief, theirs already or new.
    for (number, account) in [(1, "eve"), (2, "eve2")] {
        let given = code(&mut lab, Some(&ada), "google", &state(number), account);
        for scopes in [["wallet:export"].as_slice(), &["credential:link"], &[]] {
            verify(&mut lab, &ada, "google", redemption(&given, &state(number)), scopes).not_elevated();
        }
    }
    // What the thief consented to in an own session is the thief's.
    let given = code(&mut lab, Some(&eve), "google", &state(3), "eve");
    verify(&mut lab, &ada, "google", redemption(&given, &state(3)), &["wallet:export"])
        .refused(422, "invalid_oauth_state");
    verify(&mut lab, &eve, "google", redemption(&given, &state(3)), &["wallet:export"]).ok();
    assert_eq!(credentials(&lab.user(&ada).ok()).len(), 3, "nothing was linked");
}

#[test]
fn a_state_belongs_to_the_session_that_began_or_to_nobody() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let elsewhere = lab.sign_in("ada@example.com");
    let given = code(&mut lab, Some(&ada), "google", &state(1), "ada@mail.example");
    verify(&mut lab, &elsewhere, "google", redemption(&given, &state(1)), &[])
        .refused(422, "invalid_oauth_state");
    sign_in(&mut lab, "google", redemption(&given, &state(1))).refused(422, "invalid_oauth_state");
    let poll = |lab: &mut Lab, by: Option<&Person>, number| {
        let ask = lab.post("/providers/google/oauthResult").body(json!({ "state": state(number) }));
        by.into_iter().fold(ask, |ask, person| ask.by(person)).send()
    };
    poll(&mut lab, Some(&elsewhere), 1).refused(422, "invalid_oauth_state");
    poll(&mut lab, None, 1).refused(422, "invalid_oauth_state");
    assert_eq!(poll(&mut lab, Some(&ada), 1).ok().body, json!({ "status": "completed", "code": given }));
    verify(&mut lab, &ada, "google", redemption(&given, &state(1)), &[]).ok();

    let given = code(&mut lab, None, "google", &state(2), "ada@mail.example");
    verify(&mut lab, &ada, "google", redemption(&given, &state(2)), &[]).refused(422, "invalid_oauth_state");
    sign_in(&mut lab, "google", redemption(&given, &state(2))).ok();
}

#[test]
fn a_code_and_its_state_are_good_once() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let given = code(&mut lab, Some(&ada), "google", &state(1), "ada@mail.example");
    let url = authorize_url(&mut lab, "google", &state(1), Some(VERIFIER));
    verify(&mut lab, &ada, "google", redemption(&given, &state(1)), &[]).ok();
    verify(&mut lab, &ada, "google", redemption(&given, &state(1)), &[]).refused(422, "invalid_oauth_state");
    begin(&mut lab, Some(&ada), "google", &state(1)).refused(422, "invalid_oauth_state");
    // Another consent to the same state comes to nothing.
    let page = lab.at(Method::Get, &url).send().ok();
    let again = decide(&mut lab, "google", &page.text("ticket"), "ada@mail.example", "continue").ok();
    lab.at(Method::Get, &again.text("redirectTo")).send().refused(422, "invalid_oauth_state");
    // Nor does the old code with a new state.
    begin(&mut lab, Some(&ada), "google", &state(2)).ok();
    verify(&mut lab, &ada, "google", redemption(&given, &state(2)), &[]).refused(422, "invalid_oauth_code");
}

#[test]
fn the_same_beginning_may_be_said_twice_and_no_other() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    begin(&mut lab, Some(&ada), "google", &state(1)).ok();
    begin(&mut lab, Some(&ada), "google", &state(1)).ok();
    begin(&mut lab, Some(&ada), "github", &state(1)).refused(422, "invalid_oauth_state");
    begin(&mut lab, None, "google", &state(1)).refused(422, "invalid_oauth_state");
    for state in ["", "short", &"x".repeat(129), "state with spaces and more", "\u{fc}mlaute-are-no-letters"]
    {
        begin(&mut lab, None, "google", state).refused(422, "invalid_oauth_state");
    }
}

#[test]
fn a_wrong_or_missing_verifier_voids_the_code() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let wrong = VERIFIER.replace('d', "e");
    let verifiers = [Value::Null, json!(""), json!(wrong), json!(&VERIFIER[1..]), json!("x".repeat(200))];
    for (number, verifier) in (1..).zip(verifiers) {
        let given = code(&mut lab, Some(&ada), "google", &state(number), "ada@mail.example");
        let mut body = redemption(&given, &state(number));
        body["codeVerifier"] = verifier;
        verify(&mut lab, &ada, "google", body, &[]).refused(422, "invalid_code_verifier");
        verify(&mut lab, &ada, "google", redemption(&given, &state(number)), &[])
            .refused(422, "invalid_oauth_state");
    }
}

/// The official clients send a verifier with every code, and a challenge to those providers only that require one.
#[test]
fn a_verifier_without_a_challenge_is_taken_unless_the_provider_requires_one_and_a_challenge_wants_its_verifier()
 {
    let mut lab = Lab::new();
    let wrong = VERIFIER.replace('d', "e");
    let verifiers = [Value::Null, json!(""), json!(wrong), json!(VERIFIER)];
    let mut number = 0;
    for name in ["google", "discord", "apple", "github"] {
        for challenged in [None, Some(VERIFIER)] {
            for verifier in &verifiers {
                number += 1;
                begin(&mut lab, None, name, &state(number)).ok();
                if name == "github" && challenged.is_none() {
                    let url = authorize_url(&mut lab, name, &state(number), None);
                    let back = lab.at(Method::Get, &url).send().ok().text("redirectTo");
                    assert!(back.contains("error=invalid_request&state=state-"), "{back}");
                    continue;
                }
                let back = consent(&mut lab, name, &state(number), challenged, "ada").ok();
                let code = &back.body["message"]["code"];
                let body = json!({ "code": code, "state": state(number), "codeVerifier": verifier });
                let answer = sign_in(&mut lab, name, body);
                if challenged.is_none() || *verifier == VERIFIER {
                    answer.ok();
                } else {
                    answer.refused(422, "invalid_code_verifier");
                }
            }
        }
    }
}

/// A downgrade ([RFC 9700 §4.8.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.8.2)): an attacker takes the challenge
/// out of a victim's request, to redeem a stolen code without the verifier. GitHub gives no code to such a request.
#[test]
fn without_its_challenge_or_with_a_plain_one_github_gives_no_code() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    begin(&mut lab, Some(&ada), "github", &state(3)).ok();
    let url = authorize_url(&mut lab, "github", &state(3), None);
    let with = |parameters: &str| format!("{url}{parameters}");
    for url in [
        url.clone(),
        with("&code_challenge="),
        with("&code_challenge_method=S256"),
        with(&format!("&code_challenge={VERIFIER}")),
        with(&format!("&code_challenge={VERIFIER}&code_challenge_method=plain")),
        with(&format!("&code_challenge=&code_challenge={VERIFIER}&code_challenge_method=S256")),
    ] {
        let answer = lab.at(Method::Get, &url).send().ok();
        let back = answer.text("redirectTo");
        assert!(back.contains("error=invalid_request&state=state-"), "{back}");
    }
}

#[test]
fn a_code_is_of_one_provider() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let given = code(&mut lab, Some(&ada), "github", &state(1), "eve");
    verify(&mut lab, &ada, "google", redemption(&given, &state(1)), &[]).refused(422, "invalid_oauth_state");
    begin(&mut lab, Some(&ada), "google", &state(2)).ok();
    let back = format!("/providers/google/redirect?code={given}&state={}", state(2));
    lab.get(&back).send().refused(422, "invalid_oauth_code");
    verify(&mut lab, &ada, "google", redemption(&given, &state(2)), &[]).refused(422, "invalid_oauth_code");
}

#[test]
fn a_code_lives_for_two_minutes_and_a_state_for_ten() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let given = code(&mut lab, Some(&ada), "google", &state(1), "ada@mail.example");
    lab.wait(2 * MINUTE - SECOND);
    verify(&mut lab, &ada, "google", redemption(&given, &state(1)), &[]).ok();
    let given = code(&mut lab, Some(&ada), "google", &state(2), "ada@mail.example");
    lab.wait(2 * MINUTE);
    verify(&mut lab, &ada, "google", redemption(&given, &state(2)), &[]).refused(422, "invalid_oauth_code");

    begin(&mut lab, Some(&ada), "google", &state(3)).ok();
    let url = authorize_url(&mut lab, "google", &state(3), Some(VERIFIER));
    lab.wait(10 * MINUTE - SECOND);
    let page = lab.at(Method::Get, &url).send().ok();
    lab.wait(SECOND);
    lab.at(Method::Get, &url).send().refused(422, "invalid_oauth_state");
    let late = decide(&mut lab, "google", &page.text("ticket"), "ada@mail.example", "continue").ok();
    lab.at(Method::Get, &late.text("redirectTo")).send().refused(422, "invalid_oauth_state");
}

#[test]
fn a_refused_consent_is_an_error_and_no_code() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    begin(&mut lab, Some(&ada), "google", &state(1)).ok();
    let poll = |lab: &mut Lab| {
        let ask = lab.post("/providers/google/oauthResult").by(&ada).body(json!({ "state": state(1) }));
        ask.send().ok().body
    };
    assert_eq!(poll(&mut lab), json!({ "status": "pending" }));
    let url = authorize_url(&mut lab, "google", &state(1), Some(VERIFIER));
    let page = lab.at(Method::Get, &url).send().ok();
    let refused = decide(&mut lab, "google", &page.text("ticket"), "ada@mail.example", "refuse").ok();
    let back = lab.at(Method::Get, &refused.text("redirectTo")).send().ok();
    assert_eq!(
        back.body["message"],
        json!({ "type": "authorization_response", "provider": "google", "state": state(1), "error": "access_denied" })
    );
    assert_eq!(poll(&mut lab), json!({ "status": "completed", "error": "access_denied" }));
    for code in ["", "access_denied"] {
        verify(&mut lab, &ada, "google", redemption(code, &state(1)), &[]).refused(422, "invalid_oauth_code");
    }
}

#[test]
fn what_goes_wrong_otherwise_costs_no_code() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let given = code(&mut lab, Some(&ada), "google", &state(1), "ada@mail.example");
    verify(&mut lab, &ada, "google", redemption(&given, &state(1)), &["moon:land"])
        .refused(422, "invalid_scopes");
    verify(&mut lab, &ada, "google", redemption("x", &state(1)), &[]).refused(422, "invalid_oauth_code");
    verify(&mut lab, &ada, "google", redemption(&given, &state(1)), &["user:update"]).ok();
}

#[test]
fn with_a_second_factor_a_social_account_does_not_elevate() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    lab.enrol(&ada);
    let given = code(&mut lab, Some(&ada), "google", &state(1), "ada@mail.example");
    verify(&mut lab, &ada, "google", redemption(&given, &state(1)), &["wallet:export"])
        .refused(403, "mfa_required");
    let answer = verify(&mut lab, &ada, "google", redemption(&given, &state(1)), &[]).ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
}

#[test]
fn a_link_wants_an_elevation_by_header_or_held_and_grants_no_scopes() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let given = code(&mut lab, Some(&ada), "github", &state(1), "countess");
    verify(&mut lab, &ada, "github", redemption(&given, &state(1)), &["wallet:export"]).not_elevated();
    let token = lab.elevate(&ada, &["credential:link"]);
    let mut body = redemption(&given, &state(1));
    body["requestedScopes"] = json!(["wallet:export"]);
    let answer = lab.post("/providers/github/verify").by(&ada).elevated(&token).body(body).send().ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None, "what was linked just now proves nothing");
    assert!(credentials(&answer).iter().any(|it| it["oauth_provider"] == "github"));
    // Held.
    let given = code(&mut lab, Some(&ada), "discord", &state(2), "countess");
    verify(&mut lab, &ada, "discord", redemption(&given, &state(2)), &["wallet:export"]).ok();
    // From the next request on it elevates and signs in.
    let given = code(&mut lab, Some(&ada), "github", &state(3), "countess");
    let answer = verify(&mut lab, &ada, "github", redemption(&given, &state(3)), &["wallet:export"]).ok();
    lab.export(&ada, Some(&answer.text("elevatedAccessToken"))).ok();
    let given = code(&mut lab, None, "github", &state(4), "countess");
    assert_eq!(sign_in(&mut lab, "github", redemption(&given, &state(4))).ok().body["user"]["id"], ada.id);
}

#[test]
fn an_account_of_somebody_else_is_not_linked() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    let given = code(&mut lab, None, "github", &state(1), "bob");
    sign_in(&mut lab, "github", redemption(&given, &state(1))).ok();
    lab.elevate(&ada, &["credential:link"]);
    let given = code(&mut lab, Some(&ada), "github", &state(2), "bob");
    verify(&mut lab, &ada, "github", redemption(&given, &state(2)), &[])
        .refused(422, "merge_accounts_invalid");
    verify(&mut lab, &ada, "github", redemption(&given, &state(2)), &[]).refused(422, "invalid_oauth_state");
    assert_eq!(credentials(&lab.user(&ada).ok()).len(), 3);
}

#[test]
fn where_linking_is_off_nothing_is_linked() {
    let mut lab = Lab::new();
    let ada = ada(&mut lab);
    lab.set(json!({ "kyc": [] }));
    lab.elevate(&ada, &["credential:link"]);
    let given = code(&mut lab, Some(&ada), "github", &state(1), "countess");
    verify(&mut lab, &ada, "github", redemption(&given, &state(1)), &[])
        .refused(403, "social_linking_not_enabled");
}

#[test]
fn where_only_the_first_credential_signs_in_a_linked_account_neither_signs_in_nor_elevates() {
    let mut lab = Lab::new();
    lab.set(json!({ "security": { "auth": { "allowMultipleCredentialsForSignIn": false } } }));
    let ada = lab.person("ada@example.com");
    lab.elevate(&ada, &["credential:link"]);
    for number in [1, 2] {
        let given = code(&mut lab, Some(&ada), "github", &state(number), "countess");
        let answer =
            verify(&mut lab, &ada, "github", redemption(&given, &state(number)), &["wallet:export"]).ok();
        assert_eq!(answer.body.get("elevatedAccessToken"), None);
        assert_eq!(credentials(&answer).len(), 3, "linked once");
    }
    let given = code(&mut lab, None, "github", &state(3), "countess");
    sign_in(&mut lab, "github", redemption(&given, &state(3)))
        .refused(403, "credential_not_enabled_for_sign_in");
}

#[test]
fn a_bad_device_signature_does_not_sign_in() {
    let mut lab = Lab::new();
    let given = code(&mut lab, None, "google", &state(1), "ada");
    let body = redemption(&given, &state(1));
    let ask = lab.post("/providers/google/signIn").header("x-dynamic-device-nonce", "x").body(body.clone());
    ask.send().refused(403, "invalid_device_signature");
    sign_in(&mut lab, "google", body).ok();
}

#[test]
fn a_flow_survives_a_restart_and_a_reset_forgets_it() {
    let mut lab = Lab::new();
    let given = code(&mut lab, None, "google", &state(1), "ada");
    let mut lab = lab.restarted();
    sign_in(&mut lab, "google", redemption(&given, &state(1))).ok();
    let given = code(&mut lab, None, "google", &state(2), "ada");
    lab.at(Method::Post, "/sandbox/reset").send().ok();
    sign_in(&mut lab, "google", redemption(&given, &state(2))).refused(422, "invalid_oauth_state");
}

#[test]
fn fixtures_have_social_accounts_or_are_refused() {
    let mut lab = Lab::new();
    let mut create = |fixture: Value| lab.at(Method::Post, "/sandbox/users").body(fixture).send();
    let answer = create(json!({ "social": [{ "provider": "discord", "username": "lin" }] })).ok();
    assert_eq!(credentials(&answer)[0]["oauth_display_name"], "lin");
    create(json!({ "social": [{ "provider": "discord", "username": "Lin" }] })).refused(422, "social_taken");
    create(json!({})).refused(422, "invalid_request");
    for social in [
        json!({ "provider": "google" }),
        json!({ "provider": "twitter", "username": "x" }),
        json!({ "provider": "google", "username": "" }),
        json!({ "provider": "google", "accountId": "a\u{0}b" }),
        json!({ "provider": "google", "username": "x", "extra": 1 }),
    ] {
        create(json!({ "email": "x@example.com", "social": [social] })).refused(422, "invalid_request");
    }
    create(json!({ "social": [{ "provider": "google", "email": "no address" }] }))
        .refused(422, "invalid_email");
}
