//! The one entry: a request and the time go in, an answer comes out, and everything that changed is committed.

use serde_json::json;
use step_up_core::{HttpRequest, HttpResponse, Timestamp};

use crate::{
    call::{Call, Notes, header},
    config::Config,
    control, cookie, fault, origin,
    random::{self, Seed},
    reply::{Failure, Fate, Refusal, Reply, json_response},
    request_log::RequestLog,
    routes,
    session::Bearers,
    settings::Rules,
    social::address::is_page,
    store::{Parsed, Store, StoreError, Table, Tx},
    time,
    token::TokenKey,
    world::World,
};

/// How many bytes a request's body may have.
pub const MAX_BODY: usize = 64 * 1024;

/// How far the sandbox's clock is from the host's, in milliseconds.
pub(crate) const OFFSETS: Table<i64> = Table::new("clock");
pub(crate) const OFFSET: &str = "offset";

/// An identity provider on the developer's own machine.
///
/// It has no network, no clock and no randomness of its own, so the same code answers a unit test, a page and a server,
/// and a test can run ten minutes in a microsecond.
///
/// ```
/// use step_up_core::{HttpRequest, Timestamp};
/// use step_up_sandbox::{Config, Fate, MemoryStore, Sandbox, Seed};
///
/// # fn main() -> Result<(), step_up_sandbox::StoreError> {
/// let mut sandbox = Sandbox::new(Config::default(), MemoryStore::new(), Seed::new(1))?;
/// let now = Timestamp::from_secs(1_795_514_400);
/// let reply = sandbox.handle(&HttpRequest::get("/.well-known/jwks"), now);
/// assert_eq!((reply.response.status, reply.fate), (200, Fate::Send));
/// # Ok(())
/// # }
/// ```
pub struct Sandbox<S> {
    config: Config,
    store: S,
    parsed: Parsed,
    key: TokenKey,
    bearers: Bearers,
    log: RequestLog,
}

impl<S: Store> Sandbox<S> {
    /// A sandbox that keeps what it knows in `store`, and goes on where the store stopped. `seed` counts for an empty
    /// store only.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be read or written.
    pub fn new(config: Config, mut store: S, seed: Seed) -> Result<Self, StoreError> {
        let mut tx = Tx::new(&store);
        random::start(&mut tx, seed)?;
        let key = TokenKey::load(&mut tx)?;
        let changes = tx.into_changes();
        if !changes.is_empty() {
            store.commit(changes)?;
        }
        Ok(Self {
            config,
            store,
            parsed: Parsed::default(),
            key,
            bearers: Bearers::default(),
            log: RequestLog::default(),
        })
    }

    /// What the sandbox knows.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The environment's identifier.
    #[cfg(feature = "page")]
    pub(crate) fn environment_id(&self) -> &str {
        self.config.environment_id()
    }

    /// Answers a request that arrived at `now`, by the host's clock. The request's address is a path, or absolute; its
    /// `Host` and `Origin` headers are checked where it has them.
    pub fn handle(&mut self, request: &HttpRequest, now: Timestamp) -> Reply {
        let mut notes = Notes::default();
        let (result, now) = match self.offset() {
            Ok(offset) => {
                let now = time::shifted(now, offset);
                (self.answer(request, now, &mut notes), now)
            }
            Err(error) => (Err(error), time::shifted(now, 0)),
        };
        let (response, fate) = result.unwrap_or_else(|error| (broken(&error), Fate::Send));
        let reply = Reply { response: self.labelled(request, response, now), fate };
        if !is_control(request) {
            self.log.record(request, &reply, notes, now);
        }
        reply
    }

    fn offset(&self) -> Result<i64, StoreError> {
        Ok(OFFSETS.get(&Tx::new(&self.store), OFFSET)?.unwrap_or(0))
    }

    fn answer(
        &mut self,
        request: &HttpRequest,
        now: Timestamp,
        notes: &mut Notes,
    ) -> Result<(HttpResponse, Fate), StoreError> {
        if let Err(refusal) = self.admit(request) {
            return Ok((refusal.into_response(), Fate::Send));
        }
        let mut world = World {
            config: &self.config,
            key: &self.key,
            bearers: &mut self.bearers,
            tx: Tx::new(&self.store).reading(&self.parsed),
            now,
            device_key: None,
        };
        let is_control = is_control(request);
        let fault = if is_control { None } else { fault::take(&mut world, request)? };
        world.tx.keep();
        let mut call =
            Call { request, params: Vec::new(), world, log: &mut self.log, notes: std::mem::take(notes) };
        let instead = fault.as_ref().and_then(fault::Fault::instead);
        let is_api = instead.is_none() && !is_control;
        let outcome = match instead {
            Some(response) => Ok(response),
            None if is_control => control::dispatch(&mut call),
            None => cookie::guard(&call).and_then(|()| routes::dispatch(&mut call)),
        };
        *notes = std::mem::take(&mut call.notes);
        let mut world = call.world;
        let response = match outcome {
            Ok(response) => response,
            Err(Failure::Refused(refusal)) => {
                world.tx.undo();
                refusal.into_response()
            }
            Err(Failure::Broken(error)) => return Err(error),
        };
        let response = if is_api { cookie::settle(&mut world, request, response)? } else { response };
        let (response, fate) = match &fault {
            Some(fault) => (fault.alter(&world, response)?, fault.fate()),
            None => (response, Fate::Send),
        };
        let changes = world.tx.into_changes();
        if !changes.is_empty() {
            self.parsed.forget(&changes);
            self.store.commit(changes)?;
        }
        Ok((response, fate))
    }

