//! Browser lane: the prompt for those who use a keyboard, read from right to left or in the dark, and in pages with a strict
//! Content-Security-Policy. In headless Chromium.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/page.rs"]
mod page;
mod support;

use std::{cell::Cell, rc::Rc};

use page::*;
use support::*;
use wasm_bindgen::{JsCast as _, closure::Closure};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{CssStyleSheet, Element, HtmlElement};
use yew_step_up_ui::{STYLESHEET, Texts};

wasm_bindgen_test_configure!(run_in_browser);

const CAPTCHA: &str = r#"{"error":"no","code":"captcha_required"}"#;
/// Nothing but what the program itself needs.
const POLICY: &str = "style-src 'none'; img-src 'none'; font-src 'none'; media-src 'none'; frame-src 'none'; \
                      script-src-attr 'none'; form-action 'none'; base-uri 'none'";

/// Shows every screen, the dead end too, one after the other.
async fn each_screen(mut look: impl FnMut(&Page)) {
    for check in [BY_EMAIL, BY_SMS, BY_PASSKEY, BY_WALLET, BY_SOCIAL, BY_ALL] {
        look(&Page::asking(check).await);
    }
    let page = Page::asking(BY_TOTP).await;
    look(&page);
    page.press("other-method").await;
    look(&page);
    page.choose("recovery").await;
    look(&page);
    drop(page);

    let service = Service::new();
    let client = service.signed_in().await;
    service.answer("/stepUp/check", 200, BY_EMAIL);
    service.answer("/create", 422, CAPTCHA);
    look(&Page::mounted(service, yew::props!(AppProps { client })).await);
    let service = Service::new();
    service.answer("/users/mfa/methods", 500, "{}");
    let page = Page::of(service, r#"{"isRequired":true}"#, |_| ()).await;
    assert_eq!(page.screen(), "dead-end");
    look(&page);
}

#[wasm_bindgen_test]
async fn a_keyboard_reaches_everything_in_the_dialog_and_nothing_beside_it() {
    let mut screens = 0;
    each_screen(|page| {
        screens += 1;
        let screen = page.screen();
        let beside: HtmlElement = page.find("#elsewhere").unwrap().unchecked_into();
        beside.focus().unwrap();
        assert!(!is_focused(&beside), "{screen}: the focus stays in the dialog");
        assert!(page.dialog().contains(document().active_element().as_deref()), "{screen}");
        // Native elements, which Tab reaches and Enter and Space press.
        let controls = page.all("dialog :is(button, input)");
        assert!(!controls.is_empty());
        for control in controls {
            let is_reached = control.unchecked_ref::<HtmlElement>().tab_index() == 0;
            assert!(is_reached && !control.has_attribute("disabled"), "{screen}: {}", control.outer_html());
        }
        // A heading that says what is new takes the focus, and is on nobody's way.
        let others = page.all("dialog :is([role='button'], a, [tabindex]:not([tabindex='-1']))");
        assert!(others.is_empty(), "{screen}: {}", page.root.inner_html());
    })
    .await;
    assert_eq!(screens, 11);
}

#[wasm_bindgen_test]
async fn a_strict_policy_has_nothing_to_object_to() {
    let broken = Rc::new(Cell::new(0));
    let on_violation = {
        let broken = Rc::clone(&broken);
        Closure::<dyn Fn()>::new(move || broken.set(broken.get() + 1))
    };
    let kind = "securitypolicyviolation";
    document().add_event_listener_with_callback(kind, on_violation.as_ref().unchecked_ref()).unwrap();
    let policy = document().create_element("meta").unwrap();
    policy.set_attribute("http-equiv", "Content-Security-Policy").unwrap();
    policy.set_attribute("content", POLICY).unwrap();
    document().head().unwrap().append_child(&policy).unwrap();

    each_screen(|_| ()).await;
    let page = Page::asking(BY_EMAIL).await;
    page.submit().await;
    page.type_code("123456").await;
    assert!(page.outcome().unwrap().is_ok());
    assert_eq!(broken.get(), 0);

    // The policy is in force.
    page.root.set_attribute("style", "color: red").unwrap();
    settle().await;
    assert_eq!(broken.get(), 1);
    document().remove_event_listener_with_callback(kind, on_violation.as_ref().unchecked_ref()).unwrap();
}

/// The stylesheet of the crate, for as long as it is kept.
struct Styled;

impl Styled {
    fn new() -> Self {
        let sheet = CssStyleSheet::new().unwrap();
        sheet.replace_sync(STYLESHEET).unwrap();
        document().adopted_style_sheets().push(&sheet);
        Self
    }
}

impl Drop for Styled {
    fn drop(&mut self) {
        document().adopted_style_sheets().pop();
    }
}

fn style(element: &Element, property: &str) -> String {
    let style = web_sys::window().unwrap().get_computed_style(element).unwrap().unwrap();
    style.get_property_value(property).unwrap()
}

#[wasm_bindgen_test]
async fn it_is_light_or_dark_as_it_is_told_and_takes_the_apps_colours() {
    let _styled = Styled::new();
    let page = Page::asking(BY_EMAIL).await;
    let dialog = page.dialog();
    assert_eq!(style(&dialog, "color-scheme"), "light dark", "as the device is");
    for (theme, paper, ink) in [
        ("light", "rgb(255, 255, 255)", "rgb(22, 25, 27)"),
        ("dark", "rgb(26, 29, 31)", "rgb(236, 238, 240)"),
    ] {
        page.root.set_attribute("data-step-up-theme", theme).unwrap();
        let drawn = ["background-color", "color"].map(|property| style(&dialog, property));
        assert_eq!(drawn, [paper, ink], "{theme}");
    }
    page.root.set_attribute("data-step-up-theme", "inherit").unwrap();
    assert_eq!(style(&dialog, "color-scheme"), "normal", "as the page is");

    let root = page.root.unchecked_ref::<HtmlElement>().style();
    root.set_property("--step-up-accent", "rgb(1, 2, 3)").unwrap();
    root.set_property("--step-up-width", "200px").unwrap();
    assert_eq!(style(&page.part("primary"), "background-color"), "rgb(1, 2, 3)");
    assert_eq!(style(&dialog, "inline-size"), "200px");
}

#[wasm_bindgen_test]
async fn from_right_to_left_everything_but_digits_is_mirrored() {
    let _styled = Styled::new();
    let lefts =
        |page: &Page, parts: [&str; 2]| parts.map(|part| page.part(part).get_bounding_client_rect().left());
    for dir in ["ltr", "rtl"] {
        let page =
            Page::of(Service::new(), BY_TOTP, |props| props.texts = Texts::english().with_dir(dir)).await;
        let [other, cancel] = lefts(&page, ["other-method", "cancel"]);
        assert_eq!(other < cancel, dir == "ltr", "{dir}: {other} {cancel}");
        let cells = page.all("[data-step-up-part='cell']");
        let cells: Vec<f64> = cells.iter().map(|cell| cell.get_bounding_client_rect().left()).collect();
        assert!(cells.is_sorted() && cells.len() == 6, "{dir}: {cells:?}");
        page.press("other-method").await;
        let [glyph, text] = ["glyph", "method-text"].map(|part| {
            let part = page.find(&format!("[data-step-up-part='method'] [data-step-up-part='{part}']"));
            part.unwrap().get_bounding_client_rect().left()
        });
        assert_eq!(glyph < text, dir == "ltr", "{dir}");
    }
}
