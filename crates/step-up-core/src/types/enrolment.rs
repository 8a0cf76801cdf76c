//! What is shown once, when a factor is enrolled.

use super::MfaDeviceId;
use crate::{
    json::from_json,
    secret::{OtpauthUri, RecoveryCode, TotpSecret},
};

/// An authenticator app that waits for its first right code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TotpEnrolment {
    /// The device.
    pub device_id: MfaDeviceId,
    /// The secret to type into the app, base32.
    pub secret: TotpSecret,
    /// The same as an address, for a QR picture.
    pub uri: OtpauthUri,
}

from_json!(TotpEnrolment {
    device_id = "id",
    secret = "secret",
    uri = "uri",
});

/// Recovery codes: their number, and the codes themselves until the user has acknowledged them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryCodes {
    /// How many are left.
    pub count: u32,
    /// The codes, if they were made just now or are not acknowledged yet. Afterwards they are never shown again.
    pub codes: Vec<RecoveryCode>,
}

from_json!(RecoveryCodes {
    count = "count",
    codes = "recoveryCodes" or default,
});
