//! One method a file: what it does, as tasks.

mod common;
#[cfg(feature = "external")]
mod external;
#[cfg(feature = "mfa")]
mod mfa;
#[cfg(feature = "otp")]
mod otp;
#[cfg(feature = "passkey")]
mod passkey;
#[cfg(feature = "social")]
mod social;
#[cfg(feature = "wallet")]
mod wallet;

use crate::task::Task;

/// The tasks of the methods that are built in.
pub(crate) const ALL: &[&[Task]] = &[
    common::TASKS,
    #[cfg(feature = "external")]
    external::TASKS,
    #[cfg(feature = "mfa")]
    mfa::TASKS,
    #[cfg(feature = "otp")]
    otp::TASKS,
    #[cfg(feature = "passkey")]
    passkey::TASKS,
    #[cfg(feature = "social")]
    social::TASKS,
    #[cfg(feature = "wallet")]
    wallet::TASKS,
];
