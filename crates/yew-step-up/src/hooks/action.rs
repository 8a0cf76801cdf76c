//! `use_step_up_action`

use std::{
    cell::{Cell, RefCell},
    fmt,
    ops::Deref,
    rc::Rc,
};

use step_up_core::{
    AsChallenge, GuardOptions, GuardPhase, LocalFuture, Result, Scopes, StepUpClient, StepUpError, TokenScope,
};
use yew::{platform::spawn_local, prelude::*};

use super::{Cleanup, Concern, unmount::Unmount, use_concern, use_step_up_client};

/// Where an action stands.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepUpActionState<T, E> {
    /// It was not run yet, or it was reset.
    Idle,
    /// Whether the user has to verify is looked up.
    Checking,
    /// The user verifies.
    Prompting,
    /// It runs.
    Running,
    /// It is done.
    Done(T),
    /// The user cancelled. Nothing is wrong, and it can be run again.
    Cancelled,
    /// It failed, or the user could not verify.
    Failed(E),
}

impl<T, E> StepUpActionState<T, E> {
    /// Whether it is under way.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::Checking | Self::Prompting | Self::Running)
    }
}

type Action<T, E> = Rc<dyn Fn(Scopes) -> LocalFuture<'static, Result<T, E>>>;

/// An action behind a step-up. Derefs to [`StepUpActionState`], as it was at this render.
pub struct UseStepUpActionHandle<T, E> {
    /// As of this render.
    state: Rc<StepUpActionState<T, E>>,
    hook: Rc<Hook<T, E>>,
    options: GuardOptions,
}

/// What all renders of one hook call share.
struct Hook<T, E> {
    client: StepUpClient,
    unmount: Unmount,
    state: RefCell<Rc<StepUpActionState<T, E>>>,
    /// The latest run, which alone writes the state; a reset counts as one.
    latest: Cell<u64>,
    /// Of the latest render.
    action: RefCell<Action<T, E>>,
    render: UseForceUpdateHandle,
}

impl<T, E> Hook<T, E> {
    /// Shows a run's state, if no later one has begun.
    fn write(&self, run: u64, state: StepUpActionState<T, E>) {
        if self.latest.get() == run {
            self.state.replace(Rc::new(state));
            self.render.force_update();
        }
    }

    fn next_run(&self) -> u64 {
        let run = self.latest.get() + 1;
        self.latest.set(run);
        run
    }
}

impl<T, E> Deref for UseStepUpActionHandle<T, E> {
    type Target = StepUpActionState<T, E>;

    fn deref(&self) -> &Self::Target {
        &self.state
    }
}

impl<T, E> Clone for UseStepUpActionHandle<T, E> {
    fn clone(&self) -> Self {
        Self { state: Rc::clone(&self.state), hook: Rc::clone(&self.hook), options: self.options.clone() }
    }
}

impl<T, E> PartialEq for UseStepUpActionHandle<T, E> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.hook, &other.hook) && Rc::ptr_eq(&self.state, &other.state)
    }
}

impl<T: fmt::Debug, E: fmt::Debug> fmt::Debug for UseStepUpActionHandle<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UseStepUpActionHandle").field(&self.state).finish()
    }
}

impl<T, E> UseStepUpActionHandle<T, E>
where
    T: 'static,
    E: From<StepUpError> + AsChallenge + 'static,
{
    /// Checks, lets the user verify where that is required, and runs the action; nothing where it is under way already. How
    /// it ends is in the state.
    pub fn run(&self) {
        let hook = Rc::clone(&self.hook);
        let is_busy = hook.state.borrow().is_busy();
        if is_busy {
            return;
        }
        let run = hook.next_run();
        hook.write(run, StepUpActionState::Checking);
        let (latest, phases) = (Rc::clone(&hook), Rc::clone(&hook));
        let action = move |scopes| {
            let action = Rc::clone(&latest.action.borrow());
            action(scopes)
        };
        let on_phase = move |phase| match phase {
            GuardPhase::Prompting => phases.write(run, StepUpActionState::Prompting),
            GuardPhase::Running => phases.write(run, StepUpActionState::Running),
            _ => phases.write(run, StepUpActionState::Checking),
        };
        let options = self.options.clone().with_cancellation(hook.unmount.wait());
        let guarded = hook.client.guard_with_phases(options, action, on_phase);
        spawn_local(async move {
            let state = match guarded.await {
                Ok(output) => StepUpActionState::Done(output),
                Err(error) if error.is_cancelled() => StepUpActionState::Cancelled,
                Err(error) => StepUpActionState::Failed(error),
            };
            hook.write(run, state);
        });
    }

    /// Back to the start. What is under way goes on, and no longer writes this state.
    pub fn reset(&self) {
        let run = self.hook.next_run();
        self.hook.write(run, StepUpActionState::Idle);
    }
}

