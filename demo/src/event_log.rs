//! What happened in the client, for the inspector and the trace below each page. No secret gets here: the client gives
//! none away.

use std::{rc::Rc, time::Duration};

use yew::prelude::*;
use yew_step_up::{Event, StepUpClient, StepUpError, Timestamp, TokenScope};

/// How many entries are kept.
const LONGEST: usize = 200;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A request ended.
    Request { method: &'static str, path: String, outcome: Result<u16, StepUpError>, took: Duration },
    /// Who is signed in from now on.
    Session(Option<String>),
    /// What the tokens that are held, and free, are good for from now on.
    Held(Vec<TokenScope>),
}

/// What happened, newest first.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct EventLog {
    pub(crate) entries: Vec<Rc<Entry>>,
}

impl EventLog {
    /// Whether this says no more than the last of its kind did.
    fn is_known(&self, what: &What) -> bool {
        let mut past = self.entries.iter().map(|entry| &entry.what);
        match what {
            What::Request { .. } => false,
            What::Session(_) => past
                .find(|it| matches!(it, What::Session(_)))
                .map_or(*what == What::Session(None), |last| last == what),
            What::Held(_) => past
                .find(|it| matches!(it, What::Held(_)))
                .map_or(*what == What::Held(vec![]), |last| last == what),
        }
    }
}

impl Reducible for EventLog {
    type Action = Entry;

    fn reduce(self: Rc<Self>, entry: Entry) -> Rc<Self> {
        if self.is_known(&entry.what) {
            return self;
        }
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
        let client = client.clone();
        let subscription = client.clone().subscribe(move |event| {
            if let Some(what) = what(&client, event) {
                dispatcher.dispatch(Entry { at: client.now(), what });
            }
        });
        move || drop(subscription)
    });
    log
}

fn what(client: &StepUpClient, event: &Event) -> Option<What> {
    match event {
        Event::Request { method, path, outcome, took } => Some(What::Request {
            method: method.as_str(),
            path: path.clone(),
            outcome: outcome.clone(),
            took: *took,
        }),
        Event::SessionChanged => {
            Some(What::Session(client.user().map(|user| user.email.clone().unwrap_or_default())))
        }
        Event::ElevationsChanged => {
            Some(What::Held(client.elevations().into_iter().flat_map(|elevation| elevation.scopes).collect()))
        }
        // What a newer client tells besides.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(events: &[What]) -> Vec<What> {
        let log = events.iter().fold(Rc::new(EventLog::default()), |log, what| {
            log.reduce(Entry { at: Timestamp::default(), what: what.clone() })
        });
        log.entries.iter().map(|entry| entry.what.clone()).collect()
    }

    #[test]
    fn what_is_known_is_not_said_again() {
        let held = What::Held(vec![TokenScope::WalletExport]);
        let ada = What::Session(Some("ada@example.com".into()));
        assert_eq!(log(&[What::Held(vec![]), What::Session(None)]), []);
        assert_eq!(log(&[ada.clone(), held.clone(), ada.clone(), held.clone()]), [held.clone(), ada]);
        assert_eq!(log(&[held.clone(), What::Held(vec![])]), [What::Held(vec![]), held]);
    }

    #[test]
    fn the_log_does_not_grow_for_ever() {
        let request =
            What::Request { method: "GET", path: "/".into(), outcome: Ok(200), took: Duration::ZERO };
        assert_eq!(log(&vec![request; LONGEST + 5]).len(), LONGEST);
    }
}
