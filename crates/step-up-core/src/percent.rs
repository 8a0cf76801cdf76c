//! Percent-encoding ([RFC 3986 §2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1)), for a segment of a path and for
//! a query alike.

/// Adds `text` so that it stands for itself wherever it is put: nothing of it separates, and no segment is `..`.
pub(crate) fn encode_into(out: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend([byte >> 4, byte & 15].map(|half| char::from(DIGITS[usize::from(half)])));
        }
    }
}

/// What a value in a query stands for; `None` where it is not UTF-8. A `+` is a space, as forms write it.
#[cfg(feature = "social")]
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(half(*high) << 4 | half(*low));
                rest = after;
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(feature = "social")]
fn half(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
#[cfg(feature = "social")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(text: &str) -> String {
        let mut out = String::new();
        encode_into(&mut out, text);
        out
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_read_again(text: String) {
            let encoded = encode(&text);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~%".contains(&byte)));
            prop_assert_eq!(decode(&encoded), Some(text));
        }

        #[test]
        fn nothing_panics(text: String) {
            decode(&text);
        }
    }

    #[test]
    fn forms_and_broken_escapes() {
        assert_eq!(encode("a b/../é&"), "a%20b%2F%2E%2E%2F%C3%A9%26");
        assert_eq!(decode("a+b%2Bc%2bd").as_deref(), Some("a b+c+d"));
        assert_eq!(decode("100%&%4").as_deref(), Some("100%&%4"));
        assert_eq!(decode("%ff"), None);
    }
}
