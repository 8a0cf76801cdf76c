//! The session store, which other tabs read and write too.
//!
//! A client remembers what it last saw in the store. If the store holds something else, another tab wrote it, and this
//! client takes it up: before it writes, before a request carries the session, when a response to one arrives, and when
//! the page becomes visible. So a client neither overwrites nor clears a session that it does not show. Only a sign-in
//! replaces whatever is stored.
//!
//! A session that is over only by a clock that the service has not set is set aside: this client does not show it, and it
//! stays stored, since another tab may know the time better. It is looked at again when the store is read. What cannot be
//! read is not overwritten or removed either, but by a sign-in or a sign-out.
//!
//! Reading and then writing is one synchronous step here, but no transaction of the store: see
//! [`SessionStore`](crate::SessionStore).

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::{Event, Inner};
use crate::{
    clock::Timestamp,
    error::{Result, StepUpError},
    secret::SessionToken,
    session::{Epoch, SessionClaims, StoredSession},
    types::User,
};

/// What this client last read from the store or wrote to it.
pub(super) struct LastSeen {
    stored: RefCell<Option<StoredSession>>,
    /// Whether the store keeps that session although this client shows none, because it is over by this client's clock.
    is_set_aside: Cell<bool>,
    /// Why the store could not be read the last time.
    unreadable: RefCell<Option<StepUpError>>,
}

impl LastSeen {
    pub(super) fn new(loaded: &Result<Option<StoredSession>>) -> Self {
        Self {
            stored: RefCell::new(loaded.as_ref().ok().cloned().flatten()),
            is_set_aside: Cell::default(),
            unreadable: RefCell::new(loaded.as_ref().err().cloned()),
        }
    }

    fn is(&self, session: Option<&StoredSession>) -> bool {
        self.stored.borrow().as_ref() == session
    }
}

/// Why an epoch begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A session was opened on this client.
    Opened,
    /// The user signed out on this client.
    SignedOut,
    /// Another tab has replaced or removed the stored session.
    Stored,
    /// The session has expired by this client's clock.
    Expired,
    /// The service has rejected the session.
    Ended,
}

/// The parts of a session that an epoch begins with.
pub(super) type SessionParts = (Option<SessionToken>, Rc<User>, Option<Timestamp>);

/// What another tab did to the stored session.
enum Change {
    /// It renewed the session that this client shows.
    Renewed(StoredSession),
    /// It signed in or, without a session, signed out.
    Replaced(Option<StoredSession>),
    /// Nothing that this client shows, but what the store holds may have to be written or removed.
    Unsaved,
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
            Some(Change::Unsaved) => self.save(),
            Some(Change::Renewed(stored)) => {
                self.continue_session(stored.token, stored.user, stored.expires_at);
                self.save();
                self.listeners.emit(&Event::SessionChanged);
            }
            Some(Change::Replaced(next)) => {
                self.begin_epoch_by(Cause::Stored, next.map(parts), None);
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
            self.begin_epoch_by(Cause::Expired, None, None);
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
        let (cause, renewed, next) = match change {
            None | Some(Change::Unsaved) => (Cause::SignedOut, None, None),
            Some(Change::Renewed(stored)) => (Cause::SignedOut, stored.token, None),
            Some(Change::Replaced(next)) => (Cause::Stored, None, next),
        };
        let token = renewed.or_else(|| self.token());
        let epoch = self.begin_epoch_by(cause, next.map(parts), None);
        Ok(Ended { token, epoch, is_replaced })
    }

    /// The session that another tab has put in the place of the current one, which ends.
    pub(super) fn replacement(&self) -> Option<SessionParts> {
        match self.read_change() {
            Some(Change::Replaced(next)) => next.map(parts),
            _ => None,
        }
    }

    /// Ends a session that had expired when this client was made. Nothing is held yet; and what waits in the tab for a redirect
    /// stays, since this may be the page that comes back.
    pub(super) fn end_expired_at_start(&self) {
        if !self.is_expired() {
            return;
        }
        self.clock.begin_epoch(false, None);
        self.decide_set_aside(Cause::Expired, false);
        self.replace_current(None);
        self.save();
    }

    /// Decides, before an epoch begins, whether a session is set aside: the one that ends by its expiry or, if `is_dropped`, the
    /// stored one that does not begin.
    pub(super) fn decide_set_aside(&self, cause: Cause, is_dropped: bool) {
        let is_over = match cause {
            Cause::Stored => is_dropped,
            Cause::Expired => self.last_seen.stored.borrow().as_ref().is_some_and(|seen| self.is_shown(seen)),
            Cause::Opened | Cause::SignedOut | Cause::Ended => false,
        };
        self.last_seen.is_set_aside.set(is_over && self.may_set_aside());
    }

    /// Whether another tab may know better that a session is not over.
    fn may_set_aside(&self) -> bool {
        !self.clock.is_set() && self.platform.session_store.is_lasting()
    }

    /// Writes the session of an epoch that begins for this cause to the store, or removes it.
    pub(super) fn save_by(&self, cause: Cause) {
        match cause {
            Cause::Opened | Cause::SignedOut => self.write(),
            Cause::Stored | Cause::Expired | Cause::Ended => self.save(),
        }
    }

    /// Writes the session to the store, or removes it; unless that is set aside, or the store could not be read. The session
    /// itself does not depend on the store.
    pub(super) fn save(&self) {
        let unreadable = self.last_seen.unreadable.borrow().clone();
        if unreadable.is_some() {
            self.current.borrow_mut().session.store_error = unreadable;
        } else if !self.last_seen.is_set_aside.get() {
            self.write();
        }
    }

    fn write(&self) {
        let session = self.stored();
        if self.last_seen.is(session.as_ref()) && self.last_seen.unreadable.borrow().is_none() {
            return;
        }
        let store = &self.platform.session_store;
        let saved = match &session {
            Some(session) => store.save(session),
            None => store.clear(),
        };
        if saved.is_ok() {
            self.last_seen.stored.replace(session);
            self.last_seen.unreadable.take();
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
                self.last_seen.unreadable.replace(Some(error.clone()));
                self.report_store_error(error);
                return None;
            }
        };
        let was_unreadable = self.last_seen.unreadable.take().is_some();
        let is_known = self.last_seen.is(stored.as_ref());
        self.last_seen.stored.replace(stored.clone());
        let is_signed_in = self.current.borrow().session.user.is_some();
        let is_set_aside = self.last_seen.is_set_aside.take();
        match stored {
            _ if is_known && !is_set_aside => was_unreadable.then_some(Change::Unsaved),
            Some(stored) if is_signed_in && self.is_shown(&stored) => Some(Change::Renewed(stored)),
            None if !is_signed_in => None,
            Some(stored) if !is_signed_in && self.is_over(stored.expires_at) => {
                // Signed out is what this client stays.
                self.last_seen.is_set_aside.set(self.may_set_aside());
                Some(Change::Unsaved)
            }
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
