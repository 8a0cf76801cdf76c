//! Asks for the code of an authenticator app, or for a recovery code.

use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_step_up::StepUpError;

use crate::ui::{icon::Key, otp_input::OtpInput};

#[derive(Properties, PartialEq)]
pub(crate) struct TotpScreenProps {
    pub(crate) is_busy: bool,
    pub(crate) error: Option<StepUpError>,
    pub(crate) oncode: Callback<String>,
    pub(crate) onrecovery: Callback<String>,
    pub(crate) oncancel: Callback<()>,
}

#[component]
pub(crate) fn TotpScreen(props: &TotpScreenProps) -> Html {
    let is_recovery = use_state(|| false);
    let error = props.error.as_ref().map(|error| AttrValue::from(error.to_string()));
    let switch = {
        let is_recovery = is_recovery.clone();
        Callback::from(move |_: MouseEvent| is_recovery.set(!*is_recovery))
    };
    let hint = if *is_recovery {
        "Type one of the codes that you kept. It works once."
    } else {
        "Your authenticator app shows six digits."
    };
    html! {
        <section class="card" aria-labelledby="totp-title">
            <div class="card-head">
                <span class="medal"><Key /></span>
                <div>
                    <h1 id="totp-title">{ "Is it still you?" }</h1>
                    <p class="quiet">{ hint }</p>
                </div>
            </div>
            if *is_recovery {
                <RecoveryForm oncode={props.onrecovery.clone()} is_busy={props.is_busy} />
            } else {
                <OtpInput
                    test_id="totp-input"
                    oncomplete={props.oncode.clone()}
                    is_busy={props.is_busy}
                    error={error.clone()}
                    error_id="totp-error"
                />
            }
            <p id="totp-error" class="field-note error" aria-live="assertive" data-testid="totp-error">{ error }</p>
            <div class="row">
                <button type="button" class="button link" data-testid="use-recovery-code" onclick={switch}>
                    { if *is_recovery { "Use the app" } else { "Use a recovery code" } }
                </button>
                <button
                    type="button"
                    class="button ghost"
                    data-testid="totp-cancel"
                    onclick={props.oncancel.reform(|_: MouseEvent| ())}
                >
                    { "Cancel" }
                </button>
            </div>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct RecoveryFormProps {
    oncode: Callback<String>,
    is_busy: bool,
}

#[component]
fn RecoveryForm(props: &RecoveryFormProps) -> Html {
    let input = use_node_ref();
    let onsubmit = {
        let (input, oncode) = (input.clone(), props.oncode.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(input) = input.cast::<HtmlInputElement>() {
                oncode.emit(input.value());
            }
        })
    };
    html! {
        <form class="stack" {onsubmit}>
            <label class="field">
                <span>{ "Recovery code" }</span>
                <input
                    ref={input}
                    class="mono"
                    data-testid="recovery-input"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    required=true
                />
            </label>
            <button class="button primary" disabled={props.is_busy}><span class="label">{ "Verify" }</span></button>
        </form>
    }
}
