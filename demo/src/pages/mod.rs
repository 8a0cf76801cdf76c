//! One page a file.

pub(crate) mod consent;
pub(crate) mod export_screen;
pub(crate) mod headless;
pub(crate) mod inspector;
pub(crate) mod sign_in;
pub(crate) mod trace;
