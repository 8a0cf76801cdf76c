//! Codes sent by email.

use serde::Deserialize;
use serde_json::json;

use super::codes;
use crate::{
    address::{Address, Channel},
    call::Call,
    captcha,
    email::Email,
    otp,
    reply::{Outcome, ok},
};

#[derive(Deserialize)]
struct CreateBody {
    email: String,
    #[serde(rename = "captchaToken")]
    captcha: Option<String>,
}

#[derive(Deserialize)]
struct RetryBody {
    email: String,
    #[serde(rename = "verificationUUID")]
    verification: String,
}

/// Sends a code.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let session = call.session_if_any()?;
    let body: CreateBody = call.body()?;
    let address = Address::from(Email::parse(&body.email)?);
    captcha::demand(call, body.captcha.as_deref())?;
    let user = session.as_ref().map(|session| &session.user);
    let verification = otp::send(&mut call.world, &address, user, false)?;
    ok(&json!({ "verificationUUID": verification, "email": body.email }))
}

/// Sends a new code in place of the last one.
pub(super) fn retry(call: &mut Call<'_>) -> Outcome {
    let session = call.session_if_any()?;
    let body: RetryBody = call.body()?;
    let address = Address::from(Email::parse(&body.email)?);
    let user = session.as_ref().map(|session| &session.user);
    let verification = otp::resend(&mut call.world, &body.verification, &address, user)?;
    ok(&json!({ "verificationUUID": verification, "email": body.email }))
}

/// Signs in.
pub(super) fn sign_in(call: &mut Call<'_>) -> Outcome {
    codes::sign_in(call, Channel::Email)
}

/// Steps up, or links the address.
pub(super) fn verify(call: &mut Call<'_>) -> Outcome {
    codes::verify(call, Channel::Email)
}
