//! The client: the sequences that string requests, session and held tokens together.
//!
//! What decides is elsewhere and pure. What is here awaits. No borrow of the client's state outlives an `await` or a
//! call into a listener, so a listener may call the client.

mod check;
mod codes;
mod dispatch;
mod elevated;
mod events;
mod exchange;
#[cfg(feature = "external")]
mod external;
mod guard;
mod links;
#[cfg(feature = "mfa")]
mod mfa;
mod nonces;
#[cfg(feature = "otp")]
mod otp;
#[cfg(feature = "passkey")]
mod passkey;
mod prompt;
mod send;
mod sign_in;
#[cfg(feature = "social")]
mod social;
mod stored;
mod verified;
mod waiting;
#[cfg(feature = "wallet")]
mod wallet;

use std::{
    cell::{OnceCell, RefCell},
    fmt,
    rc::Rc,
};

#[cfg(feature = "social")]
pub use self::social::SocialReturn;
#[cfg(feature = "mfa")]
pub(crate) use self::verified::done;
use self::{
    check::Checks,
    codes::PendingSends,
    events::Listeners,
    nonces::NoncePool,
    prompt::PromptDesk,
    stored::{Cause, LastSeen, SessionParts, is_older},
};
pub use self::{
    check::StepUpCheck,
    events::{Event, Subscription},
    prompt::{Prompt, Prompter},
    verified::Verified,
};
use crate::{
    clock::{Clock, Skew, Timer, Timestamp},
    config::Config,
    elevation::{Elevation, Elevations},
    endpoint::Settings,
    error::{Result, StepUpError},
    keychain::Keychain,
    secret::SessionToken,
    session::{Epoch, MemorySessionStore, Session, SessionClaims, SessionStatus, SessionStore},
    transport::Transport,
    types::{TokenScope, User},
};

/// What the client needs of the place that it runs in. In a browser, `yew-step-up` brings one.
#[derive(Clone)]
pub struct Platform {
    /// Sends requests.
    pub transport: Rc<dyn Transport>,
    /// Tells the time.
    pub clock: Rc<dyn Clock>,
    /// Waits.
    pub timer: Rc<dyn Timer>,
    /// Keeps the keys, and gives randomness.
    pub keychain: Rc<dyn Keychain>,
    /// Keeps the session over reloads.
    pub session_store: Rc<dyn SessionStore>,
    /// Asks the user's passkeys.
    #[cfg(feature = "passkey")]
    pub passkeys: Rc<dyn crate::passkey::PasskeyAuthenticator>,
    /// The wallets that the user has here, if the platform can reach any.
    #[cfg(feature = "wallet")]
    pub wallets: Option<Rc<dyn crate::wallet::Wallets>>,
    /// The window, for social accounts; `None` where there is none.
    #[cfg(feature = "social")]
    pub social_window: Option<Rc<dyn crate::social::SocialWindow>>,
}

impl Platform {
    /// These parts, a session that lives in memory only, and nothing that is optional.
    #[must_use]
    pub fn new(
        transport: impl Transport + 'static,
        clock: impl Clock + 'static,
        timer: impl Timer + 'static,
        keychain: impl Keychain + 'static,
    ) -> Self {
        Self {
            transport: Rc::new(transport),
            clock: Rc::new(clock),
            timer: Rc::new(timer),
            keychain: Rc::new(keychain),
            session_store: Rc::<MemorySessionStore>::default(),
            #[cfg(feature = "passkey")]
            passkeys: Rc::new(crate::passkey::NoPasskeys),
            #[cfg(feature = "wallet")]
            wallets: None,
            #[cfg(feature = "social")]
            social_window: None,
        }
    }

