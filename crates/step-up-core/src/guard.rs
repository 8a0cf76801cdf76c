//! Guarded actions: check, prompt, run, and at most once more where the server wants a better elevation.
//!
//! The combinator knows no client: what checks, prompts and runs is handed in.

use std::fmt;

use futures_util::{FutureExt as _, future::Shared};

use crate::{
    LocalFuture,
    challenge::Challenge,
    error::{Result, StepUpError},
    types::TokenScope,
};

/// An error that may say that a better elevation is wanted. Implement it for the error of a guarded action.
///
/// ```
/// # use step_up_core::{AsChallenge, Challenge, StepUpError};
/// enum Error {
///     StepUp(StepUpError),
///     OutOfStock,
/// }
///
/// impl From<StepUpError> for Error {
///     fn from(error: StepUpError) -> Self {
///         Self::StepUp(error)
///     }
/// }
///
/// impl AsChallenge for Error {
///     fn challenge(&self) -> Option<Challenge> {
///         match self {
///             Self::StepUp(error) => error.challenge(),
///             Self::OutOfStock => None,
///         }
///     }
///
///     fn is_cancelled(&self) -> bool {
///         matches!(self, Self::StepUp(error) if error.is_cancelled())
///     }
/// }
/// ```
pub trait AsChallenge {
    /// What the server wants, if that is why it refused.
    fn challenge(&self) -> Option<Challenge>;

    /// Whether the user cancelled, which is not a failure to show.
    fn is_cancelled(&self) -> bool;
}

impl AsChallenge for StepUpError {
    fn challenge(&self) -> Option<Challenge> {
        if let Self::NotElevated(challenge) = self { Some(challenge.clone()) } else { None }
    }

    fn is_cancelled(&self) -> bool {
        *self == Self::Cancelled
    }
}

/// How a guarded action goes.
#[derive(Clone)]
#[non_exhaustive]
pub struct GuardOptions {
    pub(crate) scopes: Vec<TokenScope>,
    pub(crate) is_replayable: bool,
    pub(crate) cancellation: Option<Shared<LocalFuture<'static, ()>>>,
}

impl GuardOptions {
    /// The action needs these scopes, and may be run again where the server refused it for want of an elevation.
    #[must_use]
    pub fn new(scopes: &[TokenScope]) -> Self {
        Self { scopes: scopes.to_vec(), is_replayable: true, cancellation: None }
    }

    /// The action is run once, whatever the server says: for one that does something before the call that may be refused.
    #[must_use]
    pub fn without_replay(mut self) -> Self {
        self.is_replayable = false;
        self
    }

    /// No longer waits for the user once this future is ready, with [`Cancelled`](StepUpError::Cancelled). An action that
    /// runs by then runs to its end.
    #[must_use]
    pub fn with_cancellation(mut self, cancellation: impl Future<Output = ()> + 'static) -> Self {
        let cancellation: LocalFuture<'static, ()> = Box::pin(cancellation);
        self.cancellation = Some(cancellation.shared());
        self
    }
}

impl fmt::Debug for GuardOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardOptions")
            .field("scopes", &self.scopes)
            .field("is_replayable", &self.is_replayable)
            .finish_non_exhaustive()
    }
}

/// Where a guarded action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuardPhase {
    /// Whether the user has to verify is looked up.
    Checking,
    /// The user is asked.
    Prompting,
    /// The action runs.
    Running,
}

/// What a guard is made of.
pub(crate) trait Guarded {
    type Output;
    type Error: From<StepUpError> + AsChallenge;

    /// Whether the user has to verify first.
    fn is_required(&mut self) -> impl Future<Output = bool>;
    /// From now on the action needs what the server asks for.
    fn expect(&mut self, challenge: Challenge);
    /// Has the user verify for what the action needs.
    fn prompt(&mut self) -> impl Future<Output = Result<()>>;
    /// Takes what the user has verified for. False where somebody who waited for the same prompt was faster.
    fn claim(&mut self) -> bool;
    /// Does it.
    fn run(&mut self) -> impl Future<Output = Result<Self::Output, Self::Error>>;
    /// Is told before each of them.
    fn enter(&mut self, phase: GuardPhase);
}

/// Checks, prompts, runs; and where the action was refused for want of an elevation, prompts and runs once more.
///
/// The second refusal is the action's error, so that a server that always refuses asks the user no more than twice.
pub(crate) async fn guard<G: Guarded>(mut guarded: G, is_replayable: bool) -> Result<G::Output, G::Error> {
    guarded.enter(GuardPhase::Checking);
    if guarded.is_required().await {
        verify(&mut guarded).await?;
    }
    guarded.enter(GuardPhase::Running);
    let error = match guarded.run().await {
        Ok(output) => return Ok(output),
        Err(error) => error,
    };
    let Some(challenge) = error.challenge().filter(|_| is_replayable) else {
        return Err(error);
    };
    guarded.expect(challenge);
    verify(&mut guarded).await?;
    guarded.enter(GuardPhase::Running);
    guarded.run().await
}

