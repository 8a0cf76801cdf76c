//! Prompts: whoever needs a step-up waits for one, and a screen that is mounted somewhere else draws it.
//!
//! What decides is here and pure: who waits for which prompt ([`queue`]), and what a prompt offers ([`offer`]). The
//! sequence is in `client/prompt.rs`.

mod offer;
mod queue;

pub(crate) use self::{
    offer::{Offer, factors_of_check, is_mfa, offer_of},
    queue::{CallerId, Grant, Queue, Settled},
};
use crate::{
    challenge::Challenge,
    error::StepUpError,
    routing::{Factor, Path},
    state::StepUpState,
    types::{CredentialId, MfaDeviceId, OtpVerification, Provider, TokenScope},
};

/// What a prompt is for.
///
/// ```
/// # use step_up_core::{PromptOptions, TokenScope};
/// let options = PromptOptions::new(&[TokenScope::WalletExport]).with_force();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PromptOptions {
    pub(crate) scopes: Vec<TokenScope>,
    pub(crate) wants_mfa_token: bool,
    pub(crate) is_forced: bool,
    /// Whether a check has just said that the user has to verify.
    pub(crate) is_checked: bool,
}

impl PromptOptions {
    /// The user is to be elevated for these scopes.
    #[must_use]
    pub fn new(scopes: &[TokenScope]) -> Self {
        let mut unique = Vec::with_capacity(scopes.len());
        for scope in scopes {
            if !unique.contains(scope) {
                unique.push(scope.clone());
            }
        }
        Self { scopes: unique, ..Self::default() }
    }

    /// A legacy MFA token for one use is wanted too. Only second factors bring one; such a prompt is never shared with
    /// another that wants one.
    #[must_use]
    pub fn with_mfa_token(mut self) -> Self {
        self.wants_mfa_token = true;
        self
    }

    /// The user verifies also if the scopes are held already, and if the service requires no step-up.
    #[must_use]
    pub fn with_force(mut self) -> Self {
        self.is_forced = true;
        self
    }
}

impl PromptOptions {
    pub(crate) fn after_check(mut self) -> Self {
        self.is_checked = true;
        self
    }

    /// Whether the user is asked only if a check says so.
    pub(crate) fn is_conditional(&self) -> bool {
        !(self.is_forced || self.is_checked || self.wants_mfa_token || self.scopes.is_empty())
    }
}

/// What a server asks for, as what the user is asked for. The user verifies in any case: what is held, and what a check
/// says, has not been enough for the server.
///
/// ```
/// # use step_up_core::{HttpRequest, PromptOptions, Result, StepUpClient, StepUpError, TokenScope};
/// async fn transfer(client: StepUpClient) -> Result<()> {
///     let request = HttpRequest::post("https://api.example.com/transfers");
///     match client.send(request.clone(), TokenScope::WalletSign).await {
///         Err(StepUpError::NotElevated(challenge)) => {
///             client.prompt_step_up_auth(PromptOptions::from(&challenge)).await?;
///             client.send(request, challenge.scopes).await?;
///         }
///         response => drop(response?),
///     }
///     Ok(())
/// }
/// ```
impl From<&Challenge> for PromptOptions {
    fn from(challenge: &Challenge) -> Self {
        Self::new(&challenge.scopes).with_force()
    }
}

/// Names a prompt for as long as its client lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromptId(pub(crate) u64);

/// A kind of [`PromptMethod`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PromptMethodKind {
    /// A passkey: [`start`](crate::Prompt::start) it, from a button once it has failed.
    Passkey,
    /// A code of an authenticator app: [`submit_code`](crate::Prompt::submit_code).
    Totp,
    /// A recovery code: [`submit_code`](crate::Prompt::submit_code).
    RecoveryCode,
    /// A code by email: [`send`](crate::Prompt::send), then [`submit_code`](crate::Prompt::submit_code).
    Email,
    /// A code by text message: [`send`](crate::Prompt::send), then [`submit_code`](crate::Prompt::submit_code).
    Sms,
    /// A signature of an external wallet: [`start`](crate::Prompt::start) it from a button.
    Wallet,
    /// A sign-in at a social provider: [`start`](crate::Prompt::start) it from a button.
    Social,
}

impl PromptMethodKind {
    /// Whether the user types a code.
    #[must_use]
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Totp | Self::RecoveryCode | Self::Email | Self::Sms)
    }

    /// Whether the code is sent first.
    #[must_use]
    pub const fn is_sent(self) -> bool {
        matches!(self, Self::Email | Self::Sms)
    }
}

/// A way to verify that a prompt offers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PromptMethod {
    /// What it is.
    pub kind: PromptMethodKind,
    /// What the user knows it by: the address, the number, the wallet, the account, the device's name.
    pub label: Option<String>,
    /// At whom, for [`PromptMethodKind::Social`].
    pub provider: Option<Provider>,
    /// Tells it from others of its kind.
    pub(crate) target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Device(MfaDeviceId),
    Credential(CredentialId),
    /// Whatever the user has.
    Any,
}

