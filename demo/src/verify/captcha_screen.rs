//! Asks for a captcha, before a code is sent.

use yew::prelude::*;

use super::screen::{Frame, ScreenProps};
use crate::{
    control::Control,
    ui::{button::PrimaryButton, focus::use_focus, icon::Person, spawn},
};

/// In an app this shows the widget of the environment's captcha ([`captcha`](yew_step_up::StepUpClient::captcha)), which
/// gives the token. The sandbox gives one to whoever presses the button.
#[component]
pub(crate) fn CaptchaScreen(props: &ScreenProps) -> Html {
    let heading = use_focus();
    let control = use_context::<Option<Control>>().flatten();
    let failure = use_state(|| None::<AttrValue>);
    let solve = {
        let (step_up, failure) = (props.step_up.clone(), failure.clone());
        Callback::from(move |_: MouseEvent| {
            let Some(control) = control.clone() else {
                failure.set(Some("This demo has no widget for a real captcha.".into()));
                return;
            };
            let (step_up, failure) = (step_up.clone(), failure.clone());
            spawn(async move {
                match control.solve_captcha().await {
                    // What goes wrong from here on is in the hook's state.
                    Ok(token) => drop(step_up.submit_captcha_token(&token).await),
                    Err(error) => failure.set(Some(error.to_string().into())),
                }
            });
        })
    };
    // That it is required is what this screen says already.
    let refused =
        props.step_up.error.as_ref().filter(|error| **error != yew_step_up::StepUpError::CaptchaRequired);
    html! {
        <Frame
            name="captcha"
            icon={html! { <Person /> }}
            hint="Before a code is sent, show that you are no machine."
            error={(*failure).clone().or_else(|| refused.map(|error| error.to_string().into()))}
            onother={props.onother.clone()}
            oncancel={props.oncancel.clone()}
            {heading}
        >
            <PrimaryButton
                label="I am no machine"
                test_id="captcha-solve"
                onclick={solve}
                is_busy={props.step_up.is_loading}
            />
        </Frame>
    }
}
