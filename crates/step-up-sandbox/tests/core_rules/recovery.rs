//! Recovery codes.

use proptest::prelude::*;
use serde_json::{Value, json};
use step_up_core::Method;

use crate::lab::{Answer, Lab, MINUTE, Person, SECOND};

const PATH: &str = "/users/mfa/recovery";

fn codes(answer: &Answer) -> Vec<String> {
    let codes = answer.body["recoveryCodes"].as_array().unwrap();
    assert!(codes.len() == 10 && answer.body["count"] == 10, "{}", answer.body);
    codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Somebody's first codes.
pub(crate) fn make(lab: &mut Lab, person: &Person) -> Vec<String> {
    let token = lab.elevate(person, &["credential:link"]);
    codes(&lab.get(PATH).by(person).elevated(&token).send().ok())
}

pub(crate) fn try_code(lab: &mut Lab, person: &Person, code: &str, scopes: &[&str]) -> Answer {
    let body = json!({ "code": code, "requestedScopes": scopes });
    lab.post("/users/mfa/auth/recovery").by(person).body(body).send()
}

/// The user says that they kept their codes.
pub(crate) fn acknowledge(lab: &mut Lab, person: &Person) -> Answer {
    let body = json!({ "mfaBackupCodeAcknowledgement": "complete" });
    lab.ask(Method::Put, "/users").by(person).body(body).send().ok()
}

/// What a list shows, without a token in the header.
fn shown(lab: &mut Lab, person: &Person) -> Vec<String> {
    let answer = lab.get(PATH).by(person).send().ok();
    answer.body["recoveryCodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code.as_str().unwrap().into())
        .collect()
}

/// Whether the store has any of these codes, as text.
fn is_stored(lab: &Lab, codes: &[String]) -> bool {
    let snapshot = serde_json::to_string(lab.sandbox.store()).unwrap();
    codes.iter().any(|code| snapshot.contains(code) || snapshot.contains(&code.replace('-', "")))
}

fn acknowledgement(lab: &mut Lab, person: &Person) -> Value {
    lab.user(person).ok().body["mfaBackupCodeAcknowledgement"].clone()
}

#[test]
fn making_codes_wants_an_elevation_by_header_or_held_and_counting_them_wants_none() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    lab.get(PATH).by(&ada).send().not_elevated();
    lab.post(PATH).by(&ada).send().not_elevated();
    let first = make(&mut lab, &ada);
    let second = codes(&lab.post(PATH).by(&ada).send().ok());
    assert!(first.iter().all(|code| !second.contains(code)));
    lab.wait(10 * MINUTE);
    lab.post(PATH).by(&ada).send().not_elevated();
    let answer = lab.get(PATH).by(&ada).send().ok();
    assert_eq!(answer.body, json!({ "count": 10, "recoveryCodes": [] }));
}

#[test]
fn a_single_use_elevation_makes_codes_once_and_is_not_spent_by_counting() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let scopes = ["credential:link", "wallet:export"];
    let token = lab.elevate(&ada, &scopes);
    codes(&lab.get(PATH).by(&ada).elevated(&token).send().ok());
    lab.post(PATH).by(&ada).elevated(&token).send().not_elevated();
    acknowledge(&mut lab, &ada);
    let token = lab.elevate(&ada, &scopes);
    lab.get(PATH).by(&ada).elevated(&token).send().ok();
    lab.post(PATH).by(&ada).elevated(&token).send().ok();
}

#[test]
fn a_single_use_elevation_reads_pending_codes_again_once() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let scopes = ["credential:link", "wallet:export"];
    let token = lab.elevate(&ada, &scopes);
    let made = codes(&lab.get(PATH).by(&ada).elevated(&token).send().ok());
    assert_eq!(shown(&mut lab, &ada), [""; 0], "what is single-use counts only with its token");
    let again = lab.get(PATH).by(&ada).elevated(&token).send().ok();
    assert_eq!(again.body["recoveryCodes"], json!([]), "making them spent it");
    let token = lab.elevate(&ada, &scopes);
    assert_eq!(codes(&lab.get(PATH).by(&ada).elevated(&token).send().ok()), made);
    assert_eq!(lab.get(PATH).by(&ada).elevated(&token).send().ok().body["recoveryCodes"], json!([]));
    lab.post(PATH).by(&ada).elevated(&token).send().not_elevated();
}