    /// The same with another transport.
    #[must_use]
    pub fn with_transport(self, transport: impl Transport + 'static) -> Self {
        Self { transport: Rc::new(transport), ..self }
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Rc::new(clock), ..self }
    }

    /// The same with another timer.
    #[must_use]
    pub fn with_timer(self, timer: impl Timer + 'static) -> Self {
        Self { timer: Rc::new(timer), ..self }
    }

    /// The same with another keychain.
    #[must_use]
    pub fn with_keychain(self, keychain: impl Keychain + 'static) -> Self {
        Self { keychain: Rc::new(keychain), ..self }
    }

    /// The same with another place for the session.
    #[must_use]
    pub fn with_session_store(self, store: impl SessionStore + 'static) -> Self {
        Self { session_store: Rc::new(store), ..self }
    }

    /// The same with something that asks for passkeys.
    #[cfg(feature = "passkey")]
    #[must_use]
    pub fn with_passkeys(self, passkeys: impl crate::passkey::PasskeyAuthenticator + 'static) -> Self {
        Self { passkeys: Rc::new(passkeys), ..self }
    }

    /// The same with these wallets.
    #[cfg(feature = "wallet")]
    #[must_use]
    pub fn with_wallets(self, wallets: impl crate::wallet::Wallets + 'static) -> Self {
        Self { wallets: Some(Rc::new(wallets)), ..self }
    }

    /// The same with another window.
    #[cfg(feature = "social")]
    #[must_use]
    pub fn with_social_window(self, window: impl crate::social::SocialWindow + 'static) -> Self {
        Self { social_window: Some(Rc::new(window)), ..self }
    }
}

/// Talks to the service for one user at a time. Cheap to clone; clones are one client, and compare equal.
///
/// It belongs to one thread and one visitor: on a server that renders pages, make one per request, never one in a
/// static.
#[derive(Clone)]
pub struct StepUpClient {
    inner: Rc<Inner>,
}

pub(crate) struct Inner {
    config: Config,
    platform: Platform,
    clock: Skew,
    current: RefCell<Current>,
    last_seen: LastSeen,
    elevations: RefCell<Elevations>,
    settings: RefCell<Option<CachedSettings>>,
    nonces: RefCell<NoncePool>,
    checks: RefCell<Checks>,
    sends: RefCell<PendingSends>,
    /// Made when somebody asks for or draws a prompt: an app that never does has no code for them.
    prompts: OnceCell<Box<dyn PromptDesk>>,
    listeners: Rc<Listeners>,
    /// Random, and the same for this client's life; not the session's identifier.
    instance_id: OnceCell<String>,
    #[cfg(feature = "wallet")]
    wallet_discovery: wallet::Discovery,
}

/// The session of now.
#[derive(Default)]
struct Current {
    epoch: Epoch,
    token: Option<SessionToken>,
    session: Session,
    /// Counts the tokens and cookies that the session has had.
    renewal: u64,
}

struct CachedSettings {
    settings: Rc<Settings>,
    fetched_at: Timestamp,
}

impl PartialEq for StepUpClient {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for StepUpClient {}

impl fmt::Debug for StepUpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StepUpClient({})", self.inner.config.environment_id())
    }
}

impl StepUpClient {
    /// A client of this environment on this platform. It sends nothing yet; a session that the platform's store kept is
    /// taken up at once, unless it has expired.
    #[must_use]
    pub fn new(config: Config, platform: Platform) -> Self {
        let stored = platform.session_store.load();
        let last_seen = LastSeen::new(&stored);
        let current = match stored {
            Ok(None) => Current::default(),
            Ok(Some(stored)) => {
                let session = Session {
                    sign_in_credential: sign_in_credential(stored.token.as_ref()),
                    user: Some(stored.user),
                    expires_at: stored.expires_at,
                    store_error: None,
                };
                Current { epoch: Epoch::default().next(), token: stored.token, session, renewal: 0 }
            }
            Err(error) => Current {
                session: Session { store_error: Some(error), ..Session::default() },
                ..Current::default()
            },
        };
        let clock = Skew::new(Rc::clone(&platform.clock));
        clock.begin_epoch(current.session.user.is_some(), None);
        let client = Self {
            inner: Rc::new(Inner {
                config,
                platform,
                clock,
                current: RefCell::new(current),
                last_seen,
                elevations: RefCell::default(),
                settings: RefCell::default(),
                nonces: RefCell::default(),
                checks: RefCell::default(),
                sends: RefCell::default(),
                prompts: OnceCell::new(),
                listeners: Rc::default(),
                instance_id: OnceCell::new(),
                #[cfg(feature = "wallet")]
                wallet_discovery: wallet::Discovery::default(),
            }),
        };
        client.inner.end_expired_at_start();
        client
    }

