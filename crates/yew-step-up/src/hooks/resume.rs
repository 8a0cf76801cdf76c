//! `use_step_up_resume`

use std::{cell::RefCell, rc::Rc};

use step_up_core::{Provider, Result, SocialPurpose, StepUpClient, TokenScope, Verified};
use yew::{platform::spawn_local, prelude::*};

use crate::platform;

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

/// What [`use_step_up_resume`] finds.
#[derive(Clone, PartialEq)]
pub(crate) struct ResumedContext(Option<Rc<Resumed>>);

/// The redirect that this page came back from, once it is known how it ended. `None` before that, and where the page was
/// loaded otherwise.
///
/// [`StepUpProvider`](crate::StepUpProvider) takes it up once, when it is first rendered: the code leaves the address bar
/// before anything is shown, and is redeemed when the session is there.
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::use_step_up_resume;
///
/// #[component]
/// fn Welcome() -> Html {
///     match use_step_up_resume() {
///         Some(resumed) => match &resumed.result {
///             Ok(_) => html! { <p>{ format!("Verified with {}.", resumed.provider) }</p> },
///             Err(error) => html! { <p role="alert">{ error.to_string() }</p> },
///         },
///         None => Html::default(),
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
/// `None`.
#[hook]
pub fn use_step_up_resume() -> Option<Resumed> {
    match use_context::<ResumedContext>() {
        Some(ResumedContext(resumed)) => resumed.as_deref().cloned(),
        None => panic!("no StepUpProvider above this component: wrap the app in one"),
    }
}

/// Takes up a redirect that came back, and goes on with it.
#[hook]
pub(crate) fn use_resumption(client: &StepUpClient) -> ResumedContext {
    let resumed = use_state(|| ResumedContext(None));
    // Not in the effect: by then the page is shown, with the code in its address.
    let returned = use_memo(client.clone(), |client| RefCell::new(client.take_social_return()));
    use_effect_with(client.clone(), {
        let resumed = resumed.setter();
        move |client| {
            if let Some(returned) = returned.take() {
                let client = client.clone();
                spawn_local(async move {
                    let (purpose, provider) = (returned.purpose(), returned.provider().clone());
                    let scopes = returned.scopes().to_vec();
                    let app_state = returned.app_state().map(Into::into);
                    let result = client.resume_social(returned).await;
                    let done = Resumed { purpose, provider, scopes, app_state, result };
                    resumed.set(ResumedContext(Some(Rc::new(done))));
                });
            }
        }
    });
    use_effect_with(client.clone(), |client| {
        let client = client.clone();
        // The user came back to the page as it was, without an answer.
        platform::on_restored(move || client.forget_social_redirect())
    });
    (*resumed).clone()
}
