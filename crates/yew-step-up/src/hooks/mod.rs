//! One hook a file.

#[cfg(feature = "prompt")]
mod action;
mod alarm;
mod client;
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

pub(crate) use self::alarm::follow_session;
#[cfg(feature = "external")]
pub use self::external_auth::{UseExternalAuthHandle, use_external_auth};
#[cfg(feature = "wallet")]
mod wallets;

#[cfg(feature = "social")]
pub use self::resume::{Resumed, use_step_up_resume};
#[cfg(feature = "social")]
pub(crate) use self::resume::{ResumedContext, use_resumption};
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

use step_up_core::{Event, StepUpClient};
use yew::prelude::*;

/// Renders again whenever what `read` gives has changed after an event that is of interest, and gives it.
#[hook]
fn use_client_value<T, D>(
    client: &StepUpClient,
    dependencies: D,
    concerns: fn(&Event) -> bool,
    read: impl Fn(&StepUpClient) -> T + 'static,
) -> T
where
    T: Clone + PartialEq + 'static,
    D: Clone + PartialEq + 'static,
{
    let trigger = use_force_update();
    let rendered = read(client);
    // What the last render showed: an event that changes nothing renders nothing.
    let shown = use_mut_ref(|| rendered.clone());
    shown.replace(rendered.clone());
    use_effect_with((client.clone(), dependencies), move |(client, _)| {
        let update = {
            let client = client.clone();
            move || {
                let current = read(&client);
                let is_new = *shown.borrow() != current;
                if is_new {
                    shown.replace(current);
                    trigger.force_update();
                }
            }
        };
        // Between the render and this effect something may have happened.
        update();
        let subscription = client.subscribe(move |event| {
            if concerns(event) {
                update();
            }
        });
        move || drop(subscription)
    });
    rendered
}
