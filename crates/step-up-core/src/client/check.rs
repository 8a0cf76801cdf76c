//! Whether the user has to verify once more.

use std::{cell::OnceCell, rc::Rc, time::Duration};

use futures_util::{
    FutureExt,
    future::{Shared, WeakShared},
};

use super::{Inner, StepUpClient, prompt::KnownCheck};
use crate::{
    LocalFuture,
    clock::Timestamp,
    endpoint::StepUpCheckCall,
    error::StepUpError,
    prompt::is_mfa,
    session::Epoch,
    types::{CredentialId, StepUpCredential, TokenScope},
};

/// Whether the user has to verify once more, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepUpCheck {
    /// Whether they have to. `true` also where nobody could tell.
    pub is_required: bool,
    /// What they can verify with.
    pub credentials: Vec<StepUpCredential>,
    /// What the server would choose: the default or latest MFA method, else the credential of the sign-in.
    pub default_credential_id: Option<CredentialId>,
    /// Why the check failed, where it is required because it did.
    pub cause: Option<StepUpError>,
}

impl StepUpCheck {
    fn held() -> Self {
        Self { is_required: false, credentials: Vec::new(), default_credential_id: None, cause: None }
    }

    /// Nobody could tell, so it is required.
    fn failed(cause: StepUpError) -> Self {
        Self { is_required: true, cause: Some(cause), ..Self::held() }
    }

    /// Whether second factors are what is listed: [`prompt_mfa`](StepUpClient::prompt_mfa) takes them, else it is
    /// [`prompt_reauthenticate`](StepUpClient::prompt_reauthenticate) that does. A server lists nothing else for whoever
    /// has a second factor.
    ///
    /// ```
    /// # use step_up_core::{PromptOptions, StepUpClient, StepUpError, TokenScope};
    /// async fn verify(client: StepUpClient) -> Result<(), StepUpError> {
    ///     let check = client.check(&TokenScope::WalletExport).await;
    ///     let options = PromptOptions::new(&[TokenScope::WalletExport]);
    ///     if check.is_required && check.lists_mfa() {
    ///         client.prompt_mfa(options).await?;
    ///     } else if check.is_required {
    ///         client.prompt_reauthenticate(options).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn lists_mfa(&self) -> bool {
        self.credentials.iter().any(is_mfa)
    }
}

/// A check that is under way, and what comes of it. What is shared is that it ended: the same type as that of all other
/// shared futures, so that their code is there once.
#[derive(Clone)]
struct Pending<F> {
    ended: F,
    check: Rc<OnceCell<StepUpCheck>>,
}

type Ended = LocalFuture<'static, ()>;

/// How long a check may answer the prompt that follows it. Long enough for an app that checks and then prompts.
const CHECK_LIFETIME: Duration = Duration::from_secs(30);

/// The checks that are under way, which answer all callers that ask the same in the same session; and those that have
/// ended and require a step-up, each of which may answer one prompt.
#[derive(Default)]
pub(super) struct Checks {
    pending: Vec<(Epoch, TokenScope, Pending<WeakShared<Ended>>)>,
    ended: Vec<EndedCheck>,
    /// How often something may have changed what checks say.
    changes: u64,
}

struct EndedCheck {
    epoch: Epoch,
    scope: TokenScope,
    check: StepUpCheck,
    at: Timestamp,
}

impl Checks {
    /// Something may have changed what checks say. A check that is under way still answers the callers that it has, but no
    /// later one joins it.
    pub(super) fn forget(&mut self) {
        self.ended.clear();
        self.pending.clear();
        self.changes += 1;
    }

    fn keep(&mut self, ended: EndedCheck) {
        self.retain_recent(ended.epoch, ended.at);
        self.ended.retain(|known| known.scope != ended.scope);
        self.ended.push(ended);
    }

    /// Takes the check of one of these scopes.
    fn take(&mut self, epoch: Epoch, scopes: &[TokenScope], now: Timestamp) -> Option<KnownCheck> {
        self.retain_recent(epoch, now);
        let at = self.ended.iter().position(|known| scopes.contains(&known.scope))?;
        let EndedCheck { scope, check, .. } = self.ended.remove(at);
        Some((scope, check))
    }

    fn retain_recent(&mut self, epoch: Epoch, now: Timestamp) {
        // A clock that was set back says nothing of how old they are.
        let is_recent = |at: Timestamp| at <= now && now.since(at) < CHECK_LIFETIME;
        self.ended.retain(|known| known.epoch == epoch && is_recent(known.at));
    }

