//! The request that a provider's answer belongs to, and how it waits out a redirect.

use std::time::Duration;

use super::is_same;
use crate::{
    clock::Timestamp,
    error::Result,
    json::{Body, from_json, from_value, parse},
    keychain::{Keychain, random_alphanumeric},
    session::StoredSession,
    types::{Provider, TokenScope, UserId},
};

/// What a user signs in with a social account for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SocialPurpose {
    /// To verify once more.
    StepUp,
    /// To make the account one of theirs.
    Link,
    /// To sign in.
    SignIn,
}

impl SocialPurpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::StepUp => "step-up",
            Self::Link => "link",
            Self::SignIn => "sign-in",
        }
    }
}

/// What is asked for, before it has a state.
pub(crate) struct Draft {
    pub(crate) purpose: SocialPurpose,
    pub(crate) provider: Provider,
    pub(crate) scopes: Vec<TokenScope>,
    pub(crate) app_state: Option<String>,
    /// Who asks, unless it is to sign in.
    pub(crate) user: Option<UserId>,
}

/// What was asked for. It cannot be printed: state and verifier are secrets.
pub(crate) struct SocialRequest {
    pub(crate) draft: Draft,
    /// Comes back with the answer, and tells it from every other.
    pub(crate) state: String,
    /// Proves that who redeems the code is who asked for it
    /// ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)), where the provider takes that.
    pub(crate) verifier: Option<String>,
    pub(crate) created_at: Timestamp,
}

/// How long a redirect may take. After that nobody remembers what they asked for.
const LONGEST_REDIRECT: Duration = Duration::from_secs(60 * 60);

impl SocialRequest {
    /// A request of now.
    pub(crate) fn new(draft: Draft, keychain: &dyn Keychain, now: Timestamp) -> Result<Self> {
        let verifier = takes_pkce(&draft.provider).then(|| random_alphanumeric(keychain, 43)).transpose()?;
        Ok(Self { state: random_alphanumeric(keychain, 32)?, verifier, draft, created_at: now })
    }

    /// Whether an answer with this state is the one to this request.
    pub(crate) fn is_answered_by(&self, state: &str) -> bool {
        is_same(&self.state, state)
    }

    /// As text, with the page that was left and, where nothing else keeps it, the session.
    pub(crate) fn to_secret_json(&self, page: &str, session: Option<&StoredSession>) -> String {
        let draft = &self.draft;
        let mut body = Body::new()
            .text("purpose", draft.purpose.as_str())
            .text("provider", draft.provider.as_str())
            .text("state", &self.state)
            .text("createdAtMillis", &self.created_at.as_millis().to_string())
            .text("page", page)
            .scopes("scopes", &draft.scopes);
        for (name, text) in [
            ("verifier", self.verifier.as_deref()),
            ("appState", draft.app_state.as_deref()),
            ("user", draft.user.as_ref().map(UserId::as_str)),
            ("session", session.map(StoredSession::to_secret_json).as_deref()),
        ] {
            if let Some(text) = text {
                body = body.text(name, text);
            }
        }
        // What `Body` writes is made of texts.
        String::from_utf8(body.finish()).unwrap_or_default()
    }
}

/// A request that waited out a redirect.
pub(crate) struct Kept {
    pub(crate) request: SocialRequest,
    /// The address of the page that was left.
    pub(crate) page: String,
    pub(crate) session: Option<StoredSession>,
}

impl Kept {
    /// From what [`SocialRequest::to_secret_json`] wrote; `None` where it is anything else.
    pub(crate) fn from_json(text: &str) -> Option<Self> {
        let texts: Texts = from_value(&parse(text.as_bytes(), "a kept request").ok()?)?;
        let purposes = [SocialPurpose::StepUp, SocialPurpose::Link, SocialPurpose::SignIn];
        let purpose = purposes.into_iter().find(|purpose| purpose.as_str() == texts.purpose)?;
        let request = SocialRequest {
            draft: Draft {
                purpose,
                provider: texts.provider,
                scopes: texts.scopes,
                app_state: texts.app_state,
                user: texts.user,
            },
            state: texts.state,
            verifier: texts.verifier,
            created_at: Timestamp::from_millis(texts.created_at_millis.parse().ok()?),
        };
        let session = texts.session.and_then(|session| StoredSession::from_json(&session).ok());
        Some(Self { request, page: texts.page, session })
    }

