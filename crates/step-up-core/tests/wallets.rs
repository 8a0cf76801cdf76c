//! Core lane: external wallets, against a scripted server and wallets that do what they are told.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};

use serde_json::{Value, json};
use step_up_core::{
    Challenge, Config, Event, HttpRequest, LocalFuture, Result, SessionStatus, StepUpClient, StepUpError,
    TokenScope, WalletAccount, WalletChain, WalletId, WalletInfo, WalletSignature, WalletSite, WalletWatch,
    Wallets,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;
const MINE: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const OTHER: &str = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359";
const SOLANA: &str = "7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv";

/// What a wallet does when it is asked.
#[derive(Clone)]
enum Does<T> {
    Gives(T),
    Fails(StepUpError),
    /// Never answers.
    Sleeps,
    /// Gives it when the gate opens.
    Waits(Gate, T),
}

impl<T: Clone + 'static> Does<T> {
    fn answer(&self) -> LocalFuture<'static, Result<T>> {
        match self.clone() {
            Self::Gives(value) => Box::pin(async { Ok(value) }),
            Self::Fails(error) => Box::pin(async { Err(error) }),
            Self::Sleeps => Box::pin(std::future::pending()),
            Self::Waits(gate, value) => Box::pin(async move {
                gate.await;
                Ok(value)
            }),
        }
    }
}

struct FakeWallet {
    info: WalletInfo,
    shows: Does<Vec<WalletAccount>>,
    offers: Does<Vec<WalletAccount>>,
    signs: Does<WalletSignature>,
}

impl FakeWallet {
    /// A wallet that shows this account and signs.
    fn connected(id: &str, address: &str) -> Self {
        let accounts = Does::Gives(vec![WalletAccount::new(address.to_lowercase()).on_chain(137)]);
        Self {
            info: WalletInfo::new(id, "MetaMask", WalletChain::Evm),
            shows: accounts.clone(),
            offers: accounts,
            signs: Does::Gives(signature()),
        }
    }

    /// A wallet that shows nothing until it is asked to.
    fn locked(id: &str, address: &str) -> Self {
        Self { shows: Does::Gives(vec![]), ..Self::connected(id, address) }
    }
}

fn signature() -> WalletSignature {
    WalletSignature::from_evm(&format!("0x{}", "1b".repeat(65))).unwrap()
}

#[derive(Default)]
struct Inner {
    wallets: RefCell<Vec<FakeWallet>>,
    /// What was asked to be signed: by which wallet and account, and the message.
    asked: RefCell<Vec<(String, String, String)>>,
    connected: Cell<u32>,
    found: RefCell<Option<Rc<dyn Fn()>>>,
    is_watched: Cell<bool>,
}

#[derive(Clone, Default)]
struct FakeWallets(Rc<Inner>);

impl FakeWallets {
    fn answer<T: Clone + 'static>(
        &self,
        wallet: &WalletId,
        what: fn(&FakeWallet) -> &Does<T>,
    ) -> LocalFuture<'static, Result<T>> {
        let wallets = self.0.wallets.borrow();
        what(wallets.iter().find(|known| known.info.id == *wallet).unwrap()).answer()
    }

    fn add(&self, wallet: FakeWallet) {
        self.0.wallets.borrow_mut().push(wallet);
        if let Some(found) = &*self.0.found.borrow() {
            found();
        }
    }

    fn asked(&self) -> Vec<(String, String, String)> {
        self.0.asked.borrow().clone()
    }
}

struct EndWatch(FakeWallets);

impl Drop for EndWatch {
    fn drop(&mut self) {
        self.0.0.is_watched.set(false);
    }
}

impl Wallets for FakeWallets {
    fn site(&self) -> Result<WalletSite> {
        Ok(WalletSite::new("app.example", "https://app.example"))
    }

    fn watch(&self, found: Rc<dyn Fn()>) -> WalletWatch {
        self.0.found.replace(Some(found));
        assert!(!self.0.is_watched.replace(true), "one watch is enough");
        if let (false, Some(found)) = (self.0.wallets.borrow().is_empty(), &*self.0.found.borrow()) {
            found();
        }
        WalletWatch::new(EndWatch(self.clone()))
    }

    fn list(&self) -> Vec<WalletInfo> {
        self.0.wallets.borrow().iter().map(|wallet| wallet.info.clone()).collect()
    }

