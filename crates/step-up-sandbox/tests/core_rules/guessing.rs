//! How many wrong codes of a factor are evaluated in a row, whatever time passes between them.

use proptest::prelude::*;
use serde_json::json;
use step_up_core::Method;

use crate::{
    authenticator::Authenticator,
    lab::{Answer, App, Lab, MINUTE, Person, STEP, claims},
    passkeys, recovery,
    signer::Signer,
    sms,
};

const ADA: &str = "ada@example.com";

/// How many wrong codes of a factor are evaluated in a row.
const LIMIT: usize = 100;

const DAY_IN_MINUTES: u32 = 24 * 60;

/// How many wrong codes `guess` got evaluated in `minutes`, when it is called as often as the short limits allow.
fn evaluated(lab: &mut Lab, minutes: u32, mut guess: impl FnMut(&mut Lab) -> Answer) -> usize {
    let mut count = 0;
    for _ in 0..minutes / 5 {
        for _ in 0..6 {
            let answer = guess(lab);
            assert!([422, 429].contains(&answer.status), "{} {}", answer.status, answer.body);
            let code = answer.body["code"].as_str().unwrap();
            count += usize::from(code.starts_with("wrong_") || code == "mfa_invalid_code");
        }
        lab.wait(5 * MINUTE);
    }
    // Codes can be sent again.
    lab.wait(60 * MINUTE);
    count
}

fn guess_app(lab: &mut Lab, person: &Person, app: &App) -> Answer {
    let wrong = app.wrong_code(lab.now);
    lab.try_app(person, Some(app), &wrong, &["wallet:export"])
}

fn guess_recovery(lab: &mut Lab, person: &Person) -> Answer {
    recovery::try_code(lab, person, "aaaa-aaaa-aaaa-aaaa", &["wallet:export"])
}

/// A guess at a new code that is sent to the user's own address.
fn guess_email(lab: &mut Lab, person: &Person) -> Answer {
    let body = json!({ "email": person.email });
    let sent = lab.post("/emailVerifications/create").by(person).body(body).send();
    if sent.status != 200 {
        return sent;
    }
    let sent = lab.newest(&person.email);
    let wrong = sent.wrong_code();
    lab.try_verify(person, &sent.uuid, &wrong, &["wallet:export"])
}

fn guess_sign_in(lab: &mut Lab, email: &str) -> Answer {
    let sent = lab.post("/emailVerifications/create").body(json!({ "email": email })).send();
    if sent.status != 200 {
        return sent;
    }
    let sent = lab.newest(email);
    let wrong = sent.wrong_code();
    lab.try_sign_in(&sent.uuid, &wrong)
}

fn guess_sms(lab: &mut Lab, person: &Person) -> Answer {
    let sent = lab.post("/smsVerifications/create").by(person).body(sms::number(sms::ADA)).send();
    if sent.status != 200 {
        return sent;
    }
    let sent = lab.newest(sms::ADA);
    let wrong = sent.wrong_code();
    sms::try_verify(lab, person, &sent, &wrong, &["wallet:export"])
}

/// The right code that is sent next, tried by a session.
fn right_email(lab: &mut Lab, person: &Person, scopes: &[&str]) -> Answer {
    let sent = lab.code_by(person, &person.email);
    lab.try_verify(person, &sent.uuid, &sent.code, scopes)
}

/// The next right code of an app, tried by a session.
fn right_app(lab: &mut Lab, person: &Person, app: &App) -> Answer {
    lab.wait(STEP);
    let code = app.code(lab.now);
    lab.try_app(person, Some(app), &code, &["wallet:export"])
}

/// A session with a fresh bearer of the same user; the old one is over after two hours.
fn again(lab: &mut Lab, person: &Person) -> Person {
    Person { token: lab.sign_in(&person.email).token, ..person.clone() }
}

/// The thief's bearer, which is refreshed for as long as it is used.
fn refreshed(lab: &mut Lab, person: &mut Person) {
    if claims(&person.token)["exp"].as_i64().unwrap() > lab.now.as_secs() + 5400 {
        return;
    }
    person.token = lab.post("/refresh").by(person).send().ok().text("minifiedJwt");
}

