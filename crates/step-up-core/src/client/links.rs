//! Unlinking credentials (`docs/PROTOCOL.md`, "Links").

use std::rc::Rc;

use super::StepUpClient;
use crate::{
    LocalFuture,
    endpoint::Unlink,
    error::{Result, StepUpError},
    types::{CredentialFormat, CredentialId, User},
};

impl StepUpClient {
    /// Unlinks a credential of the signed-in user, and gives the user without it. It is guarded by `credential:unlink`: step
    /// up for the scope first, and the elevated token goes with the call.
    ///
    /// # Errors
    ///
    /// [`CredentialNotFound`](StepUpError::CredentialNotFound); [`NotElevated`](StepUpError::NotElevated) without an
    /// elevation for `credential:unlink`; [`NotSignedIn`](StepUpError::NotSignedIn),
    /// [`SubjectMismatch`](StepUpError::SubjectMismatch), and those of every request.
    pub fn unlink_credential(&self, credential: &CredentialId) -> LocalFuture<'static, Result<Rc<User>>> {
        let (client, id) = (self.clone(), credential.clone());
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let user = client.user().ok_or(StepUpError::NotSignedIn)?;
            let Some(credential) = user.credential(&id) else {
                return Err(StepUpError::CredentialNotFound(id));
            };
            let is_wallet = credential.format == CredentialFormat::Blockchain;
            let answer = client.run(epoch, &Unlink { credential: &id, is_wallet }).await?;
            client.inner.accept_verification(answer, &[]).map(|verified| verified.user)
        })
    }
}