#[test]
fn an_acknowledged_code_is_in_no_store_and_is_never_shown_again() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    assert!(codes.iter().all(|code| code.len() == 19), "{codes:?}");
    assert!(is_stored(&lab, &codes));
    acknowledge(&mut lab, &ada);
    assert!(!is_stored(&lab, &codes));
    let token = lab.elevate(&ada, &["credential:link"]);
    for token in [None, Some(&token)] {
        let ask = lab.get(PATH).by(&ada);
        let answer = token.into_iter().fold(ask, |ask, token| ask.elevated(token)).send().ok();
        assert_eq!(answer.body, json!({ "count": 10, "recoveryCodes": [] }));
    }
    try_code(&mut lab, &ada, &codes[0], &[]).ok();
}

#[test]
fn pending_codes_are_shown_again_to_a_session_with_a_proof_of_its_own() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let made = make(&mut lab, &ada);
    let mut lab = lab.restarted();
    assert_eq!(shown(&mut lab, &ada), made, "held by the session that made them");
    let elsewhere = lab.sign_in("ada@example.com");
    assert_eq!(shown(&mut lab, &elsewhere), [""; 0], "a sign-in is no step-up");
    let unlink = lab.elevate(&elsewhere, &["credential:unlink", "user:update"]);
    let other = lab.get(PATH).by(&elsewhere).elevated(&unlink).send().ok();
    assert_eq!(other.body["recoveryCodes"], json!([]), "another scope");
    let token = lab.elevate(&elsewhere, &["credential:link"]);
    assert_eq!(codes(&lab.get(PATH).by(&elsewhere).elevated(&token).send().ok()), made);
    assert_eq!(shown(&mut lab, &elsewhere), made);
    // A wrong token is not made good by what is held.
    let answer = lab.get(PATH).by(&ada).elevated(&token).send().ok();
    assert_eq!(answer.body, json!({ "count": 10, "recoveryCodes": [] }));
    lab.wait(10 * MINUTE);
    assert_eq!(shown(&mut lab, &ada), [""; 0], "no longer elevated");
}

#[test]
fn pending_codes_without_the_used_ones_are_shown_until_new_ones_are_made() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let made = make(&mut lab, &ada);
    try_code(&mut lab, &ada, &made[3].to_uppercase(), &[]).ok();
    assert!(!is_stored(&lab, &made[3..4]));
    let answer = lab.get(PATH).by(&ada).send().ok();
    let unused = [&made[..3], &made[4..]].concat();
    assert_eq!(answer.body, json!({ "count": 9, "recoveryCodes": unused }));
    let renewed = codes(&lab.post(PATH).by(&ada).send().ok());
    assert!(!is_stored(&lab, &made));
    assert_eq!(shown(&mut lab, &ada), renewed);
    acknowledge(&mut lab, &ada);
    assert!(!is_stored(&lab, &renewed));
}

#[test]
fn pending_codes_are_readable_for_thirty_minutes_and_can_then_be_renewed() {
    let mut lab = Lab::new();
    let (ada, grace) = (lab.person("ada@example.com"), lab.person("grace@example.com"));
    let made = make(&mut lab, &ada);
    lab.wait(30 * MINUTE - SECOND);
    lab.elevate(&ada, &["credential:link"]);
    assert_eq!(shown(&mut lab, &ada), made);
    lab.wait(SECOND);
    let answer = lab.get(PATH).by(&ada).send().ok();
    assert_eq!(answer.body, json!({ "count": 10, "recoveryCodes": [] }));
    assert_eq!(acknowledgement(&mut lab, &ada), "pending");
    assert!(!is_stored(&lab, &made));
    try_code(&mut lab, &ada, &made[0], &[]).ok();
    let renewed = codes(&lab.post(PATH).by(&ada).send().ok());
    assert_eq!(shown(&mut lab, &ada), renewed);
    // A call of another user forgets them, too.
    lab.wait(30 * MINUTE);
    make(&mut lab, &grace);
    assert!(!is_stored(&lab, &renewed));
}

