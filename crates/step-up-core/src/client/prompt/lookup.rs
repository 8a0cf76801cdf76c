//! Looking up what the user can verify with.

use super::KnownCheck;
use crate::{
    LocalFuture,
    client::StepUpClient,
    endpoint::GetMfaMethods,
    error::{Result, StepUpError},
    prompt::{Offer, factors_of_check, offer_of},
    routing::{Factors, Method, Path, Policy},
    types::{MfaMethods, TokenScope},
};

impl StepUpClient {
    /// What the user can verify with: from one check where that suffices, else from the list of second factors.
    pub(super) fn look_up(
        &self,
        path: Path,
        scopes: Vec<TokenScope>,
        known: Option<KnownCheck>,
    ) -> LocalFuture<'static, Result<Offer>> {
        let client = self.clone();
        Box::pin(async move {
            let epoch = client.inner.signed_in_epoch()?;
            let policy = client.policy(path);
            let user = client.user().ok_or(StepUpError::NotSignedIn)?;
            if let Some(first) = scopes.first() {
                let check = match known {
                    Some((known, check)) if scopes.contains(&known) => check,
                    _ => client.check_for_prompt(epoch, first).await,
                };
                if let Some(factors) = factors_of_check(&check, &user, &policy) {
                    let named = |id: &str| {
                        let credential = check.credentials.iter().find(|known| known.id.as_str() == id)?;
                        credential.alias.clone()
                    };
                    return offer_of(&factors, &policy, named);
                }
            }
            let methods = client.run(epoch, &GetMfaMethods).await?;
            offer_of(&Factors::new(&user, &methods), &policy, |id| alias_in(&methods, id))
        })
    }

    /// What this build and this platform can verify with.
    fn policy(&self, path: Path) -> Policy {
        let methods = Method::ALL.into_iter().filter(|method| self.has_method(*method)).collect();
        let sign_in_credential = self.inner.current.borrow().session.sign_in_credential.clone();
        Policy { path, methods, sign_in_credential }
    }

    fn has_method(&self, method: Method) -> bool {
        match method {
            #[cfg(feature = "passkey")]
            Method::Passkey => self.is_passkey_supported(),
            #[cfg(feature = "wallet")]
            Method::Wallet => self.inner.platform.wallets.is_some(),
            #[cfg(feature = "social")]
            Method::Social => self.inner.platform.social_window.is_some(),
            Method::Totp => cfg!(feature = "mfa"),
            Method::Email | Method::Sms => cfg!(feature = "otp"),
            #[cfg(not(all(feature = "passkey", feature = "wallet", feature = "social")))]
            _ => false,
        }
    }
}

fn alias_in(methods: &MfaMethods, id: &str) -> Option<String> {
    let devices = methods.devices.iter().map(|device| (&device.id, &device.alias));
    let passkeys = methods.passkeys.iter().map(|passkey| (&passkey.id, &passkey.alias));
    devices.chain(passkeys).find(|(known, _)| known.as_str() == id).and_then(|(_, alias)| alias.clone())
}
