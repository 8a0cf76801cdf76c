//! Social sign-in: the service's side of OAuth ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749),
//! [RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)), and the providers, which are emulated.
//!
//! `flow.rs` is the service: what a client began, and what it is handed out. `authorize.rs` is the provider: who is
//! signed in there, and the codes that it gives. Neither trusts what the browser carries between them.

pub(crate) mod account;
pub(crate) mod address;
pub(crate) mod apple;
pub(crate) mod authorize;
pub(crate) mod flow;
#[cfg(feature = "server")]
mod html;
pub(crate) mod settings;
pub(crate) mod view;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use step_up_core::Provider;

use crate::reply::{Outcome, Refusal};

/// A provider that the sandbox emulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SocialProvider {
    Apple,
    Discord,
    GitHub,
    Google,
}

impl SocialProvider {
    pub(crate) const ALL: [Self; 4] = [Self::Google, Self::GitHub, Self::Apple, Self::Discord];

    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    /// The provider of a path's segment. Others that the protocol has are said to be missing.
    pub(crate) fn of_path(name: &str) -> Outcome<Self> {
        Self::find(name).ok_or_else(|| {
            if is_known_elsewhere(name) {
                Refusal::not_implemented("this social provider").into()
            } else {
                Refusal::unprocessable("invalid_provider", "There is no such provider.").into()
            }
        })
    }

    /// The name on the wire.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Apple => "apple",
            Self::Discord => "discord",
            Self::GitHub => "github",
            Self::Google => "google",
        }
    }

    /// The name for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Apple => "Apple",
            Self::Discord => "Discord",
            Self::GitHub => "GitHub",
            Self::Google => "Google",
        }
    }

    /// Whether it gives no code without a challenge. Official clients send none to the others, and their verifier to all.
    pub(crate) const fn is_pkce_required(self) -> bool {
        matches!(self, Self::GitHub)
    }

    /// What it answers if the user refuses.
    pub(crate) const fn refusal(self) -> &'static str {
        match self {
            Self::Apple => "user_cancelled_authorize",
            Self::Discord | Self::GitHub | Self::Google => "access_denied",
        }
    }
}

impl From<SocialProvider> for Provider {
    fn from(provider: SocialProvider) -> Self {
        Self::from(provider.name())
    }
}

/// Whether the protocol has a provider of this name that the sandbox does not have.
fn is_known_elsewhere(name: &str) -> bool {
    SocialProvider::find(name).is_none() && Provider::KNOWN.contains(&Provider::from(name))
}

/// Under what a state, a code or a ticket is kept: looking it up takes as long for a wrong one as for any other.
fn key_of(secret: &str) -> String {
    base16ct::lower::encode_string(&Sha256::digest(secret.as_bytes()))
}

/// Characters that mean nothing in an address ([RFC 3986 §2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3)).
fn is_unreserved(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}
