//! Codes sent by SMS.

use serde::Deserialize;
use serde_json::json;

use super::codes;
use crate::{
    address::{Address, Channel},
    call::Call,
    captcha, otp,
    phone::Phone,
    reply::{Outcome, ok},
};

#[derive(Deserialize)]
struct Number {
    #[serde(rename = "phoneCountryCode")]
    country_code: String,
    #[serde(rename = "phoneNumber")]
    national: String,
    #[serde(rename = "isoCountryCode")]
    iso: String,
}

#[derive(Deserialize)]
struct CreateBody {
    #[serde(flatten)]
    number: Number,
    #[serde(rename = "captchaToken")]
    captcha: Option<String>,
}

#[derive(Deserialize)]
struct RetryBody {
    #[serde(flatten)]
    number: Number,
    #[serde(rename = "verificationUUID")]
    verification: String,
}

/// Sends a code.
pub(super) fn create(call: &mut Call<'_>) -> Outcome {
    let session = call.session_if_any()?;
    let body: CreateBody = call.body()?;
    let address = body.number.address()?;
    captcha::demand(call, body.captcha.as_deref())?;
    let user = session.as_ref().map(|session| &session.user);
    let verification = otp::send(&mut call.world, &address, user, false)?;
    body.number.answer(&verification)
}

/// Sends a new code in place of the last one.
pub(super) fn retry(call: &mut Call<'_>) -> Outcome {
    let session = call.session_if_any()?;
    let body: RetryBody = call.body()?;
    let address = body.number.address()?;
    let user = session.as_ref().map(|session| &session.user);
    let verification = otp::resend(&mut call.world, &body.verification, &address, user)?;
    body.number.answer(&verification)
}

/// Signs in.
pub(super) fn sign_in(call: &mut Call<'_>) -> Outcome {
    codes::sign_in(call, Channel::Sms)
}

/// Steps up, or links the number.
pub(super) fn verify(call: &mut Call<'_>) -> Outcome {
    codes::verify(call, Channel::Sms)
}

impl Number {
    fn address(&self) -> Outcome<Address> {
        Phone::parse(&self.country_code, &self.national, &self.iso).map(Address::from)
    }

    fn answer(&self, verification: &str) -> Outcome {
        ok(&json!({
            "verificationUUID": verification,
            "phoneNumber": self.national,
            "phoneCountryCode": self.country_code,
            "isoCountryCode": self.iso,
        }))
    }
}
