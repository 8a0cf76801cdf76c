//! Whoever draws prompts.

use std::{fmt, rc::Rc};

use super::Afterwards;
use crate::{
    client::StepUpClient,
    error::StepUpError,
    prompt::{Offer, PromptId, PromptMethod, PromptScreen, PromptView},
};

/// Drawing.
impl StepUpClient {
    /// Says that somebody draws prompts, and is told by `on_change` when there is something new to draw. The last one
    /// that was mounted draws, until what this returns is dropped.
    ///
    /// ```
    /// # use step_up_core::{PromptMethodKind, PromptScreen, StepUpClient};
    /// fn draw(client: &StepUpClient) {
    ///     let prompter = client.mount_prompter(|| println!("draw again"));
    ///     let Some(prompt) = prompter.prompt() else { return };
    ///     let Some(view) = prompt.view() else { return };
    ///     match view.screen {
    ///         PromptScreen::Verify(method) if method.kind.has_code() => println!("a field for the code"),
    ///         PromptScreen::Verify(method) => println!("a button that starts {:?}", method.label),
    ///         PromptScreen::Choose { .. } => println!("a list"),
    ///         _ => println!("a moment"),
    ///     }
    /// }
    /// ```
    pub fn mount_prompter(&self, on_change: impl Fn() + 'static) -> Prompter {
        let mut after = Afterwards::default();
        let id = {
            let prompts = &mut *self.inner.prompts().borrow_mut();
            // Whoever drew until now no longer does.
            prompts.notify(&mut after);
            let id = prompts.next_prompter;
            prompts.next_prompter += 1;
            prompts.prompters.push((id, Rc::new(on_change)));
            id
        };
        after.run();
        Prompter { client: self.clone(), id }
    }
}

/// Somebody who draws prompts; from [`StepUpClient::mount_prompter`]. When the last one is dropped, whoever waits is
/// [`Cancelled`](StepUpError::Cancelled).
#[must_use = "dropping a prompter unmounts it"]
pub struct Prompter {
    client: StepUpClient,
    id: u64,
}

impl fmt::Debug for Prompter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompter({})", self.id)
    }
}

impl Prompter {
    /// The prompt that waits, if it is for this one to draw.
    #[must_use]
    pub fn prompt(&self) -> Option<Prompt> {
        self.client.inner.end_if_expired();
        let prompts = self.client.inner.prompts().borrow();
        let is_last = prompts.prompters.last().is_some_and(|(id, _)| *id == self.id);
        let drawn = prompts.drawn.as_ref().filter(|_| is_last)?;
        Some(Prompt { client: self.client.clone(), id: drawn.id })
    }
}

impl Drop for Prompter {
    fn drop(&mut self) {
        let is_nobody_left = {
            let prompts = &mut *self.client.inner.prompts().borrow_mut();
            prompts.prompters.retain(|(id, _)| *id != self.id);
            prompts.prompters.is_empty()
        };
        if is_nobody_left {
            self.client.fail_all_prompts(&StepUpError::Cancelled);
        } else {
            self.client.inner.notify_prompter();
        }
    }
}

/// The prompt that waits, for whoever draws it. Once it is over, its methods do nothing and are
/// [`Cancelled`](StepUpError::Cancelled).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub(super) client: StepUpClient,
    pub(super) id: PromptId,
}

impl Prompt {
    /// What to draw; `None` once it is over.
    #[must_use]
    pub fn view(&self) -> Option<PromptView> {
        self.client.inner.end_if_expired();
        let prompts = self.client.inner.prompts().borrow();
        let drawn = prompts.drawn.as_ref().filter(|drawn| drawn.id == self.id)?;
        let front = prompts.queue.front().filter(|front| front.id == self.id)?;
        let state = drawn.tracker.state();
        Some(PromptView::of(self.id, front.path, &front.scopes, &drawn.offer, &state))
    }

    /// The user verifies with this method, one of [`PromptView::methods`]. What was under way with another is given up.
    pub fn choose(&self, method: &PromptMethod) {
        self.change(|offer| {
            if offer.methods.contains(method) {
                offer.screen = PromptScreen::Verify(method.clone());
            }
        });
    }

    /// Offers every method, the one of now first. What is under way is given up. The scopes stay as they are.
    pub fn show_methods(&self) {
        self.change(Offer::show_methods);
    }

    /// Changes what is offered, and begins anew.
    fn change(&self, change: impl FnOnce(&mut Offer)) {
        let given_up = {
            let prompts = &mut *self.client.inner.prompts().borrow_mut();
            prompts.queue.begin(self.id);
            let Some(drawn) = prompts.drawn(self.id) else { return };
            change(&mut drawn.offer);
            (drawn.tracker.clone(), drawn.attempt.take())
        };
        let (tracker, attempt) = given_up;
        if let Some(attempt) = attempt {
            attempt.abort();
        }
        tracker.reset();
    }

    /// The user wants none of it. Whoever waits for this prompt is [`Cancelled`](StepUpError::Cancelled).
    pub fn cancel(&self) {
        self.client.fail_prompt(self.id, &StepUpError::Cancelled);
    }
}
