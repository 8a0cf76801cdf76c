//! Prompts: callers wait, whoever is mounted draws, and the user verifies. What decides is in `prompt/`.
//!
//! Callers drive the look-up of what the user has: as long as somebody waits it goes on, and when nobody does it ends.

mod asking;
mod caller;
mod drawing;
mod lookup;
mod verify;

use std::{cell::RefCell, rc::Rc, task::Waker};

use futures_util::{
    FutureExt as _,
    future::{AbortHandle, Shared},
};

pub use self::drawing::{Prompt, Prompter};
use super::{Event, Inner, StepUpCheck, StepUpClient, Verified};
use crate::{
    LocalFuture,
    challenge::Challenge,
    error::{Result, StepUpError},
    prompt::{CallerId, Grant, Offer, PromptId, Queue, Settled},
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
        self.settle(settled, |_| Err(StepUpError::NotElevated(Challenge::default())), after);
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
}

impl StepUpClient {
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
                    let drawn = self.draw(front.id, front.path, front.scopes.clone(), known.take());
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

    fn draw(&self, id: PromptId, path: Path, scopes: Vec<TokenScope>, known: Option<KnownCheck>) -> Drawn {
        let inner = Rc::downgrade(&self.inner);
        let tracker = StepUpTracker::new(move || {
            if let Some(inner) = inner.upgrade() {
                inner.notify_prompter();
            }
        });
        let client = self.clone();
        let lookup: LocalFuture<'static, ()> = Box::pin(async move {
            let offer = client.look_up(path, scopes, known).await;
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
