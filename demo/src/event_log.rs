//! What happened in the client, for the inspector.

use std::{rc::Rc, time::Duration};

use yew::prelude::*;
use yew_step_up::{Event, StepUpClient, StepUpError, Timestamp};

/// How many entries are kept.
const LONGEST: usize = 200;

/// A request that ended.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) outcome: Result<u16, StepUpError>,
    pub(crate) took: Duration,
}

/// The requests that ended, newest first.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct EventLog {
    pub(crate) entries: Vec<Rc<Entry>>,
}

impl Reducible for EventLog {
    type Action = Entry;

    fn reduce(self: Rc<Self>, entry: Entry) -> Rc<Self> {
        let kept = self.entries.iter().take(LONGEST - 1).cloned();
        Rc::new(Self { entries: std::iter::once(Rc::new(entry)).chain(kept).collect() })
    }
}

/// Follows the client from the first request on.
#[hook]
pub(crate) fn use_event_log(client: &StepUpClient) -> UseReducerHandle<EventLog> {
    let log = use_reducer(EventLog::default);
    let dispatcher = log.dispatcher();
    use_effect_with(client.clone(), move |client| {
        let clock = client.clone();
        let subscription = client.subscribe(move |event| {
            if let Event::Request { method, path, outcome, took } = event {
                dispatcher.dispatch(Entry {
                    at: clock.now(),
                    method: method.as_str(),
                    path: path.clone(),
                    outcome: outcome.clone(),
                    took: *took,
                });
            }
        });
        move || drop(subscription)
    });
    log
}
