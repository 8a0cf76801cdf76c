//! Moments that the client has to look at: something expires.

use std::{cell::RefCell, rc::Rc};

use futures_util::future::{AbortHandle, abortable};
use step_up_core::{Event, StepUpClient, Timestamp};
use yew::{platform::spawn_local, prelude::*};

use super::{Cleanup, Concern, use_concern};

/// Has the client look again at `at`, by the server's clock. Dropped, it does not.
pub(crate) struct Alarm(AbortHandle);

impl Alarm {
    fn set(client: &StepUpClient, at: Timestamp) -> Self {
        let client = client.clone();
        let (wait, abort) = abortable(async move {
            // A timer may be early, and counts no more than 24 days.
            while client.now() < at {
                client.sleep(at.since(client.now())).await;
            }
            client.recheck_elevations();
        });
        spawn_local(async move {
            // `Err` says that nobody waits for it any more.
            let _ = wait.await;
        });
        Self(abort)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Has the client look again at this moment.
#[hook]
pub(crate) fn use_alarm(client: &StepUpClient, at: Option<Timestamp>) {
    let watched = client.clone();
    let effect = move || -> Cleanup {
        let alarm = at.map(|at| Alarm::set(&watched, at));
        Box::new(move || drop(alarm))
    };
    use_concern(Concern::time(client, at), Box::new(effect));
}

/// Has the client look again when its session expires, whichever session that is, until what this gives is called.
pub(crate) fn follow_session(client: &StepUpClient) -> impl FnOnce() + use<> {
    let alarm = Rc::new(RefCell::new(None));
    let set = {
        let client = client.clone();
        move || {
            let next = client.session().expires_at.map(|at| Alarm::set(&client, at));
            alarm.replace(next);
        }
    };
    set();
    let subscription = client.subscribe(move |event| {
        if matches!(event, Event::SessionChanged) {
            set();
        }
    });
    move || drop(subscription)
}
