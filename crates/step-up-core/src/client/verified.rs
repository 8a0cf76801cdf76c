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
    /// where that is less than was asked for: the user's code is spent either way. All of it is done before the listeners are
    /// told, and it is a success only if the session goes on after that.
    pub(super) fn accept_verification(
        &self,
        answer: VerifyResponse,
        scopes: &[TokenScope],
    ) -> Result<Verified> {
        let epoch = self.signed_in_epoch()?;
        // Another tab may have renewed or replaced the session.
        self.take_up_stored();
        self.require_session(epoch)?;
        let granted = readable(answer.elevated_token);
        let session_token = answer.session_token.filter(|token| !token.expose().is_empty());
        let renewed = SessionClaims::of(session_token.as_ref());
        self.check_subject(&answer.user.id, &renewed, granted.as_ref())?;

        let is_granted = granted.is_some();
        let expires_at = answer.expires_at;
        let user = Rc::new(answer.user);
        self.continue_session(session_token, Rc::clone(&user), expires_at);
        let elevation = self.hold(granted, scopes);
        self.save();
        self.listeners.emit(&Event::SessionChanged);
        if is_granted {
            self.listeners.emit(&Event::ElevationsChanged);
        }
        self.require_session(epoch)?;
        Ok(Verified { user, elevation: elevation?, mfa_token: answer.mfa_token })
    }

    /// Takes up the answer to a verification that brought an elevated token and nothing of the session.
    #[cfg(feature = "external")]
    pub(super) fn accept_elevation(
        &self,
        token: Option<ElevatedToken>,
        scopes: &[TokenScope],
    ) -> Result<Verified> {
        let epoch = self.signed_in_epoch()?;
        let user = self.current.borrow().session.user.clone().ok_or(StepUpError::NotSignedIn)?;
        let granted = readable(token);
        self.check_subject(&user.id, &SessionClaims::default(), granted.as_ref())?;
        let is_granted = granted.is_some();
        let elevation = self.hold(granted, scopes);
        if is_granted {
            self.listeners.emit(&Event::ElevationsChanged);
        }
        self.require_session(epoch)?;
        let elevation = elevation?;
        if elevation.is_none() {
            // Nothing was asked for, so nothing is missing by name; and still this verification is for elevating.
            return Err(StepUpError::NotElevated(Challenge::default()));
        }
        Ok(Verified { user, elevation, mfa_token: None })
    }

    /// Holds what was granted, and fails with `NotElevated` if that is less than was asked for. The caller tells the
    /// listeners.
    ///
    /// A token that was spent, or that a request carries just now, adds nothing: then what else is held may cover the scopes.
    fn hold(&self, granted: Option<Parsed>, scopes: &[TokenScope]) -> Result<Option<Elevation>> {
        // Not yet by the token's own time: one that has expired would say that it has not.
        let now = self.clock.now();
        let granted = granted.filter(|parsed| parsed.elevation.expires_at > now);
        let is_granted = granted.is_some();
        let elevations = &mut *self.elevations.borrow_mut();
        let issued_at = granted.as_ref().and_then(|parsed| parsed.issued_at);
        let added = granted.and_then(|parsed| elevations.insert(parsed, now));
        let is_known = is_granted && added.is_none();
        let find = |scope: &TokenScope| elevations.find(scope, now);
        let is_covered = |scope: &&TokenScope| match &added {
            Some(added) => added.scopes.contains(scope),
            None => is_known && find(scope).is_some(),
        };
        let missing: Vec<TokenScope> = scopes.iter().filter(|scope| !is_covered(scope)).cloned().collect();
        let elevation = match added {
            None if is_known => scopes.first().and_then(find).cloned(),
            added => added,
        };
        if let Some(issued_at) = issued_at {
            self.clock.learn_from_token(issued_at);
        }
        if missing.is_empty() {
            Ok(elevation)
        } else {
            Err(StepUpError::NotElevated(Challenge::new(&missing)))
        }
    }

    /// Everything in an answer is about the session's user, or the answer is refused. The subject of a token is the user's id;
    /// a session whose token has another one goes on with that one. Without a session token (in a cookie environment) there is
    /// only the user's id to compare with.
    fn check_subject(&self, user: &UserId, renewed: &SessionClaims, granted: Option<&Parsed>) -> Result<()> {
        let current = self.current.borrow();
        let session = SessionClaims::of(current.token.as_ref());
        let expected = session.sub.as_deref().unwrap_or(user.as_str());
        let is_other = |subject: Option<&str>| subject.is_some_and(|subject| subject != expected);
        if current.session.user.as_ref().map(|user| &user.id) != Some(user)
            || is_other(renewed.sub.as_deref())
            || is_other(granted.and_then(|parsed| parsed.subject.as_deref()))
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
