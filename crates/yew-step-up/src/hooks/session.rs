//! `use_session`

use std::{ops::Deref, rc::Rc};

use step_up_core::{
    CaptchaToken, Event, LocalFuture, OtpAddress, OtpVerification, Result, Session, StepUpClient, User,
};
use yew::prelude::*;

use super::{use_client_value, use_step_up_client};

/// Who is signed in, and the way in and out. Derefs to [`Session`].
#[derive(Clone, Debug, PartialEq)]
pub struct UseSessionHandle {
    session: Session,
    client: StepUpClient,
}

impl Deref for UseSessionHandle {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl UseSessionHandle {
    /// The user that is signed in.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.session.user.as_deref()
    }

    /// Sends a sign-in code; see [`StepUpClient::send_sign_in_code`].
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::send_sign_in_code`].
    pub fn send_sign_in_code(
        &self,
        address: impl Into<OtpAddress>,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        self.client.send_sign_in_code(address)
    }

    /// Sends a sign-in code with a captcha's answer; see [`StepUpClient::send_sign_in_code_with_captcha`].
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::send_sign_in_code_with_captcha`].
    pub fn send_sign_in_code_with_captcha(
        &self,
        address: impl Into<OtpAddress>,
        captcha: CaptchaToken,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        self.client.send_sign_in_code_with_captcha(address, captcha)
    }

    /// Sends a new sign-in code; see [`StepUpClient::resend_sign_in_code`].
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::resend_sign_in_code`].
    pub fn resend_sign_in_code(
        &self,
        verification: &OtpVerification,
    ) -> impl Future<Output = Result<OtpVerification>> + use<> {
        self.client.resend_sign_in_code(verification)
    }

    /// Signs in with the code; see [`StepUpClient::sign_in_with_otp`].
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::sign_in_with_otp`].
    pub fn sign_in_with_otp(
        &self,
        verification: &OtpVerification,
        code: &str,
    ) -> impl Future<Output = Result<Rc<User>>> + use<> {
        self.client.sign_in_with_otp(verification, code)
    }

    /// Signs in with an external wallet; see [`StepUpClient::sign_in_with_wallet`].
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::sign_in_with_wallet`].
    #[cfg(feature = "wallet")]
    pub fn sign_in_with_wallet(
        &self,
        wallet: &step_up_core::WalletId,
    ) -> impl Future<Output = Result<Rc<User>>> + use<> {
        self.client.sign_in_with_wallet(wallet)
    }

    /// Signs in with a social account; see [`StepUpClient::sign_in_with_social`]. Call it in the click.
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::sign_in_with_social`].
    #[cfg(feature = "social")]
    pub fn sign_in_with_social(
        &self,
        provider: &step_up_core::Provider,
        options: step_up_core::SocialOptions,
    ) -> impl Future<Output = Result<Rc<User>>> + use<> {
        self.client.sign_in_with_social(provider, options)
    }

    /// Signs out; see [`StepUpClient::sign_out`].
    ///
    /// # Errors
    ///
    /// Those of [`StepUpClient::sign_out`].
    pub fn sign_out(&self) -> impl Future<Output = Result<()>> + use<> {
        self.client.sign_out()
    }
}

/// Who is signed in. Renders again when that changes.
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::use_session;
///
/// #[component]
/// fn Greeting() -> Html {
///     let session = use_session();
///     match session.user() {
///         Some(user) => html! { <p>{ format!("Hello, {}", user.email.as_deref().unwrap_or("you")) }</p> },
///         None => html! { <p>{ "Please sign in." }</p> },
///     }
/// }
/// ```
///
/// # Panics
///
/// Outside a [`StepUpProvider`](crate::StepUpProvider).
///
/// # Server-side rendering
///
/// Signed out, unless the provider was given a client that is signed in. With
/// [`hydrate`](crate::StepUpProviderProps#structfield.hydrate) always signed out, and so is the browser's first render.
#[hook]
pub fn use_session() -> UseSessionHandle {
    let client = use_step_up_client();
    let concerns = |event: &Event| matches!(event, Event::SessionChanged);
    let session = use_client_value(&client, None, concerns, |client, _| client.session(), is_same);
    UseSessionHandle { session, client }
}

/// Whether the client still has this session. A user whom the server has told of again is another one: comparing all that
/// there is to a user costs more than a render.
fn is_same(one: &Session, other: &Session) -> bool {
    one.user.as_ref().map(Rc::as_ptr) == other.user.as_ref().map(Rc::as_ptr)
        && one.expires_at == other.expires_at
        && one.sign_in_credential == other.sign_in_credential
        && one.store_error == other.store_error
}
