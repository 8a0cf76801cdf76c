//! One call: what the client adds to it, and what it learns from the answer.

use std::time::Duration;

use futures_util::future::{Either, select};

use super::{CachedSettings, Event, Inner, StepUpClient, elevated::Purpose};
use crate::{
    LocalFuture,
    endpoint::{Auth, Call, Endpoint, GetNonces, GetSettings, Settings},
    error::{Result, StepUpError},
    keychain::random_alphanumeric,
    refusal::refusal,
    secret::SessionToken,
    session::Epoch,
    transport::{HttpRequest, HttpResponse},
};

/// How long the environment's settings are believed.
const SETTINGS_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// What this client calls itself, and the version of the API that it speaks (`docs/PROTOCOL.md`, "Headers").
const CLIENT_VERSION: &str = concat!("YewStepUp/", env!("CARGO_PKG_VERSION"));
const API_VERSION: &str = "API/0.0.1125";

impl StepUpClient {
    /// Sends a call of the protocol in `epoch`, and reads its answer.
    pub(crate) async fn run<E: Endpoint>(&self, epoch: Epoch, endpoint: &E) -> Result<E::Output> {
        endpoint.parse(&self.perform(epoch, endpoint.call()).await?)
    }

    /// Sends a call of the session's user.
    #[cfg(feature = "mfa")]
    pub(crate) fn run_in_session<E: Endpoint + 'static>(
        &self,
        endpoint: E,
    ) -> LocalFuture<'static, Result<E::Output>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            client.run(epoch, &endpoint).await
        })
    }

    /// The part of [`run`](Self::run) that is the same for every call, once in the program.
    fn perform(&self, epoch: Epoch, call: Call) -> LocalFuture<'static, Result<Vec<u8>>> {
        let client = self.clone();
        Box::pin(async move {
            let inner = &client.inner;
            inner.require(epoch)?;
            let bearer = match call.auth {
                Auth::Never => None,
                Auth::Optional => inner.current.borrow().token.clone(),
                Auth::Required => {
                    inner.signed_in_epoch()?;
                    inner.current.borrow().token.clone()
                }
            };
            let purpose = match call.auth {
                Auth::Optional | Auth::Required if inner.signed_in_epoch().is_ok() => Purpose::Session,
                _ => Purpose::Anybody,
            };
            let request = client.prepare(bearer, &call).await?;
            inner.require(epoch)?;
            let carries = call.guard.as_ref().filter(|_| call.carries_token);
            let answer =
                inner.exchange_elevated(epoch, request, purpose, carries, call.guard.as_ref()).await?;
            Ok(answer.body)
        })
    }

    /// The request of a call for whoever holds `bearer`, whatever the session of now is.
    pub(super) async fn prepare(&self, bearer: Option<SessionToken>, call: &Call) -> Result<HttpRequest> {
        let settings = self.settings().await?;
        let mut request = HttpRequest::new(call.method, self.inner.config.environment_url(&call.path));
        request.body.clone_from(&call.body);
        if call.is_device_signed && !settings.uses_cookies {
            request = self.sign_nonce(request).await?;
        }
        self.address(request, bearer, settings).await
    }

    /// Adds what says who asks, and with which client.
    pub(super) async fn address(
        &self,
        request: HttpRequest,
        bearer: Option<SessionToken>,
        settings: Settings,
    ) -> Result<HttpRequest> {
        let session_key = self.inner.platform.keychain.session_key().await?;
        let request = self.inner.label(request)?.header("x-dyn-session-public-key", session_key.as_hex());
        Ok(authorize(request, bearer, settings))
    }

    /// The environment's settings, fetched when they are unknown or five minutes old.
    pub(super) async fn settings(&self) -> Result<Settings> {
        let inner = &self.inner;
        let now = inner.platform.clock.now();
        let known =
            inner.settings.borrow().as_ref().map(|cached| (cached.settings.clone(), cached.fetched_at));
        if let Some((settings, fetched_at)) = &known
            && now.since(*fetched_at) < SETTINGS_LIFETIME
        {
            return Ok(settings.clone());
        }
        match (self.fetch(&GetSettings).await, known) {
            (Ok(settings), _) => {
                inner.settings.replace(Some(CachedSettings { settings: settings.clone(), fetched_at: now }));
                Ok(settings)
            }
            // Old settings are better than a call that fails for want of new ones.
            (Err(_), Some((settings, _))) => Ok(settings),
            (Err(error), None) => Err(error),
        }
    }

    /// Signs a nonce with the device key, where no cookie says which device this is.
    async fn sign_nonce(&self, request: HttpRequest) -> Result<HttpRequest> {
        let nonce = self.take_nonce().await?;
        let keychain = &self.inner.platform.keychain;
        let (key, signature) = keychain.sign_with_device_key(nonce.clone().into_bytes()).await?;
        Ok(request
            .header("x-dynamic-device-nonce", nonce)
            .header("x-dynamic-device-publickey", key.as_hex())
            .header("x-dynamic-device-signed-nonce", signature.as_hex()))
    }

    async fn take_nonce(&self) -> Result<String> {
        let inner = &self.inner;
        let now = inner.platform.clock.now();
        if let Some(nonce) = inner.nonces.borrow_mut().take(now) {
            return Ok(nonce);
        }
        let nonces = self.fetch(&GetNonces).await?;
        inner.nonces.borrow_mut().add(nonces, now);
        let expected = "at least one nonce";
        inner.nonces.borrow_mut().take(now).ok_or(StepUpError::Decode { expected, line: 0, column: 0 })
    }

    /// Sends a call that is the same for everybody.
    async fn fetch<E: Endpoint>(&self, endpoint: &E) -> Result<E::Output> {
        let inner = &self.inner;
        let call = endpoint.call();
        let request = inner.label(HttpRequest::new(call.method, inner.config.environment_url(&call.path)))?;
        let response = inner.exchange(request).await?;
        if !response.is_success() {
            return Err(refusal(&response, &[], inner.clock.now()));
        }
        endpoint.parse(&response.body)
    }
}

