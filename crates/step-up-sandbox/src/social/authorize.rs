//! The emulated provider: it asks who is signed in and whether they consent, and gives a code.

use serde::{Deserialize, Serialize};
use step_up_core::Timestamp;

use super::{
    SocialProvider,
    account::{self, SocialAccount},
    address::with_parameters,
    apple,
    flow::{self, FLOWS},
    is_unreserved, key_of, settings,
};
use crate::{
    call::Call,
    origin::Origin,
    random,
    reply::{Outcome, Refusal},
    settings::display_name,
    store::{StoreError, Table},
    time::{self, MINUTE},
    world::World,
};

/// What a client asks a provider for ([RFC 6749 §4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1)).
pub(crate) struct Request {
    pub(crate) client_id: String,
    pub(crate) response_type: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) state: String,
    pub(crate) challenge: Option<String>,
    pub(crate) challenge_method: Option<String>,
    pub(crate) response_mode: Option<String>,
    pub(crate) nonce: Option<String>,
}

impl Request {
    /// The response types, whose order says nothing
    /// ([OAuth 2.0 Multiple Response Types §3](https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html#Combinations)).
    pub(crate) fn response_types(&self) -> Vec<&str> {
        let mut types: Vec<_> = self.response_type.split(' ').collect();
        types.sort_unstable();
        types
    }
}

/// A page that asks for consent. What was asked for stays here, so that the page cannot change it, and the ticket is in no
/// other page.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Consent {
    provider: SocialProvider,
    redirect_uri: String,
    state: String,
    challenge: Option<String>,
    /// What Apple is asked for.
    #[serde(default)]
    extras: Option<apple::Extras>,
    #[serde(with = "time::millis")]
    expires_at: Timestamp,
}

/// By the ticket's hash.
pub(crate) const CONSENTS: Table<Consent> = Table::new("socialConsents");

/// A code that was given.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) provider: SocialProvider,
    pub(crate) account: SocialAccount,
    /// The S256 challenge.
    pub(crate) challenge: Option<String>,
    #[serde(default)]
    pub(crate) extras: Option<apple::Extras>,
    state: String,
    redirect_uri: String,
    #[serde(with = "time::millis")]
    expires_at: Timestamp,
}

/// By the code's hash.
pub(crate) const CODES: Table<Code> = Table::new("socialCodes");

/// How long a page may stay open, and a code be redeemed.
const PAGE_LIFETIME: std::time::Duration = MINUTE.saturating_mul(10);
const CODE_LIFETIME: std::time::Duration = MINUTE.saturating_mul(2);

/// How many pages may be open. The oldest make room.
const CAPACITY: usize = 1000;

/// What a provider's page shows.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsentView {
    pub(crate) provider: SocialProvider,
    /// The provider's name for people.
    pub(crate) provider_name: &'static str,
    /// The app's name for people.
    pub(crate) app_name: String,
    pub(crate) ticket: String,
    pub(crate) accounts: Vec<SocialAccount>,
    /// What was wrong with the last answer.
    pub(crate) problem: Option<&'static str>,
    /// Where the form leads in the end, beside the sandbox itself.
    #[serde(skip)]
    pub(crate) leads_to: Option<String>,
    /// Whether the page cuts its opener off.
    #[serde(skip)]
    pub(crate) is_isolated: bool,
}

/// A provider's answer, on its way back.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Return {
    pub(crate) redirect_uri: String,
    pub(crate) parameters: Vec<(&'static str, String)>,
    /// Whether it goes as a form
    /// ([OAuth 2.0 Form Post Response Mode](https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html)).
    pub(crate) is_form_post: bool,
    pub(crate) leads_to: Option<String>,
}

impl Return {
    /// The address that carries it.
    pub(crate) fn url(&self) -> String {
        with_parameters(&self.redirect_uri, &self.parameters)
    }
}

