//! One hook a file.

#[cfg(feature = "prompt")]
mod action;
mod alarm;
mod client;
mod effect;
mod elevation;
#[cfg(feature = "external")]
mod external_auth;
#[cfg(feature = "prompt")]
mod prompt;
#[cfg(feature = "social")]
mod resume;
mod session;
mod step_up;
#[cfg(any(feature = "passkey", feature = "prompt", feature = "social"))]
mod unmount;

#[cfg(feature = "external")]
pub use self::external_auth::{UseExternalAuthHandle, use_external_auth};
pub(crate) use self::{
    alarm::follow_session,
    effect::{Cleanup, Concern, use_concern},
};
#[cfg(feature = "wallet")]
mod wallets;

#[cfg(feature = "social")]
pub(crate) use self::resume::ResumeSlot;
#[cfg(feature = "social")]
pub use self::resume::{Resumed, ResumedHandle, use_step_up_resume};
#[cfg(feature = "wallet")]
pub use self::wallets::use_wallets;
#[cfg(feature = "prompt")]
pub use self::{
    action::{StepUpActionState, UseStepUpActionHandle, use_step_up_action, use_step_up_action_with_options},
    prompt::{PromptHandle, use_step_up_prompt},
};
pub use self::{
    client::use_step_up_client,
    elevation::{UseElevationHandle, use_elevation},
    session::{UseSessionHandle, use_session},
    step_up::{
        UseStepUpAuthenticationHandle, UseStepUpAuthenticationOptions, use_step_up_authentication,
        use_step_up_authentication_with_options,
    },
};

use std::rc::Rc;

use step_up_core::{Event, StepUpClient, TokenScope};
use yew::prelude::*;

use self::client::use_step_up_context;

/// Renders again whenever what `read` gives is not the same after an event that is of interest, and gives it. While the page
/// is hydrated it gives what the server had: nothing.
#[hook]
fn use_client_value<T: Clone + Default + 'static>(
    client: &StepUpClient,
    scope: Option<TokenScope>,
    concerns: fn(&Event) -> bool,
    read: fn(&StepUpClient, Option<&TokenScope>) -> T,
    is_same: fn(&T, &T) -> bool,
) -> T {
    let is_hydrating = use_step_up_context().is_hydrating;
    let rendered = if is_hydrating { T::default() } else { read(client, scope.as_ref()) };
    let is_stale = {
        let (client, scope, shown) = (client.clone(), scope.clone(), rendered.clone());
        Rc::new(move || !is_same(&read(&client, scope.as_ref()), &shown))
    };
    use_change(client, scope, concerns, is_stale);
    rendered
}

/// The part of [`use_client_value`] that is the same for every value: renders again after an event of interest if
/// `is_stale`, as of the last render.
#[hook]
fn use_change(
    client: &StepUpClient,
    scope: Option<TokenScope>,
    concerns: fn(&Event) -> bool,
    is_stale: Rc<dyn Fn() -> bool>,
) {
    let render = use_force_update();
    let latest = use_mut_ref(|| Rc::clone(&is_stale));
    latest.replace(is_stale);
    let look = move || {
        let is_stale = Rc::clone(&latest.borrow());
        if is_stale() {
            render.force_update();
        }
    };
    let followed = client.clone();
    let effect = move || -> Cleanup {
        // Between the render and this effect something may have happened.
        look();
        let subscription = followed.subscribe(move |event| {
            if concerns(event) {
                look();
            }
        });
        Box::new(move || drop(subscription))
    };
    use_concern(Concern::scope(client, scope), Box::new(effect));
}
