//! What the server says about a step-up.

use serde::{Deserialize, Serialize};

use super::{CredentialFormat, CredentialId, TokenScope};

/// A credential or device that the user can step up with, as `POST /stepUp/check` lists them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepUpCredential {
    /// The credential's or the device's identifier.
    pub id: CredentialId,
    /// What it is.
    pub format: CredentialFormat,
    /// Tells MFA kinds apart (`totp`, `passkey`) where the format does not.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What people know it by: the address, the number, the device's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

impl StepUpCredential {
    /// A credential to step up with.
    #[must_use]
    pub fn new(id: impl Into<CredentialId>, format: CredentialFormat) -> Self {
        Self { id: id.into(), format, kind: None, alias: None }
    }
}

/// The body of `POST /stepUp/check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepUpCheckRequest {
    /// The scope that is asked about.
    pub scope: TokenScope,
}

/// The answer of `POST /stepUp/check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepUpCheckResponse {
    /// Whether the user has to verify once more.
    #[serde(rename = "isRequired")]
    pub is_required: bool,
    /// What they can verify with.
    #[serde(default)]
    pub credentials: Vec<StepUpCredential>,
    /// What the server would choose.
    #[serde(rename = "defaultCredentialId", default, skip_serializing_if = "Option::is_none")]
    pub default_credential_id: Option<CredentialId>,
}
