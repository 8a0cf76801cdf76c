//! Enrolling and removing second factors.

use crate::{
    LocalFuture,
    client::StepUpClient,
    endpoint::GetMfaMethods,
    error::Result,
    types::{MfaDeviceId, MfaMethods},
};
#[cfg(feature = "mfa")]
use crate::{
    client::done,
    endpoint::{
        AcknowledgeRecoveryCodes, DeleteDevice, GetRecoveryCodes, RegenerateRecoveryCodes, SetDefaultDevice,
        TotpRegister,
    },
    types::{RecoveryCodes, TotpEnrolment},
};
#[cfg(feature = "passkey")]
use crate::{
    endpoint::{DeletePasskey, GetPasskeys, RenamePasskey},
    types::Passkey,
};

/// The user's second factors; from [`StepUpClient::factors`].
///
/// Enrolling is guarded by `credential:link`, removing by `credential:unlink`: step up for the scope first, and the
/// elevated token goes with the call.
///
/// ```
/// # use step_up_core::{Result, StepUpClient};
/// # #[cfg(feature = "mfa")]
/// # async fn example(client: StepUpClient, code: String) -> Result<()> {
/// let enrolment = client.factors().enrol_totp().await?;
/// // Show `enrolment.secret` or a picture of `enrolment.uri`, and ask for the code that the app shows.
/// client.factors().confirm_totp(&enrolment.device_id, &code).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorsClient {
    client: StepUpClient,
}

impl StepUpClient {
    /// The user's second factors.
    #[must_use]
    pub fn factors(&self) -> FactorsClient {
        FactorsClient { client: self.clone() }
    }
}

impl FactorsClient {
    /// The verified devices and passkeys.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn), and those of every request.
    pub fn methods(&self) -> LocalFuture<'static, Result<MfaMethods>> {
        self.client.run_in_session(&GetMfaMethods)
    }
}

#[cfg(feature = "mfa")]
impl FactorsClient {
    /// Begins to enrol an authenticator app. It is no factor until [`confirm_totp`](Self::confirm_totp) took its first
    /// code.
    ///
    /// # Errors
    ///
    /// [`NotElevated`](crate::StepUpError::NotElevated) without an elevation for `credential:link`;
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn), and those of every request.
    pub fn enrol_totp(&self) -> LocalFuture<'static, Result<TotpEnrolment>> {
        self.client.run_in_session(&TotpRegister)
    }

    /// Takes an authenticator app's first code, which makes it a factor. It elevates nobody.
    ///
    /// # Errors
    ///
    /// As for [`StepUpClient::verify_totp_mfa`].
    pub fn confirm_totp(&self, device: &MfaDeviceId, code: &str) -> LocalFuture<'static, Result<()>> {
        done(self.client.verify_totp_mfa(code, Some(device), &[]))
    }

    /// Makes a device the one that is asked for first.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn), and those of every request.
    pub fn set_default_device(&self, device: &MfaDeviceId) -> LocalFuture<'static, Result<()>> {
        self.client.run_in_session(&SetDefaultDevice { device })
    }

    /// Removes a device.
    ///
    /// # Errors
    ///
    /// [`NotElevated`](crate::StepUpError::NotElevated) without an elevation for `credential:unlink`;
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn), and those of every request.
    pub fn delete_device(&self, device: &MfaDeviceId) -> LocalFuture<'static, Result<()>> {
        self.client.run_in_session(&DeleteDevice { device })
    }

    /// How many recovery codes are left. Where there are none they are made. The codes themselves are in that answer, and, with
    /// an elevation for `credential:link`, in later ones until they are acknowledged.
    ///
    /// # Errors
    ///
    /// [`NotElevated`](crate::StepUpError::NotElevated) where they have to be made and there is no elevation for
    /// `credential:link`; [`NotSignedIn`](crate::StepUpError::NotSignedIn), and those of every request.
    pub fn recovery_codes(&self) -> LocalFuture<'static, Result<RecoveryCodes>> {
        self.client.run_in_session(&GetRecoveryCodes)
    }

    /// Makes new recovery codes. The old ones are void.
    ///
    /// # Errors
    ///
    /// [`NotElevated`](crate::StepUpError::NotElevated) without an elevation for `credential:link`;
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn), and those of every request.
    pub fn regenerate_recovery_codes(&self) -> LocalFuture<'static, Result<RecoveryCodes>> {
        self.client.run_in_session(&RegenerateRecoveryCodes)
    }

    /// Tells the service that the user has kept the recovery codes.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn), and those of every request.
    pub fn acknowledge_recovery_codes(&self) -> LocalFuture<'static, Result<()>> {
        done(self.client.verify(&AcknowledgeRecoveryCodes, &[]))
    }
}

/// Passkeys.
#[cfg(feature = "passkey")]
impl FactorsClient {
    /// The user's passkeys.
    ///
    /// # Errors
    ///
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn), and those of every request.
    pub fn passkeys(&self) -> LocalFuture<'static, Result<Vec<Passkey>>> {
        self.client.run_in_session(&GetPasskeys)
    }

    /// Makes a passkey and registers it. Call it from a button: some browsers ask for a passkey only then.
    ///
    /// The user is not asked for a passkey that would be refused: without an elevation for `credential:link` the service
    /// is asked first whether one is needed. Dropping the future closes what they are shown.
    ///
    /// # Errors
    ///
    /// [`NotElevated`](crate::StepUpError::NotElevated) where an elevation for `credential:link` is missing;
    /// [`PasskeyAlreadyRegistered`](crate::StepUpError::PasskeyAlreadyRegistered),
    /// [`Cancelled`](crate::StepUpError::Cancelled), [`TimedOut`](crate::StepUpError::TimedOut),
    /// [`RelyingPartyMismatch`](crate::StepUpError::RelyingPartyMismatch),
    /// [`PasskeyFailed`](crate::StepUpError::PasskeyFailed),
    /// [`UnsupportedTarget`](crate::StepUpError::UnsupportedTarget), also where the device cannot verify its user;
    /// [`NotSignedIn`](crate::StepUpError::NotSignedIn), also where the user signed out meanwhile; those of every request.
    pub fn enrol_passkey(&self) -> LocalFuture<'static, Result<()>> {
        self.client.enrol_passkey()
    }

    /// Gives a passkey another name.
    ///
    /// # Errors
    ///
    /// [`PasskeyNotFound`](crate::StepUpError::PasskeyNotFound); [`NotSignedIn`](crate::StepUpError::NotSignedIn), and
    /// those of every request.
    pub fn rename_passkey(&self, passkey: &MfaDeviceId, alias: &str) -> LocalFuture<'static, Result<()>> {
        self.client.run_in_session(&RenamePasskey { passkey, alias })
    }

    /// Removes a passkey from the account. The user's device keeps it until they delete it there.
    ///
    /// # Errors
    ///
    /// [`NotElevated`](crate::StepUpError::NotElevated) without an elevation for `credential:unlink`;
    /// [`PasskeyNotFound`](crate::StepUpError::PasskeyNotFound); [`NotSignedIn`](crate::StepUpError::NotSignedIn), and
    /// those of every request.
    pub fn delete_passkey(&self, passkey: &MfaDeviceId) -> LocalFuture<'static, Result<()>> {
        self.client.run_in_session(&DeletePasskey { passkey })
    }
}
