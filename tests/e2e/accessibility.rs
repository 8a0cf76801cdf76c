//! End to end: axe-core finds nothing against accessibility on any page of the built demo or any screen of the prompts, on a
//! phone, and on a desktop in dark and light colours.

#![allow(clippy::unwrap_used)]

mod visitor;

use std::{cell::RefCell, collections::BTreeSet};

use serde_json::json;
use step_up_tests::{Browser, Screen, code_at};
use visitor::{EMAIL, Visitor, gallery::SCREENS, wrong};

const PHONE: &str = "+15550100100";

/// The last of them is what the visitor goes on with.
const LOOKS: [Screen; 3] = [
    Screen { width: 390, height: 844, is_dark: false },
    Screen { width: 1280, height: 900, is_dark: true },
    Screen { width: 1280, height: 900, is_dark: false },
];

/// What was looked at, and what was found there.
#[derive(Default)]
struct Findings {
    places: RefCell<BTreeSet<String>>,
    found: RefCell<Vec<String>>,
}

impl Findings {
    /// Has axe-core look at the page as it is.
    async fn look(&self, browser: &Browser, place: &str) {
        for screen in LOOKS {
            browser.resize(screen).await;
            for violation in browser.accessibility_violations().await {
                let colours = if screen.is_dark { "dark" } else { "light" };
                let found = format!("{place}, {} wide, {colours}: {violation}", screen.width);
                self.found.borrow_mut().push(found);
            }
        }
        self.places.borrow_mut().insert(place.to_owned());
    }

    /// Nothing was found, in so many places.
    fn none_in(self, places: usize) {
        let found = self.found.into_inner();
        assert!(found.is_empty(), "{} violations: {found:#?}", found.len());
        assert_eq!(self.places.borrow().len(), places, "{:?}", self.places);
    }
}

/// The pages, by their tabs, and what each has.
const TABS: [(&str, &str); 7] = [
    ("nav-managed", "export-wallet"),
    ("nav-explicit", "export-wallet"),
    ("nav-headless", "export-wallet"),
    ("nav-together", "together-fire"),
    ("nav-credentials", "credential"),
    ("nav-factors", "add-totp"),
    ("nav-inspector", "event"),
];

