//! The one sequence behind every request: what the client adds to it, what it learns from the answer.
//!
//! One timer limits the whole sequence, from the settings and the keys that a request needs to its answer. And whenever the
//! listeners were told of something, the session is checked again before anything leaves.

use std::rc::Rc;

use super::{
    Event, Inner, StepUpClient,
    elevated::{ELEVATED_TOKEN_HEADER, Reservation},
    waiting::Until,
};
use crate::{
    LocalFuture,
    endpoint::{Auth, Call, Guard},
    error::{Result, StepUpError},
    json::Body,
    keychain::random_alphanumeric,
    refusal::{refusal, service_refusal},
    scopes::Scopes,
    secret::SessionToken,
    session::Epoch,
    transport::{HttpRequest, HttpResponse, Method},
};

/// What this client calls itself, and the version of the API that it speaks (`docs/PROTOCOL.md`, "Headers").
const CLIENT_VERSION: &str = concat!("YewStepUp/", env!("CARGO_PKG_VERSION"));
const API_VERSION: &str = "API/0.0.1125";

/// What the client is asked to send.
pub(super) enum Outgoing {
    /// A call in an epoch. Without one it is the one in which the future is first polled.
    Call(Option<Epoch>, Result<Call>),
    /// A call for the holder of this token, independent of the current session; with an epoch, only in that one.
    For(Option<SessionToken>, Option<Epoch>, Call),
    /// A call that is the same for everybody, and that others need first.
    Common(Call),
    /// The app's own request, with the elevated token of these scopes.
    App(HttpRequest, Scopes),
}

/// What a request is to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// A call of the session's user to the service, which may end the session.
    Session,
    /// A call of nobody in particular to the service.
    Anybody,
    /// A call that asks for what is the same for everybody.
    Common,
    /// A call to the app's own backend, whose time and whose refusals are its own.
    App,
}

/// A request, and what goes with it.
struct Prepared {
    request: HttpRequest,
    /// The body of a call. An app's request has its own.
    body: Option<Body>,
    purpose: Purpose,
    /// The epoch that the answer is for, if it is for one.
    epoch: Option<Epoch>,
    /// The token of the holder that a call is for, if that is not the session's user.
    given: Option<SessionToken>,
    /// The renewal of the session whose token or cookie it carries; `None` if the app authorizes it itself.
    renewal: Option<u64>,
    opens_session: bool,
    is_device_signed: bool,
    /// What may be found missing.
    guard: Scopes,
    /// Whether the token that is held for it goes with the request.
    carries_token: bool,
    /// Whether it changes nothing that a check depends on.
    is_read: bool,
}

impl StepUpClient {
    /// Sends what is to be sent, and gives an accepted answer. Fails with `TimedOut` after the time that the configuration
    /// gives to a call.
    pub(super) fn dispatch(&self, outgoing: Outgoing) -> LocalFuture<'static, Result<HttpResponse>> {
        let client = self.clone();
        Box::pin(async move {
            let inner = &client.inner;
            let mut deadline = client.sleep(inner.config.timeout());
            let mut prepared = inner.prepare(outgoing)?;
            let preparation = Box::pin(client.complete(&mut prepared));
            Until::timeout(preparation, Box::pin(deadline.as_mut())).await?;
            // Nothing is waited for from here on until the request is on its way.
            inner.follow_store(prepared.purpose);
            inner.require_any(prepared.epoch)?;
            let reservation = inner.reserve(&prepared);
            // The listeners were told of it.
            inner.require_any(prepared.epoch)?;
            inner.authorize(&mut prepared);
            if let Some(reservation) = &reservation {
                prepared.request.add_header(ELEVATED_TOKEN_HEADER, reservation.token.expose());
            }
            let request = std::mem::replace(&mut prepared.request, HttpRequest::get(""));
            prepared.is_read &= reservation.is_none();
            inner.forget_checks(&prepared);
            let response = inner.exchange(request, prepared.purpose, deadline).await?;
            inner.settle(&prepared, reservation, response)
        })
    }

    /// Adds what has to be waited for: what the settings want, the keys, and the body with them.
    async fn complete(&self, prepared: &mut Prepared) -> Result<()> {
        let keychain = &self.inner.platform.keychain;
        if prepared.purpose != Purpose::Common {
            let uses_cookies = self.settings().await?.uses_cookies;
            prepared.request.with_cookies = uses_cookies;
            if prepared.is_device_signed && !uses_cookies {
                // No cookie says which device this is.
                let nonce = self.take_nonce().await?;
                let signed = keychain.sign_with_device_key(nonce.clone().into_bytes()).await?;
                let request = &mut prepared.request;
                request.add_header("x-dynamic-device-nonce", nonce);
                request.add_header("x-dynamic-device-publickey", signed.0.as_hex());
                request.add_header("x-dynamic-device-signed-nonce", signed.1.as_hex());
            }
            if prepared.purpose != Purpose::App {
                let session_key = keychain.session_key().await?;
                if prepared.opens_session {
                    prepared.body =
                        prepared.body.take().map(|body| body.text("sessionPublicKey", session_key.as_hex()));
                }
                prepared.request.add_header("x-dyn-session-public-key", session_key.as_hex());
            }
        }
        if prepared.purpose != Purpose::App {
            self.inner.label(&mut prepared.request)?;
        }
        if let Some(body) = prepared.body.take() {
            prepared.request.body = Some(body.finish());
        }
        Ok(())
    }
}

