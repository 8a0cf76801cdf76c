//! Stepping up with a one-time code, and linking the address that one was sent to (`docs/PROTOCOL.md`, "One-time
//! codes").

use std::rc::Rc;

use super::{StepUpClient, Verified, codes::clean_code, verified::user_of};
use crate::{
    LocalFuture,
    endpoint::{Endpoint as _, LinkAddress, VerifyCode},
    error::{Result, StepUpError},
    secret::CaptchaToken,
    types::{
        Credential, CredentialFormat, CredentialId, OtpAddress, OtpVerification, PhoneNumber, TokenScope,
        User,
    },
};

impl StepUpClient {
    /// Sends a code to a credential of the signed-in user: the given one, else the first email address or phone number
    /// that they may sign in with.
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
        self.send_to_credential(credential, None)
    }

    /// [`send_otp`](Self::send_otp) with a captcha's answer, after [`CaptchaRequired`](StepUpError::CaptchaRequired).
    ///
    /// # Errors
    ///
    /// As for [`send_otp`](Self::send_otp); [`CaptchaRequired`](StepUpError::CaptchaRequired) where the service does not
    /// take the captcha's answer.
    pub fn send_otp_with_captcha(
        &self,
        credential: Option<&CredentialId>,
        captcha: CaptchaToken,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        self.send_to_credential(credential, Some(captcha))
    }

    fn send_to_credential(
        &self,
        credential: Option<&CredentialId>,
        captcha: Option<CaptchaToken>,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        let (client, wanted) = (self.clone(), credential.cloned());
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let user = client.user().ok_or(StepUpError::NotSignedIn)?;
            let credential = otp_credential(&user.credentials, wanted.as_ref())?;
            client.send_code(Some(epoch), address(credential)?, Some(credential.id.clone()), captcha).await
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
        self.resend_code(None, verification.clone())
    }

    /// Verifies the user with the code that was sent, and holds the elevated token for `scopes`.
    ///
    /// # Errors
    ///
    /// [`InvalidCode`](StepUpError::InvalidCode), [`CodeExpired`](StepUpError::CodeExpired),
    /// [`TooManyAttempts`](StepUpError::TooManyAttempts), [`UnknownVerification`](StepUpError::UnknownVerification),
    /// [`CredentialNotFound`](StepUpError::CredentialNotFound) if the address is no longer the user's;
    /// [`MfaRequired`](StepUpError::MfaRequired); [`NotElevated`](StepUpError::NotElevated) where the answer brought no
    /// valid token for every scope; [`SubjectMismatch`](StepUpError::SubjectMismatch) where it was about somebody else;
    /// [`NotSignedIn`](StepUpError::NotSignedIn), also where the user signed out meanwhile; those of every request.
    pub fn verify_otp(
        &self,
        verification: &OtpVerification,
        code: &str,
        scopes: &[TokenScope],
    ) -> LocalFuture<'static, Result<Verified>> {
        let call = clean_code(code).map(|code| VerifyCode { verification, code: &code, scopes }.call());
        // The credential that the code was sent to was removed meanwhile.
        let not_linked = verification.credential_id.clone().map(StepUpError::CredentialNotFound);
        self.step_up(None, call, VerifyCode::parse, scopes, not_linked)
    }

    /// Sends a code to an email address or a [`PhoneNumber`] that the user wants to link.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](StepUpError::NotSignedIn), [`CaptchaRequired`](StepUpError::CaptchaRequired),
    /// [`RateLimited`](StepUpError::RateLimited), and those of every request.
    pub fn send_link_code(
        &self,
        address: impl Into<OtpAddress>,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        self.send_code(None, address.into(), None, None)
    }

    /// [`send_link_code`](Self::send_link_code) with a captcha's answer.
    ///
    /// # Errors
    ///
    /// As for [`send_link_code`](Self::send_link_code).
    pub fn send_link_code_with_captcha(
        &self,
        address: impl Into<OtpAddress>,
        captcha: CaptchaToken,
    ) -> LocalFuture<'static, Result<OtpVerification>> {
        self.send_code(None, address.into(), None, Some(captcha))
    }

    /// Links the address that [`send_link_code`](Self::send_link_code) sent a code to. The elevated token that is held for
    /// `credential:link` goes with the call. A link elevates nobody.
    ///
    /// # Errors
    ///
    /// [`NotElevated`](StepUpError::NotElevated) without an elevation for `credential:link`; otherwise as for
    /// [`verify_otp`](Self::verify_otp).
    pub fn link_with_otp(
        &self,
        verification: &OtpVerification,
        code: &str,
    ) -> LocalFuture<'static, Result<Rc<User>>> {
        let call = clean_code(code).map(|code| LinkAddress { verification, code: &code }.call());
        user_of(self.verify_by::<LinkAddress<'_>>(call, &[]))
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
            .find(|credential| {
                credential.sign_in_enabled
                    && matches!(credential.format, CredentialFormat::Email | CredentialFormat::PhoneNumber)
            })
            .ok_or(StepUpError::NoOtpCredential),
    }
}

fn address(credential: &Credential) -> Result<OtpAddress> {
    match &credential.format {
        CredentialFormat::Email => {
            credential.email.as_deref().filter(|address| !address.is_empty()).map(OtpAddress::from)
        }
        CredentialFormat::PhoneNumber => PhoneNumber::of(credential).map(OtpAddress::from),
        _ => None,
    }
    .ok_or_else(|| StepUpError::CredentialUnsupported { format: credential.format.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(id: &str) -> Credential {
        Credential {
            sign_in_enabled: true,
            phone_country_code: Some("1".into()),
            phone_number: Some("5550100100".into()),
            ..Credential::new(id, CredentialFormat::PhoneNumber)
        }
    }

    fn pick(credentials: &[Credential], wanted: Option<&str>) -> Result<OtpAddress> {
        let wanted = wanted.map(CredentialId::from);
        otp_credential(credentials, wanted.as_ref()).and_then(address)
    }

    #[test]
    fn the_named_credential_or_the_first_that_may_sign_in() {
        let credentials = [
            Credential { sign_in_enabled: true, ..Credential::new("wallet", CredentialFormat::Blockchain) },
            Credential { sign_in_enabled: false, ..Credential::email("off", "off@b.example") },
            Credential::email("on", "on@b.example"),
            Credential::email("second", "second@b.example"),
            phone("phone"),
        ];
        assert_eq!(pick(&credentials, None), Ok("on@b.example".into()));
        assert_eq!(pick(&credentials, Some("off")), Ok("off@b.example".into()));
        let number = PhoneNumber::new("US", "1", "5550100100").unwrap();
        assert_eq!(pick(&credentials, Some("phone")), Ok(number.into()));
        assert_eq!(pick(&credentials, Some("gone")), Err(StepUpError::CredentialNotFound("gone".into())));
        assert_eq!(
            pick(&credentials, Some("wallet")),
            Err(StepUpError::CredentialUnsupported { format: CredentialFormat::Blockchain })
        );
        assert_eq!(pick(&credentials[..2], None), Err(StepUpError::NoOtpCredential));
    }

    #[test]
    fn a_phone_that_comes_first_is_taken_and_one_without_a_number_is_unsupported() {
        let credentials = [phone("phone"), Credential::email("email", "a@b.example")];
        assert!(matches!(pick(&credentials, None), Ok(OtpAddress::Phone(_))));
        let empty = [Credential { phone_number: None, ..phone("phone") }];
        assert_eq!(
            pick(&empty, None),
            Err(StepUpError::CredentialUnsupported { format: CredentialFormat::PhoneNumber })
        );
    }
}
