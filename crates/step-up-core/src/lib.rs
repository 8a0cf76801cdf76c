//! Step-up authentication without a platform: types, client, held tokens, routing.
//!
//! This crate knows no browser and no user interface. Time, waiting, requests, keys and the session's place come in
//! through small traits ([`Clock`], [`Timer`], [`Transport`], [`Keychain`], [`SessionStore`], and for some ways to verify
//! `PasskeyAuthenticator`, `Wallets`, `SocialWindow`), gathered in a [`Platform`]. Yew apps use it through `yew-step-up`,
//! which brings the browser's; here is a client whose server is a closure:
//!
//! ```
//! use std::time::Duration;
//!
//! use step_up_core::{
//!     Config, HttpRequest, HttpResponse, Keychain, LocalFuture, Platform, PublicKey, Result, Signature, StepUpClient,
//!     StepUpError, Timestamp, TokenScope,
//! };
//!
//! struct Keys;
//!
//! impl Keychain for Keys {
//!     fn session_key(&self) -> LocalFuture<'static, Result<PublicKey>> {
//!         Box::pin(async { Err(StepUpError::UnsupportedTarget { why: "this example has no keys".into() }) })
//!     }
//!     fn sign_with_device_key(&self, _: Vec<u8>) -> LocalFuture<'static, Result<(PublicKey, Signature)>> {
//!         Box::pin(async { Err(StepUpError::UnsupportedTarget { why: "this example has no keys".into() }) })
//!     }
//!     fn random(&self, bytes: &mut [u8]) -> Result<()> {
//!         bytes.fill(7); // An example. Use the platform's randomness.
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! let server = |request: HttpRequest| async move {
//!     println!("{request:?}"); // method and path; never a secret
//!     Ok(HttpResponse::new(200, "{}"))
//! };
//! let timer = |_: Duration| -> LocalFuture<'static, ()> { Box::pin(std::future::pending()) };
//! let clock = || Timestamp::from_secs(1_795_514_400);
//! let config = Config::new("5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000")?;
//! let client = StepUpClient::new(config, Platform::new(server, clock, timer, Keys));
//!
//! // Nobody is signed in, so nothing can be done without a step-up.
//! let check = futures_util::FutureExt::now_or_never(client.check(&TokenScope::WalletExport)).unwrap();
//! assert!(check.is_required);
//! assert_eq!(check.cause, Some(StepUpError::NotSignedIn));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! Each way to verify is a feature; all are on by default. The client's core (check, sign-in with a code, [`StepUpClient::send`],
//! sessions) is always there.
//!
//! | feature | brings |
//! |---|---|
//! | `otp` | step-up with a code by email or SMS, and linking the address that one was sent to |
//! | `mfa` | step-up with an authenticator app or a recovery code, and their enrolment |
//! | `passkey` | step-up with a passkey, and its enrolment |
//! | `wallet` | step-up, sign-in and links with a signature of an external wallet |
//! | `social` | step-up, sign-in and links with a social account, in a popup or by redirect |
//! | `external` | step-up and sign-in with an assertion of an external identity provider |

mod base64;
mod challenge;
mod client;
mod clock;
mod config;
mod elevation;
mod endpoint;
mod error;
#[cfg(any(feature = "mfa", feature = "passkey"))]
mod factors;
mod guard;
mod http_date;
mod json;
mod jwt;
mod keychain;
mod origin;
#[cfg(feature = "passkey")]
mod passkey;
#[cfg(any(feature = "mfa", feature = "social"))]
mod percent;
mod prompt;
mod refusal;
pub mod routing;
mod scopes;
mod secret;
mod session;
#[cfg(feature = "social")]
mod social;
mod state;
mod tracker;
mod transport;
mod types;
#[cfg(feature = "wallet")]
mod wallet;

#[doc(hidden)]
pub use elevation::bench;

pub mod conformance;

pub use challenge::Challenge;
#[cfg(feature = "social")]
pub use client::SocialReturn;
pub use client::{Event, Platform, Prompt, Prompter, StepUpCheck, StepUpClient, Subscription, Verified};
pub use clock::{Clock, Timer, Timestamp};
pub use config::Config;
pub use elevation::Elevation;
pub use endpoint::{Captcha, CaptchaProvider};
pub use error::{Result, StepUpError};
#[cfg(any(feature = "mfa", feature = "passkey"))]
pub use factors::FactorsClient;
pub use guard::{AsChallenge, GuardOptions, GuardPhase};
pub use keychain::{Keychain, PublicKey, Signature};
#[cfg(feature = "passkey")]
pub use passkey::PasskeyAuthenticator;
pub use prompt::{PromptId, PromptMethod, PromptMethodKind, PromptOptions, PromptScreen, PromptView};
pub use scopes::Scopes;
pub use secret::{
    CaptchaToken, ElevatedToken, ExternalJwt, MfaToken, OtpauthUri, RecoveryCode, SessionToken, TotpSecret,
};
pub use session::{Epoch, MemorySessionStore, Session, SessionStatus, SessionStore, StoredSession};
#[cfg(feature = "social")]
pub use social::{OnBlocked, Popup, SocialMessage, SocialOptions, SocialPurpose, SocialWindow};
pub use state::{Action, StepUpState};
pub use tracker::StepUpTracker;
pub use transport::{HttpRequest, HttpResponse, Method, Transport};
pub use types::{
    Credential, CredentialFormat, CredentialId, MfaDevice, MfaDeviceId, MfaDeviceType, MfaMethods,
    OtpAddress, OtpVerification, Passkey, PhoneNumber, Provider, RecoveryCodes, StepUpCheckRequest,
    StepUpCheckResponse, StepUpCredential, TokenScope, TotpEnrolment, User, UserId, VerificationType,
    WalletProvider,
};
#[cfg(feature = "wallet")]
pub use wallet::{
    WalletAccount, WalletChain, WalletId, WalletInfo, WalletSignature, WalletSite, WalletWatch, Wallets,
};

/// A boxed future that stays on its thread, as futures in a page do.
pub type LocalFuture<'a, T> = core::pin::Pin<Box<dyn Future<Output = T> + 'a>>;

/// The example of the README compiles.
#[cfg(all(doctest, feature = "otp"))]
#[doc = include_str!("../README.md")]
struct Readme;
