//! Asking for a prompt: whether the user has to be asked at all, and waiting for it.

use std::time::Duration;

use super::{KnownCheck, caller::Caller};
use crate::{
    LocalFuture,
    client::{Inner, StepUpClient, Verified},
    error::{Result, StepUpError},
    prompt::PromptOptions,
    routing::Path,
    session::Epoch,
    types::TokenScope,
};

/// What is known before the user is asked.
enum Need {
    /// Each of the scopes is held, or the service requires no step-up for it.
    None,
    /// The user is asked. There may be a check of one of the scopes, which says what they can verify with.
    User(Option<KnownCheck>),
}

impl StepUpClient {
    /// Lets the user verify, by whatever way the [routing table](crate::routing) gives, and holds the elevated token for
    /// the scopes of `options`. The mounted prompter draws the prompt ([`mount_prompter`](Self::mount_prompter)).
    ///
    /// If the scopes are held already it is `Ok` at once. Otherwise the service is asked whether they require a step-up; if
    /// it says that they do not, the user is not asked, and the result is `Ok` without an elevation. A check of one of the
    /// scopes that was made in the last 30 seconds and requires a step-up is taken over in place of another one: once, and only
    /// if nothing was sent since that may have changed it. [`with_force`](PromptOptions::with_force) asks the user in any case.
    ///
    /// Callers that ask at the same time share one prompt where their scopes allow it, and wait for each other where they
    /// don't; of those that share a token for one use, the first to send it has it. Dropping the future leaves the prompt;
    /// the last one closes it.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](StepUpError::Cancelled) where the user cancelled, or the prompt's screen is gone;
    /// [`NoPrompter`](StepUpError::NoPrompter) if no prompter is mounted, also before it is known whether a step-up is required;
    /// [`NoReauthMethods`](StepUpError::NoReauthMethods) where the user has nothing to verify with, and
    /// [`UnsupportedTarget`](StepUpError::UnsupportedTarget) where this app or browser has none of it;
    /// [`PopupClosed`](StepUpError::PopupClosed), [`Redirecting`](StepUpError::Redirecting),
    /// [`MfaRequired`](StepUpError::MfaRequired), [`SubjectMismatch`](StepUpError::SubjectMismatch);
    /// [`NotSignedIn`](StepUpError::NotSignedIn), also where the session ended meanwhile; those of every request, where
    /// what the user has could not be looked up. Other failures stay in the prompt, for another try.
    pub fn prompt_step_up_auth(&self, options: PromptOptions) -> LocalFuture<'static, Result<Verified>> {
        self.ask_user(Path::Auto, options)
    }

    /// [`prompt_step_up_auth`](Self::prompt_step_up_auth) with a second factor only, for an app that has made the check: the
    /// user is asked also if the service requires no step-up.
    ///
    /// # Errors
    ///
    /// As for [`prompt_step_up_auth`](Self::prompt_step_up_auth); [`NoMfaMethods`](StepUpError::NoMfaMethods) where the
    /// user has none.
    pub fn prompt_mfa(&self, options: PromptOptions) -> LocalFuture<'static, Result<Verified>> {
        self.ask_user(Path::Mfa, options)
    }

    /// [`prompt_step_up_auth`](Self::prompt_step_up_auth) with what the user signs in with only, for an app that has made the
    /// check: the user is asked also if the service requires no step-up.
    ///
    /// # Errors
    ///
    /// As for [`prompt_step_up_auth`](Self::prompt_step_up_auth); [`MfaRequired`](StepUpError::MfaRequired) where the user
    /// has a second factor, without which nothing elevates them.
    pub fn prompt_reauthenticate(&self, options: PromptOptions) -> LocalFuture<'static, Result<Verified>> {
        self.ask_user(Path::Reauthenticate, options)
    }

    pub(in crate::client) fn ask_user(
        &self,
        path: Path,
        options: PromptOptions,
    ) -> LocalFuture<'static, Result<Verified>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            if let Some(verified) = client.inner.held_for(&options) {
                return Ok(verified);
            }
            client.wait_for_prompter(epoch).await?;
            let known = match client.need(epoch, path, &options).await? {
                Need::User(known) => known,
                Need::None => return client.inner.unasked(&options),
            };
            client.wait_for_prompter(epoch).await?;
            let verified = Caller::join(&client, path, options, known).await?;
            client.inner.require_session(epoch)?;
            Ok(verified)
        })
    }

    /// Returns once a prompter is mounted.
    async fn wait_for_prompter(&self, epoch: Epoch) -> Result<()> {
        let has_prompter = || !self.inner.prompts().borrow().prompters.is_empty();
        if !has_prompter() {
            // The prompt's screen may be about to mount.
            self.sleep(Duration::ZERO).await;
            self.inner.require(epoch)?;
            if !has_prompter() {
                return Err(StepUpError::NoPrompter);
            }
        }
        Ok(())
    }

    /// Whether the user has to be asked.
    async fn need(&self, epoch: Epoch, path: Path, options: &PromptOptions) -> Result<Need> {
        let is_conditional = path == Path::Auto && options.is_conditional();
        let is_asked = || self.inner.prompts().borrow().queue.asks_for(path, options);
        if !is_conditional || is_asked() {
            return Ok(Need::User(self.inner.take_check(epoch, &options.scopes)));
        }
        // While one scope is checked, the elevation of another may be spent: then that one is checked, too.
        let mut not_required: Vec<&TokenScope> = Vec::new();
        let is_open =
            |scope: &TokenScope, known: &[&TokenScope]| !known.contains(&scope) && !self.inner.is_held(scope);
        while let Some(scope) = options.scopes.iter().find(|scope| is_open(scope, &not_required)) {
            let check = self.check_for_prompt(epoch, scope).await;
            self.inner.require(epoch)?;
            if check.is_required {
                return Ok(Need::User(Some((scope.clone(), check))));
            }
            not_required.push(scope);
        }
        Ok(Need::None)
    }
}

impl Inner {
    fn is_held(&self, scope: &TokenScope) -> bool {
        self.elevations.borrow().find(scope, self.clock.now()).is_some()
    }

    /// What an elevation that is held already brings to a prompt, if that is all that it is for.
    ///
    /// A session that has expired brings nothing. It is not ended here, since the prompts may be borrowed.
    pub(super) fn held_for(&self, options: &PromptOptions) -> Option<Verified> {
        if self.is_expired() || options.is_forced || options.wants_mfa_token || options.scopes.is_empty() {
            return None;
        }
        if !options.scopes.iter().all(|scope| self.is_held(scope)) {
            return None;
        }
        let user = self.current.borrow().session.user.clone()?;
        let now = self.clock.now();
        let held: Vec<_> = {
            let elevations = self.elevations.borrow();
            options.scopes.iter().filter_map(|scope| elevations.find(scope, now).cloned()).collect()
        };
        // Several scopes can be held by several tokens; the one that covers the most tells the most.
        let elevation = held
            .into_iter()
            .max_by_key(|held| options.scopes.iter().filter(|scope| held.scopes.contains(scope)).count());
        Some(Verified { user, elevation, mfa_token: None })
    }

    /// What a caller gets if the user need not be asked.
    fn unasked(&self, options: &PromptOptions) -> Result<Verified> {
        // They may have been verified while the caller waited.
        if let Some(verified) = self.held_for(options) {
            return Ok(verified);
        }
        let user = self.current.borrow().session.user.clone().ok_or(StepUpError::NotSignedIn)?;
        Ok(Verified { user, elevation: None, mfa_token: None })
    }
}
