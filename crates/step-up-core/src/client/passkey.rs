//! Stepping up with a passkey, and making one (`docs/PROTOCOL.md`, "Passkeys").

use std::{
    cell::RefCell,
    future::{pending, poll_fn},
    rc::Rc,
    task::{Poll, Waker},
    time::Duration,
};

use super::{Event, StepUpClient, Verified, waiting::Until};
use crate::{
    LocalFuture,
    challenge::Challenge,
    endpoint::{
        PasskeyCreationOptions, PasskeyRegister, PasskeyRequestOptions, PasskeyVerify, assertion,
        registration,
    },
    error::{Result, StepUpError},
    json::Json,
    session::Epoch,
    types::TokenScope,
};

impl StepUpClient {
    /// Whether this platform has passkeys at all. It says nothing of what the user has registered.
    #[must_use]
    pub fn is_passkey_supported(&self) -> bool {
        self.inner.platform.passkeys.require_support().is_ok()
    }

    /// Verifies the user with one of their passkeys, and holds the elevated token for `scopes`. The authenticator has to
    /// verify its user, by a PIN or a fingerprint, say.
    ///
    /// Dropping the future closes what the user is shown. It also closes where the session ends, and after the time that
    /// the service gives, else five minutes.
    ///
    /// # Errors
    ///
    /// [`PasskeyNotFound`](StepUpError::PasskeyNotFound), [`Cancelled`](StepUpError::Cancelled),
    /// [`TimedOut`](StepUpError::TimedOut), [`RelyingPartyMismatch`](StepUpError::RelyingPartyMismatch),
    /// [`PasskeyFailed`](StepUpError::PasskeyFailed), [`UnsupportedTarget`](StepUpError::UnsupportedTarget);
    /// [`NotElevated`](StepUpError::NotElevated) where the answer brought no valid token for every scope;
    /// [`SubjectMismatch`](StepUpError::SubjectMismatch) where it was about somebody else;
    /// [`NotSignedIn`](StepUpError::NotSignedIn), also where the user signed out meanwhile; those of every request.
    pub fn verify_passkey_mfa(&self, scopes: &[TokenScope]) -> LocalFuture<'static, Result<Verified>> {
        self.verify_passkey_mfa_unless(scopes, Box::pin(pending()))
    }

    /// [`verify_passkey_mfa`](Self::verify_passkey_mfa), unless `cancelled` is done before the user has answered: then
    /// what they are shown is closed, and the error is [`Cancelled`](StepUpError::Cancelled). An answer that is on its way
    /// to the service is not held back, since it proves the user once and no more.
    ///
    /// # Errors
    ///
    /// As for [`verify_passkey_mfa`](Self::verify_passkey_mfa).
    pub fn verify_passkey_mfa_unless(
        &self,
        scopes: &[TokenScope],
        cancelled: LocalFuture<'static, ()>,
    ) -> LocalFuture<'static, Result<Verified>> {
        self.verify_passkey(scopes, false, cancelled)
    }

    pub(super) fn verify_passkey(
        &self,
        scopes: &[TokenScope],
        wants_mfa_token: bool,
        cancelled: LocalFuture<'static, ()>,
    ) -> LocalFuture<'static, Result<Verified>> {
        let (client, scopes) = (self.clone(), scopes.to_vec());
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let assertion = Until::cancelled_first(client.assert(epoch), cancelled).await?;
            let call = PasskeyVerify { assertion, scopes: &scopes, wants_mfa_token };
            client.verify_in(epoch, &call, &scopes).await.map_err(of_a_passkey)
        })
    }

    /// Fails if the service would refuse a new passkey: one that it refuses would stay on the user's device.
    async fn require_link_elevation(&self) -> Result<()> {
        let scope = TokenScope::CredentialLink;
        let can_carry = {
            let held = self.inner.elevations.borrow();
            held.can_reserve(&scope, self.inner.clock.now())
        };
        if can_carry {
            return Ok(());
        }
        let check = self.check(&scope).await;
        if check.is_required {
            return Err(check.cause.unwrap_or(StepUpError::NotElevated(Challenge::new(&[scope]))));
        }
        Ok(())
    }

    /// Makes a passkey and registers it.
    pub(crate) fn enrol_passkey(&self) -> LocalFuture<'static, Result<()>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            client.inner.platform.passkeys.require_support()?;
            client.require_link_elevation().await?;
            let asked = client.run(epoch, &PasskeyCreationOptions).await?;
            let ceremony = client.inner.platform.passkeys.create(asked.options);
            let registration = registration(&client.attend(epoch, ceremony, asked.limit).await?)?;
            let done = client.verify_in(epoch, &PasskeyRegister { registration }, &[]).await;
            done.map(drop).map_err(of_a_passkey)
        })
    }

    /// Lets the user prove that they hold one of their passkeys.
    fn assert(&self, epoch: Epoch) -> LocalFuture<'static, Result<Json>> {
        let client = self.clone();
        Box::pin(async move {
            client.inner.platform.passkeys.require_support()?;
            let asked = client.run(epoch, &PasskeyRequestOptions).await?;
            let ceremony = client.inner.platform.passkeys.get(asked.options);
            assertion(&client.attend(epoch, ceremony, asked.limit).await?)
        })
    }

    /// Waits for a ceremony: no longer than it may take, and no longer than the session lasts that it is for. Ended early,
    /// it is dropped.
    async fn attend(
        &self,
        epoch: Epoch,
        mut ceremony: LocalFuture<'static, Result<String>>,
        limit: Duration,
    ) -> Result<String> {
        let inner = &self.inner;
        let mut deadline = inner.platform.timer.sleep(limit);
        let waker = Rc::new(RefCell::new(Waker::noop().clone()));
        let _subscription = self.subscribe({
            let waker = Rc::clone(&waker);
            move |event| {
                if *event == Event::SessionChanged {
                    let waker = waker.borrow().clone();
                    waker.wake();
                }
            }
        });
        poll_fn(move |context| {
            if let Err(ended) = inner.require(epoch) {
                return Poll::Ready(Err(ended));
            }
            if let Poll::Ready(answer) = ceremony.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            if deadline.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(StepUpError::TimedOut));
            }
            waker.replace(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

/// The service has one set of codes for all second factors, and here nobody typed any.
fn of_a_passkey(error: StepUpError) -> StepUpError {
    let why = match error {
        StepUpError::InvalidCode { .. } => "the service did not accept its answer",
        StepUpError::UnknownVerification => "the service no longer waited for its answer; try again",
        other => return other,
    };
    StepUpError::PasskeyFailed { why: why.into() }
}
