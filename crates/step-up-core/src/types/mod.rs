//! Types of the protocol (`docs/PROTOCOL.md`). Enums keep values that they don't know, and an unknown field never
//! breaks parsing.

mod credential;
mod device;
mod enrolment;
mod id;
mod open_enum;
mod phone;
mod scope;
mod step_up;
mod user;
mod verification;

pub use credential::{Credential, CredentialFormat, Provider, WalletProvider};
pub use device::{MfaDevice, MfaDeviceType, MfaMethods, Passkey};
pub use enrolment::{RecoveryCodes, TotpEnrolment};
pub use id::{CredentialId, MfaDeviceId, UserId};
pub(crate) use open_enum::open_enum;
pub use phone::PhoneNumber;
pub use scope::TokenScope;
pub use step_up::{StepUpCheckRequest, StepUpCheckResponse, StepUpCredential};
pub use user::User;
pub(crate) use verification::VerifyResponse;
pub use verification::{OtpAddress, OtpVerification, VerificationType};
