use super::{Auth, Call, Endpoint};
use crate::{error::Result, json::decode, transport::Method, types::MfaMethods};

/// The user's second factors, verified ones only.
pub(crate) struct GetMfaMethods;

impl Endpoint for GetMfaMethods {
    type Output = MfaMethods;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/users/mfa/methods?verifiedOnly=true", Auth::Required)
    }

    fn parse(body: &[u8]) -> Result<MfaMethods> {
        decode(body, "a list of MFA methods")
    }
}
