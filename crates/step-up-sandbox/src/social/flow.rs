//! The service's side: what clients began, what came back, and what they redeem.
//!
//! A state belongs to the session that began with it, or to nobody. So what an attacker had consented to with an own
//! account is worth nothing in anybody else's session, and a code is only ever redeemed where it was asked for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use step_up_core::Timestamp;
use subtle::ConstantTimeEq;

use super::{
    SocialProvider,
    account::SocialAccount,
    address::with_parameters,
    apple,
    authorize::{self, Code},
    is_unreserved, key_of,
};
use crate::{
    call::Call,
    origin::Origin,
    reply::{Outcome, Refusal},
    session::Session,
    store::{StoreError, Table},
    time::{self, MINUTE},
    world::World,
};

/// One sign-in at a provider, from its beginning until its code is redeemed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Flow {
    provider: SocialProvider,
    /// The session that began it.
    session: Option<String>,
    /// Where the page is that waits for it.
    pub(crate) origin: Option<String>,
    /// Where the browser goes back to, where no page waits.
    pub(crate) redirect_url: Option<String>,
    #[serde(with = "time::millis")]
    expires_at: Timestamp,
    progress: Progress,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Progress {
    Pending,
    Returned(Answer),
    /// Also where its code was tried with a wrong verifier.
    Redeemed,
}

/// What a provider answered.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Answer {
    Code(String),
    /// A code of [RFC 6749 §4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1).
    Error(String),
}

/// By the state's hash.
pub(crate) const FLOWS: Table<Flow> = Table::new("socialFlows");

/// How long a person may take.
const LIFETIME: std::time::Duration = MINUTE.saturating_mul(10);

/// How many flows are kept. The oldest make room.
const CAPACITY: usize = 1000;

/// What a client begins with.
#[derive(Deserialize)]
pub(crate) struct Beginning {
    state: String,
    #[serde(rename = "redirectUrl")]
    redirect_url: Option<String>,
}

/// Begins a flow. The same client may say so twice, where an answer was lost.
pub(crate) fn begin(
    call: &mut Call<'_>,
    provider: SocialProvider,
    session: Option<&Session>,
    beginning: Beginning,
) -> Outcome<()> {
    let Beginning { state, redirect_url } = beginning;
    if !(16..=128).contains(&state.len()) || !is_unreserved(&state) {
        return Err(invalid_state("A state is 16 to 128 letters and digits.").into());
    }
    let origin = page_origin(call);
    if let Some(url) = &redirect_url {
        check_redirect_url(call, url, origin.as_deref())?;
    }
    let world = &mut call.world;
    let flow = Flow {
        provider,
        session: session.map(|session| session.id.clone()),
        origin,
        redirect_url,
        expires_at: world.now.after(LIFETIME),
        progress: Progress::Pending,
    };
    let key = key_of(&state);
    if let Some(known) = FLOWS.get(&world.tx, &key)?.filter(|known| known.expires_at > world.now) {
        let again = Flow { expires_at: known.expires_at, ..flow };
        return if known == again {
            Ok(())
        } else {
            Err(invalid_state("This state was used before.").into())
        };
    }
    make_room(world)?;
    Ok(FLOWS.put(&mut world.tx, &key, &flow)?)
}

/// The origin of the page that asks; it was allowed before.
fn page_origin(call: &Call<'_>) -> Option<String> {
    let of_consent_page = || call.world.config.consent_page.as_ref().map(|page| page.origin.clone());
    let origin = call.header("origin").and_then(Origin::parse).or_else(of_consent_page);
    origin.map(|origin| origin.as_str().to_owned())
}

/// Codes go to pages that may call, and to the one that asks.
fn check_redirect_url(call: &Call<'_>, url: &str, asking: Option<&str>) -> Outcome<()> {
    let is_allowed = url.len() <= 2000
        && Origin::of(url).is_some_and(|origin| match asking {
            Some(asking) => origin.as_str() == asking,
            None => call.world.config.origins.allows(origin.as_str()),
        });
    if is_allowed {
        return Ok(());
    }
    Err(Refusal::unprocessable("invalid_redirect_url", "A redirect URL is of the origin that asks.").into())
}

