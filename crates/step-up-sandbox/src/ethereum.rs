//! Addresses and signed messages of Ethereum, as wallets of every kind have them.

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sha3::{Digest, Keccak256};

/// The hash of a message for people ([EIP-191](https://eips.ethereum.org/EIPS/eip-191), version `E`).
pub(crate) fn message_hash(message: &str) -> [u8; 32] {
    let prefixed = format!("\u{19}Ethereum Signed Message:\n{}{message}", message.len());
    Keccak256::digest(prefixed.as_bytes()).into()
}

pub(crate) fn address_of(key: &VerifyingKey) -> [u8; 20] {
    let point = key.to_sec1_point(false);
    let hash = Keccak256::digest(&point.as_bytes()[1..]);
    let mut address = [0; 20];
    address.copy_from_slice(&hash[12..]);
    address
}

/// An address with the checksum of [EIP-55](https://eips.ethereum.org/EIPS/eip-55): a letter is a capital where the hash
/// of the address has a digit of 8 or more.
pub(crate) fn checksummed(address: &[u8; 20]) -> String {
    let lower = base16ct::lower::encode_string(address);
    let hash = base16ct::lower::encode_string(&Keccak256::digest(lower.as_bytes()));
    let digits = lower
        .chars()
        .zip(hash.chars())
        .map(|(digit, hashed)| if matches!(hashed, '8'..='f') { digit.to_ascii_uppercase() } else { digit });
    format!("0x{}", digits.collect::<String>())
}

/// An address in lower case or with its checksum. In any other mix of cases a typing mistake would go unnoticed.
pub(crate) fn parse_address(text: &str) -> Option<[u8; 20]> {
    let digits = text.strip_prefix("0x")?;
    let address: [u8; 20] = base16ct::mixed::decode_vec(digits).ok()?.try_into().ok()?;
    let is_lower = !digits.bytes().any(|digit| digit.is_ascii_uppercase());
    (is_lower || checksummed(&address) == text).then_some(address)
}

/// The address whose key signed a message for people. `signature` is r, s and the recovery number (0, 1, 27 or 28) as
/// `0x` and 130 hexadecimal digits.
///
/// Of the two values of s that fit a message only the lower one is taken, as by Ethereum since
/// [EIP-2](https://eips.ethereum.org/EIPS/eip-2): whoever sees a signature could else make another.
pub(crate) fn signer_of(message: &str, signature: &str) -> Option<[u8; 20]> {
    let bytes = base16ct::mixed::decode_vec(signature.strip_prefix("0x")?).ok()?;
    let (scalars, [recovery]) = bytes.split_at_checked(64)? else { return None };
    let recovery = RecoveryId::from_byte(match recovery {
        0 | 27 => 0,
        1 | 28 => 1,
        _ => return None,
    })?;
    let signature = Signature::from_slice(scalars).ok()?;
    if signature.normalize_s() != signature {
        return None;
    }
    let key = VerifyingKey::recover_from_prehash(&message_hash(message), &signature, recovery).ok()?;
    Some(address_of(&key))
}

#[cfg(test)]
mod tests {
    use k256::ecdsa::SigningKey;
    use proptest::prelude::*;

    use super::*;

    /// The examples of EIP-55.
    const EXAMPLES: [&str; 8] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    fn key(number: u8) -> SigningKey {
        SigningKey::from_slice(&[number; 32]).unwrap()
    }

    /// A signature with this recovery number in place of its own, from which it differs by `shift`.
    fn sign(key: &SigningKey, message: &str, shift: u8) -> String {
        let (signature, recovery) = key.sign_prehash_recoverable(&message_hash(message));
        let mut bytes = signature.to_bytes().to_vec();
        bytes.push(recovery.to_byte() + shift);
        format!("0x{}", base16ct::lower::encode_string(&bytes))
    }

    #[test]
    fn addresses_have_their_checksum_or_are_in_lower_case() {
        for address in EXAMPLES {
            assert_eq!(checksummed(&parse_address(address).unwrap()), address);
            assert_eq!(parse_address(&address.to_lowercase()), parse_address(address));
        }
        let good = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        for address in [
            "",
            "0x",
            &good[2..],
            &good[..41],
            &format!("{good}0"),
            "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",
            "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
            "0X5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg",
        ] {
            assert_eq!(parse_address(address), None, "{address}");
        }
    }

    #[test]
    fn the_message_hash_is_that_of_eip_191() {
        // keccak256("\x19Ethereum Signed Message:\n11Hello World")
        assert_eq!(
            base16ct::lower::encode_string(&message_hash("Hello World")),
            "a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2"
        );
    }

    #[test]
    fn a_signature_leads_back_to_its_address_with_either_way_to_count() {
        let key = key(7);
        let message = "Gr\u{fc}\u{df}e\nfrom the sandbox";
        for shift in [0, 27] {
            let signature = sign(&key, message, shift);
            assert_eq!(signer_of(message, &signature), Some(address_of(key.verifying_key())));
            assert_ne!(signer_of("Gr\u{fc}\u{df}e", &signature), Some(address_of(key.verifying_key())));
        }
    }

    #[test]
    fn the_other_value_of_s_is_refused() {
        let key = key(7);
        let (signature, recovery) = key.sign_prehash_recoverable(&message_hash("m"));
        let (r, s) = signature.split_scalars();
        let high = Signature::from_scalars(r, -s).unwrap();
        let mut bytes = high.to_bytes().to_vec();
        bytes.push(27 + (recovery.to_byte() ^ 1));
        // It is one of this key, as far as the curve is concerned.
        let hash = message_hash("m");
        let recovered =
            VerifyingKey::recover_from_prehash(&hash, &high, RecoveryId::from_byte(bytes[64] - 27).unwrap());
        assert_eq!(recovered.unwrap(), *key.verifying_key());
        assert_eq!(signer_of("m", &format!("0x{}", base16ct::lower::encode_string(&bytes))), None);
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let good = sign(&key(7), "m", 27);
        for signature in [
            "",
            "0x",
            &good[2..],
            &good[..130],
            &format!("{good}00"),
            &format!("{}02", &good[..130]),
            &format!("{}1d", &good[..130]),
            &format!("0x{}1b", "00".repeat(64)),
            &format!("0x{}1b", "ff".repeat(64)),
            &format!("0x{}zz", &good[2..130]),
        ] {
            assert_eq!(signer_of("m", signature), None, "{signature}");
        }
    }

    proptest! {
        /// siwe stands for the rest of the world.
        #[test]
        fn checksums_are_those_of_another_implementation(address in any::<[u8; 20]>()) {
            prop_assert_eq!(checksummed(&address), siwe::eip55(&address));
        }

        #[test]
        fn no_text_is_a_panic(message in "\\PC{0,80}", signature in "(0x)?[0-9a-fA-F]{0,140}") {
            signer_of(&message, &signature);
            parse_address(&signature);
        }
    }
}
