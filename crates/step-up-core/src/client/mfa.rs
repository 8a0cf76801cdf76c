//! Stepping up with a second factor (`docs/PROTOCOL.md`, "Second factors").

use super::{StepUpClient, Verified, codes::clean_code};
use crate::{
    LocalFuture,
    endpoint::{Endpoint as _, RecoveryVerify, TotpVerify},
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
        let call =
            clean_code(code).map(|code| TotpVerify { code: &code, device, scopes, wants_mfa_token }.call());
        self.verify_by::<TotpVerify<'_>>(call, scopes)
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
        // What stands inside of a recovery code is the server's business.
        let call = match code.trim() {
            "" => Err(StepUpError::InvalidCode { attempts_left: None }),
            code => Ok(RecoveryVerify { code, scopes, wants_mfa_token }.call()),
        };
        self.verify_by::<RecoveryVerify<'_>>(call, scopes)
    }
}