fn make_room(world: &mut World<'_>) -> Result<(), StoreError> {
    let (mut valid, expired): (Vec<_>, Vec<_>) =
        FLOWS.list(&world.tx, "")?.into_iter().partition(|(_, flow)| flow.expires_at > world.now);
    valid.sort_by_key(|(_, flow)| flow.expires_at);
    let superfluous = (valid.len() + 1).saturating_sub(CAPACITY);
    for (key, _) in expired.into_iter().chain(valid.into_iter().take(superfluous)) {
        FLOWS.delete(&mut world.tx, &key);
    }
    Ok(())
}

/// The flow of a state, whoever began it.
pub(crate) fn find(world: &World<'_>, provider: SocialProvider, state: &str) -> Outcome<Flow> {
    let flow = FLOWS.get(&world.tx, &key_of(state))?;
    flow.filter(|flow| flow.provider == provider && flow.expires_at > world.now)
        .ok_or_else(|| unknown().into())
}

/// The flow of a state that this session, or nobody, began.
fn find_own(
    world: &World<'_>,
    provider: SocialProvider,
    state: &str,
    session: Option<&Session>,
) -> Outcome<Flow> {
    let flow = find(world, provider, state)?;
    if flow.session.as_ref() == session.map(|session| &session.id) {
        return Ok(flow);
    }
    Err(unknown().into())
}

/// Takes a provider's answer, once, and says what becomes of the window that it came in. `identity` is the identity token
/// that came beside a code.
pub(crate) fn take_answer(
    call: &mut Call<'_>,
    provider: SocialProvider,
    state: &str,
    answer: Answer,
    identity: Option<&str>,
) -> Outcome<Ending> {
    let redirect_uri = call.addresses(provider).redirect;
    let mut flow = find(&call.world, provider, state)?;
    if flow.progress != Progress::Pending {
        return Err(invalid_state("This sign-in has its answer already.").into());
    }
    if let Answer::Code(code) = &answer {
        let found = authorize::find_code(&call.world, provider, state, &redirect_uri, code)?;
        apple::check(call, &found, code, identity)?;
    }
    let ending = Ending::of(&flow, provider, state, &answer);
    flow.progress = Progress::Returned(answer);
    FLOWS.put(&mut call.world.tx, &key_of(state), &flow)?;
    Ok(ending)
}

/// What becomes of the window that a provider's answer came in.
#[derive(Clone, PartialEq)]
pub(crate) enum Ending {
    /// It goes back to the app.
    Redirect(String),
    /// It tells the page that waits, and closes.
    Message {
        /// The only origin that may hear it. Without one, the answer is fetched.
        target_origin: Option<String>,
        message: Value,
    },
}

impl Ending {
    fn of(flow: &Flow, provider: SocialProvider, state: &str, answer: &Answer) -> Self {
        if let Some(url) = &flow.redirect_url {
            let outcome = match answer {
                Answer::Code(code) => ("dynamicOauthCode", code.clone()),
                Answer::Error(error) => ("dynamicOauthError", error.clone()),
            };
            return Self::Redirect(with_parameters(url, &[outcome, ("dynamicOauthState", state.to_owned())]));
        }
        let mut message =
            json!({ "type": "authorization_response", "provider": provider.name(), "state": state });
        match answer {
            Answer::Code(code) => message["code"] = code.clone().into(),
            Answer::Error(error) => message["error"] = error.clone().into(),
        }
        Self::Message { target_origin: flow.origin.clone(), message }
    }
}

/// What has come back so far, for clients that ask instead of waiting for a message.
pub(crate) fn result(
    world: &World<'_>,
    provider: SocialProvider,
    state: &str,
    session: Option<&Session>,
) -> Outcome<Value> {
    let flow = find_own(world, provider, state, session)?;
    Ok(match flow.progress {
        Progress::Pending => json!({ "status": "pending" }),
        Progress::Returned(Answer::Code(code)) => json!({ "status": "completed", "code": code }),
        Progress::Returned(Answer::Error(error)) => json!({ "status": "completed", "error": error }),
        Progress::Redeemed => return Err(unknown().into()),
    })
}

