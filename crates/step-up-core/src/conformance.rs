//! What every implementation of a trait of this crate must do, for the tests of whoever implements one.

use std::rc::Rc;

use crate::{SessionStore, SessionToken, StoredSession, Timestamp, User};

/// Checks a [`SessionStore`]. `open` opens the same store again, as a reload and another tab do; for a store that keeps
/// nothing over reloads it returns the same one. The store must be empty at first, and is empty at the end.
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
    check_sharing(&*open(), &*open(), &session("first", Some("token")), &session("second", None));
}

/// Two tabs have the store open at the same time: each reads what the other has written since.
fn check_sharing(one: &impl SessionStore, other: &impl SessionStore, a: &StoredSession, b: &StoredSession) {
    assert_eq!((one.load(), other.load()), (Ok(None), Ok(None)));
    assert_eq!(one.save(a), Ok(()));
    assert_eq!(other.load().as_ref(), Ok(&Some(a.clone())), "another tab's session is loaded");
    assert_eq!(other.save(b), Ok(()));
    assert_eq!(one.load().as_ref(), Ok(&Some(b.clone())), "what was loaded before is loaded again");
    assert_eq!(one.clear(), Ok(()));
    assert_eq!(other.load(), Ok(None), "what another tab cleared is gone");
}

#[cfg(test)]
mod tests {
    use std::cell::OnceCell;

    use super::*;
    use crate::{MemorySessionStore, error::Result};

    /// Remembers what it loaded first, as a store did that was loaded once.
    #[derive(Default)]
    struct Cached {
        kept: Rc<MemorySessionStore>,
        loaded: OnceCell<Option<StoredSession>>,
    }

    impl SessionStore for Cached {
        fn load(&self) -> Result<Option<StoredSession>> {
            let loaded = self.kept.load()?;
            Ok(self.loaded.get_or_init(|| loaded).clone())
        }
        fn save(&self, session: &StoredSession) -> Result<()> {
            self.kept.save(session)
        }
        fn clear(&self) -> Result<()> {
            self.kept.clear()
        }
    }

    #[test]
    #[should_panic(expected = "another tab's session is loaded")]
    fn a_store_that_remembers_what_it_loaded_does_not_conform() {
        let kept = Rc::<MemorySessionStore>::default();
        session_store(|| Rc::new(Cached { kept: Rc::clone(&kept), ..Cached::default() }));
    }
}
