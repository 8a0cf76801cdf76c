//! Asking for consent in a page of the app, where no server has the providers' own pages.
//!
//! The page may be in a window of its own, with the sandbox in its opener. So what it asks and what it hears are values
//! that travel, and nothing else of the sandbox is within its reach.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use step_up_core::HttpRequest;

use super::InPage;
use crate::{routes::BASE_PATH, social::address::PROVIDER_PATH};

/// What a consent page asks of the sandbox.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ConsentQuestion {
    /// What the page has to show.
    #[serde(rename_all = "camelCase")]
    Open {
        /// The provider's name, the last segment of the page's route.
        provider: String,
        /// The query of the page's address, with or without its `?`.
        query: String,
    },
    /// What comes of somebody's answer.
    #[serde(rename_all = "camelCase")]
    Decide {
        /// As for [`Open`](Self::Open).
        provider: String,
        /// Of [`ConsentForm`].
        ticket: String,
        /// Who they are at the provider: a name or an email address.
        account: String,
        /// Whether they consent.
        is_granted: bool,
    },
}

/// What a consent page is to do.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ConsentAnswer {
    /// Ask.
    Ask(ConsentForm),
    /// Go to this address, in place of this page.
    Leave(String),
    /// Tell the page that waits, and close.
    #[serde(rename_all = "camelCase")]
    Tell {
        /// What it waits for (`docs/PROTOCOL.md`, "Social accounts").
        message: Value,
        /// The only origin that may hear it.
        target_origin: Option<String>,
    },
    /// Say why this does not work.
    Refuse(String),
}

/// What a consent page shows.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConsentForm {
    /// The provider's name for people.
    pub provider_name: String,
    /// The app's name for people.
    pub app_name: String,
    /// What proves that an answer comes from this page.
    pub ticket: String,
    /// Accounts to choose from; any other name is an account too.
    pub accounts: Vec<ConsentAccount>,
    /// What was wrong with the last answer.
    pub problem: Option<String>,
}

/// An account at a provider.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConsentAccount {
    /// What its owner calls themselves.
    pub username: String,
    /// The address that the provider knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl ConsentQuestion {
    /// [`Open`](Self::Open) for this provider and query.
    #[must_use]
    pub fn open(provider: &str, query: &str) -> Self {
        Self::Open { provider: provider.to_owned(), query: query.to_owned() }
    }

    /// [`Decide`](Self::Decide) for this provider.
    #[must_use]
    pub fn decide(provider: &str, ticket: &str, account: &str, is_granted: bool) -> Self {
        let [provider, ticket, account] = [provider, ticket, account].map(str::to_owned);
        Self::Decide { provider, ticket, account, is_granted }
    }
}

impl ConsentAccount {
    /// What to enter for it.
    #[must_use]
    pub fn label(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.username)
    }
}

impl InPage {
    /// Answers a consent page.
    pub fn consent(&self, question: &ConsentQuestion) -> ConsentAnswer {
        let (provider, request) = match question {
            ConsentQuestion::Open { provider, query } => {
                let query = query.trim_start_matches('?');
                (provider, HttpRequest::get(format!("{}?{query}", page_path(provider))))
            }
            ConsentQuestion::Decide { provider, ticket, account, is_granted } => {
                let decision = if *is_granted { "continue" } else { "refuse" };
                let body = json!({ "ticket": ticket, "account": account, "decision": decision });
                let mut request = HttpRequest::post(page_path(provider));
                request.body = Some(body.to_string().into_bytes());
                (provider, request)
            }
        };
        match self.consent_call(&request) {
            // The provider's answer, which the service takes from here.
            ConsentAnswer::Leave(url) => {
                let query = url.split_once('?').map_or("", |(_, query)| query);
                let environment = self.inner.sandbox.borrow().environment_id().to_owned();
                let path = format!("{BASE_PATH}/sdk/{environment}/providers/{provider}/redirect?{query}");
                self.consent_call(&HttpRequest::get(path))
            }
            answer => answer,
        }
    }

    fn consent_call(&self, request: &HttpRequest) -> ConsentAnswer {
        let response = self.call(request);
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        if let Some(url) = text("redirectTo") {
            return ConsentAnswer::Leave(url);
        }
        if body["message"].is_object() {
            let target_origin = text("targetOrigin");
            return ConsentAnswer::Tell { message: body["message"].clone(), target_origin };
        }
        let sentence = text("error").unwrap_or_else(|| "The sandbox did not answer.".to_owned());
        serde_json::from_value(body).map_or(ConsentAnswer::Refuse(sentence), ConsentAnswer::Ask)
    }
}

/// A name that is no segment leads nowhere.
fn page_path(provider: &str) -> String {
    let segment = if provider.bytes().all(|byte| byte.is_ascii_alphanumeric()) { provider } else { "-" };
    format!("{PROVIDER_PATH}/{segment}/authorize")
}
