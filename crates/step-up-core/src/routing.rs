//! Which way a user is verified: the routing table, as one total pure function.
//!
//! | the user has | route |
//! |---|---|
//! | MFA devices or passkeys | the default one, else the most recently created, a passkey on a tie |
//! | one way to re-authenticate | straight to it |
//! | several | a choice: the sign-in credential first, then email, SMS, wallet, social |
//! | nothing | a dead end that says why |
//!
//! Embedded wallets are no factor: they sign without the user. A method that this build leaves out is none either, and
//! a user whose only MFA method is left out does not fall back to re-authentication, because the server refuses it.

use crate::types::{
    Credential, CredentialFormat, CredentialId, MfaDeviceId, MfaDeviceType, MfaMethods, Provider,
    StepUpCredential, User,
};

/// A way to verify the user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Factor {
    /// A passkey.
    Passkey {
        /// Which.
        id: MfaDeviceId,
    },
    /// A code of an authenticator app.
    Totp {
        /// Which.
        id: MfaDeviceId,
    },
    /// A code sent by email.
    Email {
        /// To which credential.
        id: CredentialId,
        /// Its address.
        label: String,
    },
    /// A code sent by text message.
    Sms {
        /// To which credential.
        id: CredentialId,
        /// Its number, with the country code.
        label: String,
    },
    /// A signature of an external wallet.
    Wallet {
        /// Of which credential.
        id: CredentialId,
        /// Its name and address.
        label: String,
    },
    /// A sign-in with a linked social account.
    Social {
        /// Which credential.
        id: CredentialId,
        /// At whom.
        provider: Provider,
        /// The account's name.
        label: String,
    },
}

/// A kind of [`Factor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// [`Factor::Passkey`]
    Passkey,
    /// [`Factor::Totp`]
    Totp,
    /// [`Factor::Email`]
    Email,
    /// [`Factor::Sms`]
    Sms,
    /// [`Factor::Wallet`]
    Wallet,
    /// [`Factor::Social`]
    Social,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 6] =
        [Self::Passkey, Self::Totp, Self::Email, Self::Sms, Self::Wallet, Self::Social];
}

impl StepUpCredential {
    /// The method that verifies it, by its `type` or its `format`: a server names second factors by either. `None` for what
    /// this version knows no method for.
    ///
    /// ```
    /// # use step_up_core::{StepUpCredential, routing::Method};
    /// let by_type = r#"{"id":"1","format":"mfa","type":"totp"}"#;
    /// let credential: StepUpCredential = serde_json::from_str(by_type).unwrap();
    /// assert_eq!(credential.method(), Some(Method::Totp));
    /// ```
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        match (self.kind.as_deref(), &self.format) {
            (Some("passkey"), _) | (None, CredentialFormat::Passkey) => Some(Method::Passkey),
            (Some("totp"), _) | (None, CredentialFormat::Totp) => Some(Method::Totp),
            (_, CredentialFormat::Email) => Some(Method::Email),
            (_, CredentialFormat::PhoneNumber) => Some(Method::Sms),
            (_, CredentialFormat::Blockchain) => Some(Method::Wallet),
            (_, CredentialFormat::Oauth) => Some(Method::Social),
            _ => None,
        }
    }
}

impl Factor {
    /// Its kind.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::Passkey { .. } => Method::Passkey,
            Self::Totp { .. } => Method::Totp,
            Self::Email { .. } => Method::Email,
            Self::Sms { .. } => Method::Sms,
            Self::Wallet { .. } => Method::Wallet,
            Self::Social { .. } => Method::Social,
        }
    }

    /// The credential that it proves; `None` for MFA.
    #[must_use]
    pub fn credential_id(&self) -> Option<&CredentialId> {
        match self {
            Self::Passkey { .. } | Self::Totp { .. } => None,
            Self::Email { id, .. }
            | Self::Sms { id, .. }
            | Self::Wallet { id, .. }
            | Self::Social { id, .. } => Some(id),
        }
    }
}

/// A second factor, with what decides between several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaFactor {
    /// How it is verified: a passkey or an authenticator app.
    pub factor: Factor,
    /// When it was enrolled. The server writes UTC in one format, so the order of the texts is that of the times.
    pub created_at: Option<String>,
    /// Whether the user made it the default.
    pub is_default: bool,
}

/// Everything that a user could verify with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// Second factors. Where there are any, only they elevate.
    pub mfa: Vec<MfaFactor>,
    /// Credentials that the user may sign in with.
    pub reauth: Vec<Factor>,
}

impl Factors {
    /// The factors of a user with these MFA methods.
    #[must_use]
    pub fn new(user: &User, methods: &MfaMethods) -> Self {
        let mut mfa = Vec::new();
        for passkey in &methods.passkeys {
            let factor = Factor::Passkey { id: passkey.id.clone() };
            mfa.push(MfaFactor { factor, created_at: passkey.created_at.clone(), is_default: false });
        }
        for device in methods.devices.iter().filter(|device| device.verified) {
            let id = device.id.clone();
            let factor = match device.device_type.as_ref().unwrap_or(&MfaDeviceType::Totp) {
                MfaDeviceType::Totp => Factor::Totp { id },
                MfaDeviceType::Passkey => Factor::Passkey { id },
                // No call verifies an email device, nor one of a kind that came later.
                _ => continue,
            };
            mfa.push(MfaFactor { factor, created_at: device.created_at.clone(), is_default: device.default });
        }
        Self { mfa, reauth: Self::of_credentials(&user.credentials) }
    }

