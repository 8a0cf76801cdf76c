//! External wallets.

use std::{
    cell::{Cell as StdCell, RefCell},
    rc::Rc,
};

use k256::ecdsa::SigningKey;
use serde_json::{Value, json};
use sha3::{Digest as _, Keccak256};
use step_up_core::{
    HttpRequest, LocalFuture, Result, StepUpError, WalletAccount, WalletChain, WalletId, WalletInfo,
    WalletSignature, WalletSite, WalletWatch, Wallets,
};
use step_up_sandbox::{
    DEFAULT_ENVIRONMENT_ID,
    page::{BASE_URL, InPage},
};

use crate::{
    cell::{Attempt, Cell, Method, attempt, refused},
    world::{EXPORT, World, advance},
};

/// A wallet with one key, and who it asks.
struct Extension {
    sandbox: InPage,
    key: SigningKey,
    mood: StdCell<Mood>,
    signed: RefCell<Vec<String>>,
}

#[derive(Clone, Copy)]
enum Mood {
    Helpful,
    Refusing,
    /// Signs when the message is too old.
    Slow,
    /// Signs with a key that is not the account's.
    Forging,
}

impl Extension {
    fn account(&self) -> WalletAccount {
        let point = self.key.verifying_key().to_sec1_point(false);
        let hash = Keccak256::digest(&point.as_bytes()[1..]);
        WalletAccount::new(siwe::eip55(hash[12..].try_into().unwrap())).on_chain(1)
    }

    fn sign(&self, message: &str) -> Result<WalletSignature> {
        let key = match self.mood.get() {
            Mood::Refusing => return Err(StepUpError::Cancelled),
            Mood::Forging => &SigningKey::from_slice(&[9; 32]).unwrap(),
            Mood::Helpful | Mood::Slow => &self.key,
        };
        if let Mood::Slow = self.mood.get() {
            advance(&self.sandbox, 660);
        }
        self.signed.borrow_mut().push(message.to_owned());
        let text = format!("\u{19}Ethereum Signed Message:\n{}{message}", message.len());
        let hash: [u8; 32] = Keccak256::digest(text.as_bytes()).into();
        let (signature, recovery) = key.sign_prehash_recoverable(&hash);
        let bytes = [signature.to_bytes().as_slice(), &[27 + recovery.to_byte()]].concat();
        WalletSignature::from_evm(&format!("0x{}", base16ct::lower::encode_string(&bytes)))
    }
}

struct Installed(Rc<Extension>);

impl Wallets for Installed {
    fn site(&self) -> Result<WalletSite> {
        Ok(WalletSite::new("localhost:8080", "http://localhost:8080"))
    }

    fn watch(&self, _: Rc<dyn Fn()>) -> WalletWatch {
        WalletWatch::new(())
    }

    fn list(&self) -> Vec<WalletInfo> {
        vec![WalletInfo::new("1", "MetaMask", WalletChain::Evm)]
    }

    fn accounts(&self, wallet: &WalletId) -> LocalFuture<'static, Result<Vec<WalletAccount>>> {
        self.connect(wallet)
    }

    fn connect(&self, _: &WalletId) -> LocalFuture<'static, Result<Vec<WalletAccount>>> {
        let account = self.0.account();
        Box::pin(async { Ok(vec![account]) })
    }

    fn sign_message(
        &self,
        _: &WalletId,
        _: &WalletAccount,
        message: &str,
    ) -> LocalFuture<'static, Result<WalletSignature>> {
        let (extension, message) = (Rc::clone(&self.0), message.to_owned());
        Box::pin(async move { extension.sign(&message) })
    }
}

pub(crate) struct Wallet {
    world: World,
    extension: Rc<Extension>,
}

impl Wallet {
    fn with(&self, mood: Mood) -> Attempt {
        let (extension, asked) = (Rc::clone(&self.extension), self.attempt());
        Box::pin(async move {
            extension.mood.set(mood);
            let result = asked.await;
            extension.mood.set(Mood::Helpful);
            result
        })
    }

    /// So many nonces that the server has just given out.
    fn nonces(&self, count: usize) -> Vec<String> {
        let url = format!("{BASE_URL}/sdk/{DEFAULT_ENVIRONMENT_ID}/nonces?count={count}");
        let answer = self.world.sandbox.call(&HttpRequest::get(url));
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        serde_json::from_value(answer["nonces"].clone()).unwrap()
    }
}

impl Method for Wallet {
    const VERIFY: (&'static str, &'static str) = ("/wallets/verify", "a verification's result");

    fn signed_in() -> Self {
        let mut extension = None;
        let world = World::on(0, |platform, sandbox| {
            let made = extension.insert(Rc::new(Extension {
                sandbox: sandbox.clone(),
                key: SigningKey::from_slice(&[5; 32]).unwrap(),
                mood: StdCell::new(Mood::Helpful),
                signed: RefCell::default(),
            }));
            platform.with_wallets(Installed(Rc::clone(made)))
        });
        world.time.run(world.client.sign_in_with_wallet(&"1".into())).unwrap();
        Self { world, extension: extension.unwrap() }
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn attempt(&self) -> Attempt {
        attempt(self.world.client.verify_wallet(None, &[EXPORT]))
    }

    fn wrong_input(&self, cell: &mut Cell<'_>) {
        cell.fails(self.with(Mood::Forging), refused("invalid_wallet_signature"));
    }

    /// A proof is as old as its nonce, which the client takes from the server: this one gives one out twice.
    fn replay(&self, cell: &mut Cell<'_>) {
        let [first, again, twice, spare] = self.nonces(4).try_into().unwrap();
        // Taken from the end: for a message that is not signed, then for two verifications, of a message and a device.
        let nonces = json!([&again, &twice, &first, &twice, &spare]);
        self.world.fault(
            json!({ "path": "/nonces", "kind": "status", "status": 200, "body": { "nonces": nonces } }),
        );
        while !self.world.faults().is_empty() {
            assert_eq!(self.world.time.run(self.with(Mood::Refusing)), Err(StepUpError::Cancelled));
        }
        self.succeed();
        cell.fails(self.attempt(), refused("invalid_nonce"));
        let signed = self.extension.signed.borrow();
        let [.., one, other] = signed.as_slice() else { panic!("two were signed") };
        assert!([one, other].iter().all(|message| message.contains(&format!("Nonce: {twice}"))));
    }

    fn expiry(&self, cell: &mut Cell<'_>) {
        cell.fails(self.with(Mood::Slow), refused("invalid_wallet_message"));
    }

    fn cancel(&self, cell: &mut Cell<'_>) {
        cell.fails(self.with(Mood::Refusing), StepUpError::Cancelled);
    }
}
