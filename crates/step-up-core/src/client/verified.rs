//! Taking up the answer to a verification.

use std::rc::Rc;

use super::{Event, Inner};
use crate::{
    LocalFuture,
    challenge::Challenge,
    elevation::{Elevation, Parsed},
    error::{Result, StepUpError},
    secret::{ElevatedToken, MfaToken},
    session::SessionClaims,
    types::{TokenScope, User, UserId, VerifyResponse},
};

/// What a verification brought. The elevated token itself stays in the client, which attaches it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The user.
    pub user: Rc<User>,
    /// What is held from now on; `None` if no scope was asked for, and if a prompt found that the service requires no
    /// step-up.
    pub elevation: Option<Elevation>,
    /// A legacy MFA token, where one was asked for.
    pub mfa_token: Option<MfaToken>,
}

/// The user of a verification that is of interest for nothing else.
pub(super) fn user_of(
    verification: LocalFuture<'static, Result<Verified>>,
) -> LocalFuture<'static, Result<Rc<User>>> {
    Box::pin(async move { Ok(verification.await?.user) })
}

/// Whether a verification worked that is of interest for nothing else.
#[cfg(feature = "mfa")]
pub(crate) fn done(verification: LocalFuture<'static, Result<Verified>>) -> LocalFuture<'static, Result<()>> {
    Box::pin(async move { verification.await.map(drop) })
}

impl Inner {
    /// Takes up the answer to a verification that asked for `scopes`, in the session that asked.
    ///
    /// An answer for somebody else changes nothing. Otherwise the session is renewed and what was granted is held, also
    /// where that is less than was asked for: the user's code is spent either way.
    pub(super) fn accept_verification(
        &self,
        answer: VerifyResponse,
        scopes: &[TokenScope],
    ) -> Result<Verified> {
        let granted = readable(answer.elevated_token);
        let session_token = answer.session_token.filter(|token| !token.expose().is_empty());
        let renewed = SessionClaims::of(session_token.as_ref());
        self.check_subject(&answer.user.id, &renewed, granted.as_ref())?;

        if let Some(issued_at) = granted.as_ref().and_then(|parsed| parsed.issued_at) {
            self.clock.learn_from_token(issued_at);
        }
        let expires_at = answer.expires_at;
        let user = Rc::new(answer.user);
        self.continue_session(session_token, Rc::clone(&user), expires_at);
        let elevation = self.hold(granted, scopes)?;
        Ok(Verified { user, elevation, mfa_token: answer.mfa_token })
    }

    /// Takes up the answer to a verification that brought an elevated token and nothing of the session.
    #[cfg(feature = "external")]
    pub(super) fn accept_elevation(
        &self,
        token: Option<ElevatedToken>,
        scopes: &[TokenScope],
    ) -> Result<Verified> {
        let user = self.current.borrow().session.user.clone().ok_or(StepUpError::NotSignedIn)?;
        let granted = readable(token);
        self.check_subject(&user.id, &SessionClaims::default(), granted.as_ref())?;
        if let Some(issued_at) = granted.as_ref().and_then(|parsed| parsed.issued_at) {
            self.clock.learn_from_token(issued_at);
        }
        let elevation = self.hold(granted, scopes)?;
        if elevation.is_none() {
            // Nothing was asked for, so nothing is missing by name; and still this verification is for elevating.
            return Err(StepUpError::NotElevated(Challenge::default()));
        }
        Ok(Verified { user, elevation, mfa_token: None })
    }

    /// Holds what was granted, and says whether that is everything that was asked for.
    fn hold(&self, granted: Option<Parsed>, scopes: &[TokenScope]) -> Result<Option<Elevation>> {
        let now = self.clock.now();
        let granted = granted.filter(|parsed| parsed.elevation.expires_at > now);
        let elevation = granted.as_ref().map(|parsed| parsed.elevation.clone());
        if let Some(parsed) = granted {
            self.elevations.borrow_mut().insert(parsed, now);
            self.listeners.emit(&Event::ElevationsChanged);
        }
        let is_covered = |scope: &&TokenScope| {
            elevation.as_ref().is_some_and(|elevation| elevation.scopes.contains(scope))
        };
        let missing: Vec<TokenScope> = scopes.iter().filter(|scope| !is_covered(scope)).cloned().collect();
        if missing.is_empty() {
            Ok(elevation)
        } else {
            Err(StepUpError::NotElevated(Challenge::new(&missing)))
        }
    }

    /// Everything in an answer is about the session's user, or the answer is refused.
    fn check_subject(&self, user: &UserId, renewed: &SessionClaims, granted: Option<&Parsed>) -> Result<()> {
        let current = self.current.borrow();
        let session = SessionClaims::of(current.token.as_ref());
        let differ =
            |one: Option<&str>, other: Option<&str>| matches!((one, other), (Some(a), Some(b)) if a != b);
        let session_subject = session.sub.as_deref();
        let granted_subject = granted.and_then(|parsed| parsed.subject.as_deref());
        if current.session.user.as_ref().map(|user| &user.id) != Some(user)
            || differ(session_subject, renewed.sub.as_deref())
            || differ(session_subject, granted_subject)
            || differ(renewed.sub.as_deref(), granted_subject)
        {
            return Err(StepUpError::SubjectMismatch);
        }
        Ok(())
    }
}

/// A token that cannot be read grants nothing, as if there were none.
fn readable(token: Option<ElevatedToken>) -> Option<Parsed> {
    token.and_then(|token| Parsed::new(token).ok())
}
