//! Headless Yew hooks for step-up authentication.

#[cfg(target_arch = "wasm32")]
mod browser;
mod hooks;
mod provider;
#[cfg(not(target_arch = "wasm32"))]
mod server;

#[cfg(target_arch = "wasm32")]
use browser as platform;
#[cfg(not(target_arch = "wasm32"))]
use server as platform;

pub use hooks::{
    UseElevationHandle, UseSessionHandle, UseStepUpAuthenticationHandle, UseStepUpAuthenticationOptions,
    use_elevation, use_session, use_step_up_authentication, use_step_up_authentication_with_options,
    use_step_up_client,
};
pub use provider::{StepUpProvider, StepUpProviderProps};
pub use step_up_core::{
    AuthSettings, AuthStorage, CaptchaProvider, CaptchaSettings, Clock, Config, Credential, CredentialFormat,
    CredentialId, Elevation, Event, ExternalAuthSettings, HttpRequest, HttpResponse, Keychain, LocalFuture,
    MemorySessionStore, Method, MfaDevice, MfaDeviceId, MfaDeviceType, MfaMethods, MfaToken, OtpVerification,
    Passkey, Platform, Provider, PublicKey, Result, SecuritySettings, Session, SessionStatus, SessionStore,
    SessionToken, Settings, Signature, StepUpCheck, StepUpClient, StepUpCredential, StepUpError, StepUpState,
    StoredSession, Subscription, Timer, Timestamp, TokenScope, Transport, User, UserId, VerificationType,
    Verified, WalletProvider, routing,
};

/// What a client of this environment needs, as a browser has it: `fetch`, its clock and timers, its own keys in
/// IndexedDB, and a session that lives as long as the page. Replace the parts that should be others.
///
/// ```
/// use yew_step_up::{Config, StepUpClient, browser_platform};
///
/// # fn main() -> Result<(), yew_step_up::StepUpError> {
/// let config = Config::new("2762a57b-faa4-41ce-9f16-abff9300e2c9")?;
/// let platform = browser_platform(&config);
/// let client = StepUpClient::new(config, platform);
/// # Ok(())
/// # }
/// ```
///
/// Outside a browser, where pages are rendered on a server, the client that it makes sends nothing.
#[must_use]
pub fn browser_platform(config: &Config) -> Platform {
    platform::platform(config)
}