/// A button's worth of behaviour: an action that needs an elevation for `scope`. [`run`](UseStepUpActionHandle::run) checks,
/// lets the user verify where that is required, and runs the action; and where the server refuses it for want of an
/// elevation, lets the user verify for what the server asks for and runs it once more. The action is that of the latest
/// render. It is handed the scopes that its request needs: `scope`, or those that the server named.
///
/// Its error says whether it is such a refusal, and whether the user cancelled ([`AsChallenge`]); [`StepUpError`] does. The component that calls
/// [`use_step_up_prompt`](crate::use_step_up_prompt) draws the prompt. When the component of the action is unmounted, it no
/// longer waits for the user; an action that runs by then runs to its end.
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::{
///     HttpRequest, StepUpActionState, TokenScope, use_step_up_action, use_step_up_client,
/// };
///
/// #[component]
/// fn DeleteButton() -> Html {
///     let client = use_step_up_client();
///     let delete = use_step_up_action(TokenScope::UserDelete, move |scopes| {
///         client.send(HttpRequest::delete("/users"), scopes)
///     });
///     let text = match &*delete {
///         StepUpActionState::Done(_) => "Deleted".to_owned(),
///         StepUpActionState::Failed(error) => error.to_string(),
///         // Also after the user has cancelled.
///         _ => "Delete my account".to_owned(),
///     };
///     let onclick = { let delete = delete.clone(); move |_: MouseEvent| delete.run() };
///     html! { <button {onclick} disabled={delete.is_busy()}>{ text }</button> }
/// }
/// ```
///
/// # Panics
///
/// Outside a [`StepUpProvider`](crate::StepUpProvider).
///
/// # Server-side rendering
///
/// [`Idle`](StepUpActionState::Idle).
#[hook]
pub fn use_step_up_action<T, E, A, Fut>(scope: TokenScope, action: A) -> UseStepUpActionHandle<T, E>
where
    T: 'static,
    E: From<StepUpError> + AsChallenge + 'static,
    A: Fn(Scopes) -> Fut + 'static,
    Fut: Future<Output = Result<T, E>> + 'static,
{
    use_step_up_action_with_options(GuardOptions::new(&[scope]), action)
}

/// [`use_step_up_action`] with options: several scopes, or an action that may not be run again.
#[hook]
pub fn use_step_up_action_with_options<T, E, A, Fut>(
    options: GuardOptions,
    action: A,
) -> UseStepUpActionHandle<T, E>
where
    T: 'static,
    E: From<StepUpError> + AsChallenge + 'static,
    A: Fn(Scopes) -> Fut + 'static,
    Fut: Future<Output = Result<T, E>> + 'static,
{
    let client = use_step_up_client();
    let render = use_force_update();
    let action: Action<T, E> = Rc::new(move |scopes| Box::pin(action(scopes)));
    let hook = use_memo(client, {
        let action = Rc::clone(&action);
        move |client| Hook {
            client: client.clone(),
            unmount: Unmount::new(),
            state: RefCell::new(Rc::new(StepUpActionState::Idle)),
            latest: Cell::new(0),
            action: RefCell::new(action),
            render,
        }
    });
    let unmount = hook.unmount.clone();
    let effect = move || -> Cleanup { Box::new(move || unmount.happen()) };
    use_concern(Concern::client(&hook.client), Box::new(effect));
    hook.action.replace(action);
    let state = Rc::clone(&hook.state.borrow());
    UseStepUpActionHandle { state, hook, options }
}
