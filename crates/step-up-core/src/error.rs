//! What can go wrong, as one flat enum that user interfaces match on.
//!
//! Errors carry no platform types and no secrets, and compare, so that a state that holds one compares too.

mod clone;

use std::time::Duration;

use crate::{
    challenge::Challenge,
    transport::HttpResponse,
    types::{CredentialFormat, CredentialId, Provider, TokenScope},
};

/// What went wrong. `Display` is a sentence for people.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepUpError {
    /// The user cancelled.
    #[error("Cancelled.")]
    Cancelled,
    /// The code is wrong.
    #[error("That code is not right.{}", tries(*.attempts_left))]
    InvalidCode {
        /// Tries left before the code is void, if the server reported them. With `Some(0)` it is void.
        attempts_left: Option<u32>,
    },
    /// The code is too old, was used, or was replaced by a newer one.
    #[error("That code is no longer valid. Ask for a new one.")]
    CodeExpired,
    /// The server knows no such verification of this user: it was sent for another user, or never.
    #[error("This verification was not started by you. Ask for a new code.")]
    UnknownVerification,
    /// The code was tried too often and is void.
    #[error("Too many attempts. Ask for a new code.")]
    TooManyAttempts,
    /// The server wants a pause.
    #[error("Too many requests.{}", pause(*.retry_after))]
    RateLimited {
        /// For how long, where the server said so.
        retry_after: Option<Duration>,
    },
    /// The environment wants a captcha before it sends a code.
    #[error("A captcha has to be solved before a code is sent.")]
    CaptchaRequired,
    /// No code was sent yet, or the one that was is used up.
    #[error("OTP verification has not been initiated. Send a code first.")]
    OtpNotSent,
    /// The user has no email address and no phone number that they may sign in with.
    #[error("No sign-in enabled email or SMS credential found for step-up authentication.")]
    NoOtpCredential,
    /// The user has no MFA methods.
    #[error("No MFA methods are registered.")]
    NoMfaMethods,
    /// The user has nothing to re-authenticate with.
    #[error(
        "No reauthentication methods available. Add email, SMS, wallet, or a social account to your account."
    )]
    NoReauthMethods,
    /// Re-authentication does not elevate a user who has MFA.
    #[error("Multi-factor authentication is required: verify with a passkey or an authenticator app.")]
    MfaRequired,
    /// The service did not take the external identity provider's assertion: it is not of this environment's provider, not
    /// about this user, too old, or was used.
    #[error("The identity provider's assertion was refused. Get a new one.")]
    InvalidExternalAuth,
    /// The user has no passkey here, or the service does not know the one that answered.
    #[error("No passkey was found for this account.")]
    PasskeyNotFound,
    /// The authenticator holds a passkey of this user already.
    #[error("This device has a passkey for this account already.")]
    PasskeyAlreadyRegistered,
    /// The page's address is not of the relying party that the service named, or is none that passkeys are for: only a
    /// host name over https, or `localhost`.
    #[error("Passkeys of this account cannot be used at this address.")]
    RelyingPartyMismatch,
    /// The authenticator failed, or the service did not accept its answer.
    #[error("The passkey could not be used: {why}")]
    PasskeyFailed {
        /// What failed: the name of the platform's error, or what the service did.
        why: String,
    },
    /// The session's user has no such credential.
    #[error("Credential with id \"{0}\" not found.")]
    CredentialNotFound(CredentialId),
    /// The credential cannot be used for this.
    #[error(
        "Credential format \"{format}\" does not support OTP verification. Only email and SMS credentials are supported."
    )]
    CredentialUnsupported {
        /// What the credential is.
        format: CredentialFormat,
    },
    /// No such wallet is connected.
    #[error("Wallet with id \"{0}\" not found.")]
    WalletNotFound(CredentialId),
    /// The wallet signed with another account than the credential's.
    #[error("The wallet signed with another account. Switch accounts in the wallet and try again.")]
    WalletAccountMismatch,
    /// The user has no external wallet that they may sign in with.
    #[error("No sign-in enabled external wallet found for step-up authentication.")]
    NoWalletCredential,
    /// The wallet failed, or gave what is no signature.
    #[error("The wallet did not sign: {why}.")]
    WalletFailed {
        /// What went wrong, in this library's words.
        why: String,
    },
    /// An embedded wallet signs without the user, so its signature proves nothing.
    #[error("An embedded wallet cannot be used for step-up authentication.")]
    EmbeddedWalletNotAllowed,
    /// The browser blocked the popup.
    #[error("The browser blocked the popup. Allow popups for this page and try again.")]
    PopupBlocked,
    /// The popup was closed before it was done.
    #[error("The window was closed before the sign-in was complete.")]
    PopupClosed,
    /// The social provider refused, for another reason than the user's.
    #[error("{provider} refused the sign-in: {error}.")]
    ProviderRefused {
        /// The provider.
        provider: Provider,
        /// Its error's name, such as `server_error` (RFC 6749 §4.1.2.1).
        error: String,
    },
    /// The user signed in at the provider with an account that is not linked to them.
    #[error("That {provider} account is not linked to your account. Sign in with the one that is.")]
    SocialAccountNotLinked {
        /// The provider.
        provider: Provider,
    },
    /// The page came back from a social provider with an answer to another request.
    #[error("The sign-in that this page returned from was not started here. Try again.")]
    StateMismatch,
    /// The page is on its way to another one; the flow goes on when it comes back.
    #[error("Continuing on another page.")]
    Redirecting,
    /// There was no answer in time.
    #[error("There was no answer in time. Try again.")]
    TimedOut,
    /// Nobody draws prompts.
    #[error("No prompt is mounted. Add a step-up prompt to the page.")]
    NoPrompter,
    /// The server wants an elevation before it does what was asked; or a verification ended without a valid token for
    /// these scopes.
    ///
    /// [`PromptOptions::from`](crate::PromptOptions) makes of the challenge what the user has to be asked for.
    #[error("Not elevated{}.", scopes(&.0.scopes))]
    NotElevated(Challenge),
    /// The answer was for another user than the session's. Nothing of it was kept.
    #[error("The answer was for another user than the one signed in. Nothing was changed.")]
    SubjectMismatch,
    /// Nobody is signed in, or no longer the user who asked.
    #[error("Not signed in.")]
    NotSignedIn,
    /// This page or target cannot do it.
    #[error("Not possible here: {why}")]
    UnsupportedTarget {
        /// What is missing.
        why: String,
    },
    /// The keys or the session could not be read or written.
    #[error("The browser's storage failed: {why}")]
    Storage {
        /// What failed, in the platform's words.
        why: String,
    },
    /// A setting of the app is wrong.
    #[error("Misconfigured: {why}")]
    InvalidConfig {
        /// Which one, and what it should be.
        why: String,
    },
    /// The request would have taken a secret to an origin that the app did not list.
    #[error("{origin} is not an allowed origin: no token was sent. Add it with `Config::allow_origin`.")]
    OriginNotAllowed {
        /// The origin, or what stands where one should.
        origin: String,
    },
    /// The server could not be reached, or the connection broke.
    #[error("The server could not be reached. Check the connection and try again.")]
    Network,
    /// The server refused, and said no more that this library understands.
    #[error("{message}")]
    Api {
        /// The HTTP status.
        status: u16,
        /// The server's code, where it gave one.
        code: Option<String>,
        /// The server's sentence: `error`, or `title` and `detail` of a problem
        /// ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)); without one, a sentence made from the status.
        message: String,
        /// The whole response, for what an app's own backend says. Of the body at most the first 64 KiB are kept, and of the
        /// headers at most the first 64 and 16 KiB. `Debug` prints none of it.
        response: Box<HttpResponse>,
    },
    /// The answer was not what it should be. Its text is left out: it may hold secrets.
    #[error(
        "The server's answer could not be read: expected {expected}, stopped at line {line}, column {column}."
    )]
    Decode {
        /// What was expected.
        expected: &'static str,
        /// Line of the answer, from 1; 0 where there is none.
        line: usize,
        /// Column of that line, from 1; 0 where there is none.
        column: usize,
    },
}

