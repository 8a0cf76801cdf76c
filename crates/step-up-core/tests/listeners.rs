//! Core lane: listeners that call the client while it tells them of a change: chosen calls at every event of every flow, and
//! any calls at any event of any interleaving.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
    task::Poll,
};

use step_up_core::{
    Event, ExternalJwt, GuardOptions, GuardPhase, HttpRequest, LocalFuture, OtpVerification, PromptOptions,
    Result, SessionStatus, SessionToken, StepUpClient, StepUpError, Subscription, TokenScope, User,
};
use support::*;

const EXPORT: TokenScope = TokenScope::WalletExport;

/// Calls `act` once, at the nth event from now on. The cell says whether that came.
fn at_event(
    client: &StepUpClient,
    nth: usize,
    act: impl Fn(&StepUpClient) + 'static,
) -> (Subscription, Rc<Cell<bool>>) {
    let (seen, acted) = (Cell::new(0), Rc::<Cell<bool>>::default());
    let (weak, has_acted) = (client.clone(), Rc::clone(&acted));
    let subscription = client.subscribe(move |_: &Event| {
        if seen.replace(seen.get() + 1) == nth {
            has_acted.set(true);
            act(&weak);
        }
    });
    (subscription, acted)
}

fn sign_out(client: &StepUpClient) {
    let _ = poll(&mut pin!(client.sign_out()));
}

/// What a test calls while a listener waits for its event.
type Flow = fn(&StepUpClient, &Script, &OtpVerification) -> LocalFuture<'static, Result<()>>;

fn discard<T: 'static>(work: LocalFuture<'static, Result<T>>) -> LocalFuture<'static, Result<()>> {
    Box::pin(async move { work.await.map(drop) })
}

