//! Signing in and out, and renewing the session.

use std::rc::Rc;

use super::StepUpClient;
use crate::{
    LocalFuture,
    endpoint::{EmailCreate, EmailRetry, EmailSignIn, Endpoint, GetUser, Refresh, Revoke},
    error::{Result, StepUpError},
    refusal::refusal,
    secret::SessionToken,
    session::SessionClaims,
    types::{OtpVerification, User, VerificationType, VerifyResponse},
};

impl StepUpClient {
    /// Sends a sign-in code to an email address.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](StepUpError::RateLimited), [`CaptchaRequired`](StepUpError::CaptchaRequired), and those of every
    /// request: [`Network`](StepUpError::Network), [`TimedOut`](StepUpError::TimedOut), [`Api`](StepUpError::Api),
    /// [`Decode`](StepUpError::Decode).
    pub fn send_sign_in_code(&self, email: &str) -> LocalFuture<'static, Result<OtpVerification>> {
        let (client, email) = (self.clone(), email.trim().to_owned());
        Box::pin(async move {
            let uuid = client.run(client.inner.epoch(), &EmailCreate { email: &email }).await?;
            Ok(sent(uuid, email))
        })
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
        let (client, last) = (self.clone(), verification.clone());
        Box::pin(async move {
            let retry = EmailRetry { email: &last.destination, verification_uuid: &last.uuid };
            let uuid = client.run(client.inner.epoch(), &retry).await?;
            Ok(OtpVerification { uuid, ..last })
        })
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
        let (client, verification, code) = (self.clone(), verification.clone(), clean_code(code));
        Box::pin(async move {
            let code = code?;
            let inner = &client.inner;
            let epoch = inner.epoch();
            let session_key = inner.platform.keychain.session_key().await?;
            let answer = client
                .run(
                    epoch,
                    &EmailSignIn {
                        verification_uuid: &verification.uuid,
                        code: &code,
                        session_public_key: session_key.as_hex(),
                    },
                )
                .await?;
            let uses_cookies = client.settings().await?.uses_cookies;
            inner.require(epoch)?;
            client.open_session(answer, uses_cookies)
        })
    }

    pub(super) fn open_session(&self, answer: VerifyResponse, uses_cookies: bool) -> Result<Rc<User>> {
        let token = answer.session_token.filter(|token| !token.expose().is_empty());
        if token.is_none() && !uses_cookies {
            return Err(StepUpError::Decode { expected: "a session token", line: 0, column: 0 });
        }
        if let Some(issued_at) = SessionClaims::of(token.as_ref()).iat {
            self.inner.clock.learn_from_token(issued_at);
        }
        let user = Rc::new(answer.user);
        let expires_at = answer.expires_at;
        self.inner.begin_epoch(Some((token, Rc::clone(&user), expires_at)));
        Ok(user)
    }

    /// Takes over a session that was opened elsewhere, by the app's own backend for example, once the service says whose it
    /// is. Whoever was signed in is signed out on this client.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](StepUpError::NotSignedIn) where the service does not take the token, or somebody signed in or out
    /// meanwhile; those of every request. Then whoever was signed in still is.
    pub fn adopt_session(&self, token: SessionToken) -> LocalFuture<'static, Result<Rc<User>>> {
        let client = self.clone();
        Box::pin(async move {
            let inner = &client.inner;
            let epoch = inner.epoch();
            let request = client.prepare(Some(token.clone()), &GetUser.call()).await?;
            let response = inner.exchange(request).await?;
            inner.require(epoch)?;
            if !response.is_success() {
                return Err(refusal(&response, &[], client.now()));
            }
            let user = Rc::new(GetUser.parse(&response.body)?);
            let expires_at = SessionClaims::of(Some(&token)).exp;
            inner.begin_epoch(Some((Some(token), Rc::clone(&user), expires_at)));
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
            client.inner.continue_session(None, Rc::clone(&user), None);
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
        let client = self.clone();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let answer = client.run(epoch, &Refresh).await?;
            client.inner.accept_verification(answer, &[]).map(|verified| verified.user)
        })
    }

    /// Signs out. On this client it is done at once, with everything that was held; then the server is told.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](StepUpError::NotSignedIn) where nobody was. Those of every request where the server could not be
    /// told: this client is signed out all the same, and the session ends on the server when it expires.
    pub fn sign_out(&self) -> LocalFuture<'static, Result<()>> {
        let client = self.clone();
        let token = client.inner.signed_in_epoch().map(|_| {
            let token = client.inner.current.borrow().token.clone();
            client.inner.begin_epoch(None);
            token
        });
        Box::pin(async move {
            let request = client.prepare(token?, &Revoke.call()).await?;
            let response = client.inner.exchange(request).await?;
            if response.is_success() { Ok(()) } else { Err(refusal(&response, &[], client.now())) }
        })
    }
}

fn sent(uuid: String, email: String) -> OtpVerification {
    OtpVerification {
        verification_type: VerificationType::Email,
        destination: email,
        uuid,
        credential_id: None,
    }
}

/// A code as it is sent: what people and mail programs put between the digits is taken out. An empty one is wrong
/// without costing a try.
pub(super) fn clean_code(code: &str) -> Result<String> {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if code.is_empty() { Err(StepUpError::InvalidCode { attempts_left: None }) } else { Ok(code) }
}
