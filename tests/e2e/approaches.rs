//! End to end: the demo's pages of the approaches that draw with the ready-made prompt, and ten calls at once, on both hosts
//! of the sandbox.

#![allow(clippy::unwrap_used)]

mod visitor;

use serde_json::json;
use step_up_tests::Screen;
use thirtyfour::By;
use visitor::{EMAIL, Visitor, assert_is_key, wrong};

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
    the_headless_page_runs_the_documentations_example => the_headless_page_runs_the_documentations_example_in_page, the_headless_page_runs_the_documentations_example_on_server;
    ten_calls_share_one_prompt => ten_calls_share_one_prompt_in_page, ten_calls_share_one_prompt_on_server;
    ten_calls_that_need_a_token_each_ask_in_turn => ten_calls_that_need_a_token_each_ask_in_turn_in_page, ten_calls_that_need_a_token_each_ask_in_turn_on_server;
}

/// A part of the ready-made prompt.
const DIALOG: &str = "[data-step-up-part='dialog']";
const CANCEL: &str = "[data-step-up-part='cancel']";
const ERROR: &str = "[data-step-up-part='error']";
const EMAIL_TEXT: &str = "[data-step-up-screen='email'] [data-step-up-part='text']";

impl Visitor {
    /// The code that is on its way once the ready-made prompt asks for one.
    async fn prompted_code(&self, old: &str) -> String {
        self.browser
            .element_text_where(EMAIL_TEXT, |text| text.contains(&format!("sent a code to {EMAIL}")))
            .await;
        self.code(old).await
    }

    /// How many prompts are open.
    async fn prompts(&self) -> usize {
        self.browser.driver().find_all(By::Css(DIALOG)).await.unwrap().len()
    }

    /// Has the page show the source that it runs on, and looks for a line of it.
    async fn source_says(&self, line: &str) {
        self.browser.text_where("source", |text| text.contains(line)).await;
    }

    /// Waits until the page counts this in the sandbox's log, of the lines that have `what` in them.
    async fn counts(&self, what: &str, expected: &[&str]) {
        let script = format!(
            "const lines = [...document.querySelectorAll(\"[data-testid='together-request']\")]
                .map(line => line.innerText.replace(/\\s+/g, ' ').replace(/[0-9a-f]{{4}}…/, '*').trim())
                .filter(line => line.includes({}));
            return JSON.stringify(lines) === {:?};",
            json!(what),
            json!(expected).to_string()
        );
        self.browser.wait_for(&script).await;
    }
}

/// Presses the page's button, cancels, gets the code wrong, gets it right, and sees the key.
async fn a_page_exports_the_wallet(visitor: &Visitor, nav: &str, source: &str) {
    let first = visitor.sign_in().await;
    visitor.browser.click(nav).await;
    visitor.source_says(source).await;
    visitor.browser.click("export-wallet").await;
    let cancelled = visitor.prompted_code(&first).await;
    visitor.browser.click_element(CANCEL).await;
    visitor.browser.no_element(DIALOG).await;
    visitor.browser.element("[data-testid='export-wallet'][aria-busy='false']").await;
    assert!(!visitor.browser.has("step-up-error").await, "nobody is told what they did themselves");

    visitor.browser.click("export-wallet").await;
    let code = visitor.prompted_code(&cancelled).await;
    assert_eq!(visitor.prompts().await, 1);
    visitor.type_code(wrong(&code)).await;
    visitor.browser.element_text_where(ERROR, |text| text.contains("4 tries")).await;
    // The panel cannot be reached now: what it has is in the dialog, too.
    visitor.browser.text_where("at-hand-inbox", |text| text == code).await;
    visitor.browser.click("at-hand-inbox").await;
    assert_is_key(&visitor.key().await);
    visitor.browser.no_element(DIALOG).await;
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

async fn the_headless_page_runs_the_documentations_example(visitor: Visitor) {
    let first = visitor.sign_in().await;
    visitor.source_says("step_up.verify_otp(&code, &[TokenScope::CredentialLink]).await").await;
    visitor.browser.click("link-email").await;
    visitor.browser.find("link-email-code").await;
    let code = visitor.code(&first).await;
    visitor.browser.type_into("link-email-code", wrong(&code)).await;
    visitor.browser.click("link-email-verify").await;
    visitor.browser.text_where("link-email-error", |text| text.contains("4 tries")).await;
    visitor.browser.replace("link-email-code", &code).await;
    visitor.browser.click("link-email-verify").await;

    let other = "countess@example.com";
    visitor.browser.type_into("link-address", other).await;
    assert_eq!(visitor.prompts().await, 0, "the page's own screens ask");
    visitor.browser.click("link-send").await;
    visitor.browser.find("link-code").await;
    let sent = visitor.code_for(other, &code).await;
    visitor.browser.type_into("link-code", &sent).await;
    visitor.browser.text_where("example-linked", |text| text.contains("It is linked")).await;
    visitor.browser.click("nav-credentials").await;
    visitor.browser.text_where("credentials", |text| text.contains(other)).await;
}

/// What a page has that does not fit into 320 pixels or a Content-Security-Policy without `'unsafe-inline'`, and its headings where
/// they are not in order.
const MISFITS: &str = r"
    document.querySelectorAll('.source details').forEach(it => { it.open = true; });
    const misfits = [...document.querySelectorAll('[style], style')].map(it => 'styled: ' + it.outerHTML);
    const width = Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll('header, main, main *')]
        .filter(it => !it.closest('pre, .skip')).map(it => it.getBoundingClientRect().right));
    if (width > 320.5) misfits.push('wide: ' + width);
    const headings = [...document.querySelectorAll('h1, h2, h3, h4')].filter(it => it.checkVisibility());
    const levels = headings.map(it => Number(it.tagName[1]));
    if (levels.filter(it => it === 1).length !== 1 || levels.some((it, at) => it > (levels[at - 1] ?? 0) + 1))
        misfits.push('headings: ' + headings.map(it => it.tagName + ' ' + it.innerText).join(', '));
    return misfits;";

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_small_screen_and_a_strict_policy_in_page() {
    let visitor = Visitor::in_page().await;
    let fits = async |page: &str| {
        let found = visitor.browser.driver().execute(MISFITS, Vec::new()).await.unwrap();
        assert_eq!(*found.json(), json!([]), "{page}");
    };
    visitor.sign_in().await;
    visitor.browser.resize(Screen { width: 320, height: 640, is_dark: false }).await;
    for page in ["managed", "explicit", "headless", "together", "credentials", "factors", "inspector"] {
        visitor.browser.click(&format!("nav-{page}")).await;
        visitor.browser.element(&format!("[data-testid='nav-{page}'][aria-current]")).await;
        fits(page).await;
    }
    visitor.browser.click("nav-managed").await;
    visitor.browser.click("export-wallet").await;
    visitor.screen("email").await;
    fits("the prompt").await;
    visitor.browser.click_element(CANCEL).await;
    visitor.browser.no_element(DIALOG).await;
    visitor.browser.click("sign-out").await;
    visitor.browser.find("sign-in-email").await;
    fits("signed out").await;
    visitor.browser.open(&format!("{}/?api=https://example.com/api/v0", visitor.page.url())).await;
    visitor.browser.find("api-refused").await;
    fits("a foreign address").await;
}

