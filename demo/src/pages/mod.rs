//! One page a file or a folder.

pub(crate) mod consent;
pub(crate) mod credentials;
pub(crate) mod explicit;
pub(crate) mod export_screen;
pub(crate) mod factors;
pub(crate) mod headless;
pub(crate) mod inspector;
pub(crate) mod managed;
pub(crate) mod other_ways;
pub(crate) mod resumed;
pub(crate) mod sign_in;
pub(crate) mod source;
pub(crate) mod together;
pub(crate) mod trace;
pub(crate) mod wallet;
