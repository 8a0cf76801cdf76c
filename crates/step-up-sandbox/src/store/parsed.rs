use std::{any::Any, cell::RefCell, collections::HashMap, fmt};

use super::Change;

/// Committed values that were read lately, as what they mean: most requests ask for the same session and the same user
/// as the one before, and changed neither.
#[derive(Default)]
pub(crate) struct Parsed {
    values: RefCell<HashMap<&'static str, Collection>>,
}

/// Of one type, by key.
type Collection = HashMap<String, Box<dyn Any + Send>>;

impl Parsed {
    /// How many of a collection are held before all of them are forgotten: reading again costs little.
    const CAPACITY: usize = 4096;

    /// A copy of the value, if it is held.
    pub(super) fn get<T: Clone + 'static>(&self, collection: &str, key: &str) -> Option<T> {
        self.values.borrow().get(collection)?.get(key)?.downcast_ref::<T>().cloned()
    }

    /// Holds what is committed.
    pub(super) fn insert<T: Send + 'static>(&self, collection: &'static str, key: &str, value: T) {
        let mut values = self.values.borrow_mut();
        let values = values.entry(collection).or_default();
        if values.len() >= Self::CAPACITY {
            values.clear();
        }
        values.insert(key.to_owned(), Box::new(value));
    }

    /// Forgets what these changes make wrong. Called for every commit.
    pub(crate) fn forget(&self, changes: &[Change]) {
        let mut values = self.values.borrow_mut();
        for Change { collection, key, .. } in changes {
            if let Some(values) = values.get_mut(collection.as_str()) {
                values.remove(key);
            }
        }
    }
}

/// Without the values, which are secret.
impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parsed")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::{MemoryStore, Store, Table, Tx};

    const NUMBERS: Table<u32> = Table::new("numbers");

    /// Puts a number and commits it, as a request does.
    fn commit(store: &mut MemoryStore, parsed: &Parsed, key: &str, value: Option<u32>) {
        let mut tx = Tx::new(store).reading(parsed);
        match value {
            Some(value) => NUMBERS.put(&mut tx, key, &value).unwrap(),
            None => NUMBERS.delete(&mut tx, key),
        }
        let changes = tx.into_changes();
        parsed.forget(&changes);
        store.commit(changes).unwrap();
    }

    #[test]
    fn what_is_held_is_what_is_committed_and_a_request_sees_its_own_changes() {
        let (mut store, parsed) = (MemoryStore::new(), Parsed::default());
        let known = |store: &MemoryStore| NUMBERS.known(&Tx::new(store).reading(&parsed), "a").unwrap();
        assert_eq!(known(&store), None);
        for value in [Some(1), Some(2), None, Some(3)] {
            commit(&mut store, &parsed, "a", value);
            assert_eq!(known(&store), value);
            assert_eq!(known(&store), value, "and once more, from what is held");
        }
        let mut tx = Tx::new(&store).reading(&parsed);
        NUMBERS.put(&mut tx, "a", &4).unwrap();
        assert_eq!(NUMBERS.known(&tx, "a").unwrap(), Some(4));
        NUMBERS.delete(&mut tx, "a");
        assert_eq!(NUMBERS.known(&tx, "a").unwrap(), None);
        drop(tx);
        assert_eq!(known(&store), Some(3), "a request that was given up changes nothing");
    }

    #[test]
    fn it_is_really_held() {
        let (mut store, parsed) = (MemoryStore::new(), Parsed::default());
        commit(&mut store, &parsed, "a", Some(1));
        assert_eq!(NUMBERS.known(&Tx::new(&store).reading(&parsed), "a").unwrap(), Some(1));
        // Behind its back, which nobody does.
        let change = Change { collection: "numbers".into(), key: "a".into(), value: Some(json!(2)) };
        store.commit(vec![change]).unwrap();
        assert_eq!(NUMBERS.known(&Tx::new(&store).reading(&parsed), "a").unwrap(), Some(1));
        assert_eq!(NUMBERS.known(&Tx::new(&store), "a").unwrap(), Some(2));
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let parsed = Parsed::default();
        for number in 0..2 * Parsed::CAPACITY {
            parsed.insert("numbers", &number.to_string(), number);
        }
        assert!(parsed.values.borrow()["numbers"].len() <= Parsed::CAPACITY);
    }
}
