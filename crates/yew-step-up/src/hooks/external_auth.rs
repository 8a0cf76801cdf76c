//! `use_external_auth`

use std::rc::Rc;

use step_up_core::{ExternalJwt, Result, StepUpClient, User, Verified};
use yew::prelude::*;

use super::use_step_up_client;

/// Sign-in and step-up with assertions of the environment's external identity provider. It has no state.
#[derive(Clone, Debug, PartialEq)]
pub struct UseExternalAuthHandle {
    client: StepUpClient,
}

impl UseExternalAuthHandle {
    /// Signs in with an assertion; see [`StepUpClient::sign_in_with_external_jwt`].
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::sign_in_with_external_jwt`].
    pub fn sign_in_with_external_jwt(
        &self,
        assertion: &str,
    ) -> impl Future<Output = Result<Rc<User>>> + use<> {
        self.client.sign_in_with_external_jwt(&ExternalJwt::new(assertion))
    }

    /// Verifies the user with an assertion, and holds the elevated token for the scopes that it names; see
    /// [`StepUpClient::verify_with_external_jwt`].
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::verify_with_external_jwt`].
    pub fn verify_with_external_jwt(
        &self,
        assertion: &str,
    ) -> impl Future<Output = Result<Verified>> + use<> {
        self.client.verify_with_external_jwt(&ExternalJwt::new(assertion))
    }
}

/// For apps whose users are known to an identity provider of their own. The assertion comes from the app's backend, which
/// asks the user for whatever it deems enough.
///
/// ```
/// use yew::{platform::spawn_local, prelude::*};
/// use yew_step_up::use_external_auth;
///
/// #[derive(Properties, PartialEq)]
/// struct Props {
///     /// What the backend signed: `sub`, `scope`, `jti`, `exp`.
///     assertion: AttrValue,
/// }
///
/// #[component]
/// fn Continue(props: &Props) -> Html {
///     let external = use_external_auth();
///     let assertion = props.assertion.clone();
///     let onclick = Callback::from(move |_: MouseEvent| {
///         let verification = external.verify_with_external_jwt(&assertion);
///         spawn_local(async move {
///             if let Err(error) = verification.await {
///                 // Show the error.
///                 # drop(error);
///             }
///         });
///     });
///     html! { <button {onclick}>{ "Continue" }</button> }
/// }
/// ```
///
/// # Panics
///
/// Outside a [`StepUpProvider`](crate::StepUpProvider).
///
/// # Server-side rendering
///
/// Renders nothing and asks for nothing; its methods are for event handlers and effects, which run in the browser.
#[hook]
pub fn use_external_auth() -> UseExternalAuthHandle {
    UseExternalAuthHandle { client: use_step_up_client() }
}
