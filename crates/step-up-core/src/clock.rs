//! Time comes in from outside, and the service's clock decides.
//!
//! A laptop's clock can be a day off. Tokens expire by the service's clock, so the client estimates how far its own is from
//! it ([`Skew`]) and corrects every comparison by that. The estimate errs on the side of an early expiry:
//!
//! - A `Date`, and the `iat` of the session token of a sign-in, count from when the request was sent. A slow network, or a
//!   machine that slept meanwhile, makes the estimate early by no more than the request took, and never late (but for the second
//!   that a `Date` is cut to).
//! - A sign-in, whose session token was issued just now, sets the time by that token and the latest `Date`, whichever is later;
//!   so neither a cached response nor an old token makes it late.
//! - While a user is signed in, time only goes forward: a later `Date` moves it, and while no `Date` could be read the `iat` of
//!   a token. There is one exception. In a session that was restored or adopted, only the device's clock is known; the first
//!   `Date` after that sets the time either way. Signed out, nothing is held, and the latest `Date` counts.
//! - The expiry of a token is judged by the estimate from before that token was received. On a device whose clock is a day
//!   fast, with no `Date` at all, that is the session token of the sign-in. A session that was restored from a store on such a
//!   device has expired by the only clock there is: it is not shown, and stays in the store until the time is set.
//! - A `Date` more than a year from the device's clock is ignored, and an `iat` more than 25 hours from it.
//!
//! A device clock that is set back while a user is signed in makes the time stand still until the next `Date`, or until it has
//! caught up. One that is set forward is believed until the next sign-in.

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

/// How far a token may move the time: a day, and an hour for a clock that missed daylight saving.
const MAX_TOKEN_SKEW: Duration = Duration::from_secs(25 * 60 * 60);

/// How far a `Date` may move the time.
const MAX_DATE_SKEW: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// What is known of the difference between the service's clock and this device's, in milliseconds.
#[derive(Clone, Copy, Default)]
struct Estimate {
    /// The correction in force.
    offset: i64,
    /// What the latest `Date` said, which is in force from the next sign-in or sign-out on.
    dated: Option<i64>,
    /// Whether a `Date` or a sign-in has set the correction.
    is_set: bool,
    /// While a user is signed in: the latest time that was told.
    floor: Option<i64>,
}

/// This device's clock, corrected to the service's.
pub(crate) struct Skew {
    clock: Rc<dyn Clock>,
    estimate: Cell<Estimate>,
}

impl Skew {
    pub(crate) fn new(clock: Rc<dyn Clock>) -> Self {
        Self { clock, estimate: Cell::default() }
    }

    /// Now, by the service's clock as far as it is known.
    pub(crate) fn now(&self) -> Timestamp {
        let device = self.clock.now().0;
        let mut estimate = self.estimate.get();
        let mut now = device.saturating_add(estimate.offset);
        if let Some(floor) = &mut estimate.floor {
            now = now.max(*floor);
            *floor = now;
            self.estimate.set(estimate);
        }
        Timestamp(now)
    }

    /// Whether the service has set the time. Otherwise only the device's clock is known.
    pub(crate) fn is_set(&self) -> bool {
        self.estimate.get().is_set
    }

    /// A user signs in, or out. `issued` is when their session token was issued, and when, by this device's clock, it was asked
    /// for. While a user is signed in, time goes forward only.
    pub(crate) fn begin_epoch(&self, is_signed_in: bool, issued: Option<(Timestamp, Timestamp)>) {
        let Estimate { offset, dated, is_set, .. } = self.estimate.get();
        let issued = issued.and_then(|(issued_at, asked_at)| plausible(issued_at, asked_at, MAX_TOKEN_SKEW));
        let known = dated.max(issued);
        self.estimate.set(Estimate {
            offset: known.unwrap_or(offset),
            dated,
            is_set: is_set || known.is_some(),
            floor: is_signed_in.then_some(i64::MIN),
        });
    }

    /// Learns from the `Date` header ([RFC 9110 §6.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1)) of the response
    /// to a request that was sent at `sent_at`, by this device's clock.
    pub(crate) fn learn_from_date(&self, header: &str, sent_at: Timestamp) {
        // The header is cut to seconds, so the middle of that second is the best guess.
        let date = http_date::parse(header).map(|date| date.after(Duration::from_millis(500)));
        let Some(offset) = date.and_then(|date| plausible(date, sent_at, MAX_DATE_SKEW)) else { return };
        let mut estimate = self.estimate.get();
        if !estimate.is_set {
            estimate.floor = estimate.floor.map(|_| i64::MIN);
        }
        if !estimate.is_set || estimate.floor.is_none() || offset > estimate.offset {
            estimate.offset = offset;
        }
        self.estimate.set(Estimate { dated: Some(offset), is_set: true, ..estimate });
    }

    /// Learns from the `iat` of a token that was just received. It is no later than now, so it moves the time forward only.
    pub(crate) fn learn_from_token(&self, issued_at: Timestamp) {
        let mut estimate = self.estimate.get();
        let offset = plausible(issued_at, self.clock.now(), MAX_TOKEN_SKEW);
        if let (None, Some(offset)) = (estimate.dated, offset) {
            estimate.offset = estimate.offset.max(offset);
            self.estimate.set(estimate);
        }
    }
}

