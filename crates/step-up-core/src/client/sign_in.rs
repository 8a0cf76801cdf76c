//! Signing in and out, and renewing the session.

use std::rc::Rc;

use super::{
    Event, StepUpClient, codes::clean_code, dispatch::Outgoing, stored::Ended, verified::user_of,
    waiting::Answer,
};
use crate::{
    LocalFuture,
    clock::Timestamp,
    endpoint::{Endpoint, GetUser, Refresh, Revoke, SignInWithCode},
    error::{Result, StepUpError},
    secret::{CaptchaToken, SessionToken},
    session::SessionClaims,
    types::{OtpAddress, OtpVerification, User, VerifyResponse},
};

impl StepUpClient {
    /// Sends a sign-in code to an email address or a [`PhoneNumber`](crate::PhoneNumber).
    ///
    /// # Errors
    ///
    /// [`RateLimited`](StepUpError::RateLimited), [`CaptchaRequired`](StepUpError::CaptchaRequired), and those of every
    /// request: [`Network`](StepUpError::Network), [`TimedOut`](StepUpError::TimedOut), [`Api`](StepUpError::Api),
    /// [`Decode`](StepUpError::Decode).
    pub fn send_sign_in_code(
        &self,
        address: impl Into<OtpAddress>,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        self.send_code(Some(self.inner.sign_in_epoch()), address.into(), None, None)
    }

    /// [`send_sign_in_code`](Self::send_sign_in_code) with a captcha's answer, after
    /// [`CaptchaRequired`](StepUpError::CaptchaRequired).
    ///
    /// # Errors
    ///
    /// As for [`send_sign_in_code`](Self::send_sign_in_code); [`CaptchaRequired`](StepUpError::CaptchaRequired) where the
    /// service does not take the captcha's answer.
    pub fn send_sign_in_code_with_captcha(
        &self,
        address: impl Into<OtpAddress>,
        captcha: CaptchaToken,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        self.send_code(Some(self.inner.sign_in_epoch()), address.into(), None, Some(captcha))
    }

    /// Sends a new sign-in code in place of the last one.
    ///
    /// # Errors
    ///
    /// As for [`send_sign_in_code`](Self::send_sign_in_code), and
    /// [`UnknownVerification`](StepUpError::UnknownVerification).
    pub fn resend_sign_in_code(
        &self,
        verification: &OtpVerification,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        self.resend_code(Some(self.inner.sign_in_epoch()), verification.clone())
    }

    /// Signs in with the code of [`send_sign_in_code`](Self::send_sign_in_code). Whoever was signed in is signed out on
    /// this client.
    ///
    /// # Errors
    ///
    /// [`InvalidCode`](StepUpError::InvalidCode), [`CodeExpired`](StepUpError::CodeExpired),
    /// [`TooManyAttempts`](StepUpError::TooManyAttempts), [`UnknownVerification`](StepUpError::UnknownVerification);
    /// [`NotSignedIn`](StepUpError::NotSignedIn) where somebody signed in or out meanwhile; those of every request.
    pub fn sign_in_with_otp(
        &self,
        verification: &OtpVerification,
        code: &str,
    ) -> LocalFuture<'static, Result<Rc<User>>> {
        let call = clean_code(code).map(|code| SignInWithCode { verification, code: &code }.call());
        self.sign_in_by::<SignInWithCode<'_>>(None, call)
    }

    /// Opens the session that a sign-in brought, which was asked for at `asked_at` by this device's clock.
    pub(super) fn open_session(
        &self,
        answer: VerifyResponse,
        asked_at: Timestamp,
        uses_cookies: bool,
    ) -> Result<Rc<User>> {
        let token = answer.session_token.filter(|token| !token.expose().is_empty());
        if token.is_none() && !uses_cookies {
            return Err(StepUpError::Decode { expected: "a session token", line: 0, column: 0 });
        }
        let issued = SessionClaims::of(token.as_ref()).iat.map(|issued_at| (issued_at, asked_at));
        let user = Rc::new(answer.user);
        let session = (token, Rc::clone(&user), answer.expires_at);
        let epoch = self.inner.begin_epoch_issued(Some(session), issued);
        self.inner.require_session(epoch)?;
        Ok(user)
    }

    /// Takes over a session that was opened elsewhere, by the app's own backend for example, once the service says whose it
    /// is. Whoever was signed in is signed out on this client.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](StepUpError::NotSignedIn) if the service does not take the token, if the session has expired, or if a
    /// user signed in or out meanwhile; those of every request. Then the current session stays.
    pub fn adopt_session(&self, token: SessionToken) -> LocalFuture<'static, Result<Rc<User>>> {
        let client = self.clone();
        Box::pin(async move {
            let inner = &client.inner;
            let epoch = inner.epoch();
            let asked = client.dispatch(Outgoing::For(Some(token.clone()), None, GetUser.call()));
            let user = Rc::new(Answer::new(asked, GetUser::parse).await?);
            inner.require(epoch)?;
            let expires_at = SessionClaims::of(Some(&token)).exp;
            if inner.is_over(expires_at) {
                return Err(StepUpError::NotSignedIn);
            }
            let epoch = inner.begin_epoch(Some((Some(token), Rc::clone(&user), expires_at)));
            inner.require_session(epoch)?;
            Ok(user)
        })
    }

    /// Gets the user anew, with what was linked or unlinked elsewhere.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](StepUpError::NotSignedIn), [`SubjectMismatch`](StepUpError::SubjectMismatch), and those of every
    /// request.
    pub fn refresh_user(&self) -> LocalFuture<'static, Result<Rc<User>>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let user = Rc::new(client.run(epoch, &GetUser).await?);
            if client.user().is_none_or(|known| known.id != user.id) {
                return Err(StepUpError::SubjectMismatch);
            }
            let inner = &client.inner;
            inner.take_up_stored();
            inner.require_session(epoch)?;
            inner.continue_session(None, Rc::clone(&user), None);
            inner.save();
            inner.listeners.emit(&Event::SessionChanged);
            inner.require_session(epoch)?;
            Ok(user)
        })
    }

    /// Renews the session before it expires. What is held stays held.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](StepUpError::NotSignedIn), [`SubjectMismatch`](StepUpError::SubjectMismatch), and those of every
    /// request.
    pub fn refresh(&self) -> LocalFuture<'static, Result<Rc<User>>> {
        user_of(self.verify(&Refresh, &[]))
    }

    /// Signs out. On this client it is done at once, with everything that was held; then the server is told.
    ///
    /// It ends the session that this client shows. If another tab has put another session in the store since, that one
    /// stays, and becomes the current one.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](StepUpError::NotSignedIn) if no user was signed in, and if a user signs in before the server was told in an
    /// environment with cookies. Those of every request where the server could not be told: this client is signed out all the
    /// same, and the session ends on the server when it expires.
    pub fn sign_out(&self) -> LocalFuture<'static, Result<()>> {
        let client = self.clone();
        let ended = client.inner.end_shown_session();
        Box::pin(async move {
            let Ended { token, epoch, is_replaced } = ended?;
            if is_replaced && token.is_none() {
                // The cookie is that of the session in its place.
                return Ok(());
            }
            // Without a token the session is in a cookie, which the next sign-in replaces.
            let limit = if token.is_none() { Some(epoch) } else { None };
            match client.dispatch(Outgoing::For(token, limit, Revoke.call())).await {
                Err(StepUpError::NotSignedIn) if is_replaced => Ok(()),
                revoked => revoked.map(drop),
            }
        })
    }
}
