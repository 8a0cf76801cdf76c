//! Unlinking credentials (`docs/PROTOCOL.md`, "Links").

use std::rc::Rc;

use super::{StepUpClient, verified::user_of};
use crate::{
    LocalFuture,
    endpoint::{Call, Endpoint as _, Unlink},
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
        user_of(self.verify_by::<Unlink<'_>>(self.unlink(credential), &[]))
    }

    fn unlink(&self, id: &CredentialId) -> Result<Call> {
        let user = self.user().ok_or(StepUpError::NotSignedIn)?;
        let credential = user.credential(id).ok_or_else(|| StepUpError::CredentialNotFound(id.clone()))?;
        let is_wallet = credential.format == CredentialFormat::Blockchain;
        Ok(Unlink { credential: id, is_wallet }.call())
    }
}