    /// The environment that it talks to.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Who is signed in.
    #[must_use]
    pub fn session(&self) -> Session {
        self.inner.end_if_expired();
        self.inner.current.borrow().session.clone()
    }

    /// Whether somebody is signed in.
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        self.inner.end_if_expired();
        self.inner.current.borrow().session.status()
    }

    /// The user that is signed in.
    #[must_use]
    pub fn user(&self) -> Option<Rc<User>> {
        self.inner.end_if_expired();
        self.inner.current.borrow().session.user.clone()
    }

    /// The epoch of the session, or of being signed out. What an app has begun in one epoch must not go on in another.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.inner.end_if_expired();
        self.inner.epoch()
    }

    /// Now, by the server's clock as far as it is known: what expiries compare with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// What is held for `scope` and free to be used. A single-use token that a request carries is not.
    #[must_use]
    pub fn elevation(&self, scope: &TokenScope) -> Option<Elevation> {
        self.inner.end_if_expired();
        self.inner.elevations.borrow().find(scope, self.now()).cloned()
    }

    /// Everything that is held and unexpired.
    #[must_use]
    pub fn elevations(&self) -> Vec<Elevation> {
        self.inner.end_if_expired();
        self.inner.elevations.borrow().list(self.now())
    }

    /// Looks again at what is held and whether the session still is, and tells the listeners. For a moment when something
    /// may have expired unseen: the page was hidden, a timer ran out. Takes up what another tab has changed in the session
    /// store.
    pub fn recheck_elevations(&self) {
        self.inner.take_up_stored();
        if self.inner.end_if_expired() {
            return;
        }
        self.inner.elevations.borrow_mut().forget_expired(self.now());
        self.inner.listeners.emit(&Event::ElevationsChanged);
    }

    /// Waits on this client's platform. For hooks that follow an expiry.
    pub fn sleep(&self, duration: std::time::Duration) -> crate::LocalFuture<'static, ()> {
        self.inner.platform.timer.sleep(duration)
    }
}

impl Inner {
    /// The epoch of now, after a session that has expired is ended.
    fn epoch(&self) -> Epoch {
        self.end_if_expired();
        self.current_epoch()
    }

    /// The epoch of now, also if its session has expired and has not been ended yet.
    fn current_epoch(&self) -> Epoch {
        self.current.borrow().epoch
    }

    /// The epoch of the session, if there is one.
    fn signed_in_epoch(&self) -> Result<Epoch> {
        self.end_if_expired();
        let current = self.current.borrow();
        match current.session.status() {
            SessionStatus::SignedIn => Ok(current.epoch),
            SessionStatus::SignedOut => Err(StepUpError::NotSignedIn),
        }
    }

    fn token(&self) -> Option<SessionToken> {
        self.current.borrow().token.clone()
    }

    /// Fails with `NotSignedIn` if `epoch` is over: a response to a request of it is for an earlier session.
    fn require(&self, epoch: Epoch) -> Result<()> {
        if self.epoch() == epoch { Ok(()) } else { Err(StepUpError::NotSignedIn) }
    }

    /// Fails with `NotSignedIn` unless the session of `epoch` goes on. A call that told the listeners asks this last.
    fn require_session(&self, epoch: Epoch) -> Result<()> {
        if self.signed_in_epoch()? == epoch { Ok(()) } else { Err(StepUpError::NotSignedIn) }
    }

