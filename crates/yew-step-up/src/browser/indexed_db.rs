//! The little of IndexedDB that the keychain needs: one store, read and added to.

use js_sys::Promise;
use step_up_core::StepUpError;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    IdbDatabase, IdbObjectStore, IdbObjectStoreParameters, IdbOpenDbRequest, IdbRequest, IdbTransactionMode,
};

use super::{storage_error, window};

/// A database with one object store.
pub(super) struct KeyStore {
    database: IdbDatabase,
    store: &'static str,
}

impl KeyStore {
    /// Opens the database, and makes it where there is none.
    pub(super) async fn open(
        name: &str,
        store: &'static str,
        key_path: &'static str,
    ) -> Result<Self, StepUpError> {
        let factory = window()?.indexed_db().map_err(|error| storage_error(&error))?.ok_or_else(|| {
            StepUpError::UnsupportedTarget { why: "this browser has no IndexedDB to keep keys in".into() }
        })?;
        let request = factory.open_with_u32(name, 1).map_err(|error| storage_error(&error))?;
        let upgrade = Closure::once({
            let request = request.clone();
            move || create_store(&request, store, key_path)
        });
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let database = settle(&request).await?;
        Ok(Self { database: database.unchecked_into(), store })
    }

    /// The record with this key; `undefined` where there is none.
    pub(super) async fn get(&self, key: &str) -> Result<JsValue, StepUpError> {
        let store = self.object_store(IdbTransactionMode::Readonly)?;
        let request = store.get(&JsValue::from_str(key)).map_err(|error| storage_error(&error))?;
        settle(&request).await
    }

    /// Adds a record, unless there is one with its key: then it fails with a `ConstraintError`.
    pub(super) async fn add(&self, record: &JsValue) -> Result<(), StepUpError> {
        let store = self.object_store(IdbTransactionMode::Readwrite)?;
        let request = store.add(record).map_err(|error| storage_error(&error))?;
        settle(&request).await.map(|_| ())
    }

    fn object_store(&self, mode: IdbTransactionMode) -> Result<IdbObjectStore, StepUpError> {
        self.database
            .transaction_with_str_and_mode(self.store, mode)
            .and_then(|transaction| transaction.object_store(self.store))
            .map_err(|error| storage_error(&error))
    }
}

impl Drop for KeyStore {
    fn drop(&mut self) {
        self.database.close();
    }
}

fn create_store(request: &IdbOpenDbRequest, store: &str, key_path: &str) {
    let parameters = IdbObjectStoreParameters::new();
    parameters.set_key_path(&JsValue::from_str(key_path));
    if let Ok(database) = request.result() {
        let database: IdbDatabase = database.unchecked_into();
        // Where this fails the upgrade is aborted, and with it the request that is waited for.
        let _ = database.create_object_store_with_optional_parameters(store, &parameters);
    }
}

/// Waits until the request has succeeded or failed.
async fn settle(request: &IdbRequest) -> Result<JsValue, StepUpError> {
    let settled = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(settled).await {
        Ok(_) => request.result().map_err(|error| storage_error(&error)),
        Err(_) => {
            let error = request.error().ok().flatten().map_or(JsValue::UNDEFINED, JsValue::from);
            Err(storage_error(&error))
        }
    }
}
