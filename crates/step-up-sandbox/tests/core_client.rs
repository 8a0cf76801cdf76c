//! Core's client against the sandbox: what the server does to it, and what it makes of that.

mod world;

use std::{task::Poll, time::Duration};

use futures_util::future::{Either, join_all, select};
use serde_json::{Value, json};
use step_up_core::{
    Challenge, GuardOptions, HttpRequest, HttpResponse, PromptMethodKind, SessionStatus, StepUpError,
};

use world::{DAY, EXPORT, World};

fn not_elevated() -> StepUpError {
    StepUpError::NotElevated(Challenge::new(&[EXPORT]))
}

#[test]
fn the_whole_flow() {
    let world = World::signed_in();
    let check = world.time.run(world.client.check(&EXPORT));
    assert!(check.is_required && check.cause.is_none());
    assert_eq!(check.credentials[0].alias.as_deref(), Some("ada@example.com"));
    assert_eq!(check.default_credential_id, world.client.session().sign_in_credential);
    assert_eq!(world.time.run(world.export()), Err(not_elevated()));
    world.elevate().unwrap();
    assert!(!world.time.run(world.client.is_required(&EXPORT)));
    assert_eq!(world.requests("/stepUp/check"), 1, "what is held answers by itself");
    let key = world.time.run(world.export()).unwrap();
    assert!(key.len() == 66 && key.starts_with("0x"));
    assert!(!world.is_held(), "it was single use");
    assert_eq!(world.time.run(world.export()), Err(not_elevated()));
    world.time.run(world.client.sign_out()).unwrap();
    assert_eq!(world.client.status(), SessionStatus::SignedOut);
}

#[test]
fn the_whole_flow_with_the_session_in_a_cookie() {
    let world = World::new(0);
    world.set(json!({ "security": { "auth": { "storage": ["cookie"] } } }));
    world.sign_in("ada@example.com");
    assert!(world.time.run(world.client.check(&EXPORT)).is_required);
    assert_eq!(world.time.run(world.export()), Err(not_elevated()));
    world.elevate().unwrap();
    assert!(world.is_held());
    world.time.run(world.export()).unwrap();
    assert_eq!(world.time.run(world.export()), Err(not_elevated()));
    world.time.run(world.client.sign_out()).unwrap();
    assert_eq!(world.client.status(), SessionStatus::SignedOut);
    world.sign_in("ada@example.com");
    world.elevate().unwrap();
}

#[test]
fn a_captcha_that_nobody_solved_is_asked_for() {
    let world = World::signed_in();
    world.set(json!({ "security": { "captcha": { "enabled": true } } }));
    assert_eq!(world.time.run(world.client.send_otp(None)), Err(StepUpError::CaptchaRequired));
}

#[test]
fn a_clock_that_is_a_day_off_either_way_does_not_matter() {
    for error in [-DAY, DAY] {
        let world = World::new(error);
        world.sign_in("ada@example.com");
        world.elevate().unwrap();
        assert!(world.is_held());
        world.time.run(world.export()).unwrap();
    }
}

#[test]
fn wrong_codes_count_down_to_too_many() {
    let world = World::signed_in();
    let sent = world.send_otp();
    let wrong = if world.code() == "000000" { "000001" } else { "000000" };
    for left in [4, 3, 2, 1, 0] {
        assert_eq!(world.verify(&sent, wrong), Err(StepUpError::InvalidCode { attempts_left: Some(left) }));
    }
    assert_eq!(world.verify(&sent, &world.code()), Err(StepUpError::TooManyAttempts));
    let again = world.time.run(world.client.resend_otp(&sent)).unwrap();
    world.verify(&again, &world.code()).unwrap();
}

#[test]
fn an_old_code_a_replaced_code_and_a_used_code_are_no_longer_valid() {
    let world = World::signed_in();
    let sent = world.send_otp();
    world.advance(600);
    assert_eq!(world.verify(&sent, &world.code()), Err(StepUpError::CodeExpired));
    let sent = world.send_otp();
    let code = world.code();
    let newer = world.time.run(world.client.resend_otp(&sent)).unwrap();
    assert_eq!(world.verify(&sent, &code), Err(StepUpError::CodeExpired));
    world.verify(&newer, &world.code()).unwrap();
    assert_eq!(world.verify(&newer, &world.code()), Err(StepUpError::CodeExpired));
}

