//! `use_step_up_authentication`

use std::{cell::RefCell, fmt, ops::Deref, rc::Rc};

#[cfg(feature = "social")]
use futures_util::{
    FutureExt as _,
    future::{AbortHandle, Shared, abortable, pending},
};
#[cfg(feature = "mfa")]
use step_up_core::MfaDeviceId;
#[cfg(feature = "otp")]
use step_up_core::OtpVerification;
#[cfg(any(feature = "mfa", feature = "otp", feature = "social"))]
use step_up_core::{Action, CallId, LocalFuture, Result, StepUpError, Verified};
use step_up_core::{CredentialId, StepUpCheck, StepUpClient, StepUpModel, StepUpState, TokenScope};
#[cfg(feature = "social")]
use step_up_core::{Provider, SocialOptions};
use yew::{platform::spawn_local, prelude::*};

use super::use_step_up_client;
#[cfg(feature = "social")]
use crate::platform;

/// Options of [`use_step_up_authentication_with_options`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UseStepUpAuthenticationOptions {
    credential_id: Option<CredentialId>,
}

impl UseStepUpAuthenticationOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The credential that methods use unless a call names another.
    #[must_use]
    pub fn with_credential_id(mut self, id: impl Into<CredentialId>) -> Self {
        self.credential_id = Some(id.into());
        self
    }
}

/// Step-up authentication without a user interface. Derefs to [`StepUpState`], as it was at this render.
///
/// Cheap to clone. Two handles are equal where their states are and where they belong to the same hook call. Methods
/// take what they need when they are called, so that the future needs no handle: it can be awaited in an `async` block
/// and handed to `spawn_local` alike.
#[derive(Clone)]
pub struct UseStepUpAuthenticationHandle {
    /// As of this render.
    state: Rc<StepUpState>,
    credential_id: Option<CredentialId>,
    hook: Rc<Hook>,
}

/// What all renders of one hook call share.
struct Hook {
    client: StepUpClient,
    model: RefCell<StepUpModel>,
    render: UseForceUpdateHandle,
    #[cfg(feature = "social")]
    unmounted: Unmounted,
}

/// Ready once the component is gone.
#[cfg(feature = "social")]
struct Unmounted {
    future: Shared<LocalFuture<'static, ()>>,
    abort: AbortHandle,
}

#[cfg(feature = "social")]
impl Unmounted {
    fn new() -> Self {
        let (pending, abort) = abortable(pending::<()>());
        // What is pending for ever can only be aborted.
        let future: LocalFuture<'static, ()> = Box::pin(pending.map(|_| ()));
        Self { future: future.shared(), abort }
    }
}

impl Deref for UseStepUpAuthenticationHandle {
    type Target = StepUpState;

    fn deref(&self) -> &StepUpState {
        &self.state
    }
}

impl PartialEq for UseStepUpAuthenticationHandle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.hook, &other.hook)
            && self.credential_id == other.credential_id
            && self.state == other.state
    }
}

impl fmt::Debug for UseStepUpAuthenticationHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UseStepUpAuthenticationHandle")
            .field("state", &self.state)
            .field("credential_id", &self.credential_id)
            .finish_non_exhaustive()
    }
}

impl UseStepUpAuthenticationHandle {
    /// Whether the user has to verify once more, and with what; see [`StepUpClient::check`]. It cannot fail, and leaves
    /// the state alone.
    pub fn check_step_up_auth(&self, scope: &TokenScope) -> impl Future<Output = StepUpCheck> + use<> {
        self.hook.client.check(scope)
    }

    /// [`check_step_up_auth`](Self::check_step_up_auth), as a yes or no.
    pub fn is_step_up_required(&self, scope: &TokenScope) -> impl Future<Output = bool> + use<> {
        self.hook.client.is_required(scope)
    }

    /// Sends a code to the hook's credential, else to the first email address that the user may sign in with.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::send_otp`]; the state shows them.
    #[cfg(feature = "otp")]
    pub fn send_otp(&self) -> impl Future<Output = Result<OtpVerification>> + use<> {
        self.track(Ok(self.hook.client.send_otp(self.credential_id.as_ref())), sent)
    }

    /// Sends a code to this credential.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::send_otp`]; the state shows them.
    #[cfg(feature = "otp")]
    pub fn send_otp_to(
        &self,
        credential: &CredentialId,
    ) -> impl Future<Output = Result<OtpVerification>> + use<> {
        self.track(Ok(self.hook.client.send_otp(Some(credential))), sent)
    }

    /// Sends a new code in place of the last one.
    ///
    /// # Errors
    ///
    /// [`OtpNotSent`](StepUpError::OtpNotSent) where there is none to replace, and those of
    /// [`StepUpClient::resend_otp`]; the state shows them.
    #[cfg(feature = "otp")]
    pub fn resend_otp(&self) -> impl Future<Output = Result<OtpVerification>> + use<> {
        let resend = self.pending().map(|pending| self.hook.client.resend_otp(&pending));
        self.track(resend, sent)
    }

