//! Prompts: callers wait, whoever is mounted draws, and the user verifies. What decides is in `prompt/`.
//!
//! Callers drive the look-up of what the user has: as long as somebody waits it goes on, and when nobody does it ends.

mod caller;
mod drawing;
mod lookup;
mod verify;

use std::{cell::RefCell, rc::Rc, task::Waker, time::Duration};

use futures_util::{
    FutureExt as _,
    future::{AbortHandle, Shared},
};

use self::caller::Caller;
pub use self::drawing::{Prompt, Prompter};
use super::{Event, Inner, StepUpCheck, StepUpClient, Verified};
use crate::{
    LocalFuture,
    error::{Result, StepUpError},
    prompt::{CallerId, Grant, Offer, PromptId, PromptOptions, Queue, Settled},
    routing::Path,
    tracker::StepUpTracker,
    types::TokenScope,
};

/// A check that was made just now, so that it need not be asked for again.
pub(super) type KnownCheck = (TokenScope, StepUpCheck);

type Lookup = Shared<LocalFuture<'static, ()>>;

/// Where a client keeps its prompts. A trait, so that a client without any needs no code for them.
pub(super) trait PromptDesk {
    fn prompts(&self) -> &RefCell<Prompts>;

    /// The session of `client` is over, and with it every prompt.
    fn close(&self, client: &Inner);
}

impl PromptDesk for RefCell<Prompts> {
    fn prompts(&self) -> &RefCell<Prompts> {
        self
    }

    fn close(&self, client: &Inner) {
        client.end_prompts();
    }
}

/// The prompts of a client.
#[derive(Default)]
pub(super) struct Prompts {
    queue: Queue,
    drawn: Option<Drawn>,
    /// In the order of their identifiers, which is that in which they came.
    callers: Vec<(CallerId, Slot)>,
    /// Whoever may draw, in the order that they were mounted; the last one does.
    prompters: Vec<(u64, Rc<dyn Fn()>)>,
    next_prompter: u64,
}

/// The prompt that is drawn.
struct Drawn {
    id: PromptId,
    tracker: StepUpTracker,
    offer: Offer,
    lookup: Lookup,
    /// Ends what the user is shown by a passkey, a wallet or a provider.
    attempt: Option<AbortHandle>,
}

impl Drop for Drawn {
    fn drop(&mut self) {
        if let Some(attempt) = &self.attempt {
            attempt.abort();
        }
    }
}

/// Where a caller finds how their wait ended.
struct Slot {
    outcome: Option<Result<Verified>>,
    waker: Waker,
}

/// What is left to do once nothing is borrowed any more: whoever is told may call the client.
#[derive(Default)]
#[must_use]
struct Afterwards {
    wakers: Vec<Waker>,
    notify: Option<Rc<dyn Fn()>>,
    /// Dropped only then: its look-up may end a request, which tells the listeners.
    closed: Vec<Drawn>,
}

impl Afterwards {
    fn run(self) {
        drop(self.closed);
        self.wakers.into_iter().for_each(Waker::wake);
        if let Some(notify) = self.notify {
            notify();
        }
    }
}

impl Prompts {
    fn settle(
        &mut self,
        settled: Vec<Settled>,
        verified: impl Fn(Grant) -> Result<Verified>,
        after: &mut Afterwards,
    ) {
        for Settled { caller, result } in settled {
            self.finish(caller, result.and_then(&verified), after);
        }
    }

    fn finish(&mut self, caller: CallerId, outcome: Result<Verified>, after: &mut Afterwards) {
        if let Some(slot) = self.slot(caller) {
            slot.outcome = Some(outcome);
            after.wakers.push(slot.waker.clone());
        }
    }

    fn fail(&mut self, settled: Vec<Settled>, after: &mut Afterwards) {
        // Nobody is settled as verified here; if somebody were, it would be as an error.
        self.settle(settled, |_| Err(StepUpError::NotElevated { missing: Vec::new() }), after);
    }

    fn place(&self, caller: CallerId) -> Option<usize> {
        self.callers.binary_search_by_key(&caller, |(id, _)| *id).ok()
    }

    fn slot(&mut self, caller: CallerId) -> Option<&mut Slot> {
        let at = self.place(caller)?;
        Some(&mut self.callers[at].1)
    }

    /// Says whether the caller was there.
    fn forget(&mut self, caller: CallerId) -> bool {
        self.place(caller).map(|at| self.callers.remove(at)).is_some()
    }

    /// The prompt that is drawn, where it is still this one.
    fn drawn(&mut self, id: PromptId) -> Option<&mut Drawn> {
        self.drawn.as_mut().filter(|drawn| drawn.id == id)
    }

