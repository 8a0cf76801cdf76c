//! What every implementation of a trait of this crate must do, for the tests of whoever implements one.

use std::rc::Rc;

use crate::{SessionStore, SessionToken, StoredSession, Timestamp, User};

/// Checks a [`SessionStore`]. `open` opens the same store anew, as a reload does; a store that keeps nothing over reloads
/// gives the same one again. It must be empty at first, and is at the end.
///
/// ```
/// use std::rc::Rc;
///
/// # use step_up_core::{MemorySessionStore, conformance};
/// let store = Rc::new(MemorySessionStore::default());
/// conformance::session_store(|| store.clone());
/// ```
///
/// # Panics
///
/// Where the store does not do what it must.
pub fn session_store<S: SessionStore>(open: impl Fn() -> Rc<S>) {
    let session = |id: &str, token: Option<&str>| StoredSession {
        token: token.map(SessionToken::new),
        user: Rc::new(User::new(id, "environment")),
        expires_at: Some(Timestamp::from_millis(1_795_514_400_123)),
    };
    assert_eq!(open().load(), Ok(None), "a new store is empty");
    assert_eq!(open().clear(), Ok(()), "an empty store can be cleared");
    let first = session("first", Some("token \" with \\ and \u{1f511}"));
    assert_eq!(open().save(&first), Ok(()));
    assert_eq!(open().load(), Ok(Some(first)), "what was saved is loaded");
    // As in a cookie environment.
    let second = session("second", None);
    assert_eq!(open().save(&second), Ok(()));
    assert_eq!(open().load(), Ok(Some(second)), "the last one counts");
    assert_eq!(open().clear(), Ok(()));
    assert_eq!(open().load(), Ok(None), "what was cleared is gone");
}
