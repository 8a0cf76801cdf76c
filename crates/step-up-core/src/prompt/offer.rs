//! What a prompt offers, from what the server says that the user has.

use super::{PromptMethod, PromptScreen};
use crate::{
    client::StepUpCheck,
    error::{Result, StepUpError},
    routing::{DeadEnd, Factor, Factors, Method, MfaFactor, Path, Policy, Route, route},
    types::{StepUpCredential, User},
};

/// What a prompt shows first, and everything that it offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) screen: PromptScreen,
    pub(crate) methods: Vec<PromptMethod>,
}

impl Offer {
    /// Nothing is known yet.
    pub(crate) const fn loading() -> Self {
        Self { screen: PromptScreen::Loading, methods: Vec::new() }
    }

    /// All methods, the one that is left first.
    pub(crate) fn show_methods(&mut self) {
        let PromptScreen::Verify(left) = &self.screen else { return };
        if self.methods.len() > 1 {
            let others = self.methods.iter().filter(|method| *method != left).cloned().collect();
            self.screen = PromptScreen::Choose { primary: Some(left.clone()), others };
        }
    }
}

/// What the user has, by the answer to a check. `None` where that does not suffice to route: it failed or lists nothing
/// known, does not say which of several second factors comes first, or was not about MFA where MFA is wanted.
pub(crate) fn factors_of_check(check: &StepUpCheck, user: &User, policy: &Policy) -> Option<Factors> {
    if check.cause.is_some() {
        return None;
    }
    let is_listed = |id: &str| check.credentials.iter().any(|credential| credential.id.as_str() == id);
    let mfa: Vec<MfaFactor> = check
        .credentials
        .iter()
        .filter_map(|credential| {
            let is_default = check.default_credential_id.as_ref() == Some(&credential.id);
            Some(MfaFactor { factor: mfa_factor(credential)?, created_at: None, is_default })
        })
        .collect();
    if mfa.is_empty() {
        let all = Factors::of_credentials(&user.credentials);
        let is_offered = |factor: &Factor| factor.credential_id().is_some_and(|id| is_listed(id.as_str()));
        let reauth: Vec<Factor> = all.into_iter().filter(is_offered).collect();
        let suffices = policy.path != Path::Mfa && !reauth.is_empty();
        return suffices.then_some(Factors { mfa, reauth });
    }
    let usable: Vec<&MfaFactor> =
        mfa.iter().filter(|mfa| policy.methods.contains(&mfa.factor.method())).collect();
    let is_decided = usable.len() < 2 || usable.iter().any(|mfa| mfa.is_default);
    is_decided.then(|| Factors { mfa, reauth: Vec::new() })
}

/// Whether it is a second factor.
pub(crate) fn is_mfa(credential: &StepUpCredential) -> bool {
    mfa_factor(credential).is_some()
}

fn mfa_factor(credential: &StepUpCredential) -> Option<Factor> {
    let id = credential.id.as_str().into();
    match credential.method()? {
        Method::Passkey => Some(Factor::Passkey { id }),
        Method::Totp => Some(Factor::Totp { id }),
        _ => None,
    }
}