#[track_caller]
fn mfa_locked(answer: Answer) {
    let answer = answer.refused(429, "mfa_rate_limited");
    assert_eq!(answer.header("retry-after"), None, "waiting does not help");
}

#[track_caller]
fn email_locked(answer: Answer) {
    answer.refused(422, "too_many_email_verification_attempts");
}

#[test]
fn wrong_codes_of_an_app_lock_it_after_a_hundred_until_another_second_factor() {
    let mut lab = Lab::new();
    let mut ada = lab.person(ADA);
    let codes = recovery::make(&mut lab, &ada);
    let app = lab.enrol(&ada);
    let thief = ada.clone();
    let count = evaluated(&mut lab, DAY_IN_MINUTES, {
        let (mut thief, app) = (thief.clone(), app.clone());
        move |lab| {
            refreshed(lab, &mut thief);
            guess_app(lab, &thief, &app)
        }
    });
    assert_eq!(count, LIMIT, "wrong codes were evaluated in a day");
    // A restart, a sign-in and a code by email, which is a weaker proof, change nothing.
    let mut lab = lab.restarted();
    ada = again(&mut lab, &ada);
    mfa_locked(right_app(&mut lab, &ada, &app));
    right_email(&mut lab, &ada, &[]).ok();
    mfa_locked(right_app(&mut lab, &ada, &app));
    recovery::try_code(&mut lab, &ada, &codes[0], &["wallet:export"]).ok();
    right_app(&mut lab, &ada, &app).ok();
}

#[test]
fn a_passkey_unlocks_an_app_and_is_never_locked_itself() {
    let mut lab = Lab::new();
    let ada = lab.person(ADA);
    let app = lab.enrol(&ada);
    let link = ["credential:link"];
    let code = app.code(lab.now);
    lab.try_app(&ada, Some(&app), &code, &link).ok();
    let mut key = Authenticator::new();
    passkeys::register(&mut lab, &ada, &mut key);
    let mut thief = ada.clone();
    evaluated(&mut lab, 120, |lab| {
        refreshed(lab, &mut thief);
        guess_app(lab, &thief, &app)
    });
    let ada = again(&mut lab, &ada);
    mfa_locked(right_app(&mut lab, &ada, &app));
    passkeys::elevate(&mut lab, &ada, &mut key, &["wallet:export"]);
    right_app(&mut lab, &ada, &app).ok();
    let mut thief = ada.clone();
    let count = evaluated(&mut lab, DAY_IN_MINUTES, |lab| {
        refreshed(lab, &mut thief);
        let mut wrong = passkeys::sign(lab, &thief, &mut key);
        wrong["response"]["signature"] = "AAAA".into();
        passkeys::try_assertion(lab, &thief, &wrong, &[])
    });
    assert!(count > LIMIT, "a signature cannot be guessed, and a lock would be the thief's to turn: {count}");
    let ada = again(&mut lab, &ada);
    passkeys::elevate(&mut lab, &ada, &mut key, &["wallet:export"]);
}

#[test]
fn an_app_that_waits_for_its_first_code_is_never_locked() {
    let mut lab = Lab::new();
    let mut ada = lab.person(ADA);
    let mut count = 0;
    for _ in 0..4 {
        let app = lab.register_app(&ada);
        let mut thief = ada.clone();
        // It waits for half an hour only.
        count += evaluated(&mut lab, 60, |lab| {
            refreshed(lab, &mut thief);
            guess_app(lab, &thief, &app)
        });
        ada = again(&mut lab, &ada);
    }
    assert!(count > LIMIT, "{count}");
    let app = lab.register_app(&ada);
    right_app(&mut lab, &ada, &app).ok();
}

#[test]
fn enrolling_another_app_unlocks_nothing() {
    let mut lab = Lab::new();
    let mut ada = lab.person(ADA);
    let app = lab.enrol(&ada);
    let code = app.code(lab.now);
    lab.try_app(&ada, Some(&app), &code, &["credential:link"]).ok();
    evaluated(&mut lab, 120, |lab| {
        refreshed(lab, &mut ada);
        guess_app(lab, &ada, &app)
    });
    mfa_locked(right_app(&mut lab, &ada, &app));
    // Only the locked app would elevate for it.
    lab.set(json!({ "sdk": { "minApiVersion": "2026_01_01" } }));
    let answer = lab.get("/users/mfa/register/totp").by(&ada).send().ok();
    let second = App { id: answer.text("id"), secret: answer.text("secret") };
    let code = second.code(lab.now);
    lab.post("/users/mfa/register/totp").by(&ada).body(json!({ "type": "totp", "code": code })).send().ok();
    mfa_locked(right_app(&mut lab, &ada, &app));
}