/// What a provider does with a request.
pub(crate) enum Authorization {
    Ask(ConsentView),
    Answer(Return),
}

/// Looks at a request. One with a foreign client or redirect URI, or with a state that nobody began with, goes nowhere.
pub(crate) fn open(
    call: &mut Call<'_>,
    provider: SocialProvider,
    request: Request,
) -> Outcome<Authorization> {
    let client_id = settings::client_id(&call.world, provider)?;
    if request.client_id != client_id {
        return Err(invalid_request("There is no such client.").into());
    }
    if request.redirect_uri != call.addresses(provider).redirect {
        return Err(invalid_request("The client has another redirect URI.").into());
    }
    flow::find(&call.world, provider, &request.state)?;
    let extras = match provider {
        SocialProvider::Apple => Some(apple::read(&request)?),
        _ => None,
    };
    let is_challenge = |text: &String| text.len() == 43 && is_unreserved(text);
    let error = match (&request.challenge, request.challenge_method.as_deref()) {
        _ if !gives(provider, &request.response_types()) => Some("unsupported_response_type"),
        (Some(challenge), Some("S256")) if is_challenge(challenge) => None,
        (None, None) if !provider.is_pkce_required() => None,
        _ => Some("invalid_request"),
    };
    let consent = Consent {
        provider,
        redirect_uri: request.redirect_uri,
        state: request.state,
        challenge: request.challenge,
        extras,
        expires_at: call.world.now.after(PAGE_LIFETIME),
    };
    if let Some(error) = error {
        let leads_to = consent.leads_to(&call.world)?;
        return Ok(Authorization::Answer(consent.into_return(("error", error.to_owned()), leads_to)));
    }
    make_room(&mut call.world)?;
    let ticket = random::nonce(&mut call.world.tx)?;
    CONSENTS.put(&mut call.world.tx, &key_of(&ticket), &consent)?;
    Ok(Authorization::Ask(consent.view(&call.world, ticket, None)?))
}

fn gives(provider: SocialProvider, response_types: &[&str]) -> bool {
    match response_types {
        ["code"] => true,
        ["code", "id_token"] => provider == SocialProvider::Apple,
        _ => false,
    }
}

/// What somebody answered.
#[derive(Deserialize)]
pub(crate) struct Decision {
    ticket: String,
    decision: String,
    #[serde(default)]
    account: String,
}

/// Takes somebody's answer, once. A name that is none is asked for again.
pub(crate) fn decide(
    call: &mut Call<'_>,
    provider: SocialProvider,
    decision: &Decision,
) -> Outcome<Authorization> {
    let world = &mut call.world;
    let key = key_of(&decision.ticket);
    let consent = CONSENTS.get(&world.tx, &key)?;
    let consent = consent.filter(|it| it.provider == provider && it.expires_at > world.now);
    let consent = consent.ok_or_else(|| invalid_request("This page is no longer valid."))?;
    let leads_to = consent.leads_to(world)?;
    let mut beside = Vec::new();
    let answer = match decision.decision.as_str() {
        "continue" => match account::chosen(world, provider, &decision.account)? {
            Some(account) => {
                let code = give_code(world, &consent, account.clone())?;
                if let Some(extras) = &consent.extras {
                    beside = apple::answer(call, extras, &account, &code)?;
                }
                ("code", code)
            }
            None => {
                let problem = "Enter a name or an email address.";
                return Ok(Authorization::Ask(consent.view(
                    world,
                    decision.ticket.clone(),
                    Some(problem),
                )?));
            }
        },
        "refuse" => ("error", provider.refusal().to_owned()),
        _ => return Err(invalid_request("An answer is either continue or refuse.").into()),
    };
    CONSENTS.delete(&mut call.world.tx, &key);
    let mut answer = consent.into_return(answer, leads_to);
    answer.parameters.extend(beside);
    Ok(Authorization::Answer(answer))
}

