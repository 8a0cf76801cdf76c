//! Stepping up, signing in and linking with an external wallet (`docs/PROTOCOL.md`, "Wallets").

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};

use super::{Event, Inner, StepUpClient, Verified, verified::user_of, waiting::Until};
use crate::{
    LocalFuture,
    endpoint::{Endpoint as _, WalletLink, WalletProof, WalletSignIn, WalletVerify},
    error::{Result, StepUpError},
    session::Epoch,
    types::{Credential, CredentialFormat, CredentialId, TokenScope, User},
    wallet::{Message, WalletAccount, WalletChain, WalletId, WalletInfo, WalletWatch, Wallets, spell},
};

/// How long the user may take in a wallet.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a wallet may take to say which accounts it shows, which asks nobody.
const SILENT_PATIENCE: Duration = Duration::from_secs(5);

/// What the user reads before they sign.
const VERIFY: &str = "Confirm that it is you. Signing costs nothing and sends no transaction.";
const SIGN_IN: &str = "Sign in with this wallet. Signing costs nothing and sends no transaction.";
const LINK: &str = "Link this wallet to your account. Signing costs nothing and sends no transaction.";

/// Whether wallets are looked for, and the watch that does it.
#[derive(Default)]
pub(super) struct Discovery {
    is_begun: Cell<bool>,
    watch: RefCell<Option<WalletWatch>>,
}

/// What is to be proved.
enum Asked {
    /// The account that the user chooses in this wallet.
    Wallet(WalletId),
    /// The account of this credential, else of one that the user may sign in with.
    Credential(Option<CredentialId>),
}

/// What it is proved for.
enum Purpose {
    /// For these scopes.
    StepUp(Vec<TokenScope>),
    Link,
    SignIn,
}

/// A wallet's account that is asked to sign.
struct Signer {
    wallet: WalletInfo,
    account: WalletAccount,
}

impl StepUpClient {
    /// Looks for wallets from now on. Each that is found is an [`Event::WalletsChanged`] and in [`wallets`](Self::wallets).
    /// Calling it again changes nothing.
    pub fn discover_wallets(&self) {
        let inner = &self.inner;
        let Some(wallets) = &inner.platform.wallets else { return };
        // A listener that hears of the first wallet may call this again.
        if inner.wallet_discovery.is_begun.replace(true) {
            return;
        }
        let listeners = Rc::downgrade(&inner.listeners);
        let watch = wallets.watch(Rc::new(move || {
            if let Some(listeners) = listeners.upgrade() {
                listeners.emit(&Event::WalletsChanged);
            }
        }));
        inner.wallet_discovery.watch.replace(Some(watch));
        if !wallets.list().is_empty() {
            inner.listeners.emit(&Event::WalletsChanged);
        }
    }

    /// The wallets that were found since [`discover_wallets`](Self::discover_wallets).
    #[must_use]
    pub fn wallets(&self) -> Vec<WalletInfo> {
        self.inner.platform.wallets.as_ref().map(|wallets| wallets.list()).unwrap_or_default()
    }

