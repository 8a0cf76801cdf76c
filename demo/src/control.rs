//! The sandbox's control API. In the page and on a server it is the same: requests through the transport.

use std::rc::Rc;

use serde::Deserialize;
use serde_json::{Value, json};
use yew_step_up::{ExternalJwt, HttpRequest, Result, StepUpError, Timestamp, TokenScope, Transport};

use crate::{backend::DemoClock, identity_provider::IdentityProvider};

/// The sandbox's control API.
#[derive(Clone)]
pub(crate) struct Control {
    transport: Rc<dyn Transport>,
    origin: String,
    clock: DemoClock,
    identity: Rc<IdentityProvider>,
}

impl PartialEq for Control {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.transport, &other.transport)
    }
}

/// A message that the sandbox sent.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Message {
    pub(crate) to: String,
    pub(crate) code: String,
    /// As a date with time, RFC 3339.
    #[serde(rename = "sentAt", default)]
    pub(crate) sent_at: String,
}

/// A request that the sandbox answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LoggedRequest {
    pub(crate) id: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
}

#[derive(Deserialize)]
struct Logged {
    requests: Vec<LoggedRequest>,
}

#[derive(Deserialize)]
struct Now {
    now: i64,
}

#[derive(Deserialize)]
struct Solved {
    #[serde(rename = "captchaToken")]
    token: String,
}

/// How the environment is set, as far as the panel sets it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Environment {
    pub(crate) is_step_up_on: bool,
    pub(crate) wants_captcha: bool,
    pub(crate) uses_cookies: bool,
    pub(crate) trusts_identity_provider: bool,
}

impl Control {
    pub(crate) fn new(
        transport: Rc<dyn Transport>,
        origin: String,
        clock: DemoClock,
        identity: IdentityProvider,
    ) -> Self {
        Self { transport, origin, clock, identity: Rc::new(identity) }
    }

    /// The messages, newest first.
    pub(crate) async fn inbox(&self) -> Result<Vec<Message>> {
        self.call(HttpRequest::get(self.url("/sandbox/inbox"))).await
    }

    /// What was asked of the sandbox, oldest first.
    pub(crate) async fn requests(&self) -> Result<Vec<LoggedRequest>> {
        let logged: Logged = self.call(HttpRequest::get(self.url("/sandbox/requests"))).await?;
        Ok(logged.requests)
    }

    /// Moves the sandbox's clock, and the client's with it.
    pub(crate) async fn advance(&self, secs: i64) -> Result<()> {
        let request =
            HttpRequest::post(self.url("/sandbox/clock")).json(&json!({ "advanceSeconds": secs }))?;
        self.follow(self.call(request).await?);
        Ok(())
    }

    /// Has the client's clock follow the sandbox's, which a reload does not turn back.
    pub(crate) async fn synchronise(&self) -> Result<()> {
        self.follow(self.call(HttpRequest::get(self.url("/sandbox/clock"))).await?);
        Ok(())
    }

    fn follow(&self, clock: Now) {
        self.clock.set(Timestamp::from_millis(clock.now));
    }

    /// The next request to this path fails.
    pub(crate) async fn add_fault(&self, path: &str, kind: &str) -> Result<()> {
        let fault = match kind {
            "status" => {
                json!({ "path": path, "kind": kind, "status": 500, "body": { "error": "The server is broken." } })
            }
            "delay" => json!({ "path": path, "kind": kind, "millis": 5_000 }),
            _ => json!({ "path": path, "kind": kind }),
        };
        let _: Value = self.call(HttpRequest::post(self.url("/sandbox/faults")).json(&fault)?).await?;
        Ok(())
    }

    /// What the environment is set to.
    pub(crate) async fn settings(&self) -> Result<Environment> {
        let settings: Value = self.call(HttpRequest::get(self.url("/sandbox/settings"))).await?;
        let security = &settings["security"];
        Ok(Environment {
            is_step_up_on: settings["sdk"]["minApiVersion"] == ON,
            wants_captcha: security["captcha"]["enabled"] == true,
            uses_cookies: security["auth"]["storage"] == json!(["cookie"]),
            trusts_identity_provider: security["externalAuth"]["enabled"] == true,
        })
    }

    /// Sets the environment. What is not among these is as in a new one.
    pub(crate) async fn set(&self, environment: Environment) -> Result<()> {
        let Environment { is_step_up_on, wants_captcha, uses_cookies, trusts_identity_provider } =
            environment;
        let mut security =
            json!({ "auth": { "storage": [if uses_cookies { "cookie" } else { "localstorage" }] } });
        if wants_captcha {
            security["captcha"] =
                json!({ "enabled": true, "provider": "cloudflareTurnstile", "siteKey": "sandbox" });
        }
        if trusts_identity_provider {
            security["externalAuth"] = self.identity.settings();
        }
        let settings = json!({
            "sdk": { "minApiVersion": if is_step_up_on { ON } else { OFF } },
            "security": security,
        });
        let _: Value = self.call(HttpRequest::put(self.url("/sandbox/settings")).json(&settings)?).await?;
        Ok(())
    }

    /// Has the environment take the word of the app's own identity provider, and gives its word about this user.
    pub(crate) async fn introduce(&self, subject: &str) -> Result<ExternalJwt> {
        let environment = self.settings().await?;
        if !environment.trusts_identity_provider {
            self.set(Environment { trusts_identity_provider: true, ..environment }).await?;
        }
        self.identity.vouch(subject, &[])
    }

    /// The word of the app's own identity provider, that this user may do what the scopes say. In an app this is a call to
    /// its backend, which asks the user for whatever it deems enough.
    pub(crate) fn vouch(&self, subject: &str, scopes: &[TokenScope]) -> Result<ExternalJwt> {
        self.identity.vouch(subject, scopes)
    }

    /// A captcha's answer, good once.
    pub(crate) async fn solve_captcha(&self) -> Result<String> {
        let solved: Solved =
            self.call(HttpRequest::post(self.url("/sandbox/captcha")).json(&json!({}))?).await?;
        Ok(solved.token)
    }

    /// Forgets everybody.
    pub(crate) async fn reset(&self) -> Result<()> {
        let _: Value = self.call(HttpRequest::post(self.url("/sandbox/reset")).json(&json!({}))?).await?;
        self.synchronise().await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    async fn call<T: for<'de> Deserialize<'de>>(&self, request: HttpRequest) -> Result<T> {
        let response = self.transport.send(request).await?;
        if response.is_success() {
            return response.json();
        }
        let message =
            response.json::<Value>()?["error"].as_str().unwrap_or("The sandbox refused.").to_owned();
        Err(StepUpError::InvalidConfig { why: message })
    }
}

/// The versions that turn step-up on and off.
const ON: &str = "2026_04_01";
const OFF: &str = "2026_01_01";
