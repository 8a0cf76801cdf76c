//! The app's own calls, with the elevated token of a scope.

use super::{StepUpClient, dispatch::Outgoing};
use crate::{
    LocalFuture,
    error::Result,
    scopes::Scopes,
    transport::{HttpRequest, HttpResponse},
};

impl StepUpClient {
    /// Sends the app's own request with the session token and, if one is held that covers all of `scopes`, the elevated
    /// token. A request that needs no elevation has `None` in their place.
    ///
    /// The address is a path below the environment, such as `/waas/…/privateKey/export`, or an absolute one whose origin
    /// the app [listed](crate::Config::allow_origin). A single-use token is used up by an accepted request (2xx) and by
    /// nothing else: not by a lost connection, not by a refusal, not by dropping the future.
    ///
    /// Without a held token the request goes out all the same, because the server knows better whether one is needed.
    ///
    /// # Errors
    ///
    /// Any status but 2xx is an error: [`NotElevated`](crate::StepUpError::NotElevated) with the server's
    /// [`Challenge`](crate::Challenge) if it wants a token; if it names no scopes, those of the request stand in it.
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn), [`RateLimited`](crate::StepUpError::RateLimited), otherwise
    /// [`Api`](crate::StepUpError::Api) with the response. [`OriginNotAllowed`](crate::StepUpError::OriginNotAllowed) and
    /// [`InvalidConfig`](crate::StepUpError::InvalidConfig) where nothing was sent because of the address;
    /// [`Network`](crate::StepUpError::Network) and [`TimedOut`](crate::StepUpError::TimedOut).
    pub fn send(
        &self,
        request: HttpRequest,
        scopes: impl Into<Scopes>,
    ) -> LocalFuture<'static, Result<HttpResponse>> {
        self.dispatch(Outgoing::App(request, scopes.into()))
    }
}
