//! The client, and the sandbox that it talks to.

use std::{cell::Cell, rc::Rc};

use step_up_sandbox::{
    Config as SandboxConfig, InvalidConsentPage, InvalidEnvironmentId, InvalidOrigin, Seed, StoreError,
    page::InPage,
};
use web_sys::Storage;
use yew_step_up::{Clock, Config, StepUpClient, Timestamp, Transport, WebSessionStore, browser_platform};

use crate::{
    consent::{self, Desk},
    control::Control,
    identity_provider::IdentityProvider,
    setup::{Host, Setup},
};

/// Where the sandbox in the page keeps itself over reloads.
const SNAPSHOT: &str = "step-up-demo:sandbox";

/// What the app is built on.
#[derive(Clone, PartialEq)]
pub(crate) struct Backend {
    pub(crate) client: StepUpClient,
    /// None where the provider is the real service.
    pub(crate) control: Option<Control>,
}

impl Backend {
    pub(crate) fn new(setup: &Setup) -> Result<Self, String> {
        let platform = browser_platform(&setup.config);
        let clock = DemoClock::new(Rc::clone(&platform.clock));
        let origin = setup.config.base_url().trim_end_matches("/api/v0").to_owned();
        let transport: Rc<dyn Transport> = match setup.host {
            Host::Page => {
                let sandbox = in_page(&setup.config, Rc::clone(&platform.clock), &platform)?;
                consent::serve(sandbox.clone());
                Rc::new(sandbox)
            }
            Host::Server | Host::Service => Rc::clone(&platform.transport),
        };
        let platform = platform.with_clock(clock.clone());
        let control = if setup.host == Host::Service {
            None
        } else {
            let identity = IdentityProvider::of_this_tab(&platform, setup.config.environment_id())
                .map_err(|error| error.to_string())?;
            Some(Control::new(Rc::clone(&transport), origin, clock, identity))
        };
        // As long as the sandbox in the page: until the tab is closed.
        let kept = WebSessionStore::tab(&setup.config);
        let platform = platform.with_transport(transport).with_session_store(kept);
        Ok(Self { client: StepUpClient::new(setup.config.clone(), platform), control })
    }
}

/// The sandbox of this tab, for a consent page that nobody opened: the app was here before, and comes back.
pub(crate) fn consent_desk(setup: &Setup) -> Result<Desk, String> {
    let platform = browser_platform(&setup.config);
    in_page(&setup.config, Rc::clone(&platform.clock), &platform).map(Desk::Here)
}

/// The sandbox of this tab: the one from before the reload, else a new one.
fn in_page(
    config: &Config,
    clock: Rc<dyn Clock>,
    platform: &yew_step_up::Platform,
) -> Result<InPage, String> {
    let sandbox = SandboxConfig::new(config.environment_id())
        .map_err(|error: InvalidEnvironmentId| error.to_string())?;
    let page = consent::page().unwrap_or_default();
    let sandbox = sandbox.with_consent_page(&page).map_err(|error: InvalidConsentPage| error.to_string())?;
    // Passkeys and wallets' messages are for this origin.
    let origin = web_sys::window().and_then(|window| window.location().origin().ok()).unwrap_or_default();
    let sandbox = sandbox.allow_origin(&origin).map_err(|error: InvalidOrigin| error.to_string())?;
    let start = |snapshot: Option<&str>| {
        let (clock, timer) = (Rc::clone(&clock), Rc::clone(&platform.timer));
        InPage::new(sandbox.clone(), seed(platform), snapshot, clock, timer, save)
    };
    let snapshot = storage().and_then(|storage| storage.get_item(SNAPSHOT).ok().flatten());
    // A snapshot of another version of the sandbox is of no use to this one.
    start(snapshot.as_deref()).or_else(|_| start(None)).map_err(|error: StoreError| error.to_string())
}

fn seed(platform: &yew_step_up::Platform) -> Seed {
    let mut bytes = [0; 8];
    // Without randomness the sandbox's codes are guessable, and nothing else in the page works either.
    let _ = platform.keychain.random(&mut bytes);
    Seed::new(u64::from_le_bytes(bytes))
}

fn save(snapshot: &str) {
    if let Some(storage) = storage() {
        // A full or forbidden storage costs the reload its memory, and nothing else.
        let _ = storage.set_item(SNAPSHOT, snapshot);
    }
}

fn storage() -> Option<Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// This device's clock, moved by the sandbox panel.
#[derive(Clone)]
pub(crate) struct DemoClock {
    device: Rc<dyn Clock>,
    offset: Rc<Cell<i64>>,
}

impl DemoClock {
    fn new(device: Rc<dyn Clock>) -> Self {
        Self { device, offset: Rc::default() }
    }

    /// Goes along with the sandbox's clock.
    pub(crate) fn set(&self, now: Timestamp) {
        self.offset.set(now.as_millis() - self.device.now().as_millis());
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.device.now().as_millis() + self.offset.get())
    }
}
