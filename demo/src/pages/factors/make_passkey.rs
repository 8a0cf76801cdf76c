//! Makes a passkey, when its button is pressed.

use yew::prelude::*;
use yew_step_up::{StepUpError, use_step_up_client};

use crate::ui::{button::PrimaryButton, focus::use_focus, icon::Key, spawn};

#[derive(Properties, PartialEq)]
pub(super) struct MakePasskeyProps {
    /// Told how it ended.
    pub(super) ondone: Callback<Option<StepUpError>>,
    pub(super) oncancel: Callback<()>,
}

#[component]
pub(super) fn MakePasskey(props: &MakePasskeyProps) -> Html {
    let client = use_step_up_client();
    let heading = use_focus();
    let is_busy = use_state(|| false);
    let onclick = {
        let (ondone, is_busy) = (props.ondone.clone(), is_busy.setter());
        Callback::from(move |_: MouseEvent| {
            let (enrolment, ondone) = (client.factors().enrol_passkey(), ondone.clone());
            is_busy.set(true);
            spawn(async move { ondone.emit(enrolment.await.err()) });
        })
    };
    html! {
        <section class="card" aria-labelledby="passkey-title">
            <div class="card-head">
                <span class="medal"><Key /></span>
                <div>
                    <h1 id="passkey-title" ref={heading} tabindex="-1">{ "Add a passkey" }</h1>
                    <p class="quiet">{ "This device, or a security key, keeps it. It asks for your fingerprint, face or PIN." }</p>
                </div>
            </div>
            <PrimaryButton label="Create the passkey" test_id="passkey-create" {onclick} is_busy={*is_busy} />
            <div class="row">
                <button
                    type="button"
                    class="button ghost end"
                    data-testid="passkey-create-cancel"
                    onclick={props.oncancel.reform(|_: MouseEvent| ())}
                >
                    { "Cancel" }
                </button>
            </div>
        </section>
    }
}
