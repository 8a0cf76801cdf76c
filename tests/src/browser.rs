//! A headless Chromium, driven through ChromeDriver.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use thirtyfour::{
    By, ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver, WebElement,
    prelude::ElementQueryable as _,
};

use crate::required;

/// Headless, without a sandbox of its own because tests may run as root, and without calls home.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--window-size=1280,900",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// How long a page may take to show what it should.
const PATIENCE: Duration = Duration::from_secs(20);

/// The size and colours of a screen.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Width, in CSS pixels.
    pub width: u32,
    /// Height, in CSS pixels.
    pub height: u32,
    /// Whether the visitor prefers dark colours.
    pub is_dark: bool,
}

/// A browser that ends with this value.
pub struct Browser {
    driver: WebDriver,
    _process: Driver,
}

/// ChromeDriver's process.
struct Driver {
    process: Child,
    url: String,
}

impl Driver {
    fn start() -> Self {
        let binary = required("CHROMEDRIVER");
        let mut process = Command::new(&binary)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{binary} does not start: {error}"));
        let mut lines =
            process.stdout.take().map(BufReader::new).into_iter().flat_map(|stdout| stdout.lines());
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let port = line.split_once("successfully on port ")?.1;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = port.unwrap_or_else(|| panic!("{binary} did not say on which port it listens"));
        // It goes on writing, and must not find the pipe closed.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Browser {
    /// Starts a browser with an empty profile.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn start() -> Self {
        Self::launch(false).await
    }

