//! An authenticator app, by an implementation that is not the sandbox's.

use totp_rs::{Builder, Secret};

/// The code that an app with this secret (base32) shows at this time, in Unix seconds.
///
/// # Panics
///
/// Where the secret is none.
#[must_use]
pub fn code_at(secret: &str, time: u64) -> String {
    let secret =
        Secret::try_from_base32(secret).unwrap_or_else(|error| panic!("{secret} is no secret: {error}"));
    let app = Builder::new().with_secret(secret).build();
    app.unwrap_or_else(|error| panic!("the authenticator app refuses the secret: {error}"))
        .generate(time)
        .to_string()
}
