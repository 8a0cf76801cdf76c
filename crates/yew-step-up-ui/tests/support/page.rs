//! A page with the app in it, and what a user does there.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "not every suite needs everything"
)]

#[path = "../../../yew-step-up/tests/support/wait.rs"]
mod wait;

use wasm_bindgen::JsCast as _;
use web_sys::{
    Document, Element, HtmlButtonElement, HtmlDialogElement, HtmlElement, HtmlFormElement, HtmlInputElement,
    InputEvent, InputEventInit,
};
use yew::prelude::*;
use yew_step_up::{Result, StepUpError, Verified};

pub(crate) use self::wait::settle;
use crate::support::{App, AppProps, Service};

/// A page whose button was pressed.
pub struct Page {
    pub root: Element,
    pub service: Service,
    pub props: AppProps,
    app: Option<AppHandle<App>>,
}

impl Page {
    /// Answers to the check with this.
    pub async fn asking(check: &str) -> Self {
        Self::of(Service::new(), check, |_| ()).await
    }

    pub async fn of(service: Service, check: &str, change: impl FnOnce(&mut AppProps)) -> Self {
        let client = service.signed_in().await;
        service.answer("/stepUp/check", 200, check);
        let mut props = yew::props!(AppProps { client });
        change(&mut props);
        Self::mounted(service, props).await
    }

    pub async fn mounted(service: Service, props: AppProps) -> Self {
        let root = document().create_element("main").unwrap();
        document().body().unwrap().append_child(&root).unwrap();
        let app = yew::Renderer::<App>::with_root_and_props(root.clone(), props.clone()).render();
        settle().await;
        let page = Self { root, service, props, app: Some(app) };
        assert!(page.find("dialog").is_none(), "nobody waits yet");
        page.ask().await;
        page
    }

    pub async fn ask(&self) {
        let button = self.asker();
        button.focus().unwrap();
        button.click();
        settle().await;
    }

    pub fn asker(&self) -> HtmlButtonElement {
        self.find("#ask").unwrap().unchecked_into()
    }

    pub fn find(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).unwrap()
    }

    pub fn all(&self, selector: &str) -> Vec<Element> {
        let found = self.root.query_selector_all(selector).unwrap();
        (0..found.length()).map(|at| found.get(at).unwrap().unchecked_into()).collect()
    }

    pub fn find_part(&self, part: &str) -> Option<HtmlElement> {
        self.find(&format!("[data-step-up-part='{part}']")).map(|element| element.unchecked_into())
    }

    #[track_caller]
    pub fn part(&self, part: &str) -> HtmlElement {
        self.find_part(part).unwrap_or_else(|| panic!("no {part} in {}", self.root.inner_html()))
    }

    #[track_caller]
    pub fn text(&self, part: &str) -> String {
        self.part(part).text_content().unwrap()
    }

    pub fn dialog(&self) -> HtmlDialogElement {
        self.part("dialog").unchecked_into()
    }

    /// What a screen reader says of the dialog.
    pub fn said_of_dialog(&self, attribute: &str) -> String {
        let ids = self.dialog().get_attribute(attribute).unwrap();
        let said = ids.split(' ').map(|id| document().get_element_by_id(id).unwrap().text_content().unwrap());
        said.collect::<Vec<_>>().join(" ").trim().to_owned()
    }

    pub fn screen(&self) -> String {
        self.part("sheet").get_attribute("data-step-up-screen").unwrap()
    }

    pub fn code(&self) -> HtmlInputElement {
        self.part("code").unchecked_into()
    }

    pub async fn press(&self, part: &str) {
        self.part(part).click();
        settle().await;
    }

    pub async fn choose(&self, method: &str) {
        let button = self.find(&format!("[data-step-up-method='{method}']")).expect(method);
        button.unchecked_into::<HtmlElement>().click();
        settle().await;
    }

    /// The ways to verify that are offered, in their order.
    pub fn methods(&self) -> Vec<String> {
        let methods = self.all("[data-step-up-part='method']");
        methods.iter().map(|method| method.get_attribute("data-step-up-method").unwrap()).collect()
    }

    pub async fn type_code(&self, code: &str) {
        let field = self.code();
        field.set_value(code);
        let init = InputEventInit::new();
        init.set_bubbles(true);
        field.dispatch_event(&InputEvent::new_with_event_init_dict("input", &init).unwrap()).unwrap();
        settle().await;
    }

    /// What Enter in a field does.
    pub async fn submit(&self) {
        self.part("sheet").unchecked_into::<HtmlFormElement>().request_submit().unwrap();
        settle().await;
    }

    pub async fn render(&self) {
        self.props.render.0.borrow().as_ref().unwrap().force_update();
        settle().await;
    }

    pub fn outcome(&self) -> Option<Result<Verified>> {
        self.props.outcome.borrow().clone()
    }

    #[track_caller]
    pub fn assert_over(&self, expected: &StepUpError) {
        assert_eq!(self.outcome(), Some(Err(expected.clone())));
        assert!(self.find("dialog").is_none());
        assert!(is_focused(&self.asker()), "the focus is back where it was");
    }

    #[track_caller]
    pub fn assert_waits(&self) {
        assert!(self.outcome().is_none() && self.dialog().matches(":modal").unwrap());
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            app.destroy();
        }
        self.root.remove();
    }
}

pub fn document() -> Document {
    web_sys::window().unwrap().document().unwrap()
}

pub fn is_focused(element: &Element) -> bool {
    document().active_element().as_ref() == Some(element)
}
