//! How long the local check and the selection of a token take. `cargo bench -p step-up-core`

use divan::{Bencher, black_box};
use step_up_core::{Timestamp, TokenScope, bench::Store};

fn main() {
    divan::main();
}

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

/// `count` tokens, each for one scope or two, of which the last covers `wallet:export`, as the least useful ones do.
fn store(count: usize) -> Store {
    let mut store = Store::default();
    for number in 1..count {
        let scope =
            TokenScope::KNOWN.iter().filter(|scope| **scope != TokenScope::WalletExport).cycle().nth(number);
        let expires_at = NOW.after(std::time::Duration::from_secs(300 + number as u64));
        store.hold(scope.into_iter().cloned().chain([TokenScope::UserUpdate]).collect(), expires_at, true);
    }
    let expires_at = NOW.after(std::time::Duration::from_secs(300));
    store.hold(vec![TokenScope::WalletSign, TokenScope::WalletExport], expires_at, true);
    store
}

/// The local check: is a token held for the scope?
#[divan::bench(args = [1, 10, 100])]
fn local_check(bencher: Bencher<'_, '_>, count: usize) {
    let store = store(count);
    bencher.bench_local(|| black_box(&store).is_held(black_box(&TokenScope::WalletExport), NOW));
}

/// Selection and reservation for a request, and the release after it.
#[divan::bench(args = [1, 10, 100])]
fn select_and_reserve(bencher: Bencher<'_, '_>, count: usize) {
    let mut store = store(count);
    bencher.bench_local(move || store.reserve_and_release(black_box(&TokenScope::WalletExport), NOW));
}