/// Eve reads Ada's mail. What her session was granted for that before Ada enrolled a second factor reads no codes of
/// Ada's other session, and from then on mail elevates nothing.
#[test]
fn what_another_session_held_before_reads_no_codes() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let eve = lab.sign_in("ada@example.com");
    let token = lab.elevate(&eve, &["credential:link"]);
    lab.wait(SECOND);
    lab.enrol(&ada);
    let made = codes(&lab.get(PATH).by(&ada).send().ok());
    assert_eq!(shown(&mut lab, &eve), [""; 0]);
    let answer = lab.get(PATH).by(&eve).elevated(&token).send().ok();
    assert_eq!(answer.body, json!({ "count": 10, "recoveryCodes": [] }));
    let sent = lab.code_by(&eve, "ada@example.com");
    lab.try_verify(&eve, &sent.uuid, &sent.code, &["credential:link"]).refused(403, "mfa_required");
    assert_eq!(shown(&mut lab, &ada), made);
}

#[test]
fn a_removed_second_factor_ends_reading() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let app = lab.enrol(&ada);
    let made = codes(&lab.get(PATH).by(&ada).send().ok());
    let code = app.code(lab.now);
    let token = lab.try_app(&ada, None, &code, &["credential:unlink"]).ok().text("elevatedAccessToken");
    let path = format!("/users/mfa/{}", app.id);
    lab.ask(Method::Delete, &path).by(&ada).elevated(&token).send().ok();
    assert!(!is_stored(&lab, &made));
    // Mail elevates again, and reads nothing.
    let eve = lab.sign_in("ada@example.com");
    lab.elevate(&eve, &["credential:link"]);
    for person in [&eve, &ada] {
        assert_eq!(shown(&mut lab, person), [""; 0]);
    }
}

#[test]
fn with_step_up_off_a_bearer_reads_what_it_may_make() {
    let mut lab = Lab::new();
    lab.set(json!({ "sdk": { "minApiVersion": "2026_01_01" } }));
    let ada = lab.person("ada@example.com");
    let made = codes(&lab.get(PATH).by(&ada).send().ok());
    assert_eq!(shown(&mut lab, &ada), made);
    acknowledge(&mut lab, &ada);
    assert_eq!(shown(&mut lab, &ada), [""; 0]);
}

#[test]
fn with_step_up_off_only_the_session_that_made_codes_reads_them() {
    let mut lab = Lab::new();
    lab.set(json!({ "sdk": { "minApiVersion": "2026_01_01" } }));
    let ada = lab.person("ada@example.com");
    let made = make(&mut lab, &ada);
    let elsewhere = lab.sign_in("ada@example.com");
    assert_eq!(shown(&mut lab, &elsewhere), [""; 0]);
    assert_eq!(shown(&mut lab, &ada), made);
    // Also an elevation that was granted since.
    lab.elevate(&elsewhere, &["credential:link"]);
    assert_eq!(shown(&mut lab, &elsewhere), [""; 0]);
}

#[test]
fn an_empty_list_spends_no_elevation() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let made = make(&mut lab, &ada);
    let token = lab.elevate(&ada, &["credential:link", "wallet:export"]);
    for (number, code) in made.iter().enumerate() {
        if number % 5 == 0 {
            lab.wait(MINUTE);
        }
        try_code(&mut lab, &ada, code, &[]).ok();
    }
    let answer = lab.get(PATH).by(&ada).elevated(&token).send().ok();
    assert_eq!(answer.body, json!({ "count": 0, "recoveryCodes": [] }));
    lab.post(PATH).by(&ada).elevated(&token).send().ok();
}

#[test]
fn a_code_grants_what_is_asked_for_and_works_once() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    lab.enrol(&ada);
    let answer = try_code(&mut lab, &ada, &codes[3], &["wallet:export"]).ok();
    lab.export(&ada, Some(&answer.text("elevatedAccessToken"))).ok();
    let mut lab = lab.restarted();
    let again = try_code(&mut lab, &ada, &codes[3], &["wallet:export"]).refused(422, "mfa_invalid_code");
    assert_eq!(again.body["payload"], json!({ "attemptsLeft": 4 }));
    assert_eq!(lab.get(PATH).by(&ada).send().ok().body["count"], 9);
    let answer = try_code(&mut lab, &ada, &codes[4], &[]).ok();
    assert_eq!(answer.body.get("elevatedAccessToken"), None, "no scopes, no token");
}

