//! The message that a wallet signs, in the layout of [EIP-4361](https://eips.ethereum.org/EIPS/eip-4361), for every chain.
//!
//! The user reads it, the wallet compares its first line with the page, and the service reads each field from a line of
//! its own. So no field may bring a line: each has the characters that EIP-4361 gives it, or there is no message.

use super::{WalletChain, WalletSite};
use crate::{
    clock::Timestamp,
    error::{Result, StepUpError},
};

/// What the message says.
pub(crate) struct Message<'a> {
    pub(crate) site: &'a WalletSite,
    pub(crate) chain: WalletChain,
    /// As [`spell`](super::spell) wrote it.
    pub(crate) address: &'a str,
    /// What the signature is for, in one sentence or a few.
    pub(crate) statement: &'a str,
    /// For chains that have one.
    pub(crate) chain_id: Option<u64>,
    pub(crate) nonce: &'a str,
    pub(crate) issued_at: Timestamp,
    pub(crate) request_id: &'a str,
}

impl Message<'_> {
    /// The text.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](StepUpError::InvalidConfig) where a field has a character that it must not have.
    pub(crate) fn text(&self) -> Result<String> {
        for (name, value, allows_spaces) in [
            ("host", self.site.host.as_str(), false),
            ("URI", self.site.uri.as_str(), false),
            ("address", self.address, false),
            ("statement", self.statement, true),
            ("nonce", self.nonce, false),
            ("request id", self.request_id, false),
        ] {
            let is_plain = |byte: u8| byte.is_ascii_graphic() || (allows_spaces && byte == b' ');
            if value.is_empty() || !value.bytes().all(is_plain) {
                return Err(StepUpError::InvalidConfig {
                    why: format!("the {name} cannot stand in a wallet's message"),
                });
            }
        }
        let chain_id = self.chain_id.map(|id| format!("Chain ID: {id}\n")).unwrap_or_default();
        Ok(format!(
            "{} wants you to sign in with your {} account:\n{}\n\n{}\n\nURI: {}\nVersion: 1\n{chain_id}Nonce: {}\nIssued At: {}\nRequest ID: {}",
            self.site.host,
            self.chain.blockchain(),
            self.address,
            self.statement,
            self.site.uri,
            self.nonce,
            date_time(self.issued_at),
            self.request_id,
        ))
    }
}

/// A moment in UTC, with milliseconds ([RFC 3339 §5.6](https://www.rfc-editor.org/rfc/rfc3339#section-5.6)).
fn date_time(moment: Timestamp) -> String {
    let millis = moment.as_millis();
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", of_day % 1000)
}

/// The date that is this many days after the Unix epoch, in years that begin in March so that the leap day is the last.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::*;

    const ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    const ENVIRONMENT: &str = "2762a57b-faa4-41ce-9f16-abff9300e2c9";

    fn message(site: &WalletSite) -> Message<'_> {
        Message {
            site,
            chain: WalletChain::Evm,
            address: ADDRESS,
            statement: "Confirm that it is you.",
            chain_id: Some(1),
            nonce: "Zm9vYmFyMTIz",
            issued_at: Timestamp::from_millis(1_795_514_400_123),
            request_id: ENVIRONMENT,
        }
    }

    fn site() -> WalletSite {
        WalletSite::new("app.example:8443", "https://app.example:8443")
    }

    #[test]
    fn the_layout_is_that_of_eip_4361() {
        let site = site();
        assert_eq!(
            message(&site).text().unwrap(),
            format!(
                "app.example:8443 wants you to sign in with your Ethereum account:
{ADDRESS}

Confirm that it is you.

URI: https://app.example:8443
Version: 1
Chain ID: 1
Nonce: Zm9vYmFyMTIz
Issued At: 2026-11-24T10:00:00.123Z
Request ID: {ENVIRONMENT}"
            )
        );
    }

    #[test]
    fn a_chain_without_numbers_has_no_line_for_one() {
        let site = site();
        let address = "7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv";
        let text = Message { chain: WalletChain::Solana, address, chain_id: None, ..message(&site) }.text();
        let text = text.unwrap();
        assert!(text.starts_with("app.example:8443 wants you to sign in with your Solana account:\n7S3P"));
        assert!(text.contains("Version: 1\nNonce: "));
    }

    #[test]
    fn a_line_break_by_any_name_is_refused() {
        for bad in ["a\nNonce: b", "a\rb", "a\u{85}b", "a\u{2028}b", "a\u{b}b", "a\0", "\u{202e}", ""] {
            let (good, bad_site) = (site(), WalletSite::new(bad, "https://app.example"));
            for message in [
                Message { statement: bad, ..message(&good) },
                Message { nonce: bad, ..message(&good) },
                Message { address: bad, ..message(&good) },
                Message { request_id: bad, ..message(&good) },
                message(&bad_site),
                message(&WalletSite::new("app.example", bad)),
            ] {
                assert!(message.text().is_err(), "{bad:?}");
            }
        }
    }

    proptest! {
        /// Whatever is put in: there is no message, or each field is alone in its line.
        #[test]
        fn no_input_brings_a_line(
            host in "\\PC{0,12}|[a-z.:]{1,12}[\n\r]?",
            uri in "(?s).{0,12}|https://[a-z]{1,9}",
            address in "(?s).{0,12}|0x[0-9a-f]{40}",
            statement in "(?s).{0,24}|[A-Za-z ,.]{1,24}",
            nonce in "(?s).{0,12}|[A-Za-z0-9]{8,12}",
            request_id in "(?s).{0,12}|[0-9a-f-]{36}",
            millis in 0..253_402_300_799_999_i64,
            chain_id: u64,
        ) {
            let site = WalletSite::new(host.as_str(), uri.as_str());
            let message = Message {
                site: &site,
                address: &address,
                statement: &statement,
                chain_id: Some(chain_id),
                nonce: &nonce,
                issued_at: Timestamp::from_millis(millis),
                request_id: &request_id,
                ..message(&site)
            };
            if let Ok(text) = message.text() {
                let lines: Vec<&str> = text.lines().collect();
                prop_assert!(text.bytes().all(|byte| byte == b'\n' || matches!(byte, b' '..=b'~')));
                prop_assert_eq!(lines.len(), 11);
                prop_assert_eq!(lines[0], format!("{host} wants you to sign in with your Ethereum account:"));
                prop_assert_eq!(&lines[1..7], [&address, "", &statement, "", &format!("URI: {uri}"), "Version: 1"]);
                prop_assert_eq!(lines[7], format!("Chain ID: {chain_id}"));
                prop_assert_eq!(lines[8], format!("Nonce: {nonce}"));
                prop_assert!(lines[9].starts_with("Issued At: "));
                prop_assert_eq!(lines[10], format!("Request ID: {request_id}"));
            }
        }

        /// From 1970 to 9999, every second is written as another implementation writes it.
        #[test]
        fn dates_are_right(millis in 0..253_402_300_799_999_u64) {
            let text = date_time(Timestamp::from_millis(millis as i64));
            let http = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
            let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                .iter()
                .position(|name| *name == &http[8..11])
                .unwrap() + 1;
            let expected = format!(
                "{}-{month:02}-{}T{}.{:03}Z", &http[12..16], &http[5..7], &http[17..25], millis % 1000
            );
            prop_assert_eq!(text, expected);
        }
    }
}
