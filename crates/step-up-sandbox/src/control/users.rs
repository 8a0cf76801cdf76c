//! Users on order, already signed in.

use serde::Deserialize;
use serde_json::json;
use step_up_core::WalletProvider;

use crate::{
    account,
    call::Call,
    email::Email,
    external_wallet::{self, Address, ExternalWallet},
    reply::{Outcome, Refusal, ok},
    session,
    wallet::WALLETS,
    world::World,
};

/// Unknown members are refused: a test that asks for a phone must not get a user without one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    email: Option<String>,
    #[serde(default)]
    emails: Vec<String>,
    #[serde(default)]
    wallets: Vec<WalletBody>,
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

impl WalletBody {
    fn wallet(self, world: &World<'_>) -> Outcome<ExternalWallet> {
        let address = Address::parse(&self.chain, &self.address)?;
        let name = self.wallet_name.unwrap_or_else(|| "metamask".into());
        let provider = self.wallet_provider.unwrap_or(WalletProvider::BrowserExtension);
        ExternalWallet::new(world, address, &name, provider)
    }
}

/// `POST /sandbox/users`: a new user with these addresses and wallets, signed in with the first of them. Answers as a
/// verification does, and with the embedded wallets' keys: `{user, expiresAt, jwt, minifiedJwt, wallets: [{walletId,
/// address, privateKey}]}`.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let body: Body = call.body()?;
    let public_key = call.session_public_key(body.session_public_key.as_deref())?;
    let emails = body.email.iter().chain(&body.emails).map(|email| Email::parse(email));
    let emails = emails.collect::<Outcome<Vec<_>>>()?;
    let world = &mut call.world;
    let wallets = body.wallets.into_iter().map(|wallet| wallet.wallet(world)).collect::<Outcome<Vec<_>>>()?;
    let (mut emails, mut wallets) = (emails.iter(), wallets.iter());
    let mut account = match emails.next() {
        Some(first) => {
            ensure_free(world, first)?;
            account::create(world, first)?
        }
        None => {
            let Some(first) = wallets.next() else {
                return Err(Refusal::unprocessable(
                    "invalid_request",
                    "A user has at least one email address or wallet.",
                )
                .into());
            };
            ensure_wallet_is_free(world, first)?;
            account::create_with(world, |world, account| external_wallet::link(world, account, first, true))?
        }
    };
    for email in emails {
        ensure_free(world, email)?;
        account::link_email(world, &mut account, email, true)?;
    }
    for wallet in wallets {
        ensure_wallet_is_free(world, wallet)?;
        external_wallet::link(world, &mut account, wallet, true)?;
    }
    account::save(world, &account)?;
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

fn ensure_free(world: &World<'_>, email: &Email) -> Outcome<()> {
    if account::of_email(world, email)?.is_some() {
        return Err(Refusal::unprocessable("email_taken", "Another user has this address.").into());
    }
    Ok(())
}

fn ensure_wallet_is_free(world: &World<'_>, wallet: &ExternalWallet) -> Outcome<()> {
    if external_wallet::owner(world, &wallet.address)?.is_some() {
        return Err(Refusal::unprocessable("wallet_taken", "A user has this wallet.").into());
    }
    Ok(())
}
