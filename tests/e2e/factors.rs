//! End to end: second factors in the built demo, on both hosts of the sandbox.

#![allow(clippy::unwrap_used)]

mod visitor;

use step_up_tests::code_at;
use visitor::{Visitor, assert_is_key};

impl Visitor {
    /// Enrols an authenticator app, and gives its secret.
    async fn enrol(&self, old: &str) -> String {
        self.browser.click("nav-factors").await;
        self.browser.click("add-totp").await;
        self.browser.find("otp-input").await;
        let code = self.code(old).await;
        self.enter(&code).await;
        let secret = self.browser.text_where("totp-secret", |text| text.len() == 32).await;
        let code = code_at(&secret, self.now().await);
        self.browser.type_into("totp-confirm", &code).await;
        self.browser.find("device").await;
        secret
    }
}

async fn an_authenticator_app_guards_the_wallet(visitor: Visitor) {
    let first = visitor.sign_in().await;
    let secret = visitor.enrol(&first).await;
    visitor.wait_a_minute().await;

    // Now it is what is asked for, and not a code by email.
    visitor.browser.click("nav-headless").await;
    visitor.browser.click("export-wallet").await;
    visitor.browser.find("totp-input").await;
    visitor.browser.type_into("totp-input", "000000").await;
    visitor.browser.text_where("totp-error", |text| text.contains("not right")).await;
    let code = code_at(&secret, visitor.now().await);
    visitor.browser.type_into("totp-input", &code).await;
    assert_is_key(&visitor.key().await);
    visitor.browser.click("export-done").await;

    // A code works once, also in its own half minute.
    visitor.browser.click("export-wallet").await;
    visitor.browser.type_into("totp-input", &code).await;
    visitor.browser.text_where("totp-error", |text| text.contains("not right")).await;
    visitor.browser.click("totp-cancel").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authenticator_app_guards_the_wallet_in_page() {
    an_authenticator_app_guards_the_wallet(Visitor::in_page().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authenticator_app_guards_the_wallet_on_server() {
    an_authenticator_app_guards_the_wallet(Visitor::on_server().await).await;
}
