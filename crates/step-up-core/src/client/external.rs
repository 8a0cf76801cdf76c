//! Assertions of an external identity provider (`docs/PROTOCOL.md`, "External sign-in").

use std::rc::Rc;

use super::{StepUpClient, Verified};
use crate::{
    LocalFuture,
    endpoint::{Endpoint as _, ExternalSignIn, ExternalVerify},
    error::Result,
    json::from_json,
    jwt,
    secret::ExternalJwt,
    types::{TokenScope, User},
};

impl StepUpClient {
    /// Signs in with an assertion of the environment's external identity provider. Whoever was signed in is signed out on
    /// this client.
    ///
    /// # Errors
    ///
    /// [`InvalidExternalAuth`](crate::StepUpError::InvalidExternalAuth) where the service does not take the assertion;
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn) where somebody signed in or out meanwhile; those of every request.
    pub fn sign_in_with_external_jwt(
        &self,
        assertion: &ExternalJwt,
    ) -> LocalFuture<'static, Result<Rc<User>>> {
        self.sign_in_by::<ExternalSignIn<'_>>(None, Ok(ExternalSignIn { assertion }.call()))
    }

    /// Verifies the signed-in user with an assertion of the environment's external identity provider, and holds the
    /// elevated token for the scopes that the assertion names. The provider makes it for this one verification: its `jti`
    /// is good once.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::StepUpError::Decode) where the assertion is no JWT;
    /// [`InvalidExternalAuth`](crate::StepUpError::InvalidExternalAuth) where the service does not take it;
    /// [`NotElevated`](crate::StepUpError::NotElevated) where it brought no valid token for every scope that it names, or
    /// names none; [`SubjectMismatch`](crate::StepUpError::SubjectMismatch) where the token is somebody else's;
    /// [`MfaRequired`](crate::StepUpError::MfaRequired); [`NotSignedIn`](crate::StepUpError::NotSignedIn), also where the
    /// user signed out meanwhile; those of every request.
    pub fn verify_with_external_jwt(
        &self,
        assertion: &ExternalJwt,
    ) -> LocalFuture<'static, Result<Verified>> {
        let (client, assertion) = (self.clone(), assertion.clone());
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let scopes = scopes(&assertion)?;
            let token = client.run(epoch, &ExternalVerify { assertion: &assertion }).await?;
            client.inner.accept_elevation(token, &scopes)
        })
    }
}

/// The scopes that an assertion names (`scope`, [RFC 8693 §4.2](https://www.rfc-editor.org/rfc/rfc8693#section-4.2)).
fn scopes(assertion: &ExternalJwt) -> Result<Vec<TokenScope>> {
    #[derive(Default)]
    struct Claims {
        scope: String,
    }
    from_json!(Claims { scope = "scope" or default, });
    let claims: Claims = jwt::claims(assertion.expose(), "an external provider's assertion")?;
    Ok(TokenScope::parse_list(&claims.scope))
}
