//! Users on order, already signed in.

use serde::Deserialize;
use serde_json::json;

use crate::{
    account,
    call::Call,
    email::Email,
    reply::{Outcome, Refusal, ok},
    session,
    social::{
        SocialProvider,
        account::{SocialAccount, is_name},
    },
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
    social: Vec<SocialBody>,
    #[serde(rename = "sessionPublicKey")]
    session_public_key: Option<String>,
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

/// `POST /sandbox/users`: a new user with these addresses and social accounts, signed in with the first. Answers as a verification does, and
/// with the wallets' keys: `{user, expiresAt, jwt, minifiedJwt, wallets: [{walletId, address, privateKey}]}`.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let body: Body = call.body()?;
    let public_key = call.session_public_key(body.session_public_key.as_deref())?;
    let emails = body.email.iter().chain(&body.emails).map(|email| Email::parse(email));
    let emails = emails.collect::<Outcome<Vec<_>>>()?;
    let social = body.social.iter().map(|it| Ok((it.provider, it.account()?)));
    let social = social.collect::<Outcome<Vec<_>>>()?;
    let world = &mut call.world;
    let mut account = match (&*emails, &*social) {
        ([first, ..], _) => {
            ensure_free(world, first)?;
            account::create(world, first)?
        }
        ([], [(provider, first), ..]) => {
            ensure_social_is_free(world, *provider, first)?;
            account::create_social(world, *provider, first)?
        }
        ([], []) => {
            return Err(Refusal::unprocessable(
                "invalid_request",
                "A user has at least one email address or social account.",
            )
            .into());
        }
    };
    for email in emails.iter().skip(1) {
        ensure_free(world, email)?;
        account::link_email(world, &mut account, email, true)?;
    }
    for (provider, social) in social.iter().skip(usize::from(emails.is_empty())) {
        if account.social_credential(*provider, social).is_none() {
            ensure_social_is_free(world, *provider, social)?;
            account::link_social(world, &mut account, *provider, social, true)?;
        }
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

fn ensure_social_is_free(
    world: &crate::world::World<'_>,
    provider: SocialProvider,
    social: &SocialAccount,
) -> Outcome<()> {
    if account::of_social(world, provider, social)?.is_some() {
        return Err(Refusal::unprocessable("social_taken", "Another user has this social account.").into());
    }
    Ok(())
}

fn ensure_free(world: &crate::world::World<'_>, email: &Email) -> Outcome<()> {
    if account::of_email(world, email)?.is_some() {
        return Err(Refusal::unprocessable("email_taken", "Another user has this address.").into());
    }
    Ok(())
}
