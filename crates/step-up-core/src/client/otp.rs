//! Stepping up with a one-time code (`docs/PROTOCOL.md`, "One-time codes").

use super::{StepUpClient, Verified, sign_in::clean_code};
use crate::{
    LocalFuture,
    endpoint::{EmailCreate, EmailRetry, EmailVerify},
    error::{Result, StepUpError},
    types::{Credential, CredentialFormat, CredentialId, OtpVerification, TokenScope, VerificationType},
};

impl StepUpClient {
    /// Sends a code to a credential of the signed-in user: the given one, else the first email address that they may
    /// sign in with.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](StepUpError::NotSignedIn), [`CredentialNotFound`](StepUpError::CredentialNotFound),
    /// [`CredentialUnsupported`](StepUpError::CredentialUnsupported),
    /// [`NoOtpCredential`](StepUpError::NoOtpCredential), [`CaptchaRequired`](StepUpError::CaptchaRequired),
    /// [`RateLimited`](StepUpError::RateLimited), and those of every request: [`Network`](StepUpError::Network),
    /// [`TimedOut`](StepUpError::TimedOut), [`Api`](StepUpError::Api), [`Decode`](StepUpError::Decode).
    pub fn send_otp(
        &self,
        credential: Option<&CredentialId>,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        let (client, wanted) = (self.clone(), credential.cloned());
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let user = client.user().ok_or(StepUpError::NotSignedIn)?;
            let credential = otp_credential(&user.credentials, wanted.as_ref())?;
            let email = address(credential)?;
            let uuid = client.run(epoch, &EmailCreate { email }).await?;
            Ok(OtpVerification {
                verification_type: VerificationType::Email,
                destination: email.to_owned(),
                uuid,
                credential_id: Some(credential.id.clone()),
            })
        })
    }

    /// Sends a new code in place of the last one.
    ///
    /// # Errors
    ///
    /// As for [`send_otp`](Self::send_otp), and [`UnknownVerification`](StepUpError::UnknownVerification).
    pub fn resend_otp(
        &self,
        verification: &OtpVerification,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        let (client, last) = (self.clone(), verification.clone());
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let retry = EmailRetry { email: &last.destination, verification_uuid: &last.uuid };
            let uuid = client.run(epoch, &retry).await?;
            Ok(OtpVerification { uuid, ..last })
        })
    }

    /// Verifies the user with the code that was sent, and holds the elevated token for `scopes`.
    ///
    /// # Errors
    ///
    /// [`InvalidCode`](StepUpError::InvalidCode), [`CodeExpired`](StepUpError::CodeExpired),
    /// [`TooManyAttempts`](StepUpError::TooManyAttempts), [`UnknownVerification`](StepUpError::UnknownVerification),
    /// [`MfaRequired`](StepUpError::MfaRequired); [`NotElevated`](StepUpError::NotElevated) where the answer brought no
    /// valid token for every scope; [`SubjectMismatch`](StepUpError::SubjectMismatch) where it was about somebody else;
    /// [`NotSignedIn`](StepUpError::NotSignedIn), also where the user signed out meanwhile; those of every request.
    pub fn verify_otp(
        &self,
        verification: &OtpVerification,
        code: &str,
        scopes: &[TokenScope],
    ) -> LocalFuture<'static, Result<Verified>> {
        let (client, verification, scopes) = (self.clone(), verification.clone(), scopes.to_vec());
        let code = clean_code(code);
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let code = code?;
            let call = EmailVerify { verification_uuid: &verification.uuid, code: &code, scopes: &scopes };
            let answer = client.run(epoch, &call).await?;
            client.inner.accept_verification(answer, &scopes)
        })
    }
}

/// The credential that a code is sent to (`docs/PROTOCOL.md`, "One-time codes"). One that is named need not be enabled
/// for sign-in; the server decides what it proves.
fn otp_credential<'a>(
    credentials: &'a [Credential],
    wanted: Option<&CredentialId>,
) -> Result<&'a Credential> {
    match wanted {
        Some(id) => credentials
            .iter()
            .find(|credential| credential.id == *id)
            .ok_or_else(|| StepUpError::CredentialNotFound(id.clone())),
        None => credentials
            .iter()
            .find(|credential| credential.sign_in_enabled && credential.format == CredentialFormat::Email)
            .ok_or(StepUpError::NoOtpCredential),
    }
}

fn address(credential: &Credential) -> Result<&str> {
    match (&credential.format, credential.email.as_deref()) {
        (CredentialFormat::Email, Some(address)) if !address.is_empty() => Ok(address),
        (format, _) => Err(StepUpError::CredentialUnsupported { format: format.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_credential_or_the_first_that_may_sign_in() {
        let credentials = [
            Credential { sign_in_enabled: true, ..Credential::new("wallet", CredentialFormat::Blockchain) },
            Credential { sign_in_enabled: false, ..Credential::email("off", "off@b.example") },
            Credential::email("on", "on@b.example"),
            Credential::email("second", "second@b.example"),
        ];
        let pick = |wanted: Option<&str>| {
            let wanted = wanted.map(CredentialId::from);
            otp_credential(&credentials, wanted.as_ref()).and_then(address)
        };
        assert_eq!(pick(None), Ok("on@b.example"));
        assert_eq!(pick(Some("off")), Ok("off@b.example"));
        assert_eq!(pick(Some("gone")), Err(StepUpError::CredentialNotFound("gone".into())));
        assert_eq!(
            pick(Some("wallet")),
            Err(StepUpError::CredentialUnsupported { format: CredentialFormat::Blockchain })
        );
        assert_eq!(otp_credential(&credentials[..2], None), Err(StepUpError::NoOtpCredential));
    }
}
