//! What the server says about a step-up.

use super::{CredentialFormat, CredentialId, TokenScope};
use crate::json::json;

/// A credential or device that the user can step up with, as `POST /stepUp/check` lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepUpCredential {
    /// The credential's or the device's identifier.
    pub id: CredentialId,
    /// What it is.
    pub format: CredentialFormat,
    /// Tells MFA kinds apart (`totp`, `passkey`) where the format does not.
    pub kind: Option<String>,
    /// What people know it by: the address, the number, the device's name.
    pub alias: Option<String>,
}

json!(StepUpCredential {
    id = "id",
    format = "format",
    kind = "type",
    alias = "alias",
});

impl StepUpCredential {
    /// A credential to step up with.
    #[must_use]
    pub fn new(id: impl Into<CredentialId>, format: CredentialFormat) -> Self {
        Self { id: id.into(), format, kind: None, alias: None }
    }
}

/// The body of `POST /stepUp/check`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepUpCheckRequest {
    /// The scope that is asked about.
    pub scope: TokenScope,
}

json!(StepUpCheckRequest {
    scope = "scope",
});

/// The answer of `POST /stepUp/check`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepUpCheckResponse {
    /// Whether the user has to verify once more.
    pub is_required: bool,
    /// What they can verify with.
    pub credentials: Vec<StepUpCredential>,
    /// What the server would choose.
    pub default_credential_id: Option<CredentialId>,
}

json!(StepUpCheckResponse {
    is_required = "isRequired",
    credentials = "credentials" or default,
    default_credential_id = "defaultCredentialId",
});

impl StepUpCheckResponse {
    /// An answer that lists nothing to verify with.
    #[must_use]
    pub fn new(is_required: bool) -> Self {
        Self { is_required, credentials: Vec::new(), default_credential_id: None }
    }
}
