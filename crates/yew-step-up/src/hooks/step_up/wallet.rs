//! Step-up with a signature of an external wallet.

use step_up_core::{Action, CredentialId, Result, TokenScope, Verified};

use super::UseStepUpAuthenticationHandle;

impl UseStepUpAuthenticationHandle {
    /// Verifies the user with a signature of an external wallet, and holds the elevated token for `scopes`. The account is
    /// that of the given credential, else of the hook's, else the first that a connected wallet shows. Start it from a
    /// button: wallets ask the user.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::verify_wallet`](step_up_core::StepUpClient::verify_wallet); the state shows them.
    pub fn verify_wallet(
        &self,
        credential: Option<&CredentialId>,
        scopes: &[TokenScope],
    ) -> impl Future<Output = Result<Verified>> + use<> {
        let credential = credential.or(self.credential_id.as_ref());
        let verify = self.hook.client.verify_wallet(credential, scopes);
        self.hook.tracker.track(Ok(verify), |_| Action::Verified)
    }
}
