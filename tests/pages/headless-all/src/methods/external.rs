//! Assertions of an external identity provider.

use crate::task::{Task, run, task};

pub(super) const TASKS: &[Task] = &[
    task("Sign in with an assertion", |on, jwt| run(on.external.sign_in_with_external_jwt(jwt))),
    task("Verify an assertion", |on, jwt| run(on.external.verify_with_external_jwt(jwt))),
];