    /// Refuses what should not have come here at all.
    fn admit(&self, request: &HttpRequest) -> Result<(), Refusal> {
        // RFC 9112, section 3.2. What stands between might go by the other one.
        if request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host")).count() > 1 {
            return Err(Refusal::new(400, "ambiguous_host", "A request has one Host."));
        }
        if header(request, "host").is_some_and(|host| !self.config.origins.allows_host(host)) {
            return Err(Refusal::new(403, "host_not_allowed", "The sandbox has no such name."));
        }
        if header(request, "origin").is_some_and(|origin| !self.allows(origin, request)) {
            return Err(Refusal::new(403, "origin_not_allowed", "Pages of this origin may not call."));
        }
        if header(request, "origin").is_none() && origin::is_from_another_site(request) {
            let sentence = "A page of another site asks, and does not say with Origin which one.";
            return Err(Refusal::new(403, "origin_required", sentence));
        }
        if request.body.as_ref().is_some_and(|body| body.len() > MAX_BODY) {
            return Err(too_large());
        }
        Ok(())
    }

    /// Pages may call the API. What a person answers on the providers' pages is theirs to say, so no other page may.
    fn allows(&self, origin: &str, request: &HttpRequest) -> bool {
        if !is_page(request.path()) {
            return self.config.origins.allows(origin);
        }
        header(request, "host").is_some_and(|host| origin.eq_ignore_ascii_case(&format!("http://{host}")))
    }

    /// Adds what every answer has.
    fn labelled(&self, request: &HttpRequest, response: HttpResponse, now: Timestamp) -> HttpResponse {
        let response =
            response.with_header("date", time::http_date(now)).with_header("cache-control", "no-store");
        let response = origin::protect(response);
        match header(request, "origin") {
            Some(origin) if self.config.origins.allows(origin) && !is_page(request.path()) => {
                origin::share(response, origin, self.takes_credentials(request))
            }
            _ => response,
        }
    }

    /// Whether pages may let a request's cookies go with it.
    fn takes_credentials(&self, request: &HttpRequest) -> bool {
        let rules = Rules::load(&Tx::new(&self.store));
        !is_control(request) && rules.is_ok_and(|rules| rules.keeps_sessions_in_cookies())
    }
}

/// What only a server meets: requests that are no [`HttpRequest`], or not whole.
#[cfg(feature = "server")]
impl<S: Store> Sandbox<S> {
    /// Refuses a request that could not be read.
    pub(crate) fn refuse(&mut self, request: &HttpRequest, refusal: Refusal, now: Timestamp) -> Reply {
        let now = time::shifted(now, self.offset().unwrap_or(0));
        let response = self.labelled(request, refusal.into_response(), now);
        let reply = Reply { response, fate: Fate::Send };
        self.log.record(request, &reply, Notes::default(), now);
        reply
    }

    /// Answers a preflight request, by its `Host`, its `Origin` and the headers that it asks for.
    pub(crate) fn preflight(&self, request: &HttpRequest, now: Timestamp) -> HttpResponse {
        let response = match (self.admit(request), header(request, "origin")) {
            (Ok(()), Some(origin)) => {
                let requested = header(request, "access-control-request-headers").unwrap_or_default();
                let takes_credentials = self.takes_credentials(request);
                return origin::protect(origin::preflight(origin, requested, takes_credentials));
            }
            (Ok(()), None) => crate::router::method_not_allowed("GET, POST, PUT, DELETE").into_response(),
            (Err(refusal), _) => refusal.into_response(),
        };
        let now = time::shifted(now, self.offset().unwrap_or(0));
        self.labelled(request, response, now)
    }
}

fn is_control(request: &HttpRequest) -> bool {
    request.path().starts_with("/sandbox/")
}

fn broken(error: &StoreError) -> HttpResponse {
    json_response(
        500,
        &json!({ "error": format!("The sandbox is broken: {error}."), "code": "store_failed" }),
    )
}

pub(crate) fn too_large() -> Refusal {
    Refusal::new(413, "body_too_large", format!("A body has at most {MAX_BODY} bytes."))
}
