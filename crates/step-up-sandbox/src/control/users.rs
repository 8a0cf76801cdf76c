//! Users on order, already signed in.

use serde::Deserialize;
use serde_json::json;

use crate::{
    account,
    address::Address,
    call::Call,
    email::Email,
    phone::Phone,
    reply::{Outcome, Refusal, ok},
    session,
    wallet::WALLETS,
    world::World,
};

/// Unknown members are refused: a test that asks for a wallet must not get a user without one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    email: Option<String>,
    #[serde(default)]
    emails: Vec<String>,
    phone: Option<String>,
    #[serde(rename = "sessionPublicKey")]
    session_public_key: Option<String>,
}

/// `POST /sandbox/users`: a new user with these addresses, signed in with the first. Answers as a verification does, and
/// with the wallets' keys: `{user, expiresAt, jwt, minifiedJwt, wallets: [{walletId, address, privateKey}]}`.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let body: Body = call.body()?;
    let public_key = call.session_public_key(body.session_public_key.as_deref())?;
    let addresses = body.addresses()?;
    let Some((first, others)) = addresses.split_first() else {
        return Err(Refusal::unprocessable("invalid_request", "A user has at least one address.").into());
    };
    let world = &mut call.world;
    ensure_free(world, first)?;
    let mut account = account::create(world, first)?;
    for address in others {
        ensure_free(world, address)?;
        account::link(world, &mut account, address, true)?;
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

impl Body {
    fn addresses(&self) -> Outcome<Vec<Address>> {
        let emails =
            self.email.iter().chain(&self.emails).map(|email| Email::parse(email).map(Address::from));
        let phones = self.phone.iter().map(|phone| Phone::from_e164(phone).map(Address::from));
        emails.chain(phones).collect()
    }
}

fn ensure_free(world: &World<'_>, address: &Address) -> Outcome<()> {
    if account::of_address(world, address)?.is_some() {
        let code = match address {
            Address::Email(_) => "email_taken",
            Address::Phone(_) => "phone_taken",
        };
        return Err(Refusal::unprocessable(code, "Another user has this address.").into());
    }
    Ok(())
}
