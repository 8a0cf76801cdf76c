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
    /// The device key whose signature came with the request and was found right: 66 hexadecimal digits in lower case.
    pub(crate) device_key: Option<String>,
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

/// Runs `work` in an empty sandbox, at a moment of 2026.
#[cfg(test)]
pub(crate) fn in_empty_world<T>(work: impl FnOnce(&mut World<'_>) -> T) -> T {
    use crate::{
        random::{self, Seed},
        store::MemoryStore,
    };
    let (store, config) = (MemoryStore::new(), Config::default());
    let mut tx = Tx::new(&store);
    random::start(&mut tx, Seed::new(1)).unwrap();
    let key = TokenKey::load(&mut tx).unwrap();
    work(&mut World {
        config: &config,
        key: &key,
        bearers: &mut Bearers::default(),
        tx,
        now: Timestamp::from_secs(1_795_514_400),
        device_key: None,
    })
}
