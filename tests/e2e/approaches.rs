//! End to end: the demo's pages of the approaches that draw with the ready-made prompt, and ten calls at once, on both hosts
//! of the sandbox.

#![allow(clippy::unwrap_used)]

mod visitor;

use thirtyfour::By;
use visitor::{Visitor, assert_is_key, wrong};

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
    the_managed_page_exports_the_wallet => the_managed_page_exports_the_wallet_in_page, the_managed_page_exports_the_wallet_on_server;
    the_explicit_page_exports_the_wallet => the_explicit_page_exports_the_wallet_in_page, the_explicit_page_exports_the_wallet_on_server;
    ten_calls_share_one_prompt => ten_calls_share_one_prompt_in_page, ten_calls_share_one_prompt_on_server;
}

impl Visitor {
    /// A part of the ready-made prompt, once it is there.
    async fn part(&self, name: &str) -> thirtyfour::WebElement {
        self.browser.find_css(&format!("[data-step-up-part='{name}']")).await
    }

    /// How many prompts are open.
    async fn prompts(&self) -> usize {
        let open = self.browser.driver().find_all(By::Css("[data-step-up-part='dialog'][open]")).await;
        open.unwrap().len()
    }

    /// Types a code into the ready-made prompt.
    async fn type_code(&self, code: &str) {
        let field = self.browser.find_css("[data-step-up-part='dialog'] input").await;
        field.send_keys(code).await.unwrap();
    }

    /// Waits until no prompt is open.
    async fn prompt_is_over(&self) {
        self.browser.gone_css("[data-step-up-part='dialog']").await;
    }

    /// The code that is on its way once the prompt says where to.
    async fn prompted_code(&self, old: &str) -> String {
        self.browser.find_css("[data-step-up-screen='email'] input").await;
        self.code(old).await
    }
}

/// Presses the page's button, cancels, gets the code wrong, gets it right, and sees the key.
async fn a_page_exports_the_wallet(visitor: &Visitor, nav: &str, source: &str) {
    let first = visitor.sign_in().await;
    visitor.browser.click(nav).await;
    visitor.browser.text_where("source", |text| text.contains(source)).await;
    visitor.browser.click("export-wallet").await;
    let cancelled = visitor.prompted_code(&first).await;
    visitor.part("cancel").await.click().await.unwrap();
    visitor.prompt_is_over().await;
    assert!(!visitor.browser.has("step-up-error").await, "nobody is told what they did themselves");

    visitor.browser.click("export-wallet").await;
    let code = visitor.prompted_code(&cancelled).await;
    assert_eq!(visitor.prompts().await, 1);
    visitor.type_code(wrong(&code)).await;
    visitor.browser.text_of_css("[data-step-up-part='error']", |text| text.contains("4 ")).await;
    visitor.type_code(&code).await;
    assert_is_key(&visitor.key().await);
    visitor.prompt_is_over().await;
    visitor.browser.click("export-done").await;

    // The token was for one use.
    visitor.browser.click("export-wallet").await;
    visitor.prompted_code(&code).await;
}

async fn the_managed_page_exports_the_wallet(visitor: Visitor) {
    a_page_exports_the_wallet(&visitor, "nav-managed", "step_up.prompt_step_up_auth(options).await").await;
}

async fn the_explicit_page_exports_the_wallet(visitor: Visitor) {
    a_page_exports_the_wallet(&visitor, "nav-explicit", "step_up.prompt_reauthenticate(options).await").await;
}

/// How many requests of this kind the page counts, as the sandbox's log has them.
async fn counted(visitor: &Visitor, what: &str) -> Vec<String> {
    let mut counted = Vec::new();
    for line in visitor.browser.all("together-request").await {
        let text = line.text().await.unwrap().replace('\n', " ");
        if text.contains(what) {
            counted.push(text);
        }
    }
    counted
}

async fn ten_calls_share_one_prompt(visitor: Visitor) {
    let first = visitor.sign_in().await;
    visitor.browser.click("nav-together").await;
    visitor.browser.click("together-fire").await;
    let code = visitor.prompted_code(&first).await;
    assert_eq!(visitor.prompts().await, 1);
    visitor.type_code(&code).await;
    visitor.browser.text_where("together-answers", |text| text.starts_with("10 of 10")).await;
    visitor.prompt_is_over().await;

    let calls = async || counted(&visitor, "PUT /users").await == ["10 × PUT /users 200"];
    visitor.browser.until("ten calls are counted", calls).await;
    assert_eq!(counted(&visitor, "/stepUp/check").await, ["1 × POST /stepUp/check 200"]);
    assert_eq!(counted(&visitor, "/verify").await.len(), 1);
    if visitor.server.is_some() {
        // The page counts what the server has.
        assert_eq!(visitor.control().requests("/stepUp/check").await.len(), 1);
        assert_eq!(visitor.control().requests("/emailVerifications/verify").await.len(), 1);
    }

    // The elevation is good until it expires: nobody is asked again.
    visitor.browser.click("together-fire").await;
    let calls = async || counted(&visitor, "/").await == ["10 × PUT /users 200"];
    visitor.browser.until("ten calls and nothing else are counted", calls).await;
}
