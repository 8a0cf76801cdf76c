//! Keys and randomness, which the platform keeps.

use crate::{
    LocalFuture,
    error::{Result, StepUpError},
    json::push_hex,
};

/// A P-256 public key, compressed, as 66 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Box<str>);

impl PublicKey {
    /// From the uncompressed form ([SEC 1 §2.3.3](https://www.secg.org/sec1-v2.pdf)): `04`, x, y; 65 bytes. It is what
    /// WebCrypto's `raw` export gives.
    ///
    /// # Errors
    ///
    /// [`Storage`](StepUpError::Storage) where it is not of that form.
    pub fn from_uncompressed(point: &[u8]) -> Result<Self> {
        match point {
            [4, coordinates @ ..] if coordinates.len() == 64 => {
                let sign = 2 + (coordinates[63] & 1);
                Ok(Self(hex(core::iter::once(&sign).chain(&coordinates[..32])).into()))
            }
            _ => Err(StepUpError::Storage { why: "the key is not an uncompressed P-256 point".into() }),
        }
    }

    /// The 66 digits.
    #[must_use]
    pub fn as_hex(&self) -> &str {
        &self.0
    }
}

/// A signature of the device key: raw r and s, as 128 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(Box<str>);

impl Signature {
    /// From r and s, 32 bytes each, which is what WebCrypto gives.
    ///
    /// # Errors
    ///
    /// [`Storage`](StepUpError::Storage) where it has another length.
    pub fn from_raw(signature: &[u8]) -> Result<Self> {
        if signature.len() != 64 {
            return Err(StepUpError::Storage { why: "the signature does not have 64 bytes".into() });
        }
        Ok(Self(hex(signature).into()))
    }

    /// The 128 digits.
    #[must_use]
    pub fn as_hex(&self) -> &str {
        &self.0
    }
}

/// Keeps the session key and the device key (`docs/PROTOCOL.md`, "Keys and nonces"), and gives randomness.
///
/// Both are ECDSA keys on P-256 that are made when first asked for and cannot be taken out. The device key outlives
/// the session.
pub trait Keychain {
    /// The public part of the session key.
    fn session_key(&self) -> LocalFuture<'static, Result<PublicKey>>;

    /// Signs `message` with the device key (ECDSA, SHA-256), and says which key that was.
    fn sign_with_device_key(&self, message: Vec<u8>) -> LocalFuture<'static, Result<(PublicKey, Signature)>>;

    /// Fills `bytes` from a cryptographic source.
    ///
    /// # Errors
    ///
    /// [`UnsupportedTarget`](StepUpError::UnsupportedTarget) where there is none.
    fn random(&self, bytes: &mut [u8]) -> Result<()>;

    /// The SHA-256 digest of `message`, which a proof key for some social providers needs.
    fn sha256(&self, message: Vec<u8>) -> LocalFuture<'static, Result<[u8; 32]>> {
        drop(message);
        Box::pin(async { Err(StepUpError::UnsupportedTarget { why: "this keychain has no SHA-256".into() }) })
    }
}

/// Random letters and digits, every one equally likely.
pub(crate) fn random_alphanumeric(keychain: &dyn Keychain, length: usize) -> Result<String> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        keychain.random(&mut bytes)?;
        // 248 is the largest multiple of 62 in a byte; larger values would favour the first letters.
        let fair =
            bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
        text.extend(fair.take(length - text.len()));
    }
    Ok(text)
}

fn hex<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    let mut text = String::new();
    bytes.into_iter().for_each(|byte| push_hex(&mut text, *byte));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The base point of P-256 (SEC 2 §2.4.2), whose y is odd.
    const BASE_X: &str = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";
    const BASE_Y: &str = "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn a_point_is_compressed() {
        let point = bytes(&format!("04{BASE_X}{BASE_Y}"));
        assert_eq!(PublicKey::from_uncompressed(&point).unwrap().as_hex(), format!("03{BASE_X}"));
        for wrong in [&point[..64], &point[1..], &[]] {
            assert!(PublicKey::from_uncompressed(wrong).is_err());
        }
    }

    #[test]
    fn a_signature_has_64_bytes() {
        assert_eq!(Signature::from_raw(&[0xab; 64]).unwrap().as_hex(), "ab".repeat(64));
        assert!(Signature::from_raw(&[0; 63]).is_err());
    }
}
