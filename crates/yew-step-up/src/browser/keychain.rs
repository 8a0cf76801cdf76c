//! The session key and the device key: ECDSA on P-256, made by WebCrypto, kept in IndexedDB, not extractable.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Array, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use step_up_core::{Keychain, LocalFuture, PublicKey, Signature, StepUpError};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Crypto, CryptoKey, SubtleCrypto};

use super::{indexed_db::KeyStore, storage_error, window};

const STORE: &str = "keys";
const KEY_PATH: &str = "keyName";

/// A key pair as WebCrypto makes it. Both parts are handles: the private key never leaves the browser.
#[derive(Clone, Serialize, Deserialize)]
struct KeyPair {
    #[serde(rename = "privateKey", with = "serde_wasm_bindgen::preserve")]
    private_key: CryptoKey,
    #[serde(rename = "publicKey", with = "serde_wasm_bindgen::preserve")]
    public_key: CryptoKey,
}

/// A key pair as IndexedDB keeps it.
#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(rename = "keyName")]
    key_name: String,
    #[serde(rename = "keyPair")]
    key_pair: KeyPair,
}

/// Names an algorithm to WebCrypto.
#[derive(Serialize)]
struct Algorithm {
    name: &'static str,
    #[serde(rename = "namedCurve", skip_serializing_if = "Option::is_none")]
    named_curve: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<&'static str>,
}

const KEY_ALGORITHM: Algorithm = Algorithm { name: "ECDSA", named_curve: Some("P-256"), hash: None };
const SIGNATURE_ALGORITHM: Algorithm = Algorithm { name: "ECDSA", named_curve: None, hash: Some("SHA-256") };

/// The two keys of an environment. Each environment has its own, so that two cannot tell that they have the same device.
pub(super) struct WebCryptoKeychain(Rc<Keys>);

struct Keys {
    database: String,
    session: RefCell<Option<(KeyPair, PublicKey)>>,
    device: RefCell<Option<(KeyPair, PublicKey)>>,
}

impl WebCryptoKeychain {
    pub(super) fn new(environment_id: &str) -> Self {
        Self(Rc::new(Keys {
            database: format!("step-up:{environment_id}"),
            session: RefCell::default(),
            device: RefCell::default(),
        }))
    }
}

impl Keychain for WebCryptoKeychain {
    fn session_key(&self) -> LocalFuture<'static, Result<PublicKey, StepUpError>> {
        let keys = Rc::clone(&self.0);
        Box::pin(async move { Ok(keys.load(&keys.session, "session").await?.1) })
    }

    fn sign_with_device_key(
        &self,
        message: Vec<u8>,
    ) -> LocalFuture<'static, Result<(PublicKey, Signature), StepUpError>> {
        let keys = Rc::clone(&self.0);
        Box::pin(async move {
            let (pair, public_key) = keys.load(&keys.device, "device").await?;
            Ok((public_key, sign(&pair.private_key, &message).await?))
        })
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), StepUpError> {
        crypto()?.get_random_values_with_u8_array(bytes).map(|_| ()).map_err(|error| storage_error(&error))
    }
}

impl Keys {
    /// The key of this name: from memory, else from the database, else a new one.
    async fn load(
        &self,
        cached: &RefCell<Option<(KeyPair, PublicKey)>>,
        name: &str,
    ) -> Result<(KeyPair, PublicKey), StepUpError> {
        if let Some(key) = &*cached.borrow() {
            return Ok(key.clone());
        }
        let pair = self.load_or_make(name).await?;
        let public_key = export(&pair.public_key).await?;
        Ok(cached.borrow_mut().get_or_insert((pair, public_key)).clone())
    }

    async fn load_or_make(&self, name: &str) -> Result<KeyPair, StepUpError> {
        // Asked first: a page without WebCrypto is told so, and not that a database has no key.
        subtle()?;
        let store = KeyStore::open(&self.database, STORE, KEY_PATH).await?;
        if let Some(pair) = read(&store, name).await? {
            return Ok(pair);
        }
        let record = Record { key_name: name.to_owned(), key_pair: generate().await? };
        match store.add(&to_js(&record)?).await {
            Ok(()) => Ok(record.key_pair),
            // Another tab was quicker. Its key is the key.
            Err(error) => read(&store, name).await?.ok_or(error),
        }
    }
}

async fn read(store: &KeyStore, name: &str) -> Result<Option<KeyPair>, StepUpError> {
    let record = store.get(name).await?;
    if record.is_undefined() {
        return Ok(None);
    }
    serde_wasm_bindgen::from_value::<Record>(record)
        .map(|record| Some(record.key_pair))
        .map_err(|_| StepUpError::Storage { why: format!("the {name} key in IndexedDB is not a key pair") })
}

async fn generate() -> Result<KeyPair, StepUpError> {
    let usages = Array::of1(&JsValue::from_str("sign"));
    let is_extractable = false;
    let pair = subtle()?
        .generate_key_with_object(&to_js(&KEY_ALGORITHM)?.unchecked_into(), is_extractable, &usages)
        .map_err(|error| storage_error(&error))?;
    let pair = JsFuture::from(pair).await.map_err(|error| storage_error(&error))?;
    let part =
        |name: &str| Reflect::get(&pair, &JsValue::from_str(name)).map_err(|error| storage_error(&error));
    Ok(KeyPair {
        private_key: part("privateKey")?.unchecked_into(),
        public_key: part("publicKey")?.unchecked_into(),
    })
}

async fn export(public_key: &CryptoKey) -> Result<PublicKey, StepUpError> {
    let point = subtle()?.export_key("raw", public_key).map_err(|error| storage_error(&error))?;
    let point = JsFuture::from(point).await.map_err(|error| storage_error(&error))?;
    PublicKey::from_uncompressed(&Uint8Array::new(&point).to_vec())
}

async fn sign(private_key: &CryptoKey, message: &[u8]) -> Result<Signature, StepUpError> {
    let signature = subtle()?
        .sign_with_object_and_u8_array(&to_js(&SIGNATURE_ALGORITHM)?.unchecked_into(), private_key, message)
        .map_err(|error| storage_error(&error))?;
    let signature = JsFuture::from(signature).await.map_err(|error| storage_error(&error))?;
    Signature::from_raw(&Uint8Array::new(&signature).to_vec())
}

fn crypto() -> Result<Crypto, StepUpError> {
    window()?.crypto().map_err(|error| storage_error(&error))
}

/// WebCrypto, which browsers offer to secure contexts only.
fn subtle() -> Result<SubtleCrypto, StepUpError> {
    let crypto = crypto()?;
    let subtle =
        Reflect::get(&crypto, &JsValue::from_str("subtle")).map_err(|error| storage_error(&error))?;
    if subtle.is_undefined() {
        return Err(StepUpError::UnsupportedTarget {
            why: "the browser offers no WebCrypto keys to a page that is neither https nor on localhost"
                .into(),
        });
    }
    Ok(subtle.unchecked_into())
}

fn to_js<T: Serialize>(value: &T) -> Result<JsValue, StepUpError> {
    serde_wasm_bindgen::to_value(value)
        .map_err(|_| StepUpError::Storage { why: "a key could not be handed to the browser".into() })
}