#[test]
fn wrong_recovery_codes_lock_them_after_a_hundred_until_any_other_proof() {
    let mut lab = Lab::new();
    let ada = lab.person(ADA);
    let codes = recovery::make(&mut lab, &ada);
    let app = lab.enrol(&ada);
    let mut thief = ada.clone();
    let count = evaluated(&mut lab, DAY_IN_MINUTES, |lab| {
        refreshed(lab, &mut thief);
        guess_recovery(lab, &thief)
    });
    assert_eq!(count, LIMIT);
    mfa_locked(recovery::try_code(&mut lab, &thief, &codes[0], &[]));
    // The app locks for itself; its right code unlocks the others.
    right_app(&mut lab, &thief, &app).ok();
    recovery::try_code(&mut lab, &thief, &codes[0], &[]).ok();
    evaluated(&mut lab, 120, |lab| {
        refreshed(lab, &mut thief);
        guess_recovery(lab, &thief)
    });
    mfa_locked(recovery::try_code(&mut lab, &thief, &codes[1], &[]));
    // A recovery code cannot be guessed, so a sign-in is enough: the way out where a thief has locked everything.
    let ada = again(&mut lab, &ada);
    recovery::try_code(&mut lab, &ada, &codes[1], &[]).ok();
}

#[test]
fn wrong_email_codes_lock_the_channel_after_a_hundred_and_no_other() {
    let mut lab = Lab::new();
    let ada = sms::ada(&mut lab);
    let mut thief = ada.clone();
    let count = evaluated(&mut lab, DAY_IN_MINUTES / 2, |lab| {
        refreshed(lab, &mut thief);
        guess_email(lab, &thief)
    });
    assert_eq!(count, LIMIT, "whatever code it was");
    let mut lab = lab.restarted();
    email_locked(right_email(&mut lab, &thief, &["wallet:export"]));
    let sent = sms::code_by(&mut lab, &thief, sms::ADA);
    sms::try_verify(&mut lab, &thief, &sent, &sent.code, &[]).ok();
    right_email(&mut lab, &thief, &["wallet:export"]).ok();
}

#[test]
fn wrong_codes_by_sms_lock_the_channel_after_a_hundred_until_another_proof() {
    let mut lab = Lab::new();
    let ada = sms::ada(&mut lab);
    let mut thief = ada.clone();
    let count = evaluated(&mut lab, 600, |lab| {
        refreshed(lab, &mut thief);
        guess_sms(lab, &thief)
    });
    assert_eq!(count, LIMIT);
    let right = |lab: &mut Lab, person: &Person| {
        let sent = sms::code_by(lab, person, sms::ADA);
        sms::try_verify(lab, person, &sent, &sent.code, &[])
    };
    right(&mut lab, &thief).refused(422, "too_many_sms_verification_attempts");
    right_email(&mut lab, &thief, &[]).ok();
    right(&mut lab, &thief).ok();
}

#[test]
fn a_sign_in_unlocks_what_was_locked_with_a_stolen_bearer() {
    for by_wallet in [false, true] {
        let mut lab = Lab::new();
        let signer = Signer::ethereum(1);
        let ada = lab.person_with_wallets(ADA, &[&signer]);
        let mut thief = ada.clone();
        evaluated(&mut lab, 300, |lab| {
            refreshed(lab, &mut thief);
            guess_email(lab, &thief)
        });
        email_locked(right_email(&mut lab, &thief, &[]));
        if by_wallet {
            lab.wallet_sign_in(&signer);
        } else {
            lab.sign_in(ADA);
        }
        right_email(&mut lab, &thief, &[]).ok();
    }
}

#[test]
fn a_right_code_ends_the_row() {
    let mut lab = Lab::new();
    let mut ada = lab.person(ADA);
    let app = lab.enrol(&ada);
    for _ in 0..4 {
        let mut thief = ada.clone();
        let count = evaluated(&mut lab, 60, |lab| {
            refreshed(lab, &mut thief);
            guess_app(lab, &thief, &app)
        });
        assert_eq!(count, 60);
        ada = again(&mut lab, &ada);
        right_app(&mut lab, &ada, &app).ok();
    }
}

