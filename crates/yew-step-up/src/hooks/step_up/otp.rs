//! Step-up with a code that is sent.

use std::cell::RefCell;

use step_up_core::{
    Action, CaptchaToken, CredentialId, LocalFuture, OtpVerification, Result, StepUpError, TokenScope,
    Verified,
};

use super::UseStepUpAuthenticationHandle;

/// Whom the latest code was for, so that it can be sent once a captcha is solved.
pub(super) type Recipient = RefCell<Option<CredentialId>>;

impl UseStepUpAuthenticationHandle {
    /// Sends a code to the hook's credential, else to the first email address or phone number that the user may sign in
    /// with. A call that is made while the same code is being sent, by this or another component, joins it: one code is
    /// sent, and both calls return it.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::send_otp`](step_up_core::StepUpClient::send_otp); the state shows them.
    pub fn send_otp(&self) -> impl Future<Output = Result<OtpVerification>> + use<> {
        self.send_code(self.credential_id.clone())
    }

    /// Sends a code to this credential.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::send_otp`](step_up_core::StepUpClient::send_otp); the state shows them.
    pub fn send_otp_to(
        &self,
        credential: &CredentialId,
    ) -> impl Future<Output = Result<OtpVerification>> + use<> {
        self.send_code(Some(credential.clone()))
    }

    fn send_code(&self, credential: Option<CredentialId>) -> LocalFuture<'static, Result<OtpVerification>> {
        let sending = self.hook.client.send_otp(credential.as_ref());
        self.hook.recipient.replace(credential);
        self.hook.tracker.track(Ok(sending), sent)
    }

    /// Sends the code that waits for a captcha (`captcha_required`), with the captcha's answer.
    ///
    /// # Errors
    ///
    /// [`OtpNotSent`](StepUpError::OtpNotSent) where none waits, and those of
    /// [`StepUpClient::send_otp_with_captcha`](step_up_core::StepUpClient::send_otp_with_captcha); the state shows them.
    pub fn submit_captcha_token(&self, token: &str) -> impl Future<Output = Result<OtpVerification>> + use<> {
        let hook = &self.hook;
        let is_waiting = hook.tracker.state().captcha_required;
        let sending = if is_waiting {
            let recipient = hook.recipient.borrow();
            Ok(hook.client.send_otp_with_captcha(recipient.as_ref(), CaptchaToken::new(token)))
        } else {
            Err(StepUpError::OtpNotSent)
        };
        self.hook.tracker.track(sending, sent)
    }

    /// Sends a new code in place of the last one, also if that one is void ([`void_otp`](step_up_core::StepUpState::void_otp)).
    ///
    /// # Errors
    ///
    /// [`OtpNotSent`](StepUpError::OtpNotSent) if this hook has no code to replace, and those of
    /// [`StepUpClient::resend_otp`](step_up_core::StepUpClient::resend_otp); the state shows them.
    pub fn resend_otp(&self) -> impl Future<Output = Result<OtpVerification>> + use<> {
        let state = self.hook.tracker.state().clone();
        match (state.otp_verification, state.void_otp) {
            // The service need not know a void verification any more: its credential gets another.
            (None, Some(void)) => self.send_code(void.credential_id().cloned()),
            (None, None) => self.hook.tracker.track(Err(StepUpError::OtpNotSent), sent),
            (Some(pending), _) => self.hook.tracker.track(Ok(self.hook.client.resend_otp(&pending)), sent),
        }
    }

    /// Verifies the user with the code that was sent, and holds the elevated token for `scopes`.
    ///
    /// The code is the one that the latest [`send_otp`](Self::send_otp) of this hook sent, also where that was after
    /// this render.
    ///
    /// # Errors
    ///
    /// [`OtpNotSent`](StepUpError::OtpNotSent), and those of [`StepUpClient::verify_otp`](step_up_core::StepUpClient::verify_otp); the state shows them.
    pub fn verify_otp(
        &self,
        code: &str,
        scopes: &[TokenScope],
    ) -> impl Future<Output = Result<Verified>> + use<> {
        let verify = self.pending().map(|pending| self.hook.client.verify_otp(&pending, code, scopes));
        self.hook.tracker.track(verify, |_| Action::Verified)
    }

    /// The code that waits now, whatever this render shows.
    fn pending(&self) -> Result<OtpVerification> {
        self.hook.tracker.state().otp_verification.clone().ok_or(StepUpError::OtpNotSent)
    }
}

fn sent(verification: &OtpVerification) -> Action {
    Action::OtpSent(verification.clone())
}
