//! Running an action behind a step-up. What decides is in `guard.rs`.

use futures_util::future::{Either, select};

use super::{Event, StepUpClient};
use crate::{
    LocalFuture,
    challenge::Challenge,
    elevation::HeldId,
    error::{Result, StepUpError},
    guard::{AsChallenge, GuardOptions, GuardPhase, Guarded, guard},
    prompt::PromptOptions,
    routing::Path,
    scopes::Scopes,
    session::Epoch,
    types::TokenScope,
};

impl StepUpClient {
    /// Runs an action that needs an elevation: checks, lets the user verify where that is required, runs; and where the
    /// server refuses for want of an elevation, lets the user verify for what the server asks for and runs once more.
    ///
    /// The action is handed the scopes that its request needs, for [`send`](Self::send): those of the options, and after a
    /// challenge that names scopes, these. With `max_age` or `acr_values` in the challenge, a request with the handed scopes
    /// carries only what the user verified for since.
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
    ///     client.guard(options, move |scopes| sender.send(HttpRequest::delete("/users"), scopes)).await
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
        A: FnMut(Scopes) -> Fut + 'static,
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
        A: FnMut(Scopes) -> Fut + 'static,
        Fut: Future<Output = Result<T, E>> + 'static,
    {
        let is_replayable = options.is_replayable;
        let guarded = ClientGuard {
            claims: Claims { client: self.clone(), ids: Vec::new() },
            client: self.clone(),
            epoch: None,
            needs: Needs { asked: options.scopes.clone().into(), is_joint: false, kept: Vec::new() },
            is_challenged: false,
            options,
            action,
            on_phase,
            carried: Vec::new(),
        };
        Box::pin(guard(guarded, is_replayable))
    }
}

struct ClientGuard<A, P> {
    client: StepUpClient,
    /// The session that it began in. It goes on in no other.
    epoch: Option<Epoch>,
    options: GuardOptions,
    needs: Needs,
    is_challenged: bool,
    action: A,
    on_phase: P,
    /// What was there for the action when it ran last.
    carried: Vec<HeldId>,
    claims: Claims,
}

/// What an action needs elevations for.
struct Needs {
    /// For its request, which is handed these.
    asked: Scopes,
    /// Whether one token has to cover all of these: a server that was sent one request has asked for them.
    is_joint: bool,
    /// What else the action had when it was refused, and may use again when it runs again.
    kept: Vec<TokenScope>,
}

impl Needs {
    /// Each group is covered by one token.
    fn asked_groups(&self) -> Vec<Scopes> {
        if self.is_joint {
            return vec![self.asked.clone()];
        }
        self.asked.iter().map(|scope| Scopes::from(scope).since(self.asked.since)).collect()
    }

    fn groups(&self) -> Vec<Scopes> {
        let mut groups = self.asked_groups();
        groups.extend(self.kept.iter().map(Scopes::from));
        groups
    }
}

/// The tokens for one use that an action was promised. Dropped with it, also before it has run.
struct Claims {
    client: StepUpClient,
    ids: Vec<HeldId>,
}

impl Claims {
    /// Whether there is a token for each of the groups.
    fn take(&mut self, groups: &[Scopes]) -> bool {
        let inner = &self.client.inner;
        inner.end_if_expired();
        let is_complete = {
            let (held, now) = (&mut *inner.elevations.borrow_mut(), inner.clock.now());
            groups.iter().all(|scopes| {
                // One token may be for several.
                let is_for_all = |id: &HeldId| scopes.iter().all(|scope| held.covers(*id, scope));
                let is_claimed = self.ids.iter().any(is_for_all);
                is_claimed || held.claim(scopes.clone(), now).map(|id| self.ids.push(id)).is_some()
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
    /// The tokens that are free for these groups, in their order.
    fn free(&self, groups: &[Scopes]) -> Vec<Option<HeldId>> {
        let inner = &self.client.inner;
        let (held, now) = (inner.elevations.borrow(), inner.clock.now());
        groups.iter().map(|scopes| held.find_free(scopes, now)).collect()
    }

    /// Whether something is held that the server has not refused yet: another action's prompt may have brought it.
    fn has_untried(&self) -> bool {
        let asked = self.free(&self.needs.asked_groups());
        let is_untried = |id: &Option<HeldId>| id.is_some_and(|id| !self.carried.contains(&id));
        self.free(&self.needs.groups()).iter().all(Option::is_some) && asked.iter().any(is_untried)
    }

    /// The scopes of the options that the action has a token for.
    fn scopes_of_carried(&self) -> Vec<TokenScope> {
        let held = self.client.inner.elevations.borrow();
        let is_carried = |scope: &&TokenScope| self.carried.iter().any(|id| held.covers(*id, scope));
        self.options.scopes.iter().filter(is_carried).cloned().collect()
    }

    /// What the user has to verify for.
    fn prompt_scopes(&self) -> Vec<TokenScope> {
        let mut scopes = self.needs.asked.to_vec();
        let kept = self.needs.kept.iter().filter(|scope| self.client.elevation(scope).is_none());
        scopes.extend(kept.cloned());
        scopes
    }

    /// Fails with `NotSignedIn` unless the session that it began in goes on.
    fn require_session(&self) -> Result<()> {
        self.client.inner.require_session(self.epoch.ok_or(StepUpError::NotSignedIn)?)
    }
}

impl<T, E, A, Fut, P> Guarded for ClientGuard<A, P>
where
    E: From<StepUpError> + AsChallenge,
    A: FnMut(Scopes) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    P: FnMut(GuardPhase),
{
    type Output = T;
    type Error = E;

    async fn is_required(&mut self) -> bool {
        self.epoch = self.client.inner.signed_in_epoch().ok();
        if self.claim() {
            return false;
        }
        for scope in &self.options.scopes {
            if self.client.check(scope).await.is_required {
                return true;
            }
        }
        false
    }

    fn expect(&mut self, challenge: Challenge) {
        self.is_challenged = true;
        let held = self.client.inner.elevations.borrow();
        let since = if challenge.wants_fresh_verification() { held.next_id() } else { 0 };
        if !challenge.scopes.is_empty() {
            self.needs.asked = challenge.scopes.into();
            self.needs.is_joint = true;
            let (asked, options) = (&self.needs.asked, &self.options.scopes);
            self.needs.kept.retain(|scope| !asked.contains(scope) && options.contains(scope));
        } else {
            self.needs.kept.clear();
        }
        self.needs.asked.since = since;
    }

    async fn prompt(&mut self) -> Result<()> {
        self.require_session()?;
        let options = PromptOptions::new(&self.prompt_scopes());
        let options = if !self.is_challenged {
            options.after_check()
        } else if self.has_untried() {
            return Ok(());
        } else {
            options.with_force()
        };
        let prompt = self.client.ask_user(Path::Auto, options);
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
        self.claims.take(&self.needs.groups())
    }

    async fn run(&mut self) -> Result<T, E> {
        self.require_session()?;
        let groups = self.needs.groups();
        self.carried = if self.claims.ids.is_empty() {
            self.free(&groups).into_iter().flatten().collect()
        } else {
            self.claims.ids.clone()
        };
        self.needs.kept = self.scopes_of_carried();
        let outcome = (self.action)(self.needs.asked.clone()).await;
        self.claims.give_back();
        outcome
    }

    fn enter(&mut self, phase: GuardPhase) {
        (self.on_phase)(phase);
    }
}
