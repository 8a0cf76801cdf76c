//! Codes sent by email: to sign in, to step up, to link an address.

use serde::Deserialize;
use serde_json::json;
use step_up_core::{CredentialId, TokenScope};

use crate::{
    account::{self, Account},
    call::Call,
    elevation::{self, Proof},
    email::Email,
    mfa, otp,
    otp::Verification,
    reply::{Outcome, Refusal, ok},
    session::{self, Session},
    settings::Rules,
};

#[derive(Deserialize)]
struct CreateBody {
    email: String,
}

#[derive(Deserialize)]
struct RetryBody {
    email: String,
    #[serde(rename = "verificationUUID")]
    verification: String,
}

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

/// Sends a code.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let session = call.session_if_any()?;
    let body: CreateBody = call.body()?;
    let email = Email::parse(&body.email)?;
    let user = session.as_ref().map(|session| &session.user);
    let verification = otp::send(&mut call.world, &email, user, false)?;
    ok(&json!({ "verificationUUID": verification, "email": body.email }))
}

/// Sends a new code in place of the last one.
pub(super) fn retry(call: &mut Call<'_>) -> Outcome {
    let session = call.session_if_any()?;
    let body: RetryBody = call.body()?;
    let email = Email::parse(&body.email)?;
    let user = session.as_ref().map(|session| &session.user);
    let verification = otp::resend(&mut call.world, &body.verification, &email, user)?;
    ok(&json!({ "verificationUUID": verification, "email": body.email }))
}

/// Signs in. Whoever proves an address that nobody has is a new user. Nobody was signed in before, so nothing is
/// elevated.
pub(super) fn sign_in(call: &mut Call<'_>) -> Outcome {
    call.check_device()?;
    let body: CodeBody = call.body()?;
    elevation::known_scopes(body.scopes.as_deref().unwrap_or_default())?;
    let public_key = call.session_public_key(body.session_public_key.as_deref())?;
    let verification = otp::open(&call.world, &body.verification, None)?.evaluate(call, &body.code)?;
    let world = &mut call.world;
    let account = match account::of_email(world, &verification.email)? {
        Some(mut account) => {
            account.last_visit = world.now;
            account
        }
        None => account::create(world, &verification.email)?,
    };
    let (mut account, credential) = sign_in_credential(account, &verification.email)?;
    account.last_verified_credential = Some(credential.clone());
    account::save(world, &account)?;
    let session = session::start(world, &account, &credential, public_key)?;
    call.notes.user = Some(account.id.as_str().to_owned());
    ok(&session::verified(&call.world, &session, &account, None)?)
}

fn sign_in_credential(account: Account, email: &Email) -> Outcome<(Account, CredentialId)> {
    match account.email_credential(email) {
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
pub(super) fn verify(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    call.check_device()?;
    let body: CodeBody = call.body()?;
    let scopes = elevation::known_scopes(body.scopes.as_deref().unwrap_or_default())?;
    let verification = otp::open(&call.world, &body.verification, Some(&session.user))?;
    let account = account::of_session(&call.world, &session)?;
    // What the user had before this request: an address that is linked now proves nothing yet.
    match account.email_credential(&verification.email) {
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
    let verification = verification.evaluate(call, code)?;
    account.last_verified_credential = Some(credential.clone());
    session.last_verified_credential = credential.clone();
    if verification.becomes_main {
        account.email = Some(verification.email);
    }
    let elevated_token = elevation::grant(&mut call.world, &session, scopes)?;
    answer(call, session, account, elevated_token)
}

fn link(
    call: &mut Call<'_>,
    mut session: Session,
    mut account: Account,
    verification: Verification,
    code: &str,
) -> Outcome {
    let permit = call.demand(&session, &TokenScope::CredentialLink, Proof::HeaderOrHeld)?;
    let verification = verification.evaluate(call, code)?;
    let world = &mut call.world;
    let credential = match account.email_credential(&verification.email) {
        Some(credential) => credential.id.clone(),
        None if account::of_email(world, &verification.email)?.is_some() => {
            return Err(Refusal::unprocessable(
                "merge_accounts_invalid",
                "This address belongs to another account.",
            )
            .into());
        }
        None => {
            let may_sign_in = Rules::load(&world.tx)?.allows_multiple_credentials();
            account::link_email(world, &mut account, &verification.email, may_sign_in)?
        }
    };
    account.last_verified_credential = Some(credential.clone());
    session.last_verified_credential = credential;
    if verification.becomes_main {
        account.email = Some(verification.email);
    }
    permit.spend(world)?;
    answer(call, session, account, None)
}

/// The answer to a verification.
pub(super) fn answer(
    call: &mut Call<'_>,
    mut session: Session,
    account: Account,
    elevated_token: Option<String>,
) -> Outcome {
    account::save(&mut call.world, &account)?;
    session::renew(&mut call.world, &mut session)?;
    let mut answer = session::verified(&call.world, &session, &account, elevated_token)?;
    answer["nextView"] = "done".into();
    ok(&answer)
}
