//! By what was the thief's for a while, until the victim took it away.

use serde_json::{Value, json};
use step_up_core::Method;
use step_up_sandbox::Store as _;

use super::ADA;
use crate::{
    lab::{Lab, Person, claims},
    passkeys::enrol,
    signer::Signer,
    unlink::{id_of, try_unlink},
};

/// Ada at home, and whoever has a wallet of hers.
fn with_wallet() -> (Lab, Person, Signer) {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person_with_wallets(ADA, &[&signer]);
    (lab, ada, signer)
}

fn unlink_wallet(lab: &mut Lab, ada: &Person, signer: &Signer) {
    let id = id_of(lab, ada, &signer.address());
    let token = lab.elevate(ada, &["credential:unlink"]);
    try_unlink(lab, ada, json!({ "walletId": id }), &token).ok();
}

fn elevations(lab: &Lab, person: &Person) -> Vec<(String, Value)> {
    let session = claims(&person.token)["sid"].as_str().unwrap().to_owned();
    lab.sandbox.store().list("elevations", &session).unwrap()
}

#[test]
fn a_session_that_an_unlinked_wallet_opened_ends_and_the_one_that_unlinks_goes_on() {
    let (mut lab, ada, signer) = with_wallet();
    let thief = lab.wallet_sign_in(&signer);
    assert_eq!(thief.id, ada.id);
    let token = lab.elevate_with(&thief, &signer, &["wallet:export"]);
    let (desk, eve) = (lab.sign_in(ADA), lab.person("eve@example.com"));
    unlink_wallet(&mut lab, &ada, &signer);
    lab.export(&thief, Some(&token)).refused(401, "unauthorized");
    lab.post("/refresh").by(&thief).send().refused(401, "unauthorized");
    assert_eq!(elevations(&lab, &thief), []);
    for person in [&ada, &desk, &eve] {
        lab.user(person).ok();
    }
    // What it holds itself it goes on holding.
    assert_eq!(elevations(&lab, &ada).len(), 1);
}

#[test]
fn a_session_that_unlinks_what_opened_it_goes_on() {
    let (mut lab, _, signer) = with_wallet();
    let ada = Person { email: ADA.into(), ..lab.wallet_sign_in(&signer) };
    unlink_wallet(&mut lab, &ada, &signer);
    lab.user(&ada).ok();
    lab.post("/refresh").by(&ada).send().ok();
    let check = lab.post("/stepUp/check").by(&ada).body(json!({ "scope": "wallet:export" })).send().ok();
    assert_eq!(check.body["credentials"].as_array().unwrap().len(), 1);
    assert_eq!(check.body.get("defaultCredentialId").filter(|it| !it.is_null()), None);
}

#[test]
fn what_other_sessions_hold_is_void_once_a_credential_is_unlinked() {
    let (mut lab, ada, signer) = with_wallet();
    // A bearer of another session was stolen, and the wallet with it.
    let desk = lab.sign_in(ADA);
    let token = lab.elevate_with(&desk, &signer, &["wallet:export"]);
    lab.elevate_with(&desk, &signer, &["user:delete"]);
    unlink_wallet(&mut lab, &ada, &signer);
    lab.export(&desk, Some(&token)).not_elevated();
    lab.ask(Method::Delete, "/users").by(&desk).send().not_elevated();
    lab.user(&desk).ok();
}

#[test]
fn what_other_sessions_hold_is_void_once_a_second_factor_is_removed() {
    let mut lab = Lab::new();
    let ada = lab.person(ADA);
    let app = lab.enrol(&ada);
    let desk = Person { token: lab.sign_in(ADA).token, ..ada.clone() };
    let code = app.code(lab.now);
    let token = lab.try_app(&desk, None, &code, &["wallet:export"]).ok().text("elevatedAccessToken");
    lab.wait(crate::lab::STEP);
    let code = app.code(lab.now);
    let unlink = lab.try_app(&ada, None, &code, &["credential:unlink"]).ok().text("elevatedAccessToken");
    let path = format!("/users/mfa/{}", app.id);
    lab.ask(Method::Delete, &path).by(&ada).elevated(&unlink).send().ok();
    lab.export(&desk, Some(&token)).not_elevated();

    let mut lab = Lab::new();
    let ada = lab.person(ADA);
    let mut key = enrol(&mut lab, &ada);
    let desk = Person { token: lab.sign_in(ADA).token, ..ada.clone() };
    let elevate = |lab: &mut Lab, person: &Person, key: &mut _, scope: &str| {
        crate::passkeys::elevate(lab, person, key, &[scope])
    };
    let token = elevate(&mut lab, &desk, &mut key, "wallet:export");
    let unlink = elevate(&mut lab, &ada, &mut key, "credential:unlink");
    let list = lab.get("/users/passkeys").by(&ada).send().ok();
    let body = json!({ "passkeyId": list.body["passkeys"][0]["id"] });
    lab.ask(Method::Delete, "/users/passkeys").by(&ada).elevated(&unlink).body(body).send().ok();
    lab.export(&desk, Some(&token)).not_elevated();
    lab.user(&desk).ok();
}
