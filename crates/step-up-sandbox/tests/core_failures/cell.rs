//! One cell of the table: a way to verify that fails in one way, and what must hold then.

use std::rc::Rc;

use serde_json::{Value, json};
use step_up_core::{
    Action, Challenge, HttpRequest, HttpResponse, LocalFuture, Result, SessionStatus, StepUpError,
    StepUpTracker, TokenScope, User, Verified,
};

use crate::world::{EXPORT, World, go_on};

/// A verification for [`EXPORT`] that has everything it needs and did not begin.
pub(crate) type Attempt = LocalFuture<'static, Result<()>>;

/// A way to verify. Where nothing is said otherwise a failure is a fault of the server.
pub(crate) trait Method: Sized {
    /// The call that verifies, and what its answer is called in an error.
    const VERIFY: (&'static str, &'static str);

    /// The other calls that are made for a verification.
    const BEFORE: &'static [&'static str] = &[];

    /// With somebody signed in who can verify so.
    fn signed_in() -> Self;

    fn world(&self) -> &World;

    /// Everything right: whatever has to be sent and typed is new.
    fn attempt(&self) -> Attempt;

    /// What the user gives is wrong.
    fn wrong_input(&self, cell: &mut Cell<'_>);

    /// What was right once comes again.
    fn replay(&self, cell: &mut Cell<'_>);

    /// What would have been right comes too late.
    fn expiry(&self, cell: &mut Cell<'_>);

    /// Too much was tried.
    fn rate_limit(&self, cell: &mut Cell<'_>) {
        for path in calls::<Self>() {
            self.world().fault(json!({
                "path": path, "kind": "status", "status": 429, "headers": { "retry-after": "30" },
            }));
            cell.fails(self.attempt(), rate_limited(30));
        }
    }

    /// The user has enough of it. Here nothing asks them, so whoever waits for the answer goes away.
    fn cancel(&self, cell: &mut Cell<'_>) {
        let fault = json!({ "path": Self::VERIFY.0, "kind": "delay", "millis": 1000 });
        self.world().fault(fault);
        cell.is_dropped(self.attempt());
    }

    /// The connection breaks, before or after the server did its work.
    fn no_network(&self, cell: &mut Cell<'_>) {
        for path in calls::<Self>() {
            for kind in ["drop", "drop-after"] {
                self.world().fault(json!({ "path": path, "kind": kind }));
                cell.fails(self.attempt(), StepUpError::Network);
            }
        }
    }

    /// The server takes longer than the client waits.
    fn slow_server(&self, cell: &mut Cell<'_>) {
        for path in calls::<Self>() {
            self.world().fault(json!({ "path": path, "kind": "delay", "millis": 31_000 }));
            cell.fails(self.attempt(), StepUpError::TimedOut);
        }
    }

    /// The answer is none.
    fn garbage_answer(&self, cell: &mut Cell<'_>) {
        let (path, expected) = Self::VERIFY;
        self.world().fault(json!({ "path": path, "kind": "garbage" }));
        cell.fails(self.attempt(), StepUpError::Decode { expected, line: 1, column: 1 });
    }

    /// The server says that the user is verified, and gives no elevated token.
    fn missing_token(&self, cell: &mut Cell<'_>) {
        let fault = json!({ "path": Self::VERIFY.0, "kind": "tamper", "remove": ["elevatedAccessToken"] });
        self.world().fault(fault);
        cell.fails(self.attempt(), not_elevated(EXPORT));
    }

    /// Verifies, and uses up what that grants.
    fn succeed(&self) {
        let world = self.world();
        assert_eq!(world.time.run(self.attempt()), Ok(()));
        assert!(world.is_held());
        world.time.run(world.export()).unwrap();
        assert!(!world.is_held(), "it is single-use");
    }
}

fn calls<M: Method>() -> impl Iterator<Item = &'static str> {
    M::BEFORE.iter().copied().chain([M::VERIFY.0])
}

/// What holds after each failure, and what to print of it.
pub(crate) struct Cell<'a> {
    world: &'a World,
    user: Rc<User>,
    errors: Vec<String>,
}

