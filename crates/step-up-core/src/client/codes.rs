//! Sending one-time codes, whatever they are for.

use futures_util::{
    FutureExt as _,
    future::{Shared, WeakShared},
};

use super::StepUpClient;
use crate::{
    LocalFuture,
    endpoint::{Captcha, ResendCode, SendCode},
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
        self.share_send(epoch, CodeRequest { address, credential_id, captcha, replaces: None })
    }

    /// Sends a new code in place of the last one; as for the epoch, see [`send_code`](Self::send_code).
    pub(super) fn resend_code(
        &self,
        epoch: Option<Epoch>,
        last: OtpVerification,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        let OtpVerification { address, uuid, credential_id } = last;
        self.share_send(epoch, CodeRequest { address, credential_id, captcha: None, replaces: Some(uuid) })
    }

    /// Sends a code, or joins the same request of the same session while it is under way: a double click sends one code.
    fn share_send(
        &self,
        epoch: Option<Epoch>,
        request: CodeRequest,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = epoch.map_or_else(|| client.inner.signed_in_epoch(), Ok)?;
            let known = client.inner.sends.borrow().find(epoch, &request);
            let sending = known.unwrap_or_else(|| client.begin_send(epoch, request));
            sending.await
        })
    }

    fn begin_send(&self, epoch: Epoch, request: CodeRequest) -> Sending {
        let (client, asked) = (self.clone(), request.clone());
        let sending: LocalFuture<'static, Result<OtpVerification>> = Box::pin(async move {
            let uuid = client.request_code(epoch, &asked).await?;
            Ok(OtpVerification { address: asked.address, uuid, credential_id: asked.credential_id })
        });
        let sending = sending.shared();
        self.inner.sends.borrow_mut().add(epoch, request, &sending);
        sending
    }

    /// The identifier of the verification that the service began.
    async fn request_code(&self, epoch: Epoch, request: &CodeRequest) -> Result<String> {
        let CodeRequest { address, captcha, replaces, .. } = request;
        if let Some(uuid) = replaces {
            return self.run(epoch, &ResendCode { address, uuid }).await;
        }
        if captcha.is_none() && self.settings().await?.captcha.is_some() {
            self.inner.require(epoch)?;
            return Err(StepUpError::CaptchaRequired);
        }
        self.run(epoch, &SendCode { address, captcha: captcha.as_ref() }).await
    }
}

/// What a code is asked for with. Equal requests of one session share a send.
#[derive(Clone, PartialEq)]
struct CodeRequest {
    address: OtpAddress,
    credential_id: Option<CredentialId>,
    captcha: Option<CaptchaToken>,
    /// The verification whose code is sent again.
    replaces: Option<String>,
}

type Sending = Shared<LocalFuture<'static, Result<OtpVerification>>>;
type WeakSending = WeakShared<LocalFuture<'static, Result<OtpVerification>>>;

/// The sends that are under way. They live as long as a caller waits for them.
#[derive(Default)]
pub(super) struct PendingSends(Vec<(Epoch, CodeRequest, WeakSending)>);

impl PendingSends {
    fn find(&self, epoch: Epoch, request: &CodeRequest) -> Option<Sending> {
        let (.., sending) = self.0.iter().find(|(e, r, _)| *e == epoch && r == request)?;
        under_way(sending)
    }

    fn add(&mut self, epoch: Epoch, request: CodeRequest, sending: &Sending) {
        self.0.retain(|(.., known)| under_way(known).is_some());
        self.0.extend(sending.downgrade().map(|sending| (epoch, request, sending)));
    }
}

/// A send whose answer has arrived is not joined, even if no caller has read it yet.
fn under_way(sending: &WeakSending) -> Option<Sending> {
    sending.upgrade().filter(|sending| sending.peek().is_none())
}

/// A code as it is sent: what people and mail programs put between the digits is taken out. An empty one is wrong
/// without costing a try.
pub(super) fn clean_code(code: &str) -> Result<String> {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if code.is_empty() { Err(StepUpError::InvalidCode { attempts_left: None }) } else { Ok(code) }
}
