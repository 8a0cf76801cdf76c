//! The user of a session.

use super::{Credential, CredentialId, UserId};
use crate::json::json;

/// The user of a session, as far as step-up needs to know them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// Their identifier, the same in every answer.
    pub id: UserId,
    /// The environment that they belong to.
    pub environment_id: String,
    /// Their verified credentials, in the order they were linked.
    pub credentials: Vec<Credential>,
    /// The credential that was verified last.
    pub last_verified_credential_id: Option<CredentialId>,
    /// Their main email address.
    pub email: Option<String>,
    /// The session's scopes, space-separated. Not the scopes of an elevated token.
    pub scope: Option<String>,
}

json!(User {
    id = "id",
    environment_id = "projectEnvironmentId" or default,
    credentials = "verifiedCredentials" or default,
    last_verified_credential_id = "lastVerifiedCredentialId",
    email = "email",
    scope = "scope",
});

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

    /// The identifier of the user's first embedded wallet, as the wallet endpoints (`/waas/{wallet}/…`) take it; `None` if
    /// the user has none.
    #[must_use]
    pub fn embedded_wallet(&self) -> Option<&str> {
        let mut ids =
            self.credentials.iter().filter_map(|credential| credential.embedded_wallet_id.as_deref());
        ids.find(|id| !id.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::CredentialFormat;

    #[test]
    fn embedded_wallet_is_the_first_credential_with_a_wallet_id() {
        let wallet = |id: &str, wallet: Option<&str>| Credential {
            embedded_wallet_id: wallet.map(Into::into),
            ..Credential::new(id, CredentialFormat::Blockchain)
        };
        let mut user = User::new("u", "e");
        assert_eq!(user.embedded_wallet(), None);
        user.credentials = vec![Credential::email("c", "a@b.example"), wallet("external", None)];
        assert_eq!(user.embedded_wallet(), None);
        user.credentials.extend([
            wallet("empty", Some("")),
            wallet("1", Some("one")),
            wallet("2", Some("two")),
        ]);
        assert_eq!(user.embedded_wallet(), Some("one"));
    }
}
