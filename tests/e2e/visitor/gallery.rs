//! Every screen of the ready-made prompt, one after the other.

use serde_json::json;
use step_up_tests::{code_at, passkey_on_order};

use super::{
    EMAIL, Visitor,
    prompt::{part, screen_selector},
    wrong,
};

/// The screens, and what the user sees there, in the order in which they come.
pub(crate) const SCREENS: [(&str, &str); 14] = [
    ("choose", "Several ways, and no second factor: the user chooses"),
    ("email", "A code by email"),
    ("wrong-code", "That code was wrong"),
    ("sms", "A code by SMS"),
    ("wallet", "A signature of an external wallet"),
    ("social", "A social account"),
    ("captcha", "A captcha before the code, drawn by the app"),
    ("not-sent", "The code could not be sent"),
    ("passkey", "A passkey"),
    ("passkey-failed", "There is no such passkey in this browser"),
    ("dead-end", "Nothing to verify with"),
    ("loading", "What the user has is being looked up"),
    ("totp", "A code of an authenticator app"),
    ("recovery", "A recovery code"),
];

const PHONE: &str = "+15550100100";
const HOLDER: &str = "grace@example.com";
const KEEPER: &str = "mary@example.com";

impl Visitor {
    /// Goes through every screen of the prompt, and has each looked at, by its name in [`SCREENS`].
    pub(crate) async fn each_prompt(&self, look: impl AsyncFn(&str)) {
        self.without_a_factor(&look).await;
        self.sign_out().await;
        self.with_a_passkey(&look).await;
        self.sign_out().await;
        self.with_nothing(&look).await;
        self.sign_out().await;
        self.with_an_app(&look).await;
    }

    async fn without_a_factor(&self, look: &impl AsyncFn(&str)) {
        let wallet = json!({ "address": "0x52908400098527886E0F7030069857D2E4169EE7", "chain": "EVM" });
        let social = json!({ "provider": "google", "email": EMAIL });
        let all = json!({ "email": EMAIL, "phone": PHONE, "wallets": [wallet], "social": [social] });
        self.control().user(all).await;
        self.sign_in_to_managed(EMAIL).await;
        self.ask("choose").await;
        self.show("choose", look).await;
        self.browser.click_element("[data-step-up-method='email']").await;
        let code = self.sent_code(EMAIL).await;
        self.show("email", look).await;
        self.type_code(wrong(&code)).await;
        self.has_error().await;
        self.show("wrong-code", look).await;
        self.other("sms").await;
        self.sent_code(PHONE).await;
        self.show("sms", look).await;
        for method in ["wallet", "social"] {
            self.other(method).await;
            self.show(method, look).await;
        }
        self.cancel().await;

        let captcha = json!({ "status": 422, "body": { "error": "A captcha.", "code": "captcha_required" } });
        let broken = json!({ "status": 500, "body": { "error": "No code can be sent now." } });
        for (name, screen, answer) in [("captcha", "captcha", captcha), ("not-sent", "email", broken)] {
            self.control().fault("/emailVerifications/create", 9, "status", answer).await;
            self.ask("choose").await;
            self.browser.click_element("[data-step-up-method='email']").await;
            self.screen(screen).await;
            match name {
                "captcha" => drop(self.browser.element(&part("captcha")).await),
                _ => self.has_error().await,
            }
            self.show(name, look).await;
            self.cancel().await;
            self.control().cancel_faults().await;
        }
    }

    async fn with_a_passkey(&self, look: &impl AsyncFn(&str)) {
        self.control().user(json!({ "email": HOLDER, "passkeys": [passkey_on_order()] })).await;
        // It holds no passkey.
        self.browser.plug_in_authenticator().await;
        self.sign_in_to_managed(HOLDER).await;
        self.ask("passkey").await;
        self.show("passkey", look).await;
        self.press_primary().await;
        self.has_error().await;
        self.show("passkey-failed", look).await;
        self.cancel().await;
    }

    /// The word of another identity provider is nothing that a prompt can ask for.
    async fn with_nothing(&self, look: &impl AsyncFn(&str)) {
        self.browser.click("sign-in-external").await;
        self.browser.find("sign-out").await;
        self.at_managed().await;
        self.ask("dead-end").await;
        self.show("dead-end", look).await;
        self.cancel().await;
    }

    async fn with_an_app(&self, look: &impl AsyncFn(&str)) {
        let user = self.control().user(json!({ "email": KEEPER })).await;
        let app = user.enrol_app(KEEPER).await;
        user.recovery_codes().await;
        self.sign_in_to_managed(KEEPER).await;
        // A check that lists nothing has the list asked for.
        self.control().fault("/stepUp/check", 9, "tamper", json!({ "remove": ["credentials"] })).await;
        // Longer than anybody looks at it.
        self.control().fault("/users/mfa/methods", 1, "delay", json!({ "millis": 600_000 })).await;
        self.ask("loading").await;
        self.show("loading", look).await;
        self.cancel().await;
        self.control().cancel_faults().await;

        self.ask("totp").await;
        self.show("totp", look).await;
        self.other("recovery").await;
        self.show("recovery", look).await;
        self.other("totp").await;
        self.type_code(&code_at(&app.secret, self.now().await)).await;
        self.browser.click("export-done").await;
    }

    async fn ask(&self, screen: &str) {
        self.browser.click("export-wallet").await;
        self.screen(screen).await;
    }

    /// Has a screen looked at, which is there before and after.
    async fn show(&self, name: &str, look: &impl AsyncFn(&str)) {
        let screen = match name {
            "wrong-code" | "not-sent" => "email",
            "passkey-failed" => "passkey",
            name => name,
        };
        self.screen(screen).await;
        look(name).await;
        let is_there = format!("return !!document.querySelector({:?})", screen_selector(screen));
        let is_there = self.browser.driver().execute(&is_there, vec![]).await.unwrap();
        assert_eq!(is_there.json(), true, "{name} did not last");
    }

    async fn other(&self, method: &str) {
        self.browser.click_element(&part("other-method")).await;
        self.browser.click_element(&format!("[data-step-up-method='{method}']")).await;
        self.screen(method).await;
    }

    async fn has_error(&self) {
        self.browser.element_text_where(&part("error"), |text| !text.is_empty()).await;
    }

    async fn cancel(&self) {
        self.browser.click_element(&part("cancel")).await;
        self.no_prompt().await;
    }

    async fn sign_out(&self) {
        self.browser.click("sign-out").await;
        self.browser.find("sign-in-email").await;
    }
}
