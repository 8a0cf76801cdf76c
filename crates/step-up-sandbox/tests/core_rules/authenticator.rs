//! A software authenticator, and the browser that asks it.

use std::pin::Pin;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt as _;
use passkey_authenticator::{UiHint, UserCheck, UserValidationMethod};
use passkey_client::{Client, DefaultClientData, WebauthnError};
use passkey_crypto::AvailableBackend;
use passkey_types::{
    Passkey,
    ctap2::{Aaguid, Ctap2Error, get_assertion},
    webauthn,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

/// Where the page is.
pub(crate) const ORIGIN: &str = "http://localhost:8080";

/// An authenticator with room for one passkey.
#[derive(Clone)]
pub(crate) struct Authenticator {
    passkey: Option<Passkey>,
    has_counter: bool,
    /// Whether whoever it asks says no.
    pub(crate) is_refused: bool,
}

impl Authenticator {
    /// One that counts its signatures, as security keys do.
    pub(crate) fn counting() -> Self {
        Self { passkey: None, has_counter: true, is_refused: false }
    }

    /// One that does not, as passkeys that are synchronised.
    pub(crate) fn new() -> Self {
        Self { passkey: None, has_counter: false, is_refused: false }
    }

    /// The credential's identifier, in base64url.
    pub(crate) fn credential_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&*self.passkey.as_ref().unwrap().credential_id)
    }

    /// The credential's public key as authenticators write it, in base64url.
    pub(crate) fn public_key(attestation: &Value) -> String {
        let data = attestation["response"]["authenticatorData"].as_str().unwrap();
        let data = URL_SAFE_NO_PAD.decode(data).unwrap();
        URL_SAFE_NO_PAD.encode(&data[data.len() - 77..])
    }

    /// Counts from there on.
    pub(crate) fn set_counter(&mut self, counter: u32) {
        self.passkey.as_mut().unwrap().counter = Some(counter);
    }

    /// Makes a passkey for the page at `origin`: the body of its registration.
    pub(crate) fn create(&mut self, origin: &str, options: &Value) -> Value {
        let request = serde_json::from_value(json!({ "publicKey": options })).unwrap();
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let page = Url::parse(origin).unwrap();
        let made = client.register(&page, request, DefaultClientData);
        let mut body = serde_json::to_value(made.now_or_never().unwrap().unwrap()).unwrap();
        self.passkey.clone_from(client.authenticator().store());
        let client_data = body["response"]["clientDataJSON"].take();
        body["response"]["clientDataJson"] = client_data;
        body
    }

    /// Signs for the page at `origin`: the body of the verification.
    pub(crate) fn sign(&mut self, origin: &str, options: &Value) -> Value {
        self.try_sign(origin, options).unwrap()
    }

    /// The same, where it need not come to that.
    pub(crate) fn try_sign(&mut self, origin: &str, options: &Value) -> Result<Value, WebauthnError> {
        let mut options = options.clone();
        // Official clients add it too.
        for allowed in options["allowCredentials"].as_array_mut().unwrap() {
            allowed["type"] = "public-key".into();
        }
        let request: webauthn::CredentialRequestOptions =
            serde_json::from_value(json!({ "publicKey": options })).unwrap();
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let page = Url::parse(origin).unwrap();
        let signed = client.authenticate(&page, request, DefaultClientData);
        let body = serde_json::to_value(signed.now_or_never().unwrap()?).unwrap();
        self.passkey.clone_from(client.authenticator().store());
        Ok(body)
    }

    /// Signs what no browser would ask for.
    pub(crate) fn sign_anything(&mut self, rp_id: &str, client_data: &str, is_verified: bool) -> Value {
        let mut authenticator = self.authenticator();
        let request = get_assertion::Request {
            rp_id: rp_id.into(),
            client_data_hash: Sha256::digest(client_data).to_vec().into(),
            allow_list: None,
            extensions: None,
            options: get_assertion::Options { up: true, uv: is_verified },
            pin_auth: None,
            pin_protocol: None,
        };
        let signed = authenticator.get_assertion(request).now_or_never().unwrap().unwrap();
        self.passkey.clone_from(authenticator.store());
        json!({
            "id": self.credential_id(),
            "rawId": self.credential_id(),
            "type": "public-key",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
                "authenticatorData": URL_SAFE_NO_PAD.encode(signed.auth_data.to_vec()),
                "signature": URL_SAFE_NO_PAD.encode(&*signed.signature),
            },
            "clientExtensionResults": {},
        })
    }

    fn authenticator(
        &self,
    ) -> passkey_authenticator::Authenticator<Option<Passkey>, Gesture, AvailableBackend> {
        let mut authenticator = passkey_authenticator::Authenticator::new(
            Aaguid::new_empty(),
            self.passkey.clone(),
            Gesture { is_refused: self.is_refused },
            AvailableBackend,
        );
        authenticator.set_make_credentials_with_signature_counter(self.has_counter);
        authenticator
    }
}

/// Somebody who touches the sensor with the right finger whenever that is asked for, or presses "Cancel".
struct Gesture {
    is_refused: bool,
}

impl UserValidationMethod for Gesture {
    type PasskeyItem = Passkey;

    fn check_user<'hint, 'this, 'future>(
        &'this self,
        _hint: UiHint<'hint, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Pin<Box<dyn Future<Output = Result<UserCheck, Ctap2Error>> + Send + 'future>>
    where
        'hint: 'future,
        'this: 'future,
        Self: 'future,
    {
        let answer = match self.is_refused {
            true => Err(Ctap2Error::OperationDenied),
            false => Ok(UserCheck { presence, verification }),
        };
        Box::pin(std::future::ready(answer))
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}
