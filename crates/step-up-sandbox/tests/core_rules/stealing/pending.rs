//! An authenticator app that a thief's session registered and has yet to confirm: it ends with what the session held, with the
//! session, and after half an hour, and no other session confirms it.

use serde_json::json;
use step_up_core::Method;

use super::ADA;
use crate::{
    authenticator::Authenticator,
    lab::{App, Lab, MINUTE, Person, SECOND},
    passkeys, recovery,
    signer::Signer,
    sms, social, unlink,
};

/// Every way to confirm a pending device: older clients name no device, and newer ones may leave it out.
const WAYS: usize = 3;

fn confirm(lab: &mut Lab, person: &Person, app: &App, code: &str, way: usize) -> crate::lab::Answer {
    match way {
        0 => lab.try_app(person, Some(app), code, &["wallet:export"]),
        1 => lab.try_app(person, None, code, &["wallet:export"]),
        _ => {
            let body = json!({ "type": "totp", "code": code });
            lab.post("/users/mfa/register/totp").by(person).body(body).send()
        }
    }
}

/// No confirmation of the device is evaluated, right or wrong.
#[track_caller]
fn is_unknown(lab: &mut Lab, person: &Person, app: &App, what: &str) {
    let evaluated = lab.evaluated();
    for way in 0..WAYS {
        for code in [app.code(lab.now), app.wrong_code(lab.now)] {
            let answer = confirm(lab, person, app, &code, way);
            assert_eq!((answer.status, what), (422, what), "{way}: {}", answer.body);
            answer.refused(422, "mfa_device_not_found");
        }
    }
    assert_eq!(lab.evaluated(), evaluated, "{what}");
}

fn ada_in_two_places() -> (Lab, Person, Person) {
    let mut lab = Lab::new();
    let ada = lab.person(ADA);
    let thief = Person { token: lab.sign_in(ADA).token, ..ada.clone() };
    (lab, ada, thief)
}

/// Prepares what Ada gives up or adds, lets the thief's session register an app, and lets Ada's do it.
fn voided<T>(
    what: &str,
    prepare: impl FnOnce(&mut Lab, &Person) -> T,
    void: impl FnOnce(&mut Lab, &Person, T),
) {
    let (mut lab, ada, thief) = ada_in_two_places();
    let prepared = prepare(&mut lab, &ada);
    let app = lab.register_app(&thief);
    void(&mut lab, &ada, prepared);
    for person in [&thief, &ada] {
        is_unknown(&mut lab, person, &app, what);
    }
    let devices = lab.get("/users/mfa").by(&ada).send().ok().body;
    assert_eq!((devices["count"].as_u64(), what), (Some(0), what), "{devices}");
}

#[test]
fn what_voids_a_session_ends_its_pending_app() {
    let link = |lab: &mut Lab, ada: &Person| drop(lab.elevate(ada, &["credential:link"]));
    voided("a passkey is added", link, |lab, ada, ()| {
        passkeys::register(lab, ada, &mut Authenticator::new());
    });
    voided("recovery codes are made", link, |lab, ada, ()| drop(recovery::make(lab, ada)));
    voided("an email address is added", link, |lab, ada, ()| {
        let sent = lab.code_by(ada, "ada2@example.com");
        lab.try_verify(ada, &sent.uuid, &sent.code, &[]).ok();
    });
    voided("a phone number is added", link, |lab, ada, ()| {
        let sent = sms::code_by(lab, ada, sms::ADA);
        sms::try_verify(lab, ada, &sent, &sent.code, &[]).ok();
    });
    voided("a wallet is added", link, |lab, ada, ()| drop(lab.try_link(ada, &Signer::solana(3), "").ok()));
    voided("a social account is added", link, |lab, ada, ()| {
        let state = social::state(1);
        let code = social::code(lab, Some(ada), "google", &state, "ada");
        social::verify(lab, ada, "google", social::redemption(&code, &state), &[]).ok();
    });
    let link_wallet = |lab: &mut Lab, ada: &Person| {
        lab.elevate(ada, &["credential:link"]);
        lab.try_link(ada, &Signer::ethereum(1), "").ok();
        unlink::id_of(lab, ada, &Signer::ethereum(1).address())
    };
    voided("a credential is removed", link_wallet, |lab, ada, id| {
        let token = lab.elevate(ada, &["credential:unlink"]);
        unlink::try_unlink(lab, ada, json!({ "walletId": id }), &token).ok();
    });
}

#[test]
fn the_removal_of_a_second_factor_ends_a_pending_app_of_another_session() {
    let (mut lab, ada, thief) = ada_in_two_places();
    let app = lab.enrol(&ada);
    // The thief's session was elevated by a code of the app, which lay beside the screen.
    let code = app.code(lab.now);
    lab.try_app(&thief, Some(&app), &code, &["credential:link"]).ok();
    let answer = lab.get("/users/mfa/register/totp").by(&thief).send().ok();
    let pending = App { id: answer.text("id"), secret: answer.text("secret") };
    lab.wait(30 * SECOND);
    let code = app.code(lab.now);
    let unlink =
        lab.try_app(&ada, Some(&app), &code, &["credential:unlink"]).ok().text("elevatedAccessToken");
    lab.ask(Method::Delete, &format!("/users/mfa/{}", app.id)).by(&ada).elevated(&unlink).send().ok();
    for person in [&thief, &ada] {
        is_unknown(&mut lab, person, &pending, "a second factor is removed");
    }
}

#[test]
fn a_sign_out_ends_the_pending_app_of_the_session() {
    let (mut lab, ada, thief) = ada_in_two_places();
    let app = lab.register_app(&thief);
    lab.post("/revoke").by(&thief).send().ok();
    let next = lab.sign_in(ADA);
    for person in [&ada, &next] {
        is_unknown(&mut lab, person, &app, "a sign-out");
    }
    let devices = lab.get("/users/mfa").by(&ada).send().ok().body;
    assert_eq!(devices["count"], 0, "{devices}");
}

#[test]
fn a_pending_app_is_confirmed_by_its_session_only_and_for_half_an_hour() {
    for way in 0..WAYS {
        let (mut lab, ada, thief) = ada_in_two_places();
        let app = lab.register_app(&ada);
        let mut lab = lab.restarted();
        is_unknown(&mut lab, &thief, &app, "another session");
        lab.wait(30 * MINUTE - SECOND);
        is_unknown(&mut lab, &thief, &app, "another session");
        let code = app.code(lab.now);
        confirm(&mut lab, &ada, &app, &code, way).ok();

        let (mut lab, ada, thief) = ada_in_two_places();
        let app = lab.register_app(&ada);
        lab.wait(30 * MINUTE);
        for person in [&ada, &thief] {
            is_unknown(&mut lab, person, &app, "half an hour");
        }
        let devices = lab.get("/users/mfa").by(&ada).send().ok().body;
        assert_eq!(devices["count"], 0, "{devices}");
        lab.get(&format!("/users/mfa/{}", app.id)).by(&ada).send().refused(422, "mfa_device_not_found");
    }
}
