use super::{Auth, Call, Endpoint, incomplete};
use crate::{
    error::Result,
    json::{Body, decode, from_json},
    transport::Method,
    types::VerifyResponse,
};

/// Sends a code to an address, for sign-in and step-up alike.
pub(crate) struct EmailCreate<'a> {
    pub(crate) email: &'a str,
}

impl Endpoint for EmailCreate<'_> {
    /// The verification's identifier.
    type Output = String;

    fn call(&self) -> Call {
        Call::new(Method::Post, "/emailVerifications/create", Auth::Optional)
            .body(Body::new().text("email", self.email))
    }

    fn parse(&self, body: &[u8]) -> Result<String> {
        verification(body)
    }
}

/// Sends a new code, which replaces the old one.
pub(crate) struct EmailRetry<'a> {
    pub(crate) email: &'a str,
    pub(crate) verification_uuid: &'a str,
}

impl Endpoint for EmailRetry<'_> {
    /// The verification's identifier.
    type Output = String;

    fn call(&self) -> Call {
        let body = Body::new().text("email", self.email).text("verificationUUID", self.verification_uuid);
        Call::new(Method::Post, "/emailVerifications/retry", Auth::Optional).body(body)
    }

    fn parse(&self, body: &[u8]) -> Result<String> {
        verification(body)
    }
}

fn verification(body: &[u8]) -> Result<String> {
    struct Created {
        verification_uuid: String,
    }
    from_json!(Created { verification_uuid = "verificationUUID", });
    let created: Created = decode(body, "a verification")?;
    if created.verification_uuid.is_empty() {
        return Err(incomplete("a verification with an identifier"));
    }
    Ok(created.verification_uuid)
}

/// What both calls that take a code send.
fn code_body(verification_uuid: &str, code: &str) -> Body {
    Body::new().text("verificationUUID", verification_uuid).text("verificationToken", code)
}

/// Signs in with a code.
pub(crate) struct EmailSignIn<'a> {
    pub(crate) verification_uuid: &'a str,
    pub(crate) code: &'a str,
    pub(crate) session_public_key: &'a str,
}

impl Endpoint for EmailSignIn<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body =
            code_body(self.verification_uuid, self.code).text("sessionPublicKey", self.session_public_key);
        Call::new(Method::Post, "/emailVerifications/signin", Auth::Never).device_signed().body(body)
    }

    fn parse(&self, body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a session")
    }
}

/// Verifies the signed-in user with a code, for the scopes that are asked for.
#[cfg(feature = "otp")]
pub(crate) struct EmailVerify<'a> {
    pub(crate) verification_uuid: &'a str,
    pub(crate) code: &'a str,
    pub(crate) scopes: &'a [crate::TokenScope],
}

#[cfg(feature = "otp")]
impl Endpoint for EmailVerify<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body = code_body(self.verification_uuid, self.code).scopes("requestedScopes", self.scopes);
        // An address that is not the user's is a link, and the server guards links.
        Call::new(Method::Post, "/emailVerifications/verify", Auth::Required)
            .device_signed()
            .guarded_by(crate::TokenScope::CredentialLink)
            .body(body)
    }

    fn parse(&self, body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a verification's result")
    }
}
