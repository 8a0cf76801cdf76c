//! Headless Yew hooks for step-up authentication.
//!
//! Before something that matters the user verifies once more; the elevated access token that this brings is bound to a
//! scope, held in memory, and attached to the call. Wrap the app in a [`StepUpProvider`] and use the hooks below it:
//!
//! - [`use_step_up_authentication`]: whether a step-up is required, and the methods that do it, with a state to show;
//! - [`use_session`]: who is signed in, and the way in and out;
//! - `use_step_up_action`: an action that checks, lets the user verify, and runs;
//! - `use_step_up_prompt`: the prompt that waits, for the component that draws it;
//! - [`use_elevation`]: what is held for a scope, and for how long;
//! - `use_external_auth` (feature `external`): sign-in and step-up with assertions of an identity provider of the app's own;
//! - `use_wallets` (feature `wallet`): the external wallets that the user has here;
//! - `use_step_up_resume` (feature `social`): a redirect to a social provider that came back;
//! - [`use_step_up_client`]: the client, for the app's own calls with the elevated token of a scope.
//!
//! ```
//! use yew::prelude::*;
//! use yew_step_up::{HttpRequest, StepUpProvider, TokenScope, use_step_up_authentication, use_step_up_client};
//!
//! #[component]
//! fn App() -> Html {
//!     html! {
//!         <StepUpProvider environment_id="5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000">
//!             <DeleteButton />
//!         </StepUpProvider>
//!     }
//! }
//!
//! #[component]
//! fn DeleteButton() -> Html {
//!     let step_up = use_step_up_authentication();
//!     let client = use_step_up_client();
//!     let delete = step_up.callback(move |step_up, _: MouseEvent| {
//!         let client = client.clone();
//!         async move {
//!             if step_up.is_step_up_required(&TokenScope::UserDelete).await {
//!                 // Then show a screen that asks for the code and calls `verify_otp`.
//!                 let _ = step_up.send_otp().await;
//!             } else if let Err(error) = client.send(HttpRequest::delete("/users"), TokenScope::UserDelete).await {
//!                 // Show the error.
//!                 # drop(error);
//!             }
//!         }
//!     });
//!     html! { <button onclick={delete} disabled={step_up.is_loading}>{ "Delete my account" }</button> }
//! }
//! ```
//!
//! # Features
//!
//! Each way to verify is a feature, so that an app pays for what it uses; all are on by default.
//!
//! | feature | brings |
//! |---|---|
//! | `otp` | step-up with a code by email or SMS, and linking the address that one was sent to |
//! | `mfa` | step-up with an authenticator app or a recovery code, and their enrolment |
//! | `passkey` | step-up with a passkey, and its enrolment |
//! | `wallet` | step-up, sign-in and links with a signature of an external wallet |
//! | `social` | step-up, sign-in and links with a social account, in a popup or by redirect |
//! | `external` | step-up and sign-in with an assertion of an external identity provider |
//! | `prompt` | prompts that route themselves, and guarded actions |
//!
//! # Server-side rendering
//!
//! Every hook renders on a server, and says what it does there. No request is sent while a page is rendered.

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

