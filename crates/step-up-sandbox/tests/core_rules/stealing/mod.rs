//! With a stolen bearer and nothing else, nobody elevates: one test for each way to try.

mod account;
mod added;
mod cookies;
mod given_up;
mod guessed;
mod held;
mod own_factor;
mod pages;
mod pending;
mod refreshed;
mod replay;
mod tokens;

use serde_json::{Value, json};
use step_up_core::Method;
use step_up_sandbox::Store as _;

use crate::lab::{Answer, Lab, Person};

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";

/// What a thief would like to have.
const EVERYTHING: [&str; 4] = ["wallet:export", "credential:link", "credential:unlink", "user:delete"];

/// The code of a guarded call's refusal.
const NOT_ELEVATED: (u16, &str) = (403, "elevated_access_token_required");

/// Ada, whose bearer is stolen, and Eve, who stole it and is a user too.
struct Theft {
    lab: Lab,
    ada: Person,
    eve: Person,
}

impl Theft {
    fn new() -> Self {
        let mut lab = Lab::new();
        let ada = lab.person(ADA);
        Self::of(lab, ada)
    }

    fn of(mut lab: Lab, ada: Person) -> Self {
        let eve = lab.person(EVE);
        Self { lab, ada, eve }
    }

    /// An attack with Ada's bearer is refused like this; nobody is elevated by it, and everything is as it was.
    #[track_caller]
    fn fails(&mut self, (status, code): (u16, &str), attack: impl FnOnce(&mut Lab, &Person) -> Answer) {
        let before = belongings(&self.lab);
        let answer = attack(&mut self.lab, &self.ada).refused(status, code);
        assert_eq!(answer.body.get("elevatedAccessToken"), None);
        assert_eq!(belongings(&self.lab), before);
        self.is_not_elevated();
        assert_eq!(belongings(&self.lab), before);
    }

    /// Every guarded call is refused, and Ada is still signed in.
    #[track_caller]
    fn is_not_elevated(&mut self) {
        let (lab, ada) = (&mut self.lab, &self.ada);
        for token in [None, Some(ada.token.as_str()), Some(self.eve.token.as_str())] {
            lab.export(ada, token).not_elevated();
        }
        for (method, path, body) in [
            (Method::Post, format!("/waas/{}/signMessage", ada.wallet), json!({ "message": "m" })),
            (Method::Get, "/users/mfa/register/totp".into(), Value::Null),
            (Method::Post, "/users/mfa/recovery".into(), Value::Null),
            (Method::Post, "/users/passkeys/register".into(), json!({})),
            (Method::Post, "/verify/link".into(), json!({})),
            (Method::Post, "/verify/unlink".into(), json!({})),
            (Method::Put, "/users".into(), json!({ "email": "mallory@example.com" })),
            (Method::Put, "/users".into(), json!({ "username": "mallory" })),
            (Method::Delete, "/users".into(), Value::Null),
        ] {
            lab.ask(method, &path).by(ada).body(body).send().not_elevated();
        }
        assert_eq!(lab.user(ada).ok().body["id"], ada.id);
    }
}

/// Everybody's credentials, factors, sessions and elevations.
fn belongings(lab: &Lab) -> Vec<Vec<(String, Value)>> {
    [
        "accounts",
        "addresses",
        "elevations",
        "externalUsers",
        "externalWallets",
        "mfaDevices",
        "passkeys",
        "recoveryCodes",
        "sessions",
        "wallets",
    ]
    .map(|collection| lab.sandbox.store().list(collection, "").unwrap())
    .into()
}
