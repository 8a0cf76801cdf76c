//! The app's own calls, with the elevated token of a scope.

use std::rc::Rc;

use super::{Event, Inner, StepUpClient, exchange::authorize};
use crate::{
    LocalFuture,
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

impl StepUpClient {
    /// Sends the app's own request with the session token and, where one is held, the elevated token of `scope`.
    ///
    /// The address is a path below the environment, such as `/waas/…/privateKey/export`, or an absolute one whose origin
    /// the app [listed](crate::Config::allow_origin). A single-use token is used up by an accepted request (2xx) and by
    /// nothing else: not by a lost connection, not by a refusal, not by dropping the future.
    ///
    /// Without a held token the request goes out all the same, because the server knows better whether one is needed.
    ///
    /// # Errors
    ///
    /// Any status but 2xx is an error: [`NotElevated`](StepUpError::NotElevated) where the server wants a token,
    /// [`NotSignedIn`](StepUpError::NotSignedIn), [`RateLimited`](StepUpError::RateLimited), else
    /// [`Api`](StepUpError::Api). [`OriginNotAllowed`](StepUpError::OriginNotAllowed) and
    /// [`InvalidConfig`](StepUpError::InvalidConfig) where nothing was sent because of the address;
    /// [`Network`](StepUpError::Network) and [`TimedOut`](StepUpError::TimedOut).
    pub fn send(
        &self,
        request: HttpRequest,
        scope: impl Into<Option<TokenScope>>,
    ) -> LocalFuture<'static, Result<HttpResponse>> {
        self.send_with(request, scope.into())
    }

    fn send_with(
        &self,
        mut request: HttpRequest,
        scope: Option<TokenScope>,
    ) -> LocalFuture<'static, Result<HttpResponse>> {
        let client = self.clone();
        Box::pin(async move {
            let inner = &client.inner;
            let epoch = inner.signed_in_epoch()?;
            request.url = inner.config.resolve(&request.url)?;
            let is_own_service = request.url.starts_with(&inner.config.environment_url("/"));
            let settings = client.settings().await?;
            inner.require(epoch)?;
            let bearer = inner.current.borrow().token.clone();
            let mut request = if is_own_service {
                client.address(request, bearer, settings).await?
            } else {
                authorize(request, bearer, settings)
            };
            inner.require(epoch)?;
            let reservation = scope.as_ref().and_then(|scope| Reservation::take(inner, epoch, scope));
            if let Some(reservation) = &reservation {
                request = request.header(ELEVATED_TOKEN_HEADER, reservation.token.expose());
            }
            let response = if is_own_service {
                inner.exchange(request).await?
            } else {
                inner.exchange_anywhere(request).await?
            };
            if response.is_success() {
                if let Some(reservation) = reservation {
                    reservation.spend();
                }
                inner.require(epoch)?;
                return Ok(response);
            }
            let error = refusal(&response, scope.as_slice(), inner.clock.now());
            if let (StepUpError::NotElevated { .. }, Some(reservation)) = (&error, reservation) {
                reservation.discard();
            }
            inner.require(epoch)?;
            if error == StepUpError::NotSignedIn && is_own_service {
                inner.begin_epoch(None);
            }
            Err(error)
        })
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
