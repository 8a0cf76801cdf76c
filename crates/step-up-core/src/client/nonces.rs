//! Nonces that the device key signs (`docs/PROTOCOL.md`, "Keys and nonces"). Each is used once.

use std::time::Duration;

use crate::clock::Timestamp;

/// How long the server takes a nonce.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Nonces that were fetched and not used.
#[derive(Default)]
pub(super) struct NoncePool {
    nonces: Vec<String>,
    fetched_at: Timestamp,
}

impl NoncePool {
    /// Takes one that is still good.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<String> {
        if now.since(self.fetched_at) >= LIFETIME {
            self.nonces.clear();
        }
        self.nonces.pop()
    }

    /// Adds fresh ones. All are as old as the oldest from now on.
    pub(super) fn add(&mut self, nonces: Vec<String>, now: Timestamp) {
        if self.nonces.is_empty() {
            self.fetched_at = now;
        }
        self.nonces.extend(nonces);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_given_out_once_and_for_a_day() {
        let mut pool = NoncePool::default();
        let start = Timestamp::from_secs(1_000_000);
        pool.add(vec!["a".into(), "b".into(), "c".into()], start);
        let first = pool.take(start);
        assert_ne!(first, pool.take(start));
        assert_eq!(pool.take(start.after(LIFETIME)), None);
        assert_eq!(pool.take(start), None, "what was thrown away does not come back");
    }
}