    fn find(&self, epoch: Epoch, scope: &TokenScope) -> Option<Pending<Shared<Ended>>> {
        let is_meant = |(e, s, pending): &&(Epoch, TokenScope, Pending<_>)| {
            // Whoever has yet to read an answer does not make it newer.
            *e == epoch && s == scope && pending.check.get().is_none()
        };
        let (.., pending) = self.pending.iter().find(is_meant)?;
        Some(Pending { ended: pending.ended.upgrade()?, check: Rc::clone(&pending.check) })
    }

    fn add(&mut self, epoch: Epoch, scope: TokenScope, pending: &Pending<Shared<Ended>>) {
        // Whose callers are all gone or answered is of no more use.
        self.pending.retain(|(.., known)| known.check.get().is_none() && known.ended.upgrade().is_some());
        self.pending.extend(
            pending
                .ended
                .downgrade()
                .map(|ended| (epoch, scope, Pending { ended, check: Rc::clone(&pending.check) })),
        );
    }
}

impl StepUpClient {
    /// Whether the user has to verify once more before they may do what `scope` guards.
    ///
    /// A held token answers without a request. Otherwise the server is asked, once for all who ask at the same time. It
    /// cannot fail: whatever goes wrong, the answer is "required", with the [`cause`](StepUpCheck::cause).
    pub fn check(&self, scope: &TokenScope) -> LocalFuture<'static, StepUpCheck> {
        let (client, scope) = (self.clone(), scope.clone());
        Box::pin(async move {
            if client.elevation(&scope).is_some() {
                return StepUpCheck::held();
            }
            match client.inner.signed_in_epoch() {
                Ok(epoch) => client.shared_check(epoch, scope).await,
                Err(error) => StepUpCheck::failed(error),
            }
        })
    }

    /// [`check`](Self::check), as a yes or no.
    pub fn is_required(&self, scope: &TokenScope) -> LocalFuture<'static, bool> {
        let check = self.check(scope);
        Box::pin(async move { check.await.is_required })
    }

    pub(super) async fn shared_check(&self, epoch: Epoch, scope: TokenScope) -> StepUpCheck {
        let known = self.inner.checks.borrow().find(epoch, &scope);
        let pending = known.unwrap_or_else(|| self.begin_check(epoch, scope));
        pending.ended.await;
        if let Err(ended) = self.inner.require_session(epoch) {
            return StepUpCheck::failed(ended);
        }
        pending.check.get().cloned().unwrap_or_else(|| StepUpCheck::failed(StepUpError::Cancelled))
    }

    /// A check for a prompt: the one that was made just before, else a new one. Either way it answers no other prompt.
    pub(super) async fn check_for_prompt(&self, epoch: Epoch, scope: &TokenScope) -> StepUpCheck {
        let scopes = std::slice::from_ref(scope);
        if let Some((_, check)) = self.inner.take_check(epoch, scopes) {
            return check;
        }
        let check = self.shared_check(epoch, scope.clone()).await;
        drop(self.inner.take_check(epoch, scopes));
        check
    }

    fn begin_check(&self, epoch: Epoch, scope: TokenScope) -> Pending<Shared<Ended>> {
        let check = Rc::new(OnceCell::new());
        let answer = self.run(epoch, &StepUpCheckCall { scope: &scope });
        let changes = self.inner.checks.borrow().changes;
        let ended: Ended = Box::pin({
            let (check, inner, scope) = (Rc::clone(&check), Rc::clone(&self.inner), scope.clone());
            async move {
                let result = match answer.await {
                    Ok(answer) => StepUpCheck {
                        is_required: answer.is_required,
                        credentials: answer.credentials,
                        default_credential_id: answer.default_credential_id,
                        cause: None,
                    },
                    Err(error) => StepUpCheck::failed(error),
                };
                inner.keep_check(epoch, changes, scope, result.clone());
                let _ = check.set(result);
            }
        });
        let pending = Pending { ended: ended.shared(), check };
        self.inner.checks.borrow_mut().add(epoch, scope, &pending);
        pending
    }
}

impl Inner {
    /// Keeps a check that requires a step-up for the prompt that follows it, unless something has happened since it began.
    /// One that requires none is not kept: if that changes meanwhile, the user would not be asked.
    fn keep_check(&self, epoch: Epoch, changes: u64, scope: TokenScope, check: StepUpCheck) {
        let (is_same_session, at) = (self.epoch() == epoch, self.platform.clock.now());
        let checks = &mut *self.checks.borrow_mut();
        if check.is_required && is_same_session && checks.changes == changes {
            checks.keep(EndedCheck { epoch, scope, check, at });
        }
    }

    /// Takes the check of one of these scopes that was made just before, if there is one.
    pub(super) fn take_check(&self, epoch: Epoch, scopes: &[TokenScope]) -> Option<KnownCheck> {
        self.checks.borrow_mut().take(epoch, scopes, self.platform.clock.now())
    }
}