impl Inner {
    /// Adds what every request says about this client.
    fn label(&self, mut request: HttpRequest) -> Result<HttpRequest> {
        let keychain = &*self.platform.keychain;
        let instance_id = match self.instance_id.get() {
            Some(id) => id.clone(),
            None => {
                let id = random_alphanumeric(keychain, 32)?;
                self.instance_id.get_or_init(|| id).clone()
            }
        };
        if !request.headers.iter().any(|(name, _)| name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        Ok(request
            .header("x-dyn-version", CLIENT_VERSION)
            .header("x-dyn-api-version", API_VERSION)
            .header("x-dynamic-platform", "web")
            .header("x-dyn-request-id", random_alphanumeric(keychain, 50)?)
            .header("x-dyn-session-id", instance_id))
    }

    /// Sends a request to the service, and learns its time.
    pub(super) async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse> {
        let result = self.exchange_anywhere(request).await;
        if let Some(date) = result.as_ref().ok().and_then(|response| response.header("date")) {
            self.clock.learn_from_date(date);
        }
        result
    }

    /// Sends a request, waits no longer than the limit, and tells the listeners. Whoever answers, it need not be the
    /// server whose tokens are held, so its time says nothing.
    pub(super) async fn exchange_anywhere(&self, request: HttpRequest) -> Result<HttpResponse> {
        let started = self.platform.clock.now();
        let (method, path) = (request.method, request.path().to_owned());
        let answer = self.platform.transport.send(request);
        let limit = self.platform.timer.sleep(self.config.timeout());
        let result = match select(answer, limit).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Err(StepUpError::TimedOut),
        };
        let outcome = result.as_ref().map(|response| response.status).map_err(Clone::clone);
        let took = self.platform.clock.now().since(started);
        self.listeners.emit(&Event::Request { method, path, outcome, took });
        result
    }
}

/// Adds the session: its token, unless the app set one itself, or its cookies.
pub(super) fn authorize(
    mut request: HttpRequest,
    bearer: Option<SessionToken>,
    settings: Settings,
) -> HttpRequest {
    request.with_cookies = settings.uses_cookies;
    let is_set = request.headers.iter().any(|(name, _)| name == "authorization");
    match bearer {
        Some(token) if !is_set => request.header("authorization", format!("Bearer {}", token.expose())),
        _ => request,
    }
}
