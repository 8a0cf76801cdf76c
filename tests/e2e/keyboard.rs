//! End to end: every flow by the keyboard alone, in the built demo against the sandbox server. Nothing is clicked, and nothing is
//! given the focus but by Tab and by the page itself.

#![allow(clippy::unwrap_used)]

mod visitor;

use serde_json::json;
use step_up_tests::{User, code_at};
use visitor::{
    EMAIL, Visitor, assert_is_key,
    keys::{Keys, id},
    prompt::part,
    wrong,
};

const PHONE: &str = "+15550100100";

/// What takes the focus when a page or a screen takes another's place. A key that is pressed before goes elsewhere.
const HEADING: &str = "h1";

impl Visitor {
    fn keys(&self) -> Keys<'_> {
        Keys(&self.browser)
    }

    async fn sign_in_by_keys(&self, address: &str) {
        let keys = self.keys();
        keys.tab_to(&id("sign-in-email")).await;
        keys.press(address).await;
        keys.enter().await;
        keys.are_on(&id("sign-in-code")).await;
        keys.press(self.control().code(address).await).await;
        self.browser.find("sign-out").await;
    }

    async fn go_to(&self, page: &str) {
        self.keys().enter_on(&id(page)).await;
        self.browser.element(&format!("{}[aria-current='page']", id(page))).await;
        self.keys().are_on(HEADING).await;
    }

    /// Presses *Export wallet*, and waits until the focus is where the screen wants it.
    async fn ask_for(&self, focus: &str) {
        let keys = self.keys();
        keys.enter_on(&id("export-wallet")).await;
        keys.are_on(focus).await;
    }

    /// Reads the key and puts it away.
    async fn read_key(&self) {
        let keys = self.keys();
        self.no_prompt().await;
        self.browser.find("export-screen").await;
        keys.are_on(HEADING).await;
        keys.enter_on(&id("reveal-key")).await;
        assert_is_key(&self.browser.text_where("exported-key", |text| text.contains("0x")).await);
        keys.space_on(&id("export-done")).await;
        self.browser.find("export-wallet").await;
        keys.are_on(HEADING).await;
    }

    async fn choose(&self, method: &str) {
        self.keys().enter_on(&part("other-method")).await;
        self.keys().enter_on(&format!("[data-step-up-method='{method}']")).await;
        self.screen(method).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_a_code_by_email_and_escape_on_server() {
    let visitor = Visitor::on_server().await;
    let keys = visitor.keys();
    visitor.sign_in_by_keys(EMAIL).await;
    visitor.go_to("nav-managed").await;
    visitor.ask_for(&part("code")).await;
    let code = visitor.sent_code(EMAIL).await;
    keys.press(wrong(&code)).await;
    visitor.browser.element_text_where(&part("error"), |text| text.contains('4')).await;
    keys.are_on(&part("code")).await;
    keys.press(&code).await;
    visitor.read_key().await;

    // Escape leaves everything as it was, and the focus with it.
    visitor.ask_for(&part("code")).await;
    visitor.sent_code(EMAIL).await;
    keys.escape().await;
    visitor.no_prompt().await;
    keys.are_on(&id("export-wallet")).await;
    keys.enter().await;
    keys.are_on(&part("code")).await;
    // The keyboard stays in the prompt.
    keys.tab_to(&part("cancel")).await;
    keys.tab_to(&part("code")).await;
    keys.enter_on(&part("cancel")).await;
    visitor.no_prompt().await;
    keys.are_on(&id("export-wallet")).await;

    keys.enter_on(&id("sign-out")).await;
    visitor.browser.find("sign-in-email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choosing_and_choosing_otherwise_on_server() {
    let visitor = Visitor::on_server().await;
    let keys = visitor.keys();
    visitor.control().user(json!({ "email": EMAIL, "phone": PHONE })).await;
    visitor.sign_in_by_keys(EMAIL).await;
    visitor.go_to("nav-managed").await;
    visitor.ask_for("[data-step-up-method='email']").await;
    keys.enter().await;
    keys.are_on(&part("code")).await;
    visitor.sent_code(EMAIL).await;
    visitor.choose("sms").await;
    keys.are_on(&part("code")).await;
    let code = visitor.sent_code(PHONE).await;
    keys.press(&code).await;
    visitor.read_key().await;

    visitor.ask_for("[data-step-up-method='email']").await;
    keys.escape().await;
    visitor.no_prompt().await;
    keys.are_on(&id("export-wallet")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headless_and_the_explicit_page_on_server() {
    let visitor = Visitor::on_server().await;
    let keys = visitor.keys();
    visitor.sign_in_by_keys(EMAIL).await;
    visitor.ask_for(&id("otp-input")).await;
    keys.press(visitor.control().code(EMAIL).await).await;
    visitor.read_key().await;
    visitor.ask_for(&id("otp-input")).await;
    keys.enter_on(&id("otp-cancel")).await;
    visitor.browser.find("export-wallet").await;

    visitor.go_to("nav-explicit").await;
    visitor.ask_for(&part("code")).await;
    let code = visitor.sent_code(EMAIL).await;
    keys.press(&code).await;
    visitor.read_key().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolling_an_app_its_codes_and_recovery_codes_on_server() {
    let visitor = Visitor::on_server().await;
    let keys = visitor.keys();
    visitor.sign_in_by_keys(EMAIL).await;
    visitor.go_to("nav-factors").await;
    keys.enter_on(&id("add-totp")).await;
    keys.are_on(&id("otp-input")).await;
    keys.press(visitor.control().code(EMAIL).await).await;
    let secret = visitor.browser.text_where("totp-secret", |text| text.len() == 32).await;
    keys.tab_to(&id("totp-confirm")).await;
    keys.press(code_at(&secret, visitor.now().await)).await;
    visitor.browser.find("device").await;
    visitor.wait_a_minute().await;
    keys.enter_on(&id("new-recovery-codes")).await;
    let recovery = visitor.browser.text_where("recovery-code", |text| !text.is_empty()).await;
    keys.enter_on(&id("recovery-kept")).await;
    visitor.browser.find("device").await;

    visitor.go_to("nav-managed").await;
    visitor.ask_for(&part("code")).await;
    keys.press(code_at(&secret, visitor.now().await)).await;
    visitor.read_key().await;
    visitor.ask_for(&part("code")).await;
    visitor.choose("recovery").await;
    keys.are_on(&part("code")).await;
    keys.press(&recovery).await;
    keys.enter().await;
    visitor.read_key().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolling_a_passkey_and_using_it_on_server() {
    let visitor = Visitor::on_server().await;
    let keys = visitor.keys();
    visitor.browser.plug_in_authenticator().await;
    visitor.sign_in_by_keys(EMAIL).await;
    visitor.go_to("nav-factors").await;
    keys.enter_on(&id("add-passkey")).await;
    keys.are_on(&id("otp-input")).await;
    keys.press(visitor.control().code(EMAIL).await).await;
    keys.enter_on(&id("passkey-create")).await;
    visitor.browser.find("passkey").await;
    visitor.go_to("nav-managed").await;
    visitor.ask_for(&part("primary")).await;
    visitor.screen("passkey").await;
    keys.enter().await;
    visitor.read_key().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_signs_in_and_confirms_on_server() {
    let visitor = Visitor::on_server().await;
    let keys = visitor.keys();
    keys.enter_on(&id("sign-in-wallet")).await;
    keys.enter_on(&id("wallet-approve")).await;
    visitor.browser.find("wallet-message").await;
    keys.enter_on(&id("wallet-approve")).await;
    visitor.browser.find("sign-out").await;
    visitor.go_to("nav-managed").await;
    visitor.ask_for(&part("primary")).await;
    // No is no, and the screen says so.
    keys.enter().await;
    visitor.browser.find("wallet-message").await;
    keys.escape().await;
    visitor.browser.gone("wallet-window").await;
    visitor.browser.element_text_where(&part("error"), |text| !text.is_empty()).await;
    keys.enter_on(&part("primary")).await;
    visitor.browser.find("wallet-message").await;
    keys.enter_on(&id("wallet-approve")).await;
    visitor.read_key().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_social_account_signs_in_and_confirms_on_server() {
    let visitor = Visitor::on_server().await;
    let keys = visitor.keys();
    // Their account there is known already.
    let _: User<'_> =
        visitor.control().user(json!({ "social": [{ "provider": "google", "email": EMAIL }] })).await;
    keys.enter_on(&id("sign-in-google")).await;
    consent_by_keys(&visitor).await;
    visitor.browser.find("sign-out").await;
    visitor.go_to("nav-managed").await;
    visitor.ask_for(&part("primary")).await;
    visitor.screen("social").await;
    keys.enter().await;
    consent_by_keys(&visitor).await;
    visitor.read_key().await;
}

/// Goes on at the provider, in its window.
async fn consent_by_keys(visitor: &Visitor) {
    let go_on = async |browser: &step_up_tests::Browser| {
        let keys = Keys(browser);
        keys.tab_to(&id("consent-account")).await;
        // What is there is marked by Tab, and typed over.
        keys.press(EMAIL).await;
        keys.enter_on(&id("consent-continue")).await;
    };
    visitor.browser.in_popup(go_on).await;
}
