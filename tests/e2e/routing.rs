//! End to end: the routing table of the managed way, row by row, in the built demo against the sandbox server: each row ends in
//! an exported wallet, or says why there is no way. What each step of the user costs is read from the server's own log.

#![allow(clippy::unwrap_used)]

mod visitor;

use serde_json::json;
use step_up_tests::{code_at, passkey_on_order};
use visitor::{EMAIL, Visitor, assert_is_key, prompt::part};

const PHONE: &str = "+15550100100";
const LIST: &str = "GET users/mfa/methods";
/// What a press of the button costs: the app makes one check, and the prompt takes it over.
const CHECKED: &[&str] = &["POST stepUp/check"];
const EXPORT: &str = "POST waas/*/privateKey/export";

impl Visitor {
    /// Presses the button, and waits for the screen that it brings. Besides the check this was asked so far, and nothing else.
    async fn routed_to(&self, screen: &str, asked: &[&str]) {
        self.asked().await;
        self.browser.click("export-wallet").await;
        self.screen(screen).await;
        assert_eq!(self.asked().await, [CHECKED, asked].concat());
    }

    /// The wallet is exported, and since the last look that took this and the export.
    async fn exported(&self, asked: &[&str]) {
        assert_is_key(&self.key().await);
        self.no_prompt().await;
        assert_eq!(self.asked().await, [asked, &[EXPORT]].concat());
        self.browser.click("export-done").await;
        self.browser.find("export-wallet").await;
    }
}

/// What the page runs on, as it shows it.
const BUTTON: &str = include_str!("../../demo/src/pages/managed/export_button.rs");

