//! Answers: JSON, and refusals that say why.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use step_up_core::HttpResponse;

use crate::store::StoreError;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub response: HttpResponse,
    /// What the host is to do with it.
    pub fate: Fate,
}

/// What a host does with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Sends it.
    Send,
    /// Loses it: the connection breaks without an answer.
    Drop,
    /// Sends it so much later.
    Delay(Duration),
}

/// What a handler returns.
pub(crate) type Outcome<T = HttpResponse> = Result<T, Failure>;

/// Why a handler has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request is refused. What it changed is undone, but for what was kept on purpose: a wrong code counts.
    Refused(Refusal),
    /// The store failed. Nothing is changed.
    Broken(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Broken(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A refusal, on the wire `{"error": sentence, "code": …, "payload"?: …}` (`docs/PROTOCOL.md`, "Errors").
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    sentence: String,
    payload: Option<Value>,
    header: Option<(&'static str, String)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, sentence: impl Into<String>) -> Self {
        Self { status, code, sentence: sentence.into(), payload: None, header: None }
    }

    /// The form is right and the content is not.
    pub(crate) fn unprocessable(code: &'static str, sentence: impl Into<String>) -> Self {
        Self::new(422, code, sentence)
    }

    /// Nobody is signed in.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "unauthorized", "Unauthorized").with_header("www-authenticate", "Bearer")
    }

    /// Whoever was signed in is so no longer, or never was: the token is not valid
    /// ([RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    pub(crate) fn invalid_token() -> Self {
        Self::new(401, "unauthorized", "Unauthorized")
            .with_header("www-authenticate", r#"Bearer error="invalid_token""#)
    }

    /// There is nothing under this path, and the protocol has nothing there either.
    pub(crate) fn not_found() -> Self {
        Self::new(404, "not_found", "There is nothing under this path.")
    }

    /// The protocol has this call and this sandbox does not.
    pub(crate) fn not_implemented(what: &str) -> Self {
        Self::new(501, "not_implemented", format!("This sandbox does not have {what} yet."))
    }

    /// Too often; `wait` seconds from now it may work again.
    pub(crate) fn rate_limited(wait: u64) -> Self {
        Self::new(429, "rate_limited", "Too many requests.").with_header("retry-after", wait.to_string())
    }

    /// Too many wrong answers of second factors; `wait` seconds from now one is looked at again.
    pub(crate) fn too_many_guesses(wait: u64) -> Self {
        Self::new(429, "mfa_rate_limited", "Too many wrong codes.")
            .with_header("retry-after", wait.to_string())
    }

    /// Too many wrong codes in a row. Waiting does not help: another proof unlocks the factor.
    pub(crate) fn locked() -> Self {
        Self::new(429, "mfa_rate_limited", "Too many wrong codes in a row. Verify in another way first.")
    }

    pub(crate) fn with_payload(mut self, payload: Value) -> Self {
        self.payload = Some(payload);
        self
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }

    /// What it says to people.
    #[cfg(feature = "server")]
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    pub(crate) fn into_response(self) -> HttpResponse {
        let mut body = json!({ "error": self.sentence, "code": self.code });
        if let Some(payload) = self.payload {
            body["payload"] = payload;
        }
        let response = json_response(self.status, &body);
        match self.header {
            Some((name, value)) => response.with_header(name, value),
            None => response,
        }
    }
}

/// An answer of 200 with this JSON.
pub(crate) fn ok<T: Serialize>(body: &T) -> Outcome {
    let body = serde_json::to_string(body)
        .map_err(|_| StoreError::Failed { why: "an answer that is no JSON".into() })?;
    Ok(with_json(200, body))
}

/// An answer of 200 that says no more than that.
pub(crate) fn done() -> Outcome {
    Ok(json_response(200, &json!({})))
}

pub(crate) fn json_response(status: u16, body: &Value) -> HttpResponse {
    with_json(status, body.to_string())
}

fn with_json(status: u16, body: String) -> HttpResponse {
    HttpResponse::new(status, body).with_header("content-type", "application/json")
}