    /// Starts a browser that blocks popups, as it does for people; ChromeDriver lets them through unless told.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn start_without_popups() -> Self {
        Self::launch(true).await
    }

    async fn launch(blocks_popups: bool) -> Self {
        let process = Driver::start();
        let mut capabilities = DesiredCapabilities::chrome();
        if blocks_popups {
            let switches = vec!["disable-popup-blocking"];
            capabilities
                .add_experimental_option("excludeSwitches", switches)
                .unwrap_or_else(|error| panic!("excludeSwitches: {error}"));
        }
        for flag in FLAGS {
            capabilities.add_arg(flag).unwrap_or_else(|error| panic!("{flag}: {error}"));
        }
        if let Ok(binary) = std::env::var("CHROMIUM") {
            capabilities.set_binary(&binary).unwrap_or_else(|error| panic!("{binary}: {error}"));
        }
        let driver = WebDriver::new(&process.url, capabilities).await;
        let driver = driver.unwrap_or_else(|error| panic!("the browser does not start: {error}"));
        Self { driver, _process: process }
    }

    /// Opens a page.
    pub async fn open(&self, url: &str) {
        self.driver.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Ends the browser.
    pub async fn quit(self) {
        self.driver.clone().quit().await.unwrap_or_else(|error| panic!("the browser does not end: {error}"));
    }

    /// The driver, for what is not here.
    #[must_use]
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// The element with this `data-testid`, once it is on the page.
    pub async fn find(&self, id: &str) -> WebElement {
        self.element(&css(id)).await
    }

    /// The element that this selector means, once it is on the page.
    pub async fn element(&self, selector: &str) -> WebElement {
        let found = self.driver.query(By::Css(selector)).wait(PATIENCE, STEP).first().await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{selector} is not on the page ({error}):\n{}", self.text().await),
        }
    }

    /// Whether there is an element with this `data-testid` now.
    pub async fn has(&self, id: &str) -> bool {
        self.driver.query(By::Css(css(id))).nowait().exists().await.unwrap_or(false)
    }

    /// Waits until there is no element with this `data-testid`.
    pub async fn gone(&self, id: &str) {
        self.no_element(&css(id)).await;
    }

    /// Waits until this selector means no element.
    pub async fn no_element(&self, selector: &str) {
        let query = self.driver.query(By::Css(selector)).wait(PATIENCE, STEP);
        let is_gone = query.not_exists().await.unwrap_or(false);
        assert!(is_gone, "{selector} is still on the page:\n{}", self.text().await);
    }

    /// Clicks the element with this `data-testid`, once it can be clicked.
    pub async fn click(&self, id: &str) {
        self.click_element(&css(id)).await;
    }

    /// Clicks the element that this selector means, once it can be clicked.
    pub async fn click_element(&self, selector: &str) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            // The element may be replaced between finding and clicking it, or still be covered by another.
            let outcome = self.element(selector).await.click().await;
            let Err(error) = outcome else { return };
            assert!(
                tokio::time::Instant::now() < deadline,
                "{selector} cannot be clicked: {error}\n{}",
                self.text().await
            );
            tokio::time::sleep(STEP).await;
        }
    }

    /// Types into the element with this `data-testid`.
    pub async fn type_into(&self, id: &str, text: &str) {
        let element = self.find(id).await;
        element
            .send_keys(text)
            .await
            .unwrap_or_else(|error| panic!("nothing can be typed into {id}: {error}"));
    }

    /// The text of the element with this `data-testid`, once `is_meant` says so.
    pub async fn text_where(&self, id: &str, is_meant: impl Fn(&str) -> bool) -> String {
        self.element_text_where(&css(id), is_meant).await
    }

    /// The text of the element that this selector means, once `is_meant` says so.
    pub async fn element_text_where(&self, selector: &str, is_meant: impl Fn(&str) -> bool) -> String {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut last = String::new();
        while tokio::time::Instant::now() < deadline {
            // The element may be replaced between finding and reading it.
            if let Ok(text) = self.element(selector).await.text().await {
                if is_meant(&text) {
                    return text;
                }
                last = text;
            }
            tokio::time::sleep(STEP).await;
        }
        panic!("{selector} says {last:?}:\n{}", self.text().await);
    }

    /// Runs a script in the page until it returns true.
    pub async fn wait_for(&self, script: &str) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            // The page may be on its way to another.
            if self.driver.execute(script, Vec::new()).await.is_ok_and(|it| it.json() == true) {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
        panic!("it is never so: {script}\n{}", self.text().await);
    }

    /// The text of the whole page.
    pub async fn text(&self) -> String {
        match self.driver.find(By::Tag("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => format!("(no page: {error})"),
        }
    }

    /// Plugs in an authenticator that verifies its user by itself, and gives its name.
    pub async fn plug_in_authenticator(&self) -> String {
        self.devtools("WebAuthn.enable", json!({})).await;
        let options = json!({ "options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true,
        } });
        let answer = self.devtools("WebAuthn.addVirtualAuthenticator", options).await;
        answer["authenticatorId"].as_str().unwrap_or_default().to_owned()
    }

    /// Does something in the window that opens, or is open, beside this one, and comes back.
    ///
    /// # Panics
    ///
    /// Where none opens.
    pub async fn in_popup(&self, work: impl AsyncFnOnce(&Self)) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let here = self.driver.window().await.unwrap_or_else(|error| panic!("no window: {error}"));
        let popup = loop {
            let windows = self.driver.windows().await.unwrap_or_default();
            if let Some(popup) = windows.into_iter().find(|window| *window != here) {
                break popup;
            }
            assert!(tokio::time::Instant::now() < deadline, "no window opened:\n{}", self.text().await);
            tokio::time::sleep(STEP).await;
        };
        self.switch_to(popup).await;
        work(self).await;
        self.switch_to(here).await;
    }

    async fn switch_to(&self, window: thirtyfour::WindowHandle) {
        self.driver
            .switch_to_window(window)
            .await
            .unwrap_or_else(|error| panic!("the window is gone: {error}"));
    }

    /// Shows the page as on another screen, once nothing in it is on its way to other colours.
    pub async fn resize(&self, screen: Screen) {
        let colours = if screen.is_dark { "dark" } else { "light" };
        let device = json!({
            "width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": screen.width < 600
        });
        self.devtools("Emulation.setDeviceMetricsOverride", device).await;
        // What moves would be somewhere on its way.
        let media = json!({ "features": [
            { "name": "prefers-color-scheme", "value": colours },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
        let settled = "const done = arguments[0];
            const ends = it => it.effect.getComputedTiming().endTime !== Infinity;
            requestAnimationFrame(() => {
              const ended = document.getAnimations().filter(ends).map(it => it.finished);
              Promise.allSettled(ended).then(() => requestAnimationFrame(done));
            });";
        let settled = self.driver.execute_async(settled, vec![]).await;
        settled.unwrap_or_else(|error| panic!("the page does not settle: {error}"));
    }

    /// What is on the screen, as WebP.
    ///
    /// # Panics
    ///
    /// Where the browser has no picture.
    pub async fn screenshot(&self) -> Vec<u8> {
        let options = json!({ "format": "webp", "quality": 80 });
        let picture = self.devtools("Page.captureScreenshot", options).await;
        let data = picture["data"].as_str().unwrap_or_default();
        STANDARD.decode(data).unwrap_or_else(|error| panic!("no picture: {error}"))
    }

    /// Takes the network away, or gives it back.
    pub async fn set_offline(&self, is_offline: bool) {
        self.devtools("Network.enable", json!({})).await;
        let conditions =
            json!({ "offline": is_offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    /// Sends a DevTools command.
    pub async fn devtools(&self, command: &str, parameters: serde_json::Value) -> serde_json::Value {
        let answer = self.driver.cdp().send_raw(command, parameters).await;
        answer.unwrap_or_else(|error| panic!("{command}: {error}"))
    }
}

/// How often the page is looked at while something is waited for.
const STEP: Duration = Duration::from_millis(50);

fn css(id: &str) -> String {
    format!("[data-testid='{id}']")
}
