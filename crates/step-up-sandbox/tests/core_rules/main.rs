//! The sandbox's rules, each by its name, driven through `handle` with a clock that the tests move.

#![allow(clippy::unwrap_used)] // The helpers of tests are tests.

mod authenticator;
mod captcha;
mod codes;
mod control;
mod cookie;
mod device;
mod elevation;
mod external;
mod fault;
mod guessing;
mod lab;
mod link;
mod origin;
mod passkeys;
mod proofs;
mod react_sdk;
mod recovery;
mod restart;
mod session;
mod signer;
mod sms;
mod social;
mod social_pages;
mod stealing;
mod token;
mod total;
mod totp;
mod unlink;
mod user;
mod wallets;
