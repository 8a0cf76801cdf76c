//! Browser lane: a person uses the page in Chromium. Its keys are WebCrypto's; its server is the sandbox, in the page.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../support/mod.rs"]
mod support;

use std::ops::Deref;

use serde_json::{Value, json};
use support::{Page, wait};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{HtmlButtonElement, HtmlFormElement, HtmlInputElement};
use yew_step_up::HttpRequest;

wasm_bindgen_test_configure!(run_in_browser);

const EMAIL: &str = "ada@example.com";

/// The page with somebody signed in, and the sandbox behind it.
struct Person(Page);

impl Deref for Person {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.0
    }
}

impl Person {
    async fn signed_in() -> Self {
        let person = Self(Page::new(page_headless_otp::page));
        person.control(
            HttpRequest::put("/sandbox/settings"),
            &json!({ "security": { "deviceRegistrationRequired": true } }),
        );
        person.sign_in().await;
        person
    }

    async fn sign_in(&self) {
        let verification = self.client.send_sign_in_code(EMAIL).await.unwrap();
        self.client.sign_in_with_otp(&verification, &self.code()).await.unwrap();
    }

    fn fault(&self, fault: &Value) {
        self.control(HttpRequest::post("/sandbox/faults"), fault);
    }

    /// The code that was sent last.
    fn code(&self) -> String {
        let inbox = self.control(HttpRequest::get(format!("/sandbox/inbox?to={EMAIL}")), &Value::Null);
        inbox[0]["code"].as_str().unwrap().to_owned()
    }

    fn requests(&self, path: &str) -> usize {
        let log = self.control(HttpRequest::get("/sandbox/requests"), &Value::Null);
        let is_meant = |request: &&Value| request["path"].as_str().unwrap().ends_with(path);
        log["requests"].as_array().unwrap().iter().filter(is_meant).count()
    }

    fn find<T: wasm_bindgen::JsCast>(&self, selector: &str) -> Option<T> {
        self.root.query_selector(selector).unwrap().map(|element| element.dyn_into().expect(selector))
    }

    fn text(&self) -> String {
        self.root.text_content().unwrap()
    }

    /// Waits until the page says this, among other things, and what it says has an end.
    async fn says(&self, sentence: &str) {
        self.until(sentence, |text| text.contains(sentence)).await;
    }

    /// Waits until the page says this and no more.
    async fn shows(&self, all: &str) {
        self.until(all, |text| text == all).await;
    }

    async fn until(&self, what: &str, is_meant: impl Fn(&str) -> bool) {
        let instead = || format!("{what:?} on a page that says {:?}", self.text());
        wait::until_or(instead, || (is_meant(&self.text()) && !self.is_busy()).then_some(())).await;
    }

    fn is_busy(&self) -> bool {
        self.find::<HtmlButtonElement>("button").is_none_or(|button| button.disabled())
    }

    fn submit(&self) {
        self.find::<HtmlFormElement>("form").unwrap().request_submit().unwrap();
    }

    /// Has a code sent.
    async fn ask(&self) {
        self.shows("Export walletCancel").await;
        self.submit();
        self.shows("CodeVerifyCancel").await;
    }

    fn enter(&self, code: &str) {
        self.find::<HtmlInputElement>("input").expect("a code is asked for").set_value(code);
        self.submit();
    }

    fn cancel(&self) {
        self.find::<HtmlButtonElement>("button[type=button]").unwrap().click();
    }
}

#[wasm_bindgen_test]
async fn a_wallet_is_exported_with_a_second_code() {
    let person = Person::signed_in().await;
    person.ask().await;
    person.enter(&person.code());
    person.says(r#""privateKey":"0x"#).await;
    // The token was for one use: the next export asks again.
    person.cancel();
    person.ask().await;
    assert_eq!(person.requests("/privateKey/export"), 1);
}

#[wasm_bindgen_test]
async fn a_wrong_code_says_how_many_tries_are_left_and_the_right_one_still_works() {
    let person = Person::signed_in().await;
    person.ask().await;
    let code = person.code();
    person.enter(wrong(&code));
    person.says("That code is not right. 4 tries are left.").await;
    person.enter(&code);
    person.says("privateKey").await;
}

#[wasm_bindgen_test]
async fn the_fifth_wrong_code_is_void_and_a_new_code_is_sent_from_there() {
    let person = Person::signed_in().await;
    person.ask().await;
    let code = person.code();
    for left in ["4 tries", "3 tries", "2 tries", "One try"] {
        person.enter(wrong(&code));
        person.says(left).await;
    }
    person.enter(wrong(&code));
    person.shows("Export walletCancelThat code is not right. No tries are left.").await;
    person.submit();
    person.shows("CodeVerifyCancel").await;
    assert_ne!(person.code(), code);
    person.enter(&person.code());
    person.says("privateKey").await;
}

#[wasm_bindgen_test]
async fn a_fault_is_shown_costs_nothing_and_is_over_with_the_next_try() {
    for (fault, sentence) in [
        (json!({ "kind": "drop" }), "The server could not be reached."),
        (json!({ "kind": "status", "status": 500, "body": { "error": "It is broken." } }), "It is broken."),
        (json!({ "kind": "garbage" }), "The server's answer could not be read"),
    ] {
        let person = Person::signed_in().await;
        person.ask().await;
        let code = person.code();
        let mut fault = fault.clone();
        fault["path"] = json!("/emailVerifications/verify");
        person.fault(&fault);
        person.enter(&code);
        person.says(sentence).await;
        person.enter(&code);
        person.says("privateKey").await;
    }
}

#[wasm_bindgen_test]
async fn a_lost_export_keeps_the_token_so_that_nobody_verifies_twice() {
    let person = Person::signed_in().await;
    person.ask().await;
    person.fault(&json!({ "kind": "drop", "path": "/waas/*/privateKey/export" }));
    person.enter(&person.code());
    person.says("The server could not be reached.").await;
    // No code is asked for.
    person.submit();
    person.says("privateKey").await;
    assert_eq!(person.requests("/emailVerifications/verify"), 1);
}

#[wasm_bindgen_test]
async fn with_step_up_off_no_code_is_asked_for() {
    let person = Person::signed_in().await;
    person
        .control(HttpRequest::put("/sandbox/settings"), &json!({ "sdk": { "minApiVersion": "2026_01_01" } }));
    person.shows("Export walletCancel").await;
    person.submit();
    person.says("privateKey").await;
    assert_eq!(person.requests("/emailVerifications/verify"), 0);
}

#[wasm_bindgen_test]
async fn signed_out_the_page_says_so() {
    let person = Person::signed_in().await;
    person.client.sign_out().await.unwrap();
    person.shows("Export walletCancel").await;
    person.submit();
    person.says("Not signed in.").await;
}

fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}