impl Visitor {
    /// Goes to a page by its tab, and waits until it is there.
    async fn go_to(&self, tab: &str, landmark: &str) {
        self.browser.click(tab).await;
        self.browser.element(&format!("[data-testid='{tab}'][aria-current='page']")).await;
        self.browser.find(landmark).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_found_in_page() {
    let visitor = Visitor::in_page().await;
    visitor.browser.find("sign-in-email").await;
    let spoil = "const it = document.querySelector(\"[data-testid='sign-in-email']\");
        it.closest('label').replaceWith(it);
        it.removeAttribute('placeholder');
        document.querySelector('.lead').style.color = '#8888';";
    // A page sets styles of its own elements by script, whatever its policy.
    visitor.browser.driver().execute(spoil, vec![]).await.unwrap();
    let found = visitor.browser.accessibility_violations().await;
    for rule in ["label: ", "color-contrast: "] {
        assert!(found.iter().any(|it| it.starts_with(rule)), "{rule}{found:#?}");
    }

    // In a dialog above all else as well.
    visitor.browser.reload().await;
    visitor.sign_in().await;
    visitor.go_to("nav-managed", "export-wallet").await;
    visitor.browser.click("export-wallet").await;
    visitor.screen("email").await;
    assert_eq!(visitor.browser.accessibility_violations().await, [""; 0]);
    let spoil = "document.querySelector(\"[data-step-up-part='text']\").style.color = '#8888'";
    visitor.browser.driver().execute(spoil, vec![]).await.unwrap();
    let found = visitor.browser.accessibility_violations().await;
    assert!(found.iter().any(|it| it.starts_with("color-contrast: ")), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_of_the_ready_made_prompt_on_server() {
    let visitor = Visitor::on_server().await;
    let findings = Findings::default();
    visitor.each_prompt(async |screen| findings.look(&visitor.browser, screen).await).await;
    let names: BTreeSet<String> = SCREENS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(*findings.places.borrow(), names);
    findings.none_in(SCREENS.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_signed_out_and_signed_in_in_page() {
    let visitor = Visitor::in_page().await;
    let browser = &visitor.browser;
    let findings = Findings::default();
    let look = async |place: &str| findings.look(browser, place).await;

    browser.find("sign-in-wallet").await;
    look("signing in").await;
    visitor.go_to("nav-inspector", "theme-toggle").await;
    look("inspector, signed out").await;
    visitor.go_to("nav-headless", "sign-in-email").await;
    browser.type_into("sign-in-email", EMAIL).await;
    browser.click("sign-in-send").await;
    browser.find("sign-in-code").await;
    let code = visitor.code("").await;
    look("signing in: a code").await;
    browser.type_into("sign-in-code", wrong(&code)).await;
    browser.text_where("sign-in-error", |text| !text.is_empty()).await;
    look("signing in: a wrong code").await;
    browser.type_into("sign-in-code", &code).await;
    browser.find("sign-out").await;

    for (tab, landmark) in TABS {
        visitor.go_to(tab, landmark).await;
        look(tab).await;
    }
    // On a phone it is a sheet.
    browser.resize(LOOKS[0]).await;
    browser.click("panel-toggle").await;
    look("the open panel").await;

    browser.open(&format!("{}/?api=https://evil.example/api/v0", visitor.page.url())).await;
    browser.find("api-refused").await;
    look("an address that is refused").await;
    findings.none_in(6 + TABS.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_of_the_pages_themselves_on_server() {
    let visitor = Visitor::on_server().await;
    let browser = &visitor.browser;
    let findings = Findings::default();
    let look = async |place: &str| findings.look(browser, place).await;
    let wallet = json!({ "address": "0x52908400098527886E0F7030069857D2E4169EE7", "chain": "EVM" });
    let social = json!({ "provider": "google", "email": EMAIL });
    let all = json!({ "email": EMAIL, "phone": PHONE, "wallets": [wallet], "social": [social] });
    visitor.control().user(all).await;
    visitor.sign_in().await;

    // The page's own prompt.
    let code = visitor.ask_for_export("").await;
    look("a code").await;
    visitor.enter(wrong(&code)).await;
    visitor.otp_error("4 tries").await;
    look("a wrong code").await;
    browser.click("other-method").await;
    browser.find("chooser-cancel").await;
    look("choosing").await;
    browser.click("method-wallet").await;
    browser.find("wallet-verify").await;
    look("a wallet").await;
    browser.click("other-method").await;
    browser.click("method-social").await;
    browser.find("social-verify").await;
    look("a social account").await;
    browser.click("social-cancel").await;
    let captcha = json!({ "status": 422, "body": { "error": "A captcha.", "code": "captcha_required" } });
    let broken = json!({ "status": 500, "body": { "error": "It is broken." } });
    for (answer, landmark, cancel) in
        [(captcha, "captcha-solve", "captcha-cancel"), (broken.clone(), "step-up-error", "stopped-cancel")]
    {
        visitor.control().fault("/emailVerifications/create", 9, "status", answer).await;
        browser.click("export-wallet").await;
        browser.find(landmark).await;
        look(landmark).await;
        browser.click(cancel).await;
        visitor.control().cancel_faults().await;
    }

    // The wallet.
    let code = visitor.ask_for_export("").await;
    visitor.control().fault("/waas/*/privateKey/export", 9, "status", broken).await;
    visitor.enter(&code).await;
    browser.find("try-again").await;
    look("no export").await;
    visitor.control().cancel_faults().await;
    visitor.go_to("nav-inspector", "elevation").await;
    look("inspector: a token").await;
    visitor.go_to("nav-headless", "export-wallet").await;
    browser.click("export-wallet").await;
    browser.find("export-screen").await;
    look("the key, hidden").await;
    browser.click("reveal-key").await;
    look("the key").await;

    visitor.go_to("nav-together", "together-fire").await;
    browser.click("together-fire").await;
    browser.click_element("[data-step-up-method='email']").await;
    let code = visitor.sent_code(EMAIL).await;
    visitor.type_code(&code).await;
    browser.text_where("together-answers", |text| text.starts_with("10 of 10")).await;
    look("ten calls").await;

    // Credentials.
    visitor.go_to("nav-credentials", "credential").await;
    browser.click("link-phone").await;
    visitor.answer_code("").await;
    browser.find("link-address").await;
    look("linking a phone").await;
    browser.click("link-cancel").await;
    browser.click("link-wallet").await;
    browser.find("choose-wallet").await;
    look("linking a wallet").await;
    browser.click("choose-wallet").await;
    browser.find("wallet-approve").await;
    look("the test wallet, connecting").await;
    browser.click("wallet-approve").await;
    browser.find("wallet-message").await;
    look("the test wallet, signing").await;
    browser.click("wallet-reject").await;
    browser.gone("wallet-window").await;
    // A user who rejects needs no error, a link that fails does.
    browser.click("link-wallet").await;
    browser.find("choose-wallet").await;
    let broken = json!({ "status": 500, "body": { "error": "It is broken." } });
    visitor.control().fault("/verify/link", 9, "status", broken).await;
    browser.click("choose-wallet").await;
    browser.click("wallet-approve").await;
    browser.find("wallet-message").await;
    browser.click("wallet-approve").await;
    browser.find("credentials-error").await;
    look("not linked").await;
    visitor.control().cancel_faults().await;
    browser.click("link-social").await;
    browser.find("choose-google").await;
    look("linking a social account").await;
    browser.click("choose-google").await;
    let consent = async |popup: &Browser| {
        popup.find("consent-account").await;
        findings.look(popup, "consenting").await;
        popup.click("consent-refuse").await;
    };
    browser.in_popup(consent).await;

    // Second factors.
    visitor.go_to("nav-factors", "add-passkey").await;
    browser.click("add-passkey").await;
    browser.find("passkey-create").await;
    look("a new passkey").await;
    browser.click("passkey-create-cancel").await;
    browser.click("add-totp").await;
    let secret = browser.text_where("totp-secret", |text| text.len() == 32).await;
    look("a new authenticator app").await;
    browser.type_into("totp-confirm", &code_at(&secret, visitor.now().await)).await;
    browser.find("device").await;
    look("an authenticator app").await;
    visitor.wait_a_minute().await;
    browser.click("new-recovery-codes").await;
    browser.find("recovery-kept").await;
    look("new recovery codes").await;
    browser.click("recovery-kept").await;
    visitor.go_to("nav-headless", "export-wallet").await;
    browser.click("export-wallet").await;
    browser.find("totp-input").await;
    look("a code of the app").await;
    browser.click("other-method").await;
    browser.click("method-recovery").await;
    browser.find("recovery-input").await;
    look("a recovery code").await;
    findings.none_in(25);
}
