//! External wallets: what a platform tells of them, and the message that they sign.
//!
//! A wallet proves its account by signing a text that people can read (`docs/PROTOCOL.md`, "Wallets"). What is in that
//! text is decided here and is pure; asking the wallet is the platform's part ([`Wallets`]).

mod address;
mod message;

use std::{fmt, rc::Rc};

pub(crate) use self::{address::spell, message::Message};
use crate::{
    LocalFuture, base64,
    error::{Result, StepUpError},
    types::Credential,
};

/// A family of chains, whose wallets sign in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WalletChain {
    /// Ethereum and the chains that work like it: messages are signed as [EIP-191](https://eips.ethereum.org/EIPS/eip-191)
    /// says.
    Evm,
    /// Solana: the bytes of the message are signed as they are.
    Solana,
}

impl WalletChain {
    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evm => "EVM",
            Self::Solana => "SOL",
        }
    }

    /// What a message calls it.
    pub(crate) const fn blockchain(self) -> &'static str {
        match self {
            Self::Evm => "Ethereum",
            Self::Solana => "Solana",
        }
    }

    /// The chain of a credential, if its wallets are known here.
    pub(crate) fn of(credential: &Credential) -> Option<Self> {
        let chain = credential.chain.as_deref().unwrap_or_default().to_ascii_lowercase();
        match chain.as_str() {
            "eip155" | "evm" | "eth" => Some(Self::Evm),
            "solana" | "sol" => Some(Self::Solana),
            "" if credential.address.as_deref().is_some_and(|address| address.starts_with("0x")) => {
                Some(Self::Evm)
            }
            _ => None,
        }
    }

    /// Whether two spellings are one account.
    pub(crate) fn is_same_account(self, one: &str, other: &str) -> bool {
        match self {
            // The case of the letters is a checksum.
            Self::Evm => one.eq_ignore_ascii_case(other),
            Self::Solana => one == other,
        }
    }
}

/// Names a wallet within this page. Another page load may name it otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WalletId(Rc<str>);

impl WalletId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Rc<str>>> From<T> for WalletId {
    fn from(id: T) -> Self {
        Self(id.into())
    }
}

/// A wallet that the user has here, as it presents itself. Any program can call itself anything: a name and an icon are
/// for recognising, never for trusting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalletInfo {
    /// Names it within this page.
    pub id: WalletId,
    /// Its name, for people.
    pub name: String,
    /// Its icon, as a `data:` address of an image. Show it in an `<img>`, where it runs no script.
    pub icon: Option<String>,
    /// Its reverse domain name, such as `io.metamask`, where it gives one.
    pub rdns: Option<String>,
    /// What it signs for.
    pub chain: WalletChain,
}

impl WalletInfo {
    /// A wallet without an icon and a domain name.
    #[must_use]
    pub fn new(id: impl Into<WalletId>, name: impl Into<String>, chain: WalletChain) -> Self {
        Self { id: id.into(), name: name.into(), icon: None, rdns: None, chain }
    }

    /// The same with an icon, if it is a `data:` address of an image; any other address could tell somebody who looks.
    #[must_use]
    pub fn with_icon(mut self, icon: impl Into<String>) -> Self {
        self.icon = Some(icon.into()).filter(|icon| icon.starts_with("data:image/"));
        self
    }

    /// The same with a reverse domain name.
    #[must_use]
    pub fn with_rdns(mut self, rdns: impl Into<String>) -> Self {
        self.rdns = Some(rdns.into()).filter(|rdns| !rdns.is_empty());
        self
    }

    /// Its name as the service keeps it: letters and digits in lower case, and the chain.
    pub(crate) fn key(&self) -> String {
        let mut key = plain(&self.name);
        let chain = self.chain.as_str().to_ascii_lowercase();
        if !key.ends_with(&chain) {
            key.push_str(&chain);
        }
        key
    }

    /// Whether a credential's wallet is called so, with or without the chain.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let name = plain(name);
        !name.is_empty() && (name == plain(&self.name) || name == self.key())
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// An account that a wallet shows to this page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalletAccount {
    /// Its address, as the wallet writes it.
    pub address: String,
    /// The chain that the wallet is on ([EIP-155](https://eips.ethereum.org/EIPS/eip-155)), for [`WalletChain::Evm`].
    pub chain_id: Option<u64>,
}

impl WalletAccount {
    /// An account with this address.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), chain_id: None }
    }

    /// The same on this chain.
    #[must_use]
    pub fn on_chain(mut self, chain_id: u64) -> Self {
        self.chain_id = Some(chain_id);
        self
    }
}

/// A signature over a message, as the service takes it. `Debug` does not show it: until the service saw it, it is a proof.
#[derive(Clone, PartialEq, Eq)]
pub struct WalletSignature(String);

impl WalletSignature {
    /// From what `personal_sign` gives: `0x` and hexadecimal digits, r, s and v.
    ///
    /// # Errors
    ///
    /// [`WalletFailed`](StepUpError::WalletFailed) where it is of another form.
    pub fn from_evm(signature: &str) -> Result<Self> {
        match signature.strip_prefix("0x") {
            Some(digits) if digits.len() == 130 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
                Ok(Self(signature.to_owned()))
            }
            _ => Err(StepUpError::WalletFailed { why: "what it gave is no signature".into() }),
        }
    }

    /// From the 64 bytes of an Ed25519 signature. It is sent in Base64.
    ///
    /// # Errors
    ///
    /// [`WalletFailed`](StepUpError::WalletFailed) where it has another length.
    pub fn from_solana(signature: &[u8]) -> Result<Self> {
        if signature.len() != 64 {
            return Err(StepUpError::WalletFailed { why: "what it gave is no signature".into() });
        }
        Ok(Self(base64::encode_padded(signature)))
    }

    /// The text, to be sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WalletSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WalletSignature(…)")
    }
}