    fn is_over(&self, expires_at: Option<Timestamp>) -> bool {
        expires_at.is_some_and(|expires_at| expires_at <= self.clock.now())
    }

    /// True if the session has expired and has not been ended yet. For a read inside a borrow, which must not call listeners.
    fn is_expired(&self) -> bool {
        let expires_at = self.current.borrow().session.expires_at;
        self.is_over(expires_at)
    }

    /// Ends the session if it has expired, by the service's clock, and returns true if it did. Every read calls this first.
    fn end_if_expired(&self) -> bool {
        self.is_expired() && self.end_expired()
    }

    /// Begins an epoch: with `next`, which was opened on this client, or because the service has rejected the session.
    fn begin_epoch(&self, next: Option<SessionParts>) -> Epoch {
        let cause = if next.is_some() { Cause::Opened } else { Cause::Ended };
        self.begin_epoch_by(cause, next, None)
    }

    /// The same with `next` and a session token that was issued just now: when, and when it was asked for by the device's clock.
    fn begin_epoch_issued(
        &self,
        next: Option<SessionParts>,
        issued: Option<(Timestamp, Timestamp)>,
    ) -> Epoch {
        self.begin_epoch_by(Cause::Opened, next, issued)
    }

    /// Begins an epoch: with `next`, or with what another tab has stored, unless that has expired already, or signed out.
    /// What was held is gone. Everything is changed before the listeners are told.
    fn begin_epoch_by(
        &self,
        cause: Cause,
        next: Option<SessionParts>,
        issued: Option<(Timestamp, Timestamp)>,
    ) -> Epoch {
        let (cause, next) = match next.or_else(|| self.replacement()) {
            Some(next) if cause != Cause::Opened => (Cause::Stored, Some(next)),
            next => (cause, next),
        };
        self.clock.begin_epoch(next.is_some(), issued);
        let (is_dropped, next) = match next {
            Some((.., expires_at)) if self.is_over(expires_at) => (true, None),
            next => (false, next),
        };
        if next.is_none() {
            self.clock.begin_epoch(false, None);
        }
        self.decide_set_aside(cause, is_dropped);
        let epoch = self.replace_current(next);
        self.elevations.borrow_mut().clear();
        self.save_by(cause);
        #[cfg(feature = "social")]
        self.forget_redirect();
        // From here on listeners may call the client.
        if let Some(desk) = self.prompts.get() {
            desk.close(self);
        }
        self.listeners.emit(&Event::SessionChanged);
        self.listeners.emit(&Event::ElevationsChanged);
        epoch
    }

    /// Makes this the session of a new epoch.
    fn replace_current(&self, next: Option<SessionParts>) -> Epoch {
        let mut current = self.current.borrow_mut();
        let epoch = current.epoch.next();
        *current = Current { epoch, ..Current::default() };
        if let Some((token, user, expires_at)) = next {
            current.session.sign_in_credential = sign_in_credential(token.as_ref());
            current.session.user = Some(user);
            current.session.expires_at = expires_at;
            current.token = token;
        }
        epoch
    }

    /// The same session goes on, with a newer user and, if they are there, expiry and token; unless another tab has renewed it
    /// since `token` was issued. The caller saves it and tells the listeners.
    fn continue_session(&self, token: Option<SessionToken>, user: Rc<User>, expires_at: Option<Timestamp>) {
        if is_older(token.as_ref(), self.token().as_ref()) {
            return;
        }
        let mut current = self.current.borrow_mut();
        current.session.user = Some(user);
        current.renewal += u64::from(token.is_some() || expires_at.is_some());
        if expires_at.is_some() {
            current.session.expires_at = expires_at;
        }
        if token.is_some() {
            current.session.sign_in_credential = sign_in_credential(token.as_ref());
            current.token = token;
        }
    }
}

fn sign_in_credential(token: Option<&SessionToken>) -> Option<crate::CredentialId> {
    SessionClaims::of(token).signin_credential_id.map(Into::into)
}
