#[cfg(feature = "otp")]
use super::Guard;
use super::{Auth, Call, Endpoint, incomplete};
#[cfg(feature = "otp")]
use crate::types::TokenScope;
use crate::{
    error::Result,
    json::{Body, decode, from_json},
    secret::CaptchaToken,
    transport::Method,
    types::{OtpAddress, OtpVerification, VerificationType, VerifyResponse},
};

/// The path of a call for codes of this kind.
macro_rules! path {
    ($kind:expr, $call:literal) => {
        match $kind {
            VerificationType::Email => concat!("/emailVerifications/", $call),
            VerificationType::Sms => concat!("/smsVerifications/", $call),
        }
    };
}

/// Sends a code to an address, for sign-in, step-up and linking alike.
pub(crate) struct SendCode<'a> {
    pub(crate) address: &'a OtpAddress,
    pub(crate) captcha: Option<&'a CaptchaToken>,
}

impl Endpoint for SendCode<'_> {
    /// The verification's identifier.
    type Output = String;

    fn call(&self) -> Call {
        let (kind, body) = address(self.address);
        let body = match self.captcha {
            Some(token) => body.text("captchaToken", token.expose()),
            None => body,
        };
        Call::new(Method::Post, path!(kind, "create"), Auth::Optional).body(body)
    }

    fn parse(body: &[u8]) -> Result<String> {
        verification(body)
    }
}

/// Sends a new code, which replaces the old one.
pub(crate) struct ResendCode<'a> {
    pub(crate) address: &'a OtpAddress,
    /// The identifier of the verification that it replaces.
    pub(crate) uuid: &'a str,
}

impl Endpoint for ResendCode<'_> {
    /// The verification's identifier.
    type Output = String;

    fn call(&self) -> Call {
        let (kind, body) = address(self.address);
        let body = body.text("verificationUUID", self.uuid);
        Call::new(Method::Post, path!(kind, "retry"), Auth::Optional).body(body)
    }

    fn parse(body: &[u8]) -> Result<String> {
        verification(body)
    }
}

/// The address, as the calls that send a code say it.
fn address(address: &OtpAddress) -> (VerificationType, Body) {
    match address {
        OtpAddress::Email(email) => (VerificationType::Email, Body::new().text("email", email)),
        OtpAddress::Phone(number) => (
            VerificationType::Sms,
            Body::new()
                .text("phoneCountryCode", number.calling_code())
                .text("phoneNumber", number.national())
                .text("isoCountryCode", number.country()),
        ),
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

/// What all calls that take a code send.
fn code_body(verification: &OtpVerification, code: &str) -> Body {
    Body::new().text("verificationUUID", &verification.uuid).text("verificationToken", code)
}

/// Signs in with a code.
pub(crate) struct SignInWithCode<'a> {
    pub(crate) verification: &'a OtpVerification,
    pub(crate) code: &'a str,
}

impl Endpoint for SignInWithCode<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body = code_body(self.verification, self.code);
        let path = path!(self.verification.verification_type(), "signin");
        Call::new(Method::Post, path, Auth::Never).opens_session().device_signed().body(body)
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a session")
    }
}

/// Verifies the signed-in user with a code, for the scopes that are asked for.
#[cfg(feature = "otp")]
pub(crate) struct VerifyCode<'a> {
    pub(crate) verification: &'a OtpVerification,
    pub(crate) code: &'a str,
    pub(crate) scopes: &'a [TokenScope],
}

#[cfg(feature = "otp")]
impl Endpoint for VerifyCode<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body = code_body(self.verification, self.code).scopes("requestedScopes", self.scopes);
        // An address that is not the user's is a link, and the server guards links.
        verify(self.verification).guarded_by(Guard::Link).body(body)
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a verification's result")
    }
}

/// Links the address that a code was sent to.
#[cfg(feature = "otp")]
pub(crate) struct LinkAddress<'a> {
    pub(crate) verification: &'a OtpVerification,
    pub(crate) code: &'a str,
}

#[cfg(feature = "otp")]
impl Endpoint for LinkAddress<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        verify(self.verification).elevated(Guard::Link).body(code_body(self.verification, self.code))
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a link's result")
    }
}

#[cfg(feature = "otp")]
fn verify(verification: &OtpVerification) -> Call {
    let path = path!(verification.verification_type(), "verify");
    Call::new(Method::Post, path, Auth::Required).device_signed()
}
