//! Browser lane: wallets that announce themselves to the page, and the hooks that use them.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

#[path = "support/wait.rs"]
mod wait;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Duration,
};

use js_sys::{Array, JSON, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use yew::prelude::*;
use yew_step_up::{
    Config, Event, HttpRequest, HttpResponse, LocalFuture, Platform, StepUpClient, StepUpError,
    StepUpProvider, Timestamp, TokenScope, UseStepUpAuthenticationHandle, UseStepUpAuthenticationOptions,
    WalletChain, WalletInfo, browser_platform, use_step_up_authentication_with_options, use_wallets,
};

use wait::settle;

wasm_bindgen_test_configure!(run_in_browser);

// What wallets do in a page: they announce themselves when they are asked and when they come late.
#[wasm_bindgen(inline_js = r#"
class Wallet {
  constructor() { this.calls = []; this.stops = []; }
  on(type, listener) {
    addEventListener(type, listener);
    this.stops.push(() => removeEventListener(type, listener));
  }
  remove() { this.stops.forEach(stop => stop()); }
}

export function evm(uuid, name, accounts, behaviour) {
  const wallet = new Wallet();
  const provider = {
    request({ method, params }) {
      wallet.calls.push([method, ...params]);
      const does = behaviour[method];
      if (does === 'never') return new Promise(() => {});
      if (does === 'throw') throw new Error('a secret of the wallet');
      if (typeof does === 'number') return Promise.reject({ code: does, message: 'a secret of the wallet' });
      if (does !== undefined) return does;
      if (method === 'eth_accounts' || method === 'eth_requestAccounts') return Promise.resolve(accounts);
      if (method === 'eth_chainId') return Promise.resolve('0x89');
      if (method === 'personal_sign') return Promise.resolve('0x' + '1b'.repeat(65));
      return Promise.reject({ code: 4200 });
    },
  };
  wallet.provider = provider;
  const info = { uuid, name, icon: 'data:image/png;base64,AA==', rdns: 'example.' + uuid };
  wallet.announce = () => dispatchEvent(
    new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }));
  wallet.on('eip6963:requestProvider', wallet.announce);
  return wallet;
}

export function inject(wallet) {
  window.ethereum = wallet.provider;
  wallet.stops.push(() => delete window.ethereum);
}

export function solana(name, address, behaviour) {
  const wallet = new Wallet();
  const account = { address, publicKey: new Uint8Array(32), chains: ['solana:mainnet'], features: [] };
  const standard = {
    version: '1.0.0', name, icon: 'data:image/png;base64,AA==', chains: ['solana:mainnet'], accounts: [],
    features: {
      'standard:connect': { version: '1.0.0', connect(input) {
        wallet.calls.push(['connect', input.silent === true]);
        if (input.silent && !behaviour.authorised) return Promise.resolve({ accounts: [] });
        if (behaviour.connect) return Promise.reject({ code: behaviour.connect });
        standard.accounts = [account];
        return Promise.resolve({ accounts: standard.accounts });
      } },
      'solana:signMessage': { version: '1.0.0', signMessage({ account, message }) {
        wallet.calls.push(['signMessage', account.address, new TextDecoder().decode(message)]);
        if (behaviour.sign) return Promise.reject({ code: behaviour.sign });
        const signedMessage = behaviour.alters ? new Uint8Array([1]) : message;
        return Promise.resolve([{ signedMessage, signature: new Uint8Array(64).fill(7) }]);
      } },
    },
  };
  const register = (api) => wallet.stops.push(api.register(standard));
  wallet.on('wallet-standard:app-ready', ({ detail: api }) => register(api));
  wallet.announce = () => dispatchEvent(
    new CustomEvent('wallet-standard:register-wallet', { detail: register }));
  return wallet;
}

