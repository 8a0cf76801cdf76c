//! The one way in which tests of servers and programs wait: for a condition, up to a limit, with a failure that says what is
//! missing.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// How long anything may take before a test gives up. Generous: a machine that runs other things too is slow, not wrong.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

const INTERVAL: Duration = Duration::from_millis(5);

/// Looks until there is something, and returns it. Panics with `what` if nothing comes.
#[track_caller]
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_within(LIMIT, what, look)
}

#[track_caller]
fn until_within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        // Read first: what came in the last moment has come.
        let is_last = start.elapsed() >= limit;
        if let Some(found) = look() {
            return found;
        }
        assert!(!is_last, "it did not come: {what}");
        sleep(INTERVAL);
    }
}

#[test]
fn until_returns_what_comes_at_last() {
    let mut looks = 0;
    let found = until("the third look", || {
        looks += 1;
        (looks == 3).then_some(looks)
    });
    assert_eq!(found, 3);
}

#[test]
#[should_panic(expected = "it did not come: a bus")]
fn until_panics_with_what_is_missing_if_it_never_comes() {
    until_within(Duration::from_millis(20), "a bus", || None::<()>);
}
