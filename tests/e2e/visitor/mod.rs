//! Somebody at the demo.

#![allow(dead_code)] // Each test file uses some of it.

pub(crate) mod gallery;
pub(crate) mod keys;
pub(crate) mod prompt;

use std::cell::Cell;

use step_up_tests::{Browser, Control, PageServer, SandboxServer, required};

pub(crate) const EMAIL: &str = "ada@example.com";

/// Somebody at the demo, and where the codes that are sent to them can be read.
pub(crate) struct Visitor {
    pub(crate) browser: Browser,
    pub(crate) page: PageServer,
    pub(crate) server: Option<(SandboxServer, Control)>,
    /// How many seconds the panel has moved the clock.
    pub(crate) advanced: Cell<u64>,
    /// The last request to the server that was looked at.
    seen: Cell<u64>,
}

impl Visitor {
    /// At the demo as it comes: the sandbox runs in the page. Signed in, they are on the page with the demo's own screens.
    pub(crate) async fn in_page() -> Self {
        let page = PageServer::start(required("STEP_UP_DEMO_DIST")).await;
        let browser = Browser::start().await;
        browser.open(&format!("{}/#/headless", page.url())).await;
        Self { browser, page, server: None, advanced: Cell::default(), seen: Cell::default() }
    }

    /// At the demo that talks to a sandbox server.
    pub(crate) async fn on_server() -> Self {
        Self::on_server_in(Browser::start().await).await
    }

    /// The same in this browser.
    pub(crate) async fn on_server_in(browser: Browser) -> Self {
        let server = SandboxServer::start(&[]);
        let page = PageServer::start_for(required("STEP_UP_DEMO_DIST"), Some(server.origin())).await;
        let control = Control::of(&server);
        let address = format!(
            "{}/?api={}&environment={}#/headless",
            page.url(),
            server.base_url(),
            server.environment_id()
        );
        browser.open(&address).await;
        Self {
            browser,
            page,
            server: Some((server, control)),
            advanced: Cell::default(),
            seen: Cell::default(),
        }
    }

    pub(crate) fn control(&self) -> &Control {
        &self.server.as_ref().unwrap().1
    }

    /// The code that was sent last, which is not `old`.
    pub(crate) async fn code(&self, old: &str) -> String {
        self.code_for(EMAIL, old).await
    }

    /// The code that was sent last to this address, which is not `old`.
    pub(crate) async fn code_for(&self, address: &str, old: &str) -> String {
        match &self.server {
            Some((_, control)) => control.code_after(address, old).await,
            None => self.browser.text_where("inbox-code", |code| code.len() == 6 && code != old).await,
        }
    }

    pub(crate) async fn sign_in(&self) -> String {
        self.sign_in_as(EMAIL).await
    }

    /// Signs in with another code than `old`, and gives it.
    pub(crate) async fn sign_in_after(&self, old: &str) -> String {
        self.sign_in_with(EMAIL, old).await
    }

    /// Signs in with an email address or a phone number, and gives the code that was used.
    pub(crate) async fn sign_in_as(&self, address: &str) -> String {
        self.sign_in_with(address, "").await
    }

    async fn sign_in_with(&self, address: &str, old: &str) -> String {
        self.browser.type_into("sign-in-email", address).await;
        self.browser.click("sign-in-send").await;
        self.browser.find("sign-in-code").await;
        let code = self.code_for(address, old).await;
        self.browser.type_into("sign-in-code", &code).await;
        self.browser.find("sign-out").await;
        code
    }

    /// Answers the code screen that is there, and gives the code that was used.
    pub(crate) async fn answer_code(&self, old: &str) -> String {
        self.browser.find("otp-input").await;
        let code = self.code(old).await;
        self.enter(&code).await;
        code
    }

    /// The sandbox's time, in seconds.
    pub(crate) async fn now(&self) -> u64 {
        match &self.server {
            Some((_, control)) => control.now().await,
            None => {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                now.unwrap().as_secs() + self.advanced.get()
            }
        }
    }

    /// A minute passes: the code of a step works once.
    pub(crate) async fn wait_a_minute(&self) {
        match &self.server {
            Some((_, control)) => control.advance(60).await,
            None => {
                self.press_clock("clock-1m", 60).await;
            }
        }
    }

    /// Moves the clock by a button of the panel, and waits until the panel shows it: then the sandbox and the app go by it.
    pub(crate) async fn press_clock(&self, button: &str, seconds: u64) {
        let shown = "Date.parse(document.querySelector(\"[data-testid='clock-now']\").dateTime)";
        let before = self.browser.driver().execute(&format!("return {shown}"), vec![]).await.unwrap();
        let before = before.json().as_u64().unwrap();
        self.browser.click(button).await;
        self.browser.wait_for(&format!("return {shown} >= {}", before + seconds * 1000)).await;
        self.advanced.set(self.advanced.get() + seconds);
    }

    /// Presses *Export wallet*, and gives the code that was sent.
    pub(crate) async fn ask_for_export(&self, old: &str) -> String {
        self.browser.click("export-wallet").await;
        self.browser.find("otp-input").await;
        self.code(old).await
    }

    pub(crate) async fn enter(&self, code: &str) {
        self.browser.type_into("otp-input", code).await;
    }

    /// The exported key, revealed.
    pub(crate) async fn key(&self) -> String {
        self.browser.find("export-screen").await;
        let masked = self.browser.text_where("exported-key", |text| !text.is_empty()).await;
        assert!(!masked.contains("0x"), "the key is hidden until it is revealed: {masked}");
        self.browser.click("reveal-key").await;
        self.browser.text_where("exported-key", |text| text.contains("0x")).await
    }

    /// What the code screen says went wrong, once the try is over: the field is empty again, whatever it said before.
    pub(crate) async fn otp_error(&self, sentence: &str) {
        let script = format!(
            "const [field, error] = ['otp-input', 'otp-error'].map(it => document.querySelector(`[data-testid='${{it}}']`));
            return field && !field.readOnly && field.value === '' && error.innerText.includes({sentence:?})"
        );
        self.browser.wait_for(&script).await;
    }

    /// What the page says went wrong outside of the code screen.
    pub(crate) async fn step_up_error(&self, sentence: &str) {
        self.browser.text_where("step-up-error", |text| text.contains(sentence)).await;
    }
}

pub(crate) fn wrong(code: &str) -> &'static str {
    if code == "000000" { "111111" } else { "000000" }
}

pub(crate) fn assert_is_key(key: &str) {
    let digits = key.trim().trim_start_matches("0x");
    assert!(digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
}
