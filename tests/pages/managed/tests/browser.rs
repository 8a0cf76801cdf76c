//! Browser lane: one call and the ready-made prompt, against the sandbox in the page.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../support/mod.rs"]
mod support;

use std::ops::Deref;

use serde_json::{Value, json};
use support::{Page, wait};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{
    Event, EventInit, HtmlButtonElement, HtmlDialogElement, HtmlElement, HtmlInputElement, InputEvent,
    InputEventInit,
};
use yew_step_up::{HttpRequest, SessionToken};

wasm_bindgen_test_configure!(run_in_browser);

const EMAIL: &str = "ada@example.com";
const PHONE: &str = "+15550100100";

/// The page with somebody signed in, and the sandbox behind it.
struct Person(Page);

impl Deref for Person {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.0
    }
}

impl Person {
    /// With what `POST /sandbox/users` takes.
    async fn with(credentials: Value) -> Self {
        let person = Self(Page::new(page_managed::page));
        let user = person.control(HttpRequest::post("/sandbox/users"), &credentials);
        let token = user["minifiedJwt"].as_str().unwrap();
        person.client.adopt_session(SessionToken::new(token)).await.unwrap();
        person
    }

    /// The code that was sent to this address, once one was.
    async fn sent_to(&self, address: &str) -> String {
        let inbox = format!("/sandbox/inbox?to={}", address.replace('+', "%2B"));
        wait::until(&format!("a code to {address}"), || {
            let inbox = self.control(HttpRequest::get(inbox.clone()), &Value::Null);
            inbox[0]["code"].as_str().map(str::to_owned)
        })
        .await
    }

    /// The element, once it is there.
    async fn find<T: JsCast>(&self, selector: &str) -> T {
        let instead = || format!("{selector} in {}", self.root.inner_html());
        let element = wait::until_or(instead, || self.root.query_selector(selector).unwrap()).await;
        element.dyn_into().expect(selector)
    }

    async fn press(&self, selector: &str) {
        self.find::<HtmlButtonElement>(selector).await.click();
    }

    /// Types the whole code, once one can be typed.
    async fn enter(&self, code: &str) {
        let input: HtmlInputElement = self.find("dialog[open] input:not([readonly])").await;
        input.set_value(code);
        let init = InputEventInit::new();
        init.set_bubbles(true);
        let event = InputEvent::new_with_event_init_dict("input", &init).unwrap();
        input.dispatch_event(&event).unwrap();
    }

    async fn text(&self, selector: &str) -> String {
        self.find::<HtmlElement>(selector).await.text_content().unwrap()
    }

    fn has_prompt(&self) -> bool {
        self.root.query_selector("dialog").unwrap().is_some()
    }

    /// Nothing is left of the prompt after it.
    async fn no_prompt(&self) {
        wait::until("the end of the prompt", || (!self.has_prompt()).then_some(())).await;
    }
}

#[wasm_bindgen_test]
async fn one_call_asks_for_the_code_and_the_wallet_is_exported() {
    let person = Person::with(json!({ "email": EMAIL })).await;
    assert!(!person.has_prompt(), "there is nothing before the user asks for it");
    person.press("main button").await;
    let text = person.text("dialog[open] [data-step-up-screen=email]").await;
    assert!(text.contains("Export your wallet's private key"), "{text}");
    // It is sent by itself.
    person.find::<HtmlElement>("[data-step-up-part=resend][aria-disabled=true]").await;
    let code = person.sent_to(EMAIL).await;
    person.enter(if code == "000000" { "000001" } else { "000000" }).await;
    let error = person.text("[data-step-up-part=error]:not(:empty)").await;
    assert!(error.contains("4"), "{error}");
    person.enter(&code).await;
    let exported = person.text("output").await;
    assert!(exported.contains(r#""privateKey":"0x"#), "{exported}");
    person.no_prompt().await;
}

#[wasm_bindgen_test]
async fn who_has_several_ways_chooses_and_may_change_their_mind() {
    let person = Person::with(json!({ "email": EMAIL, "phone": PHONE })).await;
    person.press("main button").await;
    let first = person.text("[data-step-up-screen=choose] [data-step-up-part=method]").await;
    assert!(first.contains(EMAIL), "what they signed in with comes first: {first}");
    person.press("[data-step-up-method=email]").await;
    person.find::<HtmlElement>("[data-step-up-screen=email]").await;
    person.sent_to(EMAIL).await;
    person.press("[data-step-up-part=other-method]").await;
    person.press("[data-step-up-method=sms]").await;
    person.find::<HtmlElement>("[data-step-up-screen=sms]").await;
    let code = person.sent_to(PHONE).await;
    person.enter(&code).await;
    assert!(person.text("output").await.contains("privateKey"));
}

#[wasm_bindgen_test]
async fn who_cancels_is_not_asked_again_and_sees_no_error() {
    let person = Person::with(json!({ "email": EMAIL })).await;
    person.press("main button").await;
    let dialog: HtmlDialogElement = person.find("dialog[open]").await;
    // As the Escape key does.
    let init = EventInit::new();
    init.set_cancelable(true);
    dialog.dispatch_event(&Event::new_with_event_init_dict("cancel", &init).unwrap()).unwrap();
    assert_eq!(person.text("main button:enabled").await, "Export wallet");
    assert!(person.root.query_selector("main [role=alert]").unwrap().is_none());
    person.no_prompt().await;
}
