//! The browser's clock and timers.

use std::time::Duration;

use step_up_core::{Clock, LocalFuture, Timer, Timestamp};

pub(super) struct BrowserClock;

impl Clock for BrowserClock {
    fn now(&self) -> Timestamp {
        // `Date.now()` is a whole number far below 2^53.
        #[allow(clippy::cast_possible_truncation)]
        Timestamp::from_millis(js_sys::Date::now() as i64)
    }
}

pub(super) struct BrowserTimer;

impl Timer for BrowserTimer {
    fn sleep(&self, duration: Duration) -> LocalFuture<'static, ()> {
        // Browsers count in 31 bits and take more for zero.
        const LONGEST: u128 = i32::MAX as u128;
        let millis = duration.as_millis().min(LONGEST);
        let millis = u32::try_from(millis).unwrap_or(i32::MAX.unsigned_abs());
        Box::pin(gloo::timers::future::TimeoutFuture::new(millis))
    }
}
