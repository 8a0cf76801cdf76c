//! Social sign-in: beginning, the providers' pages, and what comes back.

use serde::Deserialize;
use step_up_core::TokenScope;

use super::codes::{linked, proved};
use crate::{
    account,
    call::Call,
    elevation::{self, Proof},
    mfa,
    reply::{Failure, Outcome, Refusal, done, ok},
    session,
    settings::Rules,
    social::{
        SocialProvider, apple,
        authorize::{self, Decision, Request},
        flow::{self, Answer, Beginning, Redemption},
        settings,
        view::View,
    },
};

/// Takes note of a state, before the browser leaves for the provider.
pub(super) fn begin(call: &mut Call<'_>) -> Outcome {
    let session = call.session_if_any()?;
    let provider = enabled(call)?;
    let beginning: Beginning = call.body()?;
    flow::begin(call, provider, session.as_ref(), beginning)?;
    done()
}

/// A provider's page.
pub(super) fn ask(call: &mut Call<'_>) -> Outcome {
    page(call, |call| {
        let provider = SocialProvider::of_path(call.param(0))?;
        let text = |name: &str| call.form_query(name).unwrap_or_default();
        let request = Request {
            client_id: text("client_id"),
            response_type: text("response_type"),
            redirect_uri: text("redirect_uri"),
            scope: text("scope"),
            state: text("state"),
            challenge: call.form_query("code_challenge"),
            challenge_method: call.form_query("code_challenge_method"),
            response_mode: call.form_query("response_mode"),
            nonce: call.form_query("nonce"),
        };
        Ok(authorize::open(call, provider, request)?.into())
    })
}

/// The answer that somebody gave on a provider's page.
pub(super) fn decide(call: &mut Call<'_>) -> Outcome {
    page(call, |call| {
        let provider = SocialProvider::of_path(call.param(0))?;
        let decision: Decision = call.form()?;
        Ok(authorize::decide(call, provider, &decision)?.into())
    })
}

/// The keys that Apple signs with.
pub(super) fn keys(call: &mut Call<'_>) -> Outcome {
    match SocialProvider::of_path(call.param(0))? {
        SocialProvider::Apple => ok(&apple::jwks(&mut call.world)?),
        _ => Err(Refusal::not_found().into()),
    }
}

/// What a provider sends back.
#[derive(Deserialize)]
struct Returned {
    state: String,
    code: Option<String>,
    error: Option<String>,
    /// Of Apple. The user's name that comes beside it is not signed, so the service takes no notice of it.
    id_token: Option<String>,
}

/// Where a provider sends people back to.
pub(super) fn come_back(call: &mut Call<'_>) -> Outcome {
    page(call, |call| {
        let returned = Returned {
            state: call.query("state").unwrap_or_default(),
            code: call.query("code"),
            error: call.query("error"),
            id_token: call.query("id_token"),
        };
        end(call, returned)
    })
}

/// The same, for providers that send a form.
pub(super) fn come_back_by_form(call: &mut Call<'_>) -> Outcome {
    page(call, |call| {
        let returned = call.form()?;
        end(call, returned)
    })
}

fn end(call: &mut Call<'_>, returned: Returned) -> Outcome<View> {
    let provider = SocialProvider::of_path(call.param(0))?;
    let answer = match (returned.code, returned.error) {
        (_, Some(error)) => Answer::Error(if is_error(&error) { error } else { "server_error".into() }),
        (Some(code), None) => Answer::Code(code),
        (None, None) => return Err(authorize::invalid_code().into()),
    };
    let identity = returned.id_token.as_deref();
    Ok(flow::take_answer(call, provider, &returned.state, answer, identity)?.into())
}

/// A code of RFC 6749: anybody can write an address, and what is in it goes to the app.
fn is_error(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Answers as a page where a browser is to show it. A refusal is a page then, too.
fn page(call: &mut Call<'_>, work: impl FnOnce(&mut Call<'_>) -> Outcome<View>) -> Outcome {
    match work(call) {
        Ok(view) => view.answer(call),
        Err(Failure::Refused(refusal)) if call.wants_html() => {
            call.world.tx.undo();
            View::Refusal(refusal).answer(call)
        }
        Err(failure) => Err(failure),
    }
}

#[derive(Deserialize)]
struct ResultBody {
    state: String,
}

/// What has come back so far.
pub(super) fn result(call: &mut Call<'_>) -> Outcome {
    let session = call.session_if_any()?;
    let provider = enabled(call)?;
    let body: ResultBody = call.body()?;
    ok(&flow::result(&call.world, provider, &body.state, session.as_ref())?)
}

