//! The session key and the device key: ECDSA on P-256, made by WebCrypto, kept in IndexedDB, not extractable.

use std::{cell::RefCell, rc::Rc};

use js_sys::Uint8Array;
use step_up_core::{Keychain, LocalFuture, PublicKey, Signature, StepUpError};
use wasm_bindgen::JsValue;

use super::{
    indexed_db::KeyStore,
    js::{
        Outcome,
        Value::{self, Bytes, Flag, Js, List, Object, Text},
        bytes, call, get, settled,
    },
    storage_error, window,
};

const STORE: &str = "keys";
const KEY_PATH: &str = "keyName";

/// A key pair as WebCrypto makes it. Both parts are handles: the private key never leaves the browser.
#[derive(Clone)]
struct KeyPair {
    private_key: JsValue,
    public_key: JsValue,
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
        let random = Uint8Array::from(&*bytes);
        call(&crypto()?, "getRandomValues", &[Js(&random)]).map_err(|error| storage_error(&error))?;
        random.copy_to(bytes);
        Ok(())
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
        subtle: &JsValue,
        factory: &JsValue,
        name: &str,
    ) -> Outcome<(KeyPair, Vec<u8>)> {
        let store = KeyStore::open(factory, &self.database, STORE, KEY_PATH).await?;
        let mut record = store.get(name).await?;
        if record.is_undefined() {
            const IS_EXTRACTABLE: Value<'_> = Flag(false);
            let usages = List(&[Text("sign")]);
            let pair = settled(call(subtle, "generateKey", &[ALGORITHM, IS_EXTRACTABLE, usages])).await?;
            let added = store.add(Object(&[(KEY_PATH, Text(name)), ("keyPair", Js(&pair))])).await;
            // Where another tab was quicker, its key is the key.
            record = store.get(name).await?;
            if record.is_undefined() {
                return Err(added.err().unwrap_or(record));
            }
        }
        let pair = get(&record, "keyPair")?;
        let pair = KeyPair { private_key: get(&pair, "privateKey")?, public_key: get(&pair, "publicKey")? };
        let point = settled(call(subtle, "exportKey", &[Text("raw"), Js(&pair.public_key)])).await?;
        Ok((pair, bytes(&point)))
    }
}

/// Names ECDSA to WebCrypto, which ignores what it does not ask for: the curve when it signs, the hash when a key is made.
const ALGORITHM: Value<'_> =
    Object(&[("name", Text("ECDSA")), ("namedCurve", Text("P-256")), ("hash", Text("SHA-256"))]);

async fn sign(subtle: &JsValue, private_key: &JsValue, message: &[u8]) -> Outcome<Vec<u8>> {
    let signature = settled(call(subtle, "sign", &[ALGORITHM, Js(private_key), Bytes(message)])).await?;
    Ok(bytes(&signature))
}

#[cfg(feature = "social")]
async fn digest(subtle: &JsValue, message: &[u8]) -> Outcome<Vec<u8>> {
    Ok(bytes(&settled(call(subtle, "digest", &[Text("SHA-256"), Bytes(message)])).await?))
}

fn crypto() -> Result<JsValue, StepUpError> {
    get(&window()?, "crypto").map_err(|error| storage_error(&error))
}

/// WebCrypto, which browsers offer to secure contexts only.
fn subtle() -> Result<JsValue, StepUpError> {
    let subtle = get(&crypto()?, "subtle").map_err(|error| storage_error(&error))?;
    if subtle.is_undefined() {
        return Err(StepUpError::UnsupportedTarget {
            why: "the browser offers no WebCrypto keys to a page that is neither https nor on localhost"
                .into(),
        });
    }
    Ok(subtle)
}

fn factory() -> Result<JsValue, StepUpError> {
    let factory = get(&window()?, "indexedDB").map_err(|error| storage_error(&error))?;
    if !factory.is_object() {
        return Err(StepUpError::UnsupportedTarget {
            why: "this browser has no IndexedDB to keep keys in".into(),
        });
    }
    Ok(factory)
}
