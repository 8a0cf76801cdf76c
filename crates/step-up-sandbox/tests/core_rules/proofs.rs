//! What counts as a proof of the session's user, and what does not: a table of every call that a session can make about its
//! user. A proof starts the lifetime of the session again and unlocks what was locked by guessing.

use serde_json::json;
use step_up_core::Method;
use step_up_sandbox::{Change, Store as _};

use crate::{
    authenticator::Authenticator,
    external::{self, IDP, assertion},
    lab::{App, Lab, MINUTE, Person},
    passkeys, recovery,
    signer::Signer,
    sms, social,
};

const ADA: &str = "ada@example.com";

/// How long a session may live after the last proof: a little longer than without a refresh.
const MAX_AGE: i64 = 7300;

/// What a call proves, as seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// Nothing about the user.
    Nothing,
    /// A credential that they had.
    Credential,
    /// A second factor that they had.
    SecondFactor,
}

/// A user with wrong codes behind them, five minutes after their last proof.
struct Subject {
    lab: Lab,
    ada: Person,
}

impl Subject {
    fn user() -> (Lab, Person) {
        let mut lab = Lab::new();
        let body = json!({ "email": ADA, "phone": sms::ADA, "social": [{ "provider": "google", "username": "ada" }] });
        let ada = lab.person_with(ADA, body);
        (lab, ada)
    }

    fn five_minutes_after(mut lab: Lab, ada: Person) -> Self {
        lab.set(json!({ "security": { "sessionMaxAgeSeconds": MAX_AGE } }));
        lab.wait(5 * MINUTE);
        let mut store = lab.sandbox.store().clone();
        let failures = ["email", "sms", "totp", "recovery", "ada@example.com"].map(|factor| Change {
            collection: "failures".into(),
            key: format!("{}/{factor}", ada.id),
            value: Some(json!({ "count": 7, "last": lab.now.as_millis() })),
        });
        store.commit(failures.into()).unwrap();
        let now = lab.now;
        let mut lab = Lab::from_store(lab.config.clone(), store);
        lab.now = now;
        Self { lab, ada }
    }

    /// What is still counted of the user's wrong codes.
    fn counted(&self) -> Vec<String> {
        let failures = self.lab.sandbox.store().list("failures", &format!("{}/", self.ada.id)).unwrap();
        failures.into_iter().map(|(key, _)| key[self.ada.id.len() + 1..].to_owned()).collect()
    }

    /// What the last call was, by how long the session lives after a refresh and by what was unlocked.
    fn proof(&mut self) -> Proof {
        let answer = self.lab.post("/refresh").by(&self.ada).send().ok();
        let lives = answer.body["expiresAt"].as_i64().unwrap() - self.lab.now.as_secs();
        let counted = self.counted();
        match (lives, counted.as_slice()) {
            (7200, []) => Proof::SecondFactor,
            (7200, [totp]) if totp == "totp" => Proof::Credential,
            (7000, [_, _, _, _, _]) => Proof::Nothing,
            other => panic!("{other:?}"),
        }
    }
}

#[track_caller]
fn proves(
    what: &str,
    proof: Proof,
    prepare: impl FnOnce(&mut Lab, &Person),
    call: impl FnOnce(&mut Lab, &Person),
) {
    let (mut lab, ada) = Subject::user();
    prepare(&mut lab, &ada);
    let mut subject = Subject::five_minutes_after(lab, ada);
    call(&mut subject.lab, &subject.ada);
    assert_eq!(subject.proof(), proof, "{what}");
}

fn nothing(_: &mut Lab, _: &Person) {}

/// The session holds an elevation for linking.
fn held(lab: &mut Lab, ada: &Person) {
    lab.elevate(ada, &["credential:link"]);
}

#[test]
fn verifying_with_a_credential_proves_it() {
    proves("email", Proof::Credential, nothing, |lab, ada| {
        let sent = lab.code_by(ada, ADA);
        lab.try_verify(ada, &sent.uuid, &sent.code, &[]).ok();
    });
    proves("SMS", Proof::Credential, nothing, |lab, ada| {
        let sent = sms::code_by(lab, ada, sms::ADA);
        sms::try_verify(lab, ada, &sent, &sent.code, &["wallet:export"]).ok();
    });
    proves("a social account", Proof::Credential, nothing, |lab, ada| {
        let state = social::state(1);
        let code = social::code(lab, Some(ada), "google", &state, "ada");
        social::verify(lab, ada, "google", social::redemption(&code, &state), &[]).ok();
    });
    let signer = Signer::solana(1);
    let link = |lab: &mut Lab, ada: &Person| {
        held(lab, ada);
        lab.try_link(ada, &signer, "").ok();
    };
    proves("a wallet", Proof::Credential, link, |lab, ada| {
        let proof = lab.proof(&signer);
        lab.try_wallet(ada, proof, &[]).ok();
    });
}

#[test]
fn the_word_of_the_other_provider_proves_its_user() {
    let mut lab = external::lab();
    let ada = external::sign_in(&mut lab, "ada");
    let settings = lab.at(Method::Get, "/sandbox/settings").send().ok().body;
    let mut subject = Subject::five_minutes_after(lab, ada);
    let mut both = settings;
    both["security"]["sessionMaxAgeSeconds"] = MAX_AGE.into();
    subject.lab.set(both);
    let jwt = IDP.sign(&assertion(&subject.lab, "ada", "wallet:export", "1"));
    external::verify(&mut subject.lab, &subject.ada, &jwt).ok();
    assert_eq!(subject.proof(), Proof::Credential);
}

