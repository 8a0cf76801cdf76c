//! `use_step_up_authentication`: the hook and what all methods share; each method has its file.

#[cfg(feature = "mfa")]
mod mfa;
#[cfg(feature = "otp")]
mod otp;
#[cfg(feature = "passkey")]
mod passkey;
#[cfg(feature = "prompt")]
mod prompt;
#[cfg(feature = "social")]
mod social;
#[cfg(feature = "wallet")]
mod wallet;

use std::{fmt, ops::Deref, rc::Rc};

use step_up_core::{CredentialId, StepUpCheck, StepUpClient, StepUpState, StepUpTracker, TokenScope};
use yew::{platform::spawn_local, prelude::*};

use super::use_step_up_client;
#[cfg(any(feature = "passkey", feature = "prompt", feature = "social"))]
use super::{Cleanup, Concern, unmount::Unmount, use_concern};

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
    tracker: StepUpTracker,
    #[cfg(feature = "otp")]
    recipient: otp::Recipient,
    #[cfg(any(feature = "passkey", feature = "prompt", feature = "social"))]
    unmount: Unmount,
}

#[cfg(any(feature = "passkey", feature = "prompt", feature = "social"))]
impl Hook {
    /// What the hook follows while its component is there.
    fn mount(self: Rc<Self>) -> Cleanup {
        #[cfg(feature = "social")]
        let look_away = social::follow_way_back(&self.tracker);
        Box::new(move || {
            #[cfg(feature = "social")]
            look_away();
            self.unmount.happen();
        })
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
    /// Whether the user has to verify once more, and with what; see [`StepUpClient::check`]. It cannot fail. The state
    /// loads from this call on, also if the future is polled later; otherwise it stays as it is.
    pub fn check_step_up_auth(&self, scope: &TokenScope) -> impl Future<Output = StepUpCheck> + use<> {
        self.hook.tracker.track_check(self.hook.client.check(scope))
    }

    /// [`check_step_up_auth`](Self::check_step_up_auth), as a yes or no.
    pub fn is_step_up_required(&self, scope: &TokenScope) -> impl Future<Output = bool> + use<> {
        self.hook.tracker.track_check(self.hook.client.is_required(scope))
    }

    /// Back to the start: no error, no code. What is under way goes on, and no longer writes this state.
    pub fn reset_state(&self) {
        self.hook.tracker.reset();
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
        tracker: StepUpTracker::new(move || render.force_update()),
        #[cfg(feature = "otp")]
        recipient: otp::Recipient::default(),
        #[cfg(any(feature = "passkey", feature = "prompt", feature = "social"))]
        unmount: Unmount::new(),
    });
    #[cfg(any(feature = "passkey", feature = "prompt", feature = "social"))]
    let () = use_concern(Concern::client(&hook.client), {
        let hook = Rc::clone(&hook);
        Box::new(move || hook.mount())
    });
    let state = Rc::new(hook.tracker.state().clone());
    UseStepUpAuthenticationHandle { state, credential_id: options.credential_id, hook }
}
