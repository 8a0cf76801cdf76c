//! Assertions of an external identity provider.

use std::cell::Cell as StdCell;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use step_up_core::{ExternalJwt, HttpRequest, StepUpError};
use step_up_sandbox::DEFAULT_ENVIRONMENT_ID;

use crate::{
    cell::{Attempt, Cell, Method, attempt},
    world::{EXPORT, World},
};

const ISSUER: &str = "https://idp.example";

pub(crate) struct External {
    world: World,
    key: SigningKey,
    asserted: StdCell<u32>,
}

impl External {
    /// What the provider says about a user, valid for five minutes.
    fn claims(&self, extra: Value) -> Value {
        let clock = self.world.control(HttpRequest::get("/sandbox/clock"), &json!(null));
        let now = clock["now"].as_i64().unwrap() / 1000;
        let mut claims = json!({
            "iss": ISSUER, "aud": DEFAULT_ENVIRONMENT_ID, "sub": "ada", "iat": now, "exp": now + 300,
        });
        claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        claims
    }

    /// A new assertion that the user was verified.
    fn assertion(&self) -> ExternalJwt {
        self.asserted.set(self.asserted.get() + 1);
        let jti = self.asserted.get().to_string();
        sign(&self.key, &self.claims(json!({ "scope": EXPORT.as_str(), "jti": jti })))
    }

    fn bring(&self, assertion: &ExternalJwt) -> Attempt {
        attempt(self.world.client.verify_with_external_jwt(assertion))
    }
}

fn sign(key: &SigningKey, claims: &Value) -> ExternalJwt {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "ES256", "typ": "JWT" })), part(claims));
    let signature: Signature = key.sign(signed.as_bytes());
    ExternalJwt::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
}

fn jwk(key: &SigningKey) -> Value {
    let point = key.verifying_key().to_sec1_point(false);
    let [x, y] = [1..33, 33..65].map(|range| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]));
    json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "x": x, "y": y })
}

impl Method for External {
    const VERIFY: (&'static str, &'static str) = ("/externalAuth/verify", "an elevated token");

    fn signed_in() -> Self {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let external = Self { world: World::new(0), key, asserted: StdCell::new(0) };
        external.world.set(json!({ "security": {
            "deviceRegistrationRequired": true,
            "externalAuth": { "enabled": true, "iss": ISSUER, "jwks": { "keys": [jwk(&external.key)] } },
        } }));
        let identity = sign(&external.key, &external.claims(json!({})));
        external.world.time.run(external.world.client.sign_in_with_external_jwt(&identity)).unwrap();
        external
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn attempt(&self) -> Attempt {
        self.bring(&self.assertion())
    }

    /// Somebody else signed it, or it is about somebody else.
    fn wrong_input(&self, cell: &mut Cell<'_>) {
        let claims = self.claims(json!({ "scope": EXPORT.as_str(), "jti": "wrong" }));
        let of_another = SigningKey::from_slice(&[8; 32]).unwrap();
        cell.fails(self.bring(&sign(&of_another, &claims)), StepUpError::InvalidExternalAuth);
        let claims = self.claims(json!({ "scope": EXPORT.as_str(), "jti": "wrong", "sub": "bob" }));
        cell.fails(self.bring(&sign(&self.key, &claims)), StepUpError::InvalidExternalAuth);
    }

    fn replay(&self, cell: &mut Cell<'_>) {
        let assertion = self.assertion();
        self.world.time.run(self.bring(&assertion)).unwrap();
        self.world.time.run(self.world.export()).unwrap();
        cell.fails(self.bring(&assertion), StepUpError::InvalidExternalAuth);
    }

    fn expiry(&self, cell: &mut Cell<'_>) {
        let assertion = self.assertion();
        self.world.advance(300);
        cell.fails(self.bring(&assertion), StepUpError::InvalidExternalAuth);
    }
}
