//! MFA devices and passkeys.

use super::{MfaDeviceId, open_enum::open_enum};
use crate::json::json;

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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MfaDevice {
    /// Its identifier.
    pub id: MfaDeviceId,
    /// What it is; servers may leave it out.
    pub device_type: Option<MfaDeviceType>,
    /// Whether a code of it was accepted once. A device that was not is no factor yet.
    pub verified: bool,
    /// When it was enrolled, as an ISO 8601 time in UTC.
    pub created_at: Option<String>,
    /// Whether the user made it the default.
    pub default: bool,
    /// The name that the user gave it.
    pub alias: Option<String>,
}

json!(MfaDevice {
    id = "id",
    device_type = "type",
    verified = "verified" or default,
    created_at = "createdAt",
    default = "default" or default,
    alias = "alias",
});

/// A passkey of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passkey {
    /// Its identifier in the environment.
    pub id: MfaDeviceId,
    /// Its WebAuthn credential identifier, base64url.
    pub credential_id: String,
    /// When it was registered, as an ISO 8601 time in UTC.
    pub created_at: Option<String>,
    /// The name that the user gave it.
    pub alias: Option<String>,
}

json!(Passkey {
    id = "id",
    credential_id = "credentialId" or default,
    created_at = "createdAt",
    alias = "alias",
});

/// Everything that can serve as a second factor (`GET /users/mfa/methods`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MfaMethods {
    /// Authenticator apps and other devices.
    pub devices: Vec<MfaDevice>,
    /// Passkeys.
    pub passkeys: Vec<Passkey>,
    /// Whether any of them is verified.
    pub has_verified: bool,
}

json!(MfaMethods {
    devices = "devices" or default,
    passkeys = "passkeys" or default,
    has_verified = "userHasVerifiedMfaMethods" or default,
});
