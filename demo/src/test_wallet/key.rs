//! Keys, addresses and signatures of Ethereum.

use k256::ecdsa::SigningKey;
use sha3::{Digest as _, Keccak256};

/// A key of an account.
pub(super) struct Key(SigningKey);

impl Key {
    /// `None` where the bytes are no scalar of the curve, as one draw in 2^128 is.
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SigningKey::from_slice(bytes).ok().map(Self)
    }

    /// From what [`to_hex`](Self::to_hex) gave.
    pub(super) fn from_hex(hex: &str) -> Option<Self> {
        Self::from_bytes(&base16ct::lower::decode_vec(hex).ok()?.try_into().ok()?)
    }

    /// The private key.
    pub(super) fn to_hex(&self) -> String {
        base16ct::lower::encode_string(&self.0.to_bytes())
    }

    /// The address with its checksum ([EIP-55](https://eips.ethereum.org/EIPS/eip-55)).
    pub(super) fn address(&self) -> String {
        let point = self.0.verifying_key().to_sec1_point(false);
        let lower = base16ct::lower::encode_string(&Keccak256::digest(&point.as_bytes()[1..])[12..]);
        let hash = base16ct::lower::encode_string(&Keccak256::digest(lower.as_bytes()));
        let digits = lower
            .chars()
            .zip(hash.chars())
            .map(|(digit, hash)| if hash >= '8' { digit.to_ascii_uppercase() } else { digit });
        "0x".chars().chain(digits).collect()
    }

    /// The signature of a message for people ([EIP-191](https://eips.ethereum.org/EIPS/eip-191), version `E`).
    pub(super) fn sign(&self, message: &[u8]) -> String {
        let mut hasher = Keccak256::new();
        hasher.update(format!("\u{19}Ethereum Signed Message:\n{}", message.len()));
        hasher.update(message);
        let (signature, recovery) = self.0.sign_prehash_recoverable(&hasher.finalize());
        let mut bytes = signature.to_bytes().to_vec();
        bytes.push(27 + recovery.to_byte());
        format!("0x{}", base16ct::lower::encode_string(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_wallet_signs_the_same() {
        // The example of web3.js's `eth.accounts.sign`.
        let key = Key::from_hex("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318").unwrap();
        assert_eq!(key.address(), "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23");
        assert_eq!(
            key.sign(b"Some data"),
            "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c"
        );
        assert_eq!(Key::from_hex(&key.to_hex()).unwrap().address(), key.address());
    }

    #[test]
    fn what_is_no_key_is_none() {
        assert!(Key::from_bytes(&[0; 32]).is_none());
        for text in ["", "00", "zz", &"f".repeat(64)] {
            assert!(Key::from_hex(text).is_none(), "{text}");
        }
    }
}
