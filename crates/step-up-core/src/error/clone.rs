//! Copying errors, by hand: the derived function is inlined, which means a copy of it in each crate that copies an error. In
//! the browser that is half a kilobyte, compressed.

use super::StepUpError;

impl Clone for StepUpError {
    fn clone(&self) -> Self {
        match self {
            Self::Cancelled => Self::Cancelled,
            Self::InvalidCode { attempts_left } => Self::InvalidCode { attempts_left: *attempts_left },
            Self::CodeExpired => Self::CodeExpired,
            Self::UnknownVerification => Self::UnknownVerification,
            Self::TooManyAttempts => Self::TooManyAttempts,
            Self::RateLimited { retry_after } => Self::RateLimited { retry_after: *retry_after },
            Self::CaptchaRequired => Self::CaptchaRequired,
            Self::OtpNotSent => Self::OtpNotSent,
            Self::NoOtpCredential => Self::NoOtpCredential,
            Self::NoMfaMethods => Self::NoMfaMethods,
            Self::NoReauthMethods => Self::NoReauthMethods,
            Self::MfaRequired => Self::MfaRequired,
            Self::InvalidExternalAuth => Self::InvalidExternalAuth,
            Self::PasskeyNotFound => Self::PasskeyNotFound,
            Self::PasskeyAlreadyRegistered => Self::PasskeyAlreadyRegistered,
            Self::RelyingPartyMismatch => Self::RelyingPartyMismatch,
            Self::PasskeyFailed { why } => Self::PasskeyFailed { why: why.clone() },
            Self::CredentialNotFound(id) => Self::CredentialNotFound(id.clone()),
            Self::CredentialUnsupported { format } => Self::CredentialUnsupported { format: format.clone() },
            Self::WalletNotFound(id) => Self::WalletNotFound(id.clone()),
            Self::WalletAccountMismatch => Self::WalletAccountMismatch,
            Self::NoWalletCredential => Self::NoWalletCredential,
            Self::WalletFailed { why } => Self::WalletFailed { why: why.clone() },
            Self::EmbeddedWalletNotAllowed => Self::EmbeddedWalletNotAllowed,
            Self::PopupBlocked => Self::PopupBlocked,
            Self::PopupClosed => Self::PopupClosed,
            Self::ProviderRefused { provider, error } => {
                Self::ProviderRefused { provider: provider.clone(), error: error.clone() }
            }
            Self::SocialAccountNotLinked { provider } => {
                Self::SocialAccountNotLinked { provider: provider.clone() }
            }
            Self::StateMismatch => Self::StateMismatch,
            Self::Redirecting => Self::Redirecting,
            Self::TimedOut => Self::TimedOut,
            Self::NoPrompter => Self::NoPrompter,
            Self::NotElevated(challenge) => Self::NotElevated(challenge.clone()),
            Self::SubjectMismatch => Self::SubjectMismatch,
            Self::NotSignedIn => Self::NotSignedIn,
            Self::UnsupportedTarget { why } => Self::UnsupportedTarget { why: why.clone() },
            Self::Storage { why } => Self::Storage { why: why.clone() },
            Self::InvalidConfig { why } => Self::InvalidConfig { why: why.clone() },
            Self::OriginNotAllowed { origin } => Self::OriginNotAllowed { origin: origin.clone() },
            Self::Network => Self::Network,
            Self::Api { status, code, message, response } => Self::Api {
                status: *status,
                code: code.clone(),
                message: message.clone(),
                response: response.clone(),
            },
            Self::Decode { expected, line, column } => {
                Self::Decode { expected, line: *line, column: *column }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        challenge::Challenge,
        transport::HttpResponse,
        types::{CredentialFormat, Provider, TokenScope},
    };

    #[test]
    fn a_copy_is_the_same() {
        use StepUpError::*;
        let why = || "why".to_owned();
        for error in [
            Cancelled,
            CodeExpired,
            UnknownVerification,
            TooManyAttempts,
            CaptchaRequired,
            OtpNotSent,
            NoOtpCredential,
            NoMfaMethods,
            NoReauthMethods,
            MfaRequired,
            InvalidExternalAuth,
            PasskeyNotFound,
            PasskeyAlreadyRegistered,
            RelyingPartyMismatch,
            WalletAccountMismatch,
            NoWalletCredential,
            EmbeddedWalletNotAllowed,
            PopupBlocked,
            PopupClosed,
            StateMismatch,
            Redirecting,
            TimedOut,
            NoPrompter,
            SubjectMismatch,
            NotSignedIn,
            Network,
            InvalidCode { attempts_left: Some(2) },
            RateLimited { retry_after: Some(Duration::from_secs(3)) },
            PasskeyFailed { why: why() },
            CredentialNotFound("a".into()),
            CredentialUnsupported { format: CredentialFormat::Totp },
            WalletNotFound("b".into()),
            WalletFailed { why: why() },
            ProviderRefused { provider: Provider::Apple, error: why() },
            SocialAccountNotLinked { provider: Provider::Apple },
            NotElevated(Challenge {
                acr_values: vec![why()],
                max_age: Some(Duration::from_secs(3)),
                ..Challenge::new(&[TokenScope::WalletExport])
            }),
            UnsupportedTarget { why: why() },
            Storage { why: why() },
            InvalidConfig { why: why() },
            OriginNotAllowed { origin: why() },
            Api {
                status: 418,
                code: Some("teapot".into()),
                message: why(),
                response: Box::new(HttpResponse::new(418, "tea").with_header("a", "b")),
            },
            Decode { expected: "tea", line: 4, column: 5 },
        ] {
            assert_eq!(error.clone(), error);
        }
    }
}
