//! End to end: the built demo in Chromium, on both hosts of the sandbox. Each test names the host that it ran on.

#![allow(clippy::unwrap_used)]

mod visitor;

use serde_json::json;
use step_up_tests::{Browser, PageServer, required};
use visitor::{EMAIL, Visitor, assert_is_key, wrong};

async fn a_wallet_is_exported(visitor: Visitor) {
    let first = visitor.sign_in().await;
    let code = visitor.ask_for_export(&first).await;
    visitor.browser.text_where("otp-hint", |text| text.contains(EMAIL)).await;
    visitor.enter(&code).await;
    assert_is_key(&visitor.key().await);
    visitor.browser.click("export-done").await;
    visitor.browser.find("export-wallet").await;
    // The token was for one use.
    let again = visitor.ask_for_export(&code).await;
    visitor.browser.click("otp-cancel").await;
    visitor.browser.find("export-wallet").await;
    assert_eq!(again.len(), 6);
    visitor.browser.click("sign-out").await;
    visitor.browser.find("sign-in-email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_exported_in_page() {
    a_wallet_is_exported(Visitor::in_page().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_exported_on_server() {
    a_wallet_is_exported(Visitor::on_server().await).await;
}

async fn a_wrong_code_can_be_corrected_and_resent(visitor: Visitor) {
    let first = visitor.sign_in().await;
    let code = visitor.ask_for_export(&first).await;
    visitor.enter(wrong(&code)).await;
    visitor.otp_error("4 tries are left").await;
    visitor.enter(&code).await;
    assert_is_key(&visitor.key().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_can_be_corrected_in_page() {
    a_wrong_code_can_be_corrected_and_resent(Visitor::in_page().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_can_be_corrected_on_server() {
    a_wrong_code_can_be_corrected_and_resent(Visitor::on_server().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_can_be_pasted_as_mail_programs_write_it_in_page() {
    let visitor = Visitor::in_page().await;
    let first = visitor.sign_in().await;
    let code = visitor.ask_for_export(&first).await;
    // The input has the focus by itself.
    let written = format!(" {} {}\n", &code[..3], &code[3..]);
    visitor.browser.devtools("Input.insertText", json!({ "text": written })).await;
    assert_is_key(&visitor.key().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_the_session_and_no_elevation_in_page() {
    let visitor = Visitor::in_page().await;
    let first = visitor.sign_in().await;
    let code = visitor.ask_for_export(&first).await;
    visitor.enter(&code).await;
    let key = visitor.key().await;
    visitor.browser.reload().await;
    visitor.browser.text_where("signed-in-user", |text| text.contains(EMAIL)).await;
    let code = visitor.ask_for_export(&code).await;
    visitor.enter(&code).await;
    assert_eq!(visitor.key().await, key, "the same user with the same wallet");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panel_moves_both_clocks_and_a_code_expires_in_page() {
    let visitor = Visitor::in_page().await;
    let first = visitor.sign_in().await;
    let code = visitor.ask_for_export(&first).await;
    for (button, seconds) in [("clock-5m", 300), ("clock-5m", 300), ("clock-1m", 60)] {
        visitor.press_clock(button, seconds).await;
    }
    visitor.enter(&code).await;
    visitor.step_up_error("no longer valid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn step_up_that_is_off_asks_for_nothing_in_page() {
    let visitor = Visitor::in_page().await;
    visitor.sign_in().await;
    visitor.browser.turn_off("step-up-switch").await;
    visitor.browser.click("export-wallet").await;
    assert_is_key(&visitor.key().await);
}

/// Holds what the page wants done in a moment, which is when its sandbox answers, until `release()`.
const HOLD: &str = "const later = window.setTimeout, held = [];
    window.setTimeout = (work, ...rest) => rest[0] === 0 ? held.push(work) : later(work, ...rest);
    window.release = () => { window.setTimeout = later; held.forEach(work => later(work, 0)); };";

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_busy_until_the_sandbox_has_kept_its_setting_in_page() {
    let visitor = Visitor::in_page().await;
    let switch = async |state: &str| {
        visitor.browser.element(&format!("[data-testid='captcha-switch']{state}")).await;
    };
    switch("[aria-busy='false']:not(:checked)").await;
    visitor.browser.driver().execute(HOLD, vec![]).await.unwrap();
    visitor.browser.click("captcha-switch").await;
    switch("[aria-busy='true']:not(:checked)").await;
    // Another press, of this switch or of another, would be overtaken by the first.
    for id in ["captcha-switch", "step-up-switch"] {
        let press = format!("document.querySelector(\"[data-testid='{id}']\").click()");
        visitor.browser.driver().execute(&press, vec![]).await.unwrap();
        visitor.browser.element(&format!("[data-testid='{id}'][aria-disabled='true']")).await;
    }
    visitor.browser.driver().execute("release()", vec![]).await.unwrap();
    switch(":checked").await;
    visitor.browser.reload().await;
    switch("[aria-busy='false']:checked").await;
    visitor.browser.element("[data-testid='step-up-switch'][aria-busy='false']:checked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_not_on_this_machine_is_refused() {
    let page = PageServer::start(required("STEP_UP_DEMO_DIST")).await;
    let browser = Browser::start().await;
    for api in ["https://evil.example/api/v0", "http://localhost.evil.example/api/v0", "javascript:alert(1)"]
    {
        browser.open(&format!("{}/?api={api}", page.url())).await;
        browser.find("api-refused").await;
        assert!(!browser.has("sign-in-email").await, "{api}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_code_and_a_fifth_wrong_one_are_void_and_a_new_code_works_on_server() {
    let visitor = Visitor::on_server().await;
    visitor.sign_in().await;
    let old = visitor.ask_for_export("").await;
    visitor.control().advance(601).await;
    visitor.enter(&old).await;
    visitor.step_up_error("no longer valid").await;
    visitor.browser.click("otp-resend").await;
    visitor.browser.find("otp-input").await;

    let code = visitor.code(&old).await;
    for left in ["4 tries", "3 tries", "2 tries", "One try"] {
        visitor.enter(wrong(&code)).await;
        visitor.otp_error(left).await;
    }
    visitor.enter(wrong(&code)).await;
    visitor.step_up_error("No tries are left").await;
    visitor.browser.gone("otp-input").await;
    visitor.browser.click("otp-resend").await;
    visitor.browser.find("otp-input").await;

    let code = visitor.code(&code).await;
    visitor.enter(&code).await;
    assert_is_key(&visitor.key().await);
    let evaluated = visitor
        .control()
        .requests("/emailVerifications/verify")
        .await
        .iter()
        .filter(|it| it["evaluated"] == true)
        .count();
    // The old code once, the next one five times and not six, the last one once.
    assert!((6..=7).contains(&evaluated), "{evaluated}");
}

/// Types a wrong code until it is void.
async fn use_up(visitor: &Visitor, input: &str, error: &str, code: &str) {
    for left in ["4 tries", "3 tries", "2 tries", "One try", "No tries"] {
        visitor.browser.type_into(input, wrong(code)).await;
        visitor.browser.text_where(error, |text| text.contains(left)).await;
    }
    visitor.browser.gone(input).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_code_leads_back_to_where_another_is_sent_on_server() {
    let visitor = Visitor::on_server().await;
    visitor.browser.type_into("sign-in-email", EMAIL).await;
    visitor.browser.click("sign-in-send").await;
    visitor.browser.find("sign-in-code").await;
    use_up(&visitor, "sign-in-code", "sign-in-error", &visitor.code("").await).await;
    visitor.sign_in().await;

    visitor.browser.click("nav-credentials").await;
    visitor.browser.click("link-email").await;
    visitor.browser.find("link-email-code").await;
    let code = visitor.code("").await;
    visitor.browser.type_into("link-email-code", &code).await;
    visitor.browser.click("link-email-verify").await;
    visitor.browser.type_into("link-address", "countess@example.com").await;
    visitor.browser.click("link-send").await;
    visitor.browser.find("link-code").await;
    let code = visitor.code_for("countess@example.com", "").await;
    use_up(&visitor, "link-code", "link-error", &code).await;
    visitor.browser.type_into("link-address", "countess@example.com").await;
    visitor.browser.click("link-send").await;
    visitor.browser.find("link-code").await;
    let code = visitor.code_for("countess@example.com", "").await;
    visitor.browser.type_into("link-code", &code).await;
    visitor.browser.text_where("credentials", |text| text.contains("countess")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_in_a_verification_are_told_apart_and_lose_nothing_on_server() {
    let visitor = Visitor::on_server().await;
    visitor.sign_in().await;
    let code = visitor.ask_for_export("").await;
    for (kind, more, sentence) in [
        ("status", json!({ "status": 500, "body": { "error": "It is broken." } }), "It is broken."),
        ("garbage", json!({}), "could not be read"),
        ("drop", json!({}), "could not be reached"),
    ] {
        // Browsers send a request again whose connection broke before the answer began, so one fault is not enough.
        visitor.control().fault("/emailVerifications/verify", 9, kind, more).await;
        visitor.enter(&code).await;
        visitor.otp_error(sentence).await;
        visitor.control().cancel_faults().await;
    }
    visitor.browser.set_offline(true).await;
    visitor.enter(&code).await;
    visitor.otp_error("could not be reached").await;
    visitor.browser.set_offline(false).await;
    visitor.enter(&code).await;
    assert_is_key(&visitor.key().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_elevate_is_an_error_on_server() {
    let visitor = Visitor::on_server().await;
    visitor.sign_in().await;
    for (tampering, sentence) in [
        (json!({ "remove": ["elevatedAccessToken"] }), "Not elevated for wallet:export"),
        (json!({ "elevatedScope": "wallet:sign" }), "Not elevated for wallet:export"),
        (json!({ "elevatedExpiresIn": -5 }), "Not elevated for wallet:export"),
        (json!({ "elevatedSubject": "somebody-else" }), "another user"),
        (json!({ "userId": "somebody-else" }), "another user"),
    ] {
        let code = visitor.ask_for_export("").await;
        visitor.control().fault("/emailVerifications/verify", 1, "tamper", tampering).await;
        visitor.enter(&code).await;
        visitor.step_up_error(sentence).await;
        visitor.browser.text_where("signed-in-user", |text| text.contains(EMAIL)).await;
        visitor.browser.click("stopped-cancel").await;
    }
    let code = visitor.ask_for_export("").await;
    visitor.enter(&code).await;
    assert_is_key(&visitor.key().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_export_costs_no_second_verification_on_server() {
    let visitor = Visitor::on_server().await;
    visitor.sign_in().await;
    let code = visitor.ask_for_export("").await;
    visitor.control().fault("/waas/*/privateKey/export", 9, "drop", json!({})).await;
    visitor.enter(&code).await;
    visitor.step_up_error("could not be reached").await;
    visitor.control().cancel_faults().await;
    visitor.browser.click("try-again").await;
    visitor.browser.click("export-wallet").await;
    assert_is_key(&visitor.key().await);
    assert_eq!(visitor.control().requests("/emailVerifications/verify").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_out_while_the_answer_is_on_its_way_stores_nothing_on_server() {
    let visitor = Visitor::on_server().await;
    visitor.sign_in().await;
    let code = visitor.ask_for_export("").await;
    visitor.control().fault("/emailVerifications/verify", 1, "delay", json!({ "millis": 5_000 })).await;
    visitor.enter(&code).await;
    visitor.browser.element("[data-testid='otp-input'][readonly]").await;
    visitor.browser.click("sign-out").await;
    visitor.browser.find("sign-in-email").await;
    let answered =
        "performance.getEntriesByType('resource').some(it => it.name.endsWith('/emailVerifications/verify'))";
    let answered_before = visitor.browser.driver().execute(&format!("return {answered}"), vec![]).await;
    assert_eq!(answered_before.unwrap().json(), false, "the answer came before the sign-out");
    let code = visitor.sign_in_after(&code).await;
    // It has arrived, or was given up.
    visitor.browser.wait_for(&format!("return {answered}")).await;
    // Whoever signs in next is asked again.
    let code = visitor.ask_for_export(&code).await;
    visitor.enter(&code).await;
    assert_is_key(&visitor.key().await);
}
