//! Knowing that a hook's component is gone.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use futures_util::{FutureExt as _, future::Shared};
use step_up_core::LocalFuture;

/// Whether the component that called the hook is unmounted, or the hook's client replaced. Clones are the same one.
#[derive(Clone)]
pub(super) struct Unmount {
    state: Rc<State>,
    gone: Shared<LocalFuture<'static, ()>>,
}

#[derive(Default)]
struct State {
    is_gone: Cell<bool>,
    /// Of whoever waits. `Shared` makes one of many.
    waker: RefCell<Option<Waker>>,
}

impl Unmount {
    pub(super) fn new() -> Self {
        let state = Rc::<State>::default();
        let waited = Rc::clone(&state);
        let gone: LocalFuture<'static, ()> = Box::pin(poll_fn(move |context| {
            if waited.is_gone.get() {
                return Poll::Ready(());
            }
            waited.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        }));
        Self { state, gone: gone.shared() }
    }

    /// Until it is.
    pub(super) fn wait(&self) -> LocalFuture<'static, ()> {
        Box::pin(self.gone.clone())
    }

    /// Tells whoever waits.
    pub(super) fn happen(&self) {
        self.state.is_gone.set(true);
        if let Some(waker) = self.state.waker.take() {
            waker.wake();
        }
    }
}
