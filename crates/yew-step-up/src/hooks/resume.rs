//! `use_step_up_resume`

use step_up_core::{Provider, Result, SocialPurpose, SocialReturn, StepUpClient, TokenScope, Verified};
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
    use_step_up_context().resumed.as_deref().cloned()
}

/// Goes on with a redirect that came back.
pub(crate) async fn resume(client: StepUpClient, returned: SocialReturn) -> Resumed {
    let (purpose, provider) = (returned.purpose(), returned.provider().clone());
    let scopes = returned.scopes().to_vec();
    let app_state = returned.app_state().map(Into::into);
    let result = client.resume_social(returned).await;
    Resumed { purpose, provider, scopes, app_state, result }
}
