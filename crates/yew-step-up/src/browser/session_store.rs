//! The session in web storage.

use step_up_core::{Config, Result, SessionStore, StepUpError, StoredSession};
use web_sys::Storage;

use super::{storage_error, window};

/// Keeps the session over reloads: for this tab, or for this browser.
///
/// Whoever can run a script on the page's origin can read it. Elevated tokens never get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSessionStore {
    key: String,
    is_for_all_tabs: bool,
}

impl WebSessionStore {
    /// In this tab, until it is closed.
    #[must_use]
    pub fn tab(config: &Config) -> Self {
        Self { key: format!("step-up:{}:session", config.environment_id()), is_for_all_tabs: false }
    }

    /// In this browser, for every tab, until the user signs out.
    #[must_use]
    pub fn browser(config: &Config) -> Self {
        Self { is_for_all_tabs: true, ..Self::tab(config) }
    }

    fn storage(&self) -> Result<Storage> {
        let window = window()?;
        let storage = if self.is_for_all_tabs { window.local_storage() } else { window.session_storage() };
        storage.map_err(|error| storage_error(&error))?.ok_or_else(|| StepUpError::UnsupportedTarget {
            why: "this browser has no web storage to keep the session in".into(),
        })
    }
}

impl SessionStore for WebSessionStore {
    fn load(&self) -> Result<Option<StoredSession>> {
        let text = self.storage()?.get_item(&self.key).map_err(|error| storage_error(&error))?;
        text.map(|text| StoredSession::from_json(&text)).transpose()
    }

    fn save(&self, session: &StoredSession) -> Result<()> {
        let text = session.to_secret_json();
        self.storage()?.set_item(&self.key, &text).map_err(|error| storage_error(&error))
    }

    fn clear(&self) -> Result<()> {
        self.storage()?.remove_item(&self.key).map_err(|error| storage_error(&error))
    }
}
