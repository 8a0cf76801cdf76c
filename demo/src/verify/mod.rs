//! A prompt of one's own, on the headless hook: it asks whether the user has to verify, and shows the screen for that. This
//! is the file to copy.

mod otp_screen;

use std::slice::from_ref;

use yew::prelude::*;
use yew_step_up::{TokenScope, use_step_up_authentication};

use self::otp_screen::OtpScreen;
use crate::ui::{banner::Banner, spawn};

#[derive(Properties, PartialEq)]
pub(crate) struct VerifyProps {
    /// What the user wants to do.
    pub(crate) scope: TokenScope,
    /// They may, now or without being asked: the elevated token goes with the next call by itself.
    pub(crate) onverified: Callback<()>,
    pub(crate) oncancel: Callback<()>,
}

#[component]
pub(crate) fn Verify(props: &VerifyProps) -> Html {
    let step_up = use_step_up_authentication();
    {
        let (step_up, onverified) = (step_up.clone(), props.onverified.clone());
        use_effect_with(props.scope.clone(), move |scope| {
            let check = step_up.is_step_up_required(scope);
            spawn(async move {
                if !check.await {
                    onverified.emit(());
                } else {
                    // Opens the screen below. What goes wrong is in `step_up.error`.
                    let _ = step_up.send_otp().await;
                }
            });
        });
    }
    let verify = {
        let (scope, onverified) = (props.scope.clone(), props.onverified.clone());
        step_up.callback(move |step_up, code: String| {
            let (verified, onverified) = (step_up.verify_otp(&code, from_ref(&scope)), onverified.clone());
            async move {
                if verified.await.is_ok() {
                    onverified.emit(());
                }
            }
        })
    };
    let resend = step_up.callback(|step_up, _: MouseEvent| async move { drop(step_up.resend_otp().await) });

    if let Some(verification) = &step_up.otp_verification {
        return html! {
            <OtpScreen
                destination={verification.destination().to_owned()}
                uuid={verification.uuid().to_owned()}
                is_busy={step_up.is_loading}
                error={step_up.error.clone()}
                oncode={verify}
                onresend={resend}
                oncancel={props.oncancel.clone()}
            />
        };
    }
    html! {
        <section class="card" aria-busy={step_up.error.is_none().to_string()}>
            if let Some(error) = &step_up.error {
                <Banner test_id="step-up-error" title="That did not work" text={error.to_string()}>
                    <button class="button" data-testid="try-again" onclick={props.oncancel.reform(|_: MouseEvent| ())}>
                        { "Back" }
                    </button>
                </Banner>
            } else {
                <p class="quiet">{ "One moment…" }</p>
            }
        </section>
    }
}