    /// What these credentials are verified with.
    pub(crate) fn of_credentials(credentials: &[Credential]) -> Vec<Factor> {
        let mut factors = Vec::new();
        for credential in credentials.iter().filter(|credential| credential.sign_in_enabled) {
            factors.extend(reauth_factor(credential));
        }
        factors
    }
}

/// How a credential is verified, if it proves something.
fn reauth_factor(credential: &Credential) -> Option<Factor> {
    let id = credential.id.clone();
    match credential.format {
        CredentialFormat::Email => {
            Some(Factor::Email { id, label: credential.email.clone().filter(|address| !address.is_empty())? })
        }
        CredentialFormat::PhoneNumber => {
            let number = credential.phone_number.as_deref().filter(|number| !number.is_empty())?;
            let country = credential.phone_country_code.as_deref()?.trim_start_matches('+');
            Some(Factor::Sms { id, label: format!("+{country} {number}") })
        }
        CredentialFormat::Blockchain if !credential.is_embedded_wallet() => {
            let name = credential.wallet_name.as_deref().unwrap_or("Wallet");
            let label = match credential.address.as_deref() {
                Some(address) => format!("{name} ({})", shorten(address)),
                None => name.to_owned(),
            };
            Some(Factor::Wallet { id, label })
        }
        CredentialFormat::Oauth => {
            let provider = credential.oauth_provider.clone()?;
            let label = credential.oauth_display_name.clone().unwrap_or_else(|| provider.to_string());
            Some(Factor::Social { id, provider, label })
        }
        _ => None,
    }
}

/// `0x12…ab`: enough to recognise an address.
fn shorten(address: &str) -> String {
    let chars: Vec<char> = address.chars().collect();
    if chars.len() <= 10 {
        return address.to_owned();
    }
    let start: String = chars[..6].iter().collect();
    let end: String = chars[chars.len() - 4..].iter().collect();
    format!("{start}…{end}")
}

/// Which path the app wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Path {
    /// MFA if the user has it, else re-authentication.
    #[default]
    Auto,
    /// MFA only.
    Mfa,
    /// Re-authentication only.
    Reauthenticate,
}

/// What the app and its build allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Which path the app wants.
    pub path: Path,
    /// The methods that this build has.
    pub methods: Vec<Method>,
    /// The credential that the session was opened with; it comes first in a choice.
    pub sign_in_credential: Option<CredentialId>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { path: Path::Auto, methods: Method::ALL.to_vec(), sign_in_credential: None }
    }
}

/// Where the user goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Route {
    /// Straight to this.
    Verify(Factor),
    /// The user chooses.
    Choose {
        /// What is offered first: the credential that the user signed in with.
        primary: Option<Factor>,
        /// The others, in order.
        others: Vec<Factor>,
    },
    /// There is no way.
    DeadEnd(DeadEnd),
}

/// Why there is no way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadEnd {
    /// MFA was asked for, and the user has none.
    NoMfaMethods,
    /// The user has MFA, of kinds that this build leaves out.
    MfaNotBuiltIn,
    /// Re-authentication was asked for, and the user has MFA: it would not elevate.
    MfaRequired,
    /// The user has nothing to re-authenticate with.
    NoReauthMethods,
}

/// Which way a user with these factors is verified under this policy.
#[must_use]
pub fn route(factors: &Factors, policy: &Policy) -> Route {
    let has_mfa = !factors.mfa.is_empty();
    match policy.path {
        Path::Mfa if !has_mfa => Route::DeadEnd(DeadEnd::NoMfaMethods),
        Path::Reauthenticate if has_mfa => Route::DeadEnd(DeadEnd::MfaRequired),
        _ if has_mfa => route_mfa(&factors.mfa, policy),
        _ => route_reauth(&factors.reauth, policy),
    }
}

// Chains of iterators would each be a type of their own: both routes are loops, and several kilobytes smaller.

fn route_mfa(mfa: &[MfaFactor], policy: &Policy) -> Route {
    fn rank(candidate: &MfaFactor) -> (bool, Option<&str>, bool) {
        let is_passkey = candidate.factor.method() == Method::Passkey;
        (candidate.is_default, candidate.created_at.as_deref(), is_passkey)
    }
    let mut chosen: Option<&MfaFactor> = None;
    for candidate in mfa {
        let is_allowed = policy.methods.contains(&candidate.factor.method());
        // The first of equals.
        if is_allowed && chosen.is_none_or(|chosen| rank(candidate) > rank(chosen)) {
            chosen = Some(candidate);
        }
    }
    chosen.map_or(Route::DeadEnd(DeadEnd::MfaNotBuiltIn), |chosen| Route::Verify(chosen.factor.clone()))
}

fn route_reauth(reauth: &[Factor], policy: &Policy) -> Route {
    let rank = |method: Method| match method {
        Method::Email => 0,
        Method::Sms => 1,
        Method::Wallet => 2,
        _ => 3,
    };
    let mut options: Vec<Factor> = Vec::new();
    for wanted in 0..4 {
        for factor in reauth {
            let method = factor.method();
            if rank(method) == wanted && policy.methods.contains(&method) {
                options.push(factor.clone());
            }
        }
    }
    if options.len() > 1 {
        let primary = policy
            .sign_in_credential
            .as_ref()
            .and_then(|id| options.iter().position(|factor| factor.credential_id() == Some(id)))
            .map(|at| options.remove(at));
        return Route::Choose { primary, others: options };
    }
    options.pop().map_or(Route::DeadEnd(DeadEnd::NoReauthMethods), Route::Verify)
}

#[cfg(test)]
mod tests;
