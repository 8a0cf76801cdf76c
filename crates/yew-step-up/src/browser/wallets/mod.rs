//! External wallets in the page.
//!
//! Wallets for EVM chains announce themselves by events ([EIP-6963](https://eips.ethereum.org/EIPS/eip-6963)) and are
//! spoken to by [EIP-1193](https://eips.ethereum.org/EIPS/eip-1193); where none does, an older one may stand at
//! `window.ethereum`. Wallets for Solana register themselves as the wallet standard says. What they hand over comes from
//! other programs: everything is read as if it could be anything.

mod eip1193;
mod eip6963;
mod error;
mod standard;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use futures_util::TryFutureExt as _;
use step_up_core::{
    LocalFuture, Result, StepUpError, WalletAccount, WalletChain, WalletId, WalletInfo, WalletSignature,
    WalletSite, WalletWatch, Wallets,
};
use wasm_bindgen::JsValue;

use self::{
    eip1193::Provider,
    error::{failed, refusal},
    standard::StandardWallet,
};
use super::{
    js::{self, Outcome, settled},
    window,
};

/// The id of what stands at `window.ethereum`.
const INJECTED: &str = "window.ethereum";

/// The wallets of this page.
#[derive(Default)]
pub(super) struct BrowserWallets {
    found: Rc<Found>,
}

/// What announced itself, in that order.
#[derive(Default)]
struct Found {
    wallets: RefCell<Vec<Wallet>>,
    /// Numbers those that have no identifier of their own.
    numbers: Cell<u32>,
}

#[derive(Clone)]
struct Wallet {
    info: WalletInfo,
    handle: Handle,
}

/// How a wallet is spoken to.
#[derive(Clone)]
enum Handle {
    Eip1193(Provider),
    Standard(StandardWallet),
}

impl Found {
    /// Adds a wallet, unless one of that name is here: whoever comes first keeps it. Says whether it was added.
    fn add(&self, wallet: Wallet) -> bool {
        let mut wallets = self.wallets.borrow_mut();
        let is_new = wallets.iter().all(|known| known.info.id != wallet.info.id);
        if is_new {
            wallets.push(wallet);
        }
        is_new
    }

    /// The wallets, with the one at `window.ethereum` where no other is for EVM chains.
    fn all(&self) -> Vec<Wallet> {
        let mut wallets = self.wallets.borrow().clone();
        if wallets.iter().all(|wallet| wallet.info.chain != WalletChain::Evm) {
            wallets.extend(injected());
        }
        wallets
    }

    fn handle(&self, id: &WalletId) -> Result<Handle> {
        let wallet = self.all().into_iter().find(|wallet| wallet.info.id == *id);
        wallet.map(|wallet| wallet.handle).ok_or_else(|| failed("it is no longer in this page"))
    }

    /// The accounts that a wallet shows, already or because its user is asked which.
    fn accounts(&self, id: &WalletId, asks: bool) -> LocalFuture<'static, Result<Vec<WalletAccount>>> {
        let handle = self.handle(id);
        Box::pin(async move {
            match handle? {
                Handle::Eip1193(provider) => provider.accounts(asks).await,
                Handle::Standard(wallet) => wallet.accounts(asks).await,
            }
        })
    }
}

/// What stands at `window.ethereum`.
fn injected() -> Option<Wallet> {
    let provider = property(&window().ok()?, "ethereum");
    if !provider.is_object() {
        return None;
    }
    let info = WalletInfo::new(INJECTED, "Browser wallet", WalletChain::Evm);
    Some(Wallet { info, handle: Handle::Eip1193(Provider(provider)) })
}

impl Wallets for BrowserWallets {
    fn site(&self) -> Result<WalletSite> {
        let location = property(&window()?, "location");
        match (text(&location, "host"), text(&location, "origin")) {
            (Some(host), Some(uri)) if uri != "null" => Ok(WalletSite::new(host, uri)),
            _ => Err(StepUpError::UnsupportedTarget {
                why: "this page has no name that a wallet could show".into(),
            }),
        }
    }

    fn watch(&self, found: Rc<dyn Fn()>) -> WalletWatch {
        let Ok(window) = window() else { return WalletWatch::new(()) };
        WalletWatch::new((
            eip6963::watch(&window, &self.found, &found),
            standard::watch(&window, &self.found, &found),
        ))
    }

    fn list(&self) -> Vec<WalletInfo> {
        self.found.all().into_iter().map(|wallet| wallet.info).collect()
    }

    fn accounts(&self, wallet: &WalletId) -> LocalFuture<'static, Result<Vec<WalletAccount>>> {
        self.found.accounts(wallet, false)
    }

    fn connect(&self, wallet: &WalletId) -> LocalFuture<'static, Result<Vec<WalletAccount>>> {
        self.found.accounts(wallet, true)
    }

    fn sign_message(
        &self,
        wallet: &WalletId,
        account: &WalletAccount,
        message: &str,
    ) -> LocalFuture<'static, Result<WalletSignature>> {
        let handle = self.found.handle(wallet);
        let (address, message) = (account.address.clone(), message.to_owned());
        Box::pin(async move {
            match handle? {
                Handle::Eip1193(provider) => provider.sign(&address, &message).await,
                Handle::Standard(wallet) => wallet.sign(&address, &message).await,
            }
        })
    }
}

/// What a wallet answers to a call, once it does.
fn answer(call: Outcome) -> LocalFuture<'static, Result<JsValue>> {
    Box::pin(settled(call).map_err(|error| refusal(&error)))
}

/// A property of what a wallet handed over; `undefined` where there is none or it cannot be read.
fn property(value: &JsValue, name: &str) -> JsValue {
    js::get(value, name).unwrap_or(JsValue::UNDEFINED)
}

/// A text that is not empty.
fn text(value: &JsValue, name: &str) -> Option<String> {
    js::text(value, name).filter(|text| !text.is_empty())
}
