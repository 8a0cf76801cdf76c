//! The sandbox inside the page: a transport that needs no network.

mod consent;

use std::{cell::RefCell, collections::BTreeMap, fmt, rc::Rc, time::Duration};

use serde::{Deserialize, Serialize};
use step_up_core::{
    Clock, HttpRequest, HttpResponse, LocalFuture, Result, StepUpError, Timer, Timestamp, Transport,
};

use crate::{
    config::Config,
    random::Seed,
    reply::{Fate, Reply},
    sandbox::Sandbox,
    store::{MemoryStore, StoreError},
    totp::Secret,
};

pub use consent::{ConsentAccount, ConsentAnswer, ConsentForm, ConsentQuestion};

/// The base URL to give to a client whose transport is a sandbox in the page. Nothing listens there.
pub const BASE_URL: &str = "http://localhost/api/v0";

/// What an authenticator app with this secret, in base32, shows at this moment: for panels that stand in for a user's
/// phone. `None` where it is no secret of this sandbox.
///
/// ```
/// # use step_up_core::Timestamp;
/// use step_up_sandbox::page::authenticator_code;
///
/// let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/// assert_eq!(authenticator_code(secret, Timestamp::from_secs(59)).as_deref(), Some("287082"));
/// ```
#[must_use]
pub fn authenticator_code(secret: &str, now: Timestamp) -> Option<String> {
    Secret::from_base32(secret).map(|secret| secret.shown(now))
}

/// A sandbox in the page, as a [`Transport`]. Clones are the same sandbox.
///
/// After each change it hands a snapshot to the page, which keeps it wherever it likes and gives it back at the next
/// start: session storage, say, which outlives a reload and a redirect and ends with the tab. A snapshot holds throw-away
/// secrets in clear.
///
/// Where the environment keeps sessions in cookies, requests that take cookies along get them from a jar that belongs to
/// the sandbox in the page, and that its snapshots hold. As in a browser the page itself never sees them.
#[derive(Clone)]
pub struct InPage {
    inner: Rc<Inner>,
}

struct Inner {
    sandbox: RefCell<Sandbox<MemoryStore>>,
    jar: RefCell<Jar>,
    /// The origin that requests with cookies come from, as a browser would say.
    origin: String,
    clock: Rc<dyn Clock>,
    timer: Rc<dyn Timer>,
    save: Box<dyn Fn(&str)>,
    /// What was saved last.
    saved: RefCell<(MemoryStore, Jar)>,
}

impl InPage {
    /// A sandbox that goes on from `snapshot`, or starts anew from `seed` where there is none. `save` gets a snapshot
    /// after every change.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the snapshot is none of this version's. It is best thrown away then.
    pub fn new(
        config: Config,
        seed: Seed,
        snapshot: Option<&str>,
        clock: Rc<dyn Clock>,
        timer: Rc<dyn Timer>,
        save: impl Fn(&str) + 'static,
    ) -> std::result::Result<Self, StoreError> {
        let (store, jar) = snapshot.map_or_else(|| Ok(Default::default()), restore)?;
        let origin = config.origins.own();
        let sandbox = RefCell::new(Sandbox::new(config, store, seed)?);
        let (jar, saved) = (RefCell::new(jar), RefCell::default());
        let inner = Rc::new(Inner { sandbox, jar, origin, clock, timer, save: Box::new(save), saved });
        inner.save_changes();
        Ok(Self { inner })
    }

    /// Answers at once, whatever faults were ordered. This is for the control API, which knows none.
    pub fn call(&self, request: &HttpRequest) -> HttpResponse {
        self.inner.handle(request).response
    }

    /// Everything that the sandbox knows, as text.
    #[must_use]
    pub fn snapshot(&self) -> String {
        self.inner.snapshot_text()
    }
}

impl Transport for InPage {
    fn send(&self, request: HttpRequest) -> LocalFuture<'static, Result<HttpResponse>> {
        let inner = Rc::clone(&self.inner);
        Box::pin(async move {
            let takes_cookies = request.with_cookies;
            let request = if takes_cookies { inner.as_a_browser(request) } else { request };
            // As with a network, whoever asks at the same time has asked before the first of them has an answer.
            inner.timer.sleep(Duration::ZERO).await;
            let Reply { response, fate } = inner.handle(&request);
            match fate {
                Fate::Send => {}
                Fate::Drop => return Err(StepUpError::Network),
                Fate::Delay(delay) => inner.timer.sleep(delay).await,
            }
            Ok(inner.without_cookies(response, takes_cookies))
        })
    }
}

impl fmt::Debug for InPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPage").finish_non_exhaustive()
    }
}

impl Inner {
    fn handle(&self, request: &HttpRequest) -> Reply {
        let reply = self.sandbox.borrow_mut().handle(request, self.clock.now());
        self.save_changes();
        reply
    }

    /// The request with its cookies, and with the origin that a browser would add.
    fn as_a_browser(&self, request: HttpRequest) -> HttpRequest {
        let request = request.header("origin", self.origin.as_str());
        match self.jar.borrow().header() {
            Some(cookies) => request.header("cookie", cookies),
            None => request,
        }
    }

    /// The answer as a page sees it. Its cookies are kept if the request took some along.
    fn without_cookies(&self, mut response: HttpResponse, is_kept: bool) -> HttpResponse {
        let (cookies, headers): (Vec<_>, Vec<_>) =
            response.headers.into_iter().partition(|(name, _)| name == "set-cookie");
        response.headers = headers;
        if is_kept && !cookies.is_empty() {
            let mut jar = self.jar.borrow_mut();
            cookies.iter().for_each(|(_, cookie)| jar.keep(cookie));
            drop(jar);
            self.save_changes();
        }
        response
    }

    fn save_changes(&self) {
        let (sandbox, jar) = (self.sandbox.borrow(), self.jar.borrow());
        let mut saved = self.saved.borrow_mut();
        if *sandbox.store() == saved.0 && *jar == saved.1 {
            return;
        }
        saved.0.clone_from(sandbox.store());
        saved.1.clone_from(&jar);
        drop((saved, jar));
        // The page may look at the sandbox when it is told of a change.
        drop(sandbox);
        let snapshot = self.snapshot_text();
        (self.save)(&snapshot);
    }

    fn snapshot_text(&self) -> String {
        let saved = self.saved.borrow();
        let (store, jar) = &*saved;
        // Maps with text as keys are JSON.
        serde_json::to_string(&Snapshot { jar: jar.clone(), store: store.clone() }).unwrap_or_default()
    }
}

/// What a page keeps: the sandbox's collections, and the jar beside them.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    #[serde(rename = "cookieJar", default, skip_serializing_if = "Jar::is_empty")]
    jar: Jar,
    #[serde(flatten)]
    store: MemoryStore,
}

fn restore(snapshot: &str) -> std::result::Result<(MemoryStore, Jar), StoreError> {
    let corrupt = |_| StoreError::Corrupt { collection: "snapshot".into() };
    let Snapshot { jar, store } = serde_json::from_str(snapshot).map_err(corrupt)?;
    Ok((store, jar))
}

/// The cookies of the page, by name. All are the sandbox's, so they need no paths, and it looks itself at how old they
/// are.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Jar {
    cookies: BTreeMap<String, String>,
}

impl Jar {
    fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    /// Does what a `Set-Cookie` header says.
    fn keep(&mut self, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|cookie| cookie.split_once('=')) else { return };
        if parts.any(|attribute| attribute.eq_ignore_ascii_case("max-age=0")) {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The value of a `Cookie` header.
    fn header(&self) -> Option<String> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!cookies.is_empty()).then(|| cookies.join("; "))
    }
}
