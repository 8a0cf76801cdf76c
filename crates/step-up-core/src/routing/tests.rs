use super::*;
use crate::types::{MfaDevice, Passkey, WalletProvider};

const EARLY: &str = "2026-01-01T00:00:00.000Z";
const LATE: &str = "2026-06-01T00:00:00.000Z";

fn passkey(created_at: Option<&str>) -> MfaFactor {
    MfaFactor {
        factor: Factor::Passkey { id: "passkey".into() },
        created_at: created_at.map(Into::into),
        is_default: false,
    }
}

fn totp(created_at: Option<&str>) -> MfaFactor {
    MfaFactor {
        factor: Factor::Totp { id: "totp".into() },
        created_at: created_at.map(Into::into),
        is_default: false,
    }
}

fn email() -> Factor {
    Factor::Email { id: "email".into(), label: "a@b.example".into() }
}
fn sms() -> Factor {
    Factor::Sms { id: "sms".into(), label: "+1 555".into() }
}
fn wallet() -> Factor {
    Factor::Wallet { id: "wallet".into(), label: "W".into() }
}
fn social() -> Factor {
    Factor::Social { id: "social".into(), provider: Provider::Google, label: "G".into() }
}

fn method_of(mfa: Vec<MfaFactor>) -> Method {
    match route(&Factors { mfa, reauth: vec![email()] }, &Policy::default()) {
        Route::Verify(factor) => factor.method(),
        other => panic!("{other:?}"),
    }
}

fn reauth(factors: Vec<Factor>) -> Route {
    route(&Factors { mfa: vec![], reauth: factors }, &Policy::default())
}

#[test]
fn row_1_passkey_and_totp_the_most_recently_created() {
    assert_eq!(method_of(vec![passkey(Some(EARLY)), totp(Some(LATE))]), Method::Totp);
    assert_eq!(method_of(vec![passkey(Some(LATE)), totp(Some(EARLY))]), Method::Passkey);
}

#[test]
fn row_1_a_passkey_wins_a_tie_in_either_order() {
    assert_eq!(method_of(vec![totp(Some(LATE)), passkey(Some(LATE))]), Method::Passkey);
    assert_eq!(method_of(vec![passkey(None), totp(None)]), Method::Passkey);
}

#[test]
fn row_1_a_dated_method_is_more_recent_than_an_undated_one() {
    assert_eq!(method_of(vec![passkey(None), totp(Some(EARLY))]), Method::Totp);
}

#[test]
fn row_1_the_users_default_comes_before_the_most_recent() {
    let default = MfaFactor { is_default: true, ..totp(Some(EARLY)) };
    assert_eq!(method_of(vec![passkey(Some(LATE)), default]), Method::Totp);
}

#[test]
fn rows_2_and_3_one_mfa_method_only() {
    assert_eq!(method_of(vec![passkey(None)]), Method::Passkey);
    assert_eq!(method_of(vec![totp(None)]), Method::Totp);
}

#[test]
fn rows_4_to_7_one_way_to_reauthenticate_is_taken_at_once() {
    for factor in [email(), sms(), wallet(), social()] {
        assert_eq!(reauth(vec![factor.clone()]), Route::Verify(factor));
    }
}

#[test]
fn row_8_several_are_a_choice_in_a_fixed_order() {
    assert_eq!(
        reauth(vec![social(), wallet(), sms(), email()]),
        Route::Choose { primary: None, others: vec![email(), sms(), wallet(), social()] }
    );
}

#[test]
fn row_8_the_sign_in_credential_comes_first() {
    let policy = Policy { sign_in_credential: Some("wallet".into()), ..Policy::default() };
    assert_eq!(
        route(&Factors { mfa: vec![], reauth: vec![email(), wallet(), social()] }, &policy),
        Route::Choose { primary: Some(wallet()), others: vec![email(), social()] }
    );
}

