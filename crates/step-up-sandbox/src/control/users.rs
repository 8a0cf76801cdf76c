//! Users on order, already signed in.

use serde::Deserialize;
use serde_json::json;

use crate::{
    account,
    call::Call,
    email::Email,
    passkey,
    reply::{Outcome, Refusal, ok},
    session,
    wallet::WALLETS,
};

/// Unknown members are refused: a test that asks for a phone must not get a user without one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    email: Option<String>,
    #[serde(default)]
    emails: Vec<String>,
    #[serde(default)]
    passkeys: Vec<passkey::Fixture>,
    #[serde(rename = "sessionPublicKey")]
    session_public_key: Option<String>,
}

/// `POST /sandbox/users`: a new user with these addresses, signed in with the first. Answers as a verification does, and
/// with the wallets' keys: `{user, expiresAt, jwt, minifiedJwt, wallets: [{walletId, address, privateKey}]}`.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let body: Body = call.body()?;
    let public_key = call.session_public_key(body.session_public_key.as_deref())?;
    let emails = body.email.iter().chain(&body.emails).map(|email| Email::parse(email));
    let emails = emails.collect::<Outcome<Vec<_>>>()?;
    let Some((first, others)) = emails.split_first() else {
        return Err(
            Refusal::unprocessable("invalid_request", "A user has at least one email address.").into()
        );
    };
    let world = &mut call.world;
    ensure_free(world, first)?;
    let mut account = account::create(world, first)?;
    for email in others {
        ensure_free(world, email)?;
        account::link_email(world, &mut account, email, true)?;
    }
    account::save(world, &account)?;
    for passkey in body.passkeys {
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

fn ensure_free(world: &crate::world::World<'_>, email: &Email) -> Outcome<()> {
    if account::of_email(world, email)?.is_some() {
        return Err(Refusal::unprocessable("email_taken", "Another user has this address.").into());
    }
    Ok(())
}
