//! Headless credential linking: the full example of the documentation, line by line.

use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_step_up::{TokenScope, use_step_up_authentication};

#[derive(Properties, PartialEq)]
pub(crate) struct LinkEmailButtonProps {
    /// Goes on, once the user is elevated.
    pub(crate) link_email: Callback<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Idle,
    Otp,
}

#[component]
pub(crate) fn LinkEmailButton(props: &LinkEmailButtonProps) -> Html {
    let step_up = use_step_up_authentication();
    let step = use_state(|| Step::Idle);
    let code = use_state(String::new);

    let handle_start = {
        let (step, link_email) = (step.setter(), props.link_email.clone());
        step_up.callback(move |step_up, _: MouseEvent| {
            let (step, link_email) = (step.clone(), link_email.clone());
            async move {
                step_up.reset_state();

                if !step_up.is_step_up_required(&TokenScope::CredentialLink).await {
                    // Step-up not needed: proceed directly to link.
                    link_email.emit(());
                    return;
                }

                // Where the original shows the next step whatever became of the code, this stays where it was.
                if step_up.send_otp().await.is_ok() {
                    step.set(Step::Otp);
                }
            }
        })
    };

    let handle_verify = {
        let (step, link_email, code) = (step.setter(), props.link_email.clone(), code.clone());
        step_up.callback(move |step_up, event: SubmitEvent| {
            event.prevent_default();
            let (step, link_email, code) = (step.clone(), link_email.clone(), code.clone());
            async move {
                if step_up.verify_otp(&code, &[TokenScope::CredentialLink]).await.is_ok() {
                    // Token stored: proceed with linking.
                    step.set(Step::Idle);
                    link_email.emit(());
                }
            }
        })
    };

    let oninput = {
        let code = code.setter();
        Callback::from(move |event: InputEvent| {
            code.set(event.target_unchecked_into::<HtmlInputElement>().value());
        })
    };

    html! {
        <>
            if *step == Step::Otp && step_up.otp_verification.is_some() {
                <form class="inline" onsubmit={handle_verify}>
                    <label class="field">
                        <span>{ "Verification code" }</span>
                        <input
                            value={(*code).clone()}
                            {oninput}
                            data-testid="link-email-code"
                            inputmode="numeric"
                            autocomplete="one-time-code"
                        />
                    </label>
                    <button class="button primary" disabled={step_up.is_loading} data-testid="link-email-verify">
                        { if step_up.is_loading { "Verifying…" } else { "Verify" } }
                    </button>
                </form>
            } else {
                <button class="button primary" onclick={handle_start} disabled={step_up.is_loading} data-testid="link-email">
                    { "Link an email address" }
                </button>
            }
            if let Some(error) = &step_up.error {
                <p class="field-note error" role="alert" data-testid="link-email-error">{ error.to_string() }</p>
            }
        </>
    }
}
