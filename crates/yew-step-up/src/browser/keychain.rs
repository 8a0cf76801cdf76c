//! The session key and the device key: ECDSA on P-256, made by WebCrypto, kept in IndexedDB, not extractable.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Array, Object, Reflect, Uint8Array};
use step_up_core::{Keychain, LocalFuture, PublicKey, Signature, StepUpError};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Crypto, CryptoKey, IdbFactory, SubtleCrypto};

use super::{indexed_db::KeyStore, storage_error, window};

const STORE: &str = "keys";
const KEY_PATH: &str = "keyName";

/// A key pair as WebCrypto makes it. Both parts are handles: the private key never leaves the browser.
#[derive(Clone)]
struct KeyPair {
    private_key: CryptoKey,
    public_key: CryptoKey,
}

/// The two keys of an environment. Each environment has its own, so that two cannot tell that they have the same device.
pub(super) struct WebCryptoKeychain(Rc<Keys>);

struct Keys {
    database: String,
    session: Cached,
    device: Cached,
}

/// A key, once it was asked for.
type Cached = RefCell<Option<(KeyPair, PublicKey)>>;

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
            let signature =
                sign(&subtle()?, &pair.private_key, &message).await.map_err(|error| storage_error(&error))?;
            Ok((public_key, Signature::from_raw(&signature)?))
        })
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), StepUpError> {
        crypto()?.get_random_values_with_u8_array(bytes).map(|_| ()).map_err(|error| storage_error(&error))
    }

    #[cfg(feature = "social")]
    fn sha256(&self, message: Vec<u8>) -> LocalFuture<'static, Result<[u8; 32], StepUpError>> {
        Box::pin(async move {
            let digest = digest(&subtle()?, &message).await.map_err(|error| storage_error(&error))?;
            digest
                .try_into()
                .map_err(|_| StepUpError::Storage { why: "the digest does not have 32 bytes".into() })
        })
    }
}

impl Keys {
    /// The key of this name: from memory, else from the database, else a new one.
    async fn load(&self, cached: &Cached, name: &str) -> Result<(KeyPair, PublicKey), StepUpError> {
        if let Some(key) = &*cached.borrow() {
            return Ok(key.clone());
        }
        let (subtle, factory) = (subtle()?, factory()?);
        let found = self.find_or_make(&subtle, &factory, name).await;
        let (pair, point) = found.map_err(|error| storage_error(&error))?;
        let public_key = PublicKey::from_uncompressed(&point)?;
        Ok(cached.borrow_mut().get_or_insert((pair, public_key)).clone())
    }

    /// The key pair, with its public key as an uncompressed point.
    async fn find_or_make(
        &self,
        subtle: &SubtleCrypto,
        factory: &IdbFactory,
        name: &str,
    ) -> Result<(KeyPair, Vec<u8>), JsValue> {
        let store = KeyStore::open(factory, &self.database, STORE, KEY_PATH).await?;
        let mut record = store.get(name).await?;
        if record.is_undefined() {
            let pair = generate(subtle).await?;
            let made = object(&[(KEY_PATH, name.into()), ("keyPair", pair.clone())])?;
            if let Err(error) = store.add(&made).await {
                record = store.get(name).await?;
                if record.is_undefined() {
                    return Err(error);
                }
                // Another tab was quicker. Its key is the key.
            } else {
                return export(subtle, key_pair(&pair)?).await;
            }
        }
        export(subtle, key_pair(&Reflect::get(&record, &"keyPair".into())?)?).await
    }
}

async fn generate(subtle: &SubtleCrypto) -> Result<JsValue, JsValue> {
    let usages = Array::of1(&"sign".into());
    let is_extractable = false;
    let pair = subtle.generate_key_with_object(&algorithm()?, is_extractable, &usages)?;
    JsFuture::from(pair).await
}

/// Names ECDSA to WebCrypto, which ignores what it does not ask for: the curve when it signs, the hash when a key is made.
fn algorithm() -> Result<Object, JsValue> {
    object(&[("name", "ECDSA".into()), ("namedCurve", "P-256".into()), ("hash", "SHA-256".into())])
}

fn object(properties: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in properties {
        Reflect::set(&object, &JsValue::from_str(name), value)?;
    }
    Ok(object)
}

/// A key pair, if it is one.
fn key_pair(pair: &JsValue) -> Result<KeyPair, JsValue> {
    Ok(KeyPair {
        private_key: Reflect::get(pair, &"privateKey".into())?.dyn_into()?,
        public_key: Reflect::get(pair, &"publicKey".into())?.dyn_into()?,
    })
}

async fn export(subtle: &SubtleCrypto, pair: KeyPair) -> Result<(KeyPair, Vec<u8>), JsValue> {
    let point = JsFuture::from(subtle.export_key("raw", &pair.public_key)?).await?;
    Ok((pair, Uint8Array::new(&point).to_vec()))
}

async fn sign(subtle: &SubtleCrypto, private_key: &CryptoKey, message: &[u8]) -> Result<Vec<u8>, JsValue> {
    let signature = subtle.sign_with_object_and_u8_array(&algorithm()?, private_key, message)?;
    Ok(Uint8Array::new(&JsFuture::from(signature).await?).to_vec())
}

#[cfg(feature = "social")]
async fn digest(subtle: &SubtleCrypto, message: &[u8]) -> Result<Vec<u8>, JsValue> {
    let digest = subtle.digest_with_str_and_u8_array("SHA-256", message)?;
    Ok(Uint8Array::new(&JsFuture::from(digest).await?).to_vec())
}

fn crypto() -> Result<Crypto, StepUpError> {
    window()?.crypto().map_err(|error| storage_error(&error))
}

/// WebCrypto, which browsers offer to secure contexts only.
fn subtle() -> Result<SubtleCrypto, StepUpError> {
    let subtle = Reflect::get(&crypto()?.into(), &"subtle".into()).map_err(|error| storage_error(&error))?;
    if subtle.is_undefined() {
        return Err(StepUpError::UnsupportedTarget {
            why: "the browser offers no WebCrypto keys to a page that is neither https nor on localhost"
                .into(),
        });
    }
    Ok(subtle.unchecked_into())
}

fn factory() -> Result<IdbFactory, StepUpError> {
    window()?.indexed_db().map_err(|error| storage_error(&error))?.ok_or_else(|| {
        StepUpError::UnsupportedTarget { why: "this browser has no IndexedDB to keep keys in".into() }
    })
}