    /// Verifies the user with a signature of an external wallet, and holds the elevated token for `scopes`.
    ///
    /// The account is that of the given credential; else the first that a connected wallet shows and that the user may sign
    /// in with. Where no connected wallet shows it, the wallet that the credential was made with is asked to connect, or
    /// the only one that there is. Start it from a button: wallets ask the user.
    ///
    /// Dropped, it gives up waiting. What the wallet still shows, only the user can close; a signature that it gives later
    /// goes nowhere.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](StepUpError::Cancelled) where the user said no in the wallet;
    /// [`CredentialNotFound`](StepUpError::CredentialNotFound), [`NoWalletCredential`](StepUpError::NoWalletCredential),
    /// [`EmbeddedWalletNotAllowed`](StepUpError::EmbeddedWalletNotAllowed);
    /// [`WalletNotFound`](StepUpError::WalletNotFound) where there is no wallet for the credential;
    /// [`WalletAccountMismatch`](StepUpError::WalletAccountMismatch) if the wallet offers other accounts only, and if its
    /// account is no longer linked to the user;
    /// [`WalletFailed`](StepUpError::WalletFailed); [`TimedOut`](StepUpError::TimedOut) where the wallet did not answer for
    /// two minutes; [`UnsupportedTarget`](StepUpError::UnsupportedTarget) where the platform has no wallets; otherwise as
    /// for every verification: [`MfaRequired`](StepUpError::MfaRequired), [`NotElevated`](StepUpError::NotElevated),
    /// [`SubjectMismatch`](StepUpError::SubjectMismatch), [`NotSignedIn`](StepUpError::NotSignedIn), and those of every
    /// request.
    pub fn verify_wallet(
        &self,
        credential: Option<&CredentialId>,
        scopes: &[TokenScope],
    ) -> LocalFuture<'static, Result<Verified>> {
        self.ask_wallet(Asked::Credential(credential.cloned()), Purpose::StepUp(scopes.to_vec()))
    }

    /// Signs in with the account that the user chooses in this wallet. Whoever was signed in is signed out on this client.
    ///
    /// # Errors
    ///
    /// [`WalletNotFound`](StepUpError::WalletNotFound), [`Cancelled`](StepUpError::Cancelled),
    /// [`WalletFailed`](StepUpError::WalletFailed), [`TimedOut`](StepUpError::TimedOut),
    /// [`UnsupportedTarget`](StepUpError::UnsupportedTarget), as for [`verify_wallet`](Self::verify_wallet);
    /// [`NotSignedIn`](StepUpError::NotSignedIn) where somebody signed in or out meanwhile; those of every request.
    pub fn sign_in_with_wallet(&self, wallet: &WalletId) -> LocalFuture<'static, Result<Rc<User>>> {
        user_of(self.ask_wallet(Asked::Wallet(wallet.clone()), Purpose::SignIn))
    }

    /// Links the account that the user chooses in this wallet, and gives the user with it. It is guarded by
    /// `credential:link`: step up for the scope first, and the elevated token goes with the call.
    ///
    /// # Errors
    ///
    /// [`NotElevated`](StepUpError::NotElevated) without an elevation for `credential:link`;
    /// [`WalletNotFound`](StepUpError::WalletNotFound), [`Cancelled`](StepUpError::Cancelled),
    /// [`WalletFailed`](StepUpError::WalletFailed), [`TimedOut`](StepUpError::TimedOut),
    /// [`UnsupportedTarget`](StepUpError::UnsupportedTarget), as for [`verify_wallet`](Self::verify_wallet);
    /// [`NotSignedIn`](StepUpError::NotSignedIn), [`SubjectMismatch`](StepUpError::SubjectMismatch), and those of every
    /// request.
    pub fn link_wallet(&self, wallet: &WalletId) -> LocalFuture<'static, Result<Rc<User>>> {
        user_of(self.ask_wallet(Asked::Wallet(wallet.clone()), Purpose::Link))
    }

    /// The account that the user chooses in a wallet.
    async fn connect(&self, wallet: &WalletId) -> Result<Signer> {
        let wallets = self.platform_wallets()?;
        let found = wallets.list().into_iter().find(|known| known.id == *wallet);
        let wallet = found.ok_or_else(|| StepUpError::WalletNotFound(wallet.as_str().into()))?;
        let accounts = self.inner.patiently(PATIENCE, wallets.connect(&wallet.id)).await?;
        let account = accounts.into_iter().next().ok_or(StepUpError::WalletAccountMismatch)?;
        Ok(Signer { wallet, account })
    }

    /// A wallet that signs for the credential, else for one that the user may sign in with.
    async fn find_signer(&self, epoch: Epoch, wanted: Option<CredentialId>) -> Result<Signer> {
        let user = self.user().ok_or(StepUpError::NotSignedIn)?;
        let candidates = &*candidates(&user.credentials, wanted.as_ref())?;
        let wallets = self.platform_wallets()?;
        let listed = wallets.list();
        // All at once, so that one that keeps silent does not hold up the others. It is not connected then.
        let ask = |wallet: &WalletInfo| self.inner.patiently(SILENT_PATIENCE, wallets.accounts(&wallet.id));
        let answers = all(listed.iter().map(ask).collect()).await;
        for (wallet, accounts) in listed.iter().zip(answers) {
            if let Some(account) = matching(wallet, accounts.unwrap_or_default(), candidates) {
                return Ok(Signer { wallet: wallet.clone(), account });
            }
        }
        let made_with = candidates
            .iter()
            .find_map(|credential| wallet_of(credential, &listed).map(|wallet| (*credential, wallet)));
        let Some((credential, wallet)) = made_with else {
            return Err(StepUpError::WalletNotFound(candidates[0].id.clone()));
        };
        // Nobody is asked to connect for somebody who is no longer here.
        self.inner.require(epoch)?;
        let accounts = self.inner.patiently(PATIENCE, wallets.connect(&wallet.id)).await?;
        let account = matching(wallet, accounts, &[credential]).ok_or(StepUpError::WalletAccountMismatch)?;
        Ok(Signer { wallet: wallet.clone(), account })
    }

    /// Finds the wallet that can prove what is asked, has it sign, and sends the proof.
    fn ask_wallet(&self, asked: Asked, purpose: Purpose) -> LocalFuture<'static, Result<Verified>> {
        let client = self.clone();
        Box::pin(async move {
            let (epoch, statement) = match purpose {
                Purpose::SignIn => (client.inner.epoch(), SIGN_IN),
                Purpose::Link => (client.inner.signed_in_epoch()?, LINK),
                Purpose::StepUp(_) => (client.inner.signed_in_epoch()?, VERIFY),
            };
            let signer = match asked {
                Asked::Wallet(wallet) => client.connect(&wallet).await?,
                Asked::Credential(wanted) => client.find_signer(epoch, wanted).await?,
            };
            let proof = &client.sign(epoch, &signer, statement).await?;
            let verification = match purpose {
                Purpose::SignIn => {
                    let call = WalletSignIn { proof }.call();
                    let user = client.sign_in_by::<WalletSignIn<'_>>(Some(epoch), Ok(call)).await?;
                    return Ok(Verified { user, elevation: None, mfa_token: None });
                }
                Purpose::Link => client.verify_in(epoch, &WalletLink { proof }, &[]),
                Purpose::StepUp(scopes) => {
                    let call = WalletVerify { proof, scopes: &scopes }.call();
                    let not_linked = Some(StepUpError::WalletAccountMismatch);
                    client.step_up(Some(epoch), Ok(call), WalletVerify::parse, &scopes, not_linked)
                }
            };
            verification.await
        })
    }

    /// Has the wallet sign what says who asks for what, in the session that asks.
    async fn sign(&self, epoch: Epoch, signer: &Signer, statement: &str) -> Result<WalletProof> {
        let Signer { wallet, account } = signer;
        let wallets = self.platform_wallets()?;
        let address = spell(wallet.chain, &account.address)?;
        let chain_id = match wallet.chain {
            WalletChain::Evm => Some(account.chain_id.unwrap_or(1)),
            WalletChain::Solana => None,
        };
        let nonce = self.take_nonce().await?;
        let message = Message {
            site: &wallets.site()?,
            chain: wallet.chain,
            address: &address,
            statement,
            chain_id,
            nonce: &nonce,
            issued_at: self.now(),
            request_id: self.inner.config.environment_id(),
        }
        .text()?;
        // Nobody is asked to sign for somebody who is no longer here.
        self.inner.require(epoch)?;
        let signature = wallets.sign_message(&wallet.id, account, &message);
        let signature = self.inner.patiently(PATIENCE, signature).await?;
        Ok(WalletProof {
            chain: wallet.chain,
            message,
            network: chain_id.map(|id| id.to_string()),
            address,
            signature,
            wallet_name: wallet.key(),
        })
    }

    fn platform_wallets(&self) -> Result<&Rc<dyn Wallets>> {
        self.discover_wallets();
        self.inner.platform.wallets.as_ref().ok_or_else(|| StepUpError::UnsupportedTarget {
            why: "the platform has no way to reach wallets".into(),
        })
    }
}

