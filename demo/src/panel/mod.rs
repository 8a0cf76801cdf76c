//! The sandbox panel: what the world outside of the page does. Inbox, clock, faults, settings.

mod clock;
mod faults;
mod inbox;
mod settings;

use yew::prelude::*;
use yew_step_up::{Result, StepUpError};

use self::{clock::ClockControls, faults::FaultControls, inbox::Inbox, settings::SettingsControls};
use crate::{control::Control, ui::spawn};

#[derive(Properties, PartialEq)]
pub(crate) struct SandboxPanelProps {
    pub(crate) control: Control,
    /// Changes when the sandbox may have something new.
    pub(crate) seen: usize,
}

/// What the parts of the panel are given.
#[derive(Properties, PartialEq)]
struct PartProps {
    control: Control,
    seen: usize,
    /// Told how something ended that was asked of the sandbox.
    ondone: Callback<Result<()>>,
}

#[component]
pub(crate) fn SandboxPanel(props: &SandboxPanelProps) -> Html {
    let is_open = use_state(|| false);
    let error = use_state(|| None::<StepUpError>);
    let changes = use_state(|| 0_usize);
    let toggle = {
        let is_open = is_open.clone();
        Callback::from(move |_: MouseEvent| is_open.set(!*is_open))
    };
    let ondone = {
        let (error, changes) = (error.clone(), changes.clone());
        Callback::from(move |result: Result<()>| {
            error.set(result.err());
            changes.set(changes.wrapping_add(1));
        })
    };
    {
        // The sandbox's clock may have been moved before the reload.
        let ondone = ondone.clone();
        use_effect_with(props.control.clone(), move |control| {
            let control = control.clone();
            spawn(async move { ondone.emit(control.synchronise().await) });
        });
    }
    let seen = props.seen.wrapping_add(*changes);
    let control = props.control.clone();
    html! {
        <aside class={classes!("panel", is_open.then_some("open"))} aria-label="Sandbox">
            <button
                class="panel-toggle"
                data-testid="panel-toggle"
                onclick={toggle}
                aria-expanded={is_open.to_string()}
                aria-controls="panel-body"
            >
                { if *is_open { "Close the sandbox" } else { "Open the sandbox" } }
            </button>
            <div class="panel-body" id="panel-body">
                <div class="panel-head">
                    <h2>{ "Sandbox" }</h2>
                    <p class="quiet">{ "The identity provider, emulated. It verifies for real, and nothing leaves this machine." }</p>
                </div>
                <p class="field-note error" aria-live="polite">{ error.as_ref().map(ToString::to_string) }</p>
                <Inbox control={control.clone()} {seen} ondone={ondone.clone()} />
                <ClockControls control={control.clone()} {seen} ondone={ondone.clone()} />
                <FaultControls control={control.clone()} {seen} ondone={ondone.clone()} />
                <SettingsControls {control} {seen} {ondone} />
            </div>
        </aside>
    }
}
