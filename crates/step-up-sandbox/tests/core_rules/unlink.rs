//! Unlinking a credential.

use serde_json::{Value, json};

use crate::{
    lab::{Answer, Lab, Person, claims},
    signer::{Signer, credential},
};

/// The id of somebody's credential, by what people know it by.
pub(crate) fn id_of(lab: &mut Lab, person: &Person, identifier: &str) -> String {
    let user = lab.user(person).ok();
    let credentials = user.body["verifiedCredentials"].as_array().unwrap();
    let found = credentials.iter().find(|it| it["public_identifier"] == identifier);
    found.unwrap_or_else(|| panic!("no {identifier} in {}", user.body))["id"].as_str().unwrap().to_owned()
}

fn has(lab: &mut Lab, person: &Person, identifier: &str) -> bool {
    let user = lab.user(person).ok();
    user.body["verifiedCredentials"]
        .as_array()
        .unwrap()
        .iter()
        .any(|it| it["public_identifier"] == identifier)
}

pub(crate) fn try_unlink(lab: &mut Lab, person: &Person, body: Value, elevated: &str) -> Answer {
    lab.post("/verify/unlink").by(person).elevated(elevated).body(body).send()
}

/// Unlinks with an elevation of the moment.
fn unlink(lab: &mut Lab, person: &Person, identifier: &str) -> Answer {
    let id = id_of(lab, person, identifier);
    let token = lab.elevate(person, &["credential:unlink"]);
    try_unlink(lab, person, json!({ "verifiedCredentialId": id }), &token)
}

#[test]
fn unlinking_wants_an_elevation_in_the_header() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
    let body = json!({ "walletId": id_of(&mut lab, &ada, &signer.address()) });
    try_unlink(&mut lab, &ada, body.clone(), "").not_elevated();
    let wrong = lab.elevate(&ada, &["credential:link"]);
    try_unlink(&mut lab, &ada, body.clone(), &wrong).not_elevated();
    let token = lab.elevate(&ada, &["credential:unlink"]);
    // Held is not enough.
    try_unlink(&mut lab, &ada, body.clone(), "").not_elevated();
    assert!(has(&mut lab, &ada, &signer.address()));
    try_unlink(&mut lab, &ada, body, &token).ok();
    lab.post("/verify/unlink").send().refused(401, "unauthorized");
}

#[test]
fn wallets_and_addresses_are_unlinked_by_every_name_that_clients_have_for_it() {
    for name in ["verifiedCredentialId", "verifiedCrentialId", "walletId"] {
        for identifier in [Signer::solana(1).address(), "ada@example.com".into()] {
            let mut lab = Lab::new();
            let ada = lab.person_with_wallets("ada@example.com", &[&Signer::ethereum(1), &Signer::solana(1)]);
            let id = id_of(&mut lab, &ada, &identifier);
            let token = lab.elevate(&ada, &["credential:unlink"]);
            let answer = try_unlink(&mut lab, &ada, json!({ name: id }), &token).ok();
            assert!(!answer.body["user"].to_string().contains(&identifier), "{}", answer.body);
            assert!(!has(&mut lab, &ada, &identifier));
        }
    }
}

/// Official clients name the wallet that is selected beside the credential that they unlink.
#[test]
fn a_selected_wallet_beside_a_credential_stays() {
    let mut lab = Lab::new();
    let [selected, other] = [Signer::ethereum(1), Signer::solana(1)];
    let ada = lab.person_with_wallets("ada@example.com", &[&selected, &other]);
    let body = json!({
        "walletId": id_of(&mut lab, &ada, &selected.address()),
        "verifiedCredentialId": id_of(&mut lab, &ada, &other.address()),
    });
    let token = lab.elevate(&ada, &["credential:unlink"]);
    try_unlink(&mut lab, &ada, body, &token).ok();
    assert!(has(&mut lab, &ada, &selected.address()));
    assert!(!has(&mut lab, &ada, &other.address()));
}

#[test]
fn unlinking_grants_nothing_and_the_session_goes_on() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
    let body = json!({
        "walletId": id_of(&mut lab, &ada, &signer.address()), "requestedScopes": ["wallet:export"],
    });
    let token = lab.elevate(&ada, &["credential:unlink"]);
    let answer = try_unlink(&mut lab, &ada, body, &token).ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
    assert_eq!(claims(&answer.text("minifiedJwt"))["sid"], claims(&ada.token)["sid"]);
    lab.export(&ada, None).not_elevated();
    lab.export(&ada, Some(&token)).not_elevated();
}

