//! What happens in a client, for whoever wants to know.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    time::Duration,
};

use super::StepUpClient;
use crate::{
    error::{Result, StepUpError},
    transport::Method,
};

/// Something that happened in a client. It carries no secret.
///
/// Listeners are told after everything that belongs to the change is done, so what they read is consistent. They may call the
/// client: if one ends the session, the call that told it fails with [`NotSignedIn`](StepUpError::NotSignedIn), and a request
/// that was about to be sent is not. Any read of the client may end a session that has expired, and then tells the listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Somebody signed in or out, or the session was renewed.
    SessionChanged,
    /// A token was stored, reserved, released, spent or discarded.
    ElevationsChanged,
    /// A prompt ended before it offered anything: the user has nothing to verify with, or that could not be looked up.
    /// Whoever asked gets the same error; this is for whoever draws.
    PromptFailed(StepUpError),
    /// A wallet was found.
    #[cfg(feature = "wallet")]
    WalletsChanged,
    /// A request ended.
    Request {
        /// Its method.
        method: Method,
        /// Its path, without the query.
        path: String,
        /// The status of the answer, or why there was none.
        outcome: Result<u16>,
        /// How long it took.
        took: Duration,
    },
}

/// Keeps a listener; dropping it ends the subscription.
#[must_use = "dropping a subscription ends it"]
pub struct Subscription {
    listeners: Weak<Listeners>,
    id: u64,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(listeners) = self.listeners.upgrade() {
            listeners.all.borrow_mut().retain(|(id, _)| *id != self.id);
        }
    }
}

type Listener = Rc<dyn Fn(&Event)>;

#[derive(Default)]
pub(super) struct Listeners {
    all: RefCell<Vec<(u64, Listener)>>,
    next_id: Cell<u64>,
}

impl Listeners {
    /// Tells everybody who was subscribed when it happened. A listener may subscribe, unsubscribe and call the client.
    pub(super) fn emit(&self, event: &Event) {
        let listeners: Vec<(u64, Listener)> = self.all.borrow().clone();
        for (id, listener) in listeners {
            let is_subscribed = self.all.borrow().iter().any(|(known, _)| *known == id);
            if is_subscribed {
                listener(event);
            }
        }
    }
}

impl StepUpClient {
    /// Calls `listener` for every event, until the subscription is dropped.
    pub fn subscribe(&self, listener: impl Fn(&Event) + 'static) -> Subscription {
        let listeners = &self.inner.listeners;
        let id = listeners.next_id.get();
        listeners.next_id.set(id + 1);
        listeners.all.borrow_mut().push((id, Rc::new(listener)));
        Subscription { listeners: Rc::downgrade(listeners), id }
    }
}
