//! The ready-made prompt, and what it asks of the server.

use step_up_tests::User;

use super::Visitor;

/// A part of the prompt, for selectors.
pub(crate) fn part(name: &str) -> String {
    format!("dialog[open] [data-step-up-part='{name}']")
}

/// A screen of the prompt, for selectors.
pub(crate) fn screen_selector(name: &str) -> String {
    format!("dialog[open] [data-step-up-screen='{name}']")
}

impl Visitor {
    /// At the page with the one call.
    pub(crate) async fn at_managed(&self) {
        self.browser.click("nav-managed").await;
        self.browser.find("export-wallet").await;
    }

    /// Signs in as this user, by this address, and goes to the page with the one call.
    pub(crate) async fn sign_in_to_managed(&self, address: &str) {
        self.sign_in_as(address).await;
        self.at_managed().await;
    }

    /// Signs in with the test wallet: it shows its account, and signs.
    pub(crate) async fn sign_in_with_wallet(&self) {
        self.browser.click("sign-in-wallet").await;
        self.browser.click("wallet-approve").await;
        self.approve().await;
        self.browser.find("sign-out").await;
    }

    /// The test wallet signs.
    pub(crate) async fn approve(&self) {
        self.browser.find("wallet-message").await;
        self.browser.click("wallet-approve").await;
        self.browser.gone("wallet-window").await;
    }

    /// Goes on at a social provider, as this account.
    pub(crate) async fn consent(&self, account: &str) {
        let go_on = async |browser: &step_up_tests::Browser| {
            browser.replace("consent-account", account).await;
            browser.click("consent-continue").await;
        };
        self.browser.in_popup(go_on).await;
    }

    /// An authenticator that has the passkey of this user.
    pub(crate) async fn plug_in_passkey_of(&self, user: &User<'_>) -> String {
        let authenticator = self.browser.plug_in_authenticator().await;
        self.browser.hold_passkey(&authenticator, user.id()).await;
        authenticator
    }

    /// Waits for a screen of the prompt.
    pub(crate) async fn screen(&self, name: &str) {
        self.browser.element(&screen_selector(name)).await;
    }

    /// Waits until no prompt is there.
    pub(crate) async fn no_prompt(&self) {
        self.browser.no_element("dialog[open] [data-step-up-screen]").await;
    }

    /// Types into the prompt's field, once the one before was tried.
    pub(crate) async fn type_code(&self, code: &str) {
        self.browser.type_into_element(&part("code"), code).await;
    }

    /// Presses the button of the screen.
    pub(crate) async fn press_primary(&self) {
        self.browser.click_element(&part("primary")).await;
    }

    /// The code that the prompt says is on its way.
    pub(crate) async fn sent_code(&self, address: &str) -> String {
        self.browser.element_text_where(&part("text"), |text| text.contains("We sent")).await;
        self.control().code(address).await
    }

    /// What the app has asked the server for since the last call, as methods and paths, the oldest first.
    pub(crate) async fn asked(&self) -> Vec<String> {
        let log = self.control().get("/sandbox/requests").await;
        let mut asked = Vec::new();
        for request in log["requests"].as_array().unwrap() {
            let id = request["id"].as_u64().unwrap();
            let path = request["path"].as_str().unwrap();
            if id > self.seen.get() {
                self.seen.set(id);
                if let Some((_, path)) = path.split_once("/sdk/").and_then(|(_, it)| it.split_once('/')) {
                    asked.push(format!("{} {}", request["method"].as_str().unwrap(), any_wallet(path)));
                }
            }
        }
        asked
    }
}

/// Which wallet it is matters to nobody.
fn any_wallet(path: &str) -> String {
    match path.strip_prefix("waas/").and_then(|rest| rest.split_once('/')) {
        Some((_, rest)) => format!("waas/*/{rest}"),
        None => path.to_owned(),
    }
}