    /// Whether it waited longer than anybody remembers. One from the future was written by a clock that was wrong.
    pub(crate) fn is_stale(&self, now: Timestamp) -> bool {
        now.since(self.request.created_at) > LONGEST_REDIRECT
    }
}

struct Texts {
    purpose: String,
    provider: Provider,
    state: String,
    verifier: Option<String>,
    scopes: Vec<TokenScope>,
    app_state: Option<String>,
    user: Option<UserId>,
    created_at_millis: String,
    page: String,
    session: Option<String>,
}

from_json!(Texts {
    purpose = "purpose",
    provider = "provider",
    state = "state",
    verifier = "verifier",
    scopes = "scopes" or default,
    app_state = "appState",
    user = "user",
    created_at_millis = "createdAtMillis",
    page = "page",
    session = "session",
});

/// Whether a proof key goes with requests to this provider. The service redeems the code itself, and hands the verifier on
/// for these two only: with any other, a challenge would make the code worthless (`docs/PROTOCOL.md`, "Social accounts").
fn takes_pkce(provider: &Provider) -> bool {
    matches!(provider, Provider::GitHub | Provider::Twitter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{SessionToken, User};

    fn request(provider: &str, app_state: Option<String>) -> SocialRequest {
        SocialRequest {
            draft: Draft {
                purpose: SocialPurpose::Link,
                provider: provider.into(),
                scopes: vec![TokenScope::WalletExport, "later:scope".into()],
                app_state,
                user: Some("u".into()),
            },
            state: "s".into(),
            verifier: Some("v".into()),
            created_at: Timestamp::from_millis(1_795_514_400_123),
        }
    }

    proptest! {
        #[test]
        fn a_request_survives_being_kept(provider: String, app_state: Option<String>, page: String) {
            let request = request(&provider, app_state);
            let session = StoredSession {
                token: Some(SessionToken::new("t")),
                user: std::rc::Rc::new(User::new("u", "e")),
                expires_at: None,
            };
            let kept = Kept::from_json(&request.to_secret_json(&page, Some(&session))).unwrap();
            prop_assert_eq!(&kept.page, &page);
            prop_assert_eq!(kept.session.as_ref(), Some(&session));
            let read = &kept.request;
            prop_assert_eq!(read.draft.purpose, SocialPurpose::Link);
            prop_assert_eq!(&read.draft.provider, &request.draft.provider);
            prop_assert_eq!(&read.draft.scopes, &request.draft.scopes);
            prop_assert_eq!(&read.draft.app_state, &request.draft.app_state);
            prop_assert_eq!(&read.draft.user, &request.draft.user);
            prop_assert!(read.is_answered_by("s") && !read.is_answered_by("S") && !read.is_answered_by(""));
            prop_assert_eq!(&read.verifier, &request.verifier);
            prop_assert_eq!(read.created_at, request.created_at);
        }

        #[test]
        fn garbage_is_no_request(text: String) {
            prop_assert!(Kept::from_json(&text).is_none());
        }
    }

    #[test]
    fn an_hour_is_too_long() {
        let kept = Kept::from_json(&request("google", None).to_secret_json("/", None)).unwrap();
        let asked = kept.request.created_at;
        assert!(!kept.is_stale(asked.after(LONGEST_REDIRECT)));
        assert!(kept.is_stale(asked.after(LONGEST_REDIRECT + Duration::from_millis(1))));
        assert!(!kept.is_stale(Timestamp::from_millis(0)));
        assert!(kept.session.is_none());
        assert!(
            Kept::from_json(
                r#"{"purpose":"other","provider":"p","state":"s","createdAtMillis":"1","page":"/"}"#
            )
            .is_none()
        );
    }
}