#[test]
fn nothing_is_a_dead_end_that_says_why() {
    assert_eq!(reauth(vec![]), Route::DeadEnd(DeadEnd::NoReauthMethods));
    let mfa_only = Policy { path: Path::Mfa, ..Policy::default() };
    assert_eq!(
        route(&Factors { mfa: vec![], reauth: vec![email()] }, &mfa_only),
        Route::DeadEnd(DeadEnd::NoMfaMethods)
    );
    let reauth_only = Policy { path: Path::Reauthenticate, ..Policy::default() };
    assert_eq!(
        route(&Factors { mfa: vec![totp(None)], reauth: vec![email()] }, &reauth_only),
        Route::DeadEnd(DeadEnd::MfaRequired)
    );
}

#[test]
fn credentials_become_factors_unless_they_prove_nothing() {
    let mut user = User::new("u", "e");
    let mut add = |credential: Credential| user.credentials.push(credential);
    let of = |id: &'static str, format| Credential { sign_in_enabled: true, ..Credential::new(id, format) };
    add(Credential::email("email", "a@b.example"));
    add(Credential { sign_in_enabled: false, ..Credential::email("off", "off@b.example") });
    add(of("no address", CredentialFormat::Email));
    add(Credential {
        phone_number: Some("5551234567".into()),
        phone_country_code: Some("+1".into()),
        ..of("sms", CredentialFormat::PhoneNumber)
    });
    add(of("no number", CredentialFormat::PhoneNumber));
    add(Credential {
        wallet_name: Some("metamask".into()),
        address: Some("0x00112233445566778899".into()),
        ..of("wallet", CredentialFormat::Blockchain)
    });
    for name in ["zerodev", "dynamicwaas", "turnkey", "turnkeyhd", "DynamicWaaS"] {
        add(Credential { wallet_name: Some(name.into()), ..of("named", CredentialFormat::Blockchain) });
    }
    add(Credential {
        wallet_provider: Some(WalletProvider::EmbeddedWallet),
        ..of("marked", CredentialFormat::Blockchain)
    });
    add(Credential {
        embedded_wallet_id: Some("w".into()),
        ..of("identified", CredentialFormat::Blockchain)
    });
    add(Credential { oauth_provider: Some(Provider::GitHub), ..of("social", CredentialFormat::Oauth) });
    add(of("nobody", CredentialFormat::Oauth));
    add(of("passkey", CredentialFormat::Passkey));
    add(of("external", CredentialFormat::ExternalUser));
    add(of("new", CredentialFormat::from("smell")));
    let factors = Factors::new(&user, &MfaMethods::default());
    assert_eq!(
        factors.reauth,
        [
            Factor::Email { id: "email".into(), label: "a@b.example".into() },
            Factor::Sms { id: "sms".into(), label: "+1 5551234567".into() },
            Factor::Wallet { id: "wallet".into(), label: "metamask (0x0011…8899)".into() },
            Factor::Social { id: "social".into(), provider: Provider::GitHub, label: "github".into() },
        ]
    );
    assert!(factors.mfa.is_empty());
}

#[test]
fn mfa_methods_become_factors_once_they_are_verified() {
    let methods: MfaMethods = serde_json::from_str(
        r#"{"devices":[
            {"id":"pending","type":"totp","verified":false},
            {"id":"app","type":"totp","verified":true,"default":true,"createdAt":"2026-01-01T00:00:00Z"},
            {"id":"mail","type":"email","verified":true},
            {"id":"later","type":"smell","verified":true},
            {"id":"old passkey","type":"passkey","verified":true}],
          "passkeys":[{"id":"key","credentialId":"c","createdAt":"2026-02-01T00:00:00Z"}],
          "userHasVerifiedMfaMethods":true}"#,
    )
    .unwrap();
    let factors = Factors::new(&User::new("u", "e"), &methods);
    let ids: Vec<_> = factors.mfa.iter().map(|mfa| mfa.factor.clone()).collect();
    assert_eq!(
        ids,
        [
            Factor::Passkey { id: "key".into() },
            Factor::Totp { id: "app".into() },
            Factor::Passkey { id: "old passkey".into() }
        ]
    );
    assert_eq!(route(&factors, &Policy::default()), Route::Verify(Factor::Totp { id: "app".into() }));
    let _: (&[MfaDevice], &[Passkey]) = (&methods.devices, &methods.passkeys);
}

