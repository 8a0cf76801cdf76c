//! Asks for a recovery code.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::screen::{Frame, ScreenProps, follow};
use crate::ui::{button::PrimaryButton, focus::use_focus, icon::Key};

#[component]
pub(crate) fn RecoveryScreen(props: &ScreenProps) -> Html {
    let input = use_focus();
    let onsubmit = {
        let (step_up, scopes, onverified, input) =
            (props.step_up.clone(), props.scopes.clone(), props.onverified.clone(), input.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(input) = input.cast::<HtmlInputElement>() else { return };
            follow(step_up.verify_recovery_code(&input.value(), &scopes), onverified.clone());
        })
    };
    html! {
        <Frame
            name="recovery"
            icon={html! { <Key /> }}
            hint="Type one of the codes that you kept. It works once."
            error={props.error()}
            onother={props.onother.clone()}
            oncancel={props.oncancel.clone()}
        >
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
                        aria-describedby="recovery-error"
                    />
                </label>
                <PrimaryButton label="Verify" test_id="recovery-verify" is_busy={props.step_up.is_loading} />
            </form>
        </Frame>
    }
}
