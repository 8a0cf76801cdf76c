//! The session in web storage.

use step_up_core::{Config, Result, SessionStore, StoredSession};

use super::web_storage::Storage;

/// Keeps the session over reloads: for this tab, or for this browser.
///
/// Whoever can run a script on the page's origin can read it. Elevated tokens never get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSessionStore {
    key: String,
    storage: Storage,
}

impl WebSessionStore {
    /// In this tab, until it is closed.
    #[must_use]
    pub fn tab(config: &Config) -> Self {
        Self { key: format!("step-up:{}:session", config.environment_id()), storage: Storage::Tab }
    }

    /// In this browser, for every tab, until the user signs out.
    #[must_use]
    pub fn browser(config: &Config) -> Self {
        Self { storage: Storage::Browser, ..Self::tab(config) }
    }
}

impl SessionStore for WebSessionStore {
    fn load(&self) -> Result<Option<StoredSession>> {
        self.storage.read(&self.key)?.map(|text| StoredSession::from_json(&text)).transpose()
    }

    fn save(&self, session: &StoredSession) -> Result<()> {
        self.storage.write(&self.key, &session.to_secret_json())
    }

    fn clear(&self) -> Result<()> {
        self.storage.remove(&self.key)
    }
}