#[test]
fn a_code_whose_answer_was_lost_is_used() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    lab.fault(json!({ "path": "/users/mfa/auth/recovery", "kind": "drop-after" }));
    try_code(&mut lab, &ada, &codes[0], &["wallet:export"]);
    try_code(&mut lab, &ada, &codes[0], &["wallet:export"]).refused(422, "mfa_invalid_code");
}

#[test]
fn a_request_that_cannot_be_granted_uses_no_code_up() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    try_code(&mut lab, &ada, &codes[0], &["wallet:steal"]).refused(422, "invalid_scopes");
    try_code(&mut lab, &ada, &codes[0], &["wallet:export"]).ok();
}

#[test]
fn capitals_spaces_and_hyphens_make_no_difference_and_digits_do() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    try_code(&mut lab, &ada, &format!(" {} ", codes[0].to_uppercase()), &[]).ok();
    try_code(&mut lab, &ada, &codes[1].replace('-', " "), &[]).ok();
    try_code(&mut lab, &ada, &codes[2].replace('-', ""), &[]).ok();
    for code in ["", &codes[3][..18], &format!("{}a", codes[3])] {
        try_code(&mut lab, &ada, code, &[]).refused(422, "mfa_invalid_code");
    }
}

#[test]
fn new_codes_void_the_old_ones() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let old = make(&mut lab, &ada);
    let new = codes(&lab.post(PATH).by(&ada).send().ok());
    try_code(&mut lab, &ada, &old[0], &["wallet:export"]).refused(422, "mfa_invalid_code");
    try_code(&mut lab, &ada, &new[0], &["wallet:export"]).ok();
}

#[test]
fn once_all_are_used_new_ones_are_made_only_on_demand() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    for code in make(&mut lab, &ada) {
        try_code(&mut lab, &ada, &code, &[]).ok();
    }
    let answer = lab.get(PATH).by(&ada).send().ok();
    assert_eq!(answer.body, json!({ "count": 0, "recoveryCodes": [] }));
    codes(&lab.post(PATH).by(&ada).send().ok());
}

#[test]
fn wrong_codes_of_either_kind_count_together() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    let app = lab.enrol(&ada);
    let before = lab.evaluated();
    for left in [4, 3, 2, 1, 0] {
        let answer = match left % 2 {
            0 => try_code(&mut lab, &ada, "x", &[]),
            _ => lab.try_app(&ada, None, "x", &[]),
        };
        assert_eq!(answer.refused(422, "mfa_invalid_code").body["payload"]["attemptsLeft"], left);
    }
    let limited = try_code(&mut lab, &ada, &codes[0], &["wallet:export"]).refused(429, "mfa_rate_limited");
    assert_eq!(limited.header("retry-after"), Some("300"));
    let code = app.code(lab.now);
    lab.try_app(&ada, None, &code, &["wallet:export"]).refused(429, "mfa_rate_limited");
    assert_eq!(lab.evaluated() - before, 5);
    lab.wait(5 * MINUTE);
    try_code(&mut lab, &ada, &codes[0], &["wallet:export"]).ok();
}

#[test]
fn the_user_says_that_the_codes_are_kept_and_new_ones_are_not_yet() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    assert_eq!(acknowledgement(&mut lab, &ada), Value::Null);
    make(&mut lab, &ada);
    assert_eq!(acknowledgement(&mut lab, &ada), "pending");
    let put = |lab: &mut Lab, value: Value| {
        let body = json!({ "mfaBackupCodeAcknowledgement": value });
        lab.ask(Method::Put, "/users").by(&ada).body(body).send()
    };
    let answer = put(&mut lab, json!("complete")).ok();
    assert_eq!(answer.body["user"]["mfaBackupCodeAcknowledgement"], "complete");
    lab.get(PATH).by(&ada).send().ok();
    assert_eq!(acknowledgement(&mut lab, &ada), "complete", "counting changes nothing");
    lab.post(PATH).by(&ada).send().ok();
    assert_eq!(acknowledgement(&mut lab, &ada), "pending");
    for value in [json!("pending"), Value::Null, json!(true)] {
        put(&mut lab, value).refused(422, "invalid_request");
    }
}