#[test]
fn another_users_code_proves_nothing() {
    let world = World::signed_in();
    let of_ada = world.send_otp();
    let code = world.code();
    world.time.run(world.client.sign_out()).unwrap();
    world.sign_in("bob@example.com");
    assert_eq!(world.verify(&of_ada, &code), Err(StepUpError::UnknownVerification));
    assert!(!world.is_held());
}

#[test]
fn too_many_sends_say_how_long_to_wait() {
    let world = World::signed_in();
    let error = loop {
        if let Err(error) = world.time.run(world.client.send_otp(None)) {
            break error;
        }
    };
    assert_eq!(error, StepUpError::RateLimited { retry_after: Some(Duration::from_secs(3600)) });
}

#[test]
fn an_answer_that_is_not_as_it_should_be_stores_nothing_and_keeps_the_session() {
    let path = "/emailVerifications/verify";
    let tamper = |member: &str, value: Value| json!({ "path": path, "kind": "tamper", member: value });
    for (what, fault, check) in [
        (
            "no token",
            tamper("remove", json!(["elevatedAccessToken"])),
            (|it| *it == not_elevated()) as fn(&_) -> bool,
        ),
        ("without the scope", tamper("elevatedScope", json!("wallet:sign")), |it| *it == not_elevated()),
        ("expired", tamper("elevatedExpiresIn", json!(-1)), |it| *it == not_elevated()),
        ("of another subject", tamper("elevatedSubject", json!("x")), |it| {
            *it == StepUpError::SubjectMismatch
        }),
        ("for another user", tamper("userId", json!("x")), |it| *it == StepUpError::SubjectMismatch),
        ("no JSON", json!({ "path": path, "kind": "garbage" }), |it| {
            matches!(it, StepUpError::Decode { .. })
        }),
        ("a server error", json!({ "path": path, "kind": "status", "status": 500 }), |it| {
            matches!(it, StepUpError::Api { status: 500, .. })
        }),
        ("nothing", json!({ "path": path, "kind": "drop" }), |it| *it == StepUpError::Network),
        ("too late", json!({ "path": path, "kind": "delay", "millis": 31_000 }), |it| {
            *it == StepUpError::TimedOut
        }),
    ] {
        let world = World::signed_in();
        let user = world.client.user();
        world.fault(fault);
        let error = world.elevate().unwrap_err();
        assert!(check(&error), "{what}: {error:?}");
        assert!(!world.is_held(), "{what}");
        assert_eq!((world.client.status(), world.client.user()), (SessionStatus::SignedIn, user), "{what}");
        // And it works the next time.
        world.elevate().unwrap();
        world.time.run(world.export()).unwrap();
    }
}

#[test]
fn a_lost_answer_a_refusal_and_a_fault_keep_the_token_and_a_used_one_is_dropped() {
    let path = "/waas/*/privateKey/export";
    let world = World::signed_in();
    world.elevate().unwrap();
    for (fault, error) in [
        (json!({ "path": path, "kind": "drop" }), StepUpError::Network),
        (
            json!({ "path": path, "kind": "status", "status": 422, "body": { "error": "E", "code": "C" } }),
            StepUpError::Api {
                status: 422,
                code: Some("C".into()),
                message: "E".into(),
                response: HttpResponse::new(422, "").into(),
            },
        ),
    ] {
        world.fault(fault);
        let mut failed = world.time.run(world.export()).unwrap_err();
        if let StepUpError::Api { response, .. } = &mut failed {
            assert_eq!(response.json::<Value>(), Ok(json!({ "error": "E", "code": "C" })));
            **response = HttpResponse::new(422, "");
        }
        assert_eq!(failed, error);
        assert!(world.is_held());
    }
    // The server took it and the answer was lost: only the next try tells.
    world.fault(json!({ "path": path, "kind": "drop-after" }));
    assert_eq!(world.time.run(world.export()), Err(StepUpError::Network));
    assert!(world.is_held());
    assert_eq!(world.time.run(world.export()), Err(not_elevated()));
    assert!(!world.is_held());
}

