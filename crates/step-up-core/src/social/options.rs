use std::{fmt, rc::Rc};

use futures_util::{FutureExt as _, future::Shared};

use super::window::Popup;
use crate::{LocalFuture, types::TokenScope};

/// What happens where the browser blocks the popup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnBlocked {
    /// The page itself goes to the provider and comes back: [`Redirecting`](crate::StepUpError::Redirecting).
    #[default]
    Redirect,
    /// The call fails: [`PopupBlocked`](crate::StepUpError::PopupBlocked).
    Fail,
}

/// Options of [`verify_social`](crate::StepUpClient::verify_social) and its like.
///
/// ```
/// # use step_up_core::{OnBlocked, SocialOptions, TokenScope};
/// let options = SocialOptions::new()
///     .with_scopes(&[TokenScope::WalletExport])
///     .with_app_state("wallet 3")
///     .on_blocked(OnBlocked::Fail);
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct SocialOptions {
    pub(crate) scopes: Vec<TokenScope>,
    pub(crate) popup: Option<Rc<dyn Popup>>,
    pub(crate) on_blocked: OnBlocked,
    pub(crate) is_redirect: bool,
    pub(crate) app_state: Option<String>,
    pub(crate) cancellation: Option<Shared<LocalFuture<'static, ()>>>,
}

impl SocialOptions {
    /// The defaults: no scopes, and a popup that is opened when the method is called.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The scopes that the elevated token has to cover. Only a step-up takes any.
    #[must_use]
    pub fn with_scopes(mut self, scopes: &[TokenScope]) -> Self {
        self.scopes = scopes.to_vec();
        self
    }

    /// A popup that was opened in the user's click, where the method itself is called later: browsers block popups
    /// outside of clicks.
    #[must_use]
    pub fn with_popup(mut self, popup: impl Popup + 'static) -> Self {
        self.popup = Some(Rc::new(popup));
        self
    }

    /// What happens where the browser blocks the popup.
    #[must_use]
    pub fn on_blocked(mut self, on_blocked: OnBlocked) -> Self {
        self.on_blocked = on_blocked;
        self
    }

    /// No popup: the page itself goes to the provider and comes back.
    #[must_use]
    pub fn with_redirect(mut self) -> Self {
        self.is_redirect = true;
        self
    }

    /// What the app wants back after a redirect, such as what the user was about to do. It waits in the tab's session
    /// storage, so it should be nothing secret.
    #[must_use]
    pub fn with_app_state(mut self, app_state: impl Into<String>) -> Self {
        self.app_state = Some(app_state.into());
        self
    }

    /// Ends the wait for the popup when this future is ready, with [`Cancelled`](crate::StepUpError::Cancelled), as where
    /// the screen that asked is gone. Once there is a code it is redeemed all the same: it is for one use.
    #[must_use]
    pub fn with_cancellation(mut self, cancellation: impl Future<Output = ()> + 'static) -> Self {
        let cancellation: LocalFuture<'static, ()> = Box::pin(cancellation);
        self.cancellation = Some(cancellation.shared());
        self
    }
}

impl fmt::Debug for SocialOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocialOptions")
            .field("scopes", &self.scopes)
            .field("has_popup", &self.popup.is_some())
            .field("on_blocked", &self.on_blocked)
            .field("is_redirect", &self.is_redirect)
            .finish_non_exhaustive()
    }
}
