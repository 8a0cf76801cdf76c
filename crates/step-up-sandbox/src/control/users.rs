//! Users on order, already signed in.

use serde::Deserialize;
use serde_json::json;
use step_up_core::{CredentialId, WalletProvider};

use crate::{
    account::{self, Account},
    address::Address,
    call::Call,
    email::Email,
    external_wallet::{self, Address as WalletAddress, ExternalWallet},
    passkey,
    phone::Phone,
    reply::{Outcome, Refusal, ok},
    session,
    social::{
        SocialProvider,
        account::{SocialAccount, is_name},
    },
    store::StoreError,
    wallet::WALLETS,
    world::World,
};

/// Unknown members are refused: a test that asks for a passkey must not get a user without one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    email: Option<String>,
    #[serde(default)]
    emails: Vec<String>,
    phone: Option<String>,
    #[serde(default)]
    wallets: Vec<WalletBody>,
    #[serde(default)]
    social: Vec<SocialBody>,
    #[serde(default)]
    passkeys: Vec<passkey::Fixture>,
    #[serde(rename = "sessionPublicKey")]
    session_public_key: Option<String>,
}

/// A wallet outside the app.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WalletBody {
    address: String,
    chain: String,
    wallet_name: Option<String>,
    wallet_provider: Option<WalletProvider>,
}

/// An account at a provider. Without `accountId` it is the one that the name always is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SocialBody {
    provider: SocialProvider,
    account_id: Option<String>,
    username: Option<String>,
    email: Option<String>,
}

/// `POST /sandbox/users`: a new user with these addresses, wallets and social accounts, signed in with the first of them. Answers as a
/// verification does, and with the embedded wallets' keys: `{user, expiresAt, jwt, minifiedJwt, wallets: [{walletId,
/// address, privateKey}]}`.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let mut body: Body = call.body()?;
    let passkeys = std::mem::take(&mut body.passkeys);
    let public_key = call.session_public_key(body.session_public_key.as_deref())?;
    let world = &mut call.world;
    let credentials = body.credentials(world)?;
    let Some((first, others)) = credentials.split_first() else {
        return Err(Refusal::unprocessable(
            "invalid_request",
            "A user has at least one address, wallet or social account.",
        )
        .into());
    };
    first.ensure_free(world)?;
    let mut account = account::create_with(world, |world, account| first.link(world, account))?;
    for credential in others {
        credential.ensure_free(world)?;
        credential.link(world, &mut account)?;
    }
    account::save(world, &account)?;
    for passkey in passkeys {
        passkey.add(world, &account.id)?;
    }
    let Some(credential) = account.last_verified_credential.clone() else {
        return Err(Refusal::not_implemented("users without a credential").into());
    };
    let session = session::start(world, &account, &credential, public_key)?;
    let mut answer = session::verified(world, &session, &account, None)?;
    let wallets = WALLETS.list(&world.tx, "")?.into_iter().filter(|(_, wallet)| wallet.user == account.id);
    answer["wallets"] = wallets
        .map(|(id, wallet)| {
            json!({ "walletId": id, "address": wallet.address, "privateKey": wallet.exported() })
        })
        .collect();
    ok(&answer)
}

/// What the user signs in with.
enum Linked {
    Address(Address),
    Wallet(ExternalWallet),
    Social(SocialProvider, SocialAccount),
}

impl Body {
    /// In the order in which they are linked.
    fn credentials(self, world: &World<'_>) -> Outcome<Vec<Linked>> {
        let mut credentials = Vec::new();
        for email in self.email.iter().chain(&self.emails) {
            credentials.push(Linked::Address(Email::parse(email)?.into()));
        }
        if let Some(phone) = &self.phone {
            credentials.push(Linked::Address(Phone::from_e164(phone)?.into()));
        }
        for wallet in self.wallets {
            credentials.push(Linked::Wallet(wallet.wallet(world)?));
        }
        for social in &self.social {
            credentials.push(Linked::Social(social.provider, social.account()?));
        }
        Ok(credentials)
    }
}

impl WalletBody {
    fn wallet(self, world: &World<'_>) -> Outcome<ExternalWallet> {
        let address = WalletAddress::parse(&self.chain, &self.address)?;
        let name = self.wallet_name.unwrap_or_else(|| "metamask".into());
        let provider = self.wallet_provider.unwrap_or(WalletProvider::BrowserExtension);
        external_wallet::ensure_not_embedded(world, &address)?;
        ExternalWallet::new(address, &name, provider)
    }
}

impl SocialBody {
    fn account(&self) -> Outcome<SocialAccount> {
        let invalid = || {
            Refusal::unprocessable(
                "invalid_request",
                "A social account has a provider, and a name, an email address or an identifier.",
            )
        };
        let names = [&self.email, &self.username, &self.account_id];
        if !names.into_iter().flatten().all(|name| is_name(name)) {
            return Err(invalid().into());
        }
        let email = self.email.as_deref().map(Email::parse).transpose()?;
        let name = names.into_iter().flatten().next().ok_or_else(invalid)?;
        let mut account = SocialAccount::named(self.provider, name).ok_or_else(invalid)?;
        if let Some(id) = &self.account_id {
            account.id.clone_from(id);
        }
        if let Some(username) = &self.username {
            account.username.clone_from(username);
        }
        account.email = email.map(|email| email.as_str().to_owned()).or(account.email);
        Ok(account)
    }
}

impl Linked {
    fn link(&self, world: &mut World<'_>, account: &mut Account) -> Result<CredentialId, StoreError> {
        match self {
            Self::Address(address) => account::link(world, account, address, true),
            Self::Wallet(wallet) => external_wallet::link(world, account, wallet, true),
            Self::Social(provider, social) => account::link_social(world, account, *provider, social, true),
        }
    }

    /// It is nobody's yet.
    fn ensure_free(&self, world: &World<'_>) -> Outcome<()> {
        let (is_taken, code) = match self {
            Self::Address(address) => (
                account::of_address(world, address)?.is_some(),
                match address {
                    Address::Email(_) => "email_taken",
                    Address::Phone(_) => "phone_taken",
                },
            ),
            Self::Wallet(wallet) => {
                (external_wallet::owner(world, &wallet.address)?.is_some(), "wallet_taken")
            }
            Self::Social(provider, social) => {
                (account::of_social(world, *provider, social)?.is_some(), "social_taken")
            }
        };
        if is_taken {
            return Err(Refusal::unprocessable(code, "Another user has this already.").into());
        }
        Ok(())
    }
}
