//! Passkeys, and their enrolment.

use crate::{
    SCOPE,
    task::{Task, run, task},
};

pub(super) const TASKS: &[Task] = &[
    task("Verify a passkey", |on, _| run(on.step_up.verify_passkey_mfa(&[SCOPE]))),
    task("Enrol a passkey", |on, _| run(on.client.factors().enrol_passkey())),
    task("Passkeys", |on, _| run(on.client.factors().passkeys())),
    // The text is the passkey and its new name.
    task("Rename passkey", |on, text| {
        let (passkey, alias) = text.split_once(' ').unwrap_or_default();
        run(on.client.factors().rename_passkey(&passkey.into(), alias))
    }),
    task("Delete passkey", |on, id| run(on.client.factors().delete_passkey(&id.into()))),
];
