//! Step-up with an authenticator app or a recovery code.

use step_up_core::{Action, MfaDeviceId, Result, TokenScope, Verified};

use super::UseStepUpAuthenticationHandle;

impl UseStepUpAuthenticationHandle {
    /// Verifies the user with a code of an authenticator app, and holds the elevated token for `scopes`. Without a device
    /// the server takes the default one, else the latest.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::verify_totp_mfa`](step_up_core::StepUpClient::verify_totp_mfa); the state shows them.
    pub fn verify_totp_mfa(
        &self,
        code: &str,
        device: Option<&MfaDeviceId>,
        scopes: &[TokenScope],
    ) -> impl Future<Output = Result<Verified>> + use<> {
        self.hook
            .tracker
            .track(Ok(self.hook.client.verify_totp_mfa(code, device, scopes)), |_| Action::Verified)
    }

    /// Verifies the user with a recovery code, which is used up by it, and holds the elevated token for `scopes`.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::verify_recovery_code`](step_up_core::StepUpClient::verify_recovery_code); the state shows them.
    pub fn verify_recovery_code(
        &self,
        code: &str,
        scopes: &[TokenScope],
    ) -> impl Future<Output = Result<Verified>> + use<> {
        self.hook.tracker.track(Ok(self.hook.client.verify_recovery_code(code, scopes)), |_| Action::Verified)
    }
}
