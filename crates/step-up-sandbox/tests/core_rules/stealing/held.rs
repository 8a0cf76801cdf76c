//! What a bearer is good for while its session holds an elevation for more than one use: official clients send no token with
//! some calls, so the sandbox cannot ask for it there. This is how far that goes.

use serde_json::{Value, json};
use step_up_core::Method;

use super::{NOT_ELEVATED, Theft};
use crate::lab::MINUTE;

#[test]
fn what_is_held_for_linking_links_and_neither_unlinks_nor_moves_money() {
    let mut theft = Theft::new();
    theft.lab.elevate(&theft.ada, &["credential:link"]);
    let (lab, ada) = (&mut theft.lab, &theft.ada);
    for (method, path) in [
        (Method::Post, format!("/waas/{}/privateKey/export", ada.wallet)),
        (Method::Post, format!("/waas/{}/signMessage", ada.wallet)),
        (Method::Post, "/verify/unlink".into()),
        (Method::Delete, "/users/passkeys".into()),
        (Method::Delete, "/users".into()),
    ] {
        lab.ask(method, &path).by(ada).body(json!({})).send().not_elevated();
    }
    // The official client sends no token with this.
    lab.post("/users/mfa/recovery").by(ada).send().ok();
    lab.wait(10 * MINUTE);
    theft.fails(NOT_ELEVATED, |lab, ada| lab.post("/users/mfa/recovery").by(ada).send());
}

#[test]
fn what_is_held_for_one_use_is_good_for_nothing_without_its_token() {
    let mut theft = Theft::new();
    theft.lab.elevate(&theft.ada, &["credential:link", "user:update", "user:delete", "wallet:export"]);
    for (method, path) in [
        (Method::Post, "/users/mfa/recovery"),
        (Method::Get, "/users/mfa/register/totp"),
        (Method::Delete, "/users"),
    ] {
        theft.fails(NOT_ELEVATED, |lab, ada| lab.ask(method, path).by(ada).body(Value::Null).send());
    }
}

#[test]
fn a_sign_out_ends_what_was_held() {
    let mut theft = Theft::new();
    theft.lab.elevate(&theft.ada, &["credential:link", "user:delete"]);
    let old = theft.ada.clone();
    theft.lab.post("/revoke").by(&old).send().ok();
    theft.ada.token = theft.lab.sign_in(super::ADA).token;
    theft.fails((401, "unauthorized"), |lab, _| lab.ask(Method::Delete, "/users").by(&old).send());
    theft.fails(NOT_ELEVATED, |lab, ada| lab.ask(Method::Delete, "/users").by(ada).send());
}
