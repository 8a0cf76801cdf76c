//! Step-up authentication without a platform.
mod client;
mod clock;
mod config;
mod elevation;
mod endpoint;
mod error;
mod jwt;
mod keychain;
mod origin;
mod parse;
pub mod routing;
mod secret;
mod session;
mod state;
mod transport;
mod types;

#[doc(hidden)]
pub use elevation::bench;

pub use client::{Event, Platform, StepUpCheck, StepUpClient, Subscription, Verified};
pub use clock::{Clock, Timer, Timestamp};
pub use config::Config;
pub use elevation::Elevation;
pub use error::{Result, StepUpError};
pub use keychain::{Keychain, PublicKey, Signature};
pub use secret::{ElevatedToken, MfaToken, SessionToken};
pub use session::{MemorySessionStore, Session, SessionStatus, SessionStore, StoredSession};
pub use state::{Action, CallId, StepUpModel, StepUpState};
pub use transport::{HttpRequest, HttpResponse, Method, Transport};
pub use types::{
    AuthSettings, AuthStorage, CaptchaProvider, CaptchaSettings, Credential, CredentialFormat, CredentialId,
    ExternalAuthSettings, MfaDevice, MfaDeviceId, MfaDeviceType, MfaMethods, OtpVerification, Passkey,
    Provider, SecuritySettings, Settings, StepUpCheckRequest, StepUpCheckResponse, StepUpCredential,
    TokenScope, User, UserId, VerificationType, WalletProvider,
};

/// A boxed future that stays on its thread, as futures in a page do.
pub type LocalFuture<'a, T> = core::pin::Pin<Box<dyn Future<Output = T> + 'a>>;
