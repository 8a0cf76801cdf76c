//! End to end: social accounts in the built demo, on both hosts of the sandbox: popups, refusals, closed popups, a provider
//! that cuts the tie to its opener, and redirects where popups are blocked.

#![allow(clippy::unwrap_used)]

mod visitor;

use serde_json::json;
use step_up_tests::Browser;
use visitor::{Visitor, assert_is_key};

const ACCOUNT: &str = "ada@example.com";

/// Consents, or refuses, in the provider's window.
async fn decide(browser: &Browser, decision: &str) {
    browser.in_popup(async |browser| answer(browser, decision).await).await;
}

async fn answer(browser: &Browser, decision: &str) {
    browser.replace("consent-account", ACCOUNT).await;
    browser.click(decision).await;
}

/// Links an account at this provider, in a popup.
async fn link(visitor: &Visitor, provider: &str, old: &str) {
    visitor.browser.click("nav-credentials").await;
    visitor.browser.click("link-social").await;
    visitor.answer_code(old).await;
    visitor.browser.click(&format!("choose-{provider}")).await;
    decide(&visitor.browser, "consent-continue").await;
    visitor.browser.find("link-social").await;
}

/// Opens the screen of the social account.
async fn ask(visitor: &Visitor) {
    visitor.browser.click("nav-headless").await;
    visitor.browser.click("export-wallet").await;
    visitor.browser.find("otp-input").await;
    visitor.browser.click("other-method").await;
    visitor.browser.click("method-social").await;
}

async fn a_social_account_exports_the_wallet(visitor: Visitor, provider: &str) {
    let first = visitor.sign_in().await;
    link(&visitor, provider, &first).await;
    ask(&visitor).await;
    visitor.browser.click("social-verify").await;
    decide(&visitor.browser, "consent-refuse").await;
    visitor.browser.element("[data-testid='social-verify']:enabled").await;
    visitor.browser.text_where("social-error", str::is_empty).await;
    visitor.browser.click("social-verify").await;
    decide(&visitor.browser, "consent-continue").await;
    assert_is_key(&visitor.key().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn google_exports_the_wallet_in_page() {
    a_social_account_exports_the_wallet(Visitor::in_page().await, "google").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn google_exports_the_wallet_on_server() {
    a_social_account_exports_the_wallet(Visitor::on_server().await, "google").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn github_exports_the_wallet_on_server() {
    a_social_account_exports_the_wallet(Visitor::on_server().await, "github").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apple_exports_the_wallet_on_server() {
    a_social_account_exports_the_wallet(Visitor::on_server().await, "apple").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discord_exports_the_wallet_in_page() {
    a_social_account_exports_the_wallet(Visitor::in_page().await, "discord").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_popup_is_told_from_a_refusal_on_server() {
    let visitor = Visitor::on_server().await;
    let first = visitor.sign_in().await;
    link(&visitor, "google", &first).await;
    ask(&visitor).await;
    visitor.browser.click("social-verify").await;
    visitor
        .browser
        .in_popup(async |browser| {
            browser.find("consent-account").await;
            browser.driver().close_window().await.unwrap();
        })
        .await;
    visitor.browser.text_where("social-error", |text| text.contains("closed")).await;
    visitor.browser.click("social-verify").await;
    decide(&visitor.browser, "consent-continue").await;
    assert_is_key(&visitor.key().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_cuts_the_tie_to_its_opener_is_survived_on_server() {
    let visitor = Visitor::on_server().await;
    let settings = json!({ "sandbox": { "crossOriginOpenerPolicy": ["google"] } });
    visitor.control().put("/sandbox/settings", &settings).await;
    let first = visitor.sign_in().await;
    link(&visitor, "google", &first).await;
    ask(&visitor).await;
    visitor.browser.click("social-verify").await;
    decide(&visitor.browser, "consent-continue").await;
    assert_is_key(&visitor.key().await);
}

/// With the popup blocked the page itself goes to the provider, and comes back elevated.
async fn a_blocked_popup_becomes_a_redirect(visitor: Visitor) {
    let signing_in = "sign-in-github";
    block_popups(&visitor).await;
    visitor.browser.click(signing_in).await;
    visitor.browser.find("consent-account").await;
    let there = visitor.browser.driver().current_url().await.unwrap();
    assert!(there.as_str().contains("github"), "{there}");
    answer(&visitor.browser, "consent-continue").await;
    visitor.browser.text_where("resumed", |text| text.contains("signed in with GitHub")).await;
    let address = visitor.browser.driver().current_url().await.unwrap();
    assert!(!address.as_str().contains("dynamicOauth"), "{address}");

    block_popups(&visitor).await;
    visitor.browser.click("export-wallet").await;
    visitor.browser.click("social-verify").await;
    answer(&visitor.browser, "consent-continue").await;
    visitor.browser.text_where("resumed", |text| text.contains("verified with GitHub")).await;
    visitor.browser.find("held").await;
    // Nothing is asked again: the token is held.
    visitor.browser.click("export-wallet").await;
    assert_is_key(&visitor.key().await);
}

/// As a browser does that blocks popups: `window.open` gives nothing.
async fn block_popups(visitor: &Visitor) {
    visitor.browser.driver().execute("window.open = () => null", vec![]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_popup_becomes_a_redirect_in_page() {
    a_blocked_popup_becomes_a_redirect(Visitor::in_page().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_popup_becomes_a_redirect_on_server() {
    a_blocked_popup_becomes_a_redirect(Visitor::on_server().await).await;
}

/// Goes to the provider in the page itself, and back by the browser's button. Returns what `window.isBefore` is then.
async fn back_from_the_provider(visitor: &Visitor) -> bool {
    let first = visitor.sign_in().await;
    link(visitor, "google", &first).await;
    ask(visitor).await;
    block_popups(visitor).await;
    visitor.browser.driver().execute("window.isBefore = true", vec![]).await.unwrap();
    visitor.browser.click("social-verify").await;
    visitor.browser.find("consent-account").await;
    visitor.browser.driver().back().await.unwrap();
    visitor.browser.find("sign-out").await;
    let is_before =
        visitor.browser.driver().execute("return window.isBefore === true", vec![]).await.unwrap();
    is_before.json() == true
}

/// The page is as it was left, popups blocked and all, and what was begun can be begun again.
#[tokio::test(flavor = "multi_thread")]
async fn back_from_the_provider_to_a_page_that_was_kept_nothing_is_stuck_on_server() {
    let visitor = Visitor::on_server().await;
    assert!(back_from_the_provider(&visitor).await, "the browser loaded the page again");
    visitor.browser.click("social-verify").await;
    answer(&visitor.browser, "consent-continue").await;
    visitor.browser.find("resumed").await;
}

/// The page starts again, signed in.
#[tokio::test(flavor = "multi_thread")]
async fn back_from_the_provider_to_a_page_that_is_loaded_again_nothing_is_stuck_on_server() {
    let visitor = Visitor::on_server_in(Browser::start_without_kept_pages().await).await;
    assert!(!back_from_the_provider(&visitor).await, "the browser kept the page");
    ask(&visitor).await;
    visitor.browser.click("social-verify").await;
    decide(&visitor.browser, "consent-continue").await;
    assert_is_key(&visitor.key().await);
}
