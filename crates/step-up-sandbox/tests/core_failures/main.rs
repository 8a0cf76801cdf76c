//! Every way to verify, and everything that can go wrong with it: core's real client against the real sandbox, with faults
//! that are ordered on the server. `cargo xtask failures` makes `docs/FAILURES.md` of what these tests print.

#![allow(clippy::unwrap_used)] // The helpers of tests are tests.

mod accounts;
mod assertions;
#[path = "../core_rules/authenticator.rs"]
#[allow(dead_code)] // Its other users forge more.
mod authenticator;
mod cell;
mod codes;
mod passkeys;
mod second_factors;
mod wallets;
#[path = "../world/mod.rs"]
mod world;

// One module for each way to verify, and in each of them one test for each failure.
mod email_otp {
    crate::cell::cells!(crate::codes::Otp<crate::codes::Email>);
}
mod sms_otp {
    crate::cell::cells!(crate::codes::Otp<crate::codes::Sms>);
}
mod totp {
    crate::cell::cells!(crate::second_factors::Totp);
}
mod recovery_code {
    crate::cell::cells!(crate::second_factors::Recovery);
}
mod passkey {
    crate::cell::cells!(crate::passkeys::Passkey);
}
mod wallet {
    crate::cell::cells!(crate::wallets::Wallet);
}
mod social {
    crate::cell::cells!(crate::accounts::Social);
}
mod external {
    crate::cell::cells!(crate::assertions::External);
}
