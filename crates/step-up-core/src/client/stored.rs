//! The session store, which other tabs read and write too.
//!
//! A client remembers what it last saw in the store. If the store holds something else, another tab wrote it, and this
//! client takes it up: before it writes, before a request carries the session, when a response to one arrives, and when
//! the page becomes visible. So a client neither overwrites nor clears a session that it does not show. Only a sign-in
//! replaces whatever is stored.
//!
//! Reading and then writing is one synchronous step here, but no transaction of the store: see
//! [`SessionStore`](crate::SessionStore).

use std::{cell::RefCell, rc::Rc};

use super::{Event, Inner};
use crate::{
    clock::Timestamp,
    error::{Result, StepUpError},
    secret::SessionToken,
    session::{Epoch, SessionClaims, StoredSession},
    types::User,
};

/// What this client last read from the store or wrote to it.
#[derive(Default)]
pub(super) struct LastSeen(RefCell<Option<StoredSession>>);

impl LastSeen {
    pub(super) fn new(stored: Option<StoredSession>) -> Self {
        Self(RefCell::new(stored))
    }
}

/// The parts of a session that an epoch begins with.
pub(super) type SessionParts = (Option<SessionToken>, Rc<User>, Option<Timestamp>);

/// What another tab did to the stored session.
enum Change {
    /// It renewed the session that this client shows.
    Renewed(StoredSession),
    /// It signed in or, without a session, signed out.
    Replaced(Option<StoredSession>),
}

/// The session that [`Inner::end_shown_session`] ended.
pub(super) struct Ended {
    pub(super) token: Option<SessionToken>,
    /// The epoch that began with its end.
    pub(super) epoch: Epoch,
    /// Another tab has ended or replaced it before.
    pub(super) is_replaced: bool,
}

impl Inner {
    /// Takes up what another tab changed in the store. If that is another session, a new epoch begins with it, or signed
    /// out. A renewed session goes on.
    pub(super) fn take_up_stored(&self) {
        match self.read_change() {
            None => {}
            Some(Change::Renewed(stored)) => {
                self.continue_session(stored.token, stored.user, stored.expires_at);
                self.save();
                self.listeners.emit(&Event::SessionChanged);
            }
            Some(Change::Replaced(next)) => {
                self.begin_epoch(next.map(parts));
            }
        }
    }

    /// The epoch that a sign-in begins in. A sign-in is for no session in particular, so it does not fail because another
    /// tab has changed the stored one before.
    pub(super) fn sign_in_epoch(&self) -> Epoch {
        self.take_up_stored();
        self.epoch()
    }

    /// Ends the session, which has expired, unless another tab has renewed or replaced it. Returns true if the epoch
    /// ended.
    pub(super) fn end_expired(&self) -> bool {
        let epoch = self.current_epoch();
        self.take_up_stored();
        if self.is_expired() {
            self.begin_epoch(None);
        }
        self.current_epoch() != epoch
    }

    /// Ends the session that this client shows, because the user signs out. A session that another tab has put in its
    /// place stays, and becomes the current one.
    pub(super) fn end_shown_session(&self) -> Result<Ended> {
        let shown = self.current_epoch();
        if self.signed_in_epoch()? != shown {
            return Err(StepUpError::NotSignedIn);
        }
        let change = self.read_change();
        let is_replaced = matches!(change, Some(Change::Replaced(_)));
        let (renewed, next) = match change {
            None => (None, None),
            Some(Change::Renewed(stored)) => (stored.token, None),
            Some(Change::Replaced(next)) => (None, next),
        };
        let token = renewed.or_else(|| self.token());
        let epoch = self.begin_epoch(next.map(parts));
        Ok(Ended { token, epoch, is_replaced })
    }

    /// The session that another tab has put in the place of the current one, which ends.
    pub(super) fn replacement(&self) -> Option<SessionParts> {
        match self.read_change() {
            Some(Change::Replaced(next)) => next.map(parts),
            _ => None,
        }
    }

    /// Writes the session to the store, or removes it. The session itself does not depend on the store.
    pub(super) fn save(&self) {
        let session = self.stored();
        let is_stored = *self.last_seen.0.borrow() == session;
        if is_stored {
            return;
        }
        let store = &self.platform.session_store;
        let saved = match &session {
            Some(session) => store.save(session),
            None => store.clear(),
        };
        if saved.is_ok() {
            self.last_seen.0.replace(session);
        }
        self.current.borrow_mut().session.store_error = saved.err();
    }

    /// The session of now, as a store keeps it.
    pub(super) fn stored(&self) -> Option<StoredSession> {
        let current = self.current.borrow();
        current.session.user.clone().map(|user| StoredSession {
            token: current.token.clone(),
            user,
            expires_at: current.session.expires_at,
        })
    }

    /// Reads the store. Returns `None` if it holds what this client last saw there, cannot be read, or is no store that
    /// tabs share.
    fn read_change(&self) -> Option<Change> {
        let store = &self.platform.session_store;
        if !store.is_lasting() {
            return None;
        }
        let stored = match store.load() {
            Ok(stored) => stored,
            Err(error) => {
                self.report_store_error(error);
                return None;
            }
        };
        let is_known = *self.last_seen.0.borrow() == stored;
        if is_known {
            return None;
        }
        self.last_seen.0.replace(stored.clone());
        match stored {
            Some(stored) if self.is_shown(&stored) => Some(Change::Renewed(stored)),
            None if self.current.borrow().session.user.is_none() => None,
            next => Some(Change::Replaced(next)),
        }
    }

    fn report_store_error(&self, error: StepUpError) {
        let known = self.current.borrow_mut().session.store_error.replace(error.clone());
        if known != Some(error) {
            self.listeners.emit(&Event::SessionChanged);
        }
    }

    /// Whether `stored` is the session that this client shows, renewed or not. Without tokens that name their session,
    /// as in a cookie environment, the user decides.
    fn is_shown(&self, stored: &StoredSession) -> bool {
        let current = self.current.borrow();
        let id = |token: &Option<SessionToken>| SessionClaims::of(token.as_ref()).sid;
        let is_users = current.session.user.as_ref().is_some_and(|user| user.id == stored.user.id);
        let differ = matches!((id(&current.token), id(&stored.token)), (Some(a), Some(b)) if a != b);
        is_users && !differ
    }
}

fn parts(stored: StoredSession) -> SessionParts {
    (stored.token, stored.user, stored.expires_at)
}

/// Whether `token` was issued before `other`, if both say when.
pub(super) fn is_older(token: Option<&SessionToken>, other: Option<&SessionToken>) -> bool {
    let issued_at = |token| SessionClaims::of(token).iat;
    matches!((issued_at(token), issued_at(other)), (Some(token), Some(other)) if token < other)
}