#[test]
fn verifying_with_a_second_factor_proves_it() {
    let (mut lab, ada) = Subject::user();
    let app = lab.enrol(&ada);
    lab.elevate_with_app(&ada, &app);
    let mut subject = Subject::five_minutes_after(lab, ada);
    let code = app.code(subject.lab.now);
    subject.lab.try_app(&subject.ada, None, &code, &[]).ok();
    assert_eq!(subject.proof(), Proof::SecondFactor);

    let (mut lab, ada) = Subject::user();
    let codes = recovery::make(&mut lab, &ada);
    let mut subject = Subject::five_minutes_after(lab, ada);
    recovery::try_code(&mut subject.lab, &subject.ada, &codes[0], &[]).ok();
    assert_eq!(subject.proof(), Proof::SecondFactor);

    let (mut lab, ada) = Subject::user();
    let mut key = passkeys::enrol(&mut lab, &ada);
    let mut subject = Subject::five_minutes_after(lab, ada);
    let assertion = passkeys::sign(&mut subject.lab, &subject.ada, &mut key);
    passkeys::try_assertion(&mut subject.lab, &subject.ada, &assertion, &[]).ok();
    assert_eq!(subject.proof(), Proof::SecondFactor);
}

#[test]
fn linking_proves_nothing() {
    proves("an address", Proof::Nothing, held, |lab, ada| {
        let sent = lab.code_by(ada, "ada2@example.com");
        lab.try_verify(ada, &sent.uuid, &sent.code, &[]).ok();
    });
    proves("a number", Proof::Nothing, held, |lab, ada| {
        let sent = sms::code_by(lab, ada, "+15555550177");
        sms::try_verify(lab, ada, &sent, &sent.code, &[]).ok();
    });
    proves("a wallet", Proof::Nothing, held, |lab, ada| {
        drop(lab.try_link(ada, &Signer::ethereum(1), "").ok())
    });
    proves("a social account", Proof::Nothing, held, |lab, ada| {
        let state = social::state(1);
        let code = social::code(lab, Some(ada), "google", &state, "another");
        social::verify(lab, ada, "google", social::redemption(&code, &state), &[]).ok();
    });
}

#[test]
fn enrolling_proves_nothing() {
    for path in ["/users/mfa/auth/totp", "/users/mfa/register/totp"] {
        proves(path, Proof::Nothing, held, |lab, ada| {
            let secret = lab.get("/users/mfa/register/totp").by(ada).send().ok();
            let app = App { id: secret.text("id"), secret: secret.text("secret") };
            let body = json!({ "type": "totp", "code": app.code(lab.now) });
            lab.post(path).by(ada).body(body).send().ok();
        });
    }
    proves("a passkey", Proof::Nothing, held, |lab, ada| {
        passkeys::register(lab, ada, &mut Authenticator::new());
    });
    proves("recovery codes", Proof::Nothing, held, |lab, ada| {
        lab.get("/users/mfa/recovery").by(ada).send().ok();
        lab.post("/users/mfa/recovery").by(ada).send().ok();
    });
}

#[test]
fn reading_changing_and_guessing_prove_nothing() {
    proves("reading", Proof::Nothing, nothing, |lab, ada| {
        for path in ["/users", "/users/mfa/methods", "/users/passkeys", "/users/passkeys/authenticate"] {
            lab.get(path).by(ada).send().ok();
        }
        lab.post("/stepUp/check").by(ada).body(json!({ "scope": "wallet:export" })).send().ok();
        lab.post("/refresh").by(ada).send().ok();
        lab.code_by(ada, ADA);
    });
    proves(
        "changing",
        Proof::Nothing,
        |lab, ada| drop(lab.elevate(ada, &["user:update"])),
        |lab, ada| {
            let fields = json!({ "firstName": "Ada", "username": "ada" });
            lab.ask(Method::Put, "/users").by(ada).body(fields).send().ok();
        },
    );
    proves("guessing", Proof::Nothing, nothing, |lab, ada| {
        let sent = lab.code_by(ada, ADA);
        lab.try_verify(ada, &sent.uuid, &sent.wrong_code(), &[])
            .refused(422, "wrong_email_verification_token");
        recovery::try_code(lab, ada, "x", &[]).refused(422, "mfa_invalid_code");
        // A right code that was sent for another purpose.
        let mallory = lab.code_for("mallory@example.com");
        lab.try_verify(ada, &mallory.uuid, &mallory.code, &[]).refused(422, "invalid_verification");
    });
    let with_app = |lab: &mut Lab, ada: &Person| {
        let app = lab.enrol(ada);
        lab.elevate_with_app(ada, &app);
    };
    proves("a code that needs a second factor", Proof::Nothing, with_app, |lab, ada| {
        let sent = lab.code_by(ada, ADA);
        lab.try_verify(ada, &sent.uuid, &sent.code, &["wallet:export"]).refused(403, "mfa_required");
    });
}

impl Lab {
    /// Steps up with an app's next code.
    fn elevate_with_app(&mut self, person: &Person, app: &App) {
        let code = app.code(self.now);
        self.try_app(person, Some(app), &code, &["wallet:export"]).ok();
    }
}
