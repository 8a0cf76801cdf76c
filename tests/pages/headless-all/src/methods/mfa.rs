//! Authenticator apps and recovery codes, and their enrolment.

use crate::{
    SCOPE,
    task::{Task, run, task},
};

pub(super) const TASKS: &[Task] = &[
    task("Verify an app's code", |on, code| run(on.step_up.verify_totp_mfa(code, None, &[SCOPE]))),
    task("Verify a recovery code", |on, code| run(on.step_up.verify_recovery_code(code, &[SCOPE]))),
    task("Methods", |on, _| run(on.client.factors().methods())),
    task("Enrol an app", |on, _| run(on.client.factors().enrol_totp())),
    // The text is the device and the code.
    task("Confirm the app", |on, text| {
        let (device, code) = text.split_once(' ').unwrap_or_default();
        run(on.client.factors().confirm_totp(&device.into(), code))
    }),
    task("Default device", |on, id| run(on.client.factors().set_default_device(&id.into()))),
    task("Delete device", |on, id| run(on.client.factors().delete_device(&id.into()))),
    task("Recovery codes", |on, _| run(on.client.factors().recovery_codes())),
    task("New recovery codes", |on, _| run(on.client.factors().regenerate_recovery_codes())),
    task("Codes are kept", |on, _| run(on.client.factors().acknowledge_recovery_codes())),
];
