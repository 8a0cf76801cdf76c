//! A headless Chromium, driven through ChromeDriver.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use thirtyfour::{
    By, ChromiumLikeCapabilities as _, DesiredCapabilities, Key, WebDriver, WebElement, WindowHandle,
};

use crate::{
    required,
    wait::{LIMIT, until},
};

/// Headless, without a sandbox of its own because tests may run as root, and without calls home.
const FLAGS: [&str; 11] = [
    "--headless=new",
    // What moves would be somewhere else by the time that it is clicked.
    "--force-prefers-reduced-motion",
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
    limit: Duration,
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
        Self::launch(false, &[]).await
    }

    /// Starts a browser that loads a page again on the way back to it, as one does that has no room to keep it.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start_without_kept_pages() -> Self {
        Self::launch(false, &["--disable-features=BackForwardCache"]).await
    }

    /// Starts a browser that blocks popups, as it does for people; ChromeDriver lets them through unless told.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn start_without_popups() -> Self {
        Self::launch(true, &[]).await
    }

    async fn launch(blocks_popups: bool, more: &[&str]) -> Self {
        let process = Driver::start();
        let mut capabilities = DesiredCapabilities::chrome();
        if blocks_popups {
            let switches = vec!["disable-popup-blocking"];
            capabilities
                .add_experimental_option("excludeSwitches", switches)
                .unwrap_or_else(|error| panic!("excludeSwitches: {error}"));
        }
        for flag in FLAGS.iter().chain(more) {
            capabilities.add_arg(flag).unwrap_or_else(|error| panic!("{flag}: {error}"));
        }
        if let Ok(binary) = std::env::var("CHROMIUM") {
            capabilities.set_binary(&binary).unwrap_or_else(|error| panic!("{binary}: {error}"));
        }
        let driver = WebDriver::new(&process.url, capabilities).await;
        let driver = driver.unwrap_or_else(|error| panic!("the browser does not start: {error}"));
        let scripts = driver.set_script_timeout(LIMIT).await;
        scripts.unwrap_or_else(|error| panic!("scripts get no more time: {error}"));
        Self { driver, limit: LIMIT, _process: process }
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

    /// The same browser with another limit for everything that is waited for.
    #[must_use]
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Loads the page again. What it has not kept by now is lost.
    pub async fn reload(&self) {
        self.driver.refresh().await.unwrap_or_else(|error| panic!("the page cannot be reloaded: {error}"));
    }

    /// The element with this `data-testid`, once it is on the page.
    pub async fn find(&self, id: &str) -> WebElement {
        self.element(&css(id)).await
    }

    /// The element that this selector means, once it is on the page.
    pub async fn element(&self, selector: &str) -> WebElement {
        self.wait(&format!("{selector} is not on the page"), async || self.look_for(selector).await).await
    }

    /// True if there is an element with this `data-testid` now. For what must not be there; what has to come is waited for.
    pub async fn has(&self, id: &str) -> bool {
        self.count(&css(id)).await.unwrap_or_else(|error| panic!("{id}: {error}")) > 0
    }

    /// Waits until there is no element with this `data-testid`.
    pub async fn gone(&self, id: &str) {
        self.no_element(&css(id)).await;
    }

    /// Waits until this selector means no element.
    pub async fn no_element(&self, selector: &str) {
        self.elements(selector, 0).await;
    }

    /// Waits until this selector means so many elements.
    pub async fn elements(&self, selector: &str, expected: usize) {
        let what = format!("{selector} is not there {expected} times");
        self.wait(&what, async || match self.count(selector).await? {
            count if count == expected => Ok(()),
            count => Err(format!("it is there {count} times")),
        })
        .await;
    }

    /// Clicks the element with this `data-testid`, once it can be used.
    pub async fn click(&self, id: &str) {
        self.click_element(&css(id)).await;
    }

    /// Clicks the element that this selector means, once it can be used. A click on what is disabled or busy would be lost.
    pub async fn click_element(&self, selector: &str) {
        self.wait(&format!("{selector} cannot be clicked"), async || {
            // The element may be replaced between finding and clicking it, or still be covered by another.
            let element = self.look_for(selector).await?;
            self.matches_not(&element, ":disabled, [aria-disabled='true'], [aria-busy='true']").await?;
            element.click().await.map_err(text_of)
        })
        .await;
    }

    /// Turns on the switch with this `data-testid`, and waits until it is on. In the demo that is when the sandbox has kept it.
    pub async fn turn_on(&self, id: &str) {
        self.click_element(&format!("{}[aria-busy='false']:not(:checked)", css(id))).await;
        self.element(&format!("{}:checked", css(id))).await;
    }

    /// Turns off the switch with this `data-testid`, and waits until it is off.
    pub async fn turn_off(&self, id: &str) {
        self.click_element(&format!("{}[aria-busy='false']:checked", css(id))).await;
        self.element(&format!("{}:not(:checked)", css(id))).await;
    }

    /// Types into the element with this `data-testid`, once it is empty and takes a text.
    pub async fn type_into(&self, id: &str, text: &str) {
        self.type_into_element(&css(id), text).await;
    }

    /// Types into the element that this selector means, once it is empty and takes a text.
    pub async fn type_into_element(&self, selector: &str, text: &str) {
        let field = self.writable(selector, "return arguments[0].value === ''", "it is not empty").await;
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{selector} takes no {text:?}: {error}"));
    }

    /// Types into the field with this `data-testid` in place of what is there.
    pub async fn replace(&self, id: &str, text: &str) {
        let selector = css(id);
        let field = self.writable(&selector, "return true", "").await;
        let typed = field.send_keys(Key::Control + "a").await;
        typed.unwrap_or_else(|error| panic!("{selector} cannot be marked: {error}"));
        // Another call: within the one before, Control would still be down.
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{selector} takes no {text:?}: {error}"));
        self.wait(&format!("{selector} does not have {text:?}"), async || {
            match field.prop("value").await.map_err(text_of)? {
                Some(value) if value == text => Ok(()),
                value => Err(format!("it has {value:?}")),
            }
        })
        .await;
    }

    /// Presses keys in the element with this `data-testid`, whatever it is.
    pub async fn press_in(&self, id: &str, keys: Key) {
        let pressed = self.find(id).await.send_keys(keys.value().to_string()).await;
        pressed.unwrap_or_else(|error| panic!("{id} takes no key: {error}"));
    }

    /// The text of the element with this `data-testid`, once `is_meant` says so.
    pub async fn text_where(&self, id: &str, is_meant: impl Fn(&str) -> bool) -> String {
        self.element_text_where(&css(id), is_meant).await
    }

    /// The text of the element that this selector means, once `is_meant` says so.
    pub async fn element_text_where(&self, selector: &str, is_meant: impl Fn(&str) -> bool) -> String {
        self.wait(&format!("{selector} does not have the text that is meant"), async || {
            // The element may be replaced between finding and reading it.
            let text = self.look_for(selector).await?.text().await.map_err(text_of)?;
            if is_meant(&text) { Ok(text) } else { Err(format!("it has {text:?}")) }
        })
        .await
    }

    /// Runs a script in the page until it returns true.
    pub async fn wait_for(&self, script: &str) {
        self.wait(&format!("this is never true: {script}"), async || {
            // The page may be on its way to another.
            let found = self.driver.execute(script, Vec::new()).await.map_err(text_of)?;
            if found.json() == true { Ok(()) } else { Err(format!("it is {}", found.json())) }
        })
        .await;
    }

    /// The text of the whole page, for a failure that says what is there instead.
    pub async fn text(&self) -> String {
        let body = async { self.driver.find(By::Tag("body")).await?.text().await };
        body.await.unwrap_or_else(|error| format!("(no page: {error})"))
    }

    /// Polls until it succeeds. Panics with what was waited for, the last reason and the page if that takes too long.
    async fn wait<T>(&self, what: &str, poll: impl AsyncFnMut() -> Result<T, String>) -> T {
        match until(self.limit, poll).await {
            Ok(found) => found,
            Err(reason) => panic!("{what}: {reason}\nThe page:\n{}", self.text().await),
        }
    }

    async fn look_for(&self, selector: &str) -> Result<WebElement, String> {
        self.driver.find(By::Css(selector)).await.map_err(text_of)
    }

    async fn count(&self, selector: &str) -> Result<usize, String> {
        Ok(self.driver.find_all(By::Css(selector)).await.map_err(text_of)?.len())
    }

    async fn matches_not(&self, element: &WebElement, states: &str) -> Result<(), String> {
        let script = "return arguments[0].matches(arguments[1])";
        let arguments = vec![element.to_json().map_err(text_of)?, json!(states)];
        let matches = self.driver.execute(script, arguments).await.map_err(text_of)?;
        if matches.json() == false { Ok(()) } else { Err(format!("it is one of {states}")) }
    }

    /// A field that takes a text, once `script` says that it is as it should be.
    async fn writable(&self, selector: &str, script: &str, otherwise: &str) -> WebElement {
        self.wait(&format!("nothing can be typed into {selector}"), async || {
            let field = self.look_for(selector).await?;
            self.matches_not(&field, ":disabled, :read-only, [aria-disabled='true'], [aria-busy='true']")
                .await?;
            let arguments = vec![field.to_json().map_err(text_of)?];
            let is_meant = self.driver.execute(script, arguments).await.map_err(text_of)?;
            if is_meant.json() == true { Ok(field) } else { Err(otherwise.to_owned()) }
        })
        .await
    }

    /// Plugs in an authenticator that verifies its user by itself, and gives its name.
    pub async fn plug_in_authenticator(&self) -> String {
        self.devtools("WebAuthn.enable", json!({})).await;
        let options = json!({ "options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true,
        } });
        let answer = self.devtools("WebAuthn.addVirtualAuthenticator", options).await;
        let name = answer["authenticatorId"].as_str().map(str::to_owned);
        name.unwrap_or_else(|| panic!("the browser names no authenticator: {answer}"))
    }

    /// Does something in the window that opens, or is open, beside this one, waits until that one is closed, and comes back.
    pub async fn in_popup(&self, work: impl AsyncFnOnce(&Self)) {
        let here = self.driver.window().await.unwrap_or_else(|error| panic!("no window: {error}"));
        let other = async || self.windows().await.map(|all| all.into_iter().find(|window| *window != here));
        let popup =
            self.wait("no window opened", async || other().await?.ok_or("there is one".to_owned())).await;
        self.switch_to(popup).await;
        work(self).await;
        self.switch_to(here.clone()).await;
        // Else the next popup could be taken for this one.
        let closed = async || match other().await? {
            None => Ok(()),
            Some(_) => Err("there are two".to_owned()),
        };
        self.wait("the other window stays open", closed).await;
    }

    async fn windows(&self) -> Result<Vec<WindowHandle>, String> {
        self.driver.windows().await.map_err(text_of)
    }

    async fn switch_to(&self, window: WindowHandle) {
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
        let data = picture["data"].as_str().unwrap_or_else(|| panic!("the browser gives no picture"));
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

fn text_of(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn css(id: &str) -> String {
    format!("[data-testid='{id}']")
}