#[test]
fn the_tries_that_are_left_are_at_most_what_the_lasting_limit_leaves() {
    let mut lab = Lab::new();
    let mut ada = lab.person(ADA);
    let mut left = Vec::new();
    for tries in [2].into_iter().chain([5; 20]) {
        refreshed(&mut lab, &mut ada);
        let sent = lab.code_by(&ada, ADA);
        for _ in 0..tries {
            let answer = lab.try_verify(&ada, &sent.uuid, &sent.wrong_code(), &[]);
            left.extend(answer.body["payload"]["attemptsLeft"].as_u64());
        }
        lab.wait(3 * MINUTE);
    }
    assert_eq!(left.len(), LIMIT);
    assert_eq!(left[..3], [4, 3, 4]);
    assert_eq!(left[LIMIT - 4..], [0, 2, 1, 0]);
}

/// A stranger has no bearer. What they fail locks sign-in with that address, and nothing else.
#[test]
fn a_stranger_who_guesses_sign_in_codes_locks_no_session_out() {
    let mut lab = Lab::new();
    let ada = lab.person(ADA);
    let mut home = ada.clone();
    let count = evaluated(&mut lab, DAY_IN_MINUTES / 2, |lab| {
        refreshed(lab, &mut home);
        guess_sign_in(lab, ADA)
    });
    assert_eq!(count, LIMIT);
    let sent = lab.code_for(ADA);
    email_locked(lab.try_sign_in(&sent.uuid, &sent.code));
    // Others sign in, and Ada steps up; that proves that the address is hers, and sign-in is open again.
    lab.sign_in("bob@example.com");
    right_email(&mut lab, &home, &["wallet:export"]).ok();
    lab.sign_in(ADA);
}

#[test]
fn a_locked_address_takes_one_sign_in_code_a_day() {
    let mut lab = Lab::new();
    let email = "new@example.com";
    let first_day = evaluated(&mut lab, DAY_IN_MINUTES / 2, |lab| guess_sign_in(lab, email));
    assert_eq!(first_day, LIMIT);
    let mut lab = lab.restarted();
    let mut ten_days = 0;
    for _ in 0..10 * 24 {
        lab.wait(60 * MINUTE);
        ten_days +=
            usize::from(guess_sign_in(&mut lab, email).body["code"] == "wrong_email_verification_token");
    }
    assert!((9..=10).contains(&ten_days), "{ten_days}");
    // The owner of the mailbox, who has no other proof, waits a day.
    lab.wait(MINUTE * DAY_IN_MINUTES);
    lab.sign_in(email);
    let sent = lab.code_for(email);
    lab.try_sign_in(&sent.uuid, &sent.wrong_code()).refused(422, "wrong_email_verification_token");
    lab.try_sign_in(&sent.uuid, &sent.code).ok();
}

#[test]
fn guessing_the_code_of_an_address_to_link_is_counted_for_the_address() {
    let mut lab = Lab::new();
    let mut people =
        ["eve1@example.com", "eve2@example.com", "eve3@example.com"].map(|email| lab.person(email));
    let mut evaluated = 0;
    for eve in &mut people {
        for _ in 0..10 {
            *eve = again(&mut lab, eve);
            lab.elevate(eve, &["credential:link"]);
            for _ in 0..5 {
                let sent = lab.code_by(eve, ADA);
                let answer = lab.try_verify(eve, &sent.uuid, &sent.wrong_code(), &[]);
                evaluated += usize::from(answer.body["code"] == "wrong_email_verification_token");
                if answer.body["code"] != "wrong_email_verification_token" {
                    break;
                }
            }
            lab.wait(11 * MINUTE);
        }
    }
    assert_eq!(evaluated, LIMIT);
    // Their own addresses are as they were.
    for eve in &people {
        lab.sign_in(&eve.email);
    }
}

