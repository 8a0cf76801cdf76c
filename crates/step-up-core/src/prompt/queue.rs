//! Who waits for which prompt.
//!
//! The first prompt is drawn, the others wait. A caller joins a prompt whose scopes cover theirs; widens one whose user
//! has not begun; or else waits for one of its own. Nothing here waits or wakes: each change says whom it settles.

use std::collections::VecDeque;

use super::{PromptId, PromptOptions};
use crate::{challenge::Challenge, error::StepUpError, routing::Path, types::TokenScope};

/// Names somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallerId(u64);

/// Whose wait is over, and how. `Ok` says whether the legacy MFA token is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "whoever is settled has to be told"]
pub(crate) struct Settled {
    pub(crate) caller: CallerId,
    pub(crate) result: Result<Grant, StepUpError>,
}

/// What a settled caller gets of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// The elevation.
    Elevation,
    /// The elevation and the legacy MFA token, which is for one use and so for one caller.
    ElevationAndMfaToken,
}

#[derive(Debug)]
struct Caller {
    id: CallerId,
    options: PromptOptions,
}

/// A prompt and who waits for it.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) id: PromptId,
    pub(crate) path: Path,
    /// What all callers want together. From when the user has begun it stays as they saw it.
    pub(crate) scopes: Vec<TokenScope>,
    has_begun: bool,
    callers: Vec<Caller>,
}

impl Waiting {
    pub(crate) fn wants_mfa_token(&self) -> bool {
        self.callers.iter().any(|caller| caller.options.wants_mfa_token)
    }

    fn covers(&self, scopes: &[TokenScope]) -> bool {
        scopes.iter().all(|scope| self.scopes.contains(scope))
    }

    /// A caller without scopes wants the user verified and no more. One with scopes cannot be served by a prompt that asks
    /// for none, unless it can still be widened.
    fn can_serve(&self, path: Path, options: &PromptOptions) -> bool {
        self.path == path
            && (self.covers(&options.scopes) || !self.has_begun)
            // A legacy MFA token is for one caller, and is asked for from the beginning.
            && !(options.wants_mfa_token && (self.wants_mfa_token() || self.has_begun))
    }

    fn widen(&mut self, scopes: &[TokenScope]) {
        for scope in scopes {
            if !self.scopes.contains(scope) {
                self.scopes.push(scope.clone());
            }
        }
    }

    /// Before the user has begun, a prompt asks for no more than those who wait still want.
    fn narrow(&mut self) {
        if !self.has_begun {
            let callers = &self.callers;
            self.scopes.retain(|scope| callers.iter().any(|caller| caller.options.scopes.contains(scope)));
        }
    }
}

/// The prompts in their order, each with its callers. A prompt without callers is gone.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    prompts: VecDeque<Waiting>,
    next_prompt: u64,
    next_caller: u64,
}

impl Queue {
    /// The prompt that is drawn.
    pub(crate) fn front(&self) -> Option<&Waiting> {
        self.prompts.front()
    }

    /// Somebody waits from now on.
    pub(crate) fn join(&mut self, path: Path, options: PromptOptions) -> CallerId {
        let id = CallerId(self.next_caller);
        self.next_caller += 1;
        let covering = self
            .prompts
            .iter()
            .position(|prompt| prompt.can_serve(path, &options) && prompt.covers(&options.scopes));
        let widened = || self.prompts.iter().position(|prompt| prompt.can_serve(path, &options));
        let at = covering.or_else(widened).unwrap_or_else(|| {
            let id = PromptId(self.next_prompt);
            self.next_prompt += 1;
            let callers = Vec::new();
            self.prompts.push_back(Waiting { id, path, scopes: Vec::new(), has_begun: false, callers });
            self.prompts.len() - 1
        });
        let prompt = &mut self.prompts[at];
        prompt.widen(&options.scopes);
        prompt.callers.push(Caller { id, options });
        id
    }

