//! `use_elevation`

use std::time::Duration;

use step_up_core::{Elevation, Event, StepUpClient, TokenScope};
use yew::prelude::*;

use super::{alarm::use_alarm, use_client_value, use_step_up_client};

/// What is held for a scope.
#[derive(Clone, Debug, PartialEq)]
pub struct UseElevationHandle {
    elevation: Option<Elevation>,
    client: StepUpClient,
}

impl UseElevationHandle {
    /// What is held and free to be used; `None` where the user has to verify first.
    #[must_use]
    pub fn elevation(&self) -> Option<&Elevation> {
        self.elevation.as_ref()
    }

    /// How long it is good for from now on, by the server's clock; zero where nothing is held.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.elevation
            .as_ref()
            .map_or(Duration::ZERO, |elevation| elevation.expires_at.since(self.client.now()))
    }
}

/// What is held for a scope. Renders again when that changes and when it expires.
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::{TokenScope, use_elevation};
///
/// #[component]
/// fn Lock() -> Html {
///     let elevation = use_elevation(TokenScope::WalletExport);
///     html! { if elevation.elevation().is_some() { { "Unlocked" } } else { { "Locked" } } }
/// }
/// ```
///
/// # Panics
///
/// Outside a [`StepUpProvider`](crate::StepUpProvider).
///
/// # Server-side rendering
///
/// Nothing is held. With [`hydrate`](crate::StepUpProviderProps#structfield.hydrate) so it is in the browser's first render.
#[hook]
pub fn use_elevation(scope: TokenScope) -> UseElevationHandle {
    let client = use_step_up_client();
    let concerns = |event: &Event| matches!(event, Event::ElevationsChanged);
    let read = |client: &StepUpClient, scope: Option<&TokenScope>| client.elevation(scope?);
    let elevation = use_client_value(&client, Some(scope), concerns, read, PartialEq::eq);
    use_alarm(&client, elevation.as_ref().map(|elevation| elevation.expires_at));
    UseElevationHandle { elevation, client }
}
