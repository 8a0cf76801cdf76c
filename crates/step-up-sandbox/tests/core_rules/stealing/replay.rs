//! What the victim proved once, and the thief saw.

use serde_json::{Value, json};

use super::{ADA, EVERYTHING, NOT_ELEVATED, Theft};
use crate::{
    external::{self, IDP, assertion},
    lab::{Answer, Lab, Person},
    passkeys::{enrol, sign, try_assertion},
    recovery,
    signer::Signer,
    social,
};

/// What Ada steps up for. It is for one use, and she uses it.
const EXPORT: [&str; 1] = ["wallet:export"];

/// Ada proves something and uses what she gets. Then the thief says the same.
#[track_caller]
fn replayed(theft: &mut Theft, refusal: (u16, &str), prove: impl Fn(&mut Lab, &Person, &[&str]) -> Answer) {
    let token = prove(&mut theft.lab, &theft.ada, &EXPORT).ok().text("elevatedAccessToken");
    theft.lab.export(&theft.ada, Some(&token)).ok();
    for scopes in [EXPORT.as_slice(), &EVERYTHING, &["credential:link"]] {
        theft.fails(refusal, |lab, ada| prove(lab, ada, scopes));
    }
    theft.fails(NOT_ELEVATED, |lab, ada| lab.export(ada, Some(&token)));
}

#[test]
fn a_one_time_code() {
    let mut theft = Theft::new();
    let sent = theft.lab.code_by(&theft.ada, ADA);
    replayed(&mut theft, (422, "invalid_email_verification"), |lab, ada, scopes| {
        lab.try_verify(ada, &sent.uuid, &sent.code, scopes)
    });
}

#[test]
fn a_code_of_an_authenticator_app() {
    let mut theft = Theft::new();
    let app = theft.lab.enrol(&theft.ada);
    theft.lab.wait(crate::lab::MINUTE * 10);
    let code = app.code(theft.lab.now);
    replayed(&mut theft, (422, "mfa_invalid_code"), |lab, ada, scopes| {
        lab.try_app(ada, Some(&app), &code, scopes)
    });
}

#[test]
fn a_recovery_code() {
    let mut theft = Theft::new();
    let codes = recovery::make(&mut theft.lab, &theft.ada);
    theft.lab.wait(crate::lab::MINUTE * 10);
    replayed(&mut theft, (422, "mfa_invalid_code"), |lab, ada, scopes| {
        recovery::try_code(lab, ada, &codes[0], scopes)
    });
}

#[test]
fn a_passkeys_assertion() {
    let mut theft = Theft::new();
    let mut key = enrol(&mut theft.lab, &theft.ada);
    theft.lab.wait(crate::lab::MINUTE * 10);
    let assertion = sign(&mut theft.lab, &theft.ada, &mut key);
    replayed(&mut theft, (422, "invalid_verification"), |lab, ada, scopes| {
        try_assertion(lab, ada, &assertion, scopes)
    });
}

#[test]
fn a_wallets_message() {
    for signer in [Signer::ethereum(1), Signer::solana(1)] {
        let mut lab = Lab::new();
        let ada = lab.person_with_wallets(ADA, &[&signer]);
        let mut theft = Theft::of(lab, ada);
        let proof = theft.lab.proof(&signer);
        replayed(&mut theft, (422, "invalid_nonce"), |lab, ada, scopes| {
            lab.try_wallet(ada, proof.clone(), scopes)
        });
        // Signing in with it made it no younger.
        let proof = theft.lab.proof(&signer);
        theft.lab.try_wallet_sign_in(proof.clone()).ok();
        theft.fails((422, "invalid_nonce"), |lab, ada| lab.try_wallet(ada, proof, &EVERYTHING));
    }
}

#[test]
fn an_external_providers_assertion() {
    let mut lab = external::lab();
    let ada = external::sign_in(&mut lab, "ada");
    let mut theft = Theft::of(lab, ada);
    let jwt = IDP.sign(&assertion(&theft.lab, "ada", "wallet:export", "1"));
    replayed(&mut theft, (422, "invalid_external_auth"), |lab, ada, _| external::verify(lab, ada, &jwt));
    // One that signed her in names no scopes.
    let identity = IDP.sign(&json!({
        "iss": "https://idp.example", "aud": theft.lab.config.environment_id(), "sub": "ada",
        "exp": theft.lab.now.as_secs() + 300, "jti": "2",
    }));
    theft.fails((422, "invalid_external_auth"), |lab, ada| external::verify(lab, ada, &identity));
}

#[test]
fn a_social_providers_code() {
    let mut lab = Lab::new();
    let social = json!([{ "provider": "google", "username": "ada" }]);
    let ada = lab.person_with(ADA, json!({ "email": ADA, "social": social }));
    let mut theft = Theft::of(lab, ada);
    let code = social::code(&mut theft.lab, Some(&theft.ada), "google", &social::state(1), "ada");
    replayed(&mut theft, (422, "invalid_oauth_state"), |lab, ada, scopes| {
        social::verify(lab, ada, "google", social::redemption(&code, &social::state(1)), scopes)
    });
    let result = json!({ "state": social::state(1) });
    theft.fails((422, "invalid_oauth_state"), |lab, ada| {
        lab.post("/providers/google/oauthResult").by(ada).body(result).send()
    });
}

#[test]
fn a_guarded_call() {
    let mut theft = Theft::new();
    let token = theft.lab.elevate(&theft.ada, &["wallet:sign"]);
    let path = format!("/waas/{}/signMessage", theft.ada.wallet);
    let body = json!({ "message": "m" });
    theft.lab.post(&path).by(&theft.ada).elevated(&token).body(body.clone()).send().ok();
    for body in [body, json!({ "message": "all of it, to Eve" }), Value::Null] {
        theft.fails(NOT_ELEVATED, |lab, ada| lab.post(&path).by(ada).elevated(&token).body(body).send());
    }
}
