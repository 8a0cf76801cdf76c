//! The provider, which makes the client and hands it to the hooks.

#[cfg(feature = "social")]
use std::cell::RefCell;
use std::rc::Rc;

use step_up_core::{Config, StepUpClient};
#[cfg(feature = "social")]
use step_up_core::{Event, SocialReturn};
#[cfg(feature = "social")]
use yew::platform::spawn_local;
use yew::prelude::*;

#[cfg(feature = "social")]
use crate::hooks::{ResumeSlot, ResumedHandle};
use crate::{
    hooks::{Cleanup, Concern, follow_session, use_concern},
    platform,
};

/// What the hooks find: the client and the redirect that came back, both compared by identity.
#[derive(Clone, PartialEq)]
pub(crate) struct StepUpContext {
    pub(crate) client: StepUpClient,
    /// Whether hooks show what the server rendered, whatever the client has.
    pub(crate) is_hydrating: bool,
    #[cfg(feature = "social")]
    pub(crate) resumed: Option<ResumedHandle>,
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
    /// Whether the page is rendered on a server, signed out, and hydrated in the browser. Set it on both sides; see
    /// [*Hydration*](StepUpProvider#hydration).
    #[prop_or_default]
    pub hydrate: bool,
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
///         <StepUpProvider environment_id="5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000">
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
///
/// # Hydration
///
/// The server doesn't know the session that the browser keeps, so it renders the page signed out. yew panics if the first
/// render in the browser has other elements than the server's. With `hydrate` the hooks therefore start signed out, with
/// nothing held, and show the client's session as soon as the page is hydrated.
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::StepUpProvider;
///
/// // The server renders it with `yew::ServerRenderer::<App>`, and the browser runs `yew::Renderer::<App>::new().hydrate()`.
/// #[component]
/// fn App() -> Html {
///     html! {
///         <StepUpProvider environment_id="5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000" hydrate=true>
///             { "The app" }
///         </StepUpProvider>
///     }
/// }
/// ```
///
/// - What a component reads from the client itself, not from a hook, is the client's from the start.
/// - A page that sends visitors to a sign-in decides by `use_step_up_client().status()` in an effect, not by the hooks'
///   first render.
/// - A component that suspends during hydration is hydrated later than the provider. Put the provider below such a
///   component, or let nothing inside the `Suspense` depend on the session.
/// - Leave `hydrate` out if the server renders with a client that is signed in. Then the browser's client has to start with
///   the same session.
#[component]
pub fn StepUpProvider(props: &StepUpProviderProps) -> Html {
    let given = (props.client.clone(), props.environment_id.clone(), props.base_url.clone());
    #[cfg(feature = "social")]
    let render = use_force_update();
    let started = use_memo(given, |(client, environment_id, base_url)| {
        let client = client.clone().unwrap_or_else(|| make(environment_id.as_deref(), base_url.as_deref()));
        Started {
            // Not in the effect: by then the page is shown, with the code in its address.
            #[cfg(feature = "social")]
            returned: RefCell::new(client.take_social_return()),
            #[cfg(feature = "social")]
            slot: Rc::new(ResumeSlot::new(&client, render)),
            client,
        }
    });
    let hydrating = use_state(|| props.hydrate);
    let is_hydrating = *hydrating;
    let follow = {
        let started = Rc::clone(&started);
        move || -> Cleanup {
            if is_hydrating {
                hydrating.set(false);
            }
            #[cfg(feature = "social")]
            let forget_redirect = started.follow_redirect();
            let forget_session = follow_session(&started.client);
            let client = started.client.clone();
            let look_away = platform::on_visible(move || client.recheck_elevations());
            Box::new(move || {
                look_away();
                forget_session();
                #[cfg(feature = "social")]
                forget_redirect();
            })
        }
    };
    use_concern(Concern::client(&started.client), Box::new(follow));
    let context = StepUpContext {
        client: started.client.clone(),
        is_hydrating,
        #[cfg(feature = "social")]
        resumed: started.slot.handle(),
    };
    html! { <ContextProvider<StepUpContext> {context}>{ props.children.clone() }</ContextProvider<StepUpContext>> }
}

/// A client, and the redirect that its page came back from.
struct Started {
    client: StepUpClient,
    #[cfg(feature = "social")]
    returned: RefCell<Option<SocialReturn>>,
    #[cfg(feature = "social")]
    slot: Rc<ResumeSlot>,
}

#[cfg(feature = "social")]
impl Started {
    /// Goes on with the redirect, and forgets one that brings no answer. What this gives stops looking.
    fn follow_redirect(&self) -> impl FnOnce() + use<> {
        let (slot, followed) = (Rc::clone(&self.slot), Rc::clone(&self.slot));
        let subscription = self.client.subscribe(move |event| {
            if matches!(event, Event::SessionChanged) {
                followed.follow_session();
            }
        });
        if let Some(returned) = self.returned.take() {
            spawn_local(async move { slot.resume(returned).await });
        }
        let client = self.client.clone();
        // The user came back to the page as it was, without an answer.
        let look_away = platform::on_restored(move || client.forget_social_redirect());
        move || {
            drop(subscription);
            look_away();
        }
    }
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
