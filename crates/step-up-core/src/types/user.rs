//! The user of a session.

use serde::{Deserialize, Serialize};

use super::{Credential, CredentialId, UserId};

/// The user of a session, as far as step-up needs to know them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// Their identifier, the same in every answer.
    pub id: UserId,
    /// The environment that they belong to.
    #[serde(rename = "projectEnvironmentId", default)]
    pub environment_id: String,
    /// Their verified credentials, in the order they were linked.
    #[serde(rename = "verifiedCredentials", default)]
    pub credentials: Vec<Credential>,
    /// The credential that was verified last.
    #[serde(rename = "lastVerifiedCredentialId", default, skip_serializing_if = "Option::is_none")]
    pub last_verified_credential_id: Option<CredentialId>,
    /// Their main email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The session's scopes, space-separated. Not the scopes of an elevated token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl User {
    /// A user without credentials.
    #[must_use]
    pub fn new(id: impl Into<UserId>, environment_id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            environment_id: environment_id.into(),
            credentials: Vec::new(),
            last_verified_credential_id: None,
            email: None,
            scope: None,
        }
    }

    /// The credential with this identifier.
    #[must_use]
    pub fn credential(&self, id: &CredentialId) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.id == *id)
    }
}
