use std::collections::BTreeMap;

use serde_json::Value;

use super::{Change, Parsed, Store, StoreError};

/// One request's view of the store: what is committed, under what the request changed so far.
pub(crate) struct Tx<'a> {
    store: &'a dyn Store,
    parsed: Option<&'a Parsed>,
    pending: Changes,
    /// What is kept even if the request is refused.
    kept: Changes,
}

type Changes = BTreeMap<(&'static str, String), Option<Value>>;

impl<'a> Tx<'a> {
    pub(crate) fn new(store: &'a dyn Store) -> Self {
        Self { store, parsed: None, pending: Changes::new(), kept: Changes::new() }
    }

    /// Takes what is held of the store from `parsed`.
    pub(crate) fn reading(mut self, parsed: &'a Parsed) -> Self {
        self.parsed = Some(parsed);
        self
    }

    /// What is held of the store, where it counts: not for what this request changed.
    pub(super) fn parsed(&self, collection: &'static str, key: &str) -> Option<&'a Parsed> {
        let is_changed = !self.pending.is_empty() && self.pending.contains_key(&(collection, key.to_owned()));
        self.parsed.filter(|_| !is_changed)
    }

    pub(super) fn get(&self, collection: &'static str, key: &str) -> Result<Option<Value>, StoreError> {
        if self.pending.is_empty() {
            return self.store.get(collection, key);
        }
        match self.pending.get(&(collection, key.to_owned())) {
            Some(pending) => Ok(pending.clone()),
            None => self.store.get(collection, key),
        }
    }

    pub(super) fn list(
        &self,
        collection: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Value)>, StoreError> {
        let committed = self.store.list(collection, prefix)?;
        let mut pending = self
            .pending
            .range((collection, prefix.to_owned())..)
            .take_while(|((name, key), _)| *name == collection && key.starts_with(prefix))
            .peekable();
        if pending.peek().is_none() {
            return Ok(committed);
        }
        let mut merged: BTreeMap<String, Value> = committed.into_iter().collect();
        for ((_, key), value) in pending {
            match value {
                Some(value) => merged.insert(key.clone(), value.clone()),
                None => merged.remove(key),
            };
        }
        Ok(merged.into_iter().collect())
    }

    pub(super) fn set(&mut self, collection: &'static str, key: &str, value: Option<Value>) {
        self.pending.insert((collection, key.to_owned()), value);
    }

    /// Deletes everything in these collections.
    pub(crate) fn clear(&mut self, collections: &[&'static str]) -> Result<(), StoreError> {
        for collection in collections {
            for (key, _) in self.list(collection, "")? {
                self.set(collection, &key, None);
            }
        }
        Ok(())
    }

    /// Keeps what was changed so far, whatever becomes of the request: a wrong code counts.
    pub(crate) fn keep(&mut self) {
        self.kept.clone_from(&self.pending);
    }

    /// Undoes what was changed since, because the request is refused.
    pub(crate) fn undo(&mut self) {
        self.pending.clone_from(&self.kept);
    }

    /// What the request changed.
    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.pending
            .into_iter()
            .map(|((collection, key), value)| Change { collection: collection.into(), key, value })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::MemoryStore;

    #[test]
    fn a_request_sees_its_own_changes_and_the_store_only_the_committed_ones() {
        let mut store = MemoryStore::new();
        let mut tx = Tx::new(&store);
        tx.set("c", "a", Some(json!(1)));
        tx.set("c", "b", Some(json!(2)));
        let changes = tx.into_changes();
        store.commit(changes).unwrap();

        let mut tx = Tx::new(&store);
        tx.set("c", "a", None);
        tx.set("c", "aa", Some(json!(3)));
        tx.set("d", "a", Some(json!(4)));
        assert_eq!(tx.get("c", "a").unwrap(), None);
        assert_eq!(tx.get("c", "b").unwrap(), Some(json!(2)));
        assert_eq!(tx.list("c", "").unwrap(), [("aa".into(), json!(3)), ("b".into(), json!(2))]);
        assert_eq!(tx.list("c", "aa").unwrap(), [("aa".into(), json!(3))]);
        tx.clear(&["c"]).unwrap();
        assert_eq!(tx.list("c", "").unwrap(), []);
        assert_eq!(tx.list("d", "").unwrap(), [("a".into(), json!(4))]);
        drop(tx);
        assert_eq!(store.get("c", "a").unwrap(), Some(json!(1)));
    }

    #[test]
    fn a_refused_request_leaves_what_was_kept_and_no_more() {
        let store = MemoryStore::new();
        let mut tx = Tx::new(&store);
        tx.set("c", "a", Some(json!(1)));
        tx.keep();
        tx.set("c", "a", Some(json!(2)));
        tx.set("c", "b", Some(json!(2)));
        tx.undo();
        assert_eq!(tx.list("c", "").unwrap(), [("a".into(), json!(1))]);
        assert_eq!(tx.into_changes().len(), 1);
    }
}
