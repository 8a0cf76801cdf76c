//! Browser lane: the page's buttons do what they say. Its server is the sandbox, in the page.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../support/mod.rs"]
mod support;

use std::ops::Deref;

use serde_json::{Value, json};
use support::{Page, wait};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{HtmlButtonElement, HtmlInputElement};
use yew_step_up::{HttpRequest, TokenScope};

wasm_bindgen_test_configure!(run_in_browser);

const EMAIL: &str = "ada@example.com";

/// The page, and the sandbox behind it.
struct Person(Page);

impl Deref for Person {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.0
    }
}

impl Person {
    fn new() -> Self {
        let person = Self(Page::new(page_headless_all::page));
        person.control(
            HttpRequest::put("/sandbox/settings"),
            &json!({ "security": { "deviceRegistrationRequired": true } }),
        );
        person
    }

    /// The code that was sent last.
    fn code(&self) -> String {
        let inbox = self.control(HttpRequest::get(format!("/sandbox/inbox?to={EMAIL}")), &Value::Null);
        inbox[0]["code"].as_str().unwrap().to_owned()
    }

    /// Types this, presses that, and says what came of it.
    async fn press(&self, name: &str, text: &str) -> String {
        let find = |selector: &str| self.root.query_selector(selector).unwrap();
        // The page may still be about to render; what it does then comes at once.
        wait::settle().await;
        let field: HtmlInputElement = find("input").expect("a field").unchecked_into();
        field.set_value(text);
        let buttons = self.root.query_selector_all("button").unwrap();
        let button = (0..buttons.length())
            .map(|number| buttons.get(number).unwrap().unchecked_into::<HtmlButtonElement>())
            .find(|button| button.text_content().as_deref() == Some(name))
            .expect(name);
        button.click();
        wait::turn().await;
        let told = || find("output").unwrap().text_content().unwrap();
        wait::until(&format!("the end of {name}"), || Some(told()).filter(|told| told != "…")).await
    }
}

#[wasm_bindgen_test]
async fn somebody_signs_in_and_steps_up_with_codes_and_is_refused_what_that_is_not_for() {
    let person = Person::new();
    assert_eq!(person.press("Send a sign-in code", EMAIL).await, "Done.");
    assert_eq!(person.press("Sign in", &person.code()).await, "Done.");
    assert_eq!(person.client.user().unwrap().email.as_deref(), Some(EMAIL));
    assert!(person.root.text_content().unwrap().starts_with(EMAIL));

    assert_eq!(person.press("Send a code", "").await, "Done.");
    assert_eq!(person.press("Verify a code", &person.code()).await, "Done.");
    assert!(person.client.elevation(&TokenScope::WalletExport).is_some());

    let refused = person.press("Enrol an app", "").await;
    assert!(refused.contains("credential:link"), "the elevation was for another scope: {refused}");
    let refused = person.press("Verify a wallet", "").await;
    assert!(!refused.contains("Done."), "{refused}");
}
