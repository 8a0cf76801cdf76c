//! By changing whose account it is, or what it is proven with.

use serde_json::{Value, json};
use step_up_core::Method;
use step_up_sandbox::Config;

use super::{ADA, EVE, EVERYTHING, NOT_ELEVATED, Theft};
use crate::{
    lab::{Lab, MINUTE, Person, claims},
    passkeys::enrol,
    signer::Signer,
    unlink::{id_of, try_unlink},
};

#[test]
fn by_taking_the_second_factors_away() {
    let mut theft = Theft::new();
    let app = theft.lab.enrol(&theft.ada);
    theft.lab.wait(10 * MINUTE);
    let path = format!("/users/mfa/{}", app.id);
    theft.fails(NOT_ELEVATED, |lab, ada| lab.ask(Method::Delete, &path).by(ada).send());
    // What was asked for before the factor counts as little.
    let sent = theft.lab.code_by(&theft.ada, ADA);
    theft.fails((403, "mfa_required"), |lab, ada| lab.try_verify(ada, &sent.uuid, &sent.code, &EVERYTHING));

    let mut theft = Theft::new();
    enrol(&mut theft.lab, &theft.ada);
    theft.lab.wait(10 * MINUTE);
    let list = theft.lab.get("/users/passkeys").by(&theft.ada).send().ok();
    let body = json!({ "passkeyId": list.body["passkeys"][0]["id"] });
    theft
        .fails(NOT_ELEVATED, |lab, ada| lab.ask(Method::Delete, "/users/passkeys").by(ada).body(body).send());
}

#[test]
fn by_unlinking() {
    let mut lab = Lab::new();
    let signer = Signer::ethereum(1);
    let ada = lab.person_with_wallets(ADA, &[&signer]);
    let mut theft = Theft::of(lab, ada);
    for identifier in [ADA.to_owned(), signer.address()] {
        let id = id_of(&mut theft.lab, &theft.ada, &identifier);
        theft.fails(NOT_ELEVATED, |lab, ada| try_unlink(lab, ada, json!({ "verifiedCredentialId": id }), ""));
    }
}

#[test]
fn by_another_email_address_or_number() {
    let mut theft = Theft::new();
    for fields in [
        json!({ "email": "mallory@example.com" }),
        json!({ "email": EVE }),
        json!({ "phoneNumber": "+15555550199" }),
        json!({ "firstName": "Ada", "email": "mallory@example.com" }),
    ] {
        theft.fails(NOT_ELEVATED, |lab, ada| lab.ask(Method::Put, "/users").by(ada).body(fields).send());
    }
    let inbox = theft.lab.at(Method::Get, "/sandbox/inbox").send().ok();
    assert_eq!(inbox.body, json!([]), "no code was sent");
}

/// Ada changes her address, and the thief has the code of the change sent elsewhere.
#[test]
fn by_a_change_of_address_that_is_under_way() {
    let mut theft = Theft::new();
    theft.lab.elevate(&theft.ada, &["user:update"]);
    let body = json!({ "email": "ada@new.example" });
    let answer = theft.lab.ask(Method::Put, "/users").by(&theft.ada).body(body).send().ok();
    let uuid = answer.body["emailVerification"]["verificationUUID"].as_str().unwrap().to_owned();
    theft.lab.wait(10 * MINUTE);
    for address in ["mallory@example.com", EVE] {
        let body = json!({ "email": address, "verificationUUID": uuid });
        theft.fails((422, "invalid_verification"), |lab, ada| {
            lab.post("/emailVerifications/retry").by(ada).body(body).send()
        });
    }
}

#[test]
fn by_deleting_the_account_and_making_it_again() {
    let mut theft = Theft::new();
    theft.fails(NOT_ELEVATED, |lab, ada| lab.ask(Method::Delete, "/users").by(ada).send());
    // Where the victim does so, nothing of the old account opens the new one.
    let old = theft.ada.clone();
    let token = theft.lab.elevate(&old, &EVERYTHING);
    let asked = theft.lab.code_by(&old, EVE);
    theft.lab.ask(Method::Delete, "/users").by(&old).send().not_elevated();
    theft.lab.ask(Method::Delete, "/users").by(&old).elevated(&token).send().ok();
    theft.ada = theft.lab.sign_in(ADA);
    assert_ne!(theft.ada.id, old.id);
    theft.fails((401, "unauthorized"), |lab, _| lab.user(&old));
    theft.fails((401, "unauthorized"), |lab, _| lab.export(&old, Some(&token)));
    theft.fails(NOT_ELEVATED, |lab, ada| lab.export(ada, Some(&token)));
    theft.fails((422, "invalid_verification"), |lab, ada| {
        lab.try_verify(ada, &asked.uuid, &asked.code, &EVERYTHING)
    });
}

#[test]
fn by_signing_up_with_the_stolen_bearer() {
    let mut theft = Theft::new();
    let sent = theft.lab.code_for("mallory@example.com");
    let body = json!({
        "verificationUUID": sent.uuid, "verificationToken": sent.code, "requestedScopes": EVERYTHING,
    });
    let answer = theft.lab.post("/emailVerifications/signin").by(&theft.ada).body(body).send().ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None);
    assert_ne!(answer.body["user"]["id"], theft.ada.id, "somebody else, and nothing of the victim's");
    theft.is_not_elevated();
}

#[test]
fn without_the_control_api_nobody_reads_codes_or_makes_rules() {
    let mut with = Lab::new();
    let ada = with.person(ADA);
    let lab = Lab::from_store(Config::default().without_control(), with.sandbox.store().clone());
    let mut theft = Theft { lab, ada: ada.clone(), eve: ada };
    for (method, path, body) in [
        (Method::Get, "/sandbox/inbox?to=ada@example.com", Value::Null),
        (Method::Get, "/sandbox/requests", Value::Null),
        (Method::Post, "/sandbox/users", json!({ "email": EVE })),
        (Method::Put, "/sandbox/settings", json!({ "sdk": { "minApiVersion": "2026_01_01" } })),
        (Method::Post, "/sandbox/clock", json!({ "advanceSeconds": 1 })),
        (Method::Post, "/sandbox/reset", Value::Null),
        (Method::Post, "/sandbox/captcha", Value::Null),
        (
            Method::Post,
            "/sandbox/faults",
            json!({ "path": "/stepUp/check", "kind": "replace", "status": 200, "body": {} }),
        ),
    ] {
        theft.fails((404, "not_found"), |lab, ada| lab.at(method, path).by(ada).body(body).send());
    }
}

/// A bearer ends when its session was last proven two hours ago, whatever else is done with it.
#[test]
fn a_stolen_bearer_does_not_live_longer_by_changing_a_name() {
    let mut theft = Theft::new();
    let end = claims(&theft.ada.token)["exp"].clone();
    theft.lab.wait(60 * MINUTE);
    let body = json!({ "firstName": "Ada" });
    let answer = theft.lab.ask(Method::Put, "/users").by(&theft.ada).body(body).send().ok();
    assert_eq!(answer.body["expiresAt"], end);
    assert_eq!(claims(&answer.text("minifiedJwt"))["exp"], end);
    theft.lab.wait(60 * MINUTE);
    for token in [theft.ada.token.clone(), answer.text("minifiedJwt")] {
        let thief = Person { token, ..theft.ada.clone() };
        theft.lab.user(&thief).refused(401, "unauthorized");
    }
}