    fn notify(&self, after: &mut Afterwards) {
        after.notify = self.prompters.last().map(|(_, notify)| Rc::clone(notify));
    }
}

impl Inner {
    fn prompts(&self) -> &RefCell<Prompts> {
        self.prompts.get_or_init(|| Box::<RefCell<Prompts>>::default()).prompts()
    }

    /// The session is over, and with it every prompt.
    fn end_prompts(&self) {
        let mut after = Afterwards::default();
        {
            let prompts = &mut *self.prompts().borrow_mut();
            let settled = prompts.queue.fail_all(&StepUpError::NotSignedIn);
            prompts.fail(settled, &mut after);
            // Whoever was answered and has not looked yet would find a token that is gone.
            for (_, slot) in &mut prompts.callers {
                slot.outcome = Some(Err(StepUpError::NotSignedIn));
            }
            after.closed.extend(prompts.drawn.take());
            prompts.notify(&mut after);
        }
        after.run();
    }

    fn notify_prompter(&self) {
        let mut after = Afterwards::default();
        self.prompts().borrow().notify(&mut after);
        after.run();
    }

    fn is_held(&self, scope: &TokenScope) -> bool {
        self.elevations.borrow().find(scope, self.clock.now()).is_some()
    }

    /// What an elevation that is held already brings to a prompt, if that is all that it is for.
    ///
    /// A session that has expired brings nothing. It is not ended here, since the prompts may be borrowed.
    fn held_for(&self, options: &PromptOptions) -> Option<Verified> {
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
}

/// Asking.
impl StepUpClient {
    /// Lets the user verify, by whatever way the [routing table](crate::routing) gives, and holds the elevated token for
    /// the scopes of `options`. Whoever is mounted draws the prompt ([`mount_prompter`](Self::mount_prompter)).
    ///
    /// Where the scopes are held already it is `Ok` at once. Callers that ask at the same time share one prompt where their
    /// scopes allow it, and wait for each other where they don't; of those that share a token for one use, the first to
    /// send it has it. Dropping the future leaves the prompt; the last one closes it.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](StepUpError::Cancelled) where the user cancelled, or the prompt's screen is gone;
    /// [`NoPrompter`](StepUpError::NoPrompter) where nobody draws prompts;
    /// [`NoReauthMethods`](StepUpError::NoReauthMethods) where the user has nothing to verify with, and
    /// [`UnsupportedTarget`](StepUpError::UnsupportedTarget) where this app or browser has none of it;
    /// [`PopupClosed`](StepUpError::PopupClosed), [`Redirecting`](StepUpError::Redirecting),
    /// [`MfaRequired`](StepUpError::MfaRequired), [`SubjectMismatch`](StepUpError::SubjectMismatch);
    /// [`NotSignedIn`](StepUpError::NotSignedIn), also where the session ended meanwhile; those of every request, where
    /// what the user has could not be looked up. Other failures stay in the prompt, for another try.
    pub fn prompt_step_up_auth(&self, options: PromptOptions) -> LocalFuture<'static, Result<Verified>> {
        self.ask_user(Path::Auto, options, None)
    }

