//! The calls of the protocol, one struct each: a pure `call()` that builds it and a pure `parse()` that reads the
//! answer. Paths and bodies are in `docs/PROTOCOL.md`, "Endpoints".

mod environment;
#[cfg(feature = "external")]
mod external;
mod links;
#[cfg(feature = "mfa")]
mod mfa;
mod mfa_methods;
mod otp;
#[cfg(feature = "passkey")]
mod passkey;
mod session;
#[cfg(feature = "social")]
mod social;
mod step_up;
#[cfg(feature = "wallet")]
mod wallet;

pub use self::environment::{Captcha, CaptchaProvider};
#[cfg(feature = "external")]
pub(crate) use self::external::{ExternalSignIn, ExternalVerify};
#[cfg(feature = "mfa")]
pub(crate) use self::mfa::{
    AcknowledgeRecoveryCodes, DeleteDevice, GetRecoveryCodes, RecoveryVerify, RegenerateRecoveryCodes,
    SetDefaultDevice, TotpRegister, TotpVerify,
};
pub(crate) use self::mfa_methods::GetMfaMethods;
#[cfg(feature = "otp")]
pub(crate) use self::otp::{LinkAddress, VerifyCode};
#[cfg(feature = "passkey")]
pub(crate) use self::passkey::{
    DeletePasskey, GetPasskeys, PasskeyCreationOptions, PasskeyRegister, PasskeyRequestOptions,
    PasskeyVerify, RenamePasskey, assertion, registration,
};
#[cfg(feature = "social")]
pub(crate) use self::social::{GetOauthResult, InitAuth, SocialSignIn, SocialVerify};
#[cfg(feature = "wallet")]
pub(crate) use self::wallet::{WalletLink, WalletProof, WalletSignIn, WalletVerify};
pub(crate) use self::{
    environment::{GetNonces, GetSettings, Settings},
    links::Unlink,
    otp::{ResendCode, SendCode, SignInWithCode},
    session::{GetUser, Refresh, Revoke},
    step_up::StepUpCheckCall,
};
use std::borrow::Cow;

use crate::{
    error::{Result, StepUpError},
    json::Body,
    transport::Method,
    types::TokenScope,
};

/// Whether a call needs somebody to be signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// Nobody: the call never carries a session token.
    Never,
    /// Whoever is signed in, if anybody.
    Optional,
    /// Somebody.
    Required,
}

/// A scope that the service guards calls of its own with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    #[cfg(any(
        feature = "mfa",
        feature = "otp",
        feature = "passkey",
        feature = "social",
        feature = "wallet"
    ))]
    Link,
    Unlink,
}

impl Guard {
    pub(crate) fn scope(self) -> TokenScope {
        match self {
            #[cfg(any(
                feature = "mfa",
                feature = "otp",
                feature = "passkey",
                feature = "social",
                feature = "wallet"
            ))]
            Self::Link => TokenScope::CredentialLink,
            Self::Unlink => TokenScope::CredentialUnlink,
        }
    }
}

/// A call, before the client adds what it adds to every one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Below the environment.
    pub(crate) path: Cow<'static, str>,
    pub(crate) body: Option<Body>,
    pub(crate) auth: Auth,
    /// Whether it opens a session: its body names the session's public key.
    pub(crate) opens_session: bool,
    /// Whether the device key signs a nonce for it.
    pub(crate) is_device_signed: bool,
    /// What the server may find missing.
    pub(crate) guard: Option<Guard>,
    /// Whether the elevated token of that scope goes with it.
    pub(crate) carries_token: bool,
    /// Whether it asks for a check, which changes nothing.
    pub(crate) is_check: bool,
}

impl Call {
    fn new(method: Method, path: impl Into<Cow<'static, str>>, auth: Auth) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            auth,
            opens_session: false,
            is_device_signed: false,
            guard: None,
            carries_token: false,
            is_check: false,
        }
    }

    fn body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }

    fn opens_session(mut self) -> Self {
        self.opens_session = true;
        self
    }

    fn device_signed(mut self) -> Self {
        self.is_device_signed = true;
        self
    }

    /// Sends the elevated token of a scope with it, if one is held.
    fn elevated(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self.carries_token = true;
        self
    }

    /// Names the scope that may be found missing.
    #[cfg(any(feature = "otp", feature = "social", feature = "wallet"))]
    fn guarded_by(mut self, guard: Guard) -> Self {
        self.guard = Some(guard);
        self
    }
}

/// A call of the protocol.
pub(crate) trait Endpoint {
    /// What the answer says.
    type Output;

    /// The call, with nothing that depends on who sends it.
    fn call(&self) -> Call;

    /// Reads the body of an accepted call.
    fn parse(body: &[u8]) -> Result<Self::Output>;
}

/// The answer was valid JSON without something that it must have.
fn incomplete(expected: &'static str) -> StepUpError {
    StepUpError::Decode { expected, line: 0, column: 0 }
}

#[cfg(test)]
#[cfg(feature = "otp")]
mod tests;