#[test]
fn a_stolen_bearer_does_not_elevate_by_new_recovery_codes() {
    let mut lab = Lab::new();
    let (victim, thief) = (lab.person("victim@example.com"), lab.person("thief@example.com"));
    let of_thief = lab.elevate(&thief, &["credential:link"]);
    let thiefs = make(&mut lab, &thief);
    for token in ["", &of_thief, &victim.token] {
        lab.get(PATH).by(&victim).elevated(token).send().not_elevated();
        lab.post(PATH).by(&victim).elevated(token).send().not_elevated();
    }
    // The thief's own codes are the thief's.
    try_code(&mut lab, &victim, &thiefs[0], &["wallet:export"]).refused(422, "mfa_invalid_code");
    // Where there are codes already, nothing shows or changes them.
    let victims = make(&mut lab, &victim);
    let stolen = Person { token: lab.sign_in("victim@example.com").token, ..victim.clone() };
    assert_eq!(lab.get(PATH).by(&stolen).send().ok().body["recoveryCodes"], json!([]));
    lab.post(PATH).by(&stolen).send().not_elevated();
    try_code(&mut lab, &victim, &victims[0], &["wallet:export"]).ok();
    try_code(&mut lab, &stolen, &victims[0], &["wallet:export"]).refused(422, "mfa_invalid_code");
}

#[test]
fn leaving_takes_the_codes_along() {
    let mut lab = Lab::new();
    let ada = lab.person("ada@example.com");
    let codes = make(&mut lab, &ada);
    try_code(&mut lab, &ada, &codes[0], &["user:delete"]).ok();
    lab.ask(Method::Delete, "/users").by(&ada).send().ok();
    assert!(!serde_json::to_string(lab.sandbox.store()).unwrap().contains(&ada.id));
}

/// What a user, or a thief with a bearer of theirs, does about codes.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// A session steps up, for the scope or for another one.
    Elevate(usize, bool),
    Read(usize),
    Renew(usize),
    Acknowledge(usize),
    Use(usize, usize),
    Restart,
    Wait(u32),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0_usize..3, proptest::bool::weighted(0.9)).prop_map(|(session, fits)| Deed::Elevate(session, fits)),
        8 => (0_usize..3).prop_map(Deed::Read),
        1 => (0_usize..3).prop_map(Deed::Renew),
        1 => (0_usize..3).prop_map(Deed::Acknowledge),
        2 => (0_usize..3, 0_usize..10).prop_map(|(session, code)| Deed::Use(session, code)),
        1 => Just(Deed::Restart),
        4 => (1_u32..60).prop_map(Deed::Wait),
        1 => (600_u32..1800).prop_map(Deed::Wait),
    ]
}

/// What is expected of a user's codes.
#[derive(Default)]
struct Model {
    /// When each session's newest elevation was granted, in seconds.
    elevated_at: [Option<i64>; 3],
    /// Whether that was before the codes were made.
    is_from_before: [bool; 3],
    made: Option<Made>,
}

struct Made {
    codes: Vec<String>,
    by: usize,
    at: i64,
    is_acknowledged: bool,
}

impl Model {
    fn is_elevated(&self, session: usize, now: i64) -> bool {
        self.elevated_at[session].is_some_and(|at| now < at + 600)
    }

    /// Whether a session that did not make the codes has nothing but an elevation from before.
    fn holds_from_before(&self, session: usize) -> bool {
        self.is_from_before[session]
            && self.elevated_at[session].is_some()
            && self.made.as_ref().is_some_and(|made| made.by != session)
    }

    /// What a session may read again.
    fn readable(&self, session: usize, now: i64) -> Vec<String> {
        let Some(made) = &self.made else { return Vec::new() };
        let is_fresh = made.by == session || !self.is_from_before[session];
        let is_shown =
            self.is_elevated(session, now) && is_fresh && !made.is_acknowledged && now < made.at + 1800;
        if is_shown { made.codes.clone() } else { Vec::new() }
    }
}

