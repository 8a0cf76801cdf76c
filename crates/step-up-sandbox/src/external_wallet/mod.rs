//! Wallets outside the app, whose owner signs: a credential like an address of email. The embedded ones, which the
//! sandbox makes and keeps, are another thing (`wallet.rs`).

mod address;
mod message;
mod proof;

use step_up_core::{Credential, CredentialFormat, CredentialId, UserId, WalletProvider};

use crate::{
    account::{ACCOUNTS, Account, LinkedCredential},
    random,
    reply::{Outcome, Refusal},
    store::{StoreError, Table},
    wallet::WALLETS,
    world::World,
};

pub(crate) use address::{Address, setting_of, unsupported_chain};
pub(crate) use proof::Proof;

/// Whose credential a wallet is, by chain and address. A wallet belongs to one user.
pub(crate) const EXTERNAL_WALLETS: Table<UserId> = Table::new("externalWallets");

fn key_of(chain: &str, address: &str) -> String {
    format!("{chain}:{address}")
}

/// A wallet outside the app, and what the client says of it.
pub(crate) struct ExternalWallet {
    pub(crate) address: Address,
    name: String,
    provider: WalletProvider,
}

/// How many characters a wallet's name may have.
const NAME_LENGTH: usize = 100;

impl ExternalWallet {
    /// Refuses a wallet that proves nothing by what it calls itself, or whose signature the sandbox cannot check.
    pub(crate) fn new(address: Address, name: &str, provider: WalletProvider) -> Outcome<Self> {
        if name.is_empty() || name.chars().count() > NAME_LENGTH || name.contains(char::is_control) {
            return Err(Refusal::unprocessable("invalid_wallet_name", "That is no name of a wallet.").into());
        }
        let wallet = Self { address, name: name.to_owned(), provider };
        if wallet.credential("".into(), false).is_embedded_wallet() {
            return Err(embedded().into());
        }
        if wallet.provider == WalletProvider::SmartContractWallet {
            return Err(Refusal::not_implemented("signatures of contract wallets (EIP-1271)").into());
        }
        Ok(wallet)
    }

    fn credential(&self, id: CredentialId, is_sign_in_enabled: bool) -> Credential {
        let address = self.address.text();
        let mut credential = Credential::new(id, CredentialFormat::Blockchain);
        credential.sign_in_enabled = is_sign_in_enabled;
        credential.chain = Some(self.address.chain().into());
        credential.wallet_name = Some(self.name.clone());
        credential.wallet_provider = Some(self.provider.clone());
        credential.public_identifier = Some(address.clone());
        credential.address = Some(address);
        credential
    }
}

/// Refuses an address whose key the sandbox has, whatever a client calls the wallet. To whoever has not proven it, it is
/// an address like any other: the list of embedded wallets is nobody's business.
pub(crate) fn ensure_not_embedded(world: &World<'_>, address: &Address) -> Outcome<()> {
    let text = address.text();
    if WALLETS.list(&world.tx, "")?.iter().any(|(_, wallet)| wallet.address == text) {
        return Err(embedded().into());
    }
    Ok(())
}

fn embedded() -> Refusal {
    Refusal::new(
        403,
        "embedded_wallet_not_allowed",
        "An embedded wallet signs without its user, so its signature proves nothing.",
    )
}

/// Makes a wallet that was proven a credential of the user. The account is not saved yet.
pub(crate) fn link(
    world: &mut World<'_>,
    account: &mut Account,
    wallet: &ExternalWallet,
    is_sign_in_enabled: bool,
) -> Result<CredentialId, StoreError> {
    let id = CredentialId::from(random::uuid(&mut world.tx)?);
    let credential = wallet.credential(id.clone(), is_sign_in_enabled);
    account.credentials.push(LinkedCredential::now(world, credential));
    let key = key_of(wallet.address.chain(), &wallet.address.text());
    EXTERNAL_WALLETS.put(&mut world.tx, &key, &account.id)?;
    Ok(id)
}

/// The user who has this wallet.
pub(crate) fn owner(world: &World<'_>, address: &Address) -> Result<Option<Account>, StoreError> {
    match EXTERNAL_WALLETS.get(&world.tx, &key_of(address.chain(), &address.text()))? {
        Some(user) => ACCOUNTS.get(&world.tx, user.as_str()),
        None => Ok(None),
    }
}

/// The user's credential for this wallet.
pub(crate) fn credential_of<'a>(account: &'a Account, address: &Address) -> Option<&'a Credential> {
    let text = address.text();
    account.credentials.iter().map(|linked| &linked.credential).find(|credential| {
        credential.format == CredentialFormat::Blockchain
            && credential.chain.as_deref() == Some(address.chain())
            && credential.address.as_deref() == Some(text.as_str())
            && !credential.is_embedded_wallet()
    })
}

/// Makes the wallet of a credential nobody's.
pub(crate) fn release(world: &mut World<'_>, credential: &Credential) {
    if let (Some(chain), Some(address)) = (&credential.chain, &credential.address) {
        EXTERNAL_WALLETS.delete(&mut world.tx, &key_of(chain, address));
    }
}

pub(crate) fn release_all_of(world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
    for (key, owner) in EXTERNAL_WALLETS.list(&world.tx, "")? {
        if owner == *user {
            EXTERNAL_WALLETS.delete(&mut world.tx, &key);
        }
    }
    Ok(())
}