export function nonsense() {
  const throws = { get info() { throw new Error('no'); }, get provider() { throw new Error('no'); } };
  for (const detail of [undefined, null, 1, 'x', {}, { info: {} }, { provider: {} }, throws,
    { info: { uuid: 1, name: {} }, provider: {} }, { info: { uuid: 'u', name: 'n' }, provider: 'x' }]) {
    dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }));
  }
  dispatchEvent(new Event('eip6963:announceProvider'));
  for (const detail of [undefined, {}, () => { throw new Error('no'); }, (api) => api.register(),
    (api) => api.register(null, 1, {}, { name: 'x' }),
    (api) => api.register({ name: 'bitcoin', chains: ['bitcoin:mainnet'], features: {} })]) {
    dispatchEvent(new CustomEvent('wallet-standard:register-wallet', { detail }));
  }
}
"#)]
extern "C" {
    type JsWallet;
    fn evm(uuid: &str, name: &str, accounts: Array, behaviour: JsValue) -> JsWallet;
    fn solana(name: &str, address: &str, behaviour: JsValue) -> JsWallet;
    fn inject(wallet: &JsWallet);
    fn nonsense();

    #[wasm_bindgen(method, getter)]
    fn calls(this: &JsWallet) -> Array;
    #[wasm_bindgen(method)]
    fn announce(this: &JsWallet);
    #[wasm_bindgen(method)]
    fn remove(this: &JsWallet);
}

/// A wallet in the page, until the test is over.
struct Wallet(JsWallet);

impl Wallet {
    /// A wallet for EVM chains. `behaviour` says for a method that it never answers, throws, is rejected with a code, or
    /// gives something.
    fn evm(uuid: &str, accounts: &[&str], behaviour: &str) -> Self {
        let accounts = accounts.iter().copied().map(JsValue::from_str).collect();
        Self(evm(uuid, &format!("Wallet {uuid}"), accounts, JSON::parse(behaviour).unwrap()))
    }

    fn solana(name: &str, behaviour: &str) -> Self {
        Self(solana(name, SOLANA, JSON::parse(behaviour).unwrap()))
    }

    /// What it was asked, as JSON texts.
    fn calls(&self) -> Vec<String> {
        self.0.calls().iter().map(|call| JSON::stringify(&call).unwrap().into()).collect()
    }

    fn was_asked(&self, method: &str) -> bool {
        self.calls().iter().any(|call| call.contains(&format!("\"{method}\"")))
    }
}

impl Drop for Wallet {
    fn drop(&mut self) {
        self.0.remove();
    }
}

const MINE: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const OTHER: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
const SOLANA: &str = "7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv";
const SCOPES: [TokenScope; 1] = [TokenScope::WalletExport];

fn config() -> Config {
    thread_local!(static NEXT: Cell<u32> = const { Cell::new(0) });
    let number = NEXT.with(|next| next.replace(next.get() + 1));
    let start = js_sys::Math::random().to_bits() >> 16 & 0xffff_ffff;
    Config::new(format!("{start:08x}-0000-4000-8000-{number:012x}")).unwrap()
}

/// A server that answers what was put down for it, and the settings and nonces besides.
#[derive(Clone, Default)]
struct Server {
    answers: Rc<RefCell<VecDeque<String>>>,
    bodies: Rc<RefCell<Vec<String>>>,
}

impl Server {
    fn answers(&self, body: String) {
        self.answers.borrow_mut().push_back(body);
    }

    /// Time stands still, and two minutes pass at once.
    fn platform(&self, config: &Config) -> Platform {
        let server = self.clone();
        let transport = move |request: HttpRequest| {
            let body = match request.path() {
                path if path.ends_with("/settings") => "{}".into(),
                path if path.ends_with("/nonces") => {
                    r#"{"nonces":["nonce001","nonce002","nonce003"]}"#.into()
                }
                path => {
                    let body = String::from_utf8(request.body.clone().unwrap_or_default()).unwrap();
                    server.bodies.borrow_mut().push(body);
                    let answer = server.answers.borrow_mut().pop_front();
                    answer.unwrap_or_else(|| panic!("{path} was not expected"))
                }
            };
            async move { Ok(HttpResponse::new(200, body)) }
        };
        let timer = |duration: Duration| -> LocalFuture<'static, ()> {
            if duration == Duration::from_secs(120) {
                Box::pin(wait::turn())
            } else {
                Box::pin(std::future::pending())
            }
        };
        browser_platform(config)
            .with_transport(transport)
            .with_clock(|| Timestamp::from_secs(1_000))
            .with_timer(timer)
    }

    /// A client on which the user of `MINE` is signed in. `is_patient`: two minutes pass in two minutes.
    async fn signed_in(&self, is_patient: bool) -> StepUpClient {
        let config = config();
        let mut platform = self.platform(&config);
        if is_patient {
            platform =
                platform.with_timer(|_| -> LocalFuture<'static, ()> { Box::pin(std::future::pending()) });
        }
        let client = StepUpClient::new(config, platform);
        self.answers(r#"{"verificationUUID":"v"}"#.into());
        self.answers(verified(false));
        let verification = client.send_sign_in_code("a@b.example").await.unwrap();
        client.sign_in_with_otp(&verification, "1").await.unwrap();
        client
    }

    /// A field of the last request's body.
    fn last(&self, field: &str) -> String {
        let body = JSON::parse(self.bodies.borrow().last().unwrap()).unwrap();
        Reflect::get(&body, &field.into()).unwrap().as_string().unwrap_or_default()
    }
}

/// Limits nothing.
fn patient(_: Duration) -> LocalFuture<'static, ()> {
    Box::pin(std::future::pending())
}