/// Every set of factors under every policy: the route is one that the user has, the build has and the server takes.
#[test]
fn every_set_of_factors_has_a_route_that_can_succeed_or_an_honest_dead_end() {
    let dates = [None, Some(EARLY), Some(LATE)];
    let mut mfa_sets = vec![vec![]];
    for p in dates {
        for default in [false, true] {
            mfa_sets.push(vec![MfaFactor { is_default: default, ..passkey(p) }]);
            mfa_sets.push(vec![MfaFactor { is_default: default, ..totp(p) }]);
        }
        for t in dates {
            for (pd, td) in [(false, false), (true, false), (false, true)] {
                let p = MfaFactor { is_default: pd, ..passkey(p) };
                let t = MfaFactor { is_default: td, ..totp(t) };
                mfa_sets.push(vec![p.clone(), t.clone()]);
                mfa_sets.push(vec![t, p]);
            }
        }
    }
    let all = [email(), sms(), wallet(), social()];
    let mut seen = 0;
    for mfa in &mfa_sets {
        for reauth_bits in 0..16_u32 {
            let reauth: Vec<Factor> =
                (0..4).filter(|bit| reauth_bits >> bit & 1 == 1).map(|bit| all[bit].clone()).collect();
            for method_bits in 0..64_u32 {
                let methods: Vec<Method> =
                    (0..6).filter(|bit| method_bits >> bit & 1 == 1).map(|bit| Method::ALL[bit]).collect();
                for path in [Path::Auto, Path::Mfa, Path::Reauthenticate] {
                    for sign_in_credential in [None, Some("wallet".into()), Some("gone".into())] {
                        let factors = Factors { mfa: mfa.clone(), reauth: reauth.clone() };
                        let policy = Policy { path, methods: methods.clone(), sign_in_credential };
                        check(&factors, &policy);
                        seen += 1;
                    }
                }
            }
        }
    }
    assert_eq!(seen, mfa_sets.len() * 16 * 64 * 3 * 3);
}

fn check(factors: &Factors, policy: &Policy) {
    let route = route(factors, policy);
    let built_in = |factor: &Factor| policy.methods.contains(&factor.method());
    let has_mfa = !factors.mfa.is_empty();
    let usable_mfa = factors.mfa.iter().filter(|mfa| built_in(&mfa.factor)).count();
    let usable_reauth = factors.reauth.iter().filter(|factor| built_in(factor)).count();
    let context = format!("{factors:?} {policy:?} -> {route:?}");
    match &route {
        Route::Verify(factor) => {
            assert!(built_in(factor), "{context}");
            let is_mfa = factors.mfa.iter().any(|mfa| mfa.factor == *factor);
            assert_eq!(is_mfa, has_mfa, "{context}");
            assert!(is_mfa || factors.reauth.contains(factor), "{context}");
            assert!(is_mfa || usable_reauth == 1, "{context}");
            if let Some(default) = factors.mfa.iter().find(|mfa| mfa.is_default && built_in(&mfa.factor)) {
                assert_eq!(default.factor, *factor, "{context}");
            }
        }
        Route::Choose { primary, others } => {
            assert!(!has_mfa && usable_reauth > 1, "{context}");
            assert_eq!(others.len() + usize::from(primary.is_some()), usable_reauth, "{context}");
            for factor in others.iter().chain(primary) {
                assert!(built_in(factor) && factors.reauth.contains(factor), "{context}");
            }
            let signed_in_with = factors.reauth.iter().find(|factor| {
                built_in(factor) && factor.credential_id() == policy.sign_in_credential.as_ref()
            });
            assert_eq!(primary.as_ref(), signed_in_with, "{context}");
        }
        Route::DeadEnd(DeadEnd::NoMfaMethods) => assert!(!has_mfa && policy.path == Path::Mfa, "{context}"),
        Route::DeadEnd(DeadEnd::MfaNotBuiltIn) => {
            assert!(has_mfa && usable_mfa == 0 && policy.path != Path::Reauthenticate, "{context}");
        }
        Route::DeadEnd(DeadEnd::MfaRequired) => {
            assert!(has_mfa && policy.path == Path::Reauthenticate, "{context}")
        }
        Route::DeadEnd(DeadEnd::NoReauthMethods) => {
            assert!(!has_mfa && usable_reauth == 0 && policy.path != Path::Mfa, "{context}");
        }
    }
}
