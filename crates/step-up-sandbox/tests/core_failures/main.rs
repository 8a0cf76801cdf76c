//! Every way to verify, and everything that can go wrong with it: core's real client against the real sandbox, with faults
//! that are ordered on the server. `cargo xtask failures` makes `docs/FAILURES.md` of what these tests print.

#![allow(clippy::unwrap_used)] // The helpers of tests are tests.

#[path = "../core_rules/authenticator.rs"]
#[allow(dead_code)] // Its other users forge more.
mod authenticator;
mod cell;
mod codes;
#[path = "../world/mod.rs"]
mod world;

// One module for each way to verify, and in each of them one test for each failure.
mod email_otp {
    crate::cell::cells!(crate::codes::Otp<crate::codes::Email>);
}
mod sms_otp {
    crate::cell::cells!(crate::codes::Otp<crate::codes::Sms>);
}