async fn ten_calls_share_one_prompt(visitor: Visitor) {
    let first = visitor.sign_in().await;
    visitor.browser.click("nav-together").await;
    visitor.source_says("use_step_up_action(").await;
    visitor.browser.click("together-fire").await;
    let code = visitor.prompted_code(&first).await;
    assert_eq!(visitor.prompts().await, 1);
    visitor.type_code(&code).await;
    visitor.browser.text_where("together-answers", |text| text.starts_with("10 of 10")).await;
    visitor.browser.no_element(DIALOG).await;
    visitor.counts("PUT /users", &["10 × PUT /users 200"]).await;
    visitor.counts("/stepUp/check", &["1 × POST /stepUp/check 200"]).await;
    visitor
        .counts(
            "/emailVerifications",
            &["1 × POST /emailVerifications/create 200", "1 × POST /emailVerifications/verify 200"],
        )
        .await;
    if visitor.server.is_some() {
        // The page counts what the server has.
        assert_eq!(visitor.control().requests("/stepUp/check").await.len(), 1);
        assert_eq!(visitor.control().requests("/emailVerifications/verify").await.len(), 1);
        let users = visitor.control().requests("/users").await;
        assert_eq!(users.iter().filter(|it| it["method"] == "PUT" && it["status"] == 200).count(), 10);
    }

    // The elevation is good until it expires: nobody is asked again.
    visitor.browser.click("together-fire").await;
    visitor.counts("", &["10 × PUT /users 200"]).await;
    assert_eq!(visitor.prompts().await, 0);
}

async fn ten_calls_that_need_a_token_each_ask_in_turn(visitor: Visitor) {
    let mut code = visitor.sign_in().await;
    visitor.browser.click("nav-together").await;
    visitor.browser.click("together-single-use").await;
    visitor.browser.click("together-fire").await;
    for number in 1..=10 {
        code = visitor.prompted_code(&code).await;
        assert_eq!(visitor.prompts().await, 1);
        visitor.type_code(&code).await;
        let answered = format!("{number} of 10");
        visitor.browser.text_where("together-answers", |text| text.starts_with(&answered)).await;
    }
    visitor.browser.no_element(DIALOG).await;
    visitor.counts("/signMessage", &["10 × POST /waas/*/signMessage 200"]).await;
    visitor
        .counts(
            "/emailVerifications",
            &["10 × POST /emailVerifications/create 200", "10 × POST /emailVerifications/verify 200"],
        )
        .await;

    // Whoever cancels is not asked for the rest.
    visitor.browser.click("together-fire").await;
    visitor.prompted_code(&code).await;
    visitor.browser.click_element(CANCEL).await;
    visitor.browser.text_where("together-cancelled", |text| text.contains("10 cancelled")).await;
    visitor.browser.gone("together-failed").await;
    visitor.browser.no_element(DIALOG).await;
}