impl Inner {
    /// Waits for a wallet no longer than the limit.
    fn patiently<T: 'static>(
        &self,
        limit: Duration,
        answer: LocalFuture<'static, Result<T>>,
    ) -> Until<'static, T> {
        Until::timeout(answer, self.platform.timer.sleep(limit))
    }
}

/// The accounts of all of these; none of one that fails. futures' `join_all` brings a queue into the page that is made for
/// thousands.
async fn all(mut asked: Vec<Until<'static, Vec<WalletAccount>>>) -> Vec<Option<Vec<WalletAccount>>> {
    let mut answers: Vec<Option<Vec<WalletAccount>>> = asked.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for (future, answer) in asked.iter_mut().zip(&mut answers) {
            if answer.is_none() {
                match Pin::new(future).poll(context) {
                    Poll::Ready(accounts) => *answer = Some(accounts.unwrap_or_default()),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(std::mem::take(&mut answers)) } else { Poll::Pending }
    })
    .await
}

/// The credentials that a signature may prove; at least one. One that is named need not be enabled for sign-in; the
/// server decides what it proves.
fn candidates<'a>(
    credentials: &'a [Credential],
    wanted: Option<&CredentialId>,
) -> Result<Vec<&'a Credential>> {
    if let Some(id) = wanted {
        let named = credentials.iter().find(|credential| credential.id == *id);
        return match named {
            None => Err(StepUpError::CredentialNotFound(id.clone())),
            Some(credential) if credential.is_embedded_wallet() => Err(StepUpError::EmbeddedWalletNotAllowed),
            Some(credential) if is_signable(credential) => Ok(vec![credential]),
            Some(_) => Err(StepUpError::WalletNotFound(id.clone())),
        };
    }
    let external: Vec<&Credential> = credentials
        .iter()
        .filter(|credential| {
            credential.sign_in_enabled && !credential.is_embedded_wallet() && is_signable(credential)
        })
        .collect();
    match external.is_empty() {
        false => Ok(external),
        true if credentials.iter().any(Credential::is_embedded_wallet) => {
            Err(StepUpError::EmbeddedWalletNotAllowed)
        }
        true => Err(StepUpError::NoWalletCredential),
    }
}

