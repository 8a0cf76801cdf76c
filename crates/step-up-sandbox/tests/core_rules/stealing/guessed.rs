//! What a thief guesses, with all the time in the world.

use serde_json::json;

use super::{ADA, Theft};
use crate::{
    lab::{Lab, MINUTE},
    recovery,
};

impl Theft {
    /// Guesses for two days, the thief's bearer being refreshed. The right answer comes too late.
    fn guess_for_two_days(&mut self, guess: impl Fn(&mut Lab, &crate::lab::Person)) {
        for _ in 0..2 * 24 {
            for _ in 0..5 {
                guess(&mut self.lab, &self.ada);
            }
            self.lab.wait(60 * MINUTE);
            self.ada.token = self.lab.post("/refresh").by(&self.ada).send().ok().text("minifiedJwt");
        }
    }
}

#[test]
fn a_code_by_email() {
    let mut theft = Theft::new();
    theft.guess_for_two_days(|lab, ada| {
        let sent = lab.code_by(ada, ADA);
        lab.try_verify(ada, &sent.uuid, &sent.wrong_code(), &["wallet:export"]);
    });
    let sent = theft.lab.code_by(&theft.ada, ADA);
    theft.fails((422, "too_many_email_verification_attempts"), |lab, ada| {
        lab.try_verify(ada, &sent.uuid, &sent.code, &["wallet:export"])
    });
}

#[test]
fn a_code_of_an_authenticator_app() {
    let mut theft = Theft::new();
    let app = theft.lab.enrol(&theft.ada);
    theft.guess_for_two_days(|lab, ada| {
        let wrong = app.wrong_code(lab.now);
        lab.try_app(ada, Some(&app), &wrong, &["wallet:export"]);
    });
    let code = app.code(theft.lab.now);
    theft
        .fails((429, "mfa_rate_limited"), |lab, ada| lab.try_app(ada, Some(&app), &code, &["wallet:export"]));
}

#[test]
fn a_recovery_code() {
    let mut theft = Theft::new();
    let codes = recovery::make(&mut theft.lab, &theft.ada);
    theft.guess_for_two_days(|lab, ada| drop(recovery::try_code(lab, ada, "x", &["wallet:export"])));
    theft.fails((429, "mfa_rate_limited"), |lab, ada| {
        recovery::try_code(lab, ada, &codes[0], &["wallet:export"])
    });
}

/// The thief's own account is no proof of the victim's.
#[test]
fn a_code_after_the_thief_signed_in_as_somebody_else() {
    let mut theft = Theft::new();
    let app = theft.lab.enrol(&theft.ada);
    theft.guess_for_two_days(|lab, ada| {
        let wrong = app.wrong_code(lab.now);
        lab.try_app(ada, Some(&app), &wrong, &["wallet:export"]);
    });
    theft.eve = theft.lab.sign_in(super::EVE);
    let eves = theft.lab.enrol(&theft.eve);
    let code = eves.code(theft.lab.now);
    theft.lab.try_app(&theft.eve, Some(&eves), &code, &["wallet:export"]).ok();
    let code = app.code(theft.lab.now);
    let body = json!({ "code": code, "requestedScopes": ["wallet:export"] });
    theft.fails((429, "mfa_rate_limited"), |lab, ada| {
        lab.post("/users/mfa/auth/totp").by(ada).body(body).send()
    });
}
