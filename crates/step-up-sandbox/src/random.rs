//! Randomness that can be repeated on purpose and never by accident.
//!
//! Every draw is HMAC-SHA256 over the next position under a key made from the seed (a pseudo-random function in counter
//! mode). Seed and position are in the store, and a position is committed together with what was made from it, so a
//! restart goes on where the last run stopped.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::store::{StoreError, Table, Tx};

/// Where a new sandbox's randomness starts. The same seed and the same requests give the same codes, keys and tokens;
/// a store that already has one keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(u64);

impl Seed {
    /// The seed with this number.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

#[derive(Serialize, Deserialize)]
struct Source {
    seed: u64,
    position: u64,
}

const SOURCES: Table<Source> = Table::new("random");
const SOURCE: &str = "source";

/// Starts at `seed`, unless the store has a source already.
pub(crate) fn start(tx: &mut Tx<'_>, seed: Seed) -> Result<(), StoreError> {
    match SOURCES.get(tx, SOURCE)? {
        Some(_) => Ok(()),
        None => SOURCES.put(tx, SOURCE, &Source { seed: seed.0, position: 0 }),
    }
}

/// 32 bytes that were never drawn before.
pub(crate) fn bytes(tx: &mut Tx<'_>) -> Result<[u8; 32], StoreError> {
    let mut source = SOURCES
        .get(tx, SOURCE)?
        .ok_or_else(|| StoreError::Failed { why: "it lost its source of randomness".into() })?;
    let drawn = block(source.seed, source.position);
    source.position += 1;
    SOURCES.put(tx, SOURCE, &source)?;
    Ok(drawn)
}

fn block(seed: u64, position: u64) -> [u8; 32] {
    let mut key = [0; 64];
    key[..8].copy_from_slice(&seed.to_be_bytes());
    let mut mac = Hmac::<Sha256>::new(&key.into());
    mac.update(b"step-up-sandbox randomness");
    mac.update(&position.to_be_bytes());
    mac.finalize().into_bytes().into()
}

/// A version 4 UUID ([RFC 9562 §5.4](https://www.rfc-editor.org/rfc/rfc9562#section-5.4)).
pub(crate) fn uuid(tx: &mut Tx<'_>) -> Result<String, StoreError> {
    let (first, _) = split(bytes(tx)?);
    Ok(uuid::Builder::from_random_bytes(first).into_uuid().to_string())
}

/// 32 hexadecimal digits.
pub(crate) fn nonce(tx: &mut Tx<'_>) -> Result<String, StoreError> {
    let (first, _) = split(bytes(tx)?);
    Ok(base16ct::lower::encode_string(&first))
}

/// Six digits, each combination as likely as any other.
pub(crate) fn code(tx: &mut Tx<'_>) -> Result<String, StoreError> {
    // The largest multiple of a million that a u32 holds: numbers above it would favour small codes.
    const FAIR: u32 = u32::MAX / 1_000_000 * 1_000_000;
    loop {
        let drawn = bytes(tx)?;
        for chunk in drawn.chunks_exact(4) {
            let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
            if number < FAIR {
                return Ok(format!("{:06}", number % 1_000_000));
            }
        }
    }
}

fn split(drawn: [u8; 32]) -> ([u8; 16], [u8; 16]) {
    let (mut first, mut second) = ([0; 16], [0; 16]);
    first.copy_from_slice(&drawn[..16]);
    second.copy_from_slice(&drawn[16..]);
    (first, second)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::{MemoryStore, Store};

    fn started(seed: u64) -> MemoryStore {
        let mut store = MemoryStore::new();
        let mut tx = Tx::new(&store);
        start(&mut tx, Seed::new(seed)).unwrap();
        let changes = tx.into_changes();
        store.commit(changes).unwrap();
        store
    }

    /// Draws `count` times in one request and commits.
    fn draw(store: &mut MemoryStore, count: usize) -> Vec<[u8; 32]> {
        let mut tx = Tx::new(store);
        let drawn = (0..count).map(|_| bytes(&mut tx).unwrap()).collect();
        let changes = tx.into_changes();
        store.commit(changes).unwrap();
        drawn
    }

    #[test]
    fn the_same_seed_gives_the_same_and_another_seed_something_else() {
        let [first, again, other] = [7, 7, 8].map(|seed| draw(&mut started(seed), 5));
        assert_eq!(first, again);
        assert!(first.iter().all(|bytes| !other.contains(bytes)));
    }

    #[test]
    fn a_restart_never_repeats_what_was_drawn() {
        let mut store = started(7);
        let mut seen: BTreeSet<_> = draw(&mut store, 10).into_iter().collect();
        for _ in 0..10 {
            let snapshot = serde_json::to_string(&store).unwrap();
            store = serde_json::from_str(&snapshot).unwrap();
            let mut tx = Tx::new(&store);
            start(&mut tx, Seed::new(7)).unwrap();
            let changes = tx.into_changes();
            store.commit(changes).unwrap();
            for bytes in draw(&mut store, 10) {
                assert!(seen.insert(bytes), "drawn before the restart");
            }
        }
    }

    #[test]
    fn codes_have_six_digits_and_spread_evenly() {
        let store = started(1);
        let mut tx = Tx::new(&store);
        let mut by_first_digit = [0; 10];
        for _ in 0..5000 {
            let code = code(&mut tx).unwrap();
            assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
            by_first_digit[usize::from(code.as_bytes()[0] - b'0')] += 1;
        }
        // 500 expected; six standard deviations are 127.
        assert!(by_first_digit.iter().all(|count| (373..627).contains(count)), "{by_first_digit:?}");
    }
}