fn verified(elevates: bool) -> String {
    let claims = r#"{"scope":"wallet:export","exp":1300,"singleUse":true}"#;
    let payload = web_sys::window().unwrap().btoa(claims).unwrap().replace('=', "");
    let elevated =
        if elevates { format!(r#""elevatedAccessToken":"e30.{payload}.x","#) } else { String::new() };
    format!(
        r#"{{{elevated}"minifiedJwt":"x","expiresAt":5000,"user":{{"id":"u","verifiedCredentials":[
        {{"id":"c","format":"blockchain","address":"{MINE}","chain":"eip155","signInEnabled":true}},
        {{"id":"s","format":"blockchain","address":"{SOLANA}","chain":"solana","signInEnabled":true}}]}}}}"#
    )
}

/// What the test page shows.
#[derive(Clone, Default)]
struct Seen(Rc<RefCell<Option<UseStepUpAuthenticationHandle>>>, Option<&'static str>);

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Properties, PartialEq)]
struct PageProps {
    client: StepUpClient,
    seen: Seen,
}

#[component]
fn Page(props: &PageProps) -> Html {
    html! {
        <StepUpProvider client={props.client.clone()}><Screen seen={props.seen.clone()} /></StepUpProvider>
    }
}

#[derive(Properties, PartialEq)]
struct ScreenProps {
    seen: Seen,
}

#[component]
fn Screen(props: &ScreenProps) -> Html {
    let mut options = UseStepUpAuthenticationOptions::new();
    if let Some(id) = props.seen.1 {
        options = options.with_credential_id(id);
    }
    let step_up = use_step_up_authentication_with_options(options);
    let names: Vec<String> = use_wallets().into_iter().map(|wallet| wallet.name).collect();
    props.seen.0.replace(Some(step_up.clone()));
    html! {
        <p>{ format!("[{}] loading={} error={:?}", names.join(","), step_up.is_loading, step_up.error) }</p>
    }
}

struct Mounted {
    app: Option<AppHandle<Page>>,
    root: web_sys::Element,
    seen: Seen,
}

impl Mounted {
    async fn new(client: &StepUpClient) -> Self {
        Self::with(client, None).await
    }

    /// The hook has this credential.
    async fn with(client: &StepUpClient, credential: Option<&'static str>) -> Self {
        let document = web_sys::window().unwrap().document().unwrap();
        let root = document.create_element("div").unwrap();
        document.body().unwrap().append_child(&root).unwrap();
        let seen = Seen(Rc::default(), credential);
        let props = PageProps { client: client.clone(), seen: seen.clone() };
        let app = yew::Renderer::<Page>::with_root_and_props(root.clone(), props).render();
        settle().await;
        Self { app: Some(app), root, seen }
    }

    fn text(&self) -> String {
        self.root.text_content().unwrap()
    }

    fn handle(&self) -> UseStepUpAuthenticationHandle {
        self.seen.0.borrow().clone().unwrap()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            app.destroy();
        }
        self.root.remove();
    }
}

async fn verify(client: &StepUpClient) -> Result<(), StepUpError> {
    client.verify_wallet(Some(&"c".into()), &SCOPES).await.map(drop)
}

fn failed(why: &str) -> Result<(), StepUpError> {
    Err(StepUpError::WalletFailed { why: why.into() })
}

