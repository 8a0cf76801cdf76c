//! What asks the user for a passkey, which the platform brings.

use crate::{
    LocalFuture,
    error::{Result, StepUpError},
};

/// Makes passkeys and asks for them. In a browser it is `navigator.credentials`.
///
/// Options and answers are JSON texts in the forms of
/// [WebAuthn Level 3 §5.1](https://www.w3.org/TR/webauthn-3/#sctn-parseCreationOptionsFromJSON):
/// `PublicKeyCredentialCreationOptionsJSON` and `RegistrationResponseJSON`, `PublicKeyCredentialRequestOptionsJSON` and
/// `AuthenticationResponseJSON`. An answer proves who the user is, once: it goes to the service and nowhere else.
///
/// Dropping a future ends its ceremony: whatever the user is shown is closed, and no passkey is made or asked for any
/// more. One of this client may be under way at a time; the next one ends it.
///
/// # Errors
///
/// Both ceremonies fail with [`Cancelled`](StepUpError::Cancelled), also where the platform does not tell a refusal from
/// a cancellation; [`TimedOut`](StepUpError::TimedOut); [`UnsupportedTarget`](StepUpError::UnsupportedTarget) where the
/// options ask for what this platform or authenticator cannot do; [`PasskeyNotFound`](StepUpError::PasskeyNotFound) where
/// there is none of those that are asked for and the platform says so;
/// [`PasskeyAlreadyRegistered`](StepUpError::PasskeyAlreadyRegistered) where the authenticator holds one that a new one
/// excludes; [`RelyingPartyMismatch`](StepUpError::RelyingPartyMismatch) where the page's origin may not ask for this
/// relying party; [`Decode`](StepUpError::Decode) where the options are none; else
/// [`PasskeyFailed`](StepUpError::PasskeyFailed).
pub trait PasskeyAuthenticator {
    /// Whether there can be passkeys at all. The service is not asked where there cannot.
    ///
    /// # Errors
    ///
    /// [`UnsupportedTarget`](StepUpError::UnsupportedTarget), with what is missing.
    fn require_support(&self) -> Result<()>;

    /// Makes a passkey.
    fn create(&self, options_json: String) -> LocalFuture<'static, Result<String>>;

    /// Lets the user prove that they hold one of the passkeys.
    fn get(&self, options_json: String) -> LocalFuture<'static, Result<String>>;
}

/// A platform without passkeys.
pub(crate) struct NoPasskeys;

impl PasskeyAuthenticator for NoPasskeys {
    fn require_support(&self) -> Result<()> {
        Err(unsupported())
    }

    fn create(&self, _: String) -> LocalFuture<'static, Result<String>> {
        Box::pin(async { Err(unsupported()) })
    }

    fn get(&self, _: String) -> LocalFuture<'static, Result<String>> {
        Box::pin(async { Err(unsupported()) })
    }
}

fn unsupported() -> StepUpError {
    StepUpError::UnsupportedTarget { why: "this platform has no passkeys".into() }
}
