//! What is the thief's own.

use serde_json::json;

use super::{EVE, EVERYTHING, NOT_ELEVATED, Theft, belongings};
use crate::{
    authenticator::{Authenticator, ORIGIN},
    device::Device,
    external::{self, IDP, Issuer, assertion},
    passkeys::{
        challenge, client_data, creation_options, enrol, request_options, try_assertion, try_register,
    },
    recovery,
    signer::Signer,
    social,
};

#[test]
fn by_a_code_to_an_own_address() {
    let mut theft = Theft::new();
    for address in ["mallory@example.com", EVE] {
        let sent = theft.lab.code_by(&theft.ada, address);
        theft.fails(NOT_ELEVATED, |lab, ada| lab.try_verify(ada, &sent.uuid, &sent.code, &EVERYTHING));
    }
    let by_eve = theft.lab.code_by(&theft.eve, EVE);
    let by_nobody = theft.lab.code_for(EVE);
    for sent in [by_eve, by_nobody] {
        theft.fails((422, "invalid_verification"), |lab, ada| {
            lab.try_verify(ada, &sent.uuid, &sent.code, &EVERYTHING)
        });
    }
}

#[test]
fn by_a_code_to_an_own_phone() {
    let mut theft = Theft::new();
    let number = json!({ "phoneCountryCode": "1", "phoneNumber": "5555550199", "isoCountryCode": "US" });
    theft.lab.post("/smsVerifications/create").by(&theft.ada).body(number).send().ok();
    let sent = theft.lab.newest("+15555550199");
    let body = json!({
        "verificationUUID": sent.uuid, "verificationToken": sent.code, "requestedScopes": EVERYTHING,
    });
    for path in ["/smsVerifications/verify", "/emailVerifications/verify"] {
        let refusal = if path.starts_with("/sms") { NOT_ELEVATED } else { (422, "invalid_verification") };
        theft.fails(refusal, |lab, ada| lab.post(path).by(ada).body(body.clone()).send());
    }
}

#[test]
fn by_an_own_wallet() {
    for signer in [Signer::ethereum(6), Signer::solana(6)] {
        let mut theft = Theft::new();
        let proof = theft.lab.proof(&signer);
        theft.fails((422, "wallet_not_linked"), |lab, ada| lab.try_wallet(ada, proof, &EVERYTHING));
        theft.fails(NOT_ELEVATED, |lab, ada| lab.try_link(ada, &signer, ""));
        // One that is the thief's credential, too.
        theft.lab.elevate(&theft.eve, &["credential:link"]);
        theft.lab.try_link(&theft.eve, &signer, "").ok();
        let proof = theft.lab.proof(&signer);
        theft.fails((422, "reassign_wallet_error"), |lab, ada| lab.try_wallet(ada, proof, &EVERYTHING));
        theft.fails(NOT_ELEVATED, |lab, ada| lab.try_link(ada, &signer, ""));
    }
}

#[test]
fn by_the_embedded_wallet_whose_key_the_thief_exported_from_an_own_account() {
    let mut theft = Theft::new();
    let signer = Signer::imported(&theft.eve.private_key);
    let proof = theft.lab.proof(&signer);
    theft.fails((403, "embedded_wallet_not_allowed"), |lab, ada| lab.try_wallet(ada, proof, &EVERYTHING));
    theft.fails(NOT_ELEVATED, |lab, ada| lab.try_link(ada, &signer, ""));
}

#[test]
fn by_an_own_social_account() {
    for (number, provider) in ["google", "github", "apple", "discord"].into_iter().enumerate() {
        let mut theft = Theft::new();
        let state = social::state(u32::try_from(number).unwrap());
        let code = social::code(&mut theft.lab, Some(&theft.ada), provider, &state, "mallory");
        theft.fails(NOT_ELEVATED, |lab, ada| {
            social::verify(lab, ada, provider, social::redemption(&code, &state), &EVERYTHING)
        });
    }
}

#[test]
fn by_an_own_external_identity() {
    let mut lab = external::lab();
    let ada = external::sign_in(&mut lab, "ada");
    external::sign_in(&mut lab, "eve");
    let mut theft = Theft::of(lab, ada);
    let scope = EVERYTHING.join(" ");
    let about_eve = IDP.sign(&assertion(&theft.lab, "eve", &scope, "1"));
    // A provider of the thief's own that says it is the other one.
    let forged = Issuer { key: [66; 32], kid: IDP.kid }.sign(&assertion(&theft.lab, "ada", &scope, "2"));
    for jwt in [about_eve, forged] {
        theft.fails((422, "invalid_external_auth"), |lab, ada| external::verify(lab, ada, &jwt));
    }
}

