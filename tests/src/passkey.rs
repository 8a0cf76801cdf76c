//! A passkey whose private key the tests have: in the browser's authenticator, and known to the server.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use p256::ecdsa::SigningKey;
use serde_json::{Value, json};

use crate::Browser;

/// The same key in every test: each has a server of its own.
const PRIVATE_KEY: [u8; 32] = [7; 32];
const CREDENTIAL_ID: &[u8] = b"a passkey on order";

/// A passkey as `POST /sandbox/users` takes it, for pages on localhost.
///
/// # Panics
///
/// Never: the key is a constant.
#[must_use]
pub fn passkey_on_order() -> Value {
    let key = SigningKey::from_slice(&PRIVATE_KEY).unwrap_or_else(|error| panic!("no key: {error}"));
    let point = key.verifying_key().to_sec1_point(false);
    let (x, y) = point.as_bytes()[1..].split_at(32);
    // COSE: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
    let public = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], x, &[0x22, 0x58, 32], y].concat();
    json!({
        "credentialId": URL_SAFE_NO_PAD.encode(CREDENTIAL_ID),
        "publicKey": URL_SAFE_NO_PAD.encode(public),
        "rpId": "localhost",
    })
}

impl Browser {
    /// Puts the passkey on order of this user into an authenticator.
    pub async fn hold_passkey(&self, authenticator: &str, user: &str) {
        // PKCS #8: an elliptic curve key on P-256 (RFC 5208, RFC 5915).
        let private = [
            &[0x30, 0x41, 2, 1, 0, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1][..],
            &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 4, 0x27, 0x30, 0x25, 2, 1, 1, 4, 32],
            &PRIVATE_KEY,
        ]
        .concat();
        let credential = json!({
            "credentialId": STANDARD.encode(CREDENTIAL_ID),
            "isResidentCredential": true,
            "rpId": "localhost",
            "privateKey": STANDARD.encode(private),
            "userHandle": STANDARD.encode(user),
            "signCount": 1,
        });
        let parameters = json!({ "authenticatorId": authenticator, "credential": credential });
        self.devtools("WebAuthn.addCredential", parameters).await;
    }
}
