//! The elevated token that a request carries: reserved when it is built, then spent, discarded or released.

use std::rc::Rc;

use super::{Event, Inner};
use crate::{elevation::HeldId, secret::ElevatedToken, session::Epoch, types::TokenScope};

/// Where the elevated token goes (`docs/PROTOCOL.md`, "Headers").
pub(super) const ELEVATED_TOKEN_HEADER: &str = "x-dyn-elevated-access-token";

/// A token that a request carries. Dropped, also with the request's future, it is released.
pub(super) struct Reservation {
    inner: Rc<Inner>,
    epoch: Epoch,
    id: HeldId,
    pub(super) token: ElevatedToken,
    is_settled: bool,
}

impl Reservation {
    /// Reserves a token, and tells the listeners: after this the epoch may be over.
    pub(super) fn take(inner: &Rc<Inner>, epoch: Epoch, scope: &TokenScope) -> Option<Self> {
        let (id, token) = inner.elevations.borrow_mut().reserve(scope, inner.clock.now())?;
        let reservation = Self { inner: Rc::clone(inner), epoch, id, token, is_settled: false };
        inner.listeners.emit(&Event::ElevationsChanged);
        Some(reservation)
    }

    /// The server accepted the request.
    pub(super) fn spend(mut self) {
        self.settle(|inner, id| inner.elevations.borrow_mut().spend(id));
    }

    /// The server no longer takes the token.
    pub(super) fn discard(mut self) {
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
