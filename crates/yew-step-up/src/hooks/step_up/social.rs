//! Step-up with a social account.

use step_up_core::{Action, Provider, Result, SocialOptions, StepUpError, StepUpTracker, Verified};

use super::UseStepUpAuthenticationHandle;
use crate::platform;

impl UseStepUpAuthenticationHandle {
    /// Verifies the user with a social account of theirs, and holds the elevated token for the scopes of `options`.
    ///
    /// Unless one is handed in, the popup is opened when this is called: call it in the click, because browsers block popups
    /// elsewhere. Where something is awaited before, open the popup first:
    ///
    /// ```
    /// use yew::prelude::*;
    /// use yew_step_up::{Provider, SocialOptions, SocialPopup, TokenScope, UseStepUpAuthenticationHandle};
    ///
    /// fn export(step_up: UseStepUpAuthenticationHandle) -> Callback<MouseEvent> {
    ///     Callback::from(move |_| {
    ///         let (popup, step_up) = (SocialPopup::open(), step_up.clone());
    ///         yew::platform::spawn_local(async move {
    ///             if step_up.is_step_up_required(&TokenScope::WalletExport).await {
    ///                 let options = SocialOptions::new().with_scopes(&[TokenScope::WalletExport]).with_popup(popup);
    ///                 // What goes wrong is in the state.
    ///                 let _ = step_up.verify_social(Provider::Google, options).await;
    ///             }
    ///             // Otherwise the popup is dropped, and closes.
    ///         });
    ///     })
    /// }
    /// ```
    ///
    /// The page that comes back from a redirect goes on by itself; see [`use_step_up_resume`](crate::use_step_up_resume). When this component is unmounted,
    /// the popup is closed and the call is [`Cancelled`](StepUpError::Cancelled), unless the user was through with it.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::verify_social`](step_up_core::StepUpClient::verify_social); the state shows them.
    pub fn verify_social(
        &self,
        provider: Provider,
        options: SocialOptions,
    ) -> impl Future<Output = Result<Verified>> + use<> {
        let options = options.with_cancellation(self.hook.unmount.wait());
        let verify = self.hook.client.verify_social(&provider, options);
        self.hook.tracker.track(Ok(verify), |_| Action::Verified)
    }
}

/// A page that is shown again as it was left, because the user came back from the provider without an answer, waits for
/// nothing. What this gives stops looking.
pub(super) fn follow_way_back(tracker: &StepUpTracker) -> impl FnOnce() + use<> {
    let tracker = tracker.clone();
    platform::on_restored(move || {
        let is_redirecting = tracker.state().error == Some(StepUpError::Redirecting);
        if is_redirecting {
            tracker.reset();
        }
    })
}
