//! Where the sandbox keeps what it knows: JSON values in named collections.
//!
//! A request reads through a [`Tx`], which collects its changes; they are committed together once it is handled, or
//! not at all. So a store needs three methods and no transactions of its own.

pub mod conformance;
mod memory;
mod parsed;
#[cfg(feature = "server")]
mod sqlite;
mod table;
mod tx;

pub use memory::MemoryStore;
pub(crate) use parsed::Parsed;
#[cfg(feature = "server")]
pub use sqlite::SqliteStore;
pub(crate) use table::Table;
pub(crate) use tx::Tx;

use std::fmt;

use serde_json::Value;

/// JSON values by collection and key, kept between requests. Nobody but the sandbox that has it changes it.
///
/// What is kept is sensitive: private keys, one-time codes and the key that signs tokens are in it in clear. It is
/// meant for throw-away data on a developer's machine.
///
/// [`conformance::check`] tells whether an implementation keeps the contract.
pub trait Store {
    /// The value under this key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be read.
    fn get(&self, collection: &str, key: &str) -> Result<Option<Value>, StoreError>;

    /// Every key of the collection that starts with `prefix`, with its value, ordered by the keys' bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the store cannot be read.
    fn list(&self, collection: &str, prefix: &str) -> Result<Vec<(String, Value)>, StoreError>;

    /// Applies all changes in their order, or none of them. What it returned `Ok` for is not lost when the program is
    /// killed, as far as the store outlives the program at all.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where they could not be kept; then none of them was applied.
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StoreError>;
}

/// One change of a [`Store`]. What it prints is only where it is.
#[derive(Clone, PartialEq)]
pub struct Change {
    /// The collection.
    pub collection: String,
    /// The key in it.
    pub key: String,
    /// The new value; `None` deletes the key, which need not exist.
    pub value: Option<Value>,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_deletion = self.value.is_none();
        f.debug_struct("Change")
            .field("collection", &self.collection)
            .field("is_deletion", &is_deletion)
            .finish()
    }
}

/// A store that cannot be read or written. Its text names the collection, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store itself failed.
    #[error("the store failed: {why}")]
    Failed {
        /// In the store's words.
        why: String,
    },
    /// Another program has the store open.
    #[error("another program is using it")]
    InUse,
    /// A later version of this library wrote it.
    #[error("it was written by a newer version: its layout is {layout}, and this version knows {known}")]
    Newer {
        /// The number of its layout.
        layout: i64,
        /// The number of the latest layout that this version can read.
        known: i64,
    },
    /// A value is not what this version keeps in the collection.
    #[error("\"{collection}\" holds a value that cannot be read; it was written by another version")]
    Corrupt {
        /// The collection.
        collection: String,
    },
}
