//! Stepping up with a second factor (`docs/PROTOCOL.md`, "Second factors").

use super::{StepUpClient, Verified, codes::clean_code};
use crate::{
    LocalFuture,
    endpoint::{RecoveryVerify, TotpVerify},
    error::{Result, StepUpError},
    types::{MfaDeviceId, TokenScope},
};

impl StepUpClient {
    /// Verifies the user with a code of an authenticator app, and holds the elevated token for `scopes`. Without a device
    /// the server takes the default one, else the latest.
    ///
    /// # Errors
    ///
    /// [`InvalidCode`](crate::StepUpError::InvalidCode), also for a code that was used already;
    /// [`RateLimited`](crate::StepUpError::RateLimited) after too many wrong ones; otherwise as for
    /// [`verify_otp`](Self::verify_otp).
    pub fn verify_totp_mfa(
        &self,
        code: &str,
        device: Option<&MfaDeviceId>,
        scopes: &[TokenScope],
    ) -> LocalFuture<'static, Result<Verified>> {
        self.verify_totp(code, device, scopes, false)
    }

    pub(super) fn verify_totp(
        &self,
        code: &str,
        device: Option<&MfaDeviceId>,
        scopes: &[TokenScope],
        wants_mfa_token: bool,
    ) -> LocalFuture<'static, Result<Verified>> {
        let (client, device, scopes) = (self.clone(), device.cloned(), scopes.to_vec());
        let code = clean_code(code);
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let call = TotpVerify { code: &code?, device: device.as_ref(), scopes: &scopes, wants_mfa_token };
            let answer = client.run(epoch, &call).await?;
            client.inner.accept_verification(answer, &scopes)
        })
    }

    /// Verifies the user with a recovery code, which is used up by it, and holds the elevated token for `scopes`.
    ///
    /// # Errors
    ///
    /// As for [`verify_totp_mfa`](Self::verify_totp_mfa).
    pub fn verify_recovery_code(
        &self,
        code: &str,
        scopes: &[TokenScope],
    ) -> LocalFuture<'static, Result<Verified>> {
        self.verify_recovery(code, scopes, false)
    }

    pub(super) fn verify_recovery(
        &self,
        code: &str,
        scopes: &[TokenScope],
        wants_mfa_token: bool,
    ) -> LocalFuture<'static, Result<Verified>> {
        let (client, scopes) = (self.clone(), scopes.to_vec());
        // What stands inside of a recovery code is the server's business.
        let code = code.trim().to_owned();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            if code.is_empty() {
                return Err(StepUpError::InvalidCode { attempts_left: None });
            }
            let answer =
                client.run(epoch, &RecoveryVerify { code: &code, scopes: &scopes, wants_mfa_token }).await?;
            client.inner.accept_verification(answer, &scopes)
        })
    }
}
