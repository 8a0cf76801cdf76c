use super::{Auth, Call, Endpoint};
use crate::{
    error::Result,
    json::decode,
    transport::Method,
    types::{User, VerifyResponse},
};

/// The session's user.
pub(crate) struct GetUser;

impl Endpoint for GetUser {
    type Output = User;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/users", Auth::Required)
    }

    fn parse(body: &[u8]) -> Result<User> {
        decode(body, "a user")
    }
}

/// A new session token for the old one.
pub(crate) struct Refresh;

impl Endpoint for Refresh {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        Call::new(Method::Post, "/refresh", Auth::Required).device_signed()
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a session")
    }
}

/// The end of the session.
pub(crate) struct Revoke;

impl Endpoint for Revoke {
    type Output = ();

    fn call(&self) -> Call {
        Call::new(Method::Post, "/revoke", Auth::Required)
    }

    fn parse(_: &[u8]) -> Result<()> {
        Ok(())
    }
}
