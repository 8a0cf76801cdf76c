//! Running an action behind a step-up. What decides is in `guard.rs`.

use futures_util::future::{Either, select};

use super::{Event, StepUpClient, prompt::KnownCheck};
use crate::{
    LocalFuture,
    elevation::{Elevation, HeldId},
    error::{Result, StepUpError},
    guard::{AsChallenge, Challenge, GuardOptions, GuardPhase, Guarded, guard},
    prompt::PromptOptions,
    routing::Path,
    types::TokenScope,
};

impl StepUpClient {
    /// Runs an action that needs an elevation: checks, lets the user verify where that is required, runs; and where the
    /// server refuses for want of an elevation, lets the user verify and runs once more.
    ///
    /// Actions that begin at the same time share a prompt. Where it brings a token for one use, one of them runs, and the
    /// others ask again, in one prompt together: each gets a token of its own. While an action runs, what it was given is not
    /// held for anybody else.
    ///
    /// ```
    /// # use step_up_core::{GuardOptions, HttpRequest, HttpResponse, Result, StepUpClient, TokenScope};
    /// async fn delete(client: StepUpClient) -> Result<HttpResponse> {
    ///     let options = GuardOptions::new(&[TokenScope::UserDelete]);
    ///     let sender = client.clone();
    ///     client.guard(options, move || sender.send(HttpRequest::delete("/users"), TokenScope::UserDelete)).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`prompt_step_up_auth`](Self::prompt_step_up_auth), and the action's own.
    pub fn guard<T, E, A, Fut>(&self, options: GuardOptions, action: A) -> LocalFuture<'static, Result<T, E>>
    where
        T: 'static,
        E: From<StepUpError> + AsChallenge + 'static,
        A: FnMut() -> Fut + 'static,
        Fut: Future<Output = Result<T, E>> + 'static,
    {
        self.guard_with_phases(options, action, |_| ())
    }

    /// [`guard`](Self::guard), and tells `on_phase` where it stands.
    ///
    /// # Errors
    ///
    /// As for [`guard`](Self::guard).
    pub fn guard_with_phases<T, E, A, Fut>(
        &self,
        options: GuardOptions,
        action: A,
        on_phase: impl FnMut(GuardPhase) + 'static,
    ) -> LocalFuture<'static, Result<T, E>>
    where
        T: 'static,
        E: From<StepUpError> + AsChallenge + 'static,
        A: FnMut() -> Fut + 'static,
        Fut: Future<Output = Result<T, E>> + 'static,
    {
        let is_replayable = options.is_replayable;
        let guarded = ClientGuard {
            claims: Claims { client: self.clone(), ids: Vec::new() },
            client: self.clone(),
            options,
            action,
            on_phase,
            check: None,
            carried: Vec::new(),
        };
        Box::pin(guard(guarded, is_replayable))
    }
}

struct ClientGuard<A, P> {
    client: StepUpClient,
    options: GuardOptions,
    action: A,
    on_phase: P,
    /// The check that said that the user has to verify, for the first prompt.
    check: Option<KnownCheck>,
    /// What was held when the action ran last.
    carried: Vec<Elevation>,
    claims: Claims,
}

/// The tokens for one use that an action was promised. Dropped with it, also before it has run.
struct Claims {
    client: StepUpClient,
    ids: Vec<HeldId>,
}

impl Claims {
    /// Whether there is a token for each of the scopes.
    fn take(&mut self, scopes: &[TokenScope]) -> bool {
        let inner = &self.client.inner;
        let is_complete = {
            let (held, now) = (&mut *inner.elevations.borrow_mut(), inner.clock.now());
            scopes.iter().all(|scope| {
                // One token may be for several.
                let is_claimed = self.ids.iter().any(|id| held.covers(*id, scope));
                is_claimed || held.claim(scope, now).map(|id| self.ids.push(id)).is_some()
            })
        };
        if !is_complete {
            self.give_back();
        } else if inner.elevations.borrow().is_claimed(&self.ids) {
            self.tell();
        }
        is_complete
    }

    fn give_back(&mut self) {
        let ids = std::mem::take(&mut self.ids);
        let is_change = {
            let held = &mut *self.client.inner.elevations.borrow_mut();
            let is_change = held.is_claimed(&ids);
            ids.into_iter().for_each(|id| held.unclaim(id));
            is_change
        };
        if is_change {
            self.tell();
        }
    }

    fn tell(&self) {
        self.client.inner.listeners.emit(&Event::ElevationsChanged);
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<A, P> ClientGuard<A, P> {
    fn held(&self) -> Vec<Elevation> {
        self.options.scopes.iter().filter_map(|scope| self.client.elevation(scope)).collect()
    }
}

impl<T, E, A, Fut, P> Guarded for ClientGuard<A, P>
where
    E: From<StepUpError> + AsChallenge,
    A: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    P: FnMut(GuardPhase),
{
    type Output = T;
    type Error = E;

    async fn is_required(&mut self) -> bool {
        if self.claim() {
            return false;
        }
        for scope in &self.options.scopes {
            let check = self.client.check(scope).await;
            if check.is_required {
                self.check = Some((scope.clone(), check));
                return true;
            }
        }
        false
    }

    async fn prompt(&mut self, challenge: Option<(Challenge, bool)>) -> Result<()> {
        let mut scopes: Vec<TokenScope> = self.options.scopes.clone();
        let is_challenged = challenge.is_some();
        let (challenge, is_fresh) = challenge.unwrap_or_default();
        scopes.extend(challenge.scopes);
        let mut options = PromptOptions::new(&scopes);
        // What the server has refused and is still held is of no use. Something newer may have come meanwhile, by another
        // action's prompt: that is worth a try.
        if is_fresh || (is_challenged && self.held() == self.carried) {
            options = options.with_force();
        }
        let prompt = self.client.ask_user(Path::Auto, options, self.check.take());
        let Some(cancellation) = self.options.cancellation.clone() else {
            return prompt.await.map(drop);
        };
        match select(cancellation, prompt).await {
            Either::Left(_) => Err(StepUpError::Cancelled),
            Either::Right((verified, _)) => verified.map(drop),
        }
    }

    fn claim(&mut self) -> bool {
        self.claims.give_back();
        self.carried = self.held();
        self.claims.take(&self.options.scopes)
    }

    async fn run(&mut self) -> Result<T, E> {
        if self.claims.ids.is_empty() {
            self.carried = self.held();
        }
        let outcome = (self.action)().await;
        self.claims.give_back();
        outcome
    }

    fn enter(&mut self, phase: GuardPhase) {
        (self.on_phase)(phase);
    }
}
