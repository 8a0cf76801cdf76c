//! What a request acts on: the store as it sees it, the time, the key.

use step_up_core::Timestamp;

use crate::{
    config::Config,
    session::Bearers,
    store::{StoreError, Table, Tx},
    token::TokenKey,
};

/// What a request acts on.
pub(crate) struct World<'a> {
    pub(crate) config: &'a Config,
    pub(crate) key: &'a TokenKey,
    pub(crate) bearers: &'a mut Bearers,
    pub(crate) tx: Tx<'a>,
    /// Now, by the sandbox's clock.
    pub(crate) now: Timestamp,
}

pub(crate) const COUNTERS: Table<u64> = Table::new("counters");

impl World<'_> {
    /// The next number of a series, as a key that sorts by it.
    pub(crate) fn next_key(&mut self, series: &str) -> Result<String, StoreError> {
        let number = COUNTERS.get(&self.tx, series)?.unwrap_or(0) + 1;
        COUNTERS.put(&mut self.tx, series, &number)?;
        Ok(format!("{number:020}"))
    }
}
