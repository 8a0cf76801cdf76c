use super::{Auth, Call, Endpoint, Guard};
use crate::{
    error::Result,
    json::{Body, decode},
    percent,
    transport::Method,
    types::{MfaDeviceId, RecoveryCodes, TokenScope, TotpEnrolment, VerifyResponse},
};

/// Verifies the user with a code of an authenticator app.
pub(crate) struct TotpVerify<'a> {
    pub(crate) code: &'a str,
    /// The server chooses where none is named.
    pub(crate) device: Option<&'a MfaDeviceId>,
    pub(crate) scopes: &'a [TokenScope],
    pub(crate) wants_mfa_token: bool,
}

impl Endpoint for TotpVerify<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body = Body::new().text("code", self.code);
        let body = match self.device {
            Some(device) => body.text("id", device.as_str()),
            None => body,
        };
        Call::new(Method::Post, "/users/mfa/auth/totp", Auth::Required)
            .body(body.scopes("requestedScopes", self.scopes).mfa_token(self.wants_mfa_token))
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a verification's result")
    }
}

/// Verifies the user with a recovery code.
pub(crate) struct RecoveryVerify<'a> {
    pub(crate) code: &'a str,
    pub(crate) scopes: &'a [TokenScope],
    pub(crate) wants_mfa_token: bool,
}

impl Endpoint for RecoveryVerify<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body = Body::new().text("code", self.code).scopes("requestedScopes", self.scopes);
        Call::new(Method::Post, "/users/mfa/auth/recovery", Auth::Required)
            .body(body.mfa_token(self.wants_mfa_token))
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a verification's result")
    }
}

/// A new authenticator app, pending until its first right code.
pub(crate) struct TotpRegister;

impl Endpoint for TotpRegister {
    type Output = TotpEnrolment;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/users/mfa/register/totp", Auth::Required).elevated(Guard::Link)
    }

    fn parse(body: &[u8]) -> Result<TotpEnrolment> {
        decode(body, "an authenticator app's secret")
    }
}

/// Makes a device the default.
pub(crate) struct SetDefaultDevice<'a> {
    pub(crate) device: &'a MfaDeviceId,
}

impl Endpoint for SetDefaultDevice<'_> {
    type Output = ();

    fn call(&self) -> Call {
        Call::new(Method::Put, device_path(self.device), Auth::Required)
            .body(Body::new().bool("default", true))
    }

    fn parse(_: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// Removes a device.
pub(crate) struct DeleteDevice<'a> {
    pub(crate) device: &'a MfaDeviceId,
}

impl Endpoint for DeleteDevice<'_> {
    type Output = ();

    fn call(&self) -> Call {
        Call::new(Method::Delete, device_path(self.device), Auth::Required).elevated(Guard::Unlink)
    }

    fn parse(_: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// The recovery codes, which are made and shown if there are none.
pub(crate) struct GetRecoveryCodes;

impl Endpoint for GetRecoveryCodes {
    type Output = RecoveryCodes;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/users/mfa/recovery", Auth::Required).elevated(Guard::Link)
    }

    fn parse(body: &[u8]) -> Result<RecoveryCodes> {
        decode(body, "recovery codes")
    }
}

/// New recovery codes in place of the old ones.
pub(crate) struct RegenerateRecoveryCodes;

impl Endpoint for RegenerateRecoveryCodes {
    type Output = RecoveryCodes;

    fn call(&self) -> Call {
        Call::new(Method::Post, "/users/mfa/recovery", Auth::Required).elevated(Guard::Link)
    }

    fn parse(body: &[u8]) -> Result<RecoveryCodes> {
        decode(body, "recovery codes")
    }
}

/// Says that the user has kept the recovery codes.
pub(crate) struct AcknowledgeRecoveryCodes;

impl Endpoint for AcknowledgeRecoveryCodes {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body = Body::new().text("mfaBackupCodeAcknowledgement", "complete");
        Call::new(Method::Put, "/users", Auth::Required).body(body)
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a user")
    }
}

/// The path of a device. Identifiers are the server's, but one that is not plain must not become another path.
fn device_path(device: &MfaDeviceId) -> String {
    let mut path = String::from("/users/mfa/");
    percent::encode_into(&mut path, device.as_str());
    path
}
