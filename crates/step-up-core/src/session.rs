//! Who is signed in, and the epoch that tells one session from the next.
//!
//! Each sign-in and each sign-out begins a new epoch. A request remembers the epoch that it was built in, and an answer
//! from an older one changes nothing: it belongs to somebody who is no longer here.

use std::{cell::RefCell, rc::Rc};

use crate::{
    clock::Timestamp,
    error::{Result, StepUpError},
    json::{Body, from_json, from_value, parse},
    jwt,
    secret::SessionToken,
    types::{CredentialId, User},
};

/// Whether somebody is signed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionStatus {
    /// Nobody is.
    #[default]
    SignedOut,
    /// Somebody is.
    SignedIn,
}

/// Who is signed in, as an app may see it: without the token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// The user; `None` where nobody is signed in.
    pub user: Option<Rc<User>>,
    /// When the session expires, by the server's clock; `None` where that is not known.
    pub expires_at: Option<Timestamp>,
    /// The credential that the session was opened with, where the server says so.
    pub sign_in_credential: Option<CredentialId>,
    /// What kept the session from being read from or written to its store. It works all the same, in memory.
    pub store_error: Option<StepUpError>,
}

impl Session {
    /// Whether somebody is signed in.
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        if self.user.is_some() { SessionStatus::SignedIn } else { SessionStatus::SignedOut }
    }
}

/// A session as a [`SessionStore`] keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredSession {
    /// The token; `None` where it lives in a cookie.
    pub token: Option<SessionToken>,
    /// The user.
    pub user: Rc<User>,
    /// When it expires, by the server's clock.
    pub expires_at: Option<Timestamp>,
}

impl StoredSession {
    /// As text, for a store that keeps texts. It is as secret as the session.
    #[must_use]
    pub fn to_secret_json(&self) -> String {
        let mut stored = Body::new();
        if let Some(token) = &self.token {
            stored = stored.text("token", token.expose());
        }
        if let Some(expires_at) = self.expires_at {
            // Written with its milliseconds, which a number of seconds would lose.
            stored = stored.raw("expiresAtMillis", &expires_at.as_millis().to_string());
        }
        stored.add("user", &*self.user);
        stored.finish_text()
    }

    /// From what [`to_secret_json`](Self::to_secret_json) wrote.
    ///
    /// # Errors
    ///
    /// [`Decode`](StepUpError::Decode) where it is anything else.
    pub fn from_json(text: &str) -> Result<Self> {
        const EXPECTED: &str = "a stored session";
        let stored = parse(text.as_bytes(), EXPECTED)?;
        let user = from_value(stored.get("user")).ok_or(StepUpError::Decode {
            expected: EXPECTED,
            line: 0,
            column: 0,
        })?;
        Ok(Self {
            token: stored.get("token").as_text().map(SessionToken::new),
            user: Rc::new(user),
            expires_at: stored.get("expiresAtMillis").as_integer().map(Timestamp::from_millis),
        })
    }
}