/// Has the user verify until there is an elevation for this action. A prompt that brings a token for one use brings it to
/// one of those who wait for it; the others ask again, so each round leaves one fewer.
async fn verify<G: Guarded>(guarded: &mut G) -> Result<()> {
    guarded.enter(GuardPhase::Prompting);
    loop {
        guarded.prompt().await?;
        if guarded.claim() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    const EXPORT: TokenScope = TokenScope::WalletExport;

    /// A guard whose parts answer what was put down, and write down what they are asked.
    #[derive(Default)]
    struct Script {
        is_required: bool,
        prompts: VecDeque<Result<()>>,
        runs: VecDeque<Result<u8>>,
        /// How many prompts somebody else profits by.
        lost: usize,
        challenge: Option<Challenge>,
        log: Vec<String>,
    }

    impl Guarded for &mut Script {
        type Output = u8;
        type Error = StepUpError;

        async fn is_required(&mut self) -> bool {
            self.is_required
        }

        fn expect(&mut self, challenge: Challenge) {
            self.challenge = Some(challenge);
        }

        async fn prompt(&mut self) -> Result<()> {
            let scopes = self.challenge.as_ref().map(|challenge| &challenge.scopes);
            self.log.push(format!("for {scopes:?}"));
            self.prompts.pop_front().expect("one prompt too many")
        }

        fn claim(&mut self) -> bool {
            self.lost.checked_sub(1).map(|lost| self.lost = lost).is_none()
        }

        async fn run(&mut self) -> Result<u8> {
            self.runs.pop_front().expect("one run too many")
        }

        fn enter(&mut self, phase: GuardPhase) {
            self.log.push(format!("{phase:?}"));
        }
    }

    fn run(script: &mut Script, is_replayable: bool) -> Result<u8> {
        guard(script, is_replayable).now_or_never().unwrap()
    }

    fn refused() -> Result<u8> {
        Err(StepUpError::NotElevated(Challenge::new(&[EXPORT])))
    }

    #[test]
    fn what_needs_no_step_up_just_runs() {
        let mut script = Script { runs: [Ok(1)].into(), ..Script::default() };
        assert_eq!(run(&mut script, true), Ok(1));
        assert_eq!(script.log, ["Checking", "Running"]);
    }

    #[test]
    fn a_prompt_that_fails_runs_nothing() {
        let prompts = [Err(StepUpError::Cancelled)].into();
        let mut script = Script { is_required: true, prompts, ..Script::default() };
        assert_eq!(run(&mut script, true), Err(StepUpError::Cancelled));
        assert_eq!(script.log, ["Checking", "Prompting", "for None"]);
    }

    #[test]
    fn whoever_was_too_late_for_a_token_asks_again() {
        let prompts = [Ok(()), Ok(()), Err(StepUpError::Cancelled)].into();
        let mut script =
            Script { is_required: true, prompts, lost: 1, runs: [Ok(1)].into(), ..Script::default() };
        assert_eq!(run(&mut script, true), Ok(1));
        assert_eq!(script.log, ["Checking", "Prompting", "for None", "for None", "Running"]);
        script.lost = 1;
        script.prompts.push_front(Ok(()));
        assert_eq!(run(&mut script, true), Err(StepUpError::Cancelled));
    }

    #[test]
    fn a_challenge_is_answered_once() {
        let mut script =
            Script { prompts: [Ok(())].into(), runs: [refused(), Ok(2)].into(), ..Script::default() };
        assert_eq!(run(&mut script, true), Ok(2));
        assert_eq!(script.log, ["Checking", "Running", "Prompting", "for Some([WalletExport])", "Running"]);

        let prompts = [Ok(()), Ok(())].into();
        let mut script =
            Script { is_required: true, prompts, runs: [refused(), refused()].into(), ..Script::default() };
        assert_eq!(
            run(&mut script, true),
            refused(),
            "a server that always refuses is not asked a third time"
        );
    }

    #[test]
    fn an_action_that_may_not_be_replayed_and_another_error_end_it() {
        let mut script = Script { runs: [refused()].into(), ..Script::default() };
        assert_eq!(run(&mut script, false), refused());
        let mut script = Script { runs: [Err(StepUpError::Network)].into(), ..Script::default() };
        assert_eq!(run(&mut script, true), Err(StepUpError::Network));
    }
}
