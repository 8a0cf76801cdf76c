use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use super::{StoreError, Tx};

/// A collection whose values have one type.
pub(crate) struct Table<T> {
    name: &'static str,
    values: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, values: PhantomData }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn get(&self, tx: &Tx<'_>, key: &str) -> Result<Option<T>, StoreError> {
        tx.get(self.name, key)?.map(|value| self.read(value)).transpose()
    }

    /// The same, for what most requests ask for: parsed once, and then held until it changes.
    pub(crate) fn known(&self, tx: &Tx<'_>, key: &str) -> Result<Option<T>, StoreError>
    where
        T: Clone + Send + 'static,
    {
        let Some(parsed) = tx.parsed(self.name, key) else { return self.get(tx, key) };
        if let Some(value) = parsed.get(self.name, key) {
            return Ok(Some(value));
        }
        let value = self.get(tx, key)?;
        if let Some(value) = &value {
            parsed.insert(self.name, key, value.clone());
        }
        Ok(value)
    }

    /// Everything whose key starts with `prefix`, by key.
    pub(crate) fn list(&self, tx: &Tx<'_>, prefix: &str) -> Result<Vec<(String, T)>, StoreError> {
        tx.list(self.name, prefix)?.into_iter().map(|(key, value)| Ok((key, self.read(value)?))).collect()
    }

    pub(crate) fn put(&self, tx: &mut Tx<'_>, key: &str, value: &T) -> Result<(), StoreError> {
        let value = serde_json::to_value(value).map_err(|_| self.corrupt())?;
        tx.set(self.name, key, Some(value));
        Ok(())
    }

    pub(crate) fn delete(&self, tx: &mut Tx<'_>, key: &str) {
        tx.set(self.name, key, None);
    }

    fn read(&self, value: serde_json::Value) -> Result<T, StoreError> {
        serde_json::from_value(value).map_err(|_| self.corrupt())
    }

    fn corrupt(&self) -> StoreError {
        StoreError::Corrupt { collection: self.name.into() }
    }
}
