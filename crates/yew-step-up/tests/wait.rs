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

#[wasm_bindgen_test]
#[should_panic(expected = "it did not come: a bus, but a train")]
async fn until_panics_with_what_is_missing_if_it_never_comes() {
    let looks = Cell::new(0);
    let what = || {
        assert!(looks.get() > 1, "it looks more than once");
        "a bus, but a train".to_owned()
    };
    wait::until_within(50, what, || {
        looks.set(looks.get() + 1);
        None::<()>
    })
    .await;
}
