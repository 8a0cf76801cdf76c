use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Change, Store, StoreError};

/// Keeps everything in memory. Its JSON form is a snapshot from which it can be restored; what it prints is only how many
/// values there are.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MemoryStore {
    collections: BTreeMap<String, BTreeMap<String, Value>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore ")?;
        f.debug_map().entries(self.collections.iter().map(|(name, values)| (name, values.len()))).finish()
    }
}

impl Store for MemoryStore {
    fn get(&self, collection: &str, key: &str) -> Result<Option<Value>, StoreError> {
        Ok(self.collections.get(collection).and_then(|values| values.get(key)).cloned())
    }

    fn list(&self, collection: &str, prefix: &str) -> Result<Vec<(String, Value)>, StoreError> {
        let Some(values) = self.collections.get(collection) else { return Ok(Vec::new()) };
        Ok(values
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StoreError> {
        for Change { collection, key, value } in changes {
            match value {
                Some(value) => {
                    self.collections.entry(collection).or_default().insert(key, value);
                }
                None => {
                    if let Some(values) = self.collections.get_mut(&collection) {
                        values.remove(&key);
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance;

    #[test]
    fn keeps_the_contract() {
        let mut kept = MemoryStore::new();
        conformance::check(&mut kept);
    }

    #[test]
    fn what_is_kept_is_not_printed() {
        let change =
            Change { collection: "c".into(), key: "hunter1".into(), value: Some(Value::from("hunter2")) };
        assert_eq!(format!("{change:?}"), r#"Change { collection: "c", is_deletion: false }"#);
        let mut store = MemoryStore::new();
        store.commit(vec![change]).unwrap();
        assert_eq!(format!("{store:?}"), r#"MemoryStore {"c": 1}"#);
    }

    #[test]
    fn a_snapshot_restores_everything() {
        let mut store = MemoryStore::new();
        let change =
            |key: &str| Change { collection: "c".into(), key: key.into(), value: Some(Value::from(key)) };
        store.commit(vec![change("a"), change("b/\u{fc}")]).unwrap();
        let snapshot = serde_json::to_string(&store).unwrap();
        assert_eq!(serde_json::from_str::<MemoryStore>(&snapshot).unwrap(), store);
    }
}
