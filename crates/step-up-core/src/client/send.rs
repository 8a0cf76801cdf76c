//! The app's own calls, with the elevated token of a scope.

use super::{StepUpClient, dispatch::Outgoing};
use crate::{
    LocalFuture,
    error::Result,
    transport::{HttpRequest, HttpResponse},
    types::TokenScope,
};

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
    /// Any status but 2xx is an error: [`NotElevated`](crate::StepUpError::NotElevated) where the server wants a token,
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn), [`RateLimited`](crate::StepUpError::RateLimited), else
    /// [`Api`](crate::StepUpError::Api). [`OriginNotAllowed`](crate::StepUpError::OriginNotAllowed) and
    /// [`InvalidConfig`](crate::StepUpError::InvalidConfig) where nothing was sent because of the address;
    /// [`Network`](crate::StepUpError::Network) and [`TimedOut`](crate::StepUpError::TimedOut).
    pub fn send(
        &self,
        request: HttpRequest,
        scope: impl Into<Option<TokenScope>>,
    ) -> LocalFuture<'static, Result<HttpResponse>> {
        self.dispatch(Outgoing::App(request, scope.into()))
    }
}
