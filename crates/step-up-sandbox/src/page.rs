//! The sandbox inside the page: a transport that needs no network.

mod consent;

use std::{cell::RefCell, fmt, rc::Rc};

use step_up_core::{Clock, HttpRequest, HttpResponse, LocalFuture, Result, StepUpError, Timer, Transport};

use crate::{
    config::Config,
    random::Seed,
    reply::{Fate, Reply},
    sandbox::Sandbox,
    store::{MemoryStore, StoreError},
};

pub use consent::{ConsentAccount, ConsentAnswer, ConsentForm, ConsentQuestion};

/// The base URL to give to a client whose transport is a sandbox in the page. Nothing listens there.
pub const BASE_URL: &str = "http://localhost/api/v0";

/// A sandbox in the page, as a [`Transport`]. Clones are the same sandbox.
///
/// After each change it hands a snapshot to the page, which keeps it wherever it likes and gives it back at the next
/// start: session storage, say, which outlives a reload and a redirect and ends with the tab. A snapshot holds throw-away
/// secrets in clear.
#[derive(Clone)]
pub struct InPage {
    inner: Rc<Inner>,
}

struct Inner {
    sandbox: RefCell<Sandbox<MemoryStore>>,
    clock: Rc<dyn Clock>,
    timer: Rc<dyn Timer>,
    save: Box<dyn Fn(&str)>,
    /// What was saved last.
    saved: RefCell<MemoryStore>,
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
        let store = snapshot.map_or_else(|| Ok(MemoryStore::new()), restore)?;
        let sandbox = RefCell::new(Sandbox::new(config, store, seed)?);
        let saved = RefCell::new(MemoryStore::new());
        let inner = Rc::new(Inner { sandbox, clock, timer, save: Box::new(save), saved });
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
        snapshot_of(&self.inner.saved.borrow())
    }
}

impl Transport for InPage {
    fn send(&self, request: HttpRequest) -> LocalFuture<'static, Result<HttpResponse>> {
        let inner = Rc::clone(&self.inner);
        Box::pin(async move {
            let Reply { response, fate } = inner.handle(&request);
            match fate {
                Fate::Send => Ok(response),
                Fate::Drop => Err(StepUpError::Network),
                Fate::Delay(delay) => {
                    inner.timer.sleep(delay).await;
                    Ok(response)
                }
            }
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

    fn save_changes(&self) {
        let sandbox = self.sandbox.borrow();
        if *sandbox.store() == *self.saved.borrow() {
            return;
        }
        self.saved.borrow_mut().clone_from(sandbox.store());
        // The page may look at the sandbox when it is told of a change.
        drop(sandbox);
        let snapshot = self.snapshot_text();
        (self.save)(&snapshot);
    }

    fn snapshot_text(&self) -> String {
        snapshot_of(&self.saved.borrow())
    }
}

fn snapshot_of(store: &MemoryStore) -> String {
    // Maps with text as keys are JSON.
    serde_json::to_string(store).unwrap_or_default()
}

fn restore(snapshot: &str) -> std::result::Result<MemoryStore, StoreError> {
    serde_json::from_str(snapshot).map_err(|_| StoreError::Corrupt { collection: "snapshot".into() })
}