#[cfg(feature = "wallet")]
pub use hooks::use_wallets;
#[cfg(feature = "prompt")]
pub use hooks::{
    PromptHandle, StepUpActionState, UseStepUpActionHandle, use_step_up_action,
    use_step_up_action_with_options, use_step_up_prompt,
};
#[cfg(feature = "social")]
pub use hooks::{Resumed, ResumedHandle, use_step_up_resume};
pub use hooks::{
    UseElevationHandle, UseSessionHandle, UseStepUpAuthenticationHandle, UseStepUpAuthenticationOptions,
    use_elevation, use_session, use_step_up_authentication, use_step_up_authentication_with_options,
    use_step_up_client,
};
#[cfg(feature = "external")]
pub use hooks::{UseExternalAuthHandle, use_external_auth};
#[cfg(feature = "social")]
pub use platform::SocialPopup;
pub use platform::WebSessionStore;
pub use provider::{StepUpProvider, StepUpProviderProps};
#[cfg(any(feature = "mfa", feature = "passkey"))]
pub use step_up_core::FactorsClient;
#[cfg(feature = "passkey")]
pub use step_up_core::PasskeyAuthenticator;
pub use step_up_core::{
    AsChallenge, Captcha, CaptchaProvider, CaptchaToken, Challenge, Clock, Config, Credential,
    CredentialFormat, CredentialId, Elevation, Epoch, Event, ExternalJwt, GuardOptions, GuardPhase,
    HttpRequest, HttpResponse, Keychain, LocalFuture, MemorySessionStore, Method, MfaDevice, MfaDeviceId,
    MfaDeviceType, MfaMethods, MfaToken, OtpAddress, OtpVerification, OtpauthUri, Passkey, PhoneNumber,
    Platform, Prompt, PromptId, PromptMethod, PromptMethodKind, PromptOptions, PromptScreen, PromptView,
    Prompter, Provider, PublicKey, RecoveryCode, RecoveryCodes, Result, Scopes, Session, SessionStatus,
    SessionStore, SessionToken, Signature, StepUpCheck, StepUpClient, StepUpCredential, StepUpError,
    StepUpState, StoredSession, Subscription, Timer, Timestamp, TokenScope, TotpEnrolment, TotpSecret,
    Transport, User, UserId, VerificationType, Verified, WalletProvider, routing,
};
#[cfg(feature = "social")]
pub use step_up_core::{
    OnBlocked, Popup, SocialMessage, SocialOptions, SocialPurpose, SocialReturn, SocialWindow,
};
#[cfg(feature = "wallet")]
pub use step_up_core::{
    WalletAccount, WalletChain, WalletId, WalletInfo, WalletSignature, WalletSite, WalletWatch, Wallets,
};

/// What a client of this environment needs, as a browser has it: `fetch`, its clock and timers, its own keys in
/// IndexedDB, and a session that lives as long as the page. Replace the parts that should be others.
///
/// ```
/// use yew_step_up::{Config, StepUpClient, browser_platform};
///
/// # fn main() -> Result<(), yew_step_up::StepUpError> {
/// let config = Config::new("5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000")?;
/// let platform = browser_platform(&config);
/// let client = StepUpClient::new(config, platform);
/// # Ok(())
/// # }
/// ```
///
/// A session that survives a reload is the app's choice:
///
/// ```
/// # use yew_step_up::{Config, StepUpClient, WebSessionStore, browser_platform};
/// # fn client(config: Config) -> StepUpClient {
/// let platform = browser_platform(&config).with_session_store(WebSessionStore::tab(&config));
/// StepUpClient::new(config, platform)
/// # }
/// ```
///
/// Outside a browser, where pages are rendered on a server, the client that it makes sends nothing.
#[must_use]
pub fn browser_platform(config: &Config) -> Platform {
    platform::platform(config)
}

/// The examples of both READMEs and of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../../../docs/guide/src/introduction.md")]
#[doc = include_str!("../../../docs/guide/src/from-react.md")]
#[doc = include_str!("../../../docs/guide/src/headless.md")]
#[doc = include_str!("../../../docs/guide/src/explicit.md")]
#[doc = include_str!("../../../docs/guide/src/prompts.md")]
#[doc = include_str!("../../../docs/guide/src/guarded.md")]
#[doc = include_str!("../../../docs/guide/src/recipes/own-prompt.md")]
#[doc = include_str!("../../../docs/guide/src/recipes/own-backend.md")]
#[doc = include_str!("../../../docs/guide/src/recipes/external-auth.md")]
#[doc = include_str!("../../../docs/guide/src/recipes/cookies.md")]
#[doc = include_str!("../../../docs/guide/src/recipes/real-environment.md")]
#[doc = include_str!("../../../docs/guide/src/recipes/small-build.md")]
struct Examples;
