//! Browser lane: a person uses the page in Chromium. Its keys are WebCrypto's; its server is the sandbox, in the page.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../support/mod.rs"]
mod support;

use std::ops::Deref;

use gloo::timers::future::TimeoutFuture;
use serde_json::{Value, json};
use support::Page;
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

    /// What the page says, once it has stopped working.
    async fn text(&self) -> String {
        for _ in 0..2_000 {
            TimeoutFuture::new(1).await;
            let is_busy = self.find::<HtmlButtonElement>("button").is_none_or(|button| button.disabled());
            if !is_busy {
                break;
            }
        }
        // Keys and answers take turns with the page.
        TimeoutFuture::new(30).await;
        self.root.text_content().unwrap()
    }

    async fn submit(&self) -> String {
        self.find::<HtmlFormElement>("form").unwrap().request_submit().unwrap();
        self.text().await
    }

    async fn enter(&self, code: &str) -> String {
        self.find::<HtmlInputElement>("input").expect("a code is asked for").set_value(code);
        self.submit().await
    }

    async fn cancel(&self) -> String {
        self.find::<HtmlButtonElement>("button[type=button]").unwrap().click();
        self.text().await
    }
}

#[wasm_bindgen_test]
async fn a_wallet_is_exported_with_a_second_code() {
    let person = Person::signed_in().await;
    assert_eq!(person.text().await, "Export walletCancel");
    assert_eq!(person.submit().await, "CodeVerifyCancel");
    let exported = person.enter(&person.code()).await;
    assert!(exported.contains(r#""privateKey":"0x"#), "{exported}");
    // The token was for one use: the next export asks again.
    assert!(person.cancel().await.starts_with("Export wallet"));
    assert_eq!(person.submit().await, "CodeVerifyCancel");
    assert_eq!(person.requests("/privateKey/export"), 1);
}

#[wasm_bindgen_test]
async fn a_wrong_code_says_how_many_tries_are_left_and_the_right_one_still_works() {
    let person = Person::signed_in().await;
    person.submit().await;
    let code = person.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert!(person.enter(wrong).await.contains("That code is not right. 4 tries are left."));
    assert!(person.enter(&code).await.contains("privateKey"));
}

#[wasm_bindgen_test]
async fn the_fifth_wrong_code_is_void_and_a_new_code_is_sent_from_there() {
    let person = Person::signed_in().await;
    person.submit().await;
    let code = person.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        assert!(person.enter(wrong).await.starts_with("CodeVerify"));
    }
    assert_eq!(person.enter(wrong).await, "Export walletCancelThat code is not right. No tries are left.");
    assert_eq!(person.submit().await, "CodeVerifyCancel");
    assert_ne!(person.code(), code);
    assert!(person.enter(&person.code()).await.contains("privateKey"));
}

#[wasm_bindgen_test]
async fn a_fault_is_shown_costs_nothing_and_is_over_with_the_next_try() {
    for (fault, sentence) in [
        (json!({ "kind": "drop" }), "The server could not be reached."),
        (json!({ "kind": "status", "status": 500, "body": { "error": "It is broken." } }), "It is broken."),
        (json!({ "kind": "garbage" }), "The server's answer could not be read"),
    ] {
        let person = Person::signed_in().await;
        person.submit().await;
        let code = person.code();
        let mut fault = fault.clone();
        fault["path"] = json!("/emailVerifications/verify");
        person.fault(&fault);
        let text = person.enter(&code).await;
        assert!(text.contains(sentence), "{fault}: {text}");
        assert!(person.enter(&code).await.contains("privateKey"), "{fault}");
    }
}

#[wasm_bindgen_test]
async fn a_lost_export_keeps_the_token_so_that_nobody_verifies_twice() {
    let person = Person::signed_in().await;
    person.submit().await;
    person.fault(&json!({ "kind": "drop", "path": "/waas/*/privateKey/export" }));
    assert!(person.enter(&person.code()).await.contains("The server could not be reached."));
    assert!(person.submit().await.contains("privateKey"), "no code is asked for");
    assert_eq!(person.requests("/emailVerifications/verify"), 1);
}

#[wasm_bindgen_test]
async fn with_step_up_off_no_code_is_asked_for() {
    let person = Person::signed_in().await;
    person
        .control(HttpRequest::put("/sandbox/settings"), &json!({ "sdk": { "minApiVersion": "2026_01_01" } }));
    assert!(person.submit().await.contains("privateKey"));
    assert_eq!(person.requests("/emailVerifications/verify"), 0);
}

#[wasm_bindgen_test]
async fn signed_out_the_page_says_so() {
    let person = Person::signed_in().await;
    person.client.sign_out().await.unwrap();
    assert!(person.submit().await.contains("Not signed in."));
}