#[wasm_bindgen_test]
async fn a_wallet_that_announced_itself_is_found_and_signs() {
    let wallet = Wallet::evm("one", &[&MINE.to_lowercase()], "{}");
    let server = Server::default();
    let client = server.signed_in(true).await;
    let page = Mounted::new(&client).await;
    assert_eq!(page.text(), "[Wallet one] loading=false error=None");
    let expected = WalletInfo::new("one", "Wallet one", WalletChain::Evm)
        .with_icon("data:image/png;base64,AA==")
        .with_rdns("example.one");
    assert_eq!(client.wallets(), [expected]);

    server.answers(verified(true));
    let verifying = page.handle().verify_wallet(None, &SCOPES);
    settle().await;
    assert!(page.text().contains("loading=true"), "a call begins when called");
    let verified = verifying.await.unwrap();
    assert!(verified.elevation.unwrap().single_use);
    assert!(client.elevation(&TokenScope::WalletExport).is_some());
    settle().await;
    assert_eq!(page.text(), "[Wallet one] loading=false error=None");

    let message = server.last("messageToSign");
    let location = web_sys::window().unwrap().location();
    let first = format!("{} wants you to sign in with your Ethereum account:", location.host().unwrap());
    assert_eq!(message.lines().next().unwrap(), first);
    assert!(message.contains(&format!("\n{MINE}\n")), "{message}");
    assert!(message.contains(&format!("\nURI: {}\n", location.origin().unwrap())));
    assert!(message.contains("\nChain ID: 137\n"));
    let hex: String = message.bytes().map(|byte| format!("{byte:02x}")).collect();
    let asked = format!(r#"["personal_sign","0x{hex}","{}"]"#, MINE.to_lowercase());
    assert_eq!(wallet.calls(), [r#"["eth_accounts"]"#, r#"["eth_chainId"]"#, &asked]);
    assert_eq!(server.last("signedMessage"), format!("0x{}", "1b".repeat(65)));
}

#[wasm_bindgen_test]
async fn a_wallet_that_is_not_connected_asks_and_the_user_may_say_no() {
    let wallet = Wallet::evm("one", &[MINE], r#"{"eth_accounts":[],"personal_sign":4001}"#);
    let client = Server::default().signed_in(true).await;
    let page = Mounted::new(&client).await;
    assert_eq!(page.handle().verify_wallet(None, &SCOPES).await, Err(StepUpError::Cancelled));
    assert!(wallet.was_asked("eth_requestAccounts") && wallet.was_asked("personal_sign"));
    settle().await;
    assert_eq!(page.text(), "[Wallet one] loading=false error=None", "the user's own no is no error to show");
    assert!(page.handle().is_cancelled);
    assert!(client.elevations().is_empty());

    drop(wallet);
    let _wallet = Wallet::evm("two", &[MINE], r#"{"eth_accounts":[],"eth_requestAccounts":4001}"#);
    let client = Server::default().signed_in(true).await;
    assert_eq!(verify(&client).await, Err(StepUpError::Cancelled));
}

#[wasm_bindgen_test]
async fn another_account_is_a_mismatch() {
    let wallet = Wallet::evm("one", &[OTHER], "{}");
    let client = Server::default().signed_in(true).await;
    assert_eq!(verify(&client).await, Err(StepUpError::WalletAccountMismatch));
    assert!(!wallet.was_asked("personal_sign"));
}

#[wasm_bindgen_test]
async fn a_wallet_that_never_answers_is_timed_out() {
    for silent in [r#"{"personal_sign":"never"}"#, r#"{"eth_accounts":[],"eth_requestAccounts":"never"}"#] {
        let _wallet = Wallet::evm("one", &[MINE], silent);
        let client = Server::default().signed_in(false).await;
        assert_eq!(verify(&client).await, Err(StepUpError::TimedOut));
    }
}

#[wasm_bindgen_test]
async fn a_failing_wallet_has_a_clear_error_and_its_text_is_left_out() {
    for (behaviour, why) in [
        ("-32002", "another request waits in it; open the wallet and answer that one"),
        ("4100", "it does not allow this page to use the account"),
        ("4200", "it cannot sign messages"),
        ("-32601", "it cannot sign messages"),
        ("4900", "it is not connected to its chain"),
        ("4901", "it is not connected to its chain"),
        ("-32603", "it gave error -32603"),
        (r#""throw""#, "it gave no reason"),
        (r#""0x1""#, "what it gave is no signature"),
        (r#"{"not":"a text"}"#, "what it gave is no signature"),
        ("null", "what it gave is no signature"),
    ] {
        let _wallet = Wallet::evm("one", &[MINE], &format!(r#"{{"personal_sign":{behaviour}}}"#));
        let client = Server::default().signed_in(true).await;
        assert_eq!(verify(&client).await, failed(why), "{behaviour}");
    }
    for (accounts, why) in [
        (r#"{"not":"a list"}"#, "what it gave is no list of accounts"),
        (r#""throw""#, "it gave no reason"),
        ("4900", "it is not connected to its chain"),
    ] {
        let behaviour = format!(r#"{{"eth_accounts":{accounts},"eth_requestAccounts":{accounts}}}"#);
        let _wallet = Wallet::evm("one", &[MINE], &behaviour);
        let client = Server::default().signed_in(true).await;
        assert_eq!(verify(&client).await, failed(why), "{accounts}");
    }
}

#[wasm_bindgen_test]
async fn the_chain_is_ethereum_where_a_wallet_does_not_say() {
    let _wallet = Wallet::evm("one", &[MINE], r#"{"eth_chainId":4200}"#);
    let server = Server::default();
    let client = server.signed_in(true).await;
    server.answers(verified(true));
    verify(&client).await.unwrap();
    assert_eq!(server.last("network"), "1");
}

#[wasm_bindgen_test]
async fn the_hooks_credential_signs_unless_a_call_names_another() {
    let (evm, solana) = (Wallet::evm("one", &[MINE], "{}"), Wallet::solana("Sol", r#"{"authorised":true}"#));
    let server = Server::default();
    let client = server.signed_in(true).await;
    let page = Mounted::with(&client, Some("s")).await;
    server.answers(verified(true));
    page.handle().verify_wallet(None, &SCOPES).await.unwrap();
    assert_eq!(server.last("publicWalletAddress"), SOLANA);
    assert!(!evm.was_asked("personal_sign"));
    server.answers(verified(true));
    page.handle().verify_wallet(Some(&"c".into()), &SCOPES).await.unwrap();
    assert_eq!(server.last("publicWalletAddress"), MINE);
    drop(solana);
}

#[wasm_bindgen_test]
async fn of_two_wallets_the_one_with_the_account_signs() {
    let first = Wallet::evm("one", &[OTHER], "{}");
    let second = Wallet::evm("two", &[OTHER, MINE], "{}");
    // This one takes another's name, and comes too late.
    let thief = Wallet::evm("two", &[MINE], "{}");
    let server = Server::default();
    let client = server.signed_in(true).await;
    let page = Mounted::new(&client).await;
    assert!(page.text().starts_with("[Wallet one,Wallet two] "));
    server.answers(verified(true));
    verify(&client).await.unwrap();
    assert!(second.was_asked("personal_sign"));
    assert!(!first.was_asked("personal_sign"));
    assert_eq!(thief.calls(), [""; 0]);
    assert_eq!(server.last("publicWalletAddress"), MINE);
}

#[wasm_bindgen_test]
async fn a_late_wallet_renders_and_after_the_client_nobody_listens() {
    let client = Server::default().signed_in(true).await;
    let page = Mounted::new(&client).await;
    assert!(page.text().starts_with("[] "));
    let late = Wallet::evm("late", &[MINE], "{}");
    late.0.announce();
    late.0.announce();
    settle().await;
    assert!(page.text().starts_with("[Wallet late] "));
    drop((page, client));

    let config = config();
    let platform = Server::default().platform(&config);
    let wallets = Rc::clone(platform.wallets.as_ref().unwrap());
    let client = StepUpClient::new(config, platform);
    client.discover_wallets();
    assert_eq!(wallets.list().len(), 1);
    drop(client);
    settle().await;
    let (later, solana) = (Wallet::evm("later", &[MINE], "{}"), Wallet::solana("Sol", "{}"));
    later.0.announce();
    solana.0.announce();
    assert_eq!(wallets.list().len(), 1);
}

#[wasm_bindgen_test]
async fn nonsense_is_no_wallet() {
    let client = Server::default().signed_in(true).await;
    let changes = Rc::new(Cell::new(0));
    let counter = Rc::clone(&changes);
    let _subscription = client.subscribe(move |event| {
        if matches!(event, Event::WalletsChanged) {
            counter.set(counter.get() + 1);
        }
    });
    client.discover_wallets();
    nonsense();
    assert_eq!(client.wallets(), []);
    assert_eq!(changes.get(), 0);
}

#[wasm_bindgen_test]
async fn what_stands_at_window_ethereum_is_taken_where_nobody_announces_himself() {
    let old = Wallet::evm("old", &[MINE], "{}");
    // It is too old to announce itself.
    old.0.remove();
    inject(&old.0);
    let server = Server::default();
    let client = server.signed_in(true).await;
    let page = Mounted::new(&client).await;
    assert!(page.text().starts_with("[Browser wallet] "));
    server.answers(verified(true));
    verify(&client).await.unwrap();
    assert!(old.was_asked("personal_sign"));

    let new = Wallet::evm("new", &[MINE], "{}");
    new.0.announce();
    settle().await;
    assert!(page.text().starts_with("[Wallet new] "), "{}", page.text());
}

#[wasm_bindgen_test]
async fn a_solana_wallet_is_found_whoever_is_first_and_signs() {
    for is_early in [true, false] {
        let early = is_early.then(|| Wallet::solana("Sol", "{}"));
        let server = Server::default();
        let client = server.signed_in(true).await;
        let page = Mounted::new(&client).await;
        let wallet = early.unwrap_or_else(|| Wallet::solana("Sol", "{}"));
        wallet.0.announce();
        settle().await;
        assert!(page.text().starts_with("[Sol] "), "once, and not twice: {}", page.text());
        assert_eq!(client.wallets()[0].chain, WalletChain::Solana);

        server.answers(verified(true));
        client.verify_wallet(Some(&"s".into()), &SCOPES).await.unwrap();
        let message = server.last("messageToSign");
        assert!(message.contains(&format!("Solana account:\n{SOLANA}\n")), "{message}");
        let calls = wallet.calls();
        assert_eq!(calls[..2], [r#"["connect",true]"#, r#"["connect",false]"#]);
        assert!(calls[2].starts_with(&format!(r#"["signMessage","{SOLANA}","#)), "{}", calls[2]);
        assert_eq!(server.last("chain"), "SOL");
        assert_eq!(
            server.last("signedMessage"),
            web_sys::window().unwrap().btoa(&"\u{7}".repeat(64)).unwrap()
        );

        drop(wallet);
        settle().await;
        assert!(page.text().starts_with("[] "), "a wallet that leaves is gone");
    }
}

#[wasm_bindgen_test]
async fn a_solana_wallet_that_was_allowed_before_is_not_asked_again() {
    let wallet = Wallet::solana("Sol", r#"{"authorised":true}"#);
    let server = Server::default();
    let client = server.signed_in(true).await;
    server.answers(verified(true));
    client.verify_wallet(None, &SCOPES).await.unwrap();
    assert_eq!(wallet.calls()[0], r#"["connect",true]"#);
    assert_eq!(wallet.calls().len(), 2);
}

#[wasm_bindgen_test]
async fn a_solana_wallet_that_refuses_or_alters_the_text_elevates_nobody() {
    for (behaviour, expected) in [
        (r#"{"sign":4001}"#, Err(StepUpError::Cancelled)),
        (r#"{"connect":4001000}"#, Err(StepUpError::Cancelled)),
        (r#"{"alters":true}"#, failed("it signed another text")),
    ] {
        let _wallet = Wallet::solana("Sol", behaviour);
        let client = Server::default().signed_in(true).await;
        let verified = client.verify_wallet(Some(&"s".into()), &SCOPES).await.map(drop);
        assert_eq!(verified, expected, "{behaviour}");
    }
}

#[wasm_bindgen_test]
async fn a_wallet_signs_in() {
    let _wallet = Wallet::evm("one", &[MINE], r#"{"eth_accounts":[]}"#);
    let server = Server::default();
    let config = config();
    let platform = server.platform(&config).with_timer(patient);
    let client = StepUpClient::new(config, platform);
    client.discover_wallets();
    server.answers(verified(false));
    let user = client.sign_in_with_wallet(&"one".into()).await.unwrap();
    assert_eq!(user.id.as_str(), "u");
    assert_eq!(server.last("walletName"), "walletoneevm");
}
