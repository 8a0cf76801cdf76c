//! The little of IndexedDB that the keychain needs: one store, read and added to.

use js_sys::Promise;
use wasm_bindgen::{JsValue, closure::Closure};

use super::js::{Outcome, call, get, object, set, settled};

/// A database with one object store.
pub(super) struct KeyStore {
    database: JsValue,
    store: &'static str,
}

impl KeyStore {
    /// Opens the database, and makes it where there is none.
    pub(super) async fn open(
        factory: &JsValue,
        name: &str,
        store: &'static str,
        key_path: &'static str,
    ) -> Outcome<Self> {
        const VERSION: u32 = 1;
        let request = call(factory, "open", &[name.into(), VERSION.into()])?;
        let upgrade = Closure::once({
            let request = request.clone();
            // Where this fails the upgrade is aborted, and with it the request that is waited for.
            move || create_store(&request, store, key_path)
        });
        set(&request, "onupgradeneeded", upgrade.as_ref())?;
        Ok(Self { database: settle(&request).await?, store })
    }

    /// The record with this key; `undefined` where there is none.
    pub(super) async fn get(&self, key: &str) -> Outcome {
        settle(&call(&self.object_store("readonly")?, "get", &[key.into()])?).await
    }

    /// Adds a record, unless there is one with its key: then it fails with a `ConstraintError`.
    pub(super) async fn add(&self, record: &JsValue) -> Outcome {
        settle(&call(&self.object_store("readwrite")?, "add", &[record.clone()])?).await
    }

    fn object_store(&self, mode: &str) -> Outcome {
        let transaction = call(&self.database, "transaction", &[self.store.into(), mode.into()])?;
        call(&transaction, "objectStore", &[self.store.into()])
    }
}

impl Drop for KeyStore {
    fn drop(&mut self) {
        // It never fails.
        let _ = call(&self.database, "close", &[]);
    }
}

fn create_store(request: &JsValue, store: &str, key_path: &str) -> Outcome {
    let parameters = object(&[("keyPath", key_path.into())])?;
    call(&get(request, "result")?, "createObjectStore", &[store.into(), parameters])
}

/// Waits until the request has succeeded or failed.
async fn settle(request: &JsValue) -> Outcome {
    let mut attached = Ok(());
    let promise = Promise::new(&mut |resolve, reject| {
        attached = set(request, "onsuccess", &resolve).and_then(|()| set(request, "onerror", &reject));
    });
    attached?;
    match settled(Ok(promise.into())).await {
        Ok(_) => get(request, "result"),
        // What is rejected with is the event; the error is the request's.
        Err(event) => {
            let error = get(request, "error")?;
            Err(if error.is_null() { event } else { error })
        }
    }
}
