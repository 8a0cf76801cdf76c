//! Step-up with a passkey.

use step_up_core::{Action, Result, TokenScope, Verified};

use super::UseStepUpAuthenticationHandle;

impl UseStepUpAuthenticationHandle {
    /// Verifies the user with one of their passkeys, and holds the elevated token for `scopes`. Call it from a button: some
    /// browsers ask for a passkey only then.
    ///
    /// What the user is shown is closed when the future is dropped, and when the component that called the hook is
    /// unmounted: then the error is [`Cancelled`](step_up_core::StepUpError::Cancelled). An answer that is on its way to the
    /// service by then is taken up all the same.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::verify_passkey_mfa`](step_up_core::StepUpClient::verify_passkey_mfa); the state shows them.
    pub fn verify_passkey_mfa(
        &self,
        scopes: &[TokenScope],
    ) -> impl Future<Output = Result<Verified>> + use<> {
        let unmounted = self.hook.unmount.wait();
        let verify = self.hook.client.verify_passkey_mfa_unless(scopes, unmounted);
        self.hook.tracker.track(Ok(verify), |_| Action::Verified)
    }
}