#[test]
fn by_a_fresh_authenticator_app() {
    let mut theft = Theft::new();
    let eves = theft.lab.enrol(&theft.eve);
    let code = eves.code(theft.lab.now);
    theft.fails(NOT_ELEVATED, |lab, ada| lab.get("/users/mfa/register/totp").by(ada).send());
    for app in [None, Some(&eves)] {
        theft.fails((422, "mfa_device_not_found"), |lab, ada| lab.try_app(ada, app, &code, &EVERYTHING));
    }
    let body = json!({ "type": "totp", "code": code });
    theft.fails((422, "mfa_device_not_found"), |lab, ada| {
        lab.post("/users/mfa/register/totp").by(ada).body(body).send()
    });
}

/// Ada left it at that: the thief never saw its secret.
#[test]
fn by_the_app_that_the_victim_did_not_verify_yet() {
    let mut theft = Theft::new();
    let app = theft.lab.register_app(&theft.ada);
    theft.lab.wait(crate::lab::MINUTE * 10);
    let wrong = app.wrong_code(theft.lab.now);
    theft.fails((422, "mfa_invalid_code"), |lab, ada| lab.try_app(ada, Some(&app), &wrong, &EVERYTHING));
    for path in ["/users/mfa".to_owned(), format!("/users/mfa/{}", app.id), "/users/mfa/methods".to_owned()] {
        let shown = theft.lab.get(&path).by(&theft.ada).send().ok().body.to_string();
        assert!(!shown.contains(&app.secret), "{path}");
    }
}

#[test]
fn by_a_fresh_passkey() {
    let mut theft = Theft::new();
    let mut eves = enrol(&mut theft.lab, &theft.eve);
    let options = creation_options(&mut theft.lab, &theft.ada);
    let attestation = Authenticator::new().create(ORIGIN, &options);
    theft.fails(NOT_ELEVATED, |lab, ada| try_register(lab, ada, &attestation, ""));
    let data = client_data("webauthn.get", challenge(&request_options(&mut theft.lab, &theft.ada)), ORIGIN);
    let assertion = eves.sign_anything("localhost", &data, true);
    theft.fails((422, "passkey_not_found"), |lab, ada| try_assertion(lab, ada, &assertion, &EVERYTHING));
    let own = request_options(&mut theft.lab, &theft.eve);
    let assertion = eves.sign(ORIGIN, &own);
    theft.fails((422, "invalid_verification"), |lab, ada| try_assertion(lab, ada, &assertion, &EVERYTHING));
}

/// Ada has not acknowledged her codes, so they can be read again: not with her bearer alone, and not with an elevation of
/// Eve's.
#[test]
fn by_recovery_codes_that_the_victim_did_not_acknowledge() {
    let mut theft = Theft::new();
    let codes = recovery::make(&mut theft.lab, &theft.ada);
    theft.lab.wait(crate::lab::MINUTE * 10);
    let eves = theft.lab.elevate(&theft.eve, &["credential:link"]);
    let before = belongings(&theft.lab);
    for token in ["", &eves, &theft.ada.token, &theft.eve.token] {
        let answer = theft.lab.get("/users/mfa/recovery").by(&theft.ada).elevated(token).send().ok();
        assert_eq!(answer.body, json!({ "count": 10, "recoveryCodes": [] }));
        assert!(!codes.iter().any(|code| answer.body.to_string().contains(code)));
    }
    assert_eq!(belongings(&theft.lab), before);
    theft.is_not_elevated();
}

#[test]
fn by_new_recovery_codes() {
    let mut theft = Theft::new();
    theft.fails(NOT_ELEVATED, |lab, ada| lab.get("/users/mfa/recovery").by(ada).send());
    theft.fails(NOT_ELEVATED, |lab, ada| lab.post("/users/mfa/recovery").by(ada).send());
    let eves = recovery::make(&mut theft.lab, &theft.eve);
    theft.fails((422, "mfa_invalid_code"), |lab, ada| recovery::try_code(lab, ada, &eves[0], &EVERYTHING));
}

/// Where the environment wants device signatures the thief's device signs, too. That names a device, and nobody.
#[test]
fn by_an_own_device_key() {
    let mut theft = Theft::new();
    let sent = theft.lab.code_by(&theft.ada, EVE);
    theft.lab.set(json!({ "security": { "deviceRegistrationRequired": true } }));
    let body = json!({
        "verificationUUID": sent.uuid, "verificationToken": sent.code, "requestedScopes": EVERYTHING,
    });
    let (lab, ada) = (&mut theft.lab, &theft.ada);
    let path = "/emailVerifications/verify";
    lab.post(path).by(ada).body(body.clone()).send().refused(403, "device_signature_required");
    let (nonce, device) = (lab.nonce(), Device::new(66));
    let ask = lab.post(path).by(ada).body(body).header("x-dynamic-device-nonce", &nonce);
    let ask = ask.header("x-dynamic-device-publickey", &device.public_key());
    ask.header("x-dynamic-device-signed-nonce", &device.sign(&nonce)).send().not_elevated();
    lab.set(json!({}));
    theft.is_not_elevated();
}
