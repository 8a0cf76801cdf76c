//! What a button does.

use yew_step_up::{LocalFuture, Result, StepUpClient, UseSessionHandle, UseStepUpAuthenticationHandle};

/// What tasks work with.
pub(crate) struct Handles {
    pub(crate) client: StepUpClient,
    pub(crate) session: UseSessionHandle,
    pub(crate) step_up: UseStepUpAuthenticationHandle,
    #[cfg(feature = "external")]
    pub(crate) external: yew_step_up::UseExternalAuthHandle,
    /// The code that was sent last.
    #[cfg(feature = "otp")]
    pub(crate) sent: std::rc::Rc<std::cell::RefCell<Option<yew_step_up::OtpVerification>>>,
    /// The first wallet that is here.
    #[cfg(feature = "wallet")]
    pub(crate) wallet: Option<yew_step_up::WalletId>,
}

pub(crate) type Running = LocalFuture<'static, Result<()>>;

/// A button's name, and what it starts with the text of the field.
#[derive(Clone, Copy)]
pub(crate) struct Task {
    pub(crate) name: &'static str,
    pub(crate) start: fn(&Handles, &str) -> Running,
}

pub(crate) const fn task(name: &'static str, start: fn(&Handles, &str) -> Running) -> Task {
    Task { name, start }
}

/// Whatever comes of it is not shown: only whether it worked.
pub(crate) fn run<T: 'static>(running: impl Future<Output = Result<T>> + 'static) -> Running {
    Box::pin(async move { running.await.map(drop) })
}
