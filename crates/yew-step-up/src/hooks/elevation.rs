//! `use_elevation`

use std::time::Duration;

use futures_util::future::abortable;
use step_up_core::{Elevation, Event, StepUpClient, TokenScope};
use yew::{platform::spawn_local, prelude::*};

use super::{use_client_value, use_step_up_client};

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
/// Nothing is held.
#[hook]
pub fn use_elevation(scope: TokenScope) -> UseElevationHandle {
    let client = use_step_up_client();
    let concerns = |event: &Event| matches!(event, Event::ElevationsChanged);
    let elevation =
        use_client_value(&client, scope.clone(), concerns, move |client| client.elevation(&scope));
    use_expiry(&client, elevation.as_ref());
    UseElevationHandle { elevation, client }
}

/// Has the client look again at the moment when what is held expires.
#[hook]
fn use_expiry(client: &StepUpClient, elevation: Option<&Elevation>) {
    let expires_at = elevation.map(|elevation| elevation.expires_at);
    use_effect_with((client.clone(), expires_at), |(client, expires_at)| {
        let abort = expires_at.map(|expires_at| {
            let client = client.clone();
            let (wait, abort) = abortable(async move {
                // A timer may be early, and counts no more than 24 days.
                while client.now() < expires_at {
                    client.sleep(expires_at.since(client.now())).await;
                }
                client.recheck_elevations();
            });
            spawn_local(async move {
                // `Err` says that the component let go of it.
                let _ = wait.await;
            });
            abort
        });
        move || {
            if let Some(abort) = abort {
                abort.abort();
            }
        }
    });
}