/// What arrives.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wrong,
    Code(usize),
    Wait(u32),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_arrives_each_code_works_once_and_five_wrong_ones_in_five_minutes_are_evaluated(
        steps in proptest::collection::vec(
            prop_oneof![
                2 => Just(Step::Wrong), 4 => (0_usize..10).prop_map(Step::Code), 1 => (1_u32..200).prop_map(Step::Wait),
            ],
            1..40,
        ),
    ) {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let codes = make(&mut lab, &ada);
        let before = lab.evaluated();
        let (mut wrong, mut used, mut evaluated) = (Vec::<i64>::new(), Vec::new(), 0);
        for step in steps {
            let now = lab.now.as_secs();
            let (code, is_right) = match step {
                Step::Wait(secs) => {
                    lab.wait(secs * SECOND);
                    continue;
                }
                Step::Wrong => ("aaaa-aaaa-aaaa-aaaa", false),
                Step::Code(index) => (codes[index].as_str(), !used.contains(&index)),
            };
            let is_looked_at = wrong.iter().filter(|given| **given + 300 > now).count() < 5;
            let expected = if !is_looked_at { 429 } else if is_right { 200 } else { 422 };
            let answer = try_code(&mut lab, &ada, code, &["wallet:export"]);
            prop_assert_eq!(answer.status, expected, "{:?}: {}", step, answer.body);
            evaluated += usize::from(is_looked_at);
            match (expected, step) {
                (422, _) => wrong.push(now),
                (200, Step::Code(index)) => used.push(index),
                _ => {}
            }
        }
        prop_assert_eq!(lab.evaluated() - before, evaluated);
    }

    /// Codes are shown to a session that was elevated for them after they were made, or that made them; not after an
    /// acknowledgement, not after 30 minutes, and not once used. What is not shown again is not stored either.
    #[test]
    fn codes_are_shown_exactly_when_the_rule_says_so(deeds in proptest::collection::vec(deed(), 1..28)) {
        let mut lab = Lab::new();
        let ada = lab.person("ada@example.com");
        let sessions = [ada, lab.sign_in("ada@example.com"), lab.sign_in("ada@example.com")];
        let (mut model, mut gone) = (Model::default(), Vec::<String>::new());
        let started = lab.now.as_secs();
        for deed in deeds {
            let now = lab.now.as_secs();
            match deed {
                // Sessions live for two hours.
                Deed::Wait(secs) if now + i64::from(secs) < started + 7000 => lab.wait(secs * SECOND),
                Deed::Wait(_) => {}
                Deed::Restart => lab = lab.restarted(),
                Deed::Elevate(session, fits) => {
                    lab.elevate(&sessions[session], &[if fits { "credential:link" } else { "user:update" }]);
                    if fits {
                        model.elevated_at[session] = Some(now);
                        model.is_from_before[session] = false;
                    }
                }
                // What another session was granted before the codes were made shows none. Whether it may still make some
                // is no question of this rule.
                Deed::Renew(session) if model.holds_from_before(session) => {}
                Deed::Read(session)
                    if model.holds_from_before(session)
                        && model.elevated_at[session] == model.made.as_ref().map(|made| made.at) => {}
                Deed::Read(session) if model.made.is_some() => {
                    let expected = model.readable(session, now);
                    prop_assert_eq!(shown(&mut lab, &sessions[session]), expected, "{:?}", deed);
                }
                Deed::Read(session) | Deed::Renew(session) => {
                    let method = if matches!(deed, Deed::Read(_)) { Method::Get } else { Method::Post };
                    let answer = lab.ask(method, PATH).by(&sessions[session]).send();
                    if !model.is_elevated(session, now) {
                        answer.not_elevated();
                        continue;
                    }
                    let codes = codes(&answer.ok());
                    gone.extend(model.made.take().into_iter().flat_map(|made| made.codes));
                    model.made = Some(Made { codes, by: session, at: now, is_acknowledged: false });
                    model.is_from_before = [true; 3];
                }
                Deed::Acknowledge(session) => {
                    acknowledge(&mut lab, &sessions[session]);
                    if let Some(made) = &mut model.made {
                        made.is_acknowledged = true;
                        gone.extend(made.codes.clone());
                    }
                }
                Deed::Use(session, index) => {
                    let Some(made) = model.made.as_mut().filter(|made| index < made.codes.len()) else { continue };
                    let code = made.codes.remove(index);
                    try_code(&mut lab, &sessions[session], &code, &[]).ok();
                    gone.push(code);
                }
            }
            prop_assert!(!is_stored(&lab, &gone), "{:?}", deed);
        }
    }
}
