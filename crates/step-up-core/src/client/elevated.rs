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
    is_settled: bool,
}

impl Reservation {
    pub(super) fn take(inner: &Rc<Inner>, epoch: Epoch, scopes: &Scopes) -> Option<Self> {
        let (id, token) = inner.elevations.borrow_mut().reserve(scopes.clone(), inner.clock.now())?;
        inner.listeners.emit(&Event::ElevationsChanged);
        Some(Self { inner: Rc::clone(inner), epoch, id, token, is_settled: false })
    }

    /// The server accepted the request.
    pub(super) fn spend(mut self) {
        self.settle(|inner, id| inner.elevations.borrow_mut().spend(id));
    }

    /// The server wants a token for `scopes`. If this one is for them, the server does not take it any more; otherwise it
    /// is as good as before.
    pub(super) fn refused_for(self, scopes: &[TokenScope]) {
        let is_for_all = {
            let held = self.inner.elevations.borrow();
            scopes.iter().all(|scope| held.covers(self.id, scope))
        };
        if is_for_all {
            self.discard();
        }
    }

    /// The server no longer takes the token.
    fn discard(mut self) {
        self.settle(|inner, id| inner.elevations.borrow_mut().discard(id));
    }

    fn settle(&mut self, how: impl FnOnce(&Inner, HeldId)) {
        // A later session holds nothing of this one's.
        if std::mem::replace(&mut self.is_settled, true) || self.inner.epoch() != self.epoch {
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