/// The site that asks for a signature. The wallet compares it with the page that it sees, and the service with those that
/// it knows; so it must be the page's own, never a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalletSite {
    /// Host and, where it is not the default one, port, such as `localhost:8080`.
    pub host: String,
    /// The origin, such as `http://localhost:8080`.
    pub uri: String,
}

impl WalletSite {
    /// A site.
    #[must_use]
    pub fn new(host: impl Into<String>, uri: impl Into<String>) -> Self {
        Self { host: host.into(), uri: uri.into() }
    }
}

/// Keeps a watch for wallets; dropping it ends the watch.
#[must_use = "dropping a watch ends it"]
pub struct WalletWatch {
    _guard: Box<dyn std::any::Any>,
}

impl WalletWatch {
    /// A watch that ends when `guard` is dropped.
    pub fn new(guard: impl std::any::Any) -> Self {
        Self { _guard: Box::new(guard) }
    }
}

/// The wallets that the user has here. The platform brings them.
///
/// Errors of every call: [`Cancelled`](StepUpError::Cancelled) where the user said no,
/// [`WalletFailed`](StepUpError::WalletFailed) where the wallet could not. A wallet that never answers need not be
/// noticed: the client limits the time. Dropping a future gives up waiting, whatever the wallet still shows.
pub trait Wallets {
    /// The site that the user sees.
    ///
    /// # Errors
    ///
    /// [`UnsupportedTarget`](StepUpError::UnsupportedTarget) where it has no name, such as a file.
    fn site(&self) -> Result<WalletSite>;

    /// Begins to look for wallets, and calls `found` whenever one announced itself, until what is returned is dropped. Those
    /// that are there at once may be listed when it returns, without a call.
    fn watch(&self, found: Rc<dyn Fn()>) -> WalletWatch;

    /// The wallets that were found so far, in the order in which they announced themselves.
    fn list(&self) -> Vec<WalletInfo>;

    /// The accounts that a wallet shows to this page already, without asking the user. None where it is not connected.
    fn accounts(&self, wallet: &WalletId) -> LocalFuture<'static, Result<Vec<WalletAccount>>>;

    /// Has the wallet ask the user which accounts to show; the chosen one comes first.
    fn connect(&self, wallet: &WalletId) -> LocalFuture<'static, Result<Vec<WalletAccount>>>;

    /// Has the wallet ask the user to sign a message with an account that it shows.
    fn sign_message(
        &self,
        wallet: &WalletId,
        account: &WalletAccount,
        message: &str,
    ) -> LocalFuture<'static, Result<WalletSignature>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::CredentialFormat;

    #[test]
    fn a_wallets_key_is_its_plain_name_and_chain() {
        let wallet = |name: &str, chain| WalletInfo::new("1", name, chain);
        assert_eq!(wallet("MetaMask", WalletChain::Evm).key(), "metamaskevm");
        assert_eq!(wallet("Big  Wallet - SOL", WalletChain::Solana).key(), "bigwalletsol");
        for name in ["metamask", "metamaskevm", "Meta Mask"] {
            assert!(wallet("MetaMask", WalletChain::Evm).is_called(name), "{name}");
        }
        for name in ["", "metamasksol", "meta", "!"] {
            assert!(!wallet("MetaMask", WalletChain::Evm).is_called(name), "{name}");
        }
        assert!(!wallet("!", WalletChain::Evm).is_called("?"), "no name is nobody's");
    }

    #[test]
    fn chains_of_credentials_are_known_by_either_name() {
        let of = |chain: Option<&str>, address: &str| {
            let mut credential = Credential::new("c", CredentialFormat::Blockchain);
            credential.chain = chain.map(Into::into);
            credential.address = Some(address.into());
            WalletChain::of(&credential)
        };
        for chain in ["eip155", "EVM", "ETH"] {
            assert_eq!(of(Some(chain), ""), Some(WalletChain::Evm));
        }
        for chain in ["solana", "SOL"] {
            assert_eq!(of(Some(chain), ""), Some(WalletChain::Solana));
        }
        assert_eq!(of(None, "0x1"), Some(WalletChain::Evm));
        assert_eq!(of(None, "bc1"), None);
        assert_eq!(of(Some("BTC"), "0x1"), None);
    }

    #[test]
    fn what_is_no_signature_is_refused_and_none_is_shown() {
        let hex = format!("0x{}", "aB".repeat(65));
        assert_eq!(WalletSignature::from_evm(&hex).unwrap().as_str(), hex);
        for wrong in ["", "0x", &hex[2..], &hex[..131], &format!("{}x{}", &hex[..131], "0"), "0xé"] {
            assert!(WalletSignature::from_evm(wrong).is_err(), "{wrong}");
        }
        let signature = WalletSignature::from_solana(&[0xff; 64]).unwrap();
        assert_eq!(signature.as_str(), format!("{}/w==", "/".repeat(84)));
        assert_eq!(format!("{signature:?}"), "WalletSignature(…)");
        assert!(WalletSignature::from_solana(&[0; 63]).is_err());
    }

    #[test]
    fn an_icon_that_would_be_fetched_is_dropped() {
        let wallet = WalletInfo::new("1", "W", WalletChain::Evm);
        assert!(wallet.clone().with_icon("data:image/svg+xml,<svg/>").icon.is_some());
        for icon in ["https://evil.example/pixel", "data:text/html,x", "javascript:alert(1)", ""] {
            assert_eq!(wallet.clone().with_icon(icon).icon, None, "{icon}");
        }
    }
}
