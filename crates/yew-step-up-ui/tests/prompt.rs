//! Browser lane: the ready-made prompt, in headless Chromium.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/page.rs"]
mod page;
mod support;

use std::{cell::RefCell, rc::Rc};

use page::*;
use support::*;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, Event, EventInit, HtmlElement};
use yew::prelude::*;
use yew_step_up::{StepUpError, TokenScope};
use yew_step_up_ui::{Phrase, Texts};

wasm_bindgen_test_configure!(run_in_browser);

const WRONG: &str = r#"{"error":"no","code":"wrong_email_verification_token","payload":{"attemptsLeft":2}}"#;
const CAPTCHA: &str = r#"{"error":"no","code":"captcha_required"}"#;

#[wasm_bindgen_test]
async fn a_user_who_needs_no_step_up_sees_no_dialog() {
    let service = Service::new();
    let client = service.signed_in().await;
    service.answer("/stepUp/check", 200, r#"{"isRequired":false}"#);
    let page = Page::mounted(service, yew::props!(AppProps { client })).await;
    assert_eq!(page.outcome().unwrap().unwrap().elevation, None);
    assert!(page.find("dialog").is_none() && !page.asker().disabled());
    assert_eq!(page.service.asked(""), 1);
}

#[wasm_bindgen_test]
async fn every_way_to_verify_has_its_screen_which_is_labelled_and_takes_the_focus() {
    let routes = [
        (BY_EMAIL, "email", "Check your email", "code", "/create"),
        (BY_SMS, "sms", "Check your phone", "code", "/create"),
        (BY_TOTP, "totp", "Enter the code from your app", "code", ""),
        (BY_PASSKEY, "passkey", "Use your passkey", "primary", ""),
        (BY_WALLET, "wallet", "Sign with your wallet", "primary", ""),
        (BY_SOCIAL, "social", "Continue with GitHub", "primary", ""),
        (BY_ALL, "choose", "Confirm that it is you", "method", ""),
    ];
    for (check, screen, title, focused, asked) in routes {
        let page = Page::asking(check).await;
        assert_eq!(page.screen(), screen);
        assert!(page.dialog().matches(":modal").unwrap(), "{screen}");
        assert!(is_focused(&page.part(focused)), "{screen}: {:?}", document().active_element());
        assert_eq!(page.said_of_dialog("aria-labelledby"), title);
        assert_eq!(
            page.said_of_dialog("aria-describedby"),
            format!("Export your wallet's private key {}", page.text("text"))
        );
        let others = usize::from(matches!(screen, "totp" | "passkey"));
        assert_eq!(page.all("[data-step-up-part='other-method']").len(), others, "{screen}");
        // What takes a button is not begun by itself, and a code is sent once.
        let sent = page.service.asked("/create");
        assert_eq!(sent, usize::from(!asked.is_empty()), "{screen}");
        assert_eq!(page.service.asked(""), 1 + sent, "{screen}: the check, and the code");
    }
}

#[wasm_bindgen_test]
async fn every_element_has_a_part_and_none_a_style() {
    let parts = |page: &Page| {
        assert!(page.all("[style], style, script, img, link").is_empty(), "{}", page.root.inner_html());
        let nameless = page.all("dialog :not([data-step-up-part]):not(path)");
        let nameless: Vec<String> = nameless.iter().map(Element::outer_html).collect();
        assert!(nameless.is_empty(), "{nameless:?}");
    };
    for check in [BY_EMAIL, BY_PASSKEY, BY_ALL] {
        parts(&Page::asking(check).await);
    }
    let page = Page::asking(BY_TOTP).await;
    page.press("other-method").await;
    parts(&page);
    page.choose("recovery").await;
    parts(&page);
}

#[wasm_bindgen_test]
async fn a_wrong_code_is_announced_and_stays_and_the_right_one_ends_it() {
    let page = Page::asking(BY_EMAIL).await;
    let error = page.part("error");
    assert_eq!(
        (error.get_attribute("role").as_deref(), error.text_content().as_deref()),
        (Some("alert"), Some(""))
    );
    page.service.answer("/emailVerifications/verify", 422, WRONG);
    page.submit().await;
    assert_eq!(page.text("error"), "Type all six digits first.");
    page.part("primary").focus().unwrap();
    page.type_code("000000").await;
    assert_eq!(page.service.asked("/emailVerifications/verify"), 1, "six digits are all");
    assert_eq!(page.text("error"), "That code is not right. 2 tries are left.");
    assert!(error.is_same_node(Some(&page.part("error"))), "the same live region says it");
    assert_eq!(page.code().value(), "");
    assert_eq!(page.code().get_attribute("aria-invalid").as_deref(), Some("true"));
    let described = page.code().get_attribute("aria-describedby").unwrap();
    assert!(described.split(' ').any(|id| id == page.part("error").id()));
    assert!(is_focused(&page.code()), "ready for the next");
    page.submit().await;
    assert_eq!(page.text("error"), "That code is not right. 2 tries are left.", "Enter, out of habit");
    page.assert_waits();

    page.service.answer("/emailVerifications/verify", 200, verified(true));
    page.type_code("123456").await;
    assert!(page.outcome().unwrap().is_ok());
    assert!(page.find("dialog").is_none());
    assert!(!page.asker().disabled() && is_focused(&page.asker()));
}

#[wasm_bindgen_test]
async fn a_button_that_is_still_disabled_gets_the_focus_once_it_is_not() {
    let page = Page::asking(BY_EMAIL).await;
    page.props.keeps_busy.set(true);
    page.press("cancel").await;
    assert!(page.outcome().is_some() && page.find("dialog").is_none());
    assert!(page.asker().disabled() && !is_focused(&page.asker()));
    // The app's own action has ended.
    page.asker().set_disabled(false);
    settle().await;
    assert!(is_focused(&page.asker()));
}

#[wasm_bindgen_test]
async fn who_went_elsewhere_meanwhile_stays_there() {
    let page = Page::asking(BY_EMAIL).await;
    page.props.keeps_busy.set(true);
    page.press("cancel").await;
    let elsewhere: HtmlElement = page.find("#elsewhere").unwrap().unchecked_into();
    elsewhere.focus().unwrap();
    page.asker().set_disabled(false);
    settle().await;
    assert!(is_focused(&elsewhere));
}

#[wasm_bindgen_test]
async fn only_digits_are_taken_and_fewer_than_six_are_no_try() {
    let page = Page::asking(BY_EMAIL).await;
    page.type_code("12 a3").await;
    assert_eq!(page.code().value(), "123");
    let cells: Vec<String> =
        page.all("[data-step-up-part='cell']").iter().map(|cell| cell.text_content().unwrap()).collect();
    assert_eq!(cells, ["1", "2", "3", "", "", ""]);
    page.part("primary").focus().unwrap();
    page.submit().await;
    assert_eq!(page.service.asked("/emailVerifications/verify"), 0, "a try is not wasted");
    assert_eq!(page.text("error"), "Type all six digits first.");
    assert_eq!(page.code().get_attribute("aria-invalid").as_deref(), Some("true"));
    assert!(is_focused(&page.code()) && page.code().value() == "123");
    page.type_code("1234").await;
    assert_eq!(page.text("error"), "", "until more is typed");
    page.type_code("123456").await;
    assert_eq!(page.service.asked("/emailVerifications/verify"), 1);
    assert!(page.outcome().unwrap().is_ok());
}

#[wasm_bindgen_test]
async fn a_code_that_could_not_be_checked_is_not_lost() {
    let page = Page::asking(BY_EMAIL).await;
    page.service.answer("/emailVerifications/verify", 503, "");
    page.type_code("123456").await;
    assert_eq!(page.text("error"), "The server answered with status 503.");
    assert_eq!(page.code().value(), "123456");
    assert!(!page.code().has_attribute("aria-invalid"));
    page.service.answer("/emailVerifications/verify", 200, verified(true));
    page.submit().await;
    assert!(page.outcome().unwrap().is_ok());
}

#[wasm_bindgen_test]
async fn the_code_is_sent_once_however_often_the_screen_is_drawn() {
    let page = Page::asking(BY_EMAIL).await;
    for _ in 0..3 {
        page.render().await;
    }
    assert_eq!(page.service.asked("/create"), 1);
    let resend = page.part("resend");
    assert_eq!(resend.text_content().as_deref(), Some("New code in 30 seconds"));
    assert_eq!(resend.get_attribute("aria-disabled").as_deref(), Some("true"));
    page.press("resend").await;
    assert_eq!(page.service.asked("/create"), 1, "it has to be waited for");
}

#[wasm_bindgen_test]
async fn the_pause_before_another_code_goes_by_the_clients_clock_and_timers() {
    let (service, time) = (Service::new(), HandTime::new());
    let client = service.signed_in_at(&time).await;
    service.answer("/stepUp/check", 200, BY_EMAIL);
    service.answer("/retry", 200, CREATED.replace(r#""v""#, r#""w""#));
    let page = Page::mounted(service, yew::props!(AppProps { client })).await;
    for (seconds, expected) in [
        (0, "New code in 30 seconds"),
        (10, "New code in 20 seconds"),
        (19, "New code in 1 second"),
        (1, "Send a new code"),
    ] {
        time.advance(seconds);
        settle().await;
        assert_eq!(page.text("resend"), expected);
    }
    page.press("resend").await;
    assert_eq!(page.service.asked("/retry"), 1);
    assert_eq!(page.text("resend"), "New code in 30 seconds");
    // The component is gone: nothing is left that waits for the clock.
    drop(page);
    settle().await;
    time.advance(60);
}

#[wasm_bindgen_test]
async fn a_code_that_could_not_be_sent_is_sent_by_a_button_and_not_by_drawing() {
    let service = Service::new();
    let client = service.signed_in().await;
    service.answer("/stepUp/check", 200, BY_EMAIL);
    service.answer("/create", 503, "");
    let page = Page::mounted(service, yew::props!(AppProps { client })).await;
    page.render().await;
    assert_eq!(page.service.asked("/create"), 1);
    assert!(page.find_part("code").is_none());
    assert!(is_focused(&page.part("primary")));
    page.service.answer("/create", 429, "{}");
    page.press("primary").await;
    assert_eq!(page.service.asked("/create"), 2);
    assert_eq!(page.text("primary"), "New code in 30 seconds", "the server wants a pause");
    page.press("primary").await;
    assert_eq!(page.service.asked("/create"), 2);
    page.assert_waits();
}

#[wasm_bindgen_test]
async fn a_void_code_is_replaced() {
    let no_tries = r#""code":"wrong_email_verification_token","payload":{"attemptsLeft":0}"#;
    for (refusal, error) in [
        (no_tries, "That code is not right. No tries are left."),
        (r#""code":"too_many_email_verification_attempts""#, "Too many attempts. Ask for a new code."),
        (r#""code":"invalid_email_verification""#, "That code is no longer valid. Ask for a new one."),
        (r#""code":"invalid_verification""#, "This verification was not started by you. Ask for a new code."),
    ] {
        let page = Page::asking(BY_EMAIL).await;
        page.service.answer("/emailVerifications/verify", 422, format!(r#"{{"error":"no",{refusal}}}"#));
        page.type_code("123456").await;
        assert_eq!(page.text("error"), error);
        assert!(page.find_part("code").is_none(), "nothing can be typed any more: {refusal}");
        assert_eq!(page.text("primary"), "Send a new code");
        assert!(is_focused(&page.part("primary")));
        page.press("primary").await;
        assert_eq!(page.service.asked("/create"), 2);
        assert_eq!(page.service.asked("/retry"), 0, "a void verification is not sent again");
        assert!(is_focused(&page.code()) && page.code().value().is_empty());
        assert_eq!(page.text("error"), "");
    }
}

#[wasm_bindgen_test]
async fn another_method_is_chosen_the_one_of_now_first() {
    let page = Page::asking(BY_TOTP).await;
    page.press("other-method").await;
    assert_eq!(page.screen(), "choose");
    assert_eq!(page.methods(), ["totp", "passkey", "recovery"]);
    assert!(is_focused(&page.part("method")));
    assert_eq!(page.text("method-label"), "Ada's phone");
    page.choose("recovery").await;
    assert!(is_focused(&page.code()));
    page.service.answer("/auth/recovery", 200, verified(true));
    page.type_code("  abcd-efgh ").await;
    assert_eq!(page.service.asked("/auth/recovery"), 0, "how long one is is not known");
    assert_eq!(page.text("error"), "");
    page.submit().await;
    assert!(page.outcome().unwrap().is_ok());
}

#[wasm_bindgen_test]
async fn what_the_user_signed_in_with_is_the_first_choice() {
    let page = Page::asking(BY_ALL).await;
    assert_eq!(page.methods(), ["wallet", "email", "sms", "social"]);
    let first = page.find_part("method").unwrap();
    assert!(is_focused(&first), "Enter takes it");
    assert_eq!(first.get_attribute("data-step-up-method").as_deref(), Some("wallet"));
}

#[wasm_bindgen_test]
async fn the_code_of_an_app_is_checked_and_a_wrong_one_stays() {
    let page = Page::asking(BY_TOTP).await;
    page.service.answer("/auth/totp", 422, r#"{"error":"no","code":"mfa_invalid_code"}"#);
    page.type_code("000000").await;
    assert_eq!(page.text("error"), "That code is not right.");
    assert!(is_focused(&page.code()) && page.code().value().is_empty());
    page.assert_waits();
    page.service.answer("/auth/totp", 200, verified(true));
    page.type_code("123456").await;
    assert!(page.outcome().unwrap().is_ok());
}

#[wasm_bindgen_test]
async fn what_cannot_be_begun_says_why_and_stays() {
    let page = Page::asking(BY_WALLET).await;
    page.press("primary").await;
    assert_eq!(page.text("error"), "That wallet is not in this browser. Open it, or use another method.");
    assert!(is_focused(&page.part("primary")));
    assert_eq!(page.part("primary").get_attribute("aria-disabled"), None);
    page.assert_waits();
}

#[wasm_bindgen_test]
async fn what_takes_a_button_waits_once_it_was_pressed_and_keeps_the_focus() {
    let page = Page::asking(BY_PASSKEY).await;
    page.service.answer("/passkeys/authenticate", 0, "");
    let before = page.service.asked("");
    page.press("primary").await;
    let once = page.service.asked("");
    assert!(once > before, "it is begun in the click");
    assert_eq!(page.text("status"), "Your browser is asking for the passkey.");
    let button = page.part("primary");
    assert_eq!(button.get_attribute("aria-busy").as_deref(), Some("true"));
    assert!(is_focused(&button) && button.get_attribute("disabled").is_none());
    page.press("primary").await;
    assert_eq!(page.service.asked(""), once, "and not a second time");
    page.press("other-method").await;
    assert_eq!(page.screen(), "choose", "there is a way out");
}

#[wasm_bindgen_test]
async fn escape_the_button_and_the_browser_cancel_and_a_click_beside_does_not() {
    let page = Page::asking(BY_EMAIL).await;
    page.type_code("123").await;
    page.dialog().click();
    settle().await;
    page.assert_waits();
    assert_eq!(page.code().value(), "123", "a click beside the dialog loses nothing");

    let init = EventInit::new();
    init.set_cancelable(true);
    let escape = Event::new_with_event_init_dict("cancel", &init).unwrap();
    page.dialog().dispatch_event(&escape).unwrap();
    assert!(escape.default_prevented());
    settle().await;
    page.assert_over(&StepUpError::Cancelled);

    page.props.outcome.take();
    page.ask().await;
    page.press("cancel").await;
    page.assert_over(&StepUpError::Cancelled);

    // Escape twice closes a dialog whatever the page says.
    page.props.outcome.take();
    page.ask().await;
    page.dialog().close();
    settle().await;
    page.assert_over(&StepUpError::Cancelled);
}

#[wasm_bindgen_test]
async fn a_moment_of_looking_up_can_be_cancelled_too() {
    let service = Service::new();
    let client = service.signed_in().await;
    // A check that lists nothing has the list of second factors fetched.
    service.answer("/stepUp/check", 200, r#"{"isRequired":true}"#);
    service.answer("/users/mfa/methods", 0, "");
    let page = Page::mounted(service, yew::props!(AppProps { client })).await;
    assert_eq!((page.screen().as_str(), page.text("title").as_str()), ("loading", "One moment…"));
    assert!(is_focused(&page.part("title")));
    page.press("cancel").await;
    page.assert_over(&StepUpError::Cancelled);
}

#[wasm_bindgen_test]
async fn a_prompt_that_is_unmounted_cancels_and_gives_the_focus_back() {
    let page = Page::asking(BY_PASSKEY).await;
    page.props.is_unmounted.set(true);
    page.render().await;
    page.assert_over(&StepUpError::Cancelled);
}

#[wasm_bindgen_test]
async fn a_dead_end_says_why_and_can_be_left() {
    let service = Service::new();
    service.answer("/users/mfa/methods", 500, r#"{"error":"Out of order."}"#);
    let page = Page::of(service, r#"{"isRequired":true}"#, |_| ()).await;
    let failed = page.outcome().expect("whoever asked knows at once").unwrap_err();
    assert_eq!(failed.to_string(), "Out of order.");
    assert_eq!((page.screen().as_str(), page.text("error").as_str()), ("dead-end", "Out of order."));
    assert!(page.dialog().matches(":modal").unwrap() && is_focused(&page.part("title")));
    assert_eq!(page.said_of_dialog("aria-describedby"), "Out of order.", "read out with the heading");
    assert_eq!(page.text("cancel"), "Close");
    page.press("cancel").await;
    page.assert_over(&failed);
    // The next prompt is drawn as ever.
    page.service.answer("/stepUp/check", 200, BY_EMAIL);
    page.ask().await;
    assert_eq!(page.screen(), "email");
}

#[wasm_bindgen_test]
async fn a_captcha_of_the_app_lets_the_code_be_sent() {
    let solved = Rc::new(RefCell::new(None::<Callback<AttrValue>>));
    let service = Service::new();
    let client = service.signed_in().await;
    service.answer("/stepUp/check", 200, BY_EMAIL);
    service.answer("/create", 422, CAPTCHA);
    let draw = {
        let solved = Rc::clone(&solved);
        Callback::from(move |hand_over: Callback<AttrValue>| {
            solved.replace(Some(hand_over));
            html! { <button id="widget">{ "I am a person" }</button> }
        })
    };
    let props = yew::props!(AppProps { client, captcha: Some(draw) });
    let page = Page::mounted(service, props).await;
    assert_eq!((page.screen().as_str(), page.text("error").as_str()), ("captcha", ""));
    assert!(page.find("dialog #widget").is_some());

    let first = page.find("#widget").unwrap();
    solved.borrow().as_ref().unwrap().emit("wrong".into());
    settle().await;
    assert_eq!(page.service.asked("/create"), 2);
    assert!(!first.is_same_node(page.find("#widget").as_deref()), "an answer is good for one try");

    page.service.answer("/create", 200, CREATED);
    solved.borrow().as_ref().unwrap().emit("right".into());
    settle().await;
    assert_eq!((page.screen().as_str(), page.service.asked("/create")), ("email", 3));
    assert!(is_focused(&page.code()));
}

#[wasm_bindgen_test]
async fn without_a_captcha_to_show_the_prompt_says_so() {
    let service = Service::new();
    let client = service.signed_in().await;
    service.answer("/stepUp/check", 200, BY_ALL);
    service.answer("/create", 422, CAPTCHA);
    let page = Page::mounted(service, yew::props!(AppProps { client })).await;
    page.choose("email").await;
    assert_eq!(
        (page.screen().as_str(), page.text("title").as_str()),
        ("captcha", "No code can be sent here")
    );
    page.press("other-method").await;
    page.choose("wallet").await;
    assert_eq!(page.screen(), "wallet");
}

#[wasm_bindgen_test]
async fn it_speaks_german_and_other_languages_from_right_to_left() {
    let page = Page::of(Service::new(), BY_EMAIL, |props| props.texts = Texts::german()).await;
    assert_eq!(page.dialog().get_attribute("lang").as_deref(), Some("de"));
    assert_eq!(page.dialog().get_attribute("dir"), None, "as the page is");
    page.service.answer("/emailVerifications/verify", 422, WRONG);
    page.type_code("000000").await;
    assert_eq!(page.text("title"), "Sehen Sie in Ihren E-Mails nach");
    assert_eq!(page.text("purpose"), "Privaten Schlüssel des Wallets exportieren");
    assert_eq!(page.text("error"), "Dieser Code ist falsch. Sie haben noch 2 Versuche.");
    drop(page);

    let arabic = Texts::new("ar", |phrase| match phrase {
        Phrase::Verify => Some("تأكيد".into()),
        _ => None,
    })
    .with_dir("rtl");
    let page = Page::of(Service::new(), BY_EMAIL, |props| {
        props.texts = arabic;
        props.purpose = Some(TokenScope::from("wallet:teleport"));
    })
    .await;
    let dialog = page.dialog();
    let attribute = |name: &str| dialog.get_attribute(name).unwrap();
    assert_eq!((attribute("lang"), attribute("dir")), ("ar".into(), "rtl".into()));
    assert_eq!((page.text("primary"), page.text("cancel")), ("تأكيد".into(), "Cancel".into()));
    assert_eq!(page.code().dir(), "ltr", "digits are read from the left");
    assert!(page.find_part("purpose").is_none(), "what has no words is not mentioned");
    page.type_code("٠١٢٣").await;
    assert_eq!(page.code().value(), "0123");
}
