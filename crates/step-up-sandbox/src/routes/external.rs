//! Sign-in and step-up by the word of another identity provider.

use serde::Deserialize;
use serde_json::json;

use crate::{
    account::{self, ACCOUNTS},
    call::Call,
    elevation, external,
    guesses::Strength,
    mfa,
    reply::{Outcome, ok},
    session,
};

#[derive(Deserialize)]
struct SignInBody {
    jwt: String,
    #[serde(rename = "sessionPublicKey")]
    session_public_key: Option<String>,
}

#[derive(Deserialize)]
struct VerifyBody {
    jwt: String,
}

/// Signs in whom the other provider names; whoever was never here is a new user. It elevates nothing.
pub(super) fn sign_in(call: &mut Call<'_>) -> Outcome {
    call.check_device()?;
    let body: SignInBody = call.body()?;
    let public_key = call.session_public_key(body.session_public_key.as_deref())?;
    let world = &mut call.world;
    let assertion = external::check(world, &body.jwt)?;
    let known = match assertion.user(world)? {
        Some(known) => {
            ACCOUNTS.get(&world.tx, known.user.as_str())?.map(|account| (account, known.credential))
        }
        None => None,
    };
    let (mut account, credential) = match known {
        Some((mut account, credential)) => {
            account.last_visit = world.now;
            (account, credential)
        }
        None => {
            let account = assertion.create_account(world)?;
            match account.last_verified_credential.clone() {
                Some(credential) => (account, credential),
                None => return Err(external::invalid("it names nobody").into()),
            }
        }
    };
    if assertion.is_named() {
        assertion.spend(world)?;
    }
    account.last_verified_credential = Some(credential.clone());
    account::save(world, &account)?;
    let session = session::start(world, &account, &credential, public_key)?;
    call.notes.user = Some(account.id.as_str().to_owned());
    ok(&session::verified(&call.world, &session, &account, None)?)
}

/// Elevates the session's user for the scopes that the other provider vouches for. The session is not renewed.
pub(super) fn verify(call: &mut Call<'_>) -> Outcome {
    let mut session = call.session()?;
    let body: VerifyBody = call.body()?;
    let world = &mut call.world;
    let assertion = external::check(world, &body.jwt)?;
    if assertion.user(world)?.is_none_or(|known| known.user != session.user) {
        return Err(external::invalid("sub is somebody else").into());
    }
    let scopes = elevation::known_scopes(&assertion.scopes()?)?;
    mfa::ensure_may_elevate(world, &session.user, &scopes)?;
    assertion.spend(world)?;
    session::note_proof(world, &mut session, Strength::First)?;
    ok(&json!({ "elevatedAccessToken": elevation::grant(world, &session, &scopes)? }))
}
