//! Passkeys, of a software authenticator.

use std::{cell::RefCell, rc::Rc};

use passkey_client::WebauthnError;
use passkey_types::ctap2::Ctap2Error;
use serde_json::Value;
use step_up_core::{LocalFuture, PasskeyAuthenticator, Result, StepUpError, TokenScope};
use step_up_sandbox::page::InPage;

use crate::{
    authenticator::{Authenticator, ORIGIN},
    cell::{Attempt, Cell, Method, attempt, rate_limited},
    world::{EXPORT, World, advance},
};

/// The browser between the client and the authenticator, and who sits in front of it.
struct Browser {
    sandbox: InPage,
    authenticator: RefCell<Authenticator>,
    mood: RefCell<Mood>,
    /// What it answered last.
    answered: RefCell<Option<Value>>,
}

#[derive(Clone, Copy)]
enum Mood {
    Helpful,
    /// Presses "Cancel".
    Refusing,
    /// Takes more time than a challenge lives.
    Slow,
    /// Gives a signature of something else.
    Forging,
    /// Somebody recorded an answer, and gives it again.
    Repeating,
}

impl Browser {
    fn answer(&self, options: &str) -> Result<Value> {
        let options: Value = serde_json::from_str(options).unwrap();
        let mut authenticator = self.authenticator.borrow_mut();
        let mood = *self.mood.borrow();
        authenticator.is_refused = matches!(mood, Mood::Refusing);
        if let Mood::Repeating = mood {
            return Ok(self.answered.borrow().clone().unwrap());
        }
        let denied = |error: WebauthnError| {
            assert_eq!(error, WebauthnError::AuthenticatorError(Ctap2Error::OperationDenied.into()));
            StepUpError::Cancelled
        };
        let mut answer = authenticator.try_sign(ORIGIN, &options).map_err(denied)?;
        self.answered.replace(Some(answer.clone()));
        match mood {
            Mood::Slow => advance(&self.sandbox, 300),
            Mood::Forging => {
                let mut other = options.clone();
                other["challenge"] = "bm90IHRoaXMgY2hhbGxlbmdl".into();
                let forged = authenticator.try_sign(ORIGIN, &other).map_err(denied)?;
                answer["response"]["signature"] = forged["response"]["signature"].clone();
            }
            _ => {}
        }
        Ok(answer)
    }
}

struct Platform(Rc<Browser>);

impl PasskeyAuthenticator for Platform {
    fn require_support(&self) -> Result<()> {
        Ok(())
    }

    fn create(&self, options: String) -> LocalFuture<'static, Result<String>> {
        let options = serde_json::from_str(&options).unwrap();
        let mut made = self.0.authenticator.borrow_mut().create(ORIGIN, &options);
        // The authenticator's other users speak the service's protocol, which spells it otherwise than browsers.
        let client_data = made["response"]["clientDataJson"].take();
        made["response"]["clientDataJSON"] = client_data;
        Box::pin(async move { Ok(made.to_string()) })
    }

    fn get(&self, options: String) -> LocalFuture<'static, Result<String>> {
        let browser = Rc::clone(&self.0);
        Box::pin(async move { Ok(browser.answer(&options)?.to_string()) })
    }
}

pub(crate) struct Passkey {
    world: World,
    browser: Rc<Browser>,
}

impl Passkey {
    fn with(&self, mood: Mood) -> Attempt {
        let (browser, asked) = (Rc::clone(&self.browser), self.attempt());
        Box::pin(async move {
            browser.mood.replace(mood);
            let result = asked.await;
            browser.mood.replace(Mood::Helpful);
            result
        })
    }
}

fn failed(why: &str) -> StepUpError {
    StepUpError::PasskeyFailed { why: why.into() }
}

const WRONG: &str = "the service did not accept its answer";
const LATE: &str = "the service no longer waited for its answer; try again";

impl Method for Passkey {
    const VERIFY: (&'static str, &'static str) = ("/users/mfa/auth/passkey", "a verification's result");
    const BEFORE: &'static [&'static str] = &["/users/passkeys/authenticate"];

    fn signed_in() -> Self {
        let mut browser = None;
        let world = World::on(0, |platform, sandbox| {
            let made = browser.insert(Rc::new(Browser {
                sandbox: sandbox.clone(),
                authenticator: RefCell::new(Authenticator::new()),
                mood: RefCell::new(Mood::Helpful),
                answered: RefCell::default(),
            }));
            platform.with_passkeys(Platform(Rc::clone(made)))
        });
        world.sign_in("ada@example.com");
        let sent = world.send_otp();
        let code = world.code();
        world.time.run(world.client.verify_otp(&sent, &code, &[TokenScope::CredentialLink])).unwrap();
        world.time.run(world.client.factors().enrol_passkey()).unwrap();
        Self { world, browser: browser.unwrap() }
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn attempt(&self) -> Attempt {
        attempt(self.world.client.verify_passkey_mfa(&[EXPORT]))
    }

    fn wrong_input(&self, cell: &mut Cell<'_>) {
        cell.fails(self.with(Mood::Forging), failed(WRONG));
    }

    fn replay(&self, cell: &mut Cell<'_>) {
        self.succeed();
        cell.fails(self.with(Mood::Repeating), failed(LATE));
    }

    fn expiry(&self, cell: &mut Cell<'_>) {
        cell.fails(self.with(Mood::Slow), failed(LATE));
    }

    /// Five wrong answers of second factors are looked at in five minutes.
    fn rate_limit(&self, cell: &mut Cell<'_>) {
        for _ in 0..5 {
            cell.fails(self.with(Mood::Forging), failed(WRONG));
        }
        cell.fails(self.attempt(), rate_limited(300));
        self.world.advance(300);
    }

    fn cancel(&self, cell: &mut Cell<'_>) {
        cell.fails(self.with(Mood::Refusing), StepUpError::Cancelled);
    }
}
