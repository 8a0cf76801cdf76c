//! Addresses, and whose signature an address takes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};

use crate::{
    ethereum,
    reply::{Outcome, Refusal},
};

/// An address on one of the chains whose signatures the sandbox can check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// The last twenty bytes of the hash of a key on secp256k1.
    Ethereum([u8; 20]),
    /// A key for Ed25519.
    Solana([u8; 32]),
}

impl Address {
    /// Reads an address of a chain, by the chain's name in requests.
    pub(crate) fn parse(chain: &str, text: &str) -> Outcome<Self> {
        let address = match chain {
            "ETH" | "EVM" => ethereum::parse_address(text).map(Self::Ethereum),
            "SOL" => base58(text).map(Self::Solana),
            _ => {
                return Err(unsupported_chain("The sandbox checks signatures of EVM and SOL wallets.").into());
            }
        };
        address.ok_or_else(|| {
            Refusal::unprocessable(
                "invalid_wallet_address",
                "That is no address of this chain, or its checksum is wrong.",
            )
            .into()
        })
    }

    /// The same, as another spelling of it: a signed message may have the address in lower case.
    pub(crate) fn is_written(&self, text: &str) -> bool {
        match self {
            Self::Ethereum(address) => ethereum::parse_address(text).as_ref() == Some(address),
            Self::Solana(address) => base58(text).as_ref() == Some(address),
        }
    }

    /// The one form in which it is kept and shown.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Ethereum(address) => ethereum::checksummed(address),
            Self::Solana(address) => bs58::encode(address).into_string(),
        }
    }

    /// The chain's name in credentials.
    pub(crate) const fn chain(&self) -> &'static str {
        match self {
            Self::Ethereum(_) => "eip155",
            Self::Solana(_) => "solana",
        }
    }

    /// The chain's name in the environment's settings.
    pub(crate) const fn setting(&self) -> &'static str {
        match self {
            Self::Ethereum(_) => "evm",
            Self::Solana(_) => "solana",
        }
    }

    /// The chain's name in the first line of a message.
    pub(crate) const fn account_kind(&self) -> &'static str {
        match self {
            Self::Ethereum(_) => "Ethereum",
            Self::Solana(_) => "Solana",
        }
    }

    /// Whether this is the signature that the owner of the address makes of a message: on Ethereum as `personal_sign`
    /// does it, on Solana of the text itself, in Base64 or Base58.
    pub(crate) fn has_signed(&self, message: &str, signature: &str) -> bool {
        match self {
            Self::Ethereum(address) => ethereum::signer_of(message, signature).as_ref() == Some(address),
            Self::Solana(address) => is_signed_by(address, message, signature),
        }
    }
}

/// The name in the environment's settings of a chain, by its name in credentials.
pub(crate) fn setting_of(chain: &str) -> Option<&'static str> {
    match chain {
        "eip155" => Some("evm"),
        "solana" => Some("solana"),
        _ => None,
    }
}

pub(crate) fn unsupported_chain(sentence: &str) -> Refusal {
    Refusal::unprocessable("unsupported_chain", sentence)
}

/// [RFC 8032](https://www.rfc-editor.org/rfc/rfc8032), without keys that anything is a signature of.
fn is_signed_by(key: &[u8; 32], message: &str, signature: &str) -> bool {
    let check = || {
        let key = VerifyingKey::from_bytes(key).ok()?;
        // 64 bytes in Base64 end in padding, which no Base58 has.
        let bytes = match STANDARD.decode(signature) {
            Ok(bytes) if bytes.len() == 64 => bytes.try_into().ok()?,
            _ => base58(signature)?,
        };
        key.verify_strict(message.as_bytes(), &Signature::from_bytes(&bytes)).ok()
    };
    check().is_some()
}

/// Exactly so many bytes in Base58.
fn base58<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    let length = bs58::decode(text).onto(&mut bytes).ok()?;
    (length == LENGTH).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};
    use proptest::prelude::*;

    use super::*;
    use crate::reply::Failure;

    fn code(chain: &str, text: &str) -> &'static str {
        match Address::parse(chain, text) {
            Err(Failure::Refused(refusal)) => refusal.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_address_is_one_of_its_chain() {
        let (ethereum, solana) = (
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            // The key whose bytes are 0 to 31, and the system program, whose are zero.
            ["1thX6LZfHDZZKUs92febYZhYRcXddmzfzF2NvTkPNE", "11111111111111111111111111111111"],
        );
        assert_eq!(Address::parse("ETH", ethereum).unwrap(), Address::parse("EVM", ethereum).unwrap());
        for text in solana {
            assert_eq!(Address::parse("SOL", text).unwrap().text(), text);
            assert_eq!(code("EVM", text), "invalid_wallet_address");
        }
        assert_eq!(code("SOL", ethereum), "invalid_wallet_address");
        for text in ["", "0", "l", &solana[1][1..], &format!("{}1", solana[1])] {
            assert_eq!(code("SOL", text), "invalid_wallet_address", "{text}");
        }
        for chain in ["", "evm", "BTC", "STARK", "ECLIPSE"] {
            assert_eq!(code(chain, ethereum), "unsupported_chain", "{chain}");
        }
    }

    #[test]
    fn an_ed25519_signature_is_that_of_the_rfc() {
        // RFC 8032 §7.1, test 2: the message is one byte.
        let key = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        let key = base16ct::lower::decode_vec(key).unwrap().try_into().unwrap();
        let signature = STANDARD.encode(base16ct::lower::decode_vec(signature).unwrap());
        assert!(Address::Solana(key).has_signed("r", &signature));
        assert!(!Address::Solana(key).has_signed("s", &signature));
    }

    #[test]
    fn a_signature_is_taken_in_either_of_its_forms_and_in_no_other() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let signature = key.sign(b"m").to_bytes();
        let address = Address::Solana(key.verifying_key().to_bytes());
        let (base64, base58) = (STANDARD.encode(signature), bs58::encode(signature).into_string());
        assert!(address.has_signed("m", &base64));
        assert!(address.has_signed("m", &base58));
        for signature in ["", "=", base64.trim_end_matches('='), &base58[1..], &format!("{base58}1")] {
            assert!(!address.has_signed("m", signature), "{signature}");
        }
    }

    #[test]
    fn a_key_of_small_order_signs_nothing() {
        // The neutral element as key and as R, with s = 0, fits every message if one is not strict.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(!Address::Solana(neutral).has_signed("m", &STANDARD.encode(signature)));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(ethereum in any::<[u8; 20]>(), solana in any::<[u8; 32]>()) {
            for (chain, address) in [("EVM", Address::Ethereum(ethereum)), ("SOL", Address::Solana(solana))] {
                prop_assert_eq!(Address::parse(chain, &address.text()).unwrap(), address);
                prop_assert!(address.is_written(&address.text()));
            }
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC{0,100}", solana in any::<[u8; 32]>()) {
            let _ = (Address::parse("EVM", &text), Address::parse("SOL", &text));
            prop_assert!(!Address::Solana(solana).has_signed(&text, &text));
        }
    }
}
