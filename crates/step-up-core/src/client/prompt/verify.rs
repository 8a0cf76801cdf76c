//! What the user does in a prompt: sending and typing codes, starting what is no code.

// A build without some of the methods has no use for what only they need.
#![cfg_attr(
    not(all(feature = "mfa", feature = "otp", feature = "passkey", feature = "social", feature = "wallet")),
    allow(dead_code, unused_imports, unused_variables)
)]

use std::future::pending;

use futures_util::{FutureExt as _, future::abortable};

use super::Prompt;
use crate::{
    LocalFuture,
    client::Verified,
    error::{Result, StepUpError},
    prompt::{PromptMethod, PromptMethodKind, PromptScreen},
    secret::CaptchaToken,
    state::Action,
    tracker::StepUpTracker,
    types::{OtpVerification, TokenScope},
};

impl Prompt {
    /// Sends a code to the chosen email address or phone number, in place of the one before. Send the first one when the
    /// screen that asks for it appears, the others from a button.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::send_otp`](crate::StepUpClient::send_otp); the prompt shows them and goes on.
    pub fn send(&self) -> LocalFuture<'static, Result<OtpVerification>> {
        self.send_code(None)
    }

    /// Sends the code that waits for a captcha, with the captcha's answer.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn submit_captcha_token(&self, token: &str) -> LocalFuture<'static, Result<OtpVerification>> {
        self.send_code(Some(CaptchaToken::new(token)))
    }

    fn send_code(&self, captcha: Option<CaptchaToken>) -> LocalFuture<'static, Result<OtpVerification>> {
        let Some(step) = self.step() else { return over() };
        let client = &self.client;
        let sending = match (&step.method, captcha) {
            #[cfg(feature = "otp")]
            (Some(method), captcha) if method.kind.is_sent() => Ok(match (captcha, &step.sent) {
                (Some(captcha), _) => client.send_otp_with_captcha(method.credential(), captcha),
                (None, Some(sent)) => client.resend_otp(sent),
                (None, None) => client.send_otp(method.credential()),
            }),
            _ => Err(StepUpError::NoOtpCredential),
        };
        step.tracker.track(sending, |sent| Action::OtpSent(sent.clone()))
    }

    /// Verifies the user with the code that was sent, or with one of their authenticator app, or with a recovery code:
    /// whichever is chosen.
    ///
    /// # Errors
    ///
    /// [`OtpNotSent`](StepUpError::OtpNotSent) where none was sent yet, and those of the method. After
    /// [`InvalidCode`](StepUpError::InvalidCode) and most others the prompt goes on.
    pub fn submit_code(&self, code: &str) -> LocalFuture<'static, Result<Verified>> {
        let Some(step) = self.step() else { return over() };
        let (client, scopes) = (&self.client, step.scopes.as_slice());
        let verify = match step.method.as_ref().map(|method| (method.kind, method)) {
            #[cfg(feature = "otp")]
            Some((PromptMethodKind::Email | PromptMethodKind::Sms, _)) => match &step.sent {
                Some(sent) => Ok(client.verify_otp(sent, code, scopes)),
                None => Err(StepUpError::OtpNotSent),
            },
            #[cfg(feature = "mfa")]
            Some((PromptMethodKind::Totp, method)) => {
                Ok(client.verify_totp(code, method.device(), scopes, step.wants_mfa_token))
            }
            #[cfg(feature = "mfa")]
            Some((PromptMethodKind::RecoveryCode, _)) => {
                Ok(client.verify_recovery(code, scopes, step.wants_mfa_token))
            }
            _ => Err(no_such_method("takes a code")),
        };
        self.verify(&step, verify)
    }

    /// Starts a passkey, a wallet or a social account, whichever is chosen. Call it in the user's click: a wallet and a
    /// provider's popup need one, and some browsers' passkeys do.
    ///
    /// # Errors
    ///
    /// Those of the method. After [`PopupClosed`](StepUpError::PopupClosed) and [`Redirecting`](StepUpError::Redirecting)
    /// the prompt is over; after others it goes on.
    pub fn start(&self) -> LocalFuture<'static, Result<Verified>> {
        let Some(step) = self.step() else { return over() };
        let (wait, attempt) = abortable(pending::<()>());
        let cancelled = wait.map(drop);
        let before = self
            .client
            .inner
            .prompts()
            .borrow_mut()
            .drawn(self.id)
            .and_then(|drawn| drawn.attempt.replace(attempt));
        if let Some(before) = before {
            before.abort();
        }
        let (client, scopes) = (&self.client, step.scopes.as_slice());
        let verify = match step.method.as_ref().map(|method| (method.kind, method)) {
            #[cfg(feature = "passkey")]
            Some((PromptMethodKind::Passkey, _)) => {
                Ok(client.verify_passkey(scopes, step.wants_mfa_token, Box::pin(cancelled)))
            }
            #[cfg(feature = "wallet")]
            Some((PromptMethodKind::Wallet, method)) => {
                let verify = client.verify_wallet(method.credential(), scopes);
                Ok(unless(cancelled, verify))
            }
            #[cfg(feature = "social")]
            Some((PromptMethodKind::Social, method)) => match &method.provider {
                Some(provider) => {
                    let options = crate::social::SocialOptions::new().with_scopes(scopes);
                    Ok(client.verify_social(provider, options.with_cancellation(cancelled)))
                }
                None => Err(no_such_method("has a provider")),
            },
            _ => Err(no_such_method("is started")),
        };
        self.verify(&step, verify)
    }

    fn verify(
        &self,
        step: &Step,
        verify: Result<LocalFuture<'static, Result<Verified>>>,
    ) -> LocalFuture<'static, Result<Verified>> {
        let (client, id) = (self.client.clone(), self.id);
        let epoch = client.inner.epoch();
        let concluded = verify.map(|verify| -> LocalFuture<'static, Result<Verified>> {
            Box::pin(async move {
                let result = verify.await;
                client.conclude_prompt(id, &result);
                result
            })
        });
        let (client, tracked) = (self.client.clone(), step.tracker.track(concluded, |_| Action::Verified));
        Box::pin(async move {
            let verified = tracked.await?;
            // The prompter was told, and may have signed the user out.
            client.inner.require_session(epoch)?;
            Ok(verified)
        })
    }

    /// Where the prompt stands as the user does something. From now on it asks for nothing else.
    fn step(&self) -> Option<Step> {
        self.client.inner.end_if_expired();
        let prompts = &mut *self.client.inner.prompts().borrow_mut();
        prompts.queue.begin(self.id);
        let drawn = prompts.drawn.as_ref().filter(|drawn| drawn.id == self.id)?;
        let front = prompts.queue.front().filter(|front| front.id == self.id)?;
        let method = match &drawn.offer.screen {
            PromptScreen::Verify(method) => Some(method.clone()),
            _ => None,
        };
        let sent = drawn.tracker.state().otp_verification.clone();
        Some(Step {
            tracker: drawn.tracker.clone(),
            method,
            scopes: front.scopes.clone(),
            wants_mfa_token: front.wants_mfa_token(),
            sent,
        })
    }
}

struct Step {
    tracker: StepUpTracker,
    method: Option<PromptMethod>,
    scopes: Vec<TokenScope>,
    wants_mfa_token: bool,
    sent: Option<OtpVerification>,
}

fn over<T: 'static>() -> LocalFuture<'static, Result<T>> {
    Box::pin(async { Err(StepUpError::Cancelled) })
}

fn no_such_method(what: &str) -> StepUpError {
    StepUpError::UnsupportedTarget { why: format!("no method that {what} is chosen in this prompt") }
}

#[cfg(feature = "wallet")]
fn unless(
    cancelled: impl Future<Output = ()> + 'static,
    verify: LocalFuture<'static, Result<Verified>>,
) -> LocalFuture<'static, Result<Verified>> {
    Box::pin(async move {
        match futures_util::future::select(std::pin::pin!(cancelled), verify).await {
            futures_util::future::Either::Left(_) => Err(StepUpError::Cancelled),
            futures_util::future::Either::Right((result, _)) => result,
        }
    })
}
