//! Moments as JSON, as ISO 8601 and as an HTTP date.

use std::time::{Duration, SystemTime};

use step_up_core::Timestamp;

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The last second of the year 9999, which HTTP dates cannot pass.
const LATEST: i64 = 253_402_300_799;

/// `moment` and `offset_millis`, kept within what dates can say: 1970 to 9999.
pub(crate) fn shifted(moment: Timestamp, offset_millis: i64) -> Timestamp {
    Timestamp::from_millis(moment.as_millis().saturating_add(offset_millis).clamp(0, LATEST * 1000))
}

/// The `Date` header's form ([RFC 9110 §5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)).
pub(crate) fn http_date(moment: Timestamp) -> String {
    let secs = moment.as_secs().clamp(0, LATEST).unsigned_abs();
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(secs))
}

/// ISO 8601 in UTC with milliseconds, as JavaScript writes dates.
pub(crate) fn iso8601(moment: Timestamp) -> String {
    let millis = moment.as_millis();
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let (secs, millis) = (of_day / 1000, of_day % 1000);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}Z",
        secs / 3600,
        secs / 60 % 60,
        secs % 60
    )
}

/// The Gregorian date of a day since 1970-01-01, counted in eras of 400 years that start in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Whole seconds until `later`, rounded up and at least one: what a `Retry-After` says.
pub(crate) fn secs_until(now: Timestamp, later: Timestamp) -> u64 {
    u64::try_from(later.since(now).as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1)
}

/// A [`Timestamp`] as milliseconds since the epoch, for `#[serde(with = "…")]`.
pub(crate) mod millis {
    use serde::{Deserialize, Deserializer, Serializer};
    use step_up_core::Timestamp;

    pub(crate) fn serialize<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(moment.as_millis())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_dates() {
        let text = |secs| iso8601(Timestamp::from_secs(secs));
        assert_eq!(text(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(951_782_400), "2000-02-29T00:00:00.000Z");
        assert_eq!(text(1_795_514_400), "2026-11-24T10:00:00.000Z");
        assert_eq!(text(LATEST), "9999-12-31T23:59:59.000Z");
        assert_eq!(iso8601(Timestamp::from_millis(-1)), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_clock_that_is_moved_too_far_stays_within_what_dates_can_say() {
        assert_eq!(http_date(shifted(Timestamp::from_secs(0), i64::MAX)), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(http_date(shifted(Timestamp::from_secs(0), i64::MIN)), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(Timestamp::from_millis(i64::MAX)), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn a_pause_is_rounded_up() {
        let at = Timestamp::from_millis;
        assert_eq!(secs_until(at(0), at(1001)), 2);
        assert_eq!(secs_until(at(0), at(1000)), 1);
        assert_eq!(secs_until(at(5), at(0)), 1);
    }

    proptest! {
        #[test]
        fn iso_dates_name_the_same_second_as_http_dates(secs in 0..=LATEST) {
            let iso = iso8601(Timestamp::from_secs(secs));
            let (year, month, day): (i64, usize, i64) =
                (iso[..4].parse().unwrap(), iso[5..7].parse().unwrap(), iso[8..10].parse().unwrap());
            let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month - 1];
            let http = http_date(Timestamp::from_secs(secs));
            prop_assert_eq!(&http[5..], format!("{day:02} {name} {year:04} {} GMT", &iso[11..19]));
        }
    }
}
