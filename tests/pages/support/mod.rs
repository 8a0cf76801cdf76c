//! What the browser tests of the pages share: a page in the document, and behind it the sandbox.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../crates/yew-step-up/tests/support/wait.rs"]
pub(crate) mod wait;

use std::rc::Rc;

use serde_json::Value;
use step_up_sandbox::{
    Config as SandboxConfig, DEFAULT_ENVIRONMENT_ID, Seed,
    page::{BASE_URL, InPage},
};
use web_sys::Element;
use yew_step_up::{Config, HttpRequest, StepUpClient, StepUpProvider, StepUpProviderProps, browser_platform};

/// A page, until it is dropped.
pub(crate) struct Page {
    pub(crate) root: Element,
    pub(crate) client: StepUpClient,
    sandbox: InPage,
    app: Option<yew::AppHandle<StepUpProvider>>,
}

impl Page {
    /// Mounts what `page` makes of a client.
    pub(crate) fn new(page: impl FnOnce(StepUpClient) -> StepUpProviderProps) -> Self {
        let config = Config::new(DEFAULT_ENVIRONMENT_ID).unwrap().with_base_url(BASE_URL).unwrap();
        let platform = browser_platform(&config);
        let (clock, timer) = (Rc::clone(&platform.clock), Rc::clone(&platform.timer));
        let sandbox =
            InPage::new(SandboxConfig::default(), Seed::new(7), None, clock, timer, |_| ()).unwrap();
        let client = StepUpClient::new(config, platform.with_transport(sandbox.clone()));
        let document = web_sys::window().unwrap().document().unwrap();
        let root = document.create_element("div").unwrap();
        document.body().unwrap().append_child(&root).unwrap();
        let props = page(client.clone());
        let app = yew::Renderer::<StepUpProvider>::with_root_and_props(root.clone(), props).render();
        Self { root, client, sandbox, app: Some(app) }
    }

    /// A call to the sandbox's control API.
    pub(crate) fn control(&self, request: HttpRequest, body: &Value) -> Value {
        let response = self.sandbox.call(&request.json(body).unwrap());
        assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
        serde_json::from_slice(&response.body).unwrap()
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
