//! End to end: the demo's test wallet in Chromium, spoken to as any page speaks to a wallet.

#![allow(clippy::unwrap_used)]

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use serde_json::{Value, json};
use sha3::{Digest as _, Keccak256};
use step_up_tests::{Browser, PageServer, required};

/// A page with the wallet, and a browser at it.
struct Page {
    browser: Browser,
    _server: PageServer,
}

impl Page {
    async fn open() -> Self {
        let server = PageServer::start(required("STEP_UP_DEMO_DIST")).await;
        let browser = Browser::start().await;
        browser.open(&format!("{}/", server.url())).await;
        // The program is here when the page shows something to do.
        browser.find("sign-in-email").await;
        Self { browser, _server: server }
    }

    async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.browser.driver().execute(script, arguments).await.unwrap().json().clone()
    }

    /// Finds the wallet as EIP-6963 says, and gives what it says of itself.
    async fn discover(&self) -> Value {
        let script = "
            const take = event => {
              if (event.detail.info.name === 'Sandbox test wallet') window.found = event.detail;
            };
            addEventListener('eip6963:announceProvider', take);
            dispatchEvent(new Event('eip6963:requestProvider'));
            removeEventListener('eip6963:announceProvider', take);
            window.answers = [];
            window.heard = [];
            found.provider.on('accountsChanged', accounts => heard.push(accounts));
            return found.info;";
        self.run(script, vec![]).await
    }

    /// Begins a request, with or without parameters, and gives its number.
    async fn ask(&self, method: &str, params: Value) -> usize {
        let script = "
            const request = { method: arguments[0], params: arguments[1] ?? undefined };
            const answer = found.provider.request(request).then(value => ({ value }), error => ({ code: error.code }));
            return answers.push(answer) - 1;";
        self.run(script, vec![json!(method), params]).await.as_u64().unwrap() as usize
    }

    /// What becomes of a request.
    async fn answer(&self, number: usize) -> Value {
        let answer = self
            .browser
            .driver()
            .execute_async("answers[arguments[0]].then(arguments[1])", vec![json!(number)]);
        answer.await.unwrap().json().clone()
    }

    /// Nothing becomes of a request by the time that a later one is answered.
    async fn is_unanswered(&self, number: usize) -> bool {
        let later = self.ask("eth_accounts", json!([])).await;
        self.answer(later).await;
        let script = "
            const [answer, done] = [answers[arguments[0]], arguments[1]];
            Promise.race([answer.then(() => false), Promise.resolve(true)]).then(done);";
        let first = self.browser.driver().execute_async(script, vec![json!(number)]).await;
        first.unwrap().json() == true
    }

    async fn account(&self) -> String {
        let text = self.browser.text_where("wallet-account", |text| text.contains("0x")).await;
        text.split(": ").nth(1).unwrap().to_owned()
    }

    /// Connects, and gives the account.
    async fn connect(&self) -> String {
        let number = self.ask("eth_requestAccounts", json!([])).await;
        let account = self.account().await;
        self.browser.click("wallet-approve").await;
        self.browser.gone("wallet-window").await;
        assert_eq!(self.answer(number).await, json!({ "value": [account] }));
        account
    }
}

