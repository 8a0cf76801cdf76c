//! The keys of somebody else who issues tokens ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).
//!
//! A key says what it is for, and a token's header only which key it wants: no header makes a signature check with
//! another algorithm, or with none ([RFC 8725 §3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// A set of ES256 keys.
pub(crate) struct KeySet {
    keys: Vec<Key>,
}

struct Key {
    kid: Option<String>,
    verifying: VerifyingKey,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    /// The private key, which has no business here: key sets are read by everybody.
    d: Option<Value>,
}

/// Of a token's header, what is looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that whoever does not know them must refuse: all of them, here.
    crit: Option<Value>,
}

impl KeySet {
    /// Reads a key set. Why it is none, where it is.
    pub(crate) fn parse(jwks: &Value) -> Result<Self, &'static str> {
        let jwks: Jwks = serde_json::from_value(jwks.clone()).map_err(|_| "is no key set")?;
        let keys = jwks.keys.into_iter().map(Jwk::parse).collect::<Result<Vec<_>, _>>()?;
        let is_ambiguous = |(index, key): (usize, &Key)| {
            key.kid.is_none() && keys.len() > 1 || keys[..index].iter().any(|other| other.kid == key.kid)
        };
        if keys.is_empty() {
            return Err("has no keys");
        }
        if keys.iter().enumerate().any(is_ambiguous) {
            return Err("has several keys of one kid, or of none");
        }
        Ok(Self { keys })
    }

    /// The claims of a token that one of the keys signed, and `None` for any other. What they say is the caller's to
    /// check.
    pub(crate) fn verify<C: DeserializeOwned>(&self, token: &str) -> Option<C> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = decode(header)?;
        if header.alg != "ES256" || header.crit.is_some() {
            return None;
        }
        let key = self.key(header.kid.as_deref())?;
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        key.verifying.verify(signed.as_bytes(), &signature).ok()?;
        decode(claims)
    }

    /// The key of this name. A token that names none can only mean the only one.
    fn key(&self, kid: Option<&str>) -> Option<&Key> {
        match (kid, self.keys.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(_), keys) => keys.iter().find(|key| key.kid.as_deref() == kid),
        }
    }
}

impl Jwk {
    fn parse(self) -> Result<Key, &'static str> {
        if self.d.is_some() {
            return Err("holds a private key, and everybody can read it");
        }
        let is_es256 = self.kty == "EC"
            && self.crv.as_deref() == Some("P-256")
            && self.alg.is_none_or(|alg| alg == "ES256")
            && self.purpose.is_none_or(|purpose| purpose == "sig");
        if !is_es256 {
            return Err("holds a key that is not for ES256");
        }
        let coordinate = |text: Option<String>| {
            let bytes = URL_SAFE_NO_PAD.decode(text?).ok()?;
            (bytes.len() == 32).then_some(bytes)
        };
        let point = coordinate(self.x).zip(coordinate(self.y));
        let verifying =
            point.and_then(|(x, y)| VerifyingKey::from_sec1_bytes(&[vec![4], x, y].concat()).ok());
        match verifying {
            Some(verifying) => Ok(Key { kid: self.kid, verifying }),
            None => Err("holds a key that is no point of P-256"),
        }
    }
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