/// Keeps the session over reloads, if the app wants that. The default keeps nothing.
///
/// What is stored is as sensitive as a password: whoever reads it is signed in. Elevated tokens never get here. Calls
/// come from one thread.
///
/// # Tabs
///
/// Several clients can share one store, as the tabs of a browser do. Each reads it again before it writes, before it sends
/// a request of the session, when the response arrives, and in
/// [`recheck_elevations`](crate::StepUpClient::recheck_elevations), which the hooks call when the page becomes visible:
///
/// - If the store holds a renewed token of the session that the client shows, the client takes it up, and what is held stays
///   held. An older token never replaces a newer one.
/// - If it holds another session or none, the client's session ends there: what is held is void, calls under way fail with
///   [`NotSignedIn`](StepUpError::NotSignedIn), and the stored session becomes the current one. A client never overwrites or
///   removes it because its own session expired, was renewed or was rejected.
/// - If it holds a session that is over by the client's clock, the client does not show it. It removes it only if the service
///   has said what the time is, in a response or by a sign-in on this client: a device's clock can be fast, and another tab may
///   know better. Once the time is known, the client takes it up or removes it.
/// - If it cannot be read, only a sign-in or a sign-out replaces what it holds, since a newer version of the app may have written
///   it. [`Session::store_error`] says so.
/// - A sign-in replaces whatever is stored. A sign-out ends the session that the client shows; one that has replaced it in
///   the store stays, and becomes the current one.
///
/// Two sessions are the same if their tokens name the same session. Without tokens, as in a cookie environment, they are the
/// same if their users are: a sign-in of the same user in another tab counts as a renewal.
///
/// A client reads and then writes in one synchronous step, but the trait has no transaction. With `localStorage` no tab of the
/// same process can write in between. A browser can run the tabs of one site in several processes, and
/// [HTML defines no lock between them](https://html.spec.whatwg.org/multipage/webstorage.html#the-localstorage-attribute): if
/// two of them write at the same moment, the last write counts, and the other client takes it up the next time it reads.
pub trait SessionStore {
    /// Returns what was saved last and not cleared since, by this client or another one. Called often: keep it cheap.
    ///
    /// # Errors
    ///
    /// [`Storage`](StepUpError::Storage) where it cannot be read.
    fn load(&self) -> Result<Option<StoredSession>>;

    /// Replaces what is kept.
    ///
    /// # Errors
    ///
    /// [`Storage`](StepUpError::Storage) where it cannot be written.
    fn save(&self, session: &StoredSession) -> Result<()>;

    /// Forgets what is kept.
    ///
    /// # Errors
    ///
    /// [`Storage`](StepUpError::Storage) where it cannot be removed.
    fn clear(&self) -> Result<()>;

    /// Whether it keeps the session over a reload. If it does not, a redirect to a social provider keeps it until the page is
    /// back, and no other tab can share the store: a client reads it only once.
    fn is_lasting(&self) -> bool {
        true
    }
}

/// Keeps the session as long as the page lives.
#[derive(Debug, Default)]
pub struct MemorySessionStore(RefCell<Option<StoredSession>>);

impl SessionStore for MemorySessionStore {
    fn load(&self) -> Result<Option<StoredSession>> {
        Ok(self.0.borrow().clone())
    }

    fn save(&self, session: &StoredSession) -> Result<()> {
        self.0.replace(Some(session.clone()));
        Ok(())
    }

    fn clear(&self) -> Result<()> {
        self.0.replace(None);
        Ok(())
    }

    fn is_lasting(&self) -> bool {
        false
    }
}

/// Tells one session of a client from the next: each sign-in and each sign-out begins a new epoch, a renewal does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Epoch(u64);

impl Epoch {
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The claims of a session token that a client uses.
#[derive(Default)]
pub(crate) struct SessionClaims {
    pub(crate) sub: Option<Box<str>>,
    pub(crate) sid: Option<Box<str>>,
    pub(crate) signin_credential_id: Option<Box<str>>,
    pub(crate) iat: Option<Timestamp>,
    pub(crate) exp: Option<Timestamp>,
}

from_json!(SessionClaims { sub = "sub", sid = "sid", signin_credential_id = "signin_credential_id", iat = "iat", exp = "exp", });

impl SessionClaims {
    /// The claims of `token`. One that this client cannot read may still be one that the server takes, so it is as if it
    /// had none.
    pub(crate) fn of(token: Option<&SessionToken>) -> Self {
        token.and_then(|token| jwt::claims(token.expose(), "a session token").ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_session_survives_being_written() {
        let session = StoredSession {
            token: Some(SessionToken::new("hunter2")),
            user: Rc::new(User::new("u", "e")),
            expires_at: Some(Timestamp::from_millis(1_795_514_400_123)),
        };
        assert_eq!(StoredSession::from_json(&session.to_secret_json()), Ok(session.clone()));
        assert!(!format!("{session:?}").contains("hunter2"));
        for garbage in ["", "{}", "null", r#"{"user":{}}"#, "<html>"] {
            assert!(
                matches!(StoredSession::from_json(garbage), Err(StepUpError::Decode { .. })),
                "{garbage}"
            );
        }
    }
}