    /// Verifies the user with the code that was sent, and holds the elevated token for `scopes`.
    ///
    /// The code is the one that the latest [`send_otp`](Self::send_otp) of this hook sent, also where that was after
    /// this render.
    ///
    /// # Errors
    ///
    /// [`OtpNotSent`](StepUpError::OtpNotSent), and those of [`StepUpClient::verify_otp`]; the state shows them.
    #[cfg(feature = "otp")]
    pub fn verify_otp(
        &self,
        code: &str,
        scopes: &[TokenScope],
    ) -> impl Future<Output = Result<Verified>> + use<> {
        let verify = self.pending().map(|pending| self.hook.client.verify_otp(&pending, code, scopes));
        self.track(verify, |_| Action::Verified)
    }

    /// Verifies the user with a code of an authenticator app, and holds the elevated token for `scopes`. Without a device
    /// the server takes the default one, else the latest.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::verify_totp_mfa`]; the state shows them.
    #[cfg(feature = "mfa")]
    pub fn verify_totp_mfa(
        &self,
        code: &str,
        device: Option<&MfaDeviceId>,
        scopes: &[TokenScope],
    ) -> impl Future<Output = Result<Verified>> + use<> {
        self.track(Ok(self.hook.client.verify_totp_mfa(code, device, scopes)), |_| Action::Verified)
    }

    /// Verifies the user with a recovery code, which is used up by it, and holds the elevated token for `scopes`.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::verify_recovery_code`]; the state shows them.
    #[cfg(feature = "mfa")]
    pub fn verify_recovery_code(
        &self,
        code: &str,
        scopes: &[TokenScope],
    ) -> impl Future<Output = Result<Verified>> + use<> {
        self.track(Ok(self.hook.client.verify_recovery_code(code, scopes)), |_| Action::Verified)
    }

    /// Verifies the user with a social account of theirs, and holds the elevated token for the scopes of `options`.
    ///
    /// Unless one is handed in, the popup is opened when this is called: call it in the click, because browsers block popups
    /// elsewhere. Where something is awaited before, open the popup first:
    ///
    /// ```
    /// use yew::prelude::*;
    /// use yew_step_up::{Provider, SocialOptions, SocialPopup, TokenScope, UseStepUpAuthenticationHandle};
    ///
    /// fn export(step_up: UseStepUpAuthenticationHandle) -> Callback<MouseEvent> {
    ///     Callback::from(move |_| {
    ///         let (popup, step_up) = (SocialPopup::open(), step_up.clone());
    ///         yew::platform::spawn_local(async move {
    ///             if step_up.is_step_up_required(&TokenScope::WalletExport).await {
    ///                 let options = SocialOptions::new().with_scopes(&[TokenScope::WalletExport]).with_popup(popup);
    ///                 // What goes wrong is in the state.
    ///                 let _ = step_up.verify_social(Provider::Google, options).await;
    ///             }
    ///             // Otherwise the popup is dropped, and closes.
    ///         });
    ///     })
    /// }
    /// ```
    ///
    /// The page that comes back from
    /// a redirect goes on by itself; see [`use_step_up_resume`](crate::use_step_up_resume). When this component is unmounted,
    /// the popup is closed and the call is [`Cancelled`](StepUpError::Cancelled), unless the user was through with it.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::verify_social`]; the state shows them.
    #[cfg(feature = "social")]
    pub fn verify_social(
        &self,
        provider: Provider,
        options: SocialOptions,
    ) -> impl Future<Output = Result<Verified>> + use<> {
        let options = options.with_cancellation(self.hook.unmounted.future.clone());
        self.track(Ok(self.hook.client.verify_social(&provider, options)), |_| Action::Verified)
    }

    /// Back to the start: no error, no code. What is under way goes on, and no longer writes this state.
    pub fn reset_state(&self) {
        self.hook.model.borrow_mut().reset();
        self.hook.render.force_update();
    }

    /// An event handler that runs an async block with this handle.
    ///
    /// ```
    /// # use yew::prelude::*;
    /// # use yew_step_up::{TokenScope, UseStepUpAuthenticationHandle};
    /// # fn example(step_up: UseStepUpAuthenticationHandle) -> Callback<MouseEvent> {
    /// step_up.callback(|step_up, _: MouseEvent| async move {
    ///     if step_up.is_step_up_required(&TokenScope::WalletExport).await {
    ///         // show the screen that asks for the code
    ///     }
    /// })
    /// # }
    /// ```
    pub fn callback<E, F, Fut>(&self, handler: F) -> Callback<E>
    where
        E: 'static,
        F: Fn(Self, E) -> Fut + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        let handle = self.clone();
        Callback::from(move |event| spawn_local(handler(handle.clone(), event)))
    }

    /// The code that waits now, whatever this render shows.
    #[cfg(feature = "otp")]
    fn pending(&self) -> Result<OtpVerification> {
        self.hook.model.borrow().state().otp_verification.clone().ok_or(StepUpError::OtpNotSent)
    }

    /// Begins a call at once, and lets the state follow how it ends.
    #[cfg(any(feature = "mfa", feature = "otp", feature = "social"))]
    fn track<T: 'static>(
        &self,
        work: Result<LocalFuture<'static, Result<T>>>,
        done: fn(&T) -> Action,
    ) -> LocalFuture<'static, Result<T>> {
        let call = Call::begin(&self.hook);
        Box::pin(async move {
            let result = match work {
                Ok(work) => work.await,
                Err(error) => Err(error),
            };
            call.finish(match &result {
                Ok(value) => done(value),
                Err(error) => Action::Failed(error.clone()),
            });
            result
        })
    }
}

