//! Whether the user has to verify once more.

use std::{cell::OnceCell, rc::Rc};

use futures_util::{
    FutureExt,
    future::{Shared, WeakShared},
};

use super::StepUpClient;
use crate::{
    LocalFuture,
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

/// The checks that are under way. Whoever asks the same in the same session waits for the same answer.
#[derive(Default)]
pub(super) struct PendingChecks(Vec<(Epoch, TokenScope, Pending<WeakShared<Ended>>)>);

impl PendingChecks {
    fn find(&self, epoch: Epoch, scope: &TokenScope) -> Option<Pending<Shared<Ended>>> {
        let is_meant = |(e, s, pending): &&(Epoch, TokenScope, Pending<_>)| {
            // Whoever has yet to read an answer does not make it newer.
            *e == epoch && s == scope && pending.check.get().is_none()
        };
        let (.., pending) = self.0.iter().find(is_meant)?;
        Some(Pending { ended: pending.ended.upgrade()?, check: Rc::clone(&pending.check) })
    }

    fn add(&mut self, epoch: Epoch, scope: TokenScope, pending: &Pending<Shared<Ended>>) {
        // Whose callers are all gone or answered is of no more use.
        self.0.retain(|(.., known)| known.check.get().is_none() && known.ended.upgrade().is_some());
        self.0.extend(
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
        pending.check.get().cloned().unwrap_or_else(|| StepUpCheck::failed(StepUpError::Cancelled))
    }

    fn begin_check(&self, epoch: Epoch, scope: TokenScope) -> Pending<Shared<Ended>> {
        let check = Rc::new(OnceCell::new());
        let answer = self.run(epoch, &StepUpCheckCall { scope: &scope });
        let ended: Ended = Box::pin({
            let check = Rc::clone(&check);
            async move {
                let _ = check.set(match answer.await {
                    Ok(answer) => StepUpCheck {
                        is_required: answer.is_required,
                        credentials: answer.credentials,
                        default_credential_id: answer.default_credential_id,
                        cause: None,
                    },
                    Err(error) => StepUpCheck::failed(error),
                });
            }
        });
        let pending = Pending { ended: ended.shared(), check };
        self.inner.checks.borrow_mut().add(epoch, scope, &pending);
        pending
    }
}
