//! The sandbox panel: what the world outside of the page does. Inbox, clock, faults, settings. Beside the page; on a phone
//! a sheet below it, whose bar shows the newest code.

mod at_hand;
mod authenticator;
mod clock;
mod faults;
mod inbox;
mod settings;
mod wallet;

use std::rc::Rc;

use yew::prelude::*;
use yew_step_up::{Result, StepUpError};

pub(crate) use self::at_hand::CodesAtHand;
use self::{
    authenticator::Authenticator,
    clock::ClockControls,
    faults::FaultControls,
    inbox::{Inbox, use_inbox},
    settings::SettingsControls,
    wallet::WalletControls,
};
use crate::{
    control::Control,
    event_log::EventLog,
    ui::{autofill::fill_in, icon::Chevron, spawn},
};

#[derive(Properties, PartialEq)]
pub(crate) struct SandboxPanelProps {
    pub(crate) control: Control,
    /// When something happened, the sandbox may have something new.
    pub(crate) log: EventLog,
}

/// What the parts of the panel are given.
#[derive(Properties, PartialEq)]
struct PartProps {
    control: Control,
    log: EventLog,
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
    let close = {
        let is_open = is_open.setter();
        Callback::from(move |()| is_open.set(false))
    };
    // Counted here: a callback of an older rendering would count from what the state was then.
    let count = use_mut_ref(|| 0_usize);
    let ondone = {
        let (error, changes) = (error.setter(), changes.setter());
        Callback::from(move |result: Result<()>| {
            // After a failure there is nothing new to read, and what reads it would fail in turn, again and again.
            if result.is_ok() {
                let mut count = count.borrow_mut();
                *count = count.wrapping_add(1);
                changes.set(*count);
            }
            error.set(result.err());
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
    let seen = newest(&props.log).wrapping_add(*changes);
    let (control, log) = (props.control.clone(), props.log.clone());
    let messages = use_inbox(&control, seen, &ondone);
    let peek = messages.first().map(|message| {
        let code = message.code.clone();
        let close = close.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            if fill_in(&code) {
                close.emit(());
            }
        });
        html! {
            <button class="peek" data-testid="inbox-peek" {onclick}>
                { "Fill in " }<span class="mono">{ &message.code }</span>
            </button>
        }
    });
    html! {
        <aside class={classes!("panel", is_open.then_some("open"))} aria-label="Sandbox">
            <div class="panel-bar">
                <button
                    class="panel-toggle"
                    data-testid="panel-toggle"
                    onclick={toggle}
                    aria-expanded={is_open.to_string()}
                    aria-controls="panel-body"
                >
                    <Chevron />{ "Sandbox" }
                </button>
                { peek }
            </div>
            <div class="panel-body" id="panel-body">
                <div class="panel-head">
                    <h2>{ "Sandbox" }</h2>
                    <p class="quiet">{ "The identity provider, emulated. It verifies for real, and nothing leaves this machine." }</p>
                </div>
                <p class="field-note error" aria-live="polite">{ error.as_ref().map(ToString::to_string) }</p>
                <Inbox {messages} onfilled={close.clone()} />
                <Authenticator onfilled={close} />
                <ClockControls control={control.clone()} log={log.clone()} {seen} ondone={ondone.clone()} />
                <FaultControls control={control.clone()} log={log.clone()} {seen} ondone={ondone.clone()} />
                <WalletControls />
                <SettingsControls {control} {log} {seen} {ondone} />
            </div>
        </aside>
    }
}

/// Names the newest entry, whatever it is.
fn newest(log: &EventLog) -> usize {
    log.entries.first().map_or(0, |entry| Rc::as_ptr(entry) as usize)
}
