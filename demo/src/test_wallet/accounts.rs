//! The wallet's two accounts, which one is in use, and whether the page may see it. Session storage keeps it until the tab
//! is closed.

use std::cell::{Cell, RefCell};

use serde::{Deserialize, Serialize};
use web_sys::Storage;

use super::key::Key;

const PLACE: &str = "step-up-demo:test-wallet";

pub(super) struct Accounts {
    keys: [Key; 2],
    active: Cell<usize>,
    is_connected: Cell<bool>,
    listeners: RefCell<Vec<Box<dyn Fn()>>>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    keys: [String; 2],
    active: usize,
    is_connected: bool,
}

impl Accounts {
    /// Those of before a reload, else new ones. `None` where the browser has no randomness.
    pub(super) fn load() -> Option<Self> {
        kept().or_else(|| Some(Self::with([new_key()?, new_key()?], 0, false)))
    }

    fn with(keys: [Key; 2], active: usize, is_connected: bool) -> Self {
        let (active, is_connected) = (Cell::new(active % 2), Cell::new(is_connected));
        Self { keys, active, is_connected, listeners: RefCell::default() }
    }

    /// The key of the account in use.
    pub(super) fn key(&self) -> &Key {
        &self.keys[self.active.get()]
    }

    /// What people call the account in use.
    pub(super) fn label(&self) -> String {
        format!("Account {}", self.active.get() + 1)
    }

    /// The address that the page may see.
    pub(super) fn shown(&self) -> Option<String> {
        self.is_connected.get().then(|| self.key().address())
    }

    /// From now on the page may see the account in use.
    pub(super) fn connect(&self) {
        self.is_connected.set(true);
        self.changed();
    }

    /// Uses the other account.
    pub(super) fn switch(&self) {
        self.active.set(1 - self.active.get());
        self.changed();
    }

    /// Calls `listener` after every change.
    pub(super) fn on_change(&self, listener: impl Fn() + 'static) {
        self.listeners.borrow_mut().push(Box::new(listener));
    }

    fn changed(&self) {
        let keys = [self.keys[0].to_hex(), self.keys[1].to_hex()];
        let kept = Kept { keys, active: self.active.get(), is_connected: self.is_connected.get() };
        if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(&kept)) {
            // A full or forbidden storage costs the reload its accounts, and nothing else.
            let _ = storage.set_item(PLACE, &text);
        }
        self.listeners.borrow().iter().for_each(|listener| listener());
    }
}

fn kept() -> Option<Accounts> {
    let kept: Kept = serde_json::from_str(&storage()?.get_item(PLACE).ok()??).ok()?;
    let [first, second] = kept.keys;
    Some(Accounts::with([Key::from_hex(&first)?, Key::from_hex(&second)?], kept.active, kept.is_connected))
}

fn new_key() -> Option<Key> {
    let mut bytes = [0; 32];
    loop {
        gloo::utils::window().crypto().ok()?.get_random_values_with_u8_array(&mut bytes).ok()?;
        if let Some(key) = Key::from_bytes(&bytes) {
            return Some(key);
        }
    }
}

fn storage() -> Option<Storage> {
    gloo::utils::window().session_storage().ok().flatten()
}