impl StepUpError {
    /// Whether a code that ended so cannot be tried again, because it is void or was used up: a screen offers to send a new
    /// one. After any other error the same code may be typed once more.
    #[must_use]
    pub const fn voids_code(&self) -> bool {
        matches!(
            self,
            Self::InvalidCode { attempts_left: Some(0) }
                | Self::CodeExpired
                | Self::TooManyAttempts
                | Self::UnknownVerification
                | Self::NotElevated { .. }
                | Self::SubjectMismatch
        )
    }
}

/// Either a value or a [`StepUpError`].
pub type Result<T, E = StepUpError> = core::result::Result<T, E>;

fn tries(attempts_left: Option<u32>) -> String {
    match attempts_left {
        None => String::new(),
        Some(0) => " No tries are left.".into(),
        Some(1) => " One try is left.".into(),
        Some(left) => format!(" {left} tries are left."),
    }
}

fn pause(retry_after: Option<Duration>) -> String {
    match retry_after.map(|pause| pause.as_secs().max(1)) {
        None => " Try again later.".into(),
        Some(1) => " Try again in one second.".into(),
        Some(secs) if secs < 120 => format!(" Try again in {secs} seconds."),
        Some(secs) => format!(" Try again in {} minutes.", secs.div_ceil(60)),
    }
}

fn scopes(missing: &[TokenScope]) -> String {
    let names: Vec<&str> = missing.iter().map(TokenScope::as_str).collect();
    if names.is_empty() { String::new() } else { format!(" for {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_agree_in_number() {
        let text = |error: StepUpError| error.to_string();
        let not_elevated = |scopes: &[TokenScope]| StepUpError::NotElevated(Challenge::new(scopes));
        assert_eq!(text(StepUpError::InvalidCode { attempts_left: None }), "That code is not right.");
        assert_eq!(
            text(StepUpError::InvalidCode { attempts_left: Some(1) }),
            "That code is not right. One try is left."
        );
        assert_eq!(
            text(StepUpError::InvalidCode { attempts_left: Some(0) }),
            "That code is not right. No tries are left."
        );
        assert_eq!(
            text(StepUpError::InvalidCode { attempts_left: Some(4) }),
            "That code is not right. 4 tries are left."
        );
        assert_eq!(
            text(StepUpError::RateLimited { retry_after: Some(Duration::from_millis(10)) }),
            "Too many requests. Try again in one second."
        );
        assert_eq!(
            text(StepUpError::RateLimited { retry_after: Some(Duration::from_secs(3590)) }),
            "Too many requests. Try again in 60 minutes."
        );
        assert_eq!(
            text(not_elevated(&[TokenScope::WalletExport, TokenScope::WalletSign])),
            "Not elevated for wallet:export, wallet:sign."
        );
        assert_eq!(text(not_elevated(&[])), "Not elevated.");
    }
}
