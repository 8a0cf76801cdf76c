//! MFA devices and passkeys.

use serde::{Deserialize, Serialize};

use super::{MfaDeviceId, open_enum::open_enum};

open_enum! {
    /// What an MFA device is.
    pub enum MfaDeviceType {
        /// An authenticator app.
        Totp = "totp",
        /// A passkey.
        Passkey = "passkey",
        /// An email address used as a second factor.
        Email = "email",
    }
}

/// An MFA device of the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MfaDevice {
    /// Its identifier.
    pub id: MfaDeviceId,
    /// What it is; servers may leave it out.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub device_type: Option<MfaDeviceType>,
    /// Whether a code of it was accepted once. A device that was not is no factor yet.
    #[serde(default)]
    pub verified: bool,
    /// When it was enrolled, as an ISO 8601 time in UTC.
    #[serde(rename = "createdAt", default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Whether the user made it the default.
    #[serde(default)]
    pub default: bool,
    /// The name that the user gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// A passkey of the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Passkey {
    /// Its identifier in the environment.
    pub id: MfaDeviceId,
    /// Its WebAuthn credential identifier, base64url.
    #[serde(rename = "credentialId", default)]
    pub credential_id: String,
    /// When it was registered, as an ISO 8601 time in UTC.
    #[serde(rename = "createdAt", default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// The name that the user gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// Everything that can serve as a second factor (`GET /users/mfa/methods`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MfaMethods {
    /// Authenticator apps and other devices.
    #[serde(default)]
    pub devices: Vec<MfaDevice>,
    /// Passkeys.
    #[serde(default)]
    pub passkeys: Vec<Passkey>,
    /// Whether any of them is verified.
    #[serde(rename = "userHasVerifiedMfaMethods", default)]
    pub has_verified: bool,
}
