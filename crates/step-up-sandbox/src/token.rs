//! ES256 tokens ([RFC 7515](https://www.rfc-editor.org/rfc/rfc7515), [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519))
//! and the key set that lets others check them ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)).
//!
//! One key, one algorithm, and two kinds of token that are told apart by their `typ`, as
//! [RFC 8725 §3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11) asks: what a token says about itself is
//! compared with what is expected, and never chooses how it is checked. An emulated provider has another key. Signatures are made as in
//! [RFC 6979](https://www.rfc-editor.org/rfc/rfc6979), without randomness.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer, Verifier},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    random,
    store::{StoreError, Table, Tx},
};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Says who is signed in.
    Session,
    /// Says what they may do now.
    Elevated,
    /// Says who an emulated provider's user is. Those are signed with a key of that provider, which tells them apart from
    /// sessions.
    Identity,
}

impl TokenKind {
    /// The `typ` of its header.
    const fn typ(self) -> &'static str {
        match self {
            Self::Session | Self::Identity => "JWT",
            Self::Elevated => "elevated+jwt",
        }
    }
}

/// The key that signs this sandbox's tokens.
pub(crate) struct TokenKey {
    signing: SigningKey,
    verifying: VerifyingKey,
    kid: String,
}

const KEYS: Table<String> = Table::new("keys");
const TOKEN_KEY: &str = "token";

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    /// Extensions that whoever does not know them must refuse: all of them, here.
    #[serde(skip_serializing_if = "Option::is_none")]
    crit: Option<Value>,
}

impl TokenKey {
    /// The store's key, which is made when there is none.
    pub(crate) fn load(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        Self::load_named(tx, TOKEN_KEY)
    }

    /// The store's key of this name, which is made if the store has none. An emulated provider signs with one of its own.
    pub(crate) fn load_named(tx: &mut Tx<'_>, name: &str) -> Result<Self, StoreError> {
        if let Some(hex) = KEYS.get(tx, name)? {
            let corrupt = || StoreError::Corrupt { collection: KEYS.name().into() };
            let bytes = base16ct::lower::decode_vec(&hex).map_err(|_| corrupt())?;
            return SigningKey::from_slice(&bytes).map(Self::new).map_err(|_| corrupt());
        }
        loop {
            // One draw in 2^32 is no scalar of the curve.
            let bytes = random::bytes(tx)?;
            if let Ok(key) = SigningKey::from_slice(&bytes) {
                KEYS.put(tx, name, &base16ct::lower::encode_string(&bytes))?;
                return Ok(Self::new(key));
            }
        }
    }

    fn new(signing: SigningKey) -> Self {
        let verifying = *signing.verifying_key();
        let [x, y] = coordinates(&verifying);
        // RFC 7638: the hash of the required members in this order.
        let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(thumbprint.as_bytes()));
        Self { signing, verifying, kid }
    }

    /// The name of this key, in the header of its tokens and in the key set.
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The key set.
    pub(crate) fn jwks(&self) -> Value {
        let [x, y] = coordinates(&self.verifying);
        json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid, "x": x, "y": y }
        ] })
    }

    /// A token with these claims.
    pub(crate) fn sign<C: Serialize>(&self, kind: TokenKind, claims: &C) -> Result<String, StoreError> {
        let header =
            Header { alg: "ES256".into(), typ: kind.typ().into(), kid: self.kid.clone(), crit: None };
        let mut token = format!("{}.{}", encode(&header)?, encode(claims)?);
        let signature: Signature = self.signing.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.to_bytes(), &mut token);
        Ok(token)
    }

    /// The claims of a token of this kind that this key signed, and `None` for any other. Whether it is still valid is
    /// the caller's to say.
    pub(crate) fn verify<C: DeserializeOwned>(&self, kind: TokenKind, token: &str) -> Option<C> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = decode(header)?;
        if header.alg != "ES256"
            || header.typ != kind.typ()
            || header.kid != self.kid
            || header.crit.is_some()
        {
            return None;
        }
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        self.verifying.verify(signed.as_bytes(), &signature).ok()?;
        decode(claims)
    }
}

/// The public key's coordinates, base64url.
fn coordinates(key: &VerifyingKey) -> [String; 2] {
    let point = key.to_sec1_point(false);
    let (x, y) = point.as_bytes()[1..].split_at(32);
    [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate))
}

fn encode<T: Serialize>(part: &T) -> Result<String, StoreError> {
    let json =
        serde_json::to_vec(part).map_err(|_| StoreError::Failed { why: "claims that are no JSON".into() })?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
