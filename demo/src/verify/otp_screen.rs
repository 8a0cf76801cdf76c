//! Asks for the code that was sent.

use yew::prelude::*;
use yew_step_up::VerificationType;

use super::screen::{Frame, ScreenProps, follow};
use crate::ui::{countdown::Resend, icon, otp_input::OtpInput};

#[component]
pub(crate) fn OtpScreen(props: &ScreenProps) -> Html {
    let Some(sent) = &props.step_up.otp_verification else { return Html::default() };
    let verify = {
        let (step_up, scopes, onverified) =
            (props.step_up.clone(), props.scopes.clone(), props.onverified.clone());
        Callback::from(move |code: String| {
            follow(step_up.verify_otp(&code, &scopes), onverified.clone());
        })
    };
    let resend =
        props.step_up.callback(|step_up, _: MouseEvent| async move { drop(step_up.resend_otp().await) });
    let (icon, hint) = match sent.verification_type() {
        VerificationType::Sms => {
            (html! { <icon::Phone /> }, format!("A text message is on its way to {}", sent.destination()))
        }
        _ => (html! { <icon::Letter /> }, format!("A code is on its way to {}", sent.destination())),
    };
    let error = props.error();
    html! {
        <Frame
            name="otp"
            {icon}
            {hint}
            error={error.clone()}
            onother={props.onother.clone()}
            oncancel={props.oncancel.clone()}
            aside={html! { <Resend test_id="otp-resend" onclick={resend} sent={sent.uuid().to_owned()} /> }}
        >
            <OtpInput
                test_id="otp-input"
                oncomplete={verify}
                is_busy={props.step_up.is_loading}
                {error}
                error_id="otp-error"
            />
        </Frame>
    }
}
