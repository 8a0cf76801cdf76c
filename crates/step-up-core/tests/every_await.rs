//! Core lane: a fault at every call that the client makes of its platform and waits for, one after the other, of every flow.
//! After each the call settles, the client stays consistent, and everything works the next time.

#![allow(clippy::unwrap_used)]

mod support;

use std::{rc::Rc, task::Poll};

use step_up_core::{
    GuardOptions, HttpRequest, LocalFuture, Result, SessionStatus, StepUpClient, StepUpError, TokenScope,
};
use support::{
    Gate, poll, run,
    service::{Fault, SESSION, Service, look},
};

const EXPORT: TokenScope = TokenScope::WalletExport;

type Work = LocalFuture<'static, Result<()>>;
type Flow = fn(&StepUpClient, &Service) -> Work;

fn discard<T: 'static>(work: LocalFuture<'static, Result<T>>) -> Work {
    Box::pin(async move { work.await.map(drop) })
}

fn export(client: &StepUpClient) -> LocalFuture<'static, Result<()>> {
    discard(client.send(HttpRequest::post("/export"), EXPORT))
}

const FLOWS: &[(&str, Flow)] = &[
    ("send_sign_in_code", |client, _| discard(client.send_sign_in_code("a@b.example"))),
    ("sign_in_with_otp", |client, service| discard(client.sign_in_with_otp(&service.sent(), "1"))),
    ("send_otp", |client, _| discard(client.send_otp(None))),
    ("verify_otp", |client, service| discard(client.verify_otp(&service.sent(), "1", &[EXPORT]))),
    ("check", |client, _| {
        let check = client.check(&TokenScope::WalletSign);
        Box::pin(async move { check.await.cause.map_or(Ok(()), Err) })
    }),
    ("send", |client, _| export(client)),
    ("guard with a held token", |client, _| {
        let sender = client.clone();
        discard(client.guard(GuardOptions::new(&[EXPORT]), move |_| export(&sender)))
    }),
    ("guard with a check", |client, _| {
        let sender = client.clone();
        let scope = TokenScope::WalletSign;
        let action = move |_| discard(sender.send(HttpRequest::get("/users"), scope.clone()));
        discard(client.guard(GuardOptions::new(&[TokenScope::WalletSign]), action))
    }),
    ("refresh", |client, _| discard(client.refresh())),
    ("refresh_user", |client, _| discard(client.refresh_user())),
    ("sign_out", |client, _| client.sign_out()),
    ("prompt", |client, _| {
        discard(client.prompt_step_up_auth(step_up_core::PromptOptions::new(&[TokenScope::WalletSign])))
    }),
];

/// What happens at one call of the platform.
#[derive(Clone, Copy, Debug)]
enum Incident {
    Fails(Fault),
    /// The call never ends, and the caller's future is dropped.
    Drops,
    /// The call never ends, and the timers run out.
    TimesOut,
    /// The user signs out while it is under way; then it ends.
    SignsOut,
    SignsInAsAnother,
    /// The session expires while it is under way; then it ends.
    Expires,
}

const INCIDENTS: &[Incident] = &[
    Incident::Fails(Fault::Lost),
    Incident::Fails(Fault::LostAfter),
    Incident::Fails(Fault::Status(500)),
    Incident::Fails(Fault::Status(401)),
    Incident::Fails(Fault::Status(403)),
    Incident::Fails(Fault::Garbage),
    Incident::Drops,
    Incident::TimesOut,
    Incident::SignsOut,
    Incident::SignsInAsAnother,
    Incident::Expires,
];

/// A client that is signed in and holds a token, whose settings are old and whose nonces are used up.
fn prepared(is_fresh: bool) -> (StepUpClient, Rc<Service>) {
    let (client, service) = Service::signed_in();
    let sent = service.sent();
    run(client.verify_otp(&sent, "1", &[EXPORT])).unwrap();
    service.is_required.set(false);
    if !is_fresh {
        service.now.set(service.now.get() + 301);
    }
    (client, service)
}

