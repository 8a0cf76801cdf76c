//! What other sessions hold when a factor or a credential is added: it was granted for what the user had before, so it ends,
//! as it does when one is taken away. The session that adds it goes on holding what it holds.

use serde_json::json;
use step_up_core::Method;

use super::ADA;
use crate::{
    authenticator::Authenticator,
    lab::{Lab, Person, STEP},
    passkeys,
    signer::Signer,
    sms, social,
};

/// Ada, whose session in another place holds elevations, and who adds something at home.
fn added(what: &str, add: impl FnOnce(&mut Lab, &Person)) {
    let mut lab = Lab::new();
    let ada = lab.person(ADA);
    let bob = lab.person("bob@example.com");
    let desk = Person { token: lab.sign_in(ADA).token, ..ada.clone() };
    let export = lab.elevate(&desk, &["wallet:export"]);
    lab.elevate(&desk, &["user:delete", "credential:link"]);
    let bobs = lab.elevate(&bob, &["wallet:export"]);
    let own = lab.elevate(&ada, &["wallet:export"]);
    lab.elevate(&ada, &["credential:link"]);
    add(&mut lab, &ada);
    for token in [Some(export.as_str()), None] {
        let answer = lab.export(&desk, token);
        assert_eq!((answer.status, what), (403, what), "{}", answer.body);
        answer.not_elevated();
    }
    lab.ask(Method::Delete, "/users").by(&desk).send().not_elevated();
    lab.post("/users/mfa/recovery").by(&desk).send().not_elevated();
    lab.user(&desk).ok();
    // Those of other users and of the session that adds are left alone.
    lab.export(&bob, Some(&bobs)).ok();
    lab.export(&ada, Some(&own)).ok();
}

#[test]
fn an_authenticator_app() {
    for path in ["/users/mfa/auth/totp", "/users/mfa/register/totp"] {
        added(path, |lab, ada| {
            let secret = lab.get("/users/mfa/register/totp").by(ada).send().ok();
            let app = crate::lab::App { id: secret.text("id"), secret: secret.text("secret") };
            let body = json!({ "type": "totp", "code": app.code(lab.now) });
            lab.post(path).by(ada).body(body).send().ok();
        });
    }
}

#[test]
fn a_passkey() {
    added("a passkey", |lab, ada| drop(passkeys::register(lab, ada, &mut Authenticator::new())));
}

#[test]
fn recovery_codes() {
    added("the first codes", |lab, ada| drop(lab.get("/users/mfa/recovery").by(ada).send().ok()));
    added("new codes", |lab, ada| drop(lab.post("/users/mfa/recovery").by(ada).send().ok()));
}

#[test]
fn an_address() {
    added("an email address", |lab, ada| {
        let sent = lab.code_by(ada, "ada2@example.com");
        lab.try_verify(ada, &sent.uuid, &sent.code, &[]).ok();
    });
    added("a phone number", |lab, ada| {
        let sent = sms::code_by(lab, ada, sms::ADA);
        sms::try_verify(lab, ada, &sent, &sent.code, &[]).ok();
    });
}

#[test]
fn a_wallet() {
    added("a wallet", |lab, ada| drop(lab.try_link(ada, &Signer::solana(3), "").ok()));
}

#[test]
fn a_social_account() {
    added("a social account", |lab, ada| {
        let state = social::state(1);
        let code = social::code(lab, Some(ada), "google", &state, "ada");
        social::verify(lab, ada, "google", social::redemption(&code, &state), &[]).ok();
    });
}

/// A registration that was begun is no factor, and neither is what the user has already.
#[test]
fn what_adds_nothing_ends_nothing() {
    let mut lab = Lab::new();
    let ada = lab.person(ADA);
    let desk = Person { token: lab.sign_in(ADA).token, ..ada.clone() };
    let export = lab.elevate(&desk, &["wallet:export"]);
    lab.register_app(&ada);
    passkeys::creation_options(&mut lab, &ada);
    lab.ask(Method::Put, "/users").by(&ada).body(json!({ "firstName": "Ada" })).send().ok();
    let wrong = json!({ "code": "000000" });
    lab.post("/users/mfa/auth/totp").by(&ada).body(wrong).send().refused(422, "mfa_invalid_code");
    lab.wait(STEP);
    lab.export(&desk, Some(&export)).ok();
    let app = lab.enrol(&ada);
    let code = app.code(lab.now);
    let export = lab.try_app(&desk, None, &code, &["wallet:export"]).ok().text("elevatedAccessToken");
    lab.wait(STEP);
    let code = app.code(lab.now);
    lab.try_app(&ada, None, &code, &["wallet:export"]).ok();
    lab.export(&desk, Some(&export)).ok();
}