    fn accounts(&self, wallet: &WalletId) -> LocalFuture<'static, Result<Vec<WalletAccount>>> {
        self.answer(wallet, |wallet| &wallet.shows)
    }

    fn connect(&self, wallet: &WalletId) -> LocalFuture<'static, Result<Vec<WalletAccount>>> {
        self.0.connected.set(self.0.connected.get() + 1);
        self.answer(wallet, |wallet| &wallet.offers)
    }

    fn sign_message(
        &self,
        wallet: &WalletId,
        account: &WalletAccount,
        message: &str,
    ) -> LocalFuture<'static, Result<WalletSignature>> {
        let asked = (wallet.as_str().to_owned(), account.address.clone(), message.to_owned());
        self.0.asked.borrow_mut().push(asked);
        self.answer(wallet, |wallet| &wallet.signs)
    }
}

fn external(id: &str, address: &str) -> Value {
    json!({
        "id": id, "format": "blockchain", "address": address, "chain": "eip155",
        "wallet_name": "metamaskevm", "signInEnabled": true,
    })
}

fn embedded() -> Value {
    json!({ "id": "waas", "format": "blockchain", "address": OTHER, "wallet_name": "dynamicwaas",
        "signInEnabled": true })
}

/// The answer to a verification of user `id` with these credentials.
fn answer(id: &str, credentials: &[Value], elevated: Option<&str>) -> String {
    let mut answer = json!({
        "user": { "id": id, "verifiedCredentials": credentials },
        "expiresAt": NOW + 3600,
        "minifiedJwt": session_token(id),
    });
    if let Some(claims) = elevated {
        answer["elevatedAccessToken"] = jwt(claims).into();
    }
    answer.to_string()
}

struct World {
    client: StepUpClient,
    script: Rc<Script>,
    wallets: FakeWallets,
}

impl World {
    fn signed_out(wallets: Vec<FakeWallet>) -> Self {
        let script = Rc::new(Script::default());
        let fakes = FakeWallets::default();
        fakes.0.wallets.replace(wallets);
        let platform = platform(&script).with_wallets(fakes.clone());
        Self {
            client: StepUpClient::new(Config::new(ENVIRONMENT).unwrap(), platform),
            script,
            wallets: fakes,
        }
    }