fn is_signable(credential: &Credential) -> bool {
    credential.format == CredentialFormat::Blockchain
        && credential.address.is_some()
        && WalletChain::of(credential).is_some()
}

/// The first of a wallet's accounts that is one of these credentials.
fn matching(
    wallet: &WalletInfo,
    accounts: Vec<WalletAccount>,
    candidates: &[&Credential],
) -> Option<WalletAccount> {
    let is_of = |account: &WalletAccount, credential: &Credential| {
        let address = credential.address.as_deref().unwrap_or_default();
        WalletChain::of(credential) == Some(wallet.chain)
            && wallet.chain.is_same_account(&account.address, address)
    };
    accounts.into_iter().find(|account| candidates.iter().any(|credential| is_of(account, credential)))
}

/// The wallet to ask for a credential whose account none shows: the one of its name, else the only one of its chain.
fn wallet_of<'a>(credential: &Credential, listed: &'a [WalletInfo]) -> Option<&'a WalletInfo> {
    let chain = WalletChain::of(credential);
    let mut of_chain = listed.iter().filter(|wallet| Some(wallet.chain) == chain);
    let name = credential.wallet_name.as_deref().unwrap_or_default();
    of_chain.clone().find(|wallet| wallet.is_called(name)).or_else(|| {
        let only = of_chain.next();
        if of_chain.next().is_none() { only } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wallet(id: &str, name: &str) -> Credential {
        let mut credential = Credential::new(id, CredentialFormat::Blockchain);
        credential.sign_in_enabled = true;
        credential.address = Some("0xAb".into());
        credential.chain = Some("eip155".into());
        credential.wallet_name = Some(name.into());
        credential
    }

    #[test]
    fn embedded_wallets_and_what_is_no_wallet_are_told_apart() {
        let off = Credential { sign_in_enabled: false, ..wallet("off", "metamask") };
        let bitcoin = Credential { chain: Some("BTC".into()), ..wallet("btc", "xverse") };
        let credentials = [
            Credential::email("email", "a@b.example"),
            wallet("embedded", "turnkeyhd"),
            off,
            bitcoin,
            wallet("on", "metamask"),
            wallet("second", "rabby"),
        ];
        let pick = |wanted: Option<&str>| {
            let wanted = wanted.map(CredentialId::from);
            let found = candidates(&credentials, wanted.as_ref())?;
            Ok(found.iter().map(|credential| credential.id.as_str()).collect::<Vec<_>>())
        };
        assert_eq!(pick(None), Ok(vec!["on", "second"]));
        assert_eq!(pick(Some("off")), Ok(vec!["off"]), "the server decides");
        assert_eq!(pick(Some("embedded")), Err(StepUpError::EmbeddedWalletNotAllowed));
        assert_eq!(pick(Some("gone")), Err(StepUpError::CredentialNotFound("gone".into())));
        for none in ["email", "btc"] {
            assert_eq!(pick(Some(none)), Err(StepUpError::WalletNotFound(none.into())));
        }
        assert_eq!(candidates(&credentials[..2], None), Err(StepUpError::EmbeddedWalletNotAllowed));
        assert_eq!(candidates(&credentials[..1], None), Err(StepUpError::NoWalletCredential));
        assert_eq!(candidates(&credentials[2..4], None), Err(StepUpError::NoWalletCredential));
    }

    #[test]
    fn the_wallet_of_a_credential_is_known_by_its_name_or_is_the_only_one() {
        let info = |id: &str, name: &str, chain| WalletInfo::new(id, name, chain);
        let listed = [
            info("1", "Phantom", WalletChain::Solana),
            info("2", "MetaMask", WalletChain::Evm),
            info("3", "Rabby Wallet", WalletChain::Evm),
        ];
        let of = |name: &str, listed: &[WalletInfo]| {
            wallet_of(&wallet("c", name), listed).map(|wallet| wallet.id.as_str().to_owned())
        };
        assert_eq!(of("rabbywalletevm", &listed).as_deref(), Some("3"));
        assert_eq!(of("metamask", &listed).as_deref(), Some("2"));
        assert_eq!(of("unknown", &listed), None, "which of the two?");
        assert_eq!(of("unknown", &listed[..2]).as_deref(), Some("2"));
        assert_eq!(of("phantom", &listed[..1]), None, "another chain");
    }
}
