//! Codes of an authenticator app, and recovery codes.

use std::cell::RefCell;

use step_up_core::{HttpRequest, RecoveryCode, StepUpError, Timestamp, TokenScope, TotpSecret};

use crate::{
    cell::{Attempt, Cell, Method, attempt, rate_limited},
    world::{EXPORT, World},
};

/// Somebody with a code by email, who has just used it to be allowed to enrol something.
fn enrolling() -> World {
    let world = World::new(0);
    world.sign_in("ada@example.com");
    let sent = world.send_otp();
    let code = world.code();
    world.time.run(world.client.verify_otp(&sent, &code, &[TokenScope::CredentialLink])).unwrap();
    world
}

/// Five wrong codes of second factors are looked at in five minutes.
fn guess(world: &World, wrong: impl Fn() -> Attempt, right: Attempt, cell: &mut Cell<'_>) {
    for left in [4, 3, 2, 1, 0] {
        cell.fails(wrong(), StepUpError::InvalidCode { attempts_left: Some(left) });
    }
    cell.fails(right, rate_limited(300));
    world.advance(300);
}

const INVALID: StepUpError = StepUpError::InvalidCode { attempts_left: Some(4) };

pub(crate) struct Totp {
    world: World,
    secret: TotpSecret,
}

impl Totp {
    /// What the app shows so many seconds from now.
    fn code(&self, secs: i64) -> String {
        let clock = self.world.control(HttpRequest::get("/sandbox/clock"), &serde_json::json!(null));
        let now = Timestamp::from_millis(clock["now"].as_i64().unwrap()).as_secs() + secs;
        let secret = totp_rs::Secret::try_from_base32(self.secret.expose()).unwrap();
        let app = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
        app.generate(now.unsigned_abs()).to_string()
    }

    /// A code that has nothing to do with now.
    fn wrong_code(&self) -> String {
        let near = [-30, 0, 30].map(|secs| self.code(secs));
        let codes = ["000000", "000001", "000002", "000003"];
        (*codes.iter().find(|code| !near.iter().any(|it| it == *code)).unwrap()).to_owned()
    }

    fn type_in(&self, code: &str) -> Attempt {
        attempt(self.world.client.verify_totp_mfa(code, None, &[EXPORT]))
    }

    /// The code of a step whose code was not used.
    fn next_code(&self) -> String {
        self.world.advance(60);
        self.code(0)
    }
}

impl Method for Totp {
    const VERIFY: (&'static str, &'static str) = ("/users/mfa/auth/totp", "a verification's result");

    fn signed_in() -> Self {
        let world = enrolling();
        let enrolment = world.time.run(world.client.factors().enrol_totp()).unwrap();
        let totp = Self { world, secret: enrolment.secret };
        let confirmation = totp.world.client.factors().confirm_totp(&enrolment.device_id, &totp.code(0));
        totp.world.time.run(confirmation).unwrap();
        totp
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn attempt(&self) -> Attempt {
        self.type_in(&self.next_code())
    }

    fn wrong_input(&self, cell: &mut Cell<'_>) {
        cell.fails(self.type_in(&self.wrong_code()), INVALID);
    }

    fn replay(&self, cell: &mut Cell<'_>) {
        let code = self.next_code();
        self.world.time.run(self.type_in(&code)).unwrap();
        self.world.time.run(self.world.export()).unwrap();
        cell.fails(self.type_in(&code), INVALID);
    }

    fn expiry(&self, cell: &mut Cell<'_>) {
        let code = self.next_code();
        self.world.advance(60);
        cell.fails(self.type_in(&code), INVALID);
    }

    fn rate_limit(&self, cell: &mut Cell<'_>) {
        let right = self.attempt();
        guess(&self.world, || self.type_in(&self.wrong_code()), right, cell);
    }
}

pub(crate) struct Recovery {
    world: World,
    unused: RefCell<Vec<RecoveryCode>>,
}

impl Recovery {
    fn type_in(&self, code: &str) -> Attempt {
        attempt(self.world.client.verify_recovery_code(code, &[EXPORT]))
    }

    fn next_code(&self) -> RecoveryCode {
        self.unused.borrow_mut().pop().unwrap()
    }
}

impl Method for Recovery {
    const VERIFY: (&'static str, &'static str) = ("/users/mfa/auth/recovery", "a verification's result");

    fn signed_in() -> Self {
        let world = enrolling();
        let codes = world.time.run(world.client.factors().recovery_codes()).unwrap().codes;
        Self { world, unused: codes.into() }
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn attempt(&self) -> Attempt {
        self.type_in(self.next_code().expose())
    }

    fn wrong_input(&self, cell: &mut Cell<'_>) {
        cell.fails(self.type_in("aaaa-bbbb-cccc-dddd"), INVALID);
    }

    fn replay(&self, cell: &mut Cell<'_>) {
        let code = self.next_code();
        self.world.time.run(self.type_in(code.expose())).unwrap();
        self.world.time.run(self.world.export()).unwrap();
        cell.fails(self.type_in(code.expose()), INVALID);
    }

    /// They last until others are made.
    fn expiry(&self, cell: &mut Cell<'_>) {
        let old = self.next_code();
        let client = &self.world.client;
        let link = client.verify_recovery_code(self.next_code().expose(), &[TokenScope::CredentialLink]);
        self.world.time.run(link).unwrap();
        let made = self.world.time.run(client.factors().regenerate_recovery_codes()).unwrap();
        self.unused.replace(made.codes);
        cell.fails(self.type_in(old.expose()), INVALID);
    }

    fn rate_limit(&self, cell: &mut Cell<'_>) {
        let right = self.attempt();
        guess(&self.world, || self.type_in("aaaa-bbbb-cccc-dddd"), right, cell);
    }
}
