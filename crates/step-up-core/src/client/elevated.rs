//! A request that carries an elevated token: reserved when it is built, then spent, discarded or released.

use std::rc::Rc;

use super::{Event, Inner};
use crate::{
    elevation::HeldId,
    error::{Result, StepUpError},
    refusal::refusal,
    secret::ElevatedToken,
    session::Epoch,
    transport::{HttpRequest, HttpResponse},
    types::TokenScope,
};

/// Where the elevated token goes (`docs/PROTOCOL.md`, "Headers").
const ELEVATED_TOKEN_HEADER: &str = "x-dyn-elevated-access-token";

/// What a request is to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A call of the session's user to the service, which may end the session.
    Session,
    /// A call of nobody in particular to the service.
    Anybody,
    /// A call to the app's own backend, whose time and whose refusals are its own.
    App,
}

impl Inner {
    /// Sends a request, with the token that is held for the scope that it `carries`, and gives an accepted answer.
    /// `guard` is what may be found missing.
    pub(super) async fn exchange_elevated(
        self: &Rc<Self>,
        epoch: Epoch,
        mut request: HttpRequest,
        purpose: Purpose,
        carries: Option<&TokenScope>,
        guard: Option<&TokenScope>,
    ) -> Result<HttpResponse> {
        let reservation = carries.and_then(|scope| Reservation::take(self, epoch, scope));
        if let Some(reservation) = &reservation {
            request = request.header(ELEVATED_TOKEN_HEADER, reservation.token.expose());
        }
        let response = match purpose {
            Purpose::App => self.exchange_anywhere(request).await?,
            Purpose::Session | Purpose::Anybody => self.exchange(request).await?,
        };
        if response.is_success() {
            if let Some(reservation) = reservation {
                reservation.spend();
            }
            self.require(epoch)?;
            return Ok(response);
        }
        let error = refusal(&response, guard.map(std::slice::from_ref).unwrap_or_default(), self.clock.now());
        if let (StepUpError::NotElevated { .. }, Some(reservation)) = (&error, reservation) {
            reservation.discard();
        }
        self.require(epoch)?;
        if error == StepUpError::NotSignedIn && purpose == Purpose::Session {
            // The server has the last word.
            self.begin_epoch(None);
        }
        Err(error)
    }
}

/// A token that a request carries. Dropped, also with the request's future, it is released.
struct Reservation {
    inner: Rc<Inner>,
    epoch: Epoch,
    id: HeldId,
    token: ElevatedToken,
    is_settled: bool,
}

impl Reservation {
    fn take(inner: &Rc<Inner>, epoch: Epoch, scope: &TokenScope) -> Option<Self> {
        let (id, token) = inner.elevations.borrow_mut().reserve(scope, inner.clock.now())?;
        inner.listeners.emit(&Event::ElevationsChanged);
        Some(Self { inner: Rc::clone(inner), epoch, id, token, is_settled: false })
    }

    /// The server accepted the request.
    fn spend(mut self) {
        self.settle(|inner, id| inner.elevations.borrow_mut().spend(id));
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