fn flows() -> Vec<(&'static str, Flow)> {
    vec![
        ("verify_otp", |client, script, sent| {
            let answer = verified("u", Some(&claims("wallet:export", 300, true)));
            script.expect("/emailVerifications/verify", 200, answer);
            discard(client.verify_otp(sent, "123456", &[EXPORT]))
        }),
        ("verify_otp that grants nothing", |client, script, sent| {
            script.expect("/emailVerifications/verify", 200, verified("u", None));
            discard(client.verify_otp(sent, "123456", &[EXPORT]))
        }),
        ("verify_with_external_jwt", |client, script, _| {
            let token = jwt(&claims("wallet:export", 300, true));
            script.expect("/externalAuth/verify", 200, format!(r#"{{"elevatedAccessToken":"{token}"}}"#));
            let assertion = ExternalJwt::new(jwt(r#"{"sub":"x","jti":"1","scope":"wallet:export"}"#));
            discard(client.verify_with_external_jwt(&assertion))
        }),
        ("refresh", |client, script, _| {
            script.expect("/refresh", 200, verified("u", None));
            discard(client.refresh())
        }),
        ("refresh_user", |client, script, _| {
            script.expect("/users", 200, user("u"));
            discard(client.refresh_user())
        }),
        ("sign_in_with_otp", |client, script, sent| {
            script.expect("/signin", 200, verified("other", None));
            discard(client.sign_in_with_otp(sent, "123456"))
        }),
        ("adopt_session", |client, script, _| {
            script.expect("/users", 200, user("other"));
            discard(client.adopt_session(SessionToken::new(session_token("other"))))
        }),
        ("send", |client, script, _| {
            script.expect("/export", 200, "{}");
            discard(client.send(HttpRequest::post("/export"), EXPORT))
        }),
    ]
}

#[test]
fn every_call_fails_with_not_signed_in_and_holds_nothing_if_a_listener_signs_out() {
    for (name, flow) in flows() {
        for nth in 0.. {
            let (client, script) = signed_in("u");
            elevate(&client, &script, 300, true);
            let sent = send_otp(&client, &script);
            script.always("/revoke", "");
            let (_subscription, has_signed_out) = at_event(&client, nth, sign_out);
            let result = run(flow(&client, &script, &sent));
            if !has_signed_out.get() {
                assert!(nth > 0, "{name} emits nothing");
                break;
            }
            assert_eq!(result, Err(StepUpError::NotSignedIn), "{name}, event {nth}");
            assert_eq!(client.status(), SessionStatus::SignedOut, "{name}, event {nth}");
            assert!(client.elevations().is_empty(), "{name}, event {nth}: held after the sign-out");
            assert_eq!(script.requests("/revoke").len(), 1, "{name}, event {nth}");
        }
    }
}

#[test]
fn a_request_is_not_sent_if_a_listener_signs_out_at_its_reservation() {
    for url in ["/export", "https://api.example/export"] {
        let (client, script) = signed_in("u");
        elevate(&client, &script, 300, true);
        script.always("/revoke", "");
        script.always("/export", "{}");
        let (_subscription, has_signed_out) = at_event(&client, 0, sign_out);
        let result = run(client.send(HttpRequest::post(url), EXPORT)).map(drop);
        assert!(has_signed_out.get());
        assert!(script.requests("/export").is_empty(), "sent after the sign-out");
        assert_eq!(result, Err(StepUpError::NotSignedIn));
    }
}

#[test]
fn a_request_carries_the_renewed_bearer_if_a_listener_renews_the_session_at_its_reservation() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, true);
    let renewed = jwt(&format!(r#"{{"sub":"u","sid":"s","iat":{NOW},"renewed":1}}"#));
    script.always("/refresh", verified("u", None).replace(&session_token("u"), &renewed));
    script.always("/export", "{}");
    let (_subscription, _) = at_event(&client, 0, |client| drop(run(client.refresh())));
    run(client.send(HttpRequest::post("/export"), EXPORT)).unwrap();
    let sent = script.requests("/export").pop().unwrap();
    assert!(sent.headers.contains(&("authorization".into(), format!("Bearer {renewed}"))));
}

#[test]
fn a_listener_that_signs_in_as_another_user_keeps_the_other_users_session_untouched() {
    for (name, flow) in flows() {
        for nth in 0.. {
            let (client, script) = signed_in("u");
            let sent = send_otp(&client, &script);
            let inner = Rc::new(sent.clone());
            let answers = Rc::clone(&script);
            let (_subscription, has_signed_in) = at_event(&client, nth, move |client| {
                answers.expect_first("/signin", 200, verified("late", None));
                drop(run(client.sign_in_with_otp(&inner, "1")));
            });
            let result = run(flow(&client, &script, &sent));
            if !has_signed_in.get() {
                break;
            }
            assert_eq!(result, Err(StepUpError::NotSignedIn), "{name}, event {nth}");
            assert_eq!(client.user().unwrap().id.as_str(), "late", "{name}, event {nth}");
            assert!(client.elevations().is_empty(), "{name}, event {nth}");
        }
    }
}

#[test]
fn a_shared_check_that_is_read_after_the_sign_out_is_required() {
    let (client, script) = signed_in("u");
    let gate = Gate::default();
    let answer = Answer::Reply(200, r#"{"isRequired":false}"#.into());
    script.expect_answer("/stepUp/check", Answer::Wait(gate.clone(), Box::new(answer)));
    let mut quick = client.check(&EXPORT);
    let mut slow = client.check(&EXPORT);
    assert!(poll(&mut quick.as_mut()).is_pending() && poll(&mut slow.as_mut()).is_pending());
    gate.open();
    assert!(!run(quick).is_required);
    script.always("/revoke", "");
    sign_out(&client);
    let check = run(slow);
    assert!(check.is_required, "the answer was for a session that is over");
    assert_eq!(check.cause, Some(StepUpError::NotSignedIn));
}

#[test]
fn a_guarded_action_does_not_go_on_in_the_session_of_another_user() {
    let (client, script) = signed_in("u");
    let _prompter = client.mount_prompter(|| ());
    let gate = Gate::default();
    let answer = Answer::Reply(200, r#"{"isRequired":false}"#.into());
    script.expect_answer("/stepUp/check", Answer::Wait(gate.clone(), Box::new(answer)));
    let runs = Rc::<Cell<usize>>::default();
    let counted = Rc::clone(&runs);
    let mut guarded = client.guard(GuardOptions::new(&[EXPORT]), move |_| {
        counted.set(counted.get() + 1);
        async { Ok::<(), StepUpError>(()) }
    });
    assert!(poll(&mut guarded.as_mut()).is_pending());
    sign_in(&client, &script, "other");
    gate.open();
    assert_eq!(
        poll(&mut guarded.as_mut()),
        Poll::Ready(Err(StepUpError::NotSignedIn)),
        "asks the other user"
    );
    assert_eq!(runs.get(), 0);
}

#[test]
fn a_verification_that_a_listener_drops_in_its_own_event_panics_nothing() {
    let (client, script) = signed_in("u");
    let sent = send_otp(&client, &script);
    let gate = Gate::default();
    let answer = Answer::Reply(200, verified("u", Some(&claims("wallet:export", 300, true))));
    script.expect_answer("/emailVerifications/verify", Answer::Wait(gate, Box::new(answer)));
    let other: Rc<RefCell<Option<LocalFuture<'static, _>>>> = Rc::default();
    let mut pending = client.verify_otp(&sent, "123456", &[EXPORT]);
    assert!(poll(&mut pending.as_mut()).is_pending());
    other.replace(Some(pending));
    let dropped = Rc::clone(&other);
    let (_subscription, _) = at_event(&client, 0, move |_| drop(dropped.take()));
    script.always("/users", user("u"));
    run(client.refresh_user()).unwrap();
    assert!(other.borrow().is_none() && client.elevations().is_empty());
}

#[test]
fn a_guarded_action_does_not_run_if_a_phase_signs_the_user_out() {
    let (client, script) = signed_in("u");
    elevate(&client, &script, 300, true);
    script.always("/revoke", "");
    let runs = Rc::<Cell<usize>>::default();
    let (counted, leaver) = (Rc::clone(&runs), client.clone());
    let action = move |_| {
        counted.set(counted.get() + 1);
        async { Ok::<(), StepUpError>(()) }
    };
    let guarded = client.guard_with_phases(GuardOptions::new(&[EXPORT]), action, move |phase| {
        if phase == GuardPhase::Running {
            sign_out(&leaver);
        }
    });
    assert_eq!(run(guarded), Err(StepUpError::NotSignedIn));
    assert_eq!(runs.get(), 0);
}

mod any_order {
    //! Any calls of listeners at any event, in any interleaving of calls, responses, faults and time.

    use std::collections::VecDeque;

    use proptest::prelude::*;
    use step_up_core::{Action as Shown, StepUpTracker};

    use super::*;
    use crate::support::service::{Fault, Service, look};

    /// What an app or its listener calls.
    #[derive(Clone, Copy, Debug)]
    enum Act {
        SignIn,
        SignOut,
        SendOtp,
        Verify,
        Send,
        Check,
        Guard,
        Prompt,
        Refresh,
        RefreshUser,
        Recheck,
        /// A state that follows a verification goes back to its start.
        Reset,
        /// The nth call is dropped, or polled.
        Drop(usize),
        Poll(usize),
        /// The listener that was subscribed last goes, or another one comes.
        Unsubscribe,
        Subscribe,
    }

    #[derive(Clone, Debug)]
    enum Step {
        Do(Act),
        /// The nth call of the platform that is under way ends.
        LetGo(usize, Fault),
        PollAll,
        /// Every call of the platform ends, also those that follow from that.
        LetAllGo,
        Wait(i64),
        /// Timers run out.
        TimeOut,
        /// From now on the service grants the last token again, or new ones.
        GrantAgain(bool),
        /// From now on the service's checks say so.
        Require(bool),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            2 => Just(Act::SignIn),
            2 => Just(Act::SignOut),
            1 => Just(Act::SendOtp),
            4 => Just(Act::Verify),
            4 => Just(Act::Send),
            1 => Just(Act::Check),
            2 => Just(Act::Guard),
            1 => Just(Act::Prompt),
            1 => Just(Act::Refresh),
            1 => Just(Act::RefreshUser),
            1 => Just(Act::Recheck),
            1 => Just(Act::Reset),
            2 => (0..6_usize).prop_map(Act::Drop),
            3 => (0..6_usize).prop_map(Act::Poll),
            1 => Just(Act::Unsubscribe),
            1 => Just(Act::Subscribe),
        ]
    }

    fn step() -> impl Strategy<Value = Step> {
        let fault = prop_oneof![
            8 => Just(Fault::None),
            1 => Just(Fault::Lost),
            1 => Just(Fault::LostAfter),
            1 => Just(Fault::Status(401)),
            1 => Just(Fault::Status(500)),
            1 => Just(Fault::Garbage),
        ];
        prop_oneof![
            5 => act().prop_map(Step::Do),
            10 => (0..4_usize, fault).prop_map(|(nth, fault)| Step::LetGo(nth, fault)),
            3 => Just(Step::PollAll),
            6 => Just(Step::LetAllGo),
            1 => prop_oneof![Just(1_i64), Just(301), Just(901), Just(3600)].prop_map(Step::Wait),
            1 => Just(Step::TimeOut),
            1 => any::<bool>().prop_map(Step::GrantAgain),
            1 => any::<bool>().prop_map(Step::Require),
        ]
    }

    type Task = LocalFuture<'static, ()>;

    struct World {
        client: StepUpClient,
        service: Rc<Service>,
        sent: OtpVerification,
        tracker: StepUpTracker,
        /// A task that is polled just now is not in its place.
        tasks: RefCell<Vec<Option<Task>>>,
        /// What listeners do, one at each event.
        plan: RefCell<VecDeque<Option<Act>>>,
        listeners: RefCell<Vec<Subscription>>,
        wrongs: RefCell<Vec<String>>,
    }

    impl World {
        fn new(plan: Vec<Option<Act>>) -> Rc<Self> {
            let (client, service) = Service::signed_in();
            let world = Rc::new(Self {
                sent: service.sent(),
                client,
                service,
                tracker: StepUpTracker::new(|| ()),
                tasks: RefCell::default(),
                plan: RefCell::new(plan.into()),
                listeners: RefCell::default(),
                wrongs: RefCell::default(),
            });
            world.subscribe();
            world.service.holds_from.set(Some(0));
            world
        }

        fn subscribe(self: &Rc<Self>) {
            let world = Rc::downgrade(self);
            let subscription = self.client.subscribe(move |_| {
                let Some(world) = world.upgrade() else { return };
                let act = world.plan.borrow_mut().pop_front().flatten();
                if let Some(act) = act {
                    world.act(act);
                }
            });
            self.listeners.borrow_mut().push(subscription);
        }

        /// A call is under way from now on. What it gives is checked in the moment that it gives it.
        fn spawn<T: 'static>(
            self: &Rc<Self>,
            work: LocalFuture<'static, Result<T>>,
            check: impl FnOnce(&Self, T) + 'static,
        ) {
            let world = Rc::downgrade(self);
            let task: Task = Box::pin(async move {
                let result = work.await;
                if let (Ok(value), Some(world)) = (result, world.upgrade()) {
                    check(&world, value);
                }
            });
            let mut tasks = self.tasks.borrow_mut();
            if tasks.len() < 40 {
                tasks.push(Some(task));
            }
        }

        fn expect(&self, is_right: bool, what: &str) {
            if !is_right {
                self.wrongs.borrow_mut().push(what.to_owned());
            }
        }

        fn act(self: &Rc<Self>, act: Act) {
            let client = &self.client;
            // Every sign-in is of another user, so the user tells the epoch.
            let of_now = |world: &Self, user: &str, what: &str| {
                world.expect(world.client.user().is_some_and(|now| now.id.as_str() == user), what);
            };
            match act {
                Act::SignIn => self.spawn(client.sign_in_with_otp(&self.sent, "1"), move |world, user| {
                    of_now(world, user.id.as_str(), "signed in, and it is another user's session");
                }),
                Act::SignOut => {
                    let revocation = client.sign_out();
                    self.spawn(revocation, |_, ()| ());
                }
                Act::SendOtp => self.spawn(client.send_otp(None), |_, _| ()),
                Act::Verify => {
                    let verify = client.verify_otp(&self.sent, "1", &[EXPORT]);
                    let tracked = self.tracker.track(Ok(verify), |_| Shown::Verified);
                    self.spawn(tracked, move |world, verified| {
                        of_now(world, verified.user.id.as_str(), "verified in a session that is over");
                        let covers = verified.elevation.is_some_and(|held| held.scopes.contains(&EXPORT));
                        world.expect(covers, "verified without the scope");
                    });
                }
                Act::Send => self.spawn(client.send(HttpRequest::post("/export"), EXPORT), |_, _| ()),
                Act::Check => {
                    let client = client.clone();
                    let work = Box::pin(async move {
                        let asked_by = client.user();
                        Ok((asked_by, client.check(&TokenScope::WalletSign).await))
                    });
                    self.spawn(work, move |world, (asked_by, check)| {
                        let id = |user: &Option<Rc<User>>| user.as_ref().map(|user| user.id.clone());
                        let is_over = id(&world.client.user()) != id(&asked_by);
                        world.expect(check.is_required || !is_over, "a check of a session that is over");
                    });
                }
                Act::Guard => {
                    let sender = client.clone();
                    let action = move |_| sender.send(HttpRequest::post("/export"), EXPORT);
                    self.spawn(client.guard(GuardOptions::new(&[EXPORT]), action), |_, _| ());
                }
                Act::Prompt => {
                    let options = PromptOptions::new(&[EXPORT]);
                    self.spawn(client.prompt_step_up_auth(options), move |world, verified| {
                        of_now(world, verified.user.id.as_str(), "prompted in a session that is over");
                    });
                }
                Act::Refresh => self.spawn(client.refresh(), move |world, user| {
                    of_now(world, user.id.as_str(), "refreshed a session that is over");
                }),
                Act::RefreshUser => self.spawn(client.refresh_user(), move |world, user| {
                    of_now(world, user.id.as_str(), "refreshed the user of a session that is over");
                }),
                Act::Recheck => client.recheck_elevations(),
                Act::Reset => self.tracker.reset(),
                Act::Drop(nth) => drop(self.take(nth)),
                Act::Poll(nth) => self.poll(nth),
                Act::Unsubscribe => {
                    let last = self.listeners.borrow_mut().pop();
                    drop(last);
                }
                Act::Subscribe => self.subscribe(),
            }
        }

        fn take(&self, nth: usize) -> Option<Task> {
            self.tasks.borrow_mut().get_mut(nth).and_then(Option::take)
        }

        fn poll(&self, nth: usize) {
            let Some(mut task) = self.take(nth) else { return };
            if look(&mut task).is_pending() {
                self.tasks.borrow_mut()[nth] = Some(task);
            }
        }

        fn poll_all(&self) {
            let mut nth = 0;
            while nth < self.tasks.borrow().len() {
                self.poll(nth);
                nth += 1;
            }
        }

        fn step(self: &Rc<Self>, step: &Step) {
            match *step {
                Step::Do(act) => self.act(act),
                Step::LetGo(nth, fault) => {
                    self.service.let_go(nth, fault);
                    self.poll_all();
                }
                Step::PollAll => self.poll_all(),
                Step::LetAllGo => {
                    self.poll_all();
                    self.service.let_all_go();
                    self.poll_all();
                    self.service.holds_from.set(Some(0));
                }
                Step::Wait(secs) => self.service.now.set(self.service.now.get() + secs),
                Step::TimeOut => self.service.run_out_of_time(),
                Step::GrantAgain(again) => self.service.grants_again.set(again),
                Step::Require(is_required) => self.service.is_required.set(is_required),
            }
        }

        fn assert_right(&self, when: &str) {
            assert_eq!(*self.wrongs.borrow(), Vec::<String>::new(), "{when}");
            self.service.assert_consistent(&self.client, when);
        }

        /// Everything goes on and every timer runs out: each call settles.
        fn assert_settles(&self) {
            self.plan.borrow_mut().clear();
            self.service.let_all_go();
            for _ in 0..20 {
                self.poll_all();
                self.service.run_out_of_time();
            }
            let left = self.tasks.borrow().iter().flatten().count();
            assert_eq!(left, 0, "{left} calls wait for ever");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// No elevation is held while signed out; no request leaves with the bearer of a session that is over, except its
        /// revocation; no token is carried twice; a verification is a success only in its own session; status, elevations and
        /// check agree; and every call settles.
        #[test]
        fn listeners_may_do_anything_at_any_event(
            steps in prop::collection::vec(step(), 1..80),
            plan in prop::collection::vec(prop::option::weighted(0.5, act()), 0..60),
            grants_again: bool,
        ) {
            let world = World::new(plan);
            world.service.grants_again.set(grants_again);
            for (at, step) in steps.iter().enumerate() {
                world.step(step);
                world.assert_right(&format!("step {at}, {step:?}"));
            }
            world.assert_settles();
            world.assert_right("at the end");
            world.listeners.borrow_mut().clear();
            world.service.close();
        }
    }
}
