//! Codes that are sent by email or SMS.

use std::marker::PhantomData;

use step_up_core::{OtpAddress, OtpVerification, PhoneNumber, StepUpError};

use crate::{
    cell::{Attempt, Cell, Method, attempt, rate_limited},
    world::{EXPORT, World},
};

pub(crate) trait Channel {
    const VERIFY: &'static str;

    fn address() -> OtpAddress;
}

pub(crate) struct Email;

impl Channel for Email {
    const VERIFY: &'static str = "/emailVerifications/verify";

    fn address() -> OtpAddress {
        "ada@example.com".into()
    }
}

pub(crate) struct Sms;

impl Channel for Sms {
    const VERIFY: &'static str = "/smsVerifications/verify";

    fn address() -> OtpAddress {
        PhoneNumber::new("US", "1", "2015550123").unwrap().into()
    }
}

pub(crate) struct Otp<C> {
    world: World,
    channel: PhantomData<C>,
}

impl<C> Otp<C> {
    fn type_in(&self, sent: &OtpVerification, code: &str) -> Attempt {
        attempt(self.world.client.verify_otp(sent, code, &[EXPORT]))
    }
}

impl<C: Channel> Method for Otp<C> {
    const VERIFY: (&'static str, &'static str) = (C::VERIFY, "a verification's result");

    fn signed_in() -> Self {
        let world = World::new(0);
        world.sign_in(C::address());
        Self { world, channel: PhantomData }
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn attempt(&self) -> Attempt {
        let sent = self.world.send_otp();
        self.type_in(&sent, &self.world.code())
    }

    fn wrong_input(&self, cell: &mut Cell<'_>) {
        let sent = self.world.send_otp();
        let wrong = if self.world.code() == "000000" { "000001" } else { "000000" };
        for left in [4, 3, 2, 1, 0] {
            let error = StepUpError::InvalidCode { attempts_left: Some(left) };
            cell.fails(self.type_in(&sent, wrong), error);
        }
        cell.fails(self.type_in(&sent, &self.world.code()), StepUpError::TooManyAttempts);
    }

    fn replay(&self, cell: &mut Cell<'_>) {
        let sent = self.world.send_otp();
        let code = self.world.code();
        self.world.time.run(self.type_in(&sent, &code)).unwrap();
        self.world.time.run(self.world.export()).unwrap();
        cell.fails(self.type_in(&sent, &code), StepUpError::CodeExpired);
    }

    fn expiry(&self, cell: &mut Cell<'_>) {
        let sent = self.world.send_otp();
        let code = self.world.code();
        self.world.advance(600);
        cell.fails(self.type_in(&sent, &code), StepUpError::CodeExpired);
    }

    /// Thirty codes an hour are sent to an address.
    fn rate_limit(&self, cell: &mut Cell<'_>) {
        let send = || self.world.client.send_otp(None);
        // One was sent to sign in.
        for _ in 1..30 {
            self.world.time.run(send()).unwrap();
        }
        let one_more = send();
        cell.fails(Box::pin(async { one_more.await.map(drop) }), rate_limited(3600));
        self.world.advance(3600);
    }
}
