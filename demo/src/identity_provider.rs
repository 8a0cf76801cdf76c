//! Example ID: an identity provider of the app's own, as a backend would be. It signs who a user is
//! ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)), and the service takes its word, because its key is in the
//! environment's settings.
//!
//! Its key is real, and for this tab only: whoever can run code in the page can have it. A real one never leaves a server.

use std::rc::Rc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use yew_step_up::{Clock, ExternalJwt, Keychain, Platform, Result, StepUpError, TokenScope};

/// Where the key is kept over reloads.
const PLACE: &str = "step-up-demo:identity-provider";

/// Who signs.
const ISSUER: &str = "https://id.example";

/// How long an assertion is good, in seconds.
const LIFETIME: i64 = 60;

pub(crate) struct IdentityProvider {
    key: SigningKey,
    keychain: Rc<dyn Keychain>,
    clock: Rc<dyn Clock>,
    /// Whom it tells.
    audience: String,
}

impl IdentityProvider {
    /// With the key of before a reload, else a new one.
    pub(crate) fn of_this_tab(platform: &Platform, audience: &str) -> Result<Self> {
        let key = match kept() {
            Some(key) => key,
            None => draw(&*platform.keychain)?,
        };
        let (keychain, clock) = (Rc::clone(&platform.keychain), Rc::clone(&platform.clock));
        Ok(Self { key, keychain, clock, audience: audience.to_owned() })
    }

    /// What the environment's settings say of it.
    pub(crate) fn settings(&self) -> Value {
        let point = self.key.verifying_key().to_sec1_point(false);
        let coordinate = |at: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point.as_bytes()[at]);
        let key = json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1",
            "x": coordinate(1..33), "y": coordinate(33..65),
        });
        json!({ "enabled": true, "iss": ISSUER, "jwks": { "keys": [key] } })
    }

    /// Says that this user is here, and may do what the scopes say.
    pub(crate) fn vouch(&self, subject: &str, scopes: &[TokenScope]) -> Result<ExternalJwt> {
        let mut id = [0; 16];
        self.keychain.random(&mut id)?;
        let now = self.clock.now().as_secs();
        let mut claims = json!({
            "iss": ISSUER,
            "aud": self.audience,
            "sub": subject,
            "jti": URL_SAFE_NO_PAD.encode(id),
            "iat": now,
            "exp": now + LIFETIME,
        });
        if !scopes.is_empty() {
            let scopes: Vec<&str> = scopes.iter().map(TokenScope::as_str).collect();
            claims["scope"] = scopes.join(" ").into();
        }
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": "1" });
        let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature: Signature = self.key.sign(signed.as_bytes());
        Ok(ExternalJwt::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))))
    }
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

fn kept() -> Option<SigningKey> {
    let kept = storage()?.get_item(PLACE).ok().flatten()?;
    SigningKey::from_slice(&URL_SAFE_NO_PAD.decode(kept).ok()?).ok()
}

fn draw(keychain: &dyn Keychain) -> Result<SigningKey> {
    let mut bytes = [0; 32];
    keychain.random(&mut bytes)?;
    let key = SigningKey::from_slice(&bytes)
        .map_err(|_| StepUpError::UnsupportedTarget { why: "the random numbers are no key".into() })?;
    if let Some(storage) = storage() {
        // Not kept, it is another provider after a reload.
        let _ = storage.set_item(PLACE, &URL_SAFE_NO_PAD.encode(bytes));
    }
    Ok(key)
}
