//! The elevated token that a request carries: reserved when it is built, then spent, discarded or released.

use std::rc::Rc;

use super::{Event, Inner};
use crate::{elevation::HeldId, scopes::Scopes, secret::ElevatedToken, session::Epoch, types::TokenScope};

/// Where the elevated token goes (`docs/PROTOCOL.md`, "Headers").
pub(super) const ELEVATED_TOKEN_HEADER: &str = "x-dyn-elevated-access-token";

/// A token that a request carries. Dropped, also with the request's future, it is released.
pub(super) struct Reservation {
    inner: Rc<Inner>,
    epoch: Epoch,
    id: HeldId,
    pub(super) token: ElevatedToken,
    /// What the token is for. It may be replaced while the request carries it, and is not found by its identifier then.
    scopes: Vec<TokenScope>,
    is_settled: bool,
}

impl Reservation {
    /// Reserves a token, and tells the listeners: after this the epoch may be over.
    pub(super) fn take(inner: &Rc<Inner>, epoch: Epoch, scopes: &Scopes) -> Option<Self> {
        let (id, token, scopes) = {
            let held = &mut *inner.elevations.borrow_mut();
            let (id, token) = held.reserve(scopes.clone(), inner.clock.now())?;
            (id, token, held.scopes_of(id))
        };
        let reservation = Self { inner: Rc::clone(inner), epoch, id, token, scopes, is_settled: false };
        inner.listeners.emit(&Event::ElevationsChanged);
        Some(reservation)
    }

    /// The server accepted the request.
    pub(super) fn spend(mut self) {
        self.settle(|inner, id| inner.elevations.borrow_mut().spend(id));
    }

    /// The server wants a token for `scopes`. If this one is for them, the server does not take it any more; otherwise it
    /// is as good as before.
    pub(super) fn refused_for(self, scopes: &[TokenScope]) {
        if scopes.iter().all(|scope| self.scopes.contains(scope)) {
            self.discard();
        }
    }

    /// The server no longer takes the token.
    fn discard(mut self) {
        let token = self.token.clone();
        self.settle(|inner, _| inner.elevations.borrow_mut().discard(&token));
    }

    fn settle(&mut self, how: impl FnOnce(&Inner, HeldId)) {
        // A later session holds nothing of this one's.
        let epoch = self.inner.current.borrow().epoch;
        if std::mem::replace(&mut self.is_settled, true) || epoch != self.epoch {
            return;
        }
        how(&self.inner, self.id);
        self.inner.listeners.emit(&Event::ElevationsChanged);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.settle(|inner, id| inner.elevations.borrow_mut().release(id));
    }
}