    /// [`prompt_step_up_auth`](Self::prompt_step_up_auth) with a second factor only.
    ///
    /// # Errors
    ///
    /// As for [`prompt_step_up_auth`](Self::prompt_step_up_auth); [`NoMfaMethods`](StepUpError::NoMfaMethods) where the
    /// user has none.
    pub fn prompt_mfa(&self, options: PromptOptions) -> LocalFuture<'static, Result<Verified>> {
        self.ask_user(Path::Mfa, options, None)
    }

    /// [`prompt_step_up_auth`](Self::prompt_step_up_auth) with what the user signs in with only.
    ///
    /// # Errors
    ///
    /// As for [`prompt_step_up_auth`](Self::prompt_step_up_auth); [`MfaRequired`](StepUpError::MfaRequired) where the user
    /// has a second factor, without which nothing elevates them.
    pub fn prompt_reauthenticate(&self, options: PromptOptions) -> LocalFuture<'static, Result<Verified>> {
        self.ask_user(Path::Reauthenticate, options, None)
    }

    /// `known` is the answer to a check, where the caller has just made one.
    pub(super) fn ask_user(
        &self,
        path: Path,
        options: PromptOptions,
        known: Option<KnownCheck>,
    ) -> LocalFuture<'static, Result<Verified>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            if let Some(verified) = client.inner.held_for(&options) {
                return Ok(verified);
            }
            let has_prompter = || !client.inner.prompts().borrow().prompters.is_empty();
            if !has_prompter() {
                // The prompt's screen may be about to mount.
                client.sleep(Duration::ZERO).await;
                client.inner.require(epoch)?;
                if !has_prompter() {
                    return Err(StepUpError::NoPrompter);
                }
            }
            let verified = Caller::join(&client, path, options, known).await?;
            client.inner.require_session(epoch)?;
            Ok(verified)
        })
    }

    /// Draws the first prompt of the queue, if it is not drawn yet and not answered by what is held.
    fn advance_prompts(&self) {
        self.advance_prompts_knowing(None);
    }

    fn advance_prompts_knowing(&self, mut known: Option<KnownCheck>) {
        self.inner.end_if_expired();
        let mut after = Afterwards::default();
        {
            let prompts = &mut *self.inner.prompts().borrow_mut();
            loop {
                let front = prompts.queue.front().map(|front| front.id);
                if prompts.drawn.as_ref().map(|drawn| drawn.id) == front {
                    break;
                }
                after.closed.extend(prompts.drawn.take());
                let held = prompts.queue.settle_held(|options| self.inner.held_for(options));
                if !held.is_empty() {
                    for (caller, verified) in held {
                        prompts.finish(caller, Ok(verified), &mut after);
                    }
                    continue;
                }
                if let Some(front) = prompts.queue.front() {
                    let drawn = self.draw(front.id, front.path, front.scopes.first(), known.take());
                    prompts.drawn = Some(drawn);
                    let waiting: Vec<CallerId> = prompts.queue.front_callers().collect();
                    // One of them drives the look-up.
                    let wakers = waiting
                        .iter()
                        .filter_map(|caller| prompts.slot(*caller).map(|slot| slot.waker.clone()));
                    after.wakers.extend(wakers);
                }
            }
            prompts.notify(&mut after);
        }
        after.run();
    }

    fn draw(&self, id: PromptId, path: Path, scope: Option<&TokenScope>, known: Option<KnownCheck>) -> Drawn {
        let inner = Rc::downgrade(&self.inner);
        let tracker = StepUpTracker::new(move || {
            if let Some(inner) = inner.upgrade() {
                inner.notify_prompter();
            }
        });
        let (client, scope) = (self.clone(), scope.cloned());
        let lookup: LocalFuture<'static, ()> = Box::pin(async move {
            let offer = client.look_up(path, scope, known).await;
            client.offer(id, offer);
        });
        Drawn { id, tracker, offer: Offer::loading(), lookup: lookup.shared(), attempt: None }
    }

    /// The look-up has ended.
    fn offer(&self, id: PromptId, offer: Result<Offer>) {
        match offer {
            Ok(offer) => {
                if let Some(drawn) = self.inner.prompts().borrow_mut().drawn(id) {
                    drawn.offer = offer;
                }
                self.inner.notify_prompter();
            }
            Err(error) => {
                self.inner.listeners.emit(&Event::PromptFailed(error.clone()));
                self.fail_prompt(id, &error);
            }
        }
    }

    fn fail_prompt(&self, id: PromptId, error: &StepUpError) {
        let mut after = Afterwards::default();
        {
            let prompts = &mut *self.inner.prompts().borrow_mut();
            let settled = prompts.queue.fail(id, error);
            prompts.fail(settled, &mut after);
        }
        self.advance_prompts();
        after.run();
    }

    fn fail_all_prompts(&self, error: &StepUpError) {
        let mut after = Afterwards::default();
        {
            let prompts = &mut *self.inner.prompts().borrow_mut();
            let settled = prompts.queue.fail_all(error);
            prompts.fail(settled, &mut after);
        }
        self.advance_prompts();
        after.run();
    }

    /// A verification of the prompt has ended.
    fn conclude_prompt(&self, id: PromptId, result: &Result<Verified>) {
        match result {
            Ok(verified) => {
                let mut after = Afterwards::default();
                {
                    let prompts = &mut *self.inner.prompts().borrow_mut();
                    let granted =
                        verified.elevation.as_ref().map(|held| held.scopes.as_slice()).unwrap_or_default();
                    let settled = prompts.queue.answer(id, granted);
                    let share = |grant| {
                        let mfa_token = match grant {
                            Grant::Elevation => None,
                            Grant::ElevationAndMfaToken => verified.mfa_token.clone(),
                        };
                        Ok(Verified { mfa_token, ..verified.clone() })
                    };
                    prompts.settle(settled, share, &mut after);
                }
                self.advance_prompts();
                after.run();
            }
            // After these another try in the same prompt is of no use.
            Err(
                error @ (StepUpError::NotSignedIn
                | StepUpError::MfaRequired
                | StepUpError::SubjectMismatch
                | StepUpError::PopupClosed
                | StepUpError::Redirecting),
            ) => self.fail_prompt(id, error),
            Err(_) => {}
        }
    }
}
