//! The sandbox's control API. In the page and on a server it is the same: requests through the transport.

use std::rc::Rc;

use serde::Deserialize;
use serde_json::{Value, json};
use yew_step_up::{HttpRequest, Result, StepUpError, Timestamp, Transport};

use crate::backend::DemoClock;

/// The sandbox's control API.
#[derive(Clone)]
pub(crate) struct Control {
    transport: Rc<dyn Transport>,
    origin: String,
    clock: DemoClock,
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

#[derive(Deserialize)]
struct Now {
    now: i64,
}

#[derive(Deserialize)]
struct Solved {
    token: String,
}

impl Control {
    pub(crate) fn new(transport: Rc<dyn Transport>, origin: String, clock: DemoClock) -> Self {
        Self { transport, origin, clock }
    }

    /// The messages, newest first.
    pub(crate) async fn inbox(&self) -> Result<Vec<Message>> {
        self.call(HttpRequest::get(self.url("/sandbox/inbox"))).await
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

    /// Whether the environment asks for step-up.
    pub(crate) async fn is_step_up_on(&self) -> Result<bool> {
        let settings: Value = self.call(HttpRequest::get(self.url("/sandbox/settings"))).await?;
        Ok(settings["sdk"]["minApiVersion"] == ON)
    }

    /// Turns step-up on or off for the environment.
    pub(crate) async fn set_step_up(&self, is_on: bool) -> Result<()> {
        let settings = json!({ "sdk": { "minApiVersion": if is_on { ON } else { OFF } } });
        let _: Value = self.call(HttpRequest::put(self.url("/sandbox/settings")).json(&settings)?).await?;
        Ok(())
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
