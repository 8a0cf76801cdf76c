//! What the user can verify with.

use yew_step_up::{
    Credential, CredentialFormat, CredentialId, Provider, StepUpCheck, StepUpCredential, User,
};

use crate::format::{provider_name, shorten};

/// One way to verify once more.
#[derive(Clone, PartialEq)]
pub(crate) enum Method {
    /// A code that is sent to this credential.
    Code { credential: CredentialId, to: String, is_sms: bool },
    /// A code of the authenticator app.
    Totp,
    /// A code that was kept for when nothing else is at hand.
    Recovery,
    /// A passkey.
    Passkey,
    /// A signature of this wallet.
    Wallet { credential: CredentialId, address: String },
    /// The account at this provider.
    Social { provider: Provider, name: String },
    /// The word of another identity provider about this user of it.
    External { subject: String },
}

impl Method {
    /// What a server's check offers, what it would choose first.
    pub(crate) fn offered(check: &StepUpCheck, user: &User) -> Vec<Self> {
        let mut offered: Vec<&StepUpCredential> = check.credentials.iter().collect();
        offered.sort_by_key(|credential| Some(&credential.id) != check.default_credential_id.as_ref());
        let mut methods = Vec::new();
        for credential in offered {
            if let Some(method) = Self::of(credential, user.credential(&credential.id))
                && !methods.contains(&method)
            {
                methods.push(method);
            }
        }
        // The service does not list it: asking another provider is the app's business.
        let external = user.credentials.iter().find(|it| it.format == CredentialFormat::ExternalUser);
        if let (true, Some(external)) = (methods.is_empty(), external) {
            methods.push(Self::External { subject: external.public_identifier.clone().unwrap_or_default() });
        }
        // Whoever has a second factor may have recovery codes for it.
        if methods.iter().any(|method| matches!(method, Self::Totp | Self::Passkey)) {
            methods.push(Self::Recovery);
        }
        methods
    }

    fn of(offered: &StepUpCredential, credential: Option<&Credential>) -> Option<Self> {
        let kind = offered.kind.as_deref().unwrap_or_default();
        let alias = || offered.alias.clone().unwrap_or_default();
        let id = offered.id.clone();
        Some(match &offered.format {
            CredentialFormat::Totp => Self::Totp,
            CredentialFormat::Passkey => Self::Passkey,
            _ if kind == "totp" => Self::Totp,
            _ if kind == "passkey" => Self::Passkey,
            CredentialFormat::Email => Self::Code { credential: id, to: alias(), is_sms: false },
            CredentialFormat::PhoneNumber => Self::Code { credential: id, to: alias(), is_sms: true },
            CredentialFormat::Blockchain => {
                let address = credential.and_then(|credential| credential.address.clone());
                Self::Wallet { credential: id, address: address.unwrap_or_else(alias) }
            }
            CredentialFormat::Oauth => {
                Self::Social { provider: credential?.oauth_provider.clone()?, name: alias() }
            }
            _ => return None,
        })
    }

    /// As a choice.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Code { to, is_sms: false, .. } => format!("Email a code to {to}"),
            Self::Code { to, is_sms: true, .. } => format!("Text a code to {to}"),
            Self::Totp => "Authenticator app".into(),
            Self::Recovery => "Recovery code".into(),
            Self::Passkey => "Passkey".into(),
            Self::Wallet { address, .. } => format!("Sign with {}", shorten(address)),
            Self::Social { provider, name } => format!("{} ({name})", provider_name(provider)),
            Self::External { .. } => "Example ID".into(),
        }
    }

    /// Names it in `data-testid`.
    pub(crate) fn test_id(&self) -> &'static str {
        match self {
            Self::Code { is_sms: false, .. } => "method-email",
            Self::Code { is_sms: true, .. } => "method-sms",
            Self::Totp => "method-totp",
            Self::Recovery => "method-recovery",
            Self::Passkey => "method-passkey",
            Self::Wallet { .. } => "method-wallet",
            Self::Social { .. } => "method-social",
            Self::External { .. } => "method-external",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(format: CredentialFormat) -> StepUpCredential {
        StepUpCredential::new(format.as_str().to_owned(), format)
    }

    #[test]
    fn a_format_that_is_not_known_is_no_method_and_mfa_is_known_by_its_kind_too() {
        assert!(Method::of(&offered(CredentialFormat::from("smell")), None).is_none());
        assert!(Method::of(&offered(CredentialFormat::ExternalUser), None).is_none());
        let mut by_kind = offered(CredentialFormat::from("mfa"));
        by_kind.kind = Some("totp".into());
        assert!(Method::of(&by_kind, None) == Some(Method::Totp));
        assert!(Method::of(&offered(CredentialFormat::Oauth), None).is_none(), "no provider, no way to it");
    }
}
