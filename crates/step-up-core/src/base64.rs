//! Base64 ([RFC 4648](https://www.rfc-editor.org/rfc/rfc4648)): its alphabet for addresses, without padding, and for
//! wallets the usual one.
//!
//! Crates for it are made to be fast, or to take the same time for every text. Nothing here is either long or a secret
//! from its own page, and this is a tenth of their code in the browser; one of them is the oracle in the tests.

const COMMON: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// With `-` and `_`, and no padding (§5).
#[cfg(feature = "social")]
pub(crate) fn encode_url(bytes: &[u8]) -> String {
    encode(bytes, ['-', '_'])
}

/// With `+` and `/`, and padding (§4).
#[cfg(feature = "wallet")]
pub(crate) fn encode_padded(bytes: &[u8]) -> String {
    let mut text = encode(bytes, ['+', '/']);
    let padding = text.len().wrapping_neg() % 4;
    text.extend(std::iter::repeat_n('=', padding));
    text
}

#[cfg(any(feature = "social", feature = "wallet"))]
fn encode(bytes: &[u8], last: [char; 2]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
        // A byte begins two digits, and each further one another.
        for at in 0..=chunk.len() {
            let digit = bits >> (18 - 6 * at) & 63;
            text.push(COMMON.get(digit).map_or_else(|| last[digit & 1], |digit| char::from(*digit)));
        }
    }
    text
}

/// Reads what [`encode_url`] writes, and nothing else: no padding, no bits that are in no byte.
pub(crate) fn decode_url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0, 0);
    for character in text.bytes() {
        let digit = match character {
            b'-' => 62,
            b'_' => 63,
            _ => COMMON.iter().position(|digit| *digit == character)?,
        };
        bits = bits << 6 | digit;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    // Six bits are a digit that begins a byte and does not end it.
    if count < 6 && bits == 0 { Some(bytes) } else { None }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        #[cfg(all(feature = "social", feature = "wallet"))]
        fn bytes_are_written_as_by_another_implementation(bytes: Vec<u8>) {
            prop_assert_eq!(encode_url(&bytes), BASE64_URL_SAFE_NO_PAD.encode(&bytes));
            prop_assert_eq!(encode_padded(&bytes), base64::prelude::BASE64_STANDARD.encode(&bytes));
        }

        #[test]
        fn texts_are_read_as_by_another_implementation(
            text in "[A-Za-z0-9_=+/ -]{0,9}|[A-Za-z0-9_-]{0,40}|[A-Za-z0-9_-]{0,8}\\PC{0,2}[A-Za-z0-9_-]{0,4}|\\PC*"
        ) {
            prop_assert_eq!(decode_url(&text), BASE64_URL_SAFE_NO_PAD.decode(&text).ok());
        }

        #[test]
        fn what_was_written_is_read_again(bytes: Vec<u8>) {
            prop_assert_eq!(decode_url(&BASE64_URL_SAFE_NO_PAD.encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn padding_and_bits_of_no_byte_are_refused() {
        for text in ["QQ==", "QR", "Q", "QQ\n", "+/", "QQé", "ＱＱ", "QQ\0", "\u{100}Q", "QQ=", "=", " "] {
            assert_eq!(decode_url(text), None, "{text}");
        }
        assert_eq!(decode_url("QQ"), Some(b"A".to_vec()));
    }

    /// Each text of up to two characters, and each end of those with one, two and three before it.
    #[test]
    fn each_end_is_read_as_by_another_implementation_and_in_one_way() {
        let characters = || (b' '..=b'~').map(|byte| char::from(byte).to_string());
        let pairs = characters().flat_map(|first| characters().map(move |second| format!("{first}{second}")));
        let ends: Vec<String> = std::iter::once(String::new()).chain(characters()).chain(pairs).collect();
        for before in ["", "Q", "Q_", "Q_0"] {
            let mut accepted = std::collections::HashSet::new();
            for end in &ends {
                let text = format!("{before}{end}");
                let read = decode_url(&text);
                assert_eq!(read, BASE64_URL_SAFE_NO_PAD.decode(&text).ok(), "{text}");
                assert!(
                    read.is_none_or(|bytes| accepted.insert(bytes)),
                    "{text} is not the only text of its bytes"
                );
            }
        }
    }

    #[test]
    fn a_long_text_is_read_to_its_end() {
        let bytes = vec![0xff; 1_000_001];
        let text = BASE64_URL_SAFE_NO_PAD.encode(&bytes);
        assert_eq!(decode_url(&text), Some(bytes));
        assert_eq!(decode_url(&format!("{text}é")), None);
    }
}
