//! Time comes in from outside, and the server's counts.
//!
//! A laptop's clock can be a day off. Tokens expire by the server's clock, so the client keeps an estimate of how far
//! its own is from it ([`Skew`]) and corrects every comparison by it.

use std::{cell::Cell, rc::Rc, time::Duration};

use crate::{LocalFuture, http_date};

/// A moment, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The moment this many seconds after the Unix epoch.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This moment and `duration`.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Tells the time.
///
/// The client reads no clock by itself, so that a test can run ten minutes in a microsecond.
pub trait Clock {
    /// Now, by this device's clock.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// Waits.
pub trait Timer {
    /// A future that is ready after `duration`. Dropping it cancels the wait.
    fn sleep(&self, duration: Duration) -> LocalFuture<'static, ()>;
}

impl<F: Fn(Duration) -> LocalFuture<'static, ()>> Timer for F {
    fn sleep(&self, duration: Duration) -> LocalFuture<'static, ()> {
        self(duration)
    }
}

/// What is known of the difference between the server's clock and this device's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Estimate {
    /// Nothing: this device's clock is believed.
    #[default]
    None,
    /// From a token's `iat`, where the server's `Date` cannot be read.
    Token(i64),
    /// From the server's `Date` header.
    Server(i64),
}

/// This device's clock, corrected to the server's.
#[derive(Clone)]
pub(crate) struct Skew {
    clock: Rc<dyn Clock>,
    estimate: Rc<Cell<Estimate>>,
}

impl Skew {
    pub(crate) fn new(clock: Rc<dyn Clock>) -> Self {
        Self { clock, estimate: Rc::default() }
    }

    /// Now, by the server's clock as far as it is known.
    pub(crate) fn now(&self) -> Timestamp {
        let offset = match self.estimate.get() {
            Estimate::None => 0,
            Estimate::Token(offset) | Estimate::Server(offset) => offset,
        };
        Timestamp(self.clock.now().0.saturating_add(offset))
    }

    /// Learns from a `Date` header ([RFC 9110 §6.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1)) that was
    /// just received. What is no date is ignored: it says nothing.
    pub(crate) fn learn_from_date(&self, header: &str) {
        let Some(date) = http_date::parse(header) else { return };
        // The header is cut to seconds, so the middle of that second is the best guess.
        let server = date.0.saturating_add(500);
        self.estimate.set(Estimate::Server(server.saturating_sub(self.clock.now().0)));
    }

    /// Learns from the `iat` of a token that was just issued. The server's `Date` is better and stays.
    pub(crate) fn learn_from_token(&self, issued_at: Timestamp) {
        if !matches!(self.estimate.get(), Estimate::Server(_)) {
            self.estimate.set(Estimate::Token(issued_at.0.saturating_sub(self.clock.now().0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    /// 2026-11-24 10:00:00 UTC.
    const NOON: i64 = 1_795_514_400_000;

    fn skew_of(device: i64) -> Skew {
        Skew::new(Rc::new(move || Timestamp(device)))
    }

    #[test]
    fn the_servers_date_corrects_a_clock_that_is_a_day_off_either_way() {
        for device in [NOON - DAY, NOON + DAY] {
            let skew = skew_of(device);
            skew.learn_from_date("Tue, 24 Nov 2026 10:00:00 GMT");
            assert_eq!(skew.now(), Timestamp(NOON + 500));
        }
    }

    #[test]
    fn a_tokens_time_counts_only_while_the_servers_date_is_unknown() {
        let skew = skew_of(NOON - DAY);
        skew.learn_from_token(Timestamp(NOON));
        assert_eq!(skew.now(), Timestamp(NOON));
        skew.learn_from_date("Tue, 24 Nov 2026 10:00:00 GMT");
        skew.learn_from_token(Timestamp(NOON + DAY));
        assert_eq!(skew.now(), Timestamp(NOON + 500));
    }

    #[test]
    fn what_is_no_date_changes_nothing() {
        let skew = skew_of(NOON);
        for garbage in ["", "yesterday", "Tue, 24 Nov 2026", "\u{0}"] {
            skew.learn_from_date(garbage);
        }
        assert_eq!(skew.now(), Timestamp(NOON));
    }

    #[test]
    fn durations_never_go_below_zero_and_never_overflow() {
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
        assert_eq!(Timestamp(i64::MAX).since(Timestamp(i64::MIN)), Duration::from_millis(i64::MAX as u64));
        assert_eq!(Timestamp(i64::MAX).after(Duration::MAX), Timestamp(i64::MAX));
        assert_eq!(Timestamp(-1).as_secs(), -1);
    }
}