impl Inner {
    /// Reads from the client of now what a request takes from it.
    fn prepare(&self, outgoing: Outgoing) -> Result<Prepared> {
        let (call, epoch, purpose, given) = match outgoing {
            Outgoing::Call(epoch, call) => {
                let epoch = epoch.map_or_else(|| self.signed_in_epoch(), Ok)?;
                let call = call?;
                self.require(epoch)?;
                let purpose = match call.auth {
                    Auth::Never => Purpose::Anybody,
                    Auth::Optional if self.signed_in_epoch().is_err() => Purpose::Anybody,
                    Auth::Optional | Auth::Required => {
                        self.signed_in_epoch()?;
                        Purpose::Session
                    }
                };
                (call, Some(epoch), purpose, None)
            }
            Outgoing::For(token, epoch, call) => (call, epoch, Purpose::Anybody, token),
            Outgoing::Common(call) => (call, None, Purpose::Common, None),
            Outgoing::App(request, scopes) => return self.prepare_of_app(request, scopes),
        };
        let request = HttpRequest::new(call.method, self.config.environment_url(&call.path));
        let guard = call.guard.map(Guard::scope).into();
        let is_read = call.method == Method::Get || call.is_check;
        let Call { body, opens_session, is_device_signed, carries_token, .. } = call;
        Ok(Prepared {
            request,
            body,
            opens_session,
            purpose,
            epoch,
            given,
            renewal: None,
            is_device_signed,
            guard,
            carries_token,
            is_read,
        })
    }

    fn prepare_of_app(&self, mut request: HttpRequest, guard: Scopes) -> Result<Prepared> {
        let epoch = Some(self.signed_in_epoch()?);
        request.url = self.config.resolve(&request.url)?;
        let is_own_service = request.url.starts_with(&self.config.environment_url("/"));
        let purpose = if is_own_service { Purpose::Session } else { Purpose::App };
        let is_read = request.method == Method::Get;
        Ok(Prepared {
            request,
            body: None,
            purpose,
            epoch,
            given: None,
            renewal: None,
            opens_session: false,
            is_device_signed: false,
            guard,
            carries_token: true,
            is_read,
        })
    }

    fn require_any(&self, epoch: Option<Epoch>) -> Result<()> {
        epoch.map_or(Ok(()), |epoch| self.require(epoch))
    }

    /// Takes up what another tab has stored, if the request is one of the session: its token and its cookie must be those
    /// of the user that this client shows.
    fn follow_store(&self, purpose: Purpose) {
        if matches!(purpose, Purpose::Session | Purpose::App) {
            self.take_up_stored();
        }
    }