    /// A client on which user `u` with these credentials is signed in.
    fn new(credentials: &[Value], wallets: Vec<FakeWallet>) -> Self {
        let world = Self::signed_out(wallets);
        world.script.expect("/create", 200, r#"{"verificationUUID":"v"}"#);
        world.script.expect("/signin", 200, answer("u", credentials, None));
        let verification = run(world.client.send_sign_in_code("a@b.example")).unwrap();
        run(world.client.sign_in_with_otp(&verification, "1")).unwrap();
        world
    }

    fn elevates(&self) {
        let answer = answer("u", &[external("c", MINE)], Some(&claims("wallet:export", 300, true)));
        self.script.expect("/wallets/verify", 200, answer);
    }

    fn verify(&self, credential: Option<&str>) -> Result<()> {
        let credential = credential.map(Into::into);
        run(self.client.verify_wallet(credential.as_ref(), &[EXPORT])).map(drop)
    }

    fn sent(&self, path: &str) -> (HttpRequest, Value) {
        let request = self.script.requests(path).pop().unwrap();
        let body = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
        (request, body)
    }

    /// Elevates user `u` for a scope, with the wallet that is there.
    fn elevate(&self, scope: TokenScope, single_use: bool) {
        let claims = claims(scope.as_str(), 300, single_use);
        let answer = answer("u", &[external("c", MINE)], Some(&claims));
        self.script.expect("/wallets/verify", 200, answer);
        run(self.client.verify_wallet(None, &[scope])).unwrap();
    }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_signature_of_a_connected_wallet_elevates() {
    let world = World::new(&[external("c", MINE)], vec![FakeWallet::connected("m", MINE)]);
    world.elevates();
    world.verify(None).unwrap();
    assert!(world.client.elevation(&EXPORT).unwrap().single_use);

    let (request, body) = world.sent("/wallets/verify");
    let (wallet, account, message) = world.wallets.asked().pop().unwrap();
    assert_eq!((wallet.as_str(), account), ("m", MINE.to_lowercase()), "the account as the wallet writes it");
    assert_eq!(
        body,
        json!({
            "chain": "EVM", "network": "137", "publicWalletAddress": MINE, "messageToSign": message,
            "requestedScopes": ["wallet:export"], "signedMessage": signature().as_str(),
            "walletName": "metamaskevm", "walletProvider": "browserExtension",
        })
    );
    let device_nonce = header(&request, "x-dynamic-device-nonce").unwrap();
    let nonce = message.lines().find_map(|line| line.strip_prefix("Nonce: ")).unwrap();
    assert_ne!(nonce, device_nonce, "a nonce is for one use");
    let expected = format!(
        "app.example wants you to sign in with your Ethereum account:\n{MINE}\n\n\
        Confirm that it is you. Signing costs nothing and sends no transaction.\n\n\
        URI: https://app.example\nVersion: 1\nChain ID: 137\nNonce: {nonce}\n\
        Issued At: 2026-11-24T10:00:00.000Z\nRequest ID: {ENVIRONMENT}"
    );
    assert_eq!(message, expected);
    world.script.assert_done();
}

#[test]
fn the_message_has_the_servers_time() {
    let world = World::new(&[external("c", MINE)], vec![FakeWallet::connected("m", MINE)]);
    world.script.date.set(true);
    world.script.now.set(NOW - 86_400);
    world.script.expect("/stepUp/check", 200, r#"{"isRequired":true}"#);
    run(world.client.check(&EXPORT));
    world.elevates();
    world.verify(None).unwrap();
    let message = world.wallets.asked().pop().unwrap().2;
    assert!(message.contains("Issued At: 2026-11-24T10:00:00"), "{message}");
}

#[test]
fn no_in_the_wallet_is_cancelled_and_sends_nothing() {
    let mut wallet = FakeWallet::connected("m", MINE);
    wallet.signs = Does::Fails(StepUpError::Cancelled);
    let world = World::new(&[external("c", MINE)], vec![wallet]);
    assert_eq!(world.verify(None), Err(StepUpError::Cancelled));
    assert!(world.script.requests("/wallets/verify").is_empty());
    assert!(world.client.elevations().is_empty());

    let mut locked = FakeWallet::locked("m", MINE);
    locked.offers = Does::Fails(StepUpError::Cancelled);
    let world = World::new(&[external("c", MINE)], vec![locked]);
    assert_eq!(world.verify(None), Err(StepUpError::Cancelled));
    assert!(world.wallets.asked().is_empty());
    assert_eq!(world.client.status(), SessionStatus::SignedIn);
}

#[test]
fn another_account_is_a_mismatch_and_is_not_asked_to_sign() {
    for wallet in [FakeWallet::connected("m", OTHER), FakeWallet::locked("m", OTHER)] {
        let world = World::new(&[external("c", MINE)], vec![wallet]);
        for credential in [None, Some("c")] {
            assert_eq!(world.verify(credential), Err(StepUpError::WalletAccountMismatch));
        }
        assert!(world.wallets.asked().is_empty());
    }
}

#[test]
fn the_account_decides_between_wallets_and_a_named_credential_between_accounts() {
    let both = [external("c", MINE), external("d", OTHER)];
    let wallets = || {
        let mut second = FakeWallet::connected("b", MINE);
        second.info.name = "Rabby".into();
        vec![FakeWallet::connected("a", OTHER), second]
    };
    for (credentials, wanted, expected) in [
        (&both[..1], None, "b"),
        (&both[1..], None, "a"),
        (&both[..], None, "a"),
        (&both[..], Some("c"), "b"),
        (&both[..], Some("d"), "a"),
    ] {
        let world = World::new(credentials, wallets());
        world.elevates();
        world.verify(wanted).unwrap();
        assert_eq!(world.wallets.asked()[0].0, expected);
        assert_eq!(world.wallets.0.connected.get(), 0, "connected wallets need not ask");
    }
}

#[test]
fn a_locked_wallet_is_asked_to_connect() {
    let world = World::new(&[external("c", MINE)], vec![FakeWallet::locked("m", MINE)]);
    world.elevates();
    world.verify(None).unwrap();
    assert_eq!(world.wallets.0.connected.get(), 1);
}

#[test]
fn solana_signs_for_its_own_credentials_only() {
    let credential = json!({ "id": "s", "format": "blockchain", "address": SOLANA, "chain": "solana",
        "wallet_name": "phantomsol", "signInEnabled": true });
    let phantom = || FakeWallet {
        info: WalletInfo::new("p", "Phantom", WalletChain::Solana),
        shows: Does::Gives(vec![WalletAccount::new(SOLANA)]),
        signs: Does::Gives(WalletSignature::from_solana(&[7; 64]).unwrap()),
        ..FakeWallet::connected("p", SOLANA)
    };
    let world = World::new(&[credential], vec![phantom()]);
    world.elevates();
    world.verify(None).unwrap();
    let (_, body) = world.sent("/wallets/verify");
    assert_eq!((&body["chain"], &body["walletName"]), (&json!("SOL"), &json!("phantomsol")));
    assert_eq!(body.get("network"), None);
    assert!(!world.wallets.asked()[0].2.contains("Chain ID"));

    let world = World::new(&[external("c", MINE)], vec![phantom()]);
    assert_eq!(world.verify(None), Err(StepUpError::WalletNotFound("c".into())));
}

#[test]
fn an_embedded_wallet_is_never_asked() {
    let world = World::new(&[embedded()], vec![FakeWallet::connected("m", OTHER)]);
    for credential in [None, Some("waas")] {
        assert_eq!(world.verify(credential), Err(StepUpError::EmbeddedWalletNotAllowed));
    }
    let world = World::new(&[embedded(), external("c", MINE)], vec![FakeWallet::connected("m", OTHER)]);
    assert_eq!(world.verify(None), Err(StepUpError::WalletAccountMismatch));
    assert!(world.wallets.asked().is_empty());
}

#[test]
fn what_is_missing_has_its_own_error() {
    let world = World::new(&[external("c", MINE)], vec![]);
    assert_eq!(world.verify(None), Err(StepUpError::WalletNotFound("c".into())));
    assert_eq!(world.verify(Some("x")), Err(StepUpError::CredentialNotFound("x".into())));
    assert_eq!(
        run(world.client.link_wallet(&"w".into())).map(drop),
        Err(StepUpError::WalletNotFound("w".into()))
    );
    let world = World::new(&[], vec![]);
    assert_eq!(world.verify(None), Err(StepUpError::NoWalletCredential));
    let world = World::signed_out(vec![FakeWallet::connected("m", MINE)]);
    assert_eq!(world.verify(None), Err(StepUpError::NotSignedIn));

    let (client, script) = client();
    let wanted =
        Err(StepUpError::UnsupportedTarget { why: "the platform has no way to reach wallets".into() });
    assert_eq!(run(client.sign_in_with_wallet(&"w".into())).map(drop), wanted);
    assert!(client.wallets().is_empty());
    assert!(script.seen.borrow().is_empty());
}

#[test]
fn a_wallet_that_never_answers_is_timed_out_after_two_minutes() {
    let sleepy = |connects: bool| {
        let mut wallet = FakeWallet::locked("m", MINE);
        wallet.signs = Does::Sleeps;
        if !connects {
            wallet.offers = Does::Sleeps;
        }
        wallet
    };
    for connects in [true, false] {
        let world = World::new(&[external("c", MINE)], vec![sleepy(connects)]);
        let mut verify = pin!(world.client.verify_wallet(None, &[EXPORT]));
        assert!(poll(&mut verify).is_pending());
        assert_eq!(world.script.timers.borrow().last().unwrap().0, Duration::from_secs(120));
        world.script.run_out_of_time();
        assert_eq!(poll(&mut verify).map_ok(drop), Poll::Ready(Err(StepUpError::TimedOut)));
        assert!(world.script.requests("/wallets/verify").is_empty());
    }
}

#[test]
fn a_wallet_that_keeps_its_accounts_to_itself_holds_up_no_other() {
    let silent = |id| FakeWallet { shows: Does::Sleeps, ..FakeWallet::connected(id, MINE) };
    let mut broken = FakeWallet::connected("b", MINE);
    broken.shows = Does::Fails(StepUpError::WalletFailed { why: "x".into() });
    let world = World::new(
        &[external("c", MINE)],
        vec![silent("a"), silent("z"), broken, FakeWallet::connected("good", MINE)],
    );
    world.elevates();
    let mut verify = pin!(world.client.verify_wallet(None, &[EXPORT]));
    assert!(poll(&mut verify).is_pending());
    assert_eq!(world.script.timers.borrow().last().unwrap().0, Duration::from_secs(5));
    world.script.run_out_of_time();
    assert!(poll(&mut verify).is_ready());
    assert_eq!(world.wallets.asked()[0].0, "good");
}

#[test]
fn a_sign_out_before_the_wallet_asks_leaves_it_alone() {
    let gate = Gate::default();
    let mut wallet = FakeWallet::locked("m", MINE);
    wallet.shows = Does::Waits(gate.clone(), vec![]);
    let world = World::new(&[external("c", MINE)], vec![wallet]);
    let mut verify = pin!(world.client.verify_wallet(None, &[EXPORT]));
    assert!(poll(&mut verify).is_pending());
    world.script.expect("/revoke", 204, "");
    run(world.client.sign_out()).unwrap();
    gate.open();
    assert_eq!(poll(&mut verify).map_ok(drop), Poll::Ready(Err(StepUpError::NotSignedIn)));
    assert_eq!(world.wallets.0.connected.get(), 0, "nobody is here to connect for");
}

#[test]
fn a_sign_out_while_the_wallet_asks_sends_nothing() {
    let gate = Gate::default();
    let mut wallet = FakeWallet::locked("m", MINE);
    wallet.offers = Does::Waits(gate.clone(), vec![WalletAccount::new(MINE)]);
    let world = World::new(&[external("c", MINE)], vec![wallet]);
    let mut verify = pin!(world.client.verify_wallet(None, &[EXPORT]));
    assert!(poll(&mut verify).is_pending());
    world.script.expect("/revoke", 204, "");
    run(world.client.sign_out()).unwrap();
    gate.open();
    assert_eq!(poll(&mut verify).map_ok(drop), Poll::Ready(Err(StepUpError::NotSignedIn)));
    assert!(world.wallets.asked().is_empty(), "nobody is here to sign for");

    let gate = Gate::default();
    let mut wallet = FakeWallet::connected("m", MINE);
    wallet.signs = Does::Waits(gate.clone(), signature());
    let world = World::new(&[external("c", MINE)], vec![wallet]);
    let mut verify = pin!(world.client.verify_wallet(None, &[EXPORT]));
    assert!(poll(&mut verify).is_pending());
    sign_in(&world.client, &world.script, "other");
    gate.open();
    assert_eq!(poll(&mut verify).map_ok(drop), Poll::Ready(Err(StepUpError::NotSignedIn)));
    assert!(world.script.requests("/wallets/verify").is_empty(), "the signature was somebody else's");
}

#[test]
fn a_dropped_verification_sends_no_late_signature() {
    let gate = Gate::default();
    let mut wallet = FakeWallet::connected("m", MINE);
    wallet.signs = Does::Waits(gate.clone(), signature());
    let world = World::new(&[external("c", MINE)], vec![wallet]);
    {
        let mut verify = pin!(world.client.verify_wallet(None, &[EXPORT]));
        assert!(poll(&mut verify).is_pending());
    }
    gate.open();
    assert!(world.script.requests("/wallets/verify").is_empty());
    // And it is in nobody's way.
    world.elevates();
    world.verify(None).unwrap();
}

#[test]
fn an_answer_is_taken_up_by_the_same_rules_as_any_verifications() {
    let world = World::new(&[external("c", MINE)], vec![FakeWallet::connected("m", MINE)]);
    let not_elevated = |scope| Err(StepUpError::NotElevated(Challenge::new(&[scope])));
    let mine = [external("c", MINE)];
    world.script.expect("/wallets/verify", 200, answer("u", &mine, None));
    assert_eq!(world.verify(None), not_elevated(EXPORT));
    let expired = claims("wallet:export", -1, true);
    world.script.expect("/wallets/verify", 200, answer("u", &mine, Some(&expired)));
    assert_eq!(world.verify(None), not_elevated(EXPORT));
    let good = claims("wallet:export", 300, true);
    world.script.expect("/wallets/verify", 200, answer("other", &mine, Some(&good)));
    assert_eq!(world.verify(None), Err(StepUpError::SubjectMismatch));
    for (status, code) in [(403, "elevated_access_token_required"), (422, "wallet_not_linked")] {
        world.script.expect("/wallets/verify", status, format!(r#"{{"error":"no","code":"{code}"}}"#));
        assert_eq!(world.verify(None), Err(StepUpError::WalletAccountMismatch), "it would be a link");
    }
    world.script.expect("/wallets/verify", 403, r#"{"error":"no","code":"mfa_required"}"#);
    assert_eq!(world.verify(None), Err(StepUpError::MfaRequired));
    world.script.expect_answer("/wallets/verify", Answer::Network);
    assert_eq!(world.verify(None), Err(StepUpError::Network));
    assert!(world.client.elevations().is_empty());
    world.script.expect("/wallets/verify", 401, "{}");
    assert_eq!(world.verify(None), Err(StepUpError::NotSignedIn));
    assert_eq!(world.client.status(), SessionStatus::SignedOut);
    let messages: Vec<_> = world.wallets.asked().into_iter().map(|(.., message)| message).collect();
    assert!(messages.windows(2).all(|pair| pair[0] != pair[1]), "a nonce was asked to be signed twice");
}

#[test]
fn an_answer_to_somebody_who_left_stores_nothing() {
    let world = World::new(&[external("c", MINE)], vec![FakeWallet::connected("m", MINE)]);
    let gate = Gate::default();
    let body = answer("u", &[external("c", MINE)], Some(&claims("wallet:export", 300, true)));
    let late = Answer::Wait(gate.clone(), Box::new(Answer::Reply(200, body)));
    world.script.expect_answer("/wallets/verify", late);
    let mut verify = pin!(world.client.verify_wallet(None, &[EXPORT]));
    assert!(poll(&mut verify).is_pending());
    world.script.expect("/revoke", 204, "");
    run(world.client.sign_out()).unwrap();
    gate.open();
    assert_eq!(poll(&mut verify).map_ok(drop), Poll::Ready(Err(StepUpError::NotSignedIn)));
    assert!(world.client.elevations().is_empty());
    assert_eq!(world.client.status(), SessionStatus::SignedOut);
}

#[test]
fn a_wallet_signs_in_without_a_device_nonce() {
    let world = World::signed_out(vec![FakeWallet::locked("m", MINE)]);
    world.script.expect("/wallets/signin", 200, answer("u", &[external("c", MINE)], None));
    let user = run(world.client.sign_in_with_wallet(&"m".into())).unwrap();
    assert_eq!(user.id.as_str(), "u");
    assert_eq!(world.client.status(), SessionStatus::SignedIn);
    let (request, body) = world.sent("/wallets/signin");
    assert_eq!(header(&request, "x-dynamic-device-nonce"), None);
    assert_eq!(header(&request, "authorization"), None);
    assert_eq!(body["sessionPublicKey"].as_str().unwrap().len(), 66);
    assert_eq!(body.get("requestedScopes"), None);
    assert!(world.wallets.asked()[0].2.contains("\n\nSign in with this wallet."));

    world.script.expect("/wallets/signin", 200, r#"{"user":{"id":"v"}}"#);
    let no_session = run(world.client.sign_in_with_wallet(&"m".into()));
    assert!(matches!(no_session, Err(StepUpError::Decode { .. })));
    assert_eq!(world.client.user().unwrap().id.as_str(), "u", "a failed sign-in changes nothing");
}

#[test]
fn a_wallet_that_shows_no_account_signs_nobody_in() {
    let mut empty = FakeWallet::locked("m", MINE);
    empty.offers = Does::Gives(vec![]);
    let mut garbage = FakeWallet::locked("g", MINE);
    garbage.offers = Does::Gives(vec![WalletAccount::new("0x1\nNonce: mine")]);
    let world = World::signed_out(vec![empty, garbage]);
    assert_eq!(
        run(world.client.sign_in_with_wallet(&"m".into())).map(drop),
        Err(StepUpError::WalletAccountMismatch)
    );
    assert_eq!(
        run(world.client.sign_in_with_wallet(&"g".into())).map(drop),
        Err(StepUpError::WalletFailed { why: "what it gave is no address".into() })
    );
    assert!(world.wallets.asked().is_empty());
}

#[test]
fn a_link_carries_the_token_and_a_refused_or_dropped_one_keeps_it() {
    let world = World::new(&[external("c", MINE)], vec![FakeWallet::connected("m", MINE)]);
    world.elevate(TokenScope::CredentialLink, true);
    let held = || world.client.elevation(&TokenScope::CredentialLink).is_some();
    let (wallet, both) = ("m".into(), [external("c", MINE), external("d", OTHER)]);

    world.script.expect("/verify/link", 422, r#"{"error":"no","code":"wallet_taken"}"#);
    run(world.client.link_wallet(&wallet)).unwrap_err();
    assert!(held(), "a refusal costs no verification");
    {
        let never = Answer::Wait(Gate::default(), Box::new(Answer::Network));
        world.script.expect_answer("/verify/link", never);
        let mut link = pin!(world.client.link_wallet(&wallet));
        assert!(poll(&mut link).is_pending());
        assert!(!held(), "a request carries it");
    }
    assert!(held(), "the request is gone");
    world.script.expect("/verify/link", 200, answer("u", &both, None));
    let user = run(world.client.link_wallet(&wallet)).unwrap();
    assert_eq!(user.credentials.len(), 2);
    assert_eq!(world.client.user().unwrap().credentials.len(), 2);
    assert!(!held(), "it was for one use");
    let (request, _) = world.sent("/verify/link");
    assert!(header(&request, "x-dyn-elevated-access-token").is_some());
    assert!(header(&request, "x-dynamic-device-nonce").is_some());
    assert!(world.wallets.asked().last().unwrap().2.contains("\n\nLink this wallet to your account."));

    let refusal = r#"{"error":"no","code":"elevated_access_token_required"}"#;
    world.script.expect("/verify/link", 403, refusal);
    assert_eq!(
        run(world.client.link_wallet(&wallet)).map(drop),
        Err(StepUpError::NotElevated(Challenge::new(&[TokenScope::CredentialLink])))
    );
}

#[test]
fn an_unlink_names_the_credential_and_takes_up_the_user_without_it() {
    let email = json!({ "id": "e", "format": "email", "email": "a@b.example", "signInEnabled": true });
    let (mine, email) = (external("c", MINE), [email]);
    let credentials = [mine.clone(), email[0].clone()];
    let world = World::new(&credentials, vec![FakeWallet::connected("m", MINE)]);
    let grant = answer("u", &credentials, Some(&claims("credential:unlink", 300, false)));
    world.script.expect("/wallets/verify", 200, grant);
    run(world.client.verify_wallet(None, &[TokenScope::CredentialUnlink])).unwrap();

    world.script.expect("/verify/unlink", 200, answer("u", &email, None));
    let user = run(world.client.unlink_credential(&"c".into())).unwrap();
    assert_eq!(user.credentials.len(), 1);
    let (request, body) = world.sent("/verify/unlink");
    assert_eq!(body, json!({ "walletId": "c" }));
    assert!(header(&request, "x-dyn-elevated-access-token").is_some());
    assert_eq!(header(&request, "x-dynamic-device-nonce"), None);
    assert_eq!(
        run(world.client.unlink_credential(&"c".into())).map(drop),
        Err(StepUpError::CredentialNotFound("c".into()))
    );
    world.script.expect("/verify/unlink", 200, answer("u", &[], None));
    run(world.client.unlink_credential(&"e".into())).unwrap();
    assert_eq!(world.sent("/verify/unlink").1, json!({ "verifiedCredentialId": "e" }));
}

#[test]
fn a_listener_that_hears_of_a_wallet_may_look_for_wallets() {
    let world = World::signed_out(vec![FakeWallet::connected("m", MINE)]);
    let (client, heard) = (world.client.clone(), Rc::new(Cell::new(0)));
    let counter = Rc::clone(&heard);
    let _subscription = world.client.subscribe(move |event| {
        assert_eq!(event, &Event::WalletsChanged);
        client.discover_wallets();
        counter.set(counter.get() + client.wallets().len());
    });
    world.client.discover_wallets();
    assert!(heard.get() > 0);
}

#[test]
fn a_wallet_that_announces_itself_later_is_an_event_until_the_client_is_gone() {
    let world = World::signed_out(vec![]);
    let seen = Rc::new(Cell::new(0));
    let counter = Rc::clone(&seen);
    let subscription = world.client.subscribe(move |event| {
        if matches!(event, Event::WalletsChanged) {
            counter.set(counter.get() + 1);
        }
    });
    assert!(!world.wallets.0.is_watched.get(), "nobody asked yet");
    world.client.discover_wallets();
    world.client.discover_wallets();
    world.wallets.add(FakeWallet::connected("m", MINE));
    assert_eq!(seen.get(), 1);
    assert_eq!(world.client.wallets().len(), 1);
    drop((subscription, world.client));
    assert!(!world.wallets.0.is_watched.get());
    world.wallets.add(FakeWallet::connected("n", MINE));
    assert_eq!(seen.get(), 1);
}
