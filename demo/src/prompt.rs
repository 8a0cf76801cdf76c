//! The ready-made prompt, mounted once for all pages that ask through it. The screens in `verify/` are for the others.

use yew::prelude::*;
use yew_step_up_ui::StepUpPrompt;

use crate::{
    control::Control,
    event_log::EventLog,
    panel::CodesAtHand,
    ui::{button::PrimaryButton, spawn},
};

#[derive(Properties, PartialEq)]
pub(crate) struct PromptProps {
    /// None where the provider is the real service.
    pub(crate) control: Option<Control>,
    pub(crate) log: EventLog,
}

#[component]
pub(crate) fn Prompt(props: &PromptProps) -> Html {
    let Some(control) = props.control.clone() else { return html! { <StepUpPrompt /> } };
    let captcha = {
        let control = control.clone();
        Callback::from(move |onsolved: Callback<AttrValue>| {
            html! { <Captcha control={control.clone()} {onsolved} /> }
        })
    };
    html! { <StepUpPrompt {captcha}><CodesAtHand {control} log={props.log.clone()} /></StepUpPrompt> }
}

#[derive(Properties, PartialEq)]
struct CaptchaProps {
    control: Control,
    onsolved: Callback<AttrValue>,
}

/// In an app this is the widget of the environment's captcha. The sandbox gives its answer to whoever presses the button.
#[component]
fn Captcha(props: &CaptchaProps) -> Html {
    let failure = use_state(|| None::<AttrValue>);
    let onclick = {
        let (control, onsolved, failure) = (props.control.clone(), props.onsolved.clone(), failure.setter());
        Callback::from(move |_: MouseEvent| {
            let (control, onsolved, failure) = (control.clone(), onsolved.clone(), failure.clone());
            spawn(async move {
                match control.solve_captcha().await {
                    Ok(token) => onsolved.emit(token.into()),
                    Err(error) => failure.set(Some(error.to_string().into())),
                }
            });
        })
    };
    html! {
        <>
            <PrimaryButton label="I am no machine" test_id="captcha-solve" {onclick} />
            <p class="field-note error" aria-live="assertive">{ (*failure).clone() }</p>
        </>
    }
}