fn give_code(world: &mut World<'_>, consent: &Consent, account: SocialAccount) -> Result<String, StoreError> {
    let code = random::nonce(&mut world.tx)?;
    let given = Code {
        provider: consent.provider,
        account,
        challenge: consent.challenge.clone(),
        extras: consent.extras.clone(),
        state: consent.state.clone(),
        redirect_uri: consent.redirect_uri.clone(),
        expires_at: world.now.after(CODE_LIFETIME),
    };
    CODES.put(&mut world.tx, &key_of(&code), &given)?;
    Ok(code)
}

/// The code, if it was given for all this and is not too old.
pub(crate) fn find_code(
    world: &World<'_>,
    provider: SocialProvider,
    state: &str,
    redirect_uri: &str,
    code: &str,
) -> Outcome<Code> {
    let found = CODES.get(&world.tx, &key_of(code))?;
    let found = found.filter(|it| {
        it.provider == provider
            && it.state == state
            && it.redirect_uri == redirect_uri
            && it.expires_at > world.now
    });
    found.ok_or_else(|| invalid_code().into())
}

pub(crate) fn delete_code(world: &mut World<'_>, code: &str) {
    CODES.delete(&mut world.tx, &key_of(code));
}

fn make_room(world: &mut World<'_>) -> Result<(), StoreError> {
    for (key, code) in CODES.list(&world.tx, "")? {
        if code.expires_at <= world.now {
            CODES.delete(&mut world.tx, &key);
        }
    }
    let (mut valid, expired): (Vec<_>, Vec<_>) =
        CONSENTS.list(&world.tx, "")?.into_iter().partition(|(_, it)| it.expires_at > world.now);
    valid.sort_by_key(|(_, consent)| consent.expires_at);
    let superfluous = (valid.len() + 1).saturating_sub(CAPACITY);
    for (key, _) in expired.into_iter().chain(valid.into_iter().take(superfluous)) {
        CONSENTS.delete(&mut world.tx, &key);
    }
    Ok(())
}

impl Consent {
    fn view(
        &self,
        world: &World<'_>,
        ticket: String,
        problem: Option<&'static str>,
    ) -> Result<ConsentView, StoreError> {
        Ok(ConsentView {
            provider: self.provider,
            provider_name: self.provider.title(),
            app_name: display_name(&world.tx)?,
            ticket,
            accounts: account::offered(world, self.provider)?,
            problem,
            leads_to: self.leads_to(world)?,
            is_isolated: settings::is_isolated(&world.tx, self.provider)?,
        })
    }

    fn leads_to(&self, world: &World<'_>) -> Result<Option<String>, StoreError> {
        let flow = FLOWS.get(&world.tx, &key_of(&self.state))?;
        let origin = flow.and_then(|flow| Origin::of(flow.redirect_url.as_deref()?));
        Ok(origin.map(|origin| origin.as_str().to_owned()))
    }

    fn into_return(self, answer: (&'static str, String), leads_to: Option<String>) -> Return {
        Return {
            redirect_uri: self.redirect_uri,
            parameters: vec![answer, ("state", self.state)],
            is_form_post: self.extras.is_some_and(|extras| extras.is_form_post),
            leads_to,
        }
    }
}

/// No such code, or one that was used, is too old, or was given for something else.
pub(crate) fn invalid_code() -> Refusal {
    Refusal::unprocessable("invalid_oauth_code", "That code is not valid.")
}

pub(crate) fn invalid_request(sentence: &str) -> Refusal {
    Refusal::new(400, "invalid_request", sentence)
}

#[cfg(test)]
impl Code {
    pub(crate) fn for_test(
        provider: SocialProvider,
        account: SocialAccount,
        challenge: Option<&str>,
    ) -> Self {
        Self {
            provider,
            account,
            challenge: challenge.map(str::to_owned),
            extras: None,
            state: String::new(),
            redirect_uri: String::new(),
            expires_at: Timestamp::from_secs(0),
        }
    }
}