    /// Whether a prompt waits already that asks for these scopes because the user has to verify for them.
    pub(crate) fn asks_for(&self, path: Path, options: &PromptOptions) -> bool {
        let is_needed = |prompt: &Waiting| {
            options.scopes.iter().all(|scope| {
                let mut others = prompt.callers.iter().map(|caller| &caller.options);
                others.any(|other| !other.is_forced && other.scopes.contains(scope))
            })
        };
        self.prompts.iter().any(|prompt| prompt.can_serve(path, options) && is_needed(prompt))
    }

    /// The user has begun: what they were shown is what they verify for.
    pub(crate) fn begin(&mut self, prompt: PromptId) {
        if let Some(front) = self.prompts.front_mut().filter(|front| front.id == prompt) {
            front.has_begun = true;
        }
    }

    /// Somebody no longer waits. The last one takes their prompt with them.
    pub(crate) fn leave(&mut self, caller: CallerId) {
        for prompt in &mut self.prompts {
            prompt.callers.retain(|waiting| waiting.id != caller);
            prompt.narrow();
        }
        self.prompts.retain(|prompt| !prompt.callers.is_empty());
    }

    /// The user has verified in the prompt that is drawn, and `granted` is held from now on.
    pub(crate) fn answer(&mut self, prompt: PromptId, granted: &[TokenScope]) -> Vec<Settled> {
        self.close(prompt, |options| {
            let missing: Vec<TokenScope> =
                options.scopes.iter().filter(|scope| !granted.contains(scope)).cloned().collect();
            match (missing.is_empty(), options.wants_mfa_token) {
                (false, _) => Err(StepUpError::NotElevated(Challenge::new(&missing))),
                (true, false) => Ok(Grant::Elevation),
                (true, true) => Ok(Grant::ElevationAndMfaToken),
            }
        })
    }

    /// The prompt that is drawn has failed.
    pub(crate) fn fail(&mut self, prompt: PromptId, error: &StepUpError) -> Vec<Settled> {
        self.close(prompt, |_| Err(error.clone()))
    }

    /// All prompts have failed.
    pub(crate) fn fail_all(&mut self, error: &StepUpError) -> Vec<Settled> {
        let callers = std::mem::take(&mut self.prompts).into_iter().flat_map(|prompt| prompt.callers);
        callers.map(|caller| Settled { caller: caller.id, result: Err(error.clone()) }).collect()
    }

    /// Before a prompt is drawn: whoever's scopes are held by now needs no prompt, and gets what `held` gives.
    pub(crate) fn settle_held<T>(
        &mut self,
        held: impl Fn(&PromptOptions) -> Option<T>,
    ) -> Vec<(CallerId, T)> {
        let mut settled = Vec::new();
        let Some(front) = self.prompts.front_mut().filter(|front| !front.has_begun) else {
            return settled;
        };
        front.callers.retain(|caller| match held(&caller.options) {
            Some(verified) => {
                settled.push((caller.id, verified));
                false
            }
            None => true,
        });
        front.narrow();
        if front.callers.is_empty() {
            self.prompts.pop_front();
        }
        settled
    }

    fn close(
        &mut self,
        prompt: PromptId,
        result: impl Fn(&PromptOptions) -> Result<Grant, StepUpError>,
    ) -> Vec<Settled> {
        let is_drawn = self.prompts.front().is_some_and(|front| front.id == prompt);
        let closed = if is_drawn { self.prompts.pop_front() } else { None };
        let callers = closed.into_iter().flat_map(|prompt| prompt.callers);
        callers.map(|caller| Settled { caller: caller.id, result: result(&caller.options) }).collect()
    }

    /// Who waits for the prompt that is drawn.
    pub(crate) fn front_callers(&self) -> impl Iterator<Item = CallerId> {
        self.prompts.front().into_iter().flat_map(|prompt| &prompt.callers).map(|caller| caller.id)
    }
}

#[cfg(test)]
mod tests;