/// What a user with these factors is offered; `alias` knows what they call them.
///
/// # Errors
///
/// Where there is no way: [`NoMfaMethods`](StepUpError::NoMfaMethods), [`NoReauthMethods`](StepUpError::NoReauthMethods),
/// [`MfaRequired`](StepUpError::MfaRequired), [`UnsupportedTarget`](StepUpError::UnsupportedTarget).
pub(crate) fn offer_of(
    factors: &Factors,
    policy: &Policy,
    alias: impl Fn(&str) -> Option<String>,
) -> Result<Offer> {
    let method = |factor: &Factor| {
        let id = match factor {
            Factor::Passkey { id } | Factor::Totp { id } => id.as_str(),
            other => other.credential_id().map(|id| id.as_str()).unwrap_or_default(),
        };
        PromptMethod::of(factor, alias(id))
    };
    // They are verified by what verifies authenticator apps.
    let recovery = policy.methods.contains(&Method::Totp).then(PromptMethod::recovery_code);
    match route(factors, policy) {
        Route::Verify(factor) if factor.credential_id().is_none() => {
            let first = method(&factor);
            let mut methods = vec![first.clone()];
            let others = factors.mfa.iter().map(|mfa| &mfa.factor).filter(|other| **other != factor);
            methods.extend(others.filter(|other| policy.methods.contains(&other.method())).map(method));
            methods.extend(recovery);
            Ok(Offer { screen: PromptScreen::Verify(first), methods })
        }
        Route::Verify(factor) => {
            let only = method(&factor);
            Ok(Offer { screen: PromptScreen::Verify(only.clone()), methods: vec![only] })
        }
        Route::Choose { primary, others } => {
            let primary = primary.as_ref().map(method);
            let others: Vec<PromptMethod> = others.iter().map(method).collect();
            let methods = primary.iter().chain(&others).cloned().collect();
            Ok(Offer { screen: PromptScreen::Choose { primary, others }, methods })
        }
        // A passkey that this browser cannot ask for leaves the codes that were made for when it is lost.
        Route::DeadEnd(DeadEnd::MfaNotBuiltIn) => match recovery {
            Some(only) => Ok(Offer { screen: PromptScreen::Verify(only.clone()), methods: vec![only] }),
            None => Err(StepUpError::UnsupportedTarget {
                why: "none of the user's MFA methods is available in this app and browser".into(),
            }),
        },
        Route::DeadEnd(DeadEnd::NoMfaMethods) => Err(StepUpError::NoMfaMethods),
        Route::DeadEnd(DeadEnd::MfaRequired) => Err(StepUpError::MfaRequired),
        Route::DeadEnd(DeadEnd::NoReauthMethods) => Err(StepUpError::NoReauthMethods),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        prompt::PromptMethodKind,
        types::{Credential, CredentialFormat},
    };

    fn check(credentials: Vec<StepUpCredential>, default: Option<&str>) -> StepUpCheck {
        StepUpCheck {
            is_required: true,
            credentials,
            default_credential_id: default.map(Into::into),
            cause: None,
        }
    }

    fn listed(id: &str, format: CredentialFormat) -> StepUpCredential {
        StepUpCredential { alias: Some(format!("{id}'s name")), ..StepUpCredential::new(id, format) }
    }

    fn user() -> User {
        let mut user = User::new("u", "e");
        user.credentials = vec![
            Credential::email("email", "a@b.example"),
            Credential { sign_in_enabled: false, ..Credential::email("off", "c@d.example") },
        ];
        user
    }

    fn both() -> Vec<StepUpCredential> {
        vec![listed("totp", CredentialFormat::Totp), listed("key", CredentialFormat::Passkey)]
    }

    #[test]
    fn second_factors_are_told_from_what_the_user_signs_in_with() {
        assert!(check(both(), None).lists_mfa());
        let by_kind = StepUpCredential { kind: Some("totp".into()), ..listed("x", "mfa".into()) };
        assert!(check(vec![by_kind], None).lists_mfa());
        assert!(!check(vec![listed("email", CredentialFormat::Email)], None).lists_mfa());
        assert!(!check(Vec::new(), None).lists_mfa());
    }

    #[test]
    fn a_check_suffices_where_it_says_which_comes_first() {
        let policy = Policy::default();
        let route_of = |check: StepUpCheck, policy: &Policy| {
            factors_of_check(&check, &user(), policy).map(|factors| route(&factors, policy))
        };
        let totp = Route::Verify(Factor::Totp { id: "totp".into() });
        assert_eq!(route_of(check(both(), Some("totp")), &policy), Some(totp.clone()));
        // Two, and nothing that tells which: the list knows their dates.
        assert_eq!(route_of(check(both(), None), &policy), None);
        // The other one is not built in, so there is nothing to decide.
        let without_passkeys = Policy { methods: vec![Method::Totp], ..Policy::default() };
        assert_eq!(route_of(check(both(), None), &without_passkeys), Some(totp));
        let only_passkeys = Policy { methods: vec![Method::Passkey], ..Policy::default() };
        let key = Route::Verify(Factor::Passkey { id: "key".into() });
        assert_eq!(route_of(check(both(), Some("totp")), &only_passkeys), Some(key));

        let email = vec![listed("email", CredentialFormat::Email)];
        assert!(route_of(check(email.clone(), None), &policy).is_some());
        let mfa = Policy { path: Path::Mfa, ..Policy::default() };
        assert_eq!(route_of(check(email.clone(), None), &mfa), None);
        let strange =
            vec![listed("unknown", CredentialFormat::Email), listed("off", CredentialFormat::Email)];
        assert_eq!(route_of(check(strange, None), &policy), None);
        assert_eq!(route_of(check(vec![], None), &policy), None);
        let failed = StepUpCheck { cause: Some(StepUpError::Network), ..check(email, None) };
        assert_eq!(route_of(failed, &policy), None);
    }

    #[test]
    fn second_factors_are_offered_with_recovery_codes_and_named_by_their_alias() {
        let policy = Policy::default();
        let factors = factors_of_check(&check(both(), Some("key")), &user(), &policy).unwrap();
        let mut offer = offer_of(&factors, &policy, |id| Some(format!("my {id}"))).unwrap();
        let kinds: Vec<_> = offer.methods.iter().map(|method| method.kind).collect();
        assert_eq!(
            kinds,
            [PromptMethodKind::Passkey, PromptMethodKind::Totp, PromptMethodKind::RecoveryCode]
        );
        assert_eq!(offer.methods[0].label.as_deref(), Some("my key"));
        assert_eq!(offer.screen, PromptScreen::Verify(offer.methods[0].clone()));
        offer.show_methods();
        let others = offer.methods[1..].to_vec();
        assert_eq!(offer.screen, PromptScreen::Choose { primary: Some(offer.methods[0].clone()), others });
    }

    #[test]
    fn a_passkey_that_cannot_be_asked_for_leaves_recovery_codes() {
        let key = vec![listed("key", CredentialFormat::Passkey)];
        let offered = |methods: Vec<Method>| {
            let policy = Policy { methods, ..Policy::default() };
            let factors = factors_of_check(&check(key.clone(), None), &user(), &policy).unwrap();
            offer_of(&factors, &policy, |_| None)
        };
        let offer = offered(vec![Method::Totp, Method::Email]).unwrap();
        assert_eq!(offer.screen, PromptScreen::Verify(PromptMethod::recovery_code()));
        assert!(matches!(offered(vec![Method::Email]), Err(StepUpError::UnsupportedTarget { .. })));
    }
}
