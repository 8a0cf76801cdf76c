//! What there is without any method: the session, the check, the app's own call.

use yew_step_up::{HttpRequest, SessionToken};

use crate::{
    SCOPE,
    task::{Task, run, task},
};

pub(super) const TASKS: &[Task] = &[
    task("Check", |on, _| {
        let check = on.step_up.check_step_up_auth(&SCOPE);
        run(async move { check.await.cause.map_or(Ok(()), Err) })
    }),
    task("Reset", |on, _| {
        on.step_up.reset_state();
        run(async { Ok(()) })
    }),
    task("Call", |on, path| run(on.client.send(HttpRequest::post(path), SCOPE))),
    task("Unlink", |on, id| run(on.client.unlink_credential(&id.into()))),
    task("Refresh", |on, _| run(on.client.refresh())),
    task("Refresh user", |on, _| run(on.client.refresh_user())),
    task("Adopt session", |on, token| run(on.client.adopt_session(SessionToken::new(token)))),
    task("Sign out", |on, _| run(on.session.sign_out())),
];
