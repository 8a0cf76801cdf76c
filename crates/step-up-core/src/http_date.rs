//! Dates in HTTP headers.

use crate::clock::Timestamp;

const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// Reads the one form that senders may write, such as `Sun, 06 Nov 1994 08:49:37 GMT`
/// ([RFC 9110 §5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)). The two obsolete forms are as good as no
/// date here: everything that a date is used for works without one, and in a browser the code for them costs more than
/// the rest of the client's clock.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.as_bytes();
    if text.len() != 29 || &text[3..5] != b", " || &text[25..] != b" GMT" {
        return None;
    }
    if [text[7], text[11], text[16]] != *b"   " || [text[19], text[22]] != *b"::" {
        return None;
    }
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let month = MONTHS.chunks(3).zip(1..).find(|(name, _)| *name == &text[8..11])?.1;
    let (day, year) = (number(&text[5..7])?, number(&text[12..16])?);
    let (hour, minute, second) = (number(&text[17..19])?, number(&text[20..22])?, number(&text[23..25])?);
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    Some(Timestamp::from_secs(((days * 24 + hour) * 60 + minute) * 60 + second))
}

/// Days since the Unix epoch, in years that begin in March so that the leap day is the last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// From 1970 to 9999, every second is read as another implementation wrote it.
        #[test]
        fn what_httpdate_writes_is_read(secs in 0..253_402_300_799_u64) {
            let text = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(secs));
            prop_assert_eq!(parse(&text), Some(Timestamp::from_secs(secs as i64)), "{}", text);
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}", cut in 0..30_usize) {
            let _ = parse(&text);
            let date = b"Sun, 06 Nov 1994 08:49:37 GMT";
            let _ = parse(&String::from_utf8_lossy(&date[..cut.min(29)]));
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Xxx 1994 08:49:37 GMT",
            "Sun, 06 Nov 19x4 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