/// Whose signature of a message it is (EIP-191), in lower case.
fn signer(message: &str, signature: &str) -> String {
    let bytes = base16ct::lower::decode_vec(&signature[2..]).unwrap();
    let recovery = RecoveryId::from_byte(bytes[64] - 27).unwrap();
    let prefixed = format!("\u{19}Ethereum Signed Message:\n{}{message}", message.len());
    let hash = Keccak256::digest(prefixed.as_bytes());
    let signature = Signature::from_slice(&bytes[..64]).unwrap();
    let key = VerifyingKey::recover_from_prehash(&hash, &signature, recovery).unwrap();
    let hash = Keccak256::digest(&key.to_sec1_point(false).as_bytes()[1..]);
    format!("0x{}", base16ct::lower::encode_string(&hash[12..]))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_wallet_is_found_connects_and_signs_in_page() {
    let page = Page::open().await;
    let info = page.discover().await;
    assert!(info["icon"].as_str().unwrap().starts_with("data:image/svg+xml,"));
    assert_eq!(info["uuid"].as_str().unwrap().len(), 36);
    let before = page.ask("eth_accounts", Value::Null).await;
    assert_eq!(page.answer(before).await, json!({ "value": [] }), "nothing is shown unasked");
    let account = page.connect().await;

    let message = "Gr\u{fc}\u{df}e <b>an</b>\nden Sandkasten";
    let hex = format!("0x{}", base16ct::lower::encode_string(message.as_bytes()));
    let sign = page.ask("personal_sign", json!([hex, account.to_lowercase()])).await;
    page.browser.text_where("wallet-message", |text| text == message).await;
    assert!(!page.browser.has("wallet-warning").await);
    let second = page.ask("personal_sign", json!([hex, account])).await;
    assert_eq!(page.answer(second).await, json!({ "code": -32002 }), "one at a time");
    page.browser.click("wallet-approve").await;
    page.browser.gone("wallet-window").await;
    let signature = page.answer(sign).await["value"].as_str().unwrap().to_owned();
    assert_eq!(signer(message, &signature), account.to_lowercase());

    // A reload keeps the accounts, and that the page may see one.
    page.browser.reload().await;
    page.browser.find("sign-in-email").await;
    page.discover().await;
    let after = page.ask("eth_accounts", json!([])).await;
    assert_eq!(page.answer(after).await, json!({ "value": [account] }));
    let unknown = page.ask("eth_sendTransaction", json!([{}])).await;
    assert_eq!(page.answer(unknown).await, json!({ "code": 4200 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_wallet_says_no_switches_and_keeps_silent_in_page() {
    let page = Page::open().await;
    page.discover().await;
    let refused = page.ask("eth_requestAccounts", json!([])).await;
    page.browser.click("wallet-reject").await;
    page.browser.gone("wallet-window").await;
    assert_eq!(page.answer(refused).await, json!({ "code": 4001 }));
    // By the Escape key as well.
    let escaped = page.ask("eth_requestAccounts", json!([])).await;
    page.browser.press_in("wallet-window", thirtyfour::Key::Escape).await;
    page.browser.gone("wallet-window").await;
    assert_eq!(page.answer(escaped).await, json!({ "code": 4001 }));

    let silent = page.ask("eth_requestAccounts", json!([])).await;
    page.browser.click("wallet-silent").await;
    page.browser.gone("wallet-window").await;
    assert!(page.is_unanswered(silent).await);

    let first = page.connect().await;
    let evil = "evil.example wants you to sign in with your Ethereum account:\n";
    let sign = page.ask("personal_sign", json!([evil, first])).await;
    page.browser.find("wallet-warning").await;
    page.browser.click("wallet-switch-account").await;
    let second = page.account().await;
    assert_ne!(second, first);
    assert_eq!(page.run("return heard.at(-1)", vec![]).await, json!([second]));
    page.browser.click("wallet-approve").await;
    page.browser.gone("wallet-window").await;
    assert_eq!(page.answer(sign).await, json!({ "code": 4100 }), "it was for the other account");
    let other = page.ask("personal_sign", json!(["x", first])).await;
    assert_eq!(page.answer(other).await, json!({ "code": 4100 }));

    // Without a request, the user switches back.
    page.run("dispatchEvent(new Event('sandbox-wallet:open'))", vec![]).await;
    assert_eq!(page.account().await, second);
    assert!(!page.browser.has("wallet-approve").await);
    page.browser.click("wallet-switch-account").await;
    page.browser.click("wallet-close").await;
    page.browser.gone("wallet-window").await;
    let accounts = page.ask("eth_accounts", json!([])).await;
    assert_eq!(page.answer(accounts).await, json!({ "value": [first] }));
}
