//! Somebody who waits for a prompt.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use futures_util::FutureExt as _;

use super::{KnownCheck, Lookup, Slot};
use crate::{
    client::{StepUpClient, Verified},
    error::{Result, StepUpError},
    prompt::{CallerId, PromptId, PromptOptions},
    routing::Path,
};

/// Somebody who waits. Dropped, they leave the queue.
pub(super) struct Caller {
    client: StepUpClient,
    id: CallerId,
    /// The look-up that they drive, of the prompt that is drawn, whoever's it is.
    driven: Option<(PromptId, Option<Lookup>)>,
}

impl Caller {
    pub(super) fn join(
        client: &StepUpClient,
        path: Path,
        options: PromptOptions,
        known: Option<KnownCheck>,
    ) -> Self {
        let id = {
            let prompts = &mut *client.inner.prompts().borrow_mut();
            let id = prompts.queue.join(path, options);
            prompts.callers.push((id, Slot { outcome: None, waker: Waker::noop().clone() }));
            id
        };
        let caller = Self { client: client.clone(), id, driven: None };
        // Also where the prompt is drawn already: it may ask for more now.
        client.advance_prompts_knowing(known);
        caller
    }

    /// How the wait ended, or the look-up to drive until it does.
    fn look(&mut self, context: &Context<'_>) -> Poll<Result<Verified>> {
        let prompts = &mut *self.client.inner.prompts().borrow_mut();
        let Some(slot) = prompts.slot(self.id) else {
            return Poll::Ready(Err(StepUpError::Cancelled));
        };
        if let Some(outcome) = slot.outcome.take() {
            prompts.forget(self.id);
            return Poll::Ready(outcome);
        }
        slot.waker.clone_from(context.waker());
        Poll::Pending
    }

    /// Drives the look-up that is under way. Says whether it has ended just now.
    fn drive(&mut self, context: &mut Context<'_>) -> bool {
        let current = {
            let prompts = self.client.inner.prompts().borrow();
            prompts.drawn.as_ref().map(|drawn| (drawn.id, drawn.lookup.clone()))
        };
        let Some((id, lookup)) = current else { return false };
        if self.driven.as_ref().is_none_or(|(driven, _)| *driven != id) {
            self.driven = Some((id, Some(lookup)));
        }
        let Some((_, driven)) = &mut self.driven else { return false };
        let has_ended = driven.as_mut().is_some_and(|lookup| lookup.poll_unpin(context).is_ready());
        if has_ended {
            *driven = None;
        }
        has_ended
    }
}

impl Future for Caller {
    type Output = Result<Verified>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Poll::Ready(outcome) = self.look(context) {
                return Poll::Ready(outcome);
            }
            if !self.drive(context) {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let is_waiting = {
            let prompts = &mut *self.client.inner.prompts().borrow_mut();
            prompts.queue.leave(self.id);
            prompts.forget(self.id)
        };
        if is_waiting {
            self.client.advance_prompts();
        }
    }
}
