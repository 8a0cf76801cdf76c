//! A state that follows calls.

use std::{
    cell::{Ref, RefCell},
    fmt,
    rc::Rc,
};

use crate::{
    LocalFuture,
    error::{Result, StepUpError},
    state::{Action, CallId, CheckId, StepUpModel, StepUpState},
};

/// A [`StepUpState`] that follows calls: it loads while one is under way, and shows how the latest one ended. Clones are
/// the same one. It is what a hook is built on, in whatever framework.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
///
/// # use step_up_core::{Action, LocalFuture, Result, StepUpError, StepUpTracker};
/// let renders = Rc::new(Cell::new(0));
/// let counted = Rc::clone(&renders);
/// let tracker = StepUpTracker::new(move || counted.set(counted.get() + 1));
/// let work: LocalFuture<'static, Result<()>> = Box::pin(async { Err(StepUpError::Network) });
/// let call = tracker.track(Ok(work), |()| Action::Verified);
/// assert!(tracker.state().is_loading);
/// assert_eq!(futures_util::FutureExt::now_or_never(call), Some(Err(StepUpError::Network)));
/// assert_eq!(tracker.state().error, Some(StepUpError::Network));
/// assert_eq!(renders.get(), 2);
/// ```
#[derive(Clone)]
pub struct StepUpTracker {
    inner: Rc<Inner>,
}

struct Inner {
    model: RefCell<StepUpModel>,
    on_change: Box<dyn Fn()>,
}

impl PartialEq for StepUpTracker {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for StepUpTracker {}

impl fmt::Debug for StepUpTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StepUpTracker").field(self.inner.model.borrow().state()).finish()
    }
}

impl StepUpTracker {
    /// The initial state; `on_change` is called after each change of it.
    #[must_use]
    pub fn new(on_change: impl Fn() + 'static) -> Self {
        Self { inner: Rc::new(Inner { model: RefCell::default(), on_change: Box::new(on_change) }) }
    }

    /// The state of now. Let go of it before anything is tracked.
    #[must_use]
    pub fn state(&self) -> Ref<'_, StepUpState> {
        Ref::map(self.inner.model.borrow(), StepUpModel::state)
    }

    /// Back to the start. What is under way goes on, and no longer writes this state.
    pub fn reset(&self) {
        self.inner.model.borrow_mut().reset();
        (self.inner.on_change)();
    }

    /// Begins a call at once, and follows how it ends: `done` says what its success means. Work that could not even begin
    /// is a call that failed. A call that is dropped before its end was cancelled: the state does not load for ever.
    ///
    /// # Errors
    ///
    /// Those of the work.
    pub fn track<T: 'static>(
        &self,
        work: Result<LocalFuture<'static, Result<T>>>,
        done: fn(&T) -> Action,
    ) -> LocalFuture<'static, Result<T>> {
        let call = Call::begin(self);
        Box::pin(async move {
            let result = match work {
                Ok(work) => work.await,
                Err(error) => Err(error),
            };
            call.finish(match &result {
                Ok(value) => done(value),
                Err(error) => Action::Failed(error.clone()),
            });
            result
        })
    }

    /// Loads from now on until `check` ends or is dropped, and leaves the rest of the state as it is: a check cannot fail.
    pub fn track_check<T: 'static>(&self, check: LocalFuture<'static, T>) -> LocalFuture<'static, T> {
        let loading = Loading::begin(self);
        Box::pin(async move {
            let checked = check.await;
            drop(loading);
            checked
        })
    }
}

/// A check that is under way.
struct Loading {
    tracker: StepUpTracker,
    id: CheckId,
}

impl Loading {
    fn begin(tracker: &StepUpTracker) -> Self {
        let id = tracker.inner.model.borrow_mut().begin_check();
        (tracker.inner.on_change)();
        Self { tracker: tracker.clone(), id }
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        let inner = &self.tracker.inner;
        inner.model.borrow_mut().finish_check(self.id);
        (inner.on_change)();
    }
}

/// A call that is under way.
struct Call {
    tracker: StepUpTracker,
    id: CallId,
    is_finished: bool,
}

impl Call {
    fn begin(tracker: &StepUpTracker) -> Self {
        let id = tracker.inner.model.borrow_mut().begin();
        (tracker.inner.on_change)();
        Self { tracker: tracker.clone(), id, is_finished: false }
    }

    fn finish(mut self, action: Action) {
        self.write(action);
    }

    fn write(&mut self, action: Action) {
        if !std::mem::replace(&mut self.is_finished, true) {
            let inner = &self.tracker.inner;
            let is_changed = inner.model.borrow_mut().finish(self.id, action);
            if is_changed {
                (inner.on_change)();
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.write(Action::Failed(StepUpError::Cancelled));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn work(result: Result<()>) -> Result<LocalFuture<'static, Result<()>>> {
        Ok(Box::pin(async { result }))
    }

    #[test]
    fn a_dropped_call_was_cancelled_and_a_later_one_is_not_touched_by_it() {
        let tracker = StepUpTracker::new(|| ());
        let forgotten = tracker.track(work(Ok(())), |()| Action::Verified);
        drop(forgotten);
        assert_eq!((tracker.state().is_cancelled, tracker.state().error.clone()), (true, None));
        assert!(!tracker.state().is_loading);
        let old = tracker.track(work(Ok(())), |()| Action::Verified);
        let new = tracker.track(work(Err(StepUpError::Network)), |()| Action::Verified);
        drop(old);
        assert!(tracker.state().is_loading);
        assert_eq!(new.now_or_never(), Some(Err(StepUpError::Network)));
        assert_eq!(tracker.state().error, Some(StepUpError::Network));
    }

    #[test]
    fn a_check_loads_from_the_call_to_its_end_or_its_drop() {
        let tracker = StepUpTracker::new(|| ());
        let check = tracker.track_check(Box::pin(async { true }));
        assert!(tracker.state().is_loading);
        assert_eq!(check.now_or_never(), Some(true));
        assert!(!tracker.state().is_loading);
        let dropped = tracker.track_check(Box::pin(std::future::pending::<()>()));
        assert!(tracker.state().is_loading);
        drop(dropped);
        assert_eq!(*tracker.state(), StepUpState::default());
    }

    #[test]
    fn what_cannot_begin_is_a_call_that_failed() {
        let tracker = StepUpTracker::new(|| ());
        let call = tracker.track::<()>(Err(StepUpError::OtpNotSent), |()| Action::Verified);
        assert_eq!(call.now_or_never(), Some(Err(StepUpError::OtpNotSent)));
        assert_eq!(tracker.state().error, Some(StepUpError::OtpNotSent));
    }

    #[test]
    fn a_listener_may_look_at_the_state() {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let tracker = Rc::new(RefCell::new(None::<StepUpTracker>));
        let (log, own) = (Rc::clone(&seen), Rc::clone(&tracker));
        *tracker.borrow_mut() = Some(StepUpTracker::new(move || {
            if let Some(tracker) = &*own.borrow() {
                log.borrow_mut().push(tracker.state().is_loading);
            }
        }));
        let call = tracker.borrow().as_ref().unwrap().track(work(Ok(())), |()| Action::Verified);
        call.now_or_never();
        assert_eq!(*seen.borrow(), [true, false]);
    }
}