impl PromptMethod {
    /// Identifies it in its prompt, such as for a list's keys.
    #[must_use]
    pub fn id(&self) -> &str {
        match &self.target {
            Target::Device(id) => id.as_str(),
            Target::Credential(id) => id.as_str(),
            Target::Any => "recovery",
        }
    }

    #[cfg(any(feature = "otp", feature = "wallet"))]
    pub(crate) fn credential(&self) -> Option<&CredentialId> {
        if let Target::Credential(id) = &self.target { Some(id) } else { None }
    }

    #[cfg(feature = "mfa")]
    pub(crate) fn device(&self) -> Option<&MfaDeviceId> {
        if let Target::Device(id) = &self.target { Some(id) } else { None }
    }

    fn recovery_code() -> Self {
        Self { kind: PromptMethodKind::RecoveryCode, label: None, provider: None, target: Target::Any }
    }

    fn of(factor: &Factor, alias: Option<String>) -> Self {
        let (kind, target, own) = match factor {
            Factor::Passkey { id } => (PromptMethodKind::Passkey, Target::Device(id.clone()), None),
            Factor::Totp { id } => (PromptMethodKind::Totp, Target::Device(id.clone()), None),
            Factor::Email { id, label } => {
                (PromptMethodKind::Email, Target::Credential(id.clone()), Some(label))
            }
            Factor::Sms { id, label } => (PromptMethodKind::Sms, Target::Credential(id.clone()), Some(label)),
            Factor::Wallet { id, label } => {
                (PromptMethodKind::Wallet, Target::Credential(id.clone()), Some(label))
            }
            Factor::Social { id, label, .. } => {
                (PromptMethodKind::Social, Target::Credential(id.clone()), Some(label))
            }
        };
        let provider =
            if let Factor::Social { provider, .. } = factor { Some(provider.clone()) } else { None };
        // A wallet's alias is its whole address, which nobody reads.
        let alias = alias.filter(|alias| !alias.is_empty() && kind != PromptMethodKind::Wallet);
        Self { kind, label: alias.or_else(|| own.cloned()), provider, target }
    }
}

/// What a prompt shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PromptScreen {
    /// What the user has is being looked up.
    Loading,
    /// The user chooses: [`choose`](crate::Prompt::choose).
    Choose {
        /// What is offered first: what the user signed in with, or the method that they are about to leave.
        primary: Option<PromptMethod>,
        /// The others, in order.
        others: Vec<PromptMethod>,
    },
    /// The user verifies with this.
    Verify(PromptMethod),
}

/// What a screen draws of the prompt that waits now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PromptView {
    /// Which prompt it is.
    pub id: PromptId,
    /// What was asked for: any way, MFA, or re-authentication.
    pub path: Path,
    /// What the user is about to allow.
    pub scopes: Vec<TokenScope>,
    /// What is shown.
    pub screen: PromptScreen,
    /// Everything that is offered, the recommended method first.
    pub methods: Vec<PromptMethod>,
    /// Whether something is under way: nothing can be submitted.
    pub is_loading: bool,
    /// What went wrong last, a cancelled attempt included. The prompt goes on.
    pub error: Option<StepUpError>,
    /// The code that was sent and not yet accepted.
    pub otp_verification: Option<OtpVerification>,
    /// Whether a captcha has to be solved: [`submit_captcha_token`](crate::Prompt::submit_captcha_token).
    pub captcha_required: bool,
}

impl PromptView {
    pub(crate) fn of(
        id: PromptId,
        path: Path,
        scopes: &[TokenScope],
        offer: &Offer,
        state: &StepUpState,
    ) -> Self {
        // A prompt that goes on after a cancellation says that nothing was verified.
        let cancelled = state.is_cancelled.then_some(StepUpError::Cancelled);
        Self {
            id,
            path,
            scopes: scopes.to_vec(),
            screen: offer.screen.clone(),
            methods: offer.methods.clone(),
            is_loading: state.is_loading || offer.screen == PromptScreen::Loading,
            error: state.error.clone().or(cancelled),
            otp_verification: state.otp_verification.clone(),
            captcha_required: state.captcha_required,
        }
    }

    /// The method that the user verifies with, if one is chosen.
    #[must_use]
    pub fn method(&self) -> Option<&PromptMethod> {
        if let PromptScreen::Verify(method) = &self.screen { Some(method) } else { None }
    }

    /// The tries that are left after a wrong code, where the server said so.
    #[must_use]
    pub fn attempts_left(&self) -> Option<u32> {
        if let Some(StepUpError::InvalidCode { attempts_left }) = &self.error { *attempts_left } else { None }
    }

    /// Whether there is another method to change to.
    #[must_use]
    pub fn has_other_methods(&self) -> bool {
        self.methods.len() > 1
    }
}
