//! The calls of the protocol: sending one, reading its answer, and what most of them end with.

use std::{rc::Rc, time::Duration};

use super::{
    CachedSettings, StepUpClient, Verified,
    dispatch::Outgoing,
    waiting::{Answer, Until},
};
use crate::{
    LocalFuture,
    clock::Timestamp,
    endpoint::{Call, Endpoint, GetNonces, GetSettings, Settings},
    error::{Result, StepUpError},
    session::Epoch,
    types::{TokenScope, User, VerifyResponse},
};

/// How long the environment's settings are believed.
const SETTINGS_LIFETIME: Duration = Duration::from_secs(5 * 60);

impl StepUpClient {
    /// Sends a call of the protocol in `epoch`, and reads its answer.
    pub(crate) fn run<E: Endpoint>(&self, epoch: Epoch, endpoint: &E) -> Answer<E::Output> {
        self.answer(Some(epoch), Ok(endpoint.call()), E::parse)
    }

    /// Sends a call of the session's user.
    #[cfg(any(feature = "mfa", feature = "passkey"))]
    pub(crate) fn run_in_session<E: Endpoint<Output: 'static>>(
        &self,
        endpoint: &E,
    ) -> LocalFuture<'static, Result<E::Output>> {
        Box::pin(self.answer(None, Ok(endpoint.call()), E::parse))
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
        self.step_up(None, call, E::parse, scopes, None)
    }

    /// The same for who was signed in at `epoch`.
    #[cfg(any(feature = "passkey", feature = "social", feature = "wallet"))]
    pub(super) fn verify_in<E: Endpoint<Output = VerifyResponse>>(
        &self,
        epoch: Epoch,
        endpoint: &E,
        scopes: &[TokenScope],
    ) -> LocalFuture<'static, Result<Verified>> {
        self.step_up(Some(epoch), Ok(endpoint.call()), E::parse, scopes, None)
    }

    /// What most methods end with, once in the program.
    ///
    /// The service takes a credential that is not the user's as one to link, and refuses that for want of an elevation.
    /// `not_linked` is the error in that case, for a call that is to verify the user and not to link.
    pub(super) fn step_up(
        &self,
        epoch: Option<Epoch>,
        call: Result<Call>,
        parse: fn(&[u8]) -> Result<VerifyResponse>,
        scopes: &[TokenScope],
        not_linked: Option<StepUpError>,
    ) -> LocalFuture<'static, Result<Verified>> {
        let (client, scopes) = (self.clone(), scopes.to_vec());
        let answer = self.answer(epoch, call, parse);
        Box::pin(async move {
            let answer = answer.await.map_err(|error| match not_linked {
                Some(not_linked) if is_of_a_link(&error) => not_linked,
                _ => error,
            })?;
            client.inner.accept_verification(answer, &scopes)
        })
    }

    /// Sends the call that signs somebody in, and opens their session. Without an epoch it is the one in which the future
    /// is first polled.
    pub(super) fn sign_in_by<E: Endpoint<Output = VerifyResponse>>(
        &self,
        epoch: Option<Epoch>,
        call: Result<Call>,
    ) -> LocalFuture<'static, Result<Rc<User>>> {
        self.sign_in_with(epoch, call, E::parse)
    }

    fn sign_in_with(
        &self,
        epoch: Option<Epoch>,
        call: Result<Call>,
        parse: fn(&[u8]) -> Result<VerifyResponse>,
    ) -> LocalFuture<'static, Result<Rc<User>>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = epoch.unwrap_or_else(|| client.inner.epoch());
            let asked_at = client.inner.platform.clock.now();
            let answer = client.answer(Some(epoch), call, parse).await?;
            let uses_cookies = client.settings().await?.uses_cookies;
            client.inner.require(epoch)?;
            client.open_session(answer, asked_at, uses_cookies)
        })
    }

    pub(super) fn answer<T>(
        &self,
        epoch: Option<Epoch>,
        call: Result<Call>,
        parse: fn(&[u8]) -> Result<T>,
    ) -> Answer<T> {
        Answer::new(self.dispatch(Outgoing::Call(epoch, call)), parse)
    }

    /// Sends a call that is the same for everybody.
    fn fetch<E: Endpoint>(&self, endpoint: &E) -> Answer<E::Output> {
        Answer::new(self.dispatch(Outgoing::Common(endpoint.call())), E::parse)
    }

    /// The environment's settings, fetched when they are unknown or five minutes old. Where old ones are known, new ones are
    /// waited for half as long as a call may take, so that the call can still be made with the old ones.
    pub(super) async fn settings(&self) -> Result<Rc<Settings>> {
        let now = self.inner.platform.clock.now();
        let known = self.known_settings();
        let limit = match &known {
            Some((settings, fetched_at)) if now.since(*fetched_at) < SETTINGS_LIFETIME => {
                return Ok(Rc::clone(settings));
            }
            Some(_) => self.inner.config.timeout() / 2,
            None => self.inner.config.timeout(),
        };
        let fetched = Until::timeout(Box::pin(self.fetch(&GetSettings)), self.sleep(limit));
        match fetched.await {
            Ok(settings) => {
                let settings = Rc::new(settings);
                let cached = CachedSettings { settings: Rc::clone(&settings), fetched_at: now };
                self.inner.settings.replace(Some(cached));
                Ok(settings)
            }
            // Old settings are better than a call that fails for want of new ones.
            Err(error) => self.known_settings().map(|(settings, _)| settings).ok_or(error),
        }
    }

    fn known_settings(&self) -> Option<(Rc<Settings>, Timestamp)> {
        let cached = self.inner.settings.borrow();
        cached.as_ref().map(|cached| (Rc::clone(&cached.settings), cached.fetched_at))
    }

    /// A nonce that was not used yet.
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
}

/// Whether the service refused a credential because it is not one of the user's.
fn is_of_a_link(error: &StepUpError) -> bool {
    match error {
        StepUpError::NotElevated(_) => true,
        StepUpError::Api { code, .. } => code.as_deref() == Some("wallet_not_linked"),
        _ => false,
    }
}