#[derive(Deserialize)]
struct CodeBody {
    #[serde(flatten)]
    redemption: Redemption,
    #[serde(rename = "sessionPublicKey")]
    session_public_key: Option<String>,
    #[serde(rename = "requestedScopes")]
    scopes: Option<Vec<String>>,
}

/// Signs in. Whoever comes with an account that nobody has is a new user, whatever email address the provider knows: that
/// address was not proved here. Nobody was signed in before, so nothing is elevated.
pub(super) fn sign_in(call: &mut Call<'_>) -> Outcome {
    call.check_device()?;
    let provider = enabled(call)?;
    let session = call.session_if_any()?;
    let body: CodeBody = call.body()?;
    elevation::known_scopes(body.scopes.as_deref().unwrap_or_default())?;
    let public_key = call.session_public_key(body.session_public_key.as_deref())?;
    let redeemable = flow::redeem(call, provider, session.as_ref(), body.redemption)?;
    let world = &mut call.world;
    redeemable.spend(world)?;
    let social = &redeemable.account;
    let mut account = match account::of_social(world, provider, social)? {
        Some(mut account) => {
            account.last_visit = world.now;
            account
        }
        None => account::create_social(world, provider, social)?,
    };
    let credential =
        account.social_credential(provider, social).filter(|credential| credential.sign_in_enabled);
    let Some(credential) = credential.map(|credential| credential.id.clone()) else {
        return Err(Refusal::new(
            403,
            "credential_not_enabled_for_sign_in",
            "This social account is linked to an account and may not sign in to it.",
        )
        .into());
    };
    account.last_verified_credential = Some(credential.clone());
    account::save(world, &account)?;
    let session = session::start(world, &account, &credential, public_key)?;
    call.notes.user = Some(account.id.as_str().to_owned());
    ok(&session::verified(&call.world, &session, &account, None)?)
}

/// Verifies the session's user with a social account that they may sign in with, for the scopes that are asked for; or
/// links the account, if it is another one. A refusal for want of an elevation or a second factor leaves the code as it is.
pub(super) fn verify(call: &mut Call<'_>) -> Outcome {
    let mut session = call.session()?;
    let provider = enabled(call)?;
    let body: CodeBody = call.body()?;
    let scopes = elevation::known_scopes(body.scopes.as_deref().unwrap_or_default())?;
    let redeemable = flow::redeem(call, provider, Some(&session), body.redemption)?;
    let social = &redeemable.account;
    let mut account = account::of_session(&call.world, &session)?;
    // What the user had before this request: an account that is linked now proves nothing yet.
    let known = account.social_credential(provider, social).cloned();
    if let Some(credential) = known.as_ref().filter(|credential| credential.sign_in_enabled) {
        mfa::ensure_may_elevate(&call.world, &account.id, &scopes)?;
        redeemable.spend(&mut call.world)?;
        account.last_verified_credential = Some(credential.id.clone());
        session.last_verified_credential = credential.id.clone();
        let elevated_token = elevation::grant(&mut call.world, &session, &scopes)?;
        return proved(call, session, account, elevated_token);
    }
    let permit = call.demand(&session, &TokenScope::CredentialLink, Proof::HeaderOrHeld)?;
    let world = &mut call.world;
    if !settings::is_linking_enabled(&world.tx)? {
        return Err(Refusal::new(
            403,
            "social_linking_not_enabled",
            "This environment links no social accounts.",
        )
        .into());
    }
    redeemable.spend(world)?;
    let credential = match known {
        Some(credential) => credential.id,
        None if account::of_social(world, provider, social)?.is_some() => {
            return Err(Refusal::unprocessable(
                "merge_accounts_invalid",
                "This social account belongs to another account.",
            )
            .into());
        }
        None => {
            let may_sign_in = Rules::load(&world.tx)?.allows_multiple_credentials();
            account::link_social(world, &mut account, provider, social, may_sign_in)?
        }
    };
    account.last_verified_credential = Some(credential.clone());
    session.last_verified_credential = credential;
    permit.spend(world)?;
    linked(call, session, account)
}

/// The provider of the path, which the environment has.
fn enabled(call: &Call<'_>) -> Outcome<SocialProvider> {
    let provider = SocialProvider::of_path(call.param(0))?;
    settings::client_id(&call.world, provider)?;
    Ok(provider)
}
