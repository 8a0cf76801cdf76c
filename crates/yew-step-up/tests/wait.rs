//! Browser lane: what waits in the other suites fails when it should.

#![cfg(target_arch = "wasm32")]

#[path = "support/wait.rs"]
mod wait;

use std::cell::Cell;

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn until_returns_what_comes_at_last() {
    let looks = Cell::new(0);
    let found = wait::until("the third look", || {
        looks.set(looks.get() + 1);
        (looks.get() == 3).then(|| looks.get())
    });
    assert_eq!(found.await, 3);
}

/// What `until` panics about. The panic itself would end the suite: wasm has no unwinding.
#[wasm_bindgen_test]
async fn what_never_comes_is_looked_for_until_the_limit_and_is_not_found() {
    let looks = Cell::new(0);
    let found = wait::found_within(50, || {
        looks.set(looks.get() + 1);
        None::<()>
    });
    assert_eq!(found.await, None);
    assert!(looks.get() > 1, "it looks more than once");
}
