//! Asks for the code that was sent.

use yew::prelude::*;
use yew_step_up::StepUpError;

use crate::ui::{countdown::Resend, icon::Letter, otp_input::OtpInput};

#[derive(Properties, PartialEq)]
pub(crate) struct OtpScreenProps {
    pub(crate) destination: AttrValue,
    /// Changes with each code that is sent.
    pub(crate) uuid: AttrValue,
    pub(crate) is_busy: bool,
    pub(crate) error: Option<StepUpError>,
    pub(crate) oncode: Callback<String>,
    pub(crate) onresend: Callback<MouseEvent>,
    pub(crate) oncancel: Callback<()>,
}

#[component]
pub(crate) fn OtpScreen(props: &OtpScreenProps) -> Html {
    let error = props.error.as_ref().map(|error| AttrValue::from(error.to_string()));
    let onkeydown = {
        let oncancel = props.oncancel.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                oncancel.emit(());
            }
        })
    };
    html! {
        <section class="card" aria-labelledby="otp-title" {onkeydown}>
            <div class="card-head">
                <span class="medal"><Letter /></span>
                <div>
                    <h1 id="otp-title">{ "Is it still you?" }</h1>
                    <p class="quiet" data-testid="otp-destination">{ format!("A code is on its way to {}", props.destination) }</p>
                </div>
            </div>
            <OtpInput
                test_id="otp-input"
                oncomplete={props.oncode.clone()}
                is_busy={props.is_busy}
                error={error.clone()}
                error_id="otp-error"
            />
            <p id="otp-error" class="field-note error" aria-live="assertive" data-testid="otp-error">{ error }</p>
            <div class="row">
                <Resend test_id="otp-resend" onclick={props.onresend.clone()} sent={props.uuid.clone()} />
                <button
                    type="button"
                    class="button ghost"
                    data-testid="otp-cancel"
                    onclick={props.oncancel.reform(|_: MouseEvent| ())}
                >
                    { "Cancel" }
                </button>
            </div>
        </section>
    }
}
