//! What every [`Store`] has to do, as one function that tests call with a new store.

use serde_json::{Value, json};

use super::{Change, Store};

/// Panics where `store`, which must be empty, breaks the contract of [`Store`].
///
/// # Panics
///
/// As said: this is for tests.
pub fn check(store: &mut dyn Store) {
    an_empty_store_has_nothing(store);
    values_come_back_as_they_were(store);
    lists_are_ordered_and_cut_by_prefix(store);
    changes_apply_in_their_order(store);
    collections_are_apart(store);
}

fn an_empty_store_has_nothing(store: &mut dyn Store) {
    assert_eq!(store.get("none", "a"), Ok(None));
    assert_eq!(store.list("none", ""), Ok(vec![]));
    assert_eq!(store.commit(vec![delete("none", "a")]), Ok(()), "deleting what is not there is no error");
    assert_eq!(store.commit(vec![]), Ok(()));
}

fn values_come_back_as_they_were(store: &mut dyn Store) {
    let values = [
        json!(null),
        json!(true),
        json!(i64::MIN),
        json!(u64::MAX),
        json!("\u{0}\u{1f600}\"'\\;--"),
        json!([1, [2, {"a": null}]]),
        json!({"": {"nested": ["\n"]}}),
    ];
    for (index, value) in values.into_iter().enumerate() {
        let key = format!("\u{e9}'\"%_{index}");
        assert_eq!(store.commit(vec![put("values", &key, value.clone())]), Ok(()));
        assert_eq!(store.get("values", &key), Ok(Some(value)));
    }
}

fn lists_are_ordered_and_cut_by_prefix(store: &mut dyn Store) {
    let keys = ["b", "a/2", "a/10", "a", "a/1", "a0", "A", "\u{fc}", "a%", "a_", ""];
    let changes = keys.iter().map(|key| put("ordered", key, json!(key))).collect();
    assert_eq!(store.commit(changes), Ok(()));
    let list = |prefix: &str| -> Vec<String> {
        let entries = store.list("ordered", prefix).unwrap_or_default();
        for (key, value) in &entries {
            assert_eq!(value, &json!(key));
        }
        entries.into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(list("a/"), ["a/1", "a/10", "a/2"]);
    assert_eq!(list("a%"), ["a%"], "a prefix is text, not a pattern");
    assert_eq!(list(""), ["", "A", "a", "a%", "a/1", "a/10", "a/2", "a0", "a_", "b", "\u{fc}"]);
    assert_eq!(list("c"), [""; 0]);
}

fn changes_apply_in_their_order(store: &mut dyn Store) {
    let changes = vec![
        put("order", "a", json!(1)),
        put("order", "b", json!(1)),
        put("order", "a", json!(2)),
        delete("order", "b"),
        delete("order", "c"),
        put("order", "c", json!(3)),
    ];
    assert_eq!(store.commit(changes), Ok(()));
    assert_eq!(store.list("order", ""), Ok(vec![("a".into(), json!(2)), ("c".into(), json!(3))]));
}

fn collections_are_apart(store: &mut dyn Store) {
    assert_eq!(store.commit(vec![put("left", "k", json!("l")), put("right", "k", json!("r"))]), Ok(()));
    assert_eq!(store.commit(vec![delete("left", "k")]), Ok(()));
    assert_eq!(store.get("left", "k"), Ok(None));
    assert_eq!(store.get("right", "k"), Ok(Some(json!("r"))));
}

fn put(collection: &str, key: &str, value: Value) -> Change {
    Change { collection: collection.into(), key: key.into(), value: Some(value) }
}

fn delete(collection: &str, key: &str) -> Change {
    Change { collection: collection.into(), key: key.into(), value: None }
}