#[test]
fn two_requests_in_flight_never_carry_the_same_token() {
    let world = World::signed_in();
    world.elevate().unwrap();
    let results = world.time.run(join_all([world.export(), world.export()]));
    assert_eq!(results.iter().filter(|it| it.is_ok()).count(), 1, "{results:?}");
    let answer = world.control(HttpRequest::get("/sandbox/requests"), &json!(null));
    let carried = |entry: &&Value| entry["hasElevated"] == true;
    assert_eq!(answer["requests"].as_array().unwrap().iter().filter(carried).count(), 1);
}

#[test]
fn a_hundred_checks_at_once_are_one_request() {
    let world = World::signed_in();
    world.fault(json!({ "path": "/stepUp/check", "kind": "delay", "millis": 100, "times": 100 }));
    let checks = (0..100).map(|_| world.client.is_required(&EXPORT));
    assert!(world.time.run(join_all(checks)).into_iter().all(|it| it));
    assert_eq!(world.requests("/stepUp/check"), 1);
}

#[test]
fn with_step_up_off_nothing_is_asked_for() {
    let world = World::signed_in();
    world.set(json!({ "sdk": { "minApiVersion": "2026_01_01" } }));
    assert!(!world.time.run(world.client.is_required(&EXPORT)));
    world.time.run(world.export()).unwrap();
}

#[test]
fn signing_out_while_the_answer_is_on_its_way_stores_nothing() {
    let world = World::signed_in();
    let sent = world.send_otp();
    world.fault(json!({ "path": "/emailVerifications/verify", "kind": "delay", "millis": 1000 }));
    let verify = world.client.verify_otp(&sent, &world.code(), &[EXPORT]);
    let sign_out = async {
        world.time.sleep(Duration::from_millis(500)).await;
        world.client.sign_out().await
    };
    let (verified, signed_out) = world.time.run(futures_util::future::join(verify, sign_out));
    assert_eq!(verified.map(drop), Err(StepUpError::NotSignedIn));
    assert_eq!(signed_out, Ok(()));
    assert!(!world.is_held());
    assert_eq!(world.client.status(), SessionStatus::SignedOut);
}

#[test]
fn a_session_that_the_server_ended_is_over() {
    let world = World::signed_in();
    world.advance(7200);
    assert_eq!(world.time.run(world.client.send_otp(None)), Err(StepUpError::NotSignedIn));
    assert_eq!(world.client.status(), SessionStatus::SignedOut);
}

#[test]
fn a_guarded_action_prompts_for_each_token_that_is_for_one_use() {
    let world = World::signed_in();
    let prompter = world.client.mount_prompter(|| ());
    for number in 1..=2 {
        let exporter = world.client.clone();
        let user = world.client.user().unwrap();
        let wallet = user.credentials.iter().find_map(|it| it.embedded_wallet_id.clone()).unwrap();
        let mut guarded = world.client.guard(GuardOptions::new(&[EXPORT]), move |scopes| {
            exporter.send(HttpRequest::post(format!("/waas/{wallet}/privateKey/export")), scopes)
        });
        // Until there is something to draw.
        let drawn = std::future::poll_fn(|_| {
            let prompt = prompter.prompt().filter(|prompt| prompt.view().unwrap().method().is_some());
            prompt.map_or(Poll::Pending, Poll::Ready)
        });
        let prompt = match world.time.run(select(&mut guarded, drawn)) {
            Either::Left((exported, _)) => panic!("without a prompt: {exported:?}"),
            Either::Right((prompt, _)) => prompt,
        };
        assert_eq!(prompt.view().unwrap().method().unwrap().kind, PromptMethodKind::Email);
        world.time.run(prompt.send()).unwrap();
        let wrong = world.time.run(prompt.submit_code("wrong"));
        assert_eq!(wrong, Err(StepUpError::InvalidCode { attempts_left: Some(4) }));
        assert_eq!(prompt.view().unwrap().attempts_left(), Some(4));
        world.time.run(prompt.submit_code(&world.code())).unwrap();
        assert_eq!(world.time.run(guarded).unwrap().status, 200);
        assert!(prompter.prompt().is_none());
        assert_eq!(world.requests("/stepUp/check"), number, "the check that asked is the one that routes");
        assert_eq!(world.requests("/users/mfa/methods"), 0);
    }
}
