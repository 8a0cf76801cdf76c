//! Shows an authenticator app's secret, and asks for the first code.

use yew::prelude::*;
use yew_step_up::{StepUpError, TotpEnrolment};

use crate::authenticator;
use crate::ui::{copy::CopyButton, icon::Phone, otp_input::OtpInput, qr::Qr};

#[derive(Properties, PartialEq)]
pub(super) struct EnrolmentProps {
    pub(super) enrolment: TotpEnrolment,
    pub(super) error: Option<StepUpError>,
    pub(super) oncode: Callback<String>,
    pub(super) oncancel: Callback<()>,
}

#[component]
pub(super) fn Enrolment(props: &EnrolmentProps) -> Html {
    let error = props.error.as_ref().map(|error| AttrValue::from(error.to_string()));
    let secret = AttrValue::from(props.enrolment.secret.expose().to_owned());
    // The sandbox's phone scans whatever is shown.
    use_effect_with(secret.clone(), |secret| authenticator::scan(secret));
    html! {
        <section class="card" aria-labelledby="enrol-title">
            <div class="card-head">
                <span class="medal"><Phone /></span>
                <div>
                    <h1 id="enrol-title">{ "Add an authenticator app" }</h1>
                    <p class="quiet">
                        { "Scan this with the app, or type the secret into it. Then type the six digits that it shows." }
                    </p>
                </div>
            </div>
            <Qr text={props.enrolment.uri.expose().to_owned()} label="The authenticator app's secret, as a QR code" />
            <div class="row">
                <output class="mono breakable" data-testid="totp-secret">{ &secret }</output>
                <CopyButton test_id="copy-secret" text={secret.clone()} oncopied={Callback::noop()} />
            </div>
            <OtpInput
                test_id="totp-confirm"
                oncomplete={props.oncode.clone()}
                error={error.clone()}
                error_id="enrol-error"
            />
            <p id="enrol-error" class="field-note error" aria-live="assertive" data-testid="totp-confirm-error">{ error }</p>
            <div class="row">
                <button
                    type="button"
                    class="button ghost end"
                    data-testid="enrol-cancel"
                    onclick={props.oncancel.reform(|_: MouseEvent| ())}
                >
                    { "Cancel" }
                </button>
            </div>
        </section>
    }
}
