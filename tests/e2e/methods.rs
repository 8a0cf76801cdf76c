//! End to end: every way to verify that is not by email, in the built demo, on both hosts of the sandbox. Social accounts have
//! a file of their own.

#![allow(clippy::unwrap_used)]

mod visitor;

use step_up_tests::code_at;
use visitor::{Visitor, assert_is_key};

const PHONE: &str = "+15550100100";
const UNLINK: &str = "[data-testid='unlink']";

/// The test on both hosts, each named for its host.
macro_rules! on_both_hosts {
    ($($name:ident => $in_page:ident, $on_server:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $in_page() {
            $name(Visitor::in_page().await).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn $on_server() {
            $name(Visitor::on_server().await).await;
        }
    )*};
}

on_both_hosts! {
    a_code_by_sms_exports_the_wallet => a_code_by_sms_exports_the_wallet_in_page, a_code_by_sms_exports_the_wallet_on_server;
    a_captcha_comes_before_a_code => a_captcha_comes_before_a_code_in_page, a_captcha_comes_before_a_code_on_server;
    a_recovery_code_works_once => a_recovery_code_works_once_in_page, a_recovery_code_works_once_on_server;
    a_passkey_guards_the_wallet => a_passkey_guards_the_wallet_in_page, a_passkey_guards_the_wallet_on_server;
    a_wallet_signs => a_wallet_signs_in_page, a_wallet_signs_on_server;
    another_identity_provider_vouches => another_identity_provider_vouches_in_page, another_identity_provider_vouches_on_server;
    a_session_in_a_cookie => a_session_in_a_cookie_in_page, a_session_in_a_cookie_on_server;
    credentials_are_linked_and_unlinked => credentials_are_linked_and_unlinked_in_page, credentials_are_linked_and_unlinked_on_server;
}

async fn a_code_by_sms_exports_the_wallet(visitor: Visitor) {
    let first = visitor.sign_in_as(PHONE).await;
    visitor.browser.click("export-wallet").await;
    visitor
        .browser
        .text_where("otp-hint", |text| text.contains(PHONE) && text.contains("text message"))
        .await;
    let code = visitor.code_for(PHONE, &first).await;
    visitor.enter(&code).await;
    assert_is_key(&visitor.key().await);
}

async fn a_captcha_comes_before_a_code(visitor: Visitor) {
    visitor.browser.turn_on("captcha-switch").await;
    // The sandbox says so from now on; the sign-in solves it on the way.
    visitor.browser.reload().await;
    let first = visitor.sign_in().await;
    visitor.browser.click("export-wallet").await;
    visitor.browser.click("captcha-solve").await;
    visitor.answer_code(&first).await;
    assert_is_key(&visitor.key().await);
}

/// Enrols an authenticator app.
async fn enrol_app(visitor: &Visitor, old: &str) {
    visitor.browser.click("nav-factors").await;
    visitor.browser.click("add-totp").await;
    visitor.answer_code(old).await;
    let secret = visitor.browser.text_where("totp-secret", |text| text.len() == 32).await;
    let code = code_at(&secret, visitor.now().await);
    visitor.browser.type_into("totp-confirm", &code).await;
    visitor.browser.find("device").await;
    visitor.wait_a_minute().await;
}

async fn a_recovery_code_works_once(visitor: Visitor) {
    let first = visitor.sign_in().await;
    enrol_app(&visitor, &first).await;
    // The token that enrolled the app is held, and it is for links of all kinds: nothing is asked.
    visitor.browser.click("new-recovery-codes").await;
    let recovery = visitor.browser.text_where("recovery-code", |text| !text.is_empty()).await;
    visitor.browser.click("recovery-kept").await;
    visitor.browser.find("device").await;

    visitor.browser.click("nav-headless").await;
    for is_first in [true, false] {
        visitor.browser.click("export-wallet").await;
        visitor.browser.find("totp-input").await;
        visitor.browser.click("other-method").await;
        visitor.browser.click("method-recovery").await;
        visitor.browser.type_into("recovery-input", &recovery).await;
        visitor.browser.click("recovery-verify").await;
        if is_first {
            assert_is_key(&visitor.key().await);
            visitor.browser.click("export-done").await;
        } else {
            visitor.browser.text_where("recovery-error", |text| text.contains("not right")).await;
        }
    }
}

async fn a_passkey_guards_the_wallet(visitor: Visitor) {
    let authenticator = visitor.browser.plug_in_authenticator().await;
    let first = visitor.sign_in().await;
    visitor.browser.click("nav-factors").await;
    visitor.browser.click("add-passkey").await;
    visitor.answer_code(&first).await;
    visitor.browser.click("passkey-create").await;
    visitor.browser.find("passkey").await;

    visitor.browser.click("nav-headless").await;
    visitor.browser.click("export-wallet").await;
    // Nobody touches it: the user thinks better of it, and the browser's window closes with the screen.
    let presence =
        |is_there: bool| serde_json::json!({ "authenticatorId": authenticator, "enabled": is_there });
    visitor.browser.devtools("WebAuthn.setAutomaticPresenceSimulation", presence(false)).await;
    visitor.browser.click("passkey-verify").await;
    visitor.browser.element("[data-testid='passkey-verify'][aria-busy='true']").await;
    visitor.browser.click("passkey-cancel").await;
    visitor.browser.find("export-wallet").await;
    visitor.browser.devtools("WebAuthn.setAutomaticPresenceSimulation", presence(true)).await;

    visitor.browser.click("export-wallet").await;
    visitor.browser.click("passkey-verify").await;
    assert_is_key(&visitor.key().await);
    visitor.browser.click("export-done").await;

    // Without it the browser ends the ceremony as if the user had cancelled.
    let removed = serde_json::json!({ "authenticatorId": authenticator });
    visitor.browser.devtools("WebAuthn.clearCredentials", removed).await;
    visitor.browser.click("export-wallet").await;
    visitor.browser.click("passkey-verify").await;
    visitor.browser.text_where("passkey-hint", |text| text.contains("Not verified")).await;
    visitor.browser.text_where("passkey-error", str::is_empty).await;
    visitor.browser.click("passkey-cancel").await;
    visitor.browser.find("export-wallet").await;
}

/// Links the demo's test wallet, for which an elevation is held or asked for.
async fn link_wallet(visitor: &Visitor, old: &str) -> String {
    visitor.browser.click("nav-credentials").await;
    visitor.browser.click("link-wallet").await;
    let code = visitor.answer_code(old).await;
    visitor.browser.click("choose-wallet").await;
    // It asks whether the page may see the account, and then for the signature.
    visitor.browser.click("wallet-approve").await;
    visitor.browser.find("wallet-message").await;
    visitor.browser.click("wallet-approve").await;
    visitor.browser.gone("wallet-window").await;
    visitor.browser.find("unlink").await;
    code
}

async fn a_wallet_signs(visitor: Visitor) {
    let first = visitor.sign_in().await;
    let code = link_wallet(&visitor, &first).await;
    visitor.browser.click("nav-headless").await;
    visitor.browser.click("export-wallet").await;
    visitor.browser.find("otp-input").await;
    visitor.browser.click("other-method").await;
    visitor.browser.click("method-wallet").await;
    // No is no.
    visitor.browser.click("wallet-verify").await;
    visitor.browser.find("wallet-message").await;
    visitor.browser.click("wallet-reject").await;
    visitor.browser.text_where("wallet-hint", |text| text.contains("Not verified")).await;
    visitor.browser.text_where("wallet-error", str::is_empty).await;
    // And yes is yes.
    visitor.browser.click("wallet-verify").await;
    visitor.browser.text_where("wallet-message", |text| text.contains("wants you to sign in")).await;
    visitor.browser.click("wallet-approve").await;
    assert_is_key(&visitor.key().await);
    visitor.browser.click("export-done").await;

    // Another account is none of the user's.
    visitor.browser.click("wallet-open").await;
    visitor.browser.click("wallet-switch-account").await;
    visitor.browser.click("wallet-close").await;
    visitor.browser.click("export-wallet").await;
    visitor.browser.find("otp-input").await;
    visitor.browser.click("other-method").await;
    visitor.browser.click("method-wallet").await;
    visitor.browser.click("wallet-verify").await;
    visitor.browser.click("wallet-approve").await;
    visitor.browser.text_where("wallet-error", |text| text.contains("account")).await;
    visitor.browser.click("wallet-cancel").await;

    // It signs in, too.
    visitor.browser.click("wallet-open").await;
    visitor.browser.click("wallet-switch-account").await;
    visitor.browser.click("wallet-close").await;
    visitor.browser.click("sign-out").await;
    visitor.browser.click("sign-in-wallet").await;
    // It shows the page one account at a time.
    visitor.browser.click("wallet-approve").await;
    visitor.browser.find("wallet-message").await;
    visitor.browser.click("wallet-approve").await;
    visitor.browser.find("sign-out").await;
    assert!(!code.is_empty());
}

async fn another_identity_provider_vouches(visitor: Visitor) {
    visitor.browser.click("sign-in-external").await;
    visitor.browser.find("export-wallet").await;
    visitor.browser.click("export-wallet").await;
    visitor.browser.click("external-verify").await;
    assert_is_key(&visitor.key().await);
}

async fn a_session_in_a_cookie(visitor: Visitor) {
    // The page starts again, and has nothing then that is put into it now.
    visitor.browser.find("cookie-switch").await;
    visitor.browser.driver().execute("window.isBefore = true", vec![]).await.unwrap();
    visitor.browser.click_element("[data-testid='cookie-switch'][aria-busy='false']:not(:checked)").await;
    visitor.browser.wait_for("return !window.isBefore").await;
    visitor.browser.element("[data-testid='cookie-switch']:checked").await;
    let first = visitor.sign_in().await;
    visitor.browser.reload().await;
    visitor.browser.find("sign-out").await;
    let kept = "return JSON.stringify(Object.entries(sessionStorage))";
    let kept = visitor.browser.driver().execute(kept, vec![]).await.unwrap();
    let sessions: Vec<(String, String)> = serde_json::from_str(kept.json().as_str().unwrap()).unwrap();
    let session = sessions.iter().find(|(name, _)| name.contains("session")).unwrap();
    assert!(session.1.contains(r#""user""#) && !session.1.contains("token"), "{}: no token", session.0);
    let code = visitor.ask_for_export(&first).await;
    visitor.enter(&code).await;
    assert_is_key(&visitor.key().await);
    visitor.browser.click("export-done").await;
    visitor.browser.click("sign-out").await;
    visitor.browser.find("sign-in-email").await;
    visitor.browser.reload().await;
    visitor.browser.find("sign-in-email").await;
}

async fn credentials_are_linked_and_unlinked(visitor: Visitor) {
    let first = visitor.sign_in().await;
    visitor.browser.click("nav-credentials").await;
    // The documentation's example, line by line.
    visitor.browser.click("link-email").await;
    visitor.browser.find("link-email-code").await;
    let code = visitor.code(&first).await;
    visitor.browser.type_into("link-email-code", &code).await;
    visitor.browser.click("link-email-verify").await;
    visitor.browser.type_into("link-address", "countess@example.com").await;
    visitor.browser.click("link-send").await;
    visitor.browser.find("link-code").await;
    let sent = visitor.code_for("countess@example.com", &code).await;
    visitor.browser.type_into("link-code", &sent).await;
    visitor.browser.find("credential").await;
    visitor.browser.elements(UNLINK, 2).await;

    // The elevation that is held is good for a phone, too: nothing is asked.
    visitor.browser.click("link-phone").await;
    visitor.browser.type_into("link-address", "+1 555 010 0100").await;
    visitor.browser.click("link-send").await;
    visitor.browser.find("link-code").await;
    let sent = visitor.code_for(PHONE, &sent).await;
    visitor.browser.type_into("link-code", &sent).await;
    visitor.browser.find("credential").await;
    visitor.browser.elements(UNLINK, 3).await;

    // Unlinking is another scope.
    visitor.browser.click_element(&format!(":nth-last-child(1 of :has({UNLINK})) > * > {UNLINK}")).await;
    visitor.answer_code(&sent).await;
    visitor.browser.gone("otp-input").await;
    visitor.browser.find("credential").await;
    visitor.browser.elements(UNLINK, 2).await;
}
