//! One of the ten: an action behind a step-up. It knows nothing of the others.

use yew::prelude::*;
use yew_step_up::{StepUpActionState, use_step_up_action, use_step_up_client};

use super::call::Call;

/// Where a button stands, for the page that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Status {
    #[default]
    Idle,
    Waiting,
    Done,
    Cancelled,
    Failed,
}

#[derive(Properties, PartialEq)]
pub(super) struct CallButtonProps {
    /// Which button it is, from 1.
    pub(super) number: usize,
    pub(super) call: Call,
    /// Which time it is.
    pub(super) round: u32,
    /// Told where the button of this number stands.
    pub(super) onstatus: Callback<(usize, Status)>,
}

#[component]
pub(super) fn CallButton(props: &CallButtonProps) -> Html {
    let client = use_step_up_client();
    let (number, call, round) = (props.number, props.call, props.round);

    // Check, prompt, run: whether somebody else asks for the same just now is the client's business.
    let action = use_step_up_action(call.scope(), move |scopes| call.send(&client, scopes, round, number));

    let status = match &*action {
        StepUpActionState::Idle => Status::Idle,
        StepUpActionState::Cancelled => Status::Cancelled,
        StepUpActionState::Done(_) => Status::Done,
        StepUpActionState::Failed(_) => Status::Failed,
        _ => Status::Waiting,
    };
    let text = match &*action {
        StepUpActionState::Idle => "not asked".to_owned(),
        StepUpActionState::Checking => "checks…".to_owned(),
        StepUpActionState::Prompting => "waits for you…".to_owned(),
        StepUpActionState::Running => "calls…".to_owned(),
        StepUpActionState::Done(_) => "answered".to_owned(),
        StepUpActionState::Cancelled => "cancelled".to_owned(),
        StepUpActionState::Failed(error) => error.to_string(),
        _ => String::new(),
    };
    use_effect_with((status, props.onstatus.clone()), move |(status, onstatus)| {
        onstatus.emit((number, *status));
    });

    let onclick = {
        let action = action.clone();
        Callback::from(move |_: MouseEvent| action.run())
    };
    let class = match status {
        Status::Done => "good",
        Status::Failed => "bad",
        Status::Idle | Status::Waiting | Status::Cancelled => "",
    };
    html! {
        <li>
            <button class="button call" data-testid="together-call" {onclick} disabled={action.is_busy()}>
                <b>{ number }</b>
                <span class={classes!("call-status", class)} title={text.clone()}>{ text }</span>
            </button>
        </li>
    }
}
