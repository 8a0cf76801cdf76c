//! The sandbox's rules, each by its name, driven through `handle` with a clock that the tests move.

#![allow(clippy::unwrap_used)] // The helpers of tests are tests.

mod authenticator;
mod codes;
mod control;
mod device;
mod elevation;
mod fault;
mod lab;
mod link;
mod origin;
mod passkeys;
mod recovery;
mod restart;
mod session;
mod token;
mod total;
mod totp;
mod user;
