//! Codes that an authenticator app makes from a secret and the time
//! ([RFC 6238](https://www.rfc-editor.org/rfc/rfc6238)): SHA-1, six digits, steps of 30 seconds, as every app knows them.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use step_up_core::Timestamp;
use subtle::ConstantTimeEq;

use crate::{
    random,
    store::{StoreError, Tx},
};

const STEP_SECS: u64 = 30;

/// How many steps an app's clock may be early or late.
const DRIFT: u64 = 1;

/// What an app and the sandbox both know: 160 bits, as [RFC 4226 §4](https://www.rfc-editor.org/rfc/rfc4226#section-4)
/// recommends.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret([u8; 20]);

impl Secret {
    /// One that nobody has.
    pub(crate) fn draw(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let mut secret = [0; 20];
        secret.copy_from_slice(&random::bytes(tx)?[..20]);
        Ok(Self(secret))
    }

    /// As an app reads it from a picture or a person: without padding, in any case, with spaces.
    pub(crate) fn from_base32(text: &str) -> Option<Self> {
        let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
        for character in text.chars().filter(|character| !character.is_whitespace()) {
            let digit = match character.to_ascii_uppercase() {
                letter @ 'A'..='Z' => u32::from(letter) - u32::from('A'),
                digit @ '2'..='7' => u32::from(digit) - u32::from('2') + 26,
                _ => return None,
            };
            (bits, count) = (bits << 5 | digit, count + 5);
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count & 0xff) as u8);
            }
        }
        bytes.try_into().ok().map(Self)
    }

    /// What an app shows at this moment.
    pub(crate) fn shown(&self, now: Timestamp) -> String {
        self.code(now.as_secs().max(0).unsigned_abs() / STEP_SECS)
    }

    /// For people and apps, without padding.
    pub(crate) fn base32(&self) -> String {
        base32(&self.0)
    }

    /// What a QR code for an app says.
    pub(crate) fn uri(&self, issuer: &str, account: &str) -> String {
        let (issuer, account) = (percent_encoded(issuer), percent_encoded(account));
        format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_SECS}",
            self.base32()
        )
    }

    /// The steps around `now` whose code this is; two, once in a great while. Which one it is takes no time to find out:
    /// all are compared, and each in constant time.
    pub(crate) fn steps_of(&self, code: &str, now: Timestamp) -> Vec<u64> {
        let is_code = |step: &u64| bool::from(self.code(*step).as_bytes().ct_eq(code.as_bytes()));
        steps_around(now).filter(is_code).collect()
    }

    fn code(&self, step: u64) -> String {
        format!("{:06}", self.number(step) % 1_000_000)
    }

    /// The dynamic truncation of [RFC 4226 §5.3](https://www.rfc-editor.org/rfc/rfc4226#section-5.3).
    fn number(&self, step: u64) -> u32 {
        // HMAC fills a key up with zeros to the length of a block.
        let mut key = [0; 64];
        key[..self.0.len()].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha1>::new(&key.into());
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let offset = usize::from(hash[19] & 0xf);
        let bytes = hash.iter().skip(offset).take(4);
        bytes.fold(0, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff
    }
}

/// The steps whose codes count at this moment.
pub(crate) fn steps_around(now: Timestamp) -> std::ops::RangeInclusive<u64> {
    let step = now.as_secs().max(0).unsigned_abs() / STEP_SECS;
    step.saturating_sub(DRIFT)..=step + DRIFT
}

/// [RFC 4648 §6](https://www.rfc-editor.org/rfc/rfc4648#section-6) without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut bits = [0; 8];
        bits[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(bits);
        let digits = (chunk.len() * 8).div_ceil(5);
        text.extend((0..digits).map(|digit| char::from(ALPHABET[(bits >> (35 - 5 * digit) & 31) as usize])));
    }
    text
}

/// All but the unreserved characters of [RFC 3986 §2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3), escaped.
fn percent_encoded(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of the vectors of RFC 4226 and RFC 6238.
    const SECRET: Secret = Secret(*b"12345678901234567890");

    #[test]
    fn an_app_reads_what_is_shown() {
        assert!(Secret::from_base32(&SECRET.base32()) == Some(SECRET));
        assert!(Secret::from_base32("gezd gnbv gy3t qojq gezd gnbv gy3t qojq") == Some(SECRET));
        assert_eq!(SECRET.shown(Timestamp::from_secs(59)), "287082", "RFC 6238, appendix B");
        for text in ["", "GEZDGNBV", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1", &SECRET.base32().repeat(2)] {
            assert!(Secret::from_base32(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_numbers_are_those_of_rfc_4226() {
        let numbers: Vec<_> = (0..10).map(|counter| SECRET.number(counter)).collect();
        assert_eq!(
            numbers,
            [
                1_284_755_224,
                1_094_287_082,
                137_359_152,
                1_726_969_429,
                1_640_338_314,
                868_254_676,
                1_918_287_922,
                82_162_583,
                673_399_871,
                645_520_489
            ]
        );
        let codes: Vec<_> = (0..10).map(|counter| SECRET.code(counter)).collect();
        assert_eq!(
            codes,
            [
                "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
                "520489"
            ]
        );
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        for (secs, eight_digits) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000_u64, 65_353_130),
        ] {
            assert_eq!(SECRET.number(secs / STEP_SECS) % 100_000_000, eight_digits, "{secs}");
            let now = Timestamp::from_secs(secs.cast_signed());
            let code = format!("{:06}", eight_digits % 1_000_000);
            assert_eq!(SECRET.steps_of(&code, now), [secs / STEP_SECS]);
        }
    }

    #[test]
    fn a_code_counts_one_step_early_and_late_and_no_more() {
        let code = SECRET.code(100);
        let counts = |secs: i64| !SECRET.steps_of(&code, Timestamp::from_secs(secs)).is_empty();
        for (secs, is_in_time) in [(2969, false), (2970, true), (3000, true), (3059, true), (3060, false)] {
            assert_eq!(counts(secs), is_in_time, "{secs}");
        }
        assert_eq!(steps_around(Timestamp::from_secs(0)), 0..=1);
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (text, encoded) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(text.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_name_does_not_change_what_the_uri_says() {
        assert_eq!(
            SECRET.uri("A&B: caf\u{e9}", "a+b@c.example"),
            "otpauth://totp/A%26B%3A%20caf%C3%A9:a%2Bb%40c.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=A%26B%3A%20caf%C3%A9&algorithm=SHA1&digits=6&period=30"
        );
    }
}