#[test]
fn what_is_known_of_addresses_without_a_user_has_a_bound() {
    let mut lab = Lab::new();
    for number in 0..1100 {
        guess_sign_in(&mut lab, &format!("{number}@example.com"));
        lab.wait(30 * MINUTE);
    }
    let store = serde_json::to_value(lab.sandbox.store()).unwrap();
    let entries = store["failures"].as_object().unwrap().len();
    assert!((900..=1000).contains(&entries), "{entries}");
}

#[test]
fn a_user_who_is_deleted_leaves_no_count() {
    let mut lab = Lab::new();
    let ada = lab.person(ADA);
    guess_email(&mut lab, &ada);
    guess_recovery(&mut lab, &ada);
    guess_sign_in(&mut lab, ADA);
    lab.elevate(&ada, &["user:delete"]);
    guess_recovery(&mut lab, &ada);
    lab.ask(Method::Delete, "/users").by(&ada).send().ok();
    let store = serde_json::to_value(lab.sandbox.store()).unwrap();
    let is_empty = |name: &str| store.get(name).is_none_or(|it| it.as_object().unwrap().is_empty());
    assert!(is_empty("failures"), "{}", store["failures"]);
}

/// What a thief with a bearer does, and what the user does meanwhile.
#[derive(Clone, Copy, Debug)]
enum Step {
    GuessApp,
    GuessRecovery,
    GuessEmail,
    GuessSignIn,
    RightEmail,
    SignIn,
    Restart,
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::GuessApp),
        4 => Just(Step::GuessRecovery),
        8 => Just(Step::GuessEmail),
        4 => Just(Step::GuessSignIn),
        1 => Just(Step::RightEmail),
        1 => Just(Step::SignIn),
        1 => Just(Step::Restart),
        1 => Just(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The thief has the bearer and reads no code. However the guesses are mixed with what the user does, no app code is
    /// evaluated after a hundred wrong ones, because neither an email nor a sign-in proves a second factor.
    #[test]
    fn however_guesses_are_mixed_no_row_is_longer_than_the_limit(
        steps in proptest::collection::vec(step(), 150..400),
    ) {
        let mut lab = Lab::new();
        let mut ada = lab.person(ADA);
        let app = lab.enrol(&ada);
        let (mut app_row, mut email_row, mut recovery_row) = (0, 0, 0);
        for step in steps {
            lab.wait(MINUTE);
            refreshed(&mut lab, &mut ada);
            let is_wrong = |answer: &Answer| {
                let code = answer.body["code"].as_str().unwrap_or_default();
                usize::from(code.starts_with("wrong_") || code == "mfa_invalid_code")
            };
            match step {
                Step::GuessApp => app_row += is_wrong(&guess_app(&mut lab, &ada, &app)),
                Step::GuessRecovery => recovery_row += is_wrong(&guess_recovery(&mut lab, &ada)),
                Step::GuessEmail => email_row += is_wrong(&guess_email(&mut lab, &ada)),
                Step::GuessSignIn => drop(guess_sign_in(&mut lab, ADA)),
                Step::RightEmail => {
                    if let Some(sent) = send_by(&mut lab, &ada) {
                        let answer = lab.try_verify(&ada, &sent.uuid, &sent.code, &[]);
                        prop_assert_eq!(answer.status == 200, email_row < LIMIT);
                        if answer.status == 200 {
                            (email_row, recovery_row) = (0, 0);
                        }
                    }
                }
                Step::SignIn => {
                    if let Some(sent) = send_for(&mut lab, ADA)
                        && lab.try_sign_in(&sent.uuid, &sent.code).status == 200 {
                        (email_row, recovery_row) = (0, 0);
                    }
                }
                Step::Restart => lab = lab.restarted(),
                Step::Wait => lab.wait(60 * MINUTE),
            }
            prop_assert!(app_row <= LIMIT && email_row <= LIMIT && recovery_row <= LIMIT);
        }
    }
}

fn send_by(lab: &mut Lab, person: &Person) -> Option<crate::lab::Sent> {
    let body = json!({ "email": person.email });
    let answer = lab.post("/emailVerifications/create").by(person).body(body).send();
    (answer.status == 200).then(|| lab.newest(&person.email))
}

fn send_for(lab: &mut Lab, email: &str) -> Option<crate::lab::Sent> {
    let answer = lab.post("/emailVerifications/create").body(json!({ "email": email })).send();
    (answer.status == 200).then(|| lab.newest(email))
}
