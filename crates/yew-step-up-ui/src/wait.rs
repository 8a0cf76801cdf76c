//! How long the user has to wait before another code is sent.

use gloo::timers::callback::Interval;
use yew::prelude::*;
use yew_step_up::{PromptView, StepUpError};

/// Between two codes, in seconds. The service allows few an hour.
const PAUSE: f64 = 30.0;

/// The seconds that are left: after a code was sent, or while the server wants a pause.
#[hook]
pub(crate) fn use_wait(prompt: &PromptView) -> u32 {
    let until = use_state_eq(|| 0.0_f64);
    let left = use_state_eq(|| 0_u32);
    let sent = prompt.otp_verification.as_ref().map(|sent| sent.uuid().to_owned());
    let refused = match &prompt.error {
        Some(StepUpError::RateLimited { retry_after }) => Some(*retry_after),
        _ => None,
    };
    use_effect_with(sent, {
        let until = until.setter();
        move |sent| {
            if sent.is_some() {
                until.set(now() + PAUSE);
            }
        }
    });
    use_effect_with(refused, {
        let until = until.setter();
        move |refused| {
            if let Some(pause) = refused {
                until.set(now() + pause.map_or(PAUSE, |pause| pause.as_secs_f64()));
            }
        }
    });
    use_effect_with(*until, {
        let left = left.setter();
        move |until| {
            let until = *until;
            // A page in the background is told the time seldom, so it is looked up and not counted.
            let tick = move || left.set(seconds(until - now()));
            tick();
            let interval = (until > 0.0).then(|| Interval::new(1_000, tick));
            move || drop(interval)
        }
    });
    *left
}

fn now() -> f64 {
    js_sys::Date::now() / 1_000.0
}

/// Rounded up: what is not over yet is not shown as over.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of floats saturates")]
fn seconds(left: f64) -> u32 {
    left.ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up_and_never_negative() {
        assert_eq!([29.1, 1.0, 0.01, 0.0, -5.0].map(seconds), [30, 1, 1, 0, 0]);
    }
}