/// Runs a flow in which something happens at the nth call. Returns false if it has no such call.
fn meet(name: &str, flow: Flow, incident: Incident, nth: usize, is_fresh: bool) -> bool {
    let when = format!("{name}, {incident:?} at call {nth}");
    let (client, service) = prepared(is_fresh);
    let _prompter = client.mount_prompter(|| ());
    let (first, before) = (service.count.get(), client.user().unwrap().id.clone());
    if let Incident::Fails(fault) = incident {
        service.fault.set(Some((first + nth, fault)));
    } else {
        service.holds_from.set(Some(first + nth));
    }
    let mut work = flow(&client, &service);
    let mut outcome = look(&mut work);
    let is_met = service.count.get() > first + nth;
    service.assert_consistent(&client, &when);
    if is_met {
        match incident {
            Incident::Fails(_) => {}
            Incident::Drops => {}
            Incident::TimesOut => {
                assert!(outcome.is_pending(), "{when}: does not wait");
                for _ in 0..8 {
                    if outcome.is_pending() {
                        service.run_out_of_time();
                        outcome = look(&mut work);
                    }
                }
                assert!(outcome.is_ready(), "{when}: waits for ever");
            }
            Incident::SignsOut => {
                let mut signing_out = client.sign_out();
                let _ = look(&mut signing_out);
                service.let_all_go();
                outcome = look(&mut work);
                assert!(matches!(client.status(), SessionStatus::SignedOut) || name == "sign_in_with_otp");
            }
            Incident::SignsInAsAnother => {
                service.holds_from.set(None);
                service.sign_in(&client).unwrap();
                service.let_all_go();
                outcome = look(&mut work);
                assert_ne!(client.user().unwrap().id, before, "{when}");
            }
            Incident::Expires => {
                service.now.set(service.now.get() + SESSION);
                service.let_all_go();
                outcome = look(&mut work);
            }
        }
        let is_over = matches!(incident, Incident::SignsOut | Incident::SignsInAsAnother | Incident::Expires);
        let is_public = ["send_sign_in_code", "sign_in_with_otp", "sign_out"].contains(&name);
        if is_over && !is_public {
            assert_eq!(outcome, Poll::Ready(Err(StepUpError::NotSignedIn)), "{when}");
        }
        if !is_over && !is_public && !matches!(incident, Incident::Fails(Fault::Status(401))) {
            assert_eq!(client.user().map(|user| user.id.clone()), Some(before), "{when}: signed out");
        }
    }
    drop(work);
    service.assert_consistent(&client, &when);
    if client.status() == SessionStatus::SignedIn && service.accepted.borrow().is_empty() && name == "send" {
        // A 403 says that the token is used, and any 2xx uses it, whatever its body.
        let is_refused = matches!(incident, Incident::Fails(Fault::Status(403) | Fault::Garbage));
        let is_kept = client.elevation(&EXPORT).is_some();
        let is_other = matches!(incident, Incident::SignsInAsAnother);
        assert!(is_kept || is_refused || is_other, "{when}: the verification is burnt");
    }
    service.let_all_go();
    service.fault.set(None);
    service.assert_works(&client, &when);
    service.close();
    is_met
}

#[test]
fn every_flow_survives_every_incident_at_every_call_of_the_platform() {
    let mut met = 0;
    for (name, flow) in FLOWS {
        for is_fresh in [true, false] {
            for incident in INCIDENTS {
                let calls = (0..).take_while(|nth| meet(name, *flow, *incident, *nth, is_fresh)).count();
                assert!(calls > 0, "{name} calls nothing");
                met += calls;
            }
        }
    }
    assert!(met > 500, "{met}");
}

#[test]
fn a_keychain_that_never_answers_is_timed_out_and_the_whole_call_has_one_limit() {
    for is_fresh in [true, false] {
        for nth in 0.. {
            let (client, service) = prepared(is_fresh);
            let sent = service.sent();
            let (first, timers) = (service.count.get(), service.timers.borrow().len());
            service.holds_from.set(Some(first + nth));
            let mut verify = client.verify_otp(&sent, "1", &[EXPORT]);
            if look(&mut verify).is_ready() {
                assert!(
                    nth >= 4,
                    "a key is signed with, a key is read, a nonce is fetched, the request is sent"
                );
                service.close();
                break;
            }
            // Only the call's own timer runs out, which is its first.
            let (limit, gate): (_, Gate) = service.timers.borrow()[timers].clone();
            assert_eq!(limit, client.config().timeout());
            gate.open();
            assert_eq!(
                look(&mut verify).map(|result| result.map(drop)),
                Poll::Ready(Err(StepUpError::TimedOut))
            );
            let sent = service.count.get();
            service.let_all_go();
            assert_eq!(service.count.get(), sent, "nothing is sent after that");
            service.close();
        }
    }
}

#[test]
fn old_settings_are_used_if_new_ones_do_not_arrive_in_half_of_the_time() {
    let (client, service) = prepared(false);
    let (first, timers) = (service.count.get(), service.timers.borrow().len());
    service.holds_from.set(Some(first));
    let mut refresh = client.refresh_user();
    assert!(look(&mut refresh).is_pending());
    service.holds_from.set(None);
    let half = client.config().timeout() / 2;
    let timer = service.timers.borrow()[timers..].iter().find(|(limit, _)| *limit == half).unwrap().1.clone();
    timer.open();
    assert!(matches!(look(&mut refresh), Poll::Ready(Ok(_))));
    service.close();
}

/// A future that is polled again after nothing has changed sends nothing again.
#[test]
fn a_call_that_is_polled_too_often_sends_its_request_once() {
    let (client, service) = prepared(true);
    service.holds_from.set(Some(service.count.get()));
    let mut work = export(&client);
    for _ in 0..10 {
        assert!(poll(&mut work.as_mut()).is_pending());
    }
    service.let_all_go();
    assert_eq!(look(&mut work), Poll::Ready(Ok(())));
    assert_eq!(service.accepted.borrow().len(), 1);
    service.close();
}
