//! The codes that a prompt in a dialog may ask for: while it is open, the panel cannot be reached.

use yew::prelude::*;
use yew_step_up::use_step_up_client;

use super::{inbox::use_inbox, newest};
use crate::{authenticator, control::Control, event_log::EventLog, ui::autofill::fill_in};

#[derive(Properties, PartialEq)]
pub(crate) struct CodesAtHandProps {
    pub(crate) control: Control,
    /// When something happened, there may be a new code.
    pub(crate) log: EventLog,
}

#[component]
pub(crate) fn CodesAtHand(props: &CodesAtHandProps) -> Html {
    let client = use_step_up_client();
    // What cannot be read is said in the panel.
    let messages = use_inbox(&props.control, newest(&props.log), &Callback::noop());
    let chip = |test_id: &'static str, from: &'static str, code: String| {
        let onclick = {
            let code = code.clone();
            Callback::from(move |_: MouseEvent| {
                fill_in(&code);
            })
        };
        html! {
            <button type="button" class="code mono" title="Fill it in" {onclick}>
                <span class="quiet">{ from }</span>{ " " }<span data-testid={test_id}>{ code }</span>
            </button>
        }
    };
    html! {
        <div class="at-hand">
            <span class="quiet">{ "Sandbox:" }</span>
            if let Some(message) = messages.first() { { chip("at-hand-inbox", "Inbox", message.code.clone()) } }
            if let Some(code) = authenticator::code(client.now()) { { chip("at-hand-authenticator", "App", code) } }
        </div>
    }
}
