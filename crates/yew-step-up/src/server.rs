//! Where there is no browser: a server that renders pages. Rendering sends nothing, so whatever would is an honest error.

use std::time::{Duration, SystemTime};

use futures_util::future::pending;
use step_up_core::{
    Clock, Config, HttpRequest, HttpResponse, Keychain, LocalFuture, Platform, PublicKey, SessionStore,
    Signature, StepUpError, StoredSession, Timer, Timestamp,
};

/// What a client needs, as far as a server that renders pages has it.
pub(crate) fn platform(_: &Config) -> Platform {
    let transport = |_: HttpRequest| async { Err::<HttpResponse, _>(unsupported()) };
    Platform::new(transport, SystemClock, NoTimer, NoKeychain)
}

/// A server's page never comes into view.
pub(crate) fn on_visible(_: impl Fn() + 'static) -> impl FnOnce() + 'static {
    || {}
}

/// A server's page is never left and shown again.
#[cfg(feature = "social")]
pub(crate) fn on_restored(_: impl Fn() + 'static) -> impl FnOnce() + 'static {
    || {}
}

/// Keeps the session over reloads: for a tab, or for a browser. A server that renders pages has neither, and keeps nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSessionStore(());

impl WebSessionStore {
    /// In a tab, until it is closed.
    #[must_use]
    pub fn tab(_: &Config) -> Self {
        Self(())
    }

    /// In a browser, for every tab, until the user signs out.
    #[must_use]
    pub fn browser(_: &Config) -> Self {
        Self(())
    }
}

impl SessionStore for WebSessionStore {
    fn load(&self) -> Result<Option<StoredSession>, StepUpError> {
        Ok(None)
    }

    fn save(&self, _: &StoredSession) -> Result<(), StepUpError> {
        Err(unsupported())
    }

    fn clear(&self) -> Result<(), StepUpError> {
        Ok(())
    }

    fn is_lasting(&self) -> bool {
        false
    }
}

/// A popup for a social account, which a server cannot open.
#[cfg(feature = "social")]
#[derive(Debug)]
pub struct SocialPopup(());

#[cfg(feature = "social")]
impl SocialPopup {
    /// One that is blocked.
    #[must_use]
    pub fn open() -> Self {
        Self(())
    }
}

#[cfg(feature = "social")]
impl step_up_core::Popup for SocialPopup {
    fn is_blocked(&self) -> bool {
        true
    }

    fn is_gone(&self) -> bool {
        true
    }

    fn listen(&self, _: &str, _: Box<dyn Fn(step_up_core::SocialMessage)>) {}

    fn navigate(&self, _: &str) -> Result<(), StepUpError> {
        Err(StepUpError::PopupBlocked)
    }

    fn close(&self) {}
}

fn unsupported() -> StepUpError {
    StepUpError::UnsupportedTarget {
        why:
            "this is not a browser; call the hooks' methods from event handlers and effects, which run there"
                .into(),
    }
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(0).after(since_epoch)
    }
}

/// Nothing is waited for while a page is rendered.
struct NoTimer;

impl Timer for NoTimer {
    fn sleep(&self, _: Duration) -> LocalFuture<'static, ()> {
        Box::pin(pending())
    }
}

struct NoKeychain;

impl Keychain for NoKeychain {
    fn session_key(&self) -> LocalFuture<'static, Result<PublicKey, StepUpError>> {
        Box::pin(async { Err(unsupported()) })
    }

    fn sign_with_device_key(
        &self,
        _: Vec<u8>,
    ) -> LocalFuture<'static, Result<(PublicKey, Signature), StepUpError>> {
        Box::pin(async { Err(unsupported()) })
    }

    fn random(&self, _: &mut [u8]) -> Result<(), StepUpError> {
        Err(unsupported())
    }
}
