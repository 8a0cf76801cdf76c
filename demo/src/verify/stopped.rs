//! No code is waiting any more, or none was sent: says why, and how to go on.

use yew::prelude::*;
use yew_step_up::StepUpError;

use super::screen::Frame;
use crate::ui::{banner::Banner, button::PrimaryButton, focus::use_focus, icon::Letter};

#[derive(Properties, PartialEq)]
pub(crate) struct StoppedProps {
    pub(crate) error: StepUpError,
    /// Sends another code, where codes are the way.
    #[prop_or_default]
    pub(crate) onsend: Option<Callback<()>>,
    #[prop_or_default]
    pub(crate) onother: Option<Callback<()>>,
    pub(crate) oncancel: Callback<()>,
}

#[component]
pub(crate) fn Stopped(props: &StoppedProps) -> Html {
    // The input that had the focus is gone.
    let heading = use_focus();
    let onsend = props.onsend.as_ref().filter(|_| can_be_sent_again(&props.error));
    html! {
        <Frame
            name="stopped"
            icon={html! { <Letter /> }}
            hint="You are not verified yet."
            onother={props.onother.clone()}
            oncancel={props.oncancel.clone()}
            {heading}
        >
            <Banner test_id="step-up-error" title="That did not work" text={props.error.to_string()} />
            if let Some(onsend) = onsend {
                <PrimaryButton
                    label="Send a new code"
                    test_id="otp-resend"
                    onclick={onsend.reform(|_: MouseEvent| ())}
                />
            }
        </Frame>
    }
}

/// Whether another code could go better. Where a code is not what is missing, it is not offered.
fn can_be_sent_again(error: &StepUpError) -> bool {
    !matches!(
        error,
        StepUpError::NotSignedIn
            | StepUpError::NoOtpCredential
            | StepUpError::MfaRequired
            | StepUpError::UnsupportedTarget { .. }
            | StepUpError::InvalidConfig { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_void_code_can_be_replaced() {
        for error in
            [StepUpError::CodeExpired, StepUpError::TooManyAttempts, StepUpError::UnknownVerification]
        {
            assert!(can_be_sent_again(&error), "{error:?}");
        }
    }

    #[test]
    fn no_code_is_offered_to_somebody_whom_none_would_help() {
        for error in [StepUpError::NoOtpCredential, StepUpError::MfaRequired, StepUpError::NotSignedIn] {
            assert!(!can_be_sent_again(&error), "{error:?}");
        }
    }
}
