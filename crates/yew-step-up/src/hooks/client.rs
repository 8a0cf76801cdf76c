//! `use_step_up_client`

use step_up_core::StepUpClient;
use yew::prelude::*;

use crate::provider::StepUpContext;

/// The client of the nearest [`StepUpProvider`](crate::StepUpProvider): for the app's own calls and for events.
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::{HttpRequest, TokenScope, use_step_up_client};
///
/// #[component]
/// fn DeleteAccount() -> Html {
///     let client = use_step_up_client();
///     let onclick = Callback::from(move |_: MouseEvent| {
///         let deletion = client.send(HttpRequest::delete("/users"), TokenScope::UserDelete);
///         yew::platform::spawn_local(async move {
///             match deletion.await {
///                 Ok(_) => { /* gone */ }
///                 Err(_error) => { /* show it */ }
///             }
///         });
///     });
///     html! { <button {onclick}>{ "Delete my account" }</button> }
/// }
/// ```
///
/// # Panics
///
/// Outside a provider.
///
/// # Server-side rendering
///
/// The client of this page. Its requests fail with [`UnsupportedTarget`](crate::StepUpError::UnsupportedTarget).
#[hook]
pub fn use_step_up_client() -> StepUpClient {
    use_step_up_context().client
}

/// What the nearest provider gives.
#[hook]
pub(super) fn use_step_up_context() -> StepUpContext {
    match use_context() {
        Some(context) => context,
        None => panic!("no StepUpProvider above this component: wrap the app in one"),
    }
}
