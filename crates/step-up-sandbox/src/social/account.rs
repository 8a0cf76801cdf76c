//! Accounts at a provider.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::SocialProvider;
use crate::{account::ACCOUNTS, email::Email, store::StoreError, world::World};

/// An account at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SocialAccount {
    /// What tells it from every other account of its provider, for ever. Names change hands.
    #[serde(rename = "accountId")]
    pub(crate) id: String,
    pub(crate) username: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
}

/// How many characters a name may have.
const NAME_LENGTH: usize = 100;

/// How many accounts a provider's page offers.
const OFFERED: usize = 20;

impl SocialAccount {
    /// The account that somebody has under this name or email address: always the same one.
    pub(crate) fn named(provider: SocialProvider, name: &str) -> Option<Self> {
        let name = name.trim();
        if !is_name(name) {
            return None;
        }
        let email = Email::parse(name).ok().map(|email| email.as_str().to_owned());
        let username = match &email {
            Some(email) => email.split('@').next().unwrap_or_default().to_owned(),
            None => name.to_owned(),
        };
        let hash = Sha256::digest(format!("{}\0{}", provider.name(), name.to_lowercase()).as_bytes());
        Some(Self { id: base16ct::lower::encode_string(&hash[..10]), username, email })
    }

    /// What people know it by.
    pub(crate) fn label(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.username)
    }

    fn answers_to(&self, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        let is_email = self.email.as_ref().is_some_and(|email| email.to_lowercase() == name);
        is_email || self.username.to_lowercase() == name || self.id == name
    }
}

/// Some text that fits on a line.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= NAME_LENGTH && !text.chars().any(char::is_control)
}

/// The accounts that a provider's page offers: those that users have, the newest first, and two that always exist.
pub(crate) fn offered(world: &World<'_>, provider: SocialProvider) -> Result<Vec<SocialAccount>, StoreError> {
    let fixtures = ["ada@example.com", "grace@example.com"];
    let fixtures = fixtures.iter().filter_map(|name| SocialAccount::named(provider, name));
    let mut offered: Vec<SocialAccount> = Vec::new();
    for account in linked(world, provider)?.into_iter().take(OFFERED).chain(fixtures) {
        if !offered.iter().any(|known| known.id == account.id) {
            offered.push(account);
        }
    }
    Ok(offered)
}

/// The account of whoever says this name at the provider.
pub(crate) fn chosen(
    world: &World<'_>,
    provider: SocialProvider,
    name: &str,
) -> Result<Option<SocialAccount>, StoreError> {
    let known = linked(world, provider)?.into_iter().find(|account| account.answers_to(name));
    Ok(known.or_else(|| SocialAccount::named(provider, name)))
}

/// The accounts that users have, those of the newest user first.
fn linked(world: &World<'_>, provider: SocialProvider) -> Result<Vec<SocialAccount>, StoreError> {
    let mut users: Vec<_> = ACCOUNTS.list(&world.tx, "")?.into_iter().map(|(_, account)| account).collect();
    users.sort_by_key(|account| std::cmp::Reverse(account.first_visit));
    Ok(users.iter().flat_map(|account| account.social_accounts(provider)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_always_the_same_account_and_another_one_at_another_provider() {
        let id = |provider, name: &str| SocialAccount::named(provider, name).unwrap().id;
        let google = id(SocialProvider::Google, "ada@example.com");
        assert_eq!(google, id(SocialProvider::Google, " Ada@Example.com "));
        assert_ne!(google, id(SocialProvider::Google, "ada"));
        assert_ne!(google, id(SocialProvider::GitHub, "ada@example.com"));
    }

    #[test]
    fn what_is_no_name_is_no_account() {
        for name in ["", "  ", "a\nb", &"x".repeat(101)] {
            assert_eq!(SocialAccount::named(SocialProvider::Google, name), None, "{name:?}");
        }
    }
}
