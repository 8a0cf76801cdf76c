//! The provider, which makes the client and hands it to the hooks.

use step_up_core::{Config, StepUpClient};
use yew::prelude::*;

#[cfg(feature = "social")]
use crate::hooks::{ResumedContext, use_resumption};
use crate::{hooks::follow_session, platform};

/// What the hooks find: the client, compared by identity.
#[derive(Clone, PartialEq)]
pub(crate) struct StepUpContext {
    pub(crate) client: StepUpClient,
}

/// Properties of [`StepUpProvider`].
#[derive(Properties, PartialEq)]
pub struct StepUpProviderProps {
    /// The environment, for a client with the browser's own platform.
    #[prop_or_default]
    pub environment_id: Option<AttrValue>,
    /// Where the service is, if not at its own address.
    #[prop_or_default]
    pub base_url: Option<AttrValue>,
    /// A prepared client; the other two are not looked at.
    #[prop_or_default]
    pub client: Option<StepUpClient>,
    /// What may use the hooks.
    #[prop_or_default]
    pub children: Html,
}

/// Gives its children the client that the hooks use. It renders nothing but them.
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::StepUpProvider;
///
/// #[component]
/// fn App() -> Html {
///     html! {
///         <StepUpProvider environment_id="2762a57b-faa4-41ce-9f16-abff9300e2c9">
///             { "Everything in here may call the hooks." }
///         </StepUpProvider>
///     }
/// }
/// ```
///
/// # Panics
///
/// Where it has neither a client nor an environment id, or one that [`Config`] refuses: a page that cannot talk to the
/// service is a mistake to be seen at once. Make the client yourself where the id comes from outside.
///
/// # Server-side rendering
///
/// Makes one client per rendered page, signed out, which sends nothing.
#[component]
pub fn StepUpProvider(props: &StepUpProviderProps) -> Html {
    let given = (props.client.clone(), props.environment_id.clone(), props.base_url.clone());
    let client = use_memo(given, |(client, environment_id, base_url)| {
        client.clone().unwrap_or_else(|| make(environment_id.as_deref(), base_url.as_deref()))
    });
    use_effect_with((*client).clone(), |client| {
        let forget_session = follow_session(client);
        let client = client.clone();
        let look_away = platform::on_visible(move || client.recheck_elevations());
        move || {
            look_away();
            forget_session();
        }
    });
    let context = StepUpContext { client: (*client).clone() };
    let children = props.children.clone();
    #[cfg(feature = "social")]
    let children = {
        let context = use_resumption(&client);
        html! { <ContextProvider<ResumedContext> {context}>{ children }</ContextProvider<ResumedContext>> }
    };
    html! { <ContextProvider<StepUpContext> {context}>{ children }</ContextProvider<StepUpContext>> }
}

fn make(environment_id: Option<&str>, base_url: Option<&str>) -> StepUpClient {
    let Some(environment_id) = environment_id else {
        panic!("StepUpProvider needs an environment_id or a client");
    };
    let config = Config::new(environment_id).and_then(|config| match base_url {
        Some(base_url) => config.with_base_url(base_url),
        None => Ok(config),
    });
    match config {
        Ok(config) => {
            let platform = platform::platform(&config);
            StepUpClient::new(config, platform)
        }
        Err(error) => panic!("StepUpProvider: {error}"),
    }
}