/// What a client redeems.
#[derive(Deserialize)]
pub(crate) struct Redemption {
    code: String,
    #[serde(rename = "codeVerifier")]
    verifier: Option<String>,
    state: String,
}

/// A code that is good, and was not used yet.
#[must_use = "a code that is accepted is used"]
pub(crate) struct Redeemable {
    pub(crate) account: SocialAccount,
    state: String,
    code: String,
}

/// Checks a code of this session, or of nobody. One that comes with a wrong verifier was stolen, so it is void from then
/// on.
pub(crate) fn redeem(
    call: &mut Call<'_>,
    provider: SocialProvider,
    session: Option<&Session>,
    redemption: Redemption,
) -> Outcome<Redeemable> {
    let Redemption { code, verifier, state } = redemption;
    let redirect_uri = call.addresses(provider).redirect;
    let world = &mut call.world;
    let flow = find_own(world, provider, &state, session)?;
    match &flow.progress {
        Progress::Returned(Answer::Code(returned)) if same(returned, &code) => {}
        Progress::Redeemed => return Err(unknown().into()),
        _ => return Err(authorize::invalid_code().into()),
    }
    let found = authorize::find_code(world, provider, &state, &redirect_uri, &code)?;
    let redeemable = Redeemable { account: found.account.clone(), state, code };
    if is_verified(&found, verifier.as_deref()) {
        return Ok(redeemable);
    }
    redeemable.spend(world)?;
    Err(Refusal::unprocessable("invalid_code_verifier", "The code verifier is not the right one.").into())
}

impl Redeemable {
    /// Uses the code up, whatever becomes of the request.
    pub(crate) fn spend(&self, world: &mut World<'_>) -> Result<(), StoreError> {
        let key = key_of(&self.state);
        if let Some(flow) = FLOWS.get(&world.tx, &key)? {
            FLOWS.put(&mut world.tx, &key, &Flow { progress: Progress::Redeemed, ..flow })?;
        }
        authorize::delete_code(world, &self.code);
        world.tx.keep();
        Ok(())
    }
}

/// [RFC 7636 §4.6](https://www.rfc-editor.org/rfc/rfc7636#section-4.6). A challenge wants its verifier, and a provider that
/// requires a challenge takes no code without one, so that nothing comes of taking the challenge away
/// ([RFC 9700 §4.8.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.8.2)). At other providers a verifier that no
/// challenge announced says nothing: official clients send it with every code, and a challenge to those providers only.
fn is_verified(code: &Code, verifier: Option<&str>) -> bool {
    match (&code.challenge, verifier) {
        (None, _) => !code.provider.is_pkce_required(),
        (Some(challenge), Some(verifier)) => {
            (43..=128).contains(&verifier.len())
                && is_unreserved(verifier)
                && same(&URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())), challenge)
        }
        (Some(_), None) => false,
    }
}

fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// No such state, or somebody else's, or over: an answer that told them apart would tell what others do.
fn unknown() -> Refusal {
    invalid_state("There is no such sign-in under way.")
}

fn invalid_state(sentence: &str) -> Refusal {
    Refusal::unprocessable("invalid_oauth_state", sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        for provider in SocialProvider::ALL {
            let challenged = code(provider, Some(CHALLENGE));
            assert!(is_verified(&challenged, Some(VERIFIER)));
            for wrong in [None, Some(""), Some(&VERIFIER[1..]), Some(CHALLENGE)] {
                assert!(!is_verified(&challenged, wrong), "{provider:?} {wrong:?}");
            }
        }
    }

    #[test]
    fn a_code_without_a_challenge_is_redeemed_unless_its_provider_requires_one() {
        for provider in SocialProvider::ALL {
            for verifier in [None, Some(""), Some(VERIFIER), Some("x")] {
                let is_taken = is_verified(&code(provider, None), verifier);
                assert_eq!(is_taken, provider != SocialProvider::GitHub, "{provider:?} {verifier:?}");
            }
        }
    }

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn code(provider: SocialProvider, challenge: Option<&str>) -> Code {
        Code::for_test(provider, SocialAccount::named(provider, "ada").unwrap(), challenge)
    }
}
