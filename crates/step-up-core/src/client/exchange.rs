//! One call: what the client adds to it, and what it learns from the answer.

use std::{rc::Rc, time::Duration};

use futures_util::future::{Either, select};

use super::{CachedSettings, Event, Inner, StepUpClient, Verified, elevated::Purpose};
use crate::{
    LocalFuture,
    endpoint::{Auth, Call, Endpoint, GetNonces, GetSettings, Settings},
    error::{Result, StepUpError},
    keychain::random_alphanumeric,
    refusal::refusal,
    secret::SessionToken,
    session::Epoch,
    transport::{HttpRequest, HttpResponse},
    types::{TokenScope, User, VerifyResponse},
};

/// How long the environment's settings are believed.
const SETTINGS_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// What this client calls itself, and the version of the API that it speaks (`docs/PROTOCOL.md`, "Headers").
const CLIENT_VERSION: &str = concat!("YewStepUp/", env!("CARGO_PKG_VERSION"));
const API_VERSION: &str = "API/0.0.1125";

impl StepUpClient {
    /// Sends a call of the protocol in `epoch`, and reads its answer.
    pub(crate) async fn run<E: Endpoint>(&self, epoch: Epoch, endpoint: &E) -> Result<E::Output> {
        E::parse(&self.perform(epoch, endpoint.call()).await?)
    }

    /// Sends a call of the session's user.
    #[cfg(any(feature = "mfa", feature = "passkey"))]
    pub(crate) fn run_in_session<E: Endpoint<Output: 'static>>(
        &self,
        endpoint: &E,
    ) -> LocalFuture<'static, Result<E::Output>> {
        self.ask_in_session(endpoint.call(), E::parse)
    }

    /// The part of [`run_in_session`](Self::run_in_session) that is the same for every call with this kind of answer.
    #[cfg(any(feature = "mfa", feature = "passkey"))]
    fn ask_in_session<T: 'static>(
        &self,
        call: Call,
        parse: fn(&[u8]) -> Result<T>,
    ) -> LocalFuture<'static, Result<T>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            parse(&client.perform(epoch, call).await?)
        })
    }

    /// Sends a call that verifies the session's user or renews their session, and takes up the answer.
    pub(crate) fn verify<E: Endpoint<Output = VerifyResponse>>(
        &self,
        endpoint: &E,
        scopes: &[TokenScope],
    ) -> LocalFuture<'static, Result<Verified>> {
        self.verify_by::<E>(Ok(endpoint.call()), scopes)
    }

    /// The same with a call that may have been impossible to make.
    pub(super) fn verify_by<E: Endpoint<Output = VerifyResponse>>(
        &self,
        call: Result<Call>,
        scopes: &[TokenScope],
    ) -> LocalFuture<'static, Result<Verified>> {
        self.verify_with(None, call, E::parse, scopes.to_vec())
    }

    /// The same for who was signed in at `epoch`.
    #[cfg(any(feature = "passkey", feature = "social", feature = "wallet"))]
    pub(super) fn verify_in<E: Endpoint<Output = VerifyResponse>>(
        &self,
        epoch: Epoch,
        endpoint: &E,
        scopes: &[TokenScope],
    ) -> LocalFuture<'static, Result<Verified>> {
        self.verify_with(Some(epoch), Ok(endpoint.call()), E::parse, scopes.to_vec())
    }

    /// What most methods end with, once in the program. Without an epoch it is the one in which the future is first
    /// polled.
    fn verify_with(
        &self,
        epoch: Option<Epoch>,
        call: Result<Call>,
        parse: fn(&[u8]) -> Result<VerifyResponse>,
        scopes: Vec<TokenScope>,
    ) -> LocalFuture<'static, Result<Verified>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = match epoch {
                Some(epoch) => epoch,
                None => client.inner.signed_in_epoch()?,
            };
            let answer = parse(&client.perform(epoch, call?).await?)?;
            client.inner.accept_verification(answer, &scopes)
        })
    }

    /// Sends the call that signs somebody in, made with the session's public key, and opens their session.
    pub(super) fn sign_in_by<E: Endpoint<Output = VerifyResponse>>(
        &self,
        epoch: Epoch,
        call: impl FnOnce(&str) -> Call + 'static,
    ) -> LocalFuture<'static, Result<Rc<User>>> {
        self.sign_in_with(epoch, Box::new(call), E::parse)
    }

    fn sign_in_with(
        &self,
        epoch: Epoch,
        call: Box<dyn FnOnce(&str) -> Call>,
        parse: fn(&[u8]) -> Result<VerifyResponse>,
    ) -> LocalFuture<'static, Result<Rc<User>>> {
        let client = self.clone();
        Box::pin(async move {
            let session_key = client.inner.platform.keychain.session_key().await?;
            let answer = parse(&client.perform(epoch, call(session_key.as_hex())).await?)?;
            client.finish_sign_in(epoch, answer).await
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
        self.address(request, bearer, &settings).await
    }

    /// Adds what says who asks, and with which client.
    pub(super) async fn address(
        &self,
        request: HttpRequest,
        bearer: Option<SessionToken>,
        settings: &Settings,
    ) -> Result<HttpRequest> {
        let session_key = self.inner.platform.keychain.session_key().await?;
        let request = self.inner.label(request)?.header("x-dyn-session-public-key", session_key.as_hex());
        Ok(authorize(request, bearer, settings))
    }

    /// The environment's settings, fetched when they are unknown or five minutes old.
    pub(super) async fn settings(&self) -> Result<Rc<Settings>> {
        let inner = &self.inner;
        let now = inner.platform.clock.now();
        let known =
            inner.settings.borrow().as_ref().map(|cached| (Rc::clone(&cached.settings), cached.fetched_at));
        if let Some((settings, fetched_at)) = &known
            && now.since(*fetched_at) < SETTINGS_LIFETIME
        {
            return Ok(Rc::clone(settings));
        }
        match (self.fetch(&GetSettings).await, known) {
            (Ok(settings), _) => {
                let settings = Rc::new(settings);
                inner
                    .settings
                    .replace(Some(CachedSettings { settings: Rc::clone(&settings), fetched_at: now }));
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

    pub(super) async fn take_nonce(&self) -> Result<String> {
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
        E::parse(&response.body)
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
    settings: &Settings,
) -> HttpRequest {
    request.with_cookies = settings.uses_cookies;
    let is_set = request.headers.iter().any(|(name, _)| name == "authorization");
    match bearer {
        Some(token) if !is_set => request.header("authorization", format!("Bearer {}", token.expose())),
        _ => request,
    }
}
