use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

fn jwt(claims: &str) -> ElevatedToken {
    ElevatedToken::new(format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims)))
}

fn token(scopes: &[TokenScope], lives: i64, single_use: bool, nonce: u64) -> Parsed {
    let scope = scopes.iter().map(TokenScope::as_str).collect::<Vec<_>>().join(" ");
    let exp = NOW.as_secs() + lives;
    Parsed::new(jwt(&format!(
        r#"{{"scope":"{scope}","exp":{exp},"singleUse":{single_use},"jti":"{nonce}"}}"#
    )))
    .unwrap()
}

use TokenScope::{CredentialLink as Link, WalletExport as Export, WalletSign as Sign};

#[test]
fn claims_are_read() {
    let parsed =
        Parsed::new(jwt(r#"{"scope":"wallet:export moon:land","exp":1000300.5,"sub":"u","iat":1000000}"#))
            .unwrap();
    assert_eq!(parsed.elevation.scopes, [Export, "moon:land".into()]);
    assert_eq!(parsed.elevation.expires_at, Timestamp::from_millis(1_000_300_500));
    assert!(!parsed.elevation.single_use);
    assert_eq!(parsed.subject.as_deref(), Some("u"));
    assert_eq!(parsed.issued_at, Some(NOW));
}

#[test]
fn what_is_no_elevated_token_is_refused_without_being_quoted() {
    for claims in [
        r#"{"exp":1}"#,
        r#"{"scope":"","exp":1}"#,
        r#"{"scope":"  ","exp":1}"#,
        r#"{"scope":["wallet:export"],"exp":1}"#,
        r#"{"scope":"hunter2"}"#,
        r#"{"scope":"hunter2","exp":"hunter2"}"#,
        "hunter2",
    ] {
        let error = Parsed::new(jwt(claims)).err().unwrap();
        assert!(matches!(error, StepUpError::Decode { .. }), "{claims}: {error:?}");
        assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
    }
    for text in ["", "a.b", "a.b.c.d", "e30.!!!.sig"] {
        assert!(Parsed::new(ElevatedToken::new(text)).is_err(), "{text}");
    }
}

#[test]
fn an_expiry_that_is_no_number_of_this_world_saturates() {
    let parsed = Parsed::new(jwt(r#"{"scope":"wallet:export","exp":99999999999999999999}"#)).unwrap();
    assert_eq!(parsed.elevation.expires_at, Timestamp::from_millis(i64::MAX));
}

#[test]
fn selection_keeps_what_is_worth_most() {
    let mut store = Elevations::default();
    store.insert(token(&[Export], 300, true, 1), NOW);
    store.insert(token(&[Export, Sign], 100, true, 2), NOW);
    assert_eq!(store.find(&Export, NOW).unwrap().scopes, [Export], "fewest scopes first");
    store.insert(token(&[Export, Sign, Link], 600, false, 3), NOW);
    assert!(!store.find(&Export, NOW).unwrap().single_use, "reusable before single-use");
    store.insert(token(&[Export], 50, true, 4), NOW);
    store.insert(token(&[Export, Sign], 500, false, 5), NOW);
    assert_eq!(store.find(&Export, NOW).unwrap().scopes, [Export, Sign]);
}

#[test]
fn of_two_alike_the_one_that_expires_sooner_is_used() {
    let mut store = Elevations::default();
    store.insert(token(&[Export], 300, true, 1), NOW);
    store.insert(token(&[Export], 100, true, 2), NOW);
    assert_eq!(store.find(&Export, NOW).unwrap().expires_at, NOW.after(std::time::Duration::from_secs(100)));
}

#[test]
fn an_expired_token_is_not_held_from_its_very_second_on() {
    let mut store = Elevations::default();
    store.insert(token(&[Export], 10, false, 1), NOW);
    let at = |secs| NOW.after(std::time::Duration::from_secs(secs));
    assert!(store.find(&Export, at(9)).is_some());
    assert!(store.find(&Export, at(10)).is_none());
    assert!(store.list(at(10)).is_empty());
}

#[test]
fn a_reusable_token_replaces_its_like_and_single_use_ones_add_up() {
    let mut store = Elevations::default();
    store.insert(token(&[Export, Sign], 100, false, 1), NOW);
    store.insert(token(&[Sign, Export], 200, false, 2), NOW);
    assert_eq!(store.list(NOW).len(), 1);
    store.insert(token(&[Link], 100, true, 3), NOW);
    store.insert(token(&[Link], 100, true, 4), NOW);
    store.insert(token(&[Link], 100, true, 4), NOW);
    assert_eq!(store.list(NOW).len(), 3, "the same token twice is one");
}

#[test]
fn a_reserved_token_is_not_held_and_comes_back_when_released() {
    let mut store = Elevations::default();
    store.insert(token(&[Export], 100, true, 1), NOW);
    let (id, _) = store.reserve(&Export, NOW).unwrap();
    assert!(store.find(&Export, NOW).is_none());
    assert!(store.reserve(&Export, NOW).is_none());
    store.release(id);
    let (id, _) = store.reserve(&Export, NOW).unwrap();
    store.spend(id);
    store.release(id);
    assert!(store.find(&Export, NOW).is_none(), "spent is spent");
}

#[test]
fn a_reusable_token_is_shared_and_survives_being_spent() {
    let mut store = Elevations::default();
    store.insert(token(&[Export], 100, false, 1), NOW);
    let (first, _) = store.reserve(&Export, NOW).unwrap();
    let (second, carried) = store.reserve(&Export, NOW).unwrap();
    assert_eq!(first, second);
    store.spend(first);
    assert!(store.find(&Export, NOW).is_some());
    store.discard(&carried);
    assert!(store.find(&Export, NOW).is_none(), "the server has the last word");
}

/// What can happen to the store.
#[derive(Clone, Debug)]
enum Step {
    Insert {
        scopes: Vec<TokenScope>,
        lives: i64,
        single_use: bool,
    },
    /// The nth token that was ever granted is granted again: held, in flight, spent or expired.
    InsertAgain(usize),
    Claim(TokenScope),
    Unclaim(usize),
    Reserve(TokenScope),
    /// Settle the nth request in flight.
    Spend(usize),
    Release(usize),
    Discard(usize),
    Wait(i64),
}

fn any_scope() -> impl Strategy<Value = TokenScope> {
    prop_oneof![Just(Export), Just(Sign), Just(Link)]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (prop::collection::vec(any_scope(), 1..4), 1..50_i64, any::<bool>())
            .prop_map(|(scopes, lives, single_use)| Step::Insert { scopes, lives, single_use }),
        (0..8_usize).prop_map(Step::InsertAgain),
        any_scope().prop_map(Step::Claim),
        (0..4_usize).prop_map(Step::Unclaim),
        any_scope().prop_map(Step::Reserve),
        (0..4_usize).prop_map(Step::Spend),
        (0..4_usize).prop_map(Step::Release),
        (0..4_usize).prop_map(Step::Discard),
        (0..20_i64).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// In any order, with tokens that are granted again while they are held, claimed, in flight, spent or discarded: no two
    /// requests in flight carry the same single-use token, a spent one never comes back, a claimed one is not held for
    /// others, an expired one is never given out, what is given out covers the scope, and no token is listed twice.
    #[test]
    fn no_token_is_carried_twice(steps in prop::collection::vec(any_step(), 1..80)) {
        let mut store = Elevations::default();
        let mut now = NOW;
        let mut granted: Vec<(Vec<TokenScope>, i64, bool, u64)> = Vec::new();
        let mut claims: Vec<HeldId> = Vec::new();
        let mut in_flight: Vec<(HeldId, ElevatedToken, bool)> = Vec::new();
        let mut gone: Vec<ElevatedToken> = Vec::new();
        for step in steps {
            match step {
                Step::Insert { scopes, lives, single_use } => {
                    let lives = now.as_secs() - NOW.as_secs() + lives;
                    let number = granted.len() as u64;
                    granted.push((scopes.clone(), lives, single_use, number));
                    store.insert(token(&scopes, lives, single_use, number), now);
                }
                Step::InsertAgain(at) if at < granted.len() => {
                    let (scopes, lives, single_use, number) = &granted[at];
                    let again = token(scopes, *lives, *single_use, *number);
                    let is_usable = !gone.contains(&again.token)
                        && in_flight.iter().all(|(_, other, single_use)| *other != again.token || !single_use)
                        && again.elevation.expires_at > now;
                    let before = store.list(now).len();
                    let held = store.insert(again, now);
                    prop_assert!(held.is_none() || is_usable, "held though it is gone, in flight or expired");
                    let is_reusable_and_replaced = !single_use && is_usable;
                    prop_assert!(store.list(now).len() <= before + usize::from(is_reusable_and_replaced));
                }
                Step::Claim(scope) => {
                    let expected = store.find(&scope, now).cloned();
                    let claim = store.claim(&scope, now);
                    prop_assert_eq!(claim.is_some(), expected.is_some());
                    claims.extend(claim);
                }
                Step::Unclaim(at) if at < claims.len() => store.unclaim(claims.remove(at)),
                Step::Reserve(scope) => {
                    let free = store.find(&scope, now).cloned();
                    match store.reserve(&scope, now) {
                        None => prop_assert_eq!(free, None),
                        Some((id, token)) => {
                            let elevation = Parsed::new(token.clone()).unwrap().elevation;
                            prop_assert!(elevation.expires_at > now && elevation.covers(&scope));
                            prop_assert!(!gone.contains(&token), "a spent token came back");
                            if elevation.single_use {
                                prop_assert!(in_flight.iter().all(|(_, other, _)| *other != token), "carried twice");
                            }
                            in_flight.push((id, token, elevation.single_use));
                        }
                    }
                }
                Step::Spend(at) if at < in_flight.len() => {
                    let (id, token, single_use) = in_flight.remove(at);
                    store.spend(id);
                    if single_use {
                        gone.push(token);
                    }
                }
                Step::Release(at) if at < in_flight.len() => store.release(in_flight.remove(at).0),
                Step::Discard(at) if at < in_flight.len() => {
                    let (_, token, _) = in_flight.remove(at);
                    store.discard(&token);
                    gone.push(token);
                }
                Step::Wait(secs) => now = Timestamp::from_secs(now.as_secs() + secs),
                _ => {}
            }
            let mut tokens: Vec<&str> = store.held.iter().map(|held| held.token.expose()).collect();
            tokens.sort_unstable();
            tokens.dedup();
            prop_assert_eq!(tokens.len(), store.held.len(), "held twice");
        }
    }
}

#[test]
fn a_token_that_was_spent_is_remembered_until_it_has_expired_and_cleared_with_the_session() {
    let mut store = Elevations::default();
    let granted = || token(&[Export], 100, true, 1);
    assert!(store.insert(granted(), NOW).is_some());
    let (id, _) = store.reserve(&Export, NOW).unwrap();
    assert!(store.insert(granted(), NOW).is_none(), "in flight");
    store.spend(id);
    assert!(store.insert(granted(), NOW).is_none(), "spent");
    store.insert(token(&[Export], 10_000_000, true, 2), NOW.after(std::time::Duration::from_secs(1_000_000)));
    assert!(store.spent.is_empty(), "an expired one needs no memory");
    store.clear();
    assert!(store.insert(granted(), NOW).is_some(), "another session");
}

#[test]
fn a_claimed_token_is_held_for_nobody_else_and_a_request_takes_it() {
    let mut held = Elevations::default();
    held.insert(token(&[Export], 300, true, 1), NOW);
    let claim = held.claim(&Export, NOW).unwrap();
    assert!(held.covers(claim, &Export) && !held.covers(claim, &Sign));
    assert!(held.find(&Export, NOW).is_none() && held.claim(&Export, NOW).is_none());
    let (carried, _) = held.reserve(&Export, NOW).unwrap();
    assert_eq!(carried, claim);
    held.release(carried);
    assert!(held.find(&Export, NOW).is_none(), "the action has not ended");
    held.unclaim(claim);
    assert!(held.find(&Export, NOW).is_some());
    assert!(held.claim(&Export, NOW).is_some());
}

#[test]
fn a_reusable_token_is_promised_to_everybody() {
    let mut held = Elevations::default();
    held.insert(token(&[Link], 300, false, 1), NOW);
    assert_eq!(held.claim(&Link, NOW), held.claim(&Link, NOW));
    assert!(held.find(&Link, NOW).is_some());
}

#[test]
fn a_token_that_is_granted_again_is_of_its_latest_verification() {
    let mut store = Elevations::default();
    let granted = || token(&[Export], 300, false, 1);
    store.insert(granted(), NOW);
    let after_challenge = Scopes::from(&Export).since(store.next_id());
    assert_eq!(store.find_free(&after_challenge, NOW), None);
    store.insert(granted(), NOW);
    assert!(store.find_free(&after_challenge, NOW).is_some(), "the user has verified since");
    assert_eq!(store.list(NOW).len(), 1);
}
