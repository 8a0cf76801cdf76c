//! The one way in which the tests in a browser wait: for a condition, up to a limit, with a failure that says what is missing.
//! The browser tests of `yew-step-up-ui` and of the pages in `tests/pages` use this file, too.

#![allow(dead_code, reason = "not every suite needs everything")]

use std::{cell::Cell, rc::Rc};

use gloo::timers::{callback::Timeout, future::TimeoutFuture};

/// How long a page may take, in milliseconds. Generous: a machine that runs other things too is slow, not wrong.
const LIMIT: u32 = 30_000;

/// As many turns as a page needs for what follows from what follows from an event, with an answer that is there already.
const TURNS: usize = 16;

/// Looks until there is something, and returns it.
///
/// # Panics
///
/// If nothing comes: with `what`.
pub(crate) async fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_or(|| what.to_owned(), look).await
}

/// As [`until`]; `what` is asked when it is clear that nothing comes, and may say what is there instead.
///
/// # Panics
///
/// If nothing comes: with what `what` says.
pub(crate) async fn until_or<T>(what: impl FnOnce() -> String, look: impl FnMut() -> Option<T>) -> T {
    found_within(LIMIT, look).await.unwrap_or_else(|| panic!("it did not come: {}", what()))
}

/// Looks until there is something, and returns it; `None` if nothing comes in so many milliseconds.
pub(crate) async fn found_within<T>(limit: u32, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let is_over = Rc::new(Cell::new(false));
    let over = Rc::clone(&is_over);
    let _limit = Timeout::new(limit, move || over.set(true));
    loop {
        // Read first: what came in the last moment has come.
        let is_last = is_over.get();
        let found = look();
        if found.is_some() || is_last {
            return found;
        }
        turn().await;
    }
}

/// A turn of the page's event loop.
pub(crate) fn turn() -> TimeoutFuture {
    TimeoutFuture::new(0)
}

/// Lets the page react, where the answers of its server are there already. To see that nothing happens: what has to happen
/// is waited for.
pub(crate) async fn settle() {
    for _ in 0..TURNS {
        turn().await;
    }
}

/// A second of a scripted clock, which is long enough for a message from another window.
pub(crate) fn tick() -> TimeoutFuture {
    TimeoutFuture::new(10)
}
