//! Asks for a code of the authenticator app.

use yew::prelude::*;

use super::screen::{Frame, ScreenProps, follow};
use crate::ui::{icon::Key, otp_input::OtpInput};

#[component]
pub(crate) fn TotpScreen(props: &ScreenProps) -> Html {
    let verify = {
        let (step_up, scopes, onverified) =
            (props.step_up.clone(), props.scopes.clone(), props.onverified.clone());
        Callback::from(move |code: String| {
            // No device is named: the server takes the default one, else the latest.
            follow(step_up.verify_totp_mfa(&code, None, &scopes), onverified.clone());
        })
    };
    let error = props.error();
    html! {
        <Frame
            name="totp"
            icon={html! { <Key /> }}
            hint="Your authenticator app shows six digits."
            error={error.clone()}
            onother={props.onother.clone()}
            oncancel={props.oncancel.clone()}
        >
            <OtpInput
                test_id="totp-input"
                oncomplete={verify}
                is_busy={props.step_up.is_loading}
                {error}
                error_id="totp-error"
            />
        </Frame>
    }
}
