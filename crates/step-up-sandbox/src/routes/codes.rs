//! Codes that were sent, whichever way: to sign in, to step up, to link an address.

use serde::Deserialize;
use step_up_core::{CredentialId, TokenScope, UserId};

use crate::{
    account::{self, Account},
    address::{Address, Channel},
    call::Call,
    elevation::{self, Proof},
    guesses::{Factor, Strength, Target},
    mfa, otp,
    otp::Verification,
    reply::{Outcome, Refusal, ok},
    session::{self, Session},
    settings::Rules,
};

#[derive(Deserialize)]
struct CodeBody {
    #[serde(rename = "verificationUUID")]
    verification: String,
    #[serde(rename = "verificationToken")]
    code: String,
    #[serde(rename = "sessionPublicKey")]
    session_public_key: Option<String>,
    #[serde(rename = "requestedScopes", default)]
    scopes: Option<Vec<String>>,
}

/// Signs in. Whoever proves an address that nobody has is a new user. Nobody was signed in before, so nothing is
/// elevated.
pub(super) fn sign_in(call: &mut Call<'_>, channel: Channel) -> Outcome {
    call.check_device()?;
    let body: CodeBody = call.body()?;
    elevation::known_scopes(body.scopes.as_deref().unwrap_or_default())?;
    let public_key = call.session_public_key(body.session_public_key.as_deref())?;
    // A page that lost its session and not the cookie asked for this code as the cookie's user without knowing it.
    let holder = call.cookie_session()?.map(|session| session.user);
    let is_right = |user: Option<&UserId>| user.is_none() || user == holder.as_ref();
    let verification = otp::open(&call.world, &body.verification, channel, is_right)?;
    let target = Target::Address(verification.address.clone());
    let verification = verification.evaluate(call, &body.code, &target)?;
    let world = &mut call.world;
    let account = match account::of_address(world, &verification.address)? {
        Some(mut account) => {
            account.last_visit = world.now;
            account
        }
        None => account::create(world, &verification.address)?,
    };
    let (mut account, credential) = sign_in_credential(account, &verification.address)?;
    account.last_verified_credential = Some(credential.clone());
    account::save(world, &account)?;
    let session = session::start(world, &account, &credential, public_key)?;
    call.notes.user = Some(account.id.as_str().to_owned());
    ok(&session::verified(&call.world, &session, &account, None)?)
}

fn sign_in_credential(account: Account, address: &Address) -> Outcome<(Account, CredentialId)> {
    match account.credential_of(address) {
        Some(credential) if credential.sign_in_enabled => {
            let id = credential.id.clone();
            Ok((account, id))
        }
        _ => Err(Refusal::new(
            403,
            "credential_not_enabled_for_sign_in",
            "This address is linked to an account and may not sign in to it.",
        )
        .into()),
    }
}

/// Verifies the session's user with a code to an address that they may sign in with, for the scopes that are asked for;
/// or links the address, if it is another one.
pub(super) fn verify(call: &mut Call<'_>, channel: Channel) -> Outcome {
    let session = call.session()?;
    call.check_device_of(&session)?;
    let body: CodeBody = call.body()?;
    let scopes = elevation::known_scopes(body.scopes.as_deref().unwrap_or_default())?;
    let verification =
        otp::open(&call.world, &body.verification, channel, |user| user == Some(&session.user))?;
    let account = account::of_session(&call.world, &session)?;
    // What the user had before this request: an address that is linked now proves nothing yet.
    match account.credential_of(&verification.address) {
        Some(credential) if credential.sign_in_enabled => {
            let credential = credential.id.clone();
            reauthenticate(call, session, account, verification, &credential, &body.code, &scopes)
        }
        _ => link(call, session, account, verification, &body.code),
    }
}

fn reauthenticate(
    call: &mut Call<'_>,
    mut session: Session,
    mut account: Account,
    verification: Verification,
    credential: &CredentialId,
    code: &str,
    scopes: &[TokenScope],
) -> Outcome {
    mfa::ensure_may_elevate(&call.world, &account.id, scopes)?;
    let target = Target::Factor(account.id.clone(), Factor::Sent(verification.address.channel()));
    let verification = verification.evaluate(call, code, &target)?;
    account.last_verified_credential = Some(credential.clone());
    session.last_verified_credential = credential.clone();
    if verification.becomes_main {
        account.set_main(&verification.address);
    }
    let elevated_token = elevation::grant(&mut call.world, &session, scopes)?;
    proved(call, session, account, elevated_token)
}

fn link(
    call: &mut Call<'_>,
    mut session: Session,
    mut account: Account,
    verification: Verification,
    code: &str,
) -> Outcome {
    let permit = call.demand(&session, &TokenScope::CredentialLink, Proof::HeaderOrHeld)?;
    let target = Target::Address(verification.address.clone());
    let verification = verification.evaluate(call, code, &target)?;
    let world = &mut call.world;
    let credential = match account.credential_of(&verification.address) {
        Some(credential) => credential.id.clone(),
        None if account::of_address(world, &verification.address)?.is_some() => {
            return Err(Refusal::unprocessable(
                "merge_accounts_invalid",
                "This address belongs to another account.",
            )
            .into());
        }
        None => {
            let may_sign_in = Rules::load(&world.tx)?.allows_multiple_credentials();
            account::link(world, &mut account, &verification.address, may_sign_in)?
        }
    };
    account.last_verified_credential = Some(credential.clone());
    session.last_verified_credential = credential;
    if verification.becomes_main {
        account.set_main(&verification.address);
    }
    permit.spend(world)?;
    linked(call, session, account)
}

/// Returns the answer to a verification with what the user had before.
pub(super) fn proved(
    call: &mut Call<'_>,
    mut session: Session,
    account: Account,
    elevated_token: Option<String>,
) -> Outcome {
    session::prove(&mut call.world, &mut session, Strength::First)?;
    answer(call, &session, &account, elevated_token)
}

/// Returns the answer to a verification that linked a credential. It proves nothing about the user.
pub(super) fn linked(call: &mut Call<'_>, mut session: Session, account: Account) -> Outcome {
    session::void_others(&mut call.world, &session)?;
    session::renew(&mut call.world, &mut session)?;
    answer(call, &session, &account, None)
}

fn answer(
    call: &mut Call<'_>,
    session: &Session,
    account: &Account,
    elevated_token: Option<String>,
) -> Outcome {
    account::save(&mut call.world, account)?;
    let mut answer = session::verified(&call.world, session, account, elevated_token)?;
    answer["nextView"] = "done".into();
    ok(&answer)
}
