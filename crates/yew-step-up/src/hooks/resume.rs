//! `use_step_up_resume`

use std::{cell::RefCell, fmt, ops::Deref, rc::Rc};

use step_up_core::{
    Epoch, Provider, Result, SocialPurpose, SocialReturn, StepUpClient, TokenScope, User, Verified,
};
use yew::prelude::*;

use super::client::use_step_up_context;

/// A redirect to a social provider that came back, and how it ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Resumed {
    /// What it was for.
    pub purpose: SocialPurpose,
    /// The provider.
    pub provider: Provider,
    /// The scopes that were asked for.
    pub scopes: Vec<TokenScope>,
    /// What the app gave to get back ([`SocialOptions::with_app_state`](crate::SocialOptions::with_app_state)).
    pub app_state: Option<String>,
    /// What came of it.
    pub result: Result<Verified>,
}

/// A redirect that came back, for the components that show it and the one that acts on it. Derefs to [`Resumed`].
#[derive(Clone)]
pub struct ResumedHandle {
    resumed: Rc<Resumed>,
    slot: Rc<ResumeSlot>,
}

impl Deref for ResumedHandle {
    type Target = Resumed;

    fn deref(&self) -> &Resumed {
        &self.resumed
    }
}

impl PartialEq for ResumedHandle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.resumed, &other.resumed)
    }
}

impl fmt::Debug for ResumedHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResumedHandle").field(&self.resumed).finish()
    }
}

impl ResumedHandle {
    /// Takes the result, to act on it. Only the first call returns it, and only in the session that the redirect belongs
    /// to; afterwards it is gone for every component. Call it in an effect or an event handler, not while rendering.
    #[must_use]
    pub fn take(&self) -> Option<Resumed> {
        self.slot.take().map(|resumed| (*resumed).clone())
    }
}

/// The redirect that this page came back from, once it is known how it ended. `None` before that, if the page was loaded
/// otherwise, once the result was [taken](ResumedHandle::take), and once its session has ended: what a user began is not
/// another user's to finish.
///
/// [`StepUpProvider`](crate::StepUpProvider) takes the redirect up once, when it is first rendered: the code leaves the
/// address bar before anything is shown, and is redeemed when the session is there.
///
/// A component that shows the result reads it:
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::use_step_up_resume;
///
/// #[component]
/// fn Welcome() -> Html {
///     let Some(resumed) = use_step_up_resume() else { return Html::default() };
///     match &resumed.result {
///         Ok(_) => html! { <p>{ format!("Verified with {}.", resumed.provider) }</p> },
///         Err(error) => html! { <p role="alert">{ error.to_string() }</p> },
///     }
/// }
/// ```
///
/// One that acts on it takes it, so that it acts once however often it is rendered:
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::{ResumedHandle, use_step_up_resume};
///
/// #[component]
/// fn ExportAfterRedirect(props: &Props) -> Html {
///     let resumed = use_step_up_resume();
///     use_effect_with((resumed, props.export.clone()), |(resumed, export)| {
///         if let Some(resumed) = resumed.as_ref().and_then(ResumedHandle::take)
///             && resumed.result.is_ok()
///         {
///             export.emit(resumed.app_state);
///         }
///     });
///     Html::default()
/// }
/// # #[derive(Properties, PartialEq)]
/// # struct Props { export: Callback<Option<String>> }
/// ```
///
/// # Panics
///
/// Outside a [`StepUpProvider`](crate::StepUpProvider).
///
/// # Server-side rendering
///
/// `None`.
#[hook]
pub fn use_step_up_resume() -> Option<ResumedHandle> {
    use_step_up_context().resumed.filter(|resumed| resumed.slot.current().is_some())
}

/// Where a provider keeps the result of a redirect until it is taken or its session ends.
pub(crate) struct ResumeSlot {
    client: StepUpClient,
    held: RefCell<Option<(Epoch, Rc<Resumed>)>>,
    /// Renders the provider.
    render: UseForceUpdateHandle,
}

impl ResumeSlot {
    pub(crate) fn new(client: &StepUpClient, render: UseForceUpdateHandle) -> Self {
        Self { client: client.clone(), held: RefCell::default(), render }
    }

    /// What the components of this render find.
    pub(crate) fn handle(self: &Rc<Self>) -> Option<ResumedHandle> {
        Some(ResumedHandle { resumed: self.current()?, slot: Rc::clone(self) })
    }

    /// Goes on with a redirect that came back. Its result is of no use to a session that has begun meanwhile.
    pub(crate) async fn resume(&self, returned: SocialReturn) {
        let before = self.client.epoch();
        let (purpose, provider) = (returned.purpose(), returned.provider().clone());
        let scopes = returned.scopes().to_vec();
        let app_state = returned.app_state().map(Into::into);
        let result = self.client.resume_social(returned).await;
        let epoch = match (purpose, &result) {
            // The session that it has opened, unless a listener has closed that already.
            (SocialPurpose::SignIn, Ok(verified)) if self.is_signed_in(&verified.user) => self.client.epoch(),
            _ => before,
        };
        let resumed = Resumed { purpose, provider, scopes, app_state, result };
        self.held.replace(Some((epoch, Rc::new(resumed))));
        self.render.force_update();
    }

    fn is_signed_in(&self, user: &User) -> bool {
        self.client.user().is_some_and(|known| known.id == user.id)
    }

    /// Forgets the result once its session has ended.
    pub(crate) fn follow_session(&self) {
        if self.current().is_none() {
            drop(self.take());
        }
    }

    fn take(&self) -> Option<Rc<Resumed>> {
        let current = self.current();
        if self.held.take().is_some() {
            self.render.force_update();
        }
        current
    }

    /// The result, if its session goes on.
    fn current(&self) -> Option<Rc<Resumed>> {
        let epoch = self.client.epoch();
        let held = self.held.borrow();
        held.as_ref().filter(|(of, _)| *of == epoch).map(|(_, resumed)| Rc::clone(resumed))
    }
}
