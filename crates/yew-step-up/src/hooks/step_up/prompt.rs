//! Step-up by a prompt that another component draws.

use futures_util::future::{Either, select};
use step_up_core::{Action, LocalFuture, PromptOptions, Result, StepUpError, Verified};

use super::UseStepUpAuthenticationHandle;

impl UseStepUpAuthenticationHandle {
    /// Lets the user verify by whatever way they have: a second factor if there is one, else what they sign in with. The
    /// component that calls [`use_step_up_prompt`](crate::use_step_up_prompt) draws it. `Ok` without asking the user if the
    /// scopes are held already, or if the service requires no step-up for them, unless the options force it. A check that
    /// this app made just before is taken over.
    ///
    /// ```
    /// # use yew::prelude::*;
    /// # use yew_step_up::{PromptOptions, TokenScope, UseStepUpAuthenticationHandle};
    /// # fn example(step_up: UseStepUpAuthenticationHandle) -> Callback<MouseEvent> {
    /// step_up.callback(|step_up, _: MouseEvent| async move {
    ///     let options = PromptOptions::new(&[TokenScope::WalletExport]);
    ///     if step_up.prompt_step_up_auth(options).await.is_ok() {
    ///         // The token is held: export the wallet.
    ///     }
    /// })
    /// # }
    /// ```
    ///
    /// When this component is unmounted, or the future dropped, it no longer waits; the last one to go closes the prompt. A
    /// code that is on its way to the service by then is taken up all the same.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::prompt_step_up_auth`](step_up_core::StepUpClient::prompt_step_up_auth); the state shows
    /// them.
    pub fn prompt_step_up_auth(
        &self,
        options: PromptOptions,
    ) -> impl Future<Output = Result<Verified>> + use<> {
        self.wait_for_user(self.hook.client.prompt_step_up_auth(options))
    }

    /// [`prompt_step_up_auth`](Self::prompt_step_up_auth) with a second factor only, after a check: the user is asked also if
    /// no step-up is required.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::prompt_mfa`](step_up_core::StepUpClient::prompt_mfa); the state shows them.
    pub fn prompt_mfa(&self, options: PromptOptions) -> impl Future<Output = Result<Verified>> + use<> {
        self.wait_for_user(self.hook.client.prompt_mfa(options))
    }

    /// [`prompt_step_up_auth`](Self::prompt_step_up_auth) with what the user signs in with only, after a check: the user is
    /// asked also if no step-up is required.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::prompt_reauthenticate`](step_up_core::StepUpClient::prompt_reauthenticate); the state shows
    /// them.
    pub fn prompt_reauthenticate(
        &self,
        options: PromptOptions,
    ) -> impl Future<Output = Result<Verified>> + use<> {
        self.wait_for_user(self.hook.client.prompt_reauthenticate(options))
    }

    fn wait_for_user(
        &self,
        prompt: LocalFuture<'static, Result<Verified>>,
    ) -> LocalFuture<'static, Result<Verified>> {
        let unmounted = self.hook.unmount.wait();
        let wait: LocalFuture<'static, Result<Verified>> = Box::pin(async move {
            match select(prompt, unmounted).await {
                Either::Left((result, _)) => result,
                Either::Right(_) => Err(StepUpError::Cancelled),
            }
        });
        self.hook.tracker.track(Ok(wait), |_| Action::Verified)
    }
}
