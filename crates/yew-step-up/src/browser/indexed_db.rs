//! The little of IndexedDB that the keychain needs: one store, read and added to.

use js_sys::Promise;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    IdbDatabase, IdbFactory, IdbObjectStore, IdbObjectStoreParameters, IdbOpenDbRequest, IdbRequest,
    IdbTransactionMode,
};

/// A database with one object store.
pub(super) struct KeyStore {
    database: IdbDatabase,
    store: &'static str,
}

impl KeyStore {
    /// Opens the database, and makes it where there is none.
    pub(super) async fn open(
        factory: &IdbFactory,
        name: &str,
        store: &'static str,
        key_path: &'static str,
    ) -> Result<Self, JsValue> {
        let request = factory.open_with_u32(name, 1)?;
        let upgrade = Closure::once({
            let request = request.clone();
            // Where this fails the upgrade is aborted, and with it the request that is waited for.
            move || create_store(&request, store, key_path)
        });
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let database = settle(&request).await?;
        Ok(Self { database: database.unchecked_into(), store })
    }

    /// The record with this key; `undefined` where there is none.
    pub(super) async fn get(&self, key: &str) -> Result<JsValue, JsValue> {
        let request = self.object_store(IdbTransactionMode::Readonly)?.get(&JsValue::from_str(key))?;
        settle(&request).await
    }

    /// Adds a record, unless there is one with its key: then it fails with a `ConstraintError`.
    pub(super) async fn add(&self, record: &JsValue) -> Result<JsValue, JsValue> {
        let request = self.object_store(IdbTransactionMode::Readwrite)?.add(record)?;
        settle(&request).await
    }

    fn object_store(&self, mode: IdbTransactionMode) -> Result<IdbObjectStore, JsValue> {
        self.database.transaction_with_str_and_mode(self.store, mode)?.object_store(self.store)
    }
}

impl Drop for KeyStore {
    fn drop(&mut self) {
        self.database.close();
    }
}

fn create_store(request: &IdbOpenDbRequest, store: &str, key_path: &str) -> Result<(), JsValue> {
    let parameters = IdbObjectStoreParameters::new();
    parameters.set_key_path(&JsValue::from_str(key_path));
    let database: IdbDatabase = request.result()?.unchecked_into();
    database.create_object_store_with_optional_parameters(store, &parameters).map(|_| ())
}

/// Waits until the request has succeeded or failed.
async fn settle(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let settled = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(settled).await {
        Ok(_) => request.result(),
        // What is rejected with is the event; the error is the request's.
        Err(event) => Err(request.error()?.map_or(event, JsValue::from)),
    }
}
