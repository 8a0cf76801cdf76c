//! How long the user has to wait before another code is sent.

use std::{cell::Cell, rc::Rc, time::Duration};

use yew::{platform::spawn_local, prelude::*};
use yew_step_up::{PromptView, StepUpClient, StepUpError, Timestamp, use_step_up_client};

/// Between two codes. The service allows few an hour.
const PAUSE: Duration = Duration::from_secs(30);

const TICK: Duration = Duration::from_secs(1);

/// The seconds that are left: after a code was sent, or while the server wants a pause. They go by the client's clock and
/// timers.
#[hook]
pub(crate) fn use_wait(prompt: &PromptView) -> u32 {
    let client = use_step_up_client();
    let until = use_state_eq(|| None::<Timestamp>);
    let left = use_state_eq(|| 0_u32);
    let sent = prompt.otp_verification.as_ref().map(|sent| sent.uuid().to_owned());
    let refused = match &prompt.error {
        Some(StepUpError::RateLimited { retry_after }) => Some(retry_after.unwrap_or(PAUSE)),
        _ => None,
    };
    let wait = {
        let (client, until) = (client.clone(), until.setter());
        move |pause| until.set(Some(client.now().after(pause)))
    };
    use_effect_with(sent, {
        let wait = wait.clone();
        move |sent| {
            if sent.is_some() {
                wait(PAUSE);
            }
        }
    });
    use_effect_with(refused, move |refused| {
        if let Some(pause) = *refused {
            wait(pause);
        }
    });
    use_effect_with((client, *until), {
        let left = left.setter();
        move |(client, until)| {
            let is_gone = Rc::new(Cell::new(false));
            if let Some(until) = *until {
                left.set(seconds(until.since(client.now())));
                spawn_local(count_down(client.clone(), until, left, Rc::clone(&is_gone)));
            }
            move || is_gone.set(true)
        }
    });
    *left
}

/// Writes the seconds that are left until there are none, or until the component has no more use for them. The clock is
/// read each time, because timers of a page in the background are late.
async fn count_down(
    client: StepUpClient,
    until: Timestamp,
    left: UseStateSetter<u32>,
    is_gone: Rc<Cell<bool>>,
) {
    loop {
        let rest = until.since(client.now());
        client.sleep(rest.min(TICK)).await;
        if is_gone.get() {
            return;
        }
        let rest = seconds(until.since(client.now()));
        left.set(rest);
        if rest == 0 {
            return;
        }
    }
}

/// Rounded up: what is not over yet is not shown as over.
fn seconds(left: Duration) -> u32 {
    u32::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(
            [29_100, 1_000, 10, 0].map(|millis| seconds(Duration::from_millis(millis))),
            [30, 1, 1, 0]
        );
    }
}
