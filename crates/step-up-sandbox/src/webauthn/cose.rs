use minicbor::Decoder;
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use serde::{Deserialize, Serialize};

use super::WebAuthnError;

/// ECDSA on P-256 with SHA-256 ([RFC 9053 §2.1](https://www.rfc-editor.org/rfc/rfc9053#section-2.1)).
pub(crate) const ES256: i32 = -7;

/// What signatures of a passkey are checked with; kept as a compressed point in 66 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct PublicKey(VerifyingKey);

impl PublicKey {
    /// A key as authenticators write it ([RFC 9053 §7.1.1](https://www.rfc-editor.org/rfc/rfc9053#section-7.1.1)): five
    /// members and no other, as [§6.5.1](https://www.w3.org/TR/webauthn-3/#sctn-encoded-credPubKey-examples) asks.
    pub(super) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, WebAuthnError> {
        let malformed = |_| WebAuthnError::PublicKey;
        let count = decoder.map().map_err(malformed)?;
        let (mut kind, mut algorithm, mut curve, mut x, mut y) = (None, None, None, None, None);
        for _ in 0..count.filter(|count| *count == 5).ok_or(WebAuthnError::PublicKey)? {
            match decoder.i32().map_err(malformed)? {
                1 => kind = Some(decoder.i32().map_err(malformed)?),
                3 => algorithm = Some(decoder.i32().map_err(malformed)?),
                -1 => curve = Some(decoder.i32().map_err(malformed)?),
                -2 => x = Some(decoder.bytes().map_err(malformed)?),
                -3 => y = Some(decoder.bytes().map_err(malformed)?),
                _ => return Err(WebAuthnError::PublicKey),
            }
        }
        // Five members, none of them missing: so none came twice.
        match (kind, algorithm, curve, x, y) {
            (Some(2), Some(ES256), Some(1), Some(x), Some(y)) if x.len() == 32 && y.len() == 32 => {
                Self::from_point(&[&[4], x, y].concat())
            }
            _ => Err(WebAuthnError::PublicKey),
        }
    }

    /// A key as authenticators write it, and nothing after it.
    pub(crate) fn from_cose(bytes: &[u8]) -> Result<Self, WebAuthnError> {
        let mut decoder = Decoder::new(bytes);
        let key = Self::decode(&mut decoder)?;
        if decoder.position() == bytes.len() { Ok(key) } else { Err(WebAuthnError::PublicKey) }
    }

    /// Checks the DER form of a signature. A second form of the same signature is a right one too: it is the challenge
    /// that works once.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), WebAuthnError> {
        let signature = Signature::from_der(signature).map_err(|_| WebAuthnError::Signature)?;
        self.0.verify(message, &signature).map_err(|_| WebAuthnError::Signature)
    }

    fn from_point(point: &[u8]) -> Result<Self, WebAuthnError> {
        VerifyingKey::from_sec1_bytes(point).map(Self).map_err(|_| WebAuthnError::PublicKey)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        base16ct::lower::encode_string(key.0.to_sec1_point(true).as_bytes())
    }
}

impl TryFrom<String> for PublicKey {
    type Error = WebAuthnError;

    fn try_from(hex: String) -> Result<Self, WebAuthnError> {
        let point = base16ct::lower::decode_vec(&hex).map_err(|_| WebAuthnError::PublicKey)?;
        Self::from_point(&point)
    }
}
