//! Sending one-time codes, whatever they are for.

use super::StepUpClient;
use crate::{
    LocalFuture,
    endpoint::{Captcha, Endpoint as _, ResendCode, SendCode},
    error::{Result, StepUpError},
    secret::CaptchaToken,
    session::Epoch,
    types::{CredentialId, OtpAddress, OtpVerification},
};

impl StepUpClient {
    /// The captcha that the environment wants before it sends a code; `None` where it wants none.
    ///
    /// # Errors
    ///
    /// Those of every request, where the environment's settings could not be had.
    pub fn captcha(&self) -> LocalFuture<'static, Result<Option<Captcha>>> {
        let client = self.clone();
        Box::pin(async move { Ok(client.settings().await?.captcha.clone()) })
    }

    /// Sends a code. An environment that wants a captcha is not asked without one. Without an epoch it is the one of the
    /// session in which the future is first polled.
    pub(super) fn send_code(
        &self,
        epoch: Option<Epoch>,
        address: OtpAddress,
        credential_id: Option<CredentialId>,
        captcha: Option<CaptchaToken>,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = epoch.map_or_else(|| client.inner.signed_in_epoch(), Ok)?;
            if captcha.is_none() && client.settings().await?.captcha.is_some() {
                client.inner.require(epoch)?;
                return Err(StepUpError::CaptchaRequired);
            }
            let call = SendCode { address: &address, captcha: captcha.as_ref() };
            let uuid = client.run(epoch, &call).await?;
            Ok(OtpVerification { address, uuid, credential_id })
        })
    }

    /// Sends a new code in place of the last one; as for the epoch, see [`send_code`](Self::send_code).
    pub(super) fn resend_code(
        &self,
        epoch: Option<Epoch>,
        last: OtpVerification,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        let uuid = self.answer(epoch, Ok(ResendCode { last: &last }.call()), ResendCode::parse);
        Box::pin(async move { Ok(OtpVerification { uuid: uuid.await?, ..last }) })
    }
}

/// A code as it is sent: what people and mail programs put between the digits is taken out. An empty one is wrong
/// without costing a try.
pub(super) fn clean_code(code: &str) -> Result<String> {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if code.is_empty() { Err(StepUpError::InvalidCode { attempts_left: None }) } else { Ok(code) }
}
