//! Codes sent by email or SMS: sign-in, step-up, links.

use std::rc::Rc;

use yew_step_up::{CaptchaToken, LocalFuture, OtpAddress, OtpVerification, PhoneNumber, Result, StepUpError};

use crate::{
    SCOPE,
    task::{Handles, Running, Task, run, task},
};

pub(super) const TASKS: &[Task] = &[
    task("Send a sign-in code", |on, to| kept(on, on.session.send_sign_in_code(address(to)))),
    task("Send a sign-in code with a captcha", |on, text| {
        let (captcha, to) = captcha_and_address(text);
        kept(on, on.session.send_sign_in_code_with_captcha(to, captcha))
    }),
    task("Send a sign-in code again", |on, _| match latest(on) {
        Ok(sent) => kept(on, on.client.resend_sign_in_code(&sent)),
        Err(error) => failed(error),
    }),
    task("Sign in", |on, code| match latest(on) {
        Ok(sent) => run(on.session.sign_in_with_otp(&sent, code)),
        Err(error) => failed(error),
    }),
    task("Send a code", |on, _| run(on.step_up.send_otp())),
    task("Send a code to a credential", |on, id| run(on.step_up.send_otp_to(&id.into()))),
    task("Send a code with a captcha", |on, captcha| run(on.step_up.submit_captcha_token(captcha))),
    task("Send a code again", |on, _| run(on.step_up.resend_otp())),
    task("Verify a code", |on, code| run(on.step_up.verify_otp(code, &[SCOPE]))),
    task("Send a link code", |on, to| kept(on, on.client.send_link_code(address(to)))),
    task("Send a link code with a captcha", |on, text| {
        let (captcha, to) = captcha_and_address(text);
        kept(on, on.client.send_link_code_with_captcha(to, captcha))
    }),
    task("Link", |on, code| match latest(on) {
        Ok(sent) => run(on.client.link_with_otp(&sent, code)),
        Err(error) => failed(error),
    }),
];

fn kept(on: &Handles, sending: LocalFuture<'static, Result<OtpVerification>>) -> Running {
    let sent = Rc::clone(&on.sent);
    Box::pin(async move {
        sent.replace(Some(sending.await?));
        Ok(())
    })
}

fn latest(on: &Handles) -> Result<OtpVerification> {
    on.sent.borrow().clone().ok_or(StepUpError::OtpNotSent)
}

fn failed(error: StepUpError) -> Running {
    Box::pin(async { Err(error) })
}

/// The text is the captcha's answer and the address.
fn captcha_and_address(text: &str) -> (CaptchaToken, OtpAddress) {
    let (captcha, to) = text.split_once(' ').unwrap_or_default();
    (CaptchaToken::new(captcha), address(to))
}

fn address(text: &str) -> OtpAddress {
    PhoneNumber::parse(text).map_or_else(|| text.into(), Into::into)
}