#[test]
fn the_page_knows_no_way_to_verify() {
    assert!(BUTTON.contains("prompt_step_up_auth"));
    for word in
        ["passkey", "totp", "otp", "mfa", "email", "sms", "sign", "social", "oauth", "recovery", "method"]
    {
        assert!(!BUTTON.to_lowercase().contains(word), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passkey_and_app_the_one_that_was_made_last_and_the_default_on_server() {
    let visitor = Visitor::on_server().await;
    let user = visitor.control().user(json!({ "email": EMAIL })).await;
    let app = user.enrol_app(EMAIL).await;
    visitor.browser.plug_in_authenticator().await;
    visitor.sign_in().await;

    // The passkey is made after the app.
    visitor.browser.click("nav-factors").await;
    visitor.browser.click("add-passkey").await;
    visitor.browser.type_into("totp-input", &code_at(&app.secret, visitor.now().await)).await;
    visitor.browser.click("passkey-create").await;
    visitor.browser.find("passkey").await;
    visitor.wait_a_minute().await;
    visitor.at_managed().await;
    visitor.routed_to("passkey", &[]).await;
    visitor.press_primary().await;
    visitor.exported(&["GET users/passkeys/authenticate", "POST users/mfa/auth/passkey"]).await;

    // The other is a press away.
    visitor.routed_to("passkey", &[]).await;
    visitor.browser.click_element(&part("other-method")).await;
    visitor.browser.click_element("[data-step-up-method='totp']").await;
    visitor.screen("totp").await;
    assert_eq!(visitor.asked().await, [""; 0]);
    visitor.type_code(&code_at(&app.secret, visitor.now().await)).await;
    visitor.exported(&["POST users/mfa/auth/totp"]).await;
    visitor.wait_a_minute().await;

    // A server that does not say which comes first is asked for the list. Made at the same moment, the passkey is first.
    let silent = json!({ "remove": ["defaultCredentialId"] });
    visitor.control().fault("/stepUp/check", 9, "tamper", silent.clone()).await;
    visitor.routed_to("passkey", &[LIST]).await;
    visitor.browser.click_element(&part("cancel")).await;
    visitor.no_prompt().await;
    let at = "2026-11-24T12:00:00.000Z";
    let tie = json!({
        "devices": [{ "id": app.id, "type": "totp", "verified": true, "default": false, "createdAt": at, "verifiedAt": at }],
        "passkeys": [{ "id": "a-passkey", "createdAt": at }],
        "userHasVerifiedMfaMethods": true,
    });
    visitor.control().fault("/users/mfa/methods", 1, "replace", json!({ "status": 200, "body": tie })).await;
    visitor.routed_to("passkey", &[LIST]).await;
    visitor.press_primary().await;
    visitor.exported(&["GET users/passkeys/authenticate", "POST users/mfa/auth/passkey"]).await;
    visitor.control().cancel_faults().await;

    // What the user made the default comes first, whatever was made last.
    user.prefer(&app).await;
    visitor.routed_to("totp", &[]).await;
    visitor.type_code(&code_at(&app.secret, visitor.now().await)).await;
    visitor.exported(&["POST users/mfa/auth/totp"]).await;
    visitor.wait_a_minute().await;
    visitor.control().fault("/stepUp/check", 9, "tamper", silent).await;
    visitor.routed_to("totp", &[LIST]).await;
    visitor.type_code(&code_at(&app.secret, visitor.now().await)).await;
    visitor.exported(&["POST users/mfa/auth/totp"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passkey_then_an_app_that_was_made_last_on_server() {
    let visitor = Visitor::on_server().await;
    let user = visitor.control().user(json!({ "email": EMAIL, "passkeys": [passkey_on_order()] })).await;
    visitor.plug_in_passkey_of(&user).await;
    visitor.sign_in_to_managed(EMAIL).await;

    // A passkey is all there is.
    visitor.routed_to("passkey", &[]).await;
    visitor.press_primary().await;
    visitor.exported(&["GET users/passkeys/authenticate", "POST users/mfa/auth/passkey"]).await;

    visitor.browser.click("nav-factors").await;
    visitor.browser.click("add-totp").await;
    visitor.browser.click("passkey-verify").await;
    let secret = visitor.browser.text_where("totp-secret", |text| text.len() == 32).await;
    let code = code_at(&secret, visitor.now().await);
    visitor.browser.type_into("totp-confirm", &code).await;
    visitor.browser.find("device").await;
    visitor.wait_a_minute().await;
    visitor.at_managed().await;
    visitor.routed_to("totp", &[]).await;
    visitor.type_code(&code_at(&secret, visitor.now().await)).await;
    visitor.exported(&["POST users/mfa/auth/totp"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_alone_with_recovery_codes_beside_it_on_server() {
    let visitor = Visitor::on_server().await;
    let user = visitor.control().user(json!({ "email": EMAIL })).await;
    let app = user.enrol_app(EMAIL).await;
    let recovery = user.recovery_codes().await;
    visitor.sign_in_to_managed(EMAIL).await;
    visitor.routed_to("totp", &[]).await;
    visitor.type_code(&code_at(&app.secret, visitor.now().await)).await;
    visitor.exported(&["POST users/mfa/auth/totp"]).await;

    visitor.routed_to("totp", &[]).await;
    visitor.browser.click_element(&part("other-method")).await;
    visitor.browser.click_element("[data-step-up-method='recovery']").await;
    visitor.screen("recovery").await;
    visitor.type_code(&recovery[0]).await;
    visitor.press_primary().await;
    visitor.exported(&["POST users/mfa/auth/recovery"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_factor_an_email_address_or_a_phone_number_on_server() {
    let visitor = Visitor::on_server().await;
    for (screen, address, credentials, channel) in [
        ("email", EMAIL, json!({ "email": EMAIL }), "emailVerifications"),
        ("sms", PHONE, json!({ "phone": PHONE }), "smsVerifications"),
    ] {
        visitor.control().user(credentials).await;
        visitor.sign_in_to_managed(address).await;
        visitor.asked().await;
        visitor.browser.click("export-wallet").await;
        visitor.screen(screen).await;
        let code = visitor.sent_code(address).await;
        assert_eq!(visitor.asked().await, [CHECKED, &[&format!("POST {channel}/create")]].concat());
        visitor.type_code(&code).await;
        visitor.exported(&[&format!("POST {channel}/verify")]).await;
        visitor.browser.click("sign-out").await;
        visitor.browser.find("sign-in-email").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_factor_a_wallet_on_server() {
    let visitor = Visitor::on_server().await;
    visitor.sign_in_with_wallet().await;
    visitor.at_managed().await;
    visitor.routed_to("wallet", &[]).await;
    visitor.press_primary().await;
    visitor.approve().await;
    visitor.exported(&["POST wallets/verify"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_factor_a_social_account_on_server() {
    let visitor = Visitor::on_server().await;
    let social = json!({ "social": [{ "provider": "google", "email": EMAIL }] });
    visitor.control().user(social).await;
    visitor.browser.click("sign-in-google").await;
    visitor.consent(EMAIL).await;
    visitor.browser.find("sign-out").await;
    visitor.at_managed().await;
    visitor.routed_to("social", &[]).await;
    visitor.press_primary().await;
    visitor.consent(EMAIL).await;
    assert_is_key(&visitor.key().await);
    let asked = visitor.asked().await;
    // How often the result is asked for, and whether at all, is a matter of how long the user takes.
    let asked: Vec<&String> = asked.iter().filter(|it| !it.ends_with("/oauthResult")).collect();
    assert_eq!(
        asked,
        [
            "POST providers/google/initAuth",
            "GET providers/google/redirect",
            "POST providers/google/verify",
            EXPORT
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_factor_several_ways_to_choose_from_on_server() {
    let visitor = Visitor::on_server().await;
    let wallet = json!({ "address": "0x52908400098527886E0F7030069857D2E4169EE7", "chain": "EVM" });
    let social = json!({ "provider": "google", "email": EMAIL });
    let all = json!({ "email": EMAIL, "phone": PHONE, "wallets": [wallet], "social": [social] });
    visitor.control().user(all).await;
    visitor.sign_in_to_managed(PHONE).await;
    visitor.routed_to("choose", &[]).await;
    let script =
        "return [...document.querySelectorAll('[data-step-up-method]')].map(it => it.dataset.stepUpMethod)";
    let offered = visitor.browser.driver().execute(script, vec![]).await.unwrap();
    // What they signed in with comes first.
    assert_eq!(offered.json(), &json!(["sms", "email", "wallet", "social"]));
    visitor.browser.click_element("[data-step-up-method='email']").await;
    let code = visitor.sent_code(EMAIL).await;
    assert_eq!(visitor.asked().await, ["POST emailVerifications/create"]);
    visitor.type_code(&code).await;
    visitor.exported(&["POST emailVerifications/verify"]).await;

    // Whoever changes their mind is asked for nothing twice.
    visitor.routed_to("choose", &[]).await;
    visitor.browser.click_element("[data-step-up-method='social']").await;
    visitor.screen("social").await;
    visitor.browser.click_element(&part("other-method")).await;
    visitor.browser.click_element("[data-step-up-method='sms']").await;
    let code = visitor.sent_code(PHONE).await;
    assert_eq!(visitor.asked().await, ["POST smsVerifications/create"]);
    visitor.type_code(&code).await;
    visitor.exported(&["POST smsVerifications/verify"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_at_all_is_a_dead_end_that_says_so_on_server() {
    let visitor = Visitor::on_server().await;
    // Who is vouched for by the app's own identity provider has nothing that a prompt can ask for.
    visitor.browser.click("sign-in-external").await;
    visitor.browser.find("sign-out").await;
    visitor.at_managed().await;
    visitor.asked().await;
    visitor.browser.click("export-wallet").await;
    visitor.screen("dead-end").await;
    visitor.browser.element_text_where(&part("error"), |text| text.contains("nothing to confirm with")).await;
    visitor.browser.click_element(&part("cancel")).await;
    visitor.no_prompt().await;
    visitor.step_up_error("No reauthentication methods").await;
    assert_eq!(visitor.asked().await, [CHECKED, &[LIST]].concat());
}