#[test]
fn an_unlinked_wallet_neither_elevates_nor_signs_in_to_the_account() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
    lab.elevate_with(&ada, &signer, &["user:update"]);
    let prepared = lab.proof(&signer);
    unlink(&mut lab, &ada, &signer.address()).ok();
    lab.try_wallet(&ada, prepared, &["wallet:export"]).refused(422, "wallet_not_linked");
    let check = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    let aliases: Vec<_> =
        check.body["credentials"].as_array().unwrap().iter().map(|it| &it["alias"]).collect();
    assert_eq!(aliases, ["ada@example.com"]);
    let stranger = lab.wallet_sign_in(&signer);
    assert_ne!(stranger.id, ada.id);
    // It is theirs now.
    let proof = lab.proof(&signer);
    lab.try_wallet(&ada, proof, &["wallet:export"]).refused(422, "reassign_wallet_error");
}

#[test]
fn an_unlinked_wallet_may_be_linked_again_by_anybody() {
    let mut lab = Lab::new();
    let signer = Signer::solana(1);
    let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
    let bob = lab.person("bob@example.com");
    unlink(&mut lab, &ada, &signer.address()).ok();
    lab.elevate(&bob, &["credential:link"]);
    let answer = lab.try_link(&bob, &signer, "").ok();
    assert!(credential(&answer, &signer).is_some());
    assert_eq!(lab.wallet_sign_in(&signer).id, bob.id);
}

#[test]
fn an_unlinked_address_neither_elevates_nor_signs_in_and_another_becomes_the_main_one() {
    let mut lab = Lab::new();
    let body = json!({ "emails": ["ada@example.com", "countess@example.com"] });
    let answer = lab.at(step_up_core::Method::Post, "/sandbox/users").body(body).send().ok();
    let ada = Person::from_answer("countess@example.com", &answer);
    // Sent before, looked at after.
    let code = lab.code_by(&ada, "ada@example.com");
    let answer = unlink(&mut lab, &ada, "ada@example.com").ok();
    assert_eq!(answer.body["user"]["email"], "countess@example.com");
    lab.try_verify(&ada, &code.uuid, &code.code, &["wallet:export"]).not_elevated();
    assert_ne!(lab.sign_in("ada@example.com").id, ada.id);
    assert_eq!(lab.sign_in("countess@example.com").id, ada.id);
}

#[test]
fn without_any_address_there_is_no_main_one() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person_with_wallets("ada@example.com", &[&signer]);
    let answer = unlink(&mut lab, &ada, "ada@example.com").ok();
    assert_eq!(answer.body["user"].get("email").filter(|email| !email.is_null()), None);
    assert_eq!(lab.wallet_sign_in(&signer).id, ada.id);
}

#[test]
fn the_last_credential_to_sign_in_with_stays() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person("ada@example.com");
    unlink(&mut lab, &ada, "ada@example.com").refused(422, "cannot_delete_last_sign_in_verified_credential");
    // One that may not sign in is no other, and goes at any time.
    lab.set(json!({ "security": { "auth": { "allowMultipleCredentialsForSignIn": false } } }));
    lab.elevate(&ada, &["credential:link"]);
    lab.try_link(&ada, &signer, "").ok();
    unlink(&mut lab, &ada, "ada@example.com").refused(422, "cannot_delete_last_sign_in_verified_credential");
    unlink(&mut lab, &ada, &signer.address()).ok();
    assert_eq!(lab.sign_in("ada@example.com").id, ada.id);
}

#[test]
fn an_embedded_wallet_stays() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let address = Signer::imported(&ada.private_key).address();
    unlink(&mut lab, &ada, &address).refused(422, "forbidden_unlink_request");
}

#[test]
fn what_is_not_the_users_is_not_unlinked_and_a_refusal_spends_nothing() {
    let mut lab = Lab::new();
    let (adas, bobs) = (Signer::ethereum(1), Signer::ethereum(2));
    let ada = lab.person_with_wallets("ada@example.com", &[&adas]);
    let bob = lab.person_with_wallets("bob@example.com", &[&bobs]);
    let token = lab.elevate(&ada, &["credential:unlink", "wallet:export"]);
    let theirs = id_of(&mut lab, &bob, &bobs.address());
    for body in [
        json!({}),
        json!({ "walletId": theirs }),
        json!({ "verifiedCredentialId": theirs, "walletId": id_of(&mut lab, &ada, &adas.address()) }),
        json!({ "walletId": "" }),
        json!({ "walletId": ada.wallet }),
        json!({ "primaryWalletId": id_of(&mut lab, &ada, &adas.address()) }),
    ] {
        try_unlink(&mut lab, &ada, body, &token).refused(422, "invalid_unlink_request");
    }
    assert!(has(&mut lab, &bob, &bobs.address()));
    let body = json!({ "walletId": id_of(&mut lab, &ada, &adas.address()) });
    try_unlink(&mut lab, &ada, body, &token).ok();
    let body = json!({ "walletId": id_of(&mut lab, &ada, "ada@example.com") });
    try_unlink(&mut lab, &ada, body, &token).not_elevated();
}