/// The difference between two clocks, unless it is larger than `limit`.
fn plausible(service: Timestamp, device: Timestamp, limit: Duration) -> Option<i64> {
    let is_plausible = service.since(device) <= limit && device.since(service) <= limit;
    is_plausible.then(|| service.0.saturating_sub(device.0))
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

    /// A clock that is set by hand.
    fn skew_at(device: &Rc<Cell<i64>>) -> Skew {
        let device = Rc::clone(device);
        Skew::new(Rc::new(move || Timestamp(device.get())))
    }

    #[test]
    fn the_servers_date_corrects_a_clock_that_is_a_day_off_either_way() {
        for device in [NOON - DAY, NOON + DAY] {
            let skew = skew_of(device);
            skew.learn_from_date("Tue, 24 Nov 2026 10:00:00 GMT", Timestamp(device));
            assert_eq!(skew.now(), Timestamp(NOON + 500));
        }
    }

    #[test]
    fn a_tokens_time_counts_only_while_the_servers_date_is_unknown() {
        let skew = skew_of(NOON - DAY);
        skew.begin_epoch(true, Some((Timestamp(NOON), Timestamp(NOON - DAY))));
        assert_eq!(skew.now(), Timestamp(NOON));
        skew.learn_from_date("Tue, 24 Nov 2026 10:00:00 GMT", Timestamp(NOON - DAY));
        skew.learn_from_token(Timestamp(NOON + DAY / 2));
        assert_eq!(skew.now(), Timestamp(NOON + 500));
    }

    #[test]
    fn a_sign_in_sets_the_time_by_its_token_and_the_latest_date_whichever_is_later() {
        for (issued_at, expected) in
            [(NOON - 60_000, NOON + 500), (NOON + 60_000, NOON + 60_000), (0, NOON + 500)]
        {
            let skew = skew_of(NOON - DAY);
            skew.learn_from_date("Tue, 24 Nov 2026 10:00:00 GMT", Timestamp(NOON - DAY));
            skew.begin_epoch(true, Some((Timestamp(issued_at), Timestamp(NOON - DAY))));
            assert_eq!(skew.now(), Timestamp(expected));
            skew.learn_from_date("Tue, 24 Nov 2026 09:00:00 GMT", Timestamp(NOON - DAY));
            assert_eq!(skew.now(), Timestamp(expected), "a cached response");
        }
    }

    #[test]
    fn a_tokens_time_moves_the_time_forward_only_and_by_25_hours_at_most() {
        let skew = skew_of(NOON);
        for implausible in [0, -1, i64::MIN, i64::MAX, NOON - 60_000, NOON - DAY, NOON + 26 * 3_600_000] {
            skew.learn_from_token(Timestamp(implausible));
            assert_eq!(skew.now(), Timestamp(NOON), "{implausible}");
        }
        skew.learn_from_token(Timestamp(NOON + DAY));
        assert_eq!(skew.now(), Timestamp(NOON + DAY));
        for implausible in [0, i64::MAX, NOON - 2 * DAY] {
            skew.begin_epoch(true, Some((Timestamp(implausible), Timestamp(NOON))));
            assert_eq!(skew.now(), Timestamp(NOON + DAY), "{implausible}");
        }
    }

    #[test]
    fn a_date_of_a_request_that_took_long_is_as_old_as_the_request() {
        let device = Rc::new(Cell::new(NOON));
        let skew = skew_at(&device);
        device.set(NOON + DAY);
        skew.learn_from_date("Tue, 24 Nov 2026 10:00:00 GMT", Timestamp(NOON));
        assert_eq!(skew.now(), Timestamp(NOON + DAY + 500), "the machine slept for a day");
    }

    #[test]
    fn in_a_restored_session_only_the_first_date_moves_the_time_back() {
        let device = Rc::new(Cell::new(NOON + DAY));
        let skew = skew_at(&device);
        skew.begin_epoch(true, None);
        assert_eq!(skew.now(), Timestamp(NOON + DAY));
        skew.learn_from_date("Tue, 24 Nov 2026 10:00:00 GMT", Timestamp(device.get()));
        assert_eq!(skew.now(), Timestamp(NOON + 500), "the first one");
        skew.learn_from_date("Tue, 24 Nov 2026 09:00:00 GMT", Timestamp(device.get()));
        device.set(NOON + DAY - 3_600_000);
        assert_eq!(skew.now(), Timestamp(NOON + 500), "neither a later one nor the device's clock");
        skew.learn_from_date("Tue, 24 Nov 2026 10:00:01 GMT", Timestamp(device.get()));
        assert_eq!(skew.now(), Timestamp(NOON + 1500), "forward at any time");
        skew.learn_from_date("Tue, 24 Nov 2026 09:00:00 GMT", Timestamp(device.get()));
        skew.begin_epoch(false, None);
        assert_eq!(skew.now(), Timestamp(NOON - 3_600_000 + 500), "the latest one counts after a sign-out");
    }

    #[test]
    fn what_is_no_date_or_years_away_changes_nothing() {
        let skew = skew_of(NOON);
        for garbage in [
            "",
            "yesterday",
            "Tue, 24 Nov 2026",
            "\u{0}",
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT",
        ] {
            skew.learn_from_date(garbage, Timestamp(NOON));
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
