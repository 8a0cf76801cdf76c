//! By the social providers' pages: sent elsewhere, or completed by the wrong one.

use serde_json::json;
use step_up_core::Method;
use step_up_sandbox::Config;

use super::{ADA, EVE, EVERYTHING, NOT_ELEVATED, Theft};
use crate::{
    lab::Lab,
    social::{VERIFIER, authorize_url, begin, code, consent, decide, redemption, state, verify},
};

/// Both have a Google account of their own.
fn theft() -> Theft {
    let mut lab = Lab::new();
    let with_google = |email: &str, name: &str| json!({ "email": email, "social": [{ "provider": "google", "username": name }] });
    let ada = lab.person_with(ADA, with_google(ADA, "ada"));
    let eve = lab.person_with(EVE, with_google(EVE, "eve"));
    Theft { lab, ada, eve }
}

#[test]
fn by_a_redirect_to_a_page_of_the_thief() {
    let mut theft = theft();
    for url in [
        "https://evil.example/",
        "https://evil.example/#http://localhost:3000",
        "http://localhost:3000@evil.example/",
        "http://localhost:3000\\@evil.example/",
        "http://localhost.evil.example/",
        "javascript:alert(1)",
    ] {
        let body = json!({ "state": state(1), "redirectUrl": url });
        theft.fails((422, "invalid_redirect_url"), |lab, ada| {
            lab.post("/providers/google/initAuth").by(ada).body(body).send()
        });
    }
    begin(&mut theft.lab, Some(&theft.ada), "google", &state(1)).ok();
    let url = authorize_url(&mut theft.lab, "google", &state(1), Some(VERIFIER));
    let own = url.split_once("redirect_uri=").unwrap().1.split_once('&').unwrap().0.to_owned();
    for foreign in ["https%3A%2F%2Fevil.example%2F", &format!("{own}%2F.."), &format!("{own}%40evil.example")]
    {
        let url = url.replace(&own, foreign);
        theft.fails((400, "invalid_request"), |lab, _| lab.at(Method::Get, &url).send());
    }
}

/// The thief consents with an account of their own, and slips what comes back to the victim's page.
#[test]
fn by_a_code_of_the_thief_in_the_victims_session() {
    let mut theft = theft();
    let eves = code(&mut theft.lab, Some(&theft.eve), "google", &state(1), "eve");
    let nobodys = code(&mut theft.lab, None, "google", &state(2), "eve");
    begin(&mut theft.lab, Some(&theft.ada), "google", &state(3)).ok();
    for (code, state) in [(&eves, state(1)), (&nobodys, state(2))] {
        theft.fails((422, "invalid_oauth_state"), |lab, ada| {
            verify(lab, ada, "google", redemption(code, &state), &EVERYTHING)
        });
    }
    // Nor under the state of the victim.
    for code in [&eves, &nobodys] {
        theft.fails((422, "invalid_oauth_code"), |lab, ada| {
            verify(lab, ada, "google", redemption(code, &state(3)), &EVERYTHING)
        });
        let path = format!("/api/v0/sdk/{}/providers/google/redirect", theft.lab.config.environment_id());
        let slipped = format!("{path}?state={}&code={code}", state(3));
        theft.fails((422, "invalid_oauth_code"), |lab, _| lab.at(Method::Get, &slipped).send());
    }
}

/// The victim consents on a page that the thief began: what comes of it is the thief's session's, where the victim's
/// account proves nothing.
#[test]
fn by_the_victim_completing_what_the_thief_began() {
    let mut theft = theft();
    let given = code(&mut theft.lab, Some(&theft.eve), "google", &state(1), "ada");
    theft.fails((422, "invalid_oauth_state"), |lab, ada| {
        verify(lab, ada, "google", redemption(&given, &state(1)), &EVERYTHING)
    });
    let eve = theft.eve.clone();
    theft.fails(NOT_ELEVATED, |lab, _| {
        verify(lab, &eve, "google", redemption(&given, &state(1)), &EVERYTHING)
    });
    // Nor is the victim's account moved to the thief.
    theft.lab.elevate(&eve, &["credential:link"]);
    theft.fails((422, "merge_accounts_invalid"), |lab, _| {
        verify(lab, &eve, "google", redemption(&given, &state(1)), &[])
    });
}

#[test]
fn by_another_answer_on_a_page_that_the_victim_has_open() {
    let mut theft = theft();
    begin(&mut theft.lab, Some(&theft.ada), "google", &state(1)).ok();
    let url = authorize_url(&mut theft.lab, "google", &state(1), Some(VERIFIER));
    theft.lab.at(Method::Get, &url).send().ok();
    for ticket in ["", "x", &state(1)] {
        theft.fails((400, "invalid_request"), |lab, _| decide(lab, "google", ticket, "eve", "continue"));
    }
    // The victim's own answer is there once.
    consent(&mut theft.lab, "google", &state(1), Some(VERIFIER), "ada").ok();
    theft.fails((422, "invalid_oauth_state"), |lab, _| {
        consent(lab, "google", &state(1), Some(VERIFIER), "eve")
    });
}

/// Whoever opens a provider's page here is who they say. That is for a developer, like the inbox, and goes with it.
#[test]
fn without_the_control_api_nobody_says_who_they_are_at_a_provider() {
    let Theft { lab: with, ada, eve } = theft();
    let lab = Lab::from_store(Config::default().without_control(), with.sandbox.store().clone());
    let mut theft = Theft { lab, ada, eve };
    for path in ["initAuth", "oauthResult", "signIn", "verify"] {
        let body = json!({ "state": state(1), "code": "x" });
        theft.fails((422, "provider_not_enabled"), |lab, ada| {
            lab.post(&format!("/providers/google/{path}")).by(ada).body(body).send()
        });
    }
    let query = format!("client_id=sandbox-google&response_type=code&state={}", state(1));
    for (method, path) in [
        (Method::Get, format!("/sandbox-idp/google/authorize?{query}")),
        (Method::Post, "/sandbox-idp/google/authorize".to_owned()),
    ] {
        theft.fails((404, "not_found"), |lab, _| lab.at(method, &path).body(json!({})).send());
    }
    let settings = theft.lab.get("/settings").send().ok();
    let names: Vec<_> =
        settings.body["providers"].as_array().unwrap().iter().map(|it| &it["provider"]).collect();
    assert_eq!(names, ["dynamic"], "nobody is offered what does not work");
}