impl Cell<'_> {
    /// Runs a verification as a hook does, which fails with this error; of [`StepUpError::Api`] the message, which is the
    /// server's, does not count.
    #[track_caller]
    pub(crate) fn fails(&mut self, attempt: Attempt, error: StepUpError) {
        let tracker = StepUpTracker::new(|| ());
        let call = tracker.track(Ok(attempt), |()| Action::Verified);
        assert!(tracker.state().is_loading);
        let failed = self.world.time.run(call).unwrap_err();
        // The state says what the call says. A cancellation is not an error there.
        let (error_to_show, is_cancelled) = (tracker.state().error.clone(), tracker.state().is_cancelled);
        let shown = if is_cancelled { Some(StepUpError::Cancelled) } else { error_to_show };
        assert_eq!(shown.as_ref(), Some(&failed));
        assert_eq!(without_message(failed), error);
        self.left_as_it_was(&tracker, &error);
    }

    /// Begins a verification, and goes away when its answer is on the way.
    #[track_caller]
    pub(crate) fn is_dropped(&mut self, attempt: Attempt) {
        let tracker = StepUpTracker::new(|| ());
        let mut call = tracker.track(Ok(attempt), |()| Action::Verified);
        let asked = self.world.control(HttpRequest::get("/sandbox/requests"), &json!(null));
        assert!(go_on(call.as_mut()).is_pending());
        let answered = self.world.control(HttpRequest::get("/sandbox/requests"), &json!(null));
        let delayed = |log: &Value| {
            log["requests"].as_array().unwrap().iter().filter(|it| it["fate"] == "delayed").count()
        };
        assert_eq!(delayed(&answered), delayed(&asked) + 1, "the server has done its part");
        assert!(tracker.state().is_loading);
        drop(call);
        assert_eq!((tracker.state().error.clone(), tracker.state().is_cancelled), (None, true));
        self.left_as_it_was(&tracker, &StepUpError::Cancelled);
    }

    #[track_caller]
    fn left_as_it_was(&mut self, tracker: &StepUpTracker, error: &StepUpError) {
        assert!(!tracker.state().is_loading);
        let client = &self.world.client;
        assert_eq!(client.status(), SessionStatus::SignedIn);
        assert_eq!(client.user().as_deref(), Some(&*self.user));
        // The server knows the session, too.
        self.world.time.run(client.factors().methods()).unwrap();
        assert!(!self.world.is_held(), "nothing was gained");
        assert!(self.world.faults().is_empty(), "every fault that was ordered has happened");
        self.errors.push(name(error));
    }
}

/// Runs the test of a cell, and prints the line that the table is made of.
#[allow(clippy::print_stdout)] // `cargo xtask failures` reads it.
pub(crate) fn check<M: Method>(fail: fn(&M, &mut Cell<'_>), test: &str) {
    let method = M::signed_in();
    let world = method.world();
    let mut cell = Cell { world, user: world.client.user().unwrap(), errors: Vec::new() };
    fail(&method, &mut cell);
    let mut errors = cell.errors;
    errors.dedup();
    assert!(!errors.is_empty(), "something failed");
    // And the next time, nothing does.
    method.succeed();
    let (_, test) = test.split_once("::").unwrap(); // The first name is the program's.
    println!("cell {test} {}", errors.join(", "));
}

macro_rules! cells {
    ($method:ty) => {
        crate::cell::cells!(
            $method:
            wrong_input, replay, expiry, rate_limit, cancel, no_network, slow_server, garbage_answer, missing_token,
        );
    };
    ($method:ty: $($failure:ident),* $(,)?) => {
        $(
            #[test]
            fn $failure() {
                let test = concat!(module_path!(), "::", stringify!($failure));
                crate::cell::check(<$method as crate::cell::Method>::$failure, test);
            }
        )*
    };
}
pub(crate) use cells;

/// The variant's name, and the server's code where there is one.
fn name(error: &StepUpError) -> String {
    let debug = format!("{error:?}");
    let variant: String = debug.chars().take_while(char::is_ascii_alphanumeric).collect();
    match error {
        StepUpError::Api { code: Some(code), .. } => format!("{variant}({code})"),
        StepUpError::NotElevated(challenge) => {
            let missing: Vec<_> = challenge.scopes.iter().map(TokenScope::as_str).collect();
            format!("{variant}({})", missing.join(" "))
        }
        _ => variant,
    }
}

fn without_message(error: StepUpError) -> StepUpError {
    match error {
        StepUpError::Api { status, code, .. } => api(status, code),
        other => other,
    }
}

pub(crate) fn not_elevated(missing: TokenScope) -> StepUpError {
    StepUpError::NotElevated(Challenge::new(&[missing]))
}

pub(crate) fn rate_limited(secs: u64) -> StepUpError {
    StepUpError::RateLimited { retry_after: Some(std::time::Duration::from_secs(secs)) }
}

/// A refusal that has no variant of its own.
pub(crate) fn refused(code: &str) -> StepUpError {
    api(422, Some(code.into()))
}

fn api(status: u16, code: Option<String>) -> StepUpError {
    let response = HttpResponse::new(status, "").into();
    StepUpError::Api { status, code, message: String::new(), response }
}

/// A verification whose success is all that counts.
pub(crate) fn attempt(work: LocalFuture<'static, Result<Verified>>) -> Attempt {
    Box::pin(async { work.await.map(drop) })
}
