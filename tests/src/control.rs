//! The sandbox's control API, over HTTP.

use serde_json::{Value, json};

use crate::{
    SandboxServer,
    wait::{LIMIT, until},
};

/// Asks the sandbox server what happened, and tells it what to do.
pub struct Control {
    origin: String,
    http: reqwest::Client,
}

impl Control {
    /// The control API of this server.
    #[must_use]
    pub fn of(server: &SandboxServer) -> Self {
        Self { origin: server.origin().to_owned(), http: reqwest::Client::new() }
    }

    /// The code that was sent last to this address.
    ///
    /// # Panics
    ///
    /// Where none was.
    pub async fn code(&self, address: &str) -> String {
        let inbox =
            self.get(&format!("/sandbox/inbox?to={}", address.replace('@', "%40").replace('+', "%2B"))).await;
        let code = inbox[0]["code"].as_str().map(str::to_owned);
        code.unwrap_or_else(|| panic!("no code was sent to {address}: {inbox}"))
    }

    /// The code that was sent last to this address, once it is another than `old`.
    ///
    /// # Panics
    ///
    /// If none comes.
    pub async fn code_after(&self, address: &str, old: &str) -> String {
        let code = until(LIMIT, async || match self.code(address).await {
            code if code == old => Err(format!("the last code sent to {address} is still {old}")),
            code => Ok(code),
        });
        code.await.unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// The next requests whose path ends like this fail.
    pub async fn fault(&self, path: &str, times: u32, kind: &str, more: Value) {
        let mut fault = json!({ "path": path, "times": times, "kind": kind });
        if let (Some(fault), Value::Object(more)) = (fault.as_object_mut(), more) {
            fault.extend(more);
        }
        self.post("/sandbox/faults", &fault).await;
    }

    /// Whatever fault still waits is cancelled.
    pub async fn cancel_faults(&self) {
        self.answer(self.http.delete(format!("{}/sandbox/faults", self.origin))).await;
    }

    /// Moves the sandbox's clock.
    pub async fn advance(&self, seconds: i64) {
        self.post("/sandbox/clock", &json!({ "advanceSeconds": seconds })).await;
    }

    /// The requests whose path ends like this, oldest first, as the server's log has them.
    pub async fn requests(&self, path: &str) -> Vec<Value> {
        let log = self.get("/sandbox/requests").await;
        let all = log["requests"].as_array().cloned();
        let all = all.unwrap_or_else(|| panic!("the log lists no requests: {log}"));
        let is_meant =
            |request: &Value| request["path"].as_str().is_some_and(|logged| logged.ends_with(path));
        all.into_iter().filter(is_meant).collect()
    }

    /// Asks.
    ///
    /// # Panics
    ///
    /// Where the server does not answer with JSON and success.
    pub async fn get(&self, path: &str) -> Value {
        self.answer(self.http.get(format!("{}{path}", self.origin))).await
    }

    /// Tells.
    ///
    /// # Panics
    ///
    /// Where the server does not answer with JSON and success.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.answer(self.http.post(format!("{}{path}", self.origin)).json(body)).await
    }

    /// Replaces.
    ///
    /// # Panics
    ///
    /// Where the server does not answer with JSON and success.
    pub async fn put(&self, path: &str, body: &Value) -> Value {
        self.answer(self.http.put(format!("{}{path}", self.origin)).json(body)).await
    }

    /// A call of the protocol itself, with this session's token.
    pub(crate) async fn call_api(&self, method: &str, path: &str, token: &str, body: &Value) -> Value {
        let url = format!("{}/api/v0/sdk/{}/{path}", self.origin, SandboxServer::ENVIRONMENT_ID);
        let request = match method {
            "GET" => self.http.get(url),
            "PUT" => self.http.put(url).json(body),
            _ => self.http.post(url).json(body),
        };
        self.answer(request.bearer_auth(token)).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Value {
        let response =
            request.send().await.unwrap_or_else(|error| panic!("the sandbox does not answer: {error}"));
        let (status, url) = (response.status(), response.url().clone());
        let body = response.text().await.unwrap_or_else(|error| panic!("{url} answered half: {error}"));
        assert!(status.is_success(), "{url} answered {status}: {body}");
        if body.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{url} answered no JSON ({error}): {body}"))
    }
}
