//! The little of IndexedDB that the keychain needs: one store, read and added to.

use js_sys::Promise;
use step_up_core::LocalFuture;
use wasm_bindgen::{JsValue, closure::Closure};

use super::js::{
    Outcome,
    Value::{self, Object, Text},
    call, get, set, settled,
};

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
        // Of whichever version it is; a new one is of the first.
        let request = call(factory, "open", &[Text(name)])?;
        let upgrade = Closure::once({
            let request = request.clone();
            // Where this fails the upgrade is aborted, and with it the request that is waited for.
            move || create_store(&request, store, key_path)
        });
        set(&request, "onupgradeneeded", upgrade.as_ref())?;
        Ok(Self { database: settle(Ok(request)).await?, store })
    }

    /// The record with this key; `undefined` where there is none.
    pub(super) fn get(&self, key: &str) -> LocalFuture<'static, Outcome> {
        settle(self.object_store("readonly").and_then(|store| call(&store, "get", &[Text(key)])))
    }

    /// Adds a record, unless there is one with its key: then it fails with a `ConstraintError`.
    pub(super) fn add(&self, record: Value<'_>) -> LocalFuture<'static, Outcome> {
        settle(self.object_store("readwrite").and_then(|store| call(&store, "add", &[record])))
    }

    fn object_store(&self, mode: &str) -> Outcome {
        let transaction = call(&self.database, "transaction", &[Text(self.store), Text(mode)])?;
        call(&transaction, "objectStore", &[Text(self.store)])
    }
}

impl Drop for KeyStore {
    fn drop(&mut self) {
        // It never fails.
        let _ = call(&self.database, "close", &[]);
    }
}

fn create_store(request: &JsValue, store: &str, key_path: &str) -> Outcome {
    let parameters = Object(&[("keyPath", Text(key_path))]);
    call(&get(request, "result")?, "createObjectStore", &[Text(store), parameters])
}

/// Waits until the request has succeeded or failed.
fn settle(request: Outcome) -> LocalFuture<'static, Outcome> {
    Box::pin(async move {
        let request = request?;
        let mut attached = Ok(());
        let promise = Promise::new(&mut |resolve, reject| {
            attached = set(&request, "onsuccess", &resolve).and_then(|()| set(&request, "onerror", &reject));
        });
        attached?;
        match settled(Ok(promise.into())).await {
            Ok(_) => get(&request, "result"),
            // What is rejected with is the event; the error is the request's.
            Err(event) => {
                let error = get(&request, "error")?;
                Err(if error == JsValue::NULL { event } else { error })
            }
        }
    })
}