    /// Adds the session's token, unless the app set one itself: that of now, since it may have been renewed while the
    /// request was prepared.
    fn authorize(&self, prepared: &mut Prepared) {
        if prepared.request.has_header("authorization") {
            return;
        }
        let token = match prepared.purpose {
            Purpose::Session | Purpose::App => {
                prepared.renewal = Some(self.current.borrow().renewal);
                self.token()
            }
            Purpose::Anybody | Purpose::Common => prepared.given.take(),
        };
        if let Some(token) = token {
            prepared.request.add_header("authorization", format!("Bearer {}", token.expose()));
        }
    }

    /// Adds what every request says about this client.
    fn label(&self, request: &mut HttpRequest) -> Result<()> {
        let keychain = &*self.platform.keychain;
        let instance_id = match self.instance_id.get() {
            Some(id) => id,
            None => {
                let id = random_alphanumeric(keychain, 32)?;
                self.instance_id.get_or_init(|| id)
            }
        };
        if !request.has_header("content-type") {
            request.add_header("content-type", "application/json");
        }
        request.add_header("x-dyn-version", CLIENT_VERSION);
        request.add_header("x-dyn-api-version", API_VERSION);
        request.add_header("x-dynamic-platform", "web");
        request.add_header("x-dyn-request-id", random_alphanumeric(keychain, 50)?);
        request.add_header("x-dyn-session-id", instance_id);
        Ok(())
    }

    /// Takes the token that the request is to carry, if one is held.
    fn reserve(self: &Rc<Self>, prepared: &Prepared) -> Option<Reservation> {
        if prepared.guard.is_empty() || !prepared.carries_token {
            return None;
        }
        Reservation::take(self, prepared.epoch?, &prepared.guard)
    }

    /// Sends a request, waits no longer than until the deadline, and tells the listeners. Only the service's own time is
    /// learnt: another server is not the one whose tokens are held.
    async fn exchange(
        &self,
        request: HttpRequest,
        purpose: Purpose,
        deadline: LocalFuture<'static, ()>,
    ) -> Result<HttpResponse> {
        let started = self.platform.clock.now();
        let (method, path) = (request.method, request.path().to_owned());
        let result = Until::timeout(self.platform.transport.send(request), deadline).await;
        if purpose != Purpose::App
            && let Some(date) = result.as_ref().ok().and_then(|response| response.header("date"))
        {
            self.clock.learn_from_date(date, started);
        }
        let outcome = result.as_ref().map(|response| response.status).map_err(Clone::clone);
        let took = self.platform.clock.now().since(started);
        self.listeners.emit(&Event::Request { method, path, outcome, took });
        result
    }

    /// After a request that may have changed what checks say, earlier ones answer no prompt.
    fn forget_checks(&self, prepared: &Prepared) {
        if !prepared.is_read {
            self.checks.borrow_mut().forget();
        }
    }

    /// What follows from the answer for the token that went with the request, and for the session.
    fn settle(
        &self,
        prepared: &Prepared,
        reservation: Option<Reservation>,
        response: HttpResponse,
    ) -> Result<HttpResponse> {
        self.follow_store(prepared.purpose);
        self.forget_checks(prepared);
        if response.is_success() {
            if let Some(reservation) = reservation {
                reservation.spend();
            }
            self.require_any(prepared.epoch)?;
            return Ok(response);
        }
        let read = if prepared.purpose == Purpose::App { refusal } else { service_refusal };
        let error = read(response, &prepared.guard, self.clock.now());
        if let StepUpError::NotElevated(challenge) = &error {
            // A check that said otherwise was wrong.
            self.checks.borrow_mut().forget();
            if let Some(reservation) = reservation {
                reservation.refused_for(&challenge.scopes);
            }
        }
        self.require_any(prepared.epoch)?;
        let is_current = prepared.renewal == Some(self.current.borrow().renewal);
        if matches!(error, StepUpError::NotSignedIn) && prepared.purpose == Purpose::Session && is_current {
            // The server that rejects the token or cookie of now has the last word.
            self.begin_epoch(None);
        }
        Err(error)
    }
}