#[cfg(feature = "otp")]
fn sent(verification: &OtpVerification) -> Action {
    Action::OtpSent(verification.clone())
}

/// A call that is under way. Dropped before its end, it was cancelled: the state does not load for ever.
#[cfg(any(feature = "mfa", feature = "otp", feature = "social"))]
struct Call {
    hook: Rc<Hook>,
    id: CallId,
    is_finished: bool,
}

#[cfg(any(feature = "mfa", feature = "otp", feature = "social"))]
impl Call {
    fn begin(hook: &Rc<Hook>) -> Self {
        let id = hook.model.borrow_mut().begin();
        hook.render.force_update();
        Self { hook: Rc::clone(hook), id, is_finished: false }
    }

    fn finish(mut self, action: Action) {
        self.write(action);
    }

    fn write(&mut self, action: Action) {
        if !std::mem::replace(&mut self.is_finished, true) {
            let is_changed = self.hook.model.borrow_mut().finish(self.id, action);
            if is_changed {
                self.hook.render.force_update();
            }
        }
    }
}

#[cfg(any(feature = "mfa", feature = "otp", feature = "social"))]
impl Drop for Call {
    fn drop(&mut self) {
        self.write(Action::Failed(StepUpError::Cancelled));
    }
}

/// What a component does that is unmounted, or that is shown again after a redirect that brought nothing.
#[cfg(feature = "social")]
#[hook]
fn use_leaving(hook: &Rc<Hook>) {
    use_effect_with(ByIdentity(Rc::clone(hook)), |ByIdentity(hook)| {
        let shown = Rc::clone(hook);
        let stop = platform::on_restored(move || {
            let is_redirecting = shown.model.borrow().state().error == Some(StepUpError::Redirecting);
            if is_redirecting {
                shown.model.borrow_mut().reset();
                shown.render.force_update();
            }
        });
        let hook = Rc::clone(hook);
        move || {
            stop();
            hook.unmounted.abort.abort();
        }
    });
}

/// Nothing is open and nowhere is left for.
#[cfg(not(feature = "social"))]
#[hook]
fn use_leaving(_hook: &Rc<Hook>) {}

#[cfg(feature = "social")]
struct ByIdentity(Rc<Hook>);

#[cfg(feature = "social")]
impl PartialEq for ByIdentity {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Step-up authentication without a user interface, with a state of this component's own.
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::{TokenScope, use_step_up_authentication};
///
/// #[component]
/// fn ExportButton() -> Html {
///     let step_up = use_step_up_authentication();
///     let start = step_up.callback(|step_up, _: MouseEvent| async move {
///         if step_up.is_step_up_required(&TokenScope::WalletExport).await {
///             // What goes wrong is in the state, and shown below.
///             let _ = step_up.send_otp().await;
///         }
///     });
///     html! {
///         <>
///             <button onclick={start} disabled={step_up.is_loading}>{ "Export" }</button>
///             if let Some(error) = &step_up.error { <p role="alert">{ error.to_string() }</p> }
///         </>
///     }
/// }
/// ```
///
/// # Panics
///
/// Outside a [`StepUpProvider`](crate::StepUpProvider).
///
/// # Server-side rendering
///
/// Renders the initial state. Its methods are for event handlers and effects, which run in the browser; on a server they
/// fail with [`UnsupportedTarget`](crate::StepUpError::UnsupportedTarget), or
/// [`NotSignedIn`](crate::StepUpError::NotSignedIn).
#[hook]
pub fn use_step_up_authentication() -> UseStepUpAuthenticationHandle {
    use_step_up_authentication_with_options(UseStepUpAuthenticationOptions::default())
}

/// [`use_step_up_authentication`] with options, such as a credential for the whole hook.
#[hook]
pub fn use_step_up_authentication_with_options(
    options: UseStepUpAuthenticationOptions,
) -> UseStepUpAuthenticationHandle {
    let client = use_step_up_client();
    let render = use_force_update();
    let hook = use_memo(client, |client| Hook {
        client: client.clone(),
        model: RefCell::default(),
        render,
        #[cfg(feature = "social")]
        unmounted: Unmounted::new(),
    });
    use_leaving(&hook);
    let state = Rc::new(hook.model.borrow().state().clone());
    UseStepUpAuthenticationHandle { state, credential_id: options.credential_id, hook }
}
