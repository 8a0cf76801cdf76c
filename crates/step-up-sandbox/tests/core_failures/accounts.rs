//! Social accounts, whose consent page the popup answers.

use std::{
    cell::{Cell as StdCell, RefCell},
    rc::Rc,
};

use serde_json::{Value, json};
use step_up_core::{
    HttpRequest, Popup, Provider, Result, SocialMessage, SocialOptions, SocialWindow, StepUpError, TokenScope,
};
use step_up_sandbox::page::InPage;

use crate::{
    cell::{Attempt, Cell, Method, attempt, not_elevated, refused},
    world::{EXPORT, World, advance, control},
};

const PROVIDER: Provider = Provider::Google;

/// The user, who sits in front of the windows.
struct Person {
    sandbox: InPage,
    mood: StdCell<Mood>,
    /// The last code that a provider gave.
    code: RefCell<Option<String>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Helpful,
    /// Signs in to the provider as somebody else.
    Confused,
    /// Does not consent.
    Refusing,
    /// Closes the popup.
    Closing,
    /// The page that waits gets the code when it is too old.
    Slow,
    /// The page that waits gets a code that was redeemed.
    Repeating,
}

impl Person {
    /// Answers the provider's page, and follows its answer to where it is said how it ended.
    fn answer(&self, url: &str) -> SocialMessage {
        let get = |url: &str| control(&self.sandbox, HttpRequest::get(url), &json!(null));
        let mood = self.mood.get();
        let form = json!({
            "ticket": get(url)["ticket"],
            "account": if mood == Mood::Confused { "bob" } else { "ada" },
            "decision": if mood == Mood::Refusing { "refuse" } else { "continue" },
        });
        let page = url.split('?').next().unwrap();
        let back = control(&self.sandbox, HttpRequest::post(page), &form);
        let said = get(back["redirectTo"].as_str().unwrap());
        self.hear(&said["message"])
    }

    fn hear(&self, message: &Value) -> SocialMessage {
        let text = |name: &str| message[name].as_str().map(str::to_owned);
        let mut code = text("code");
        match self.mood.get() {
            Mood::Repeating => code = self.code.borrow().clone(),
            Mood::Slow => advance(&self.sandbox, 120),
            _ => drop(self.code.replace(code.clone())),
        }
        SocialMessage::new(text("provider").unwrap(), text("state").unwrap(), code, text("error"))
    }
}

struct Window(Rc<Person>);

impl SocialWindow for Window {
    fn open(&self) -> Rc<dyn Popup> {
        Rc::new(Opened {
            person: Rc::clone(&self.0),
            heard: RefCell::default(),
            is_gone: StdCell::new(false),
        })
    }

    fn address(&self) -> Result<String> {
        Err(no_redirects())
    }

    fn replace_address(&self, _: &str) -> Result<()> {
        Err(no_redirects())
    }

    fn leave(&self, _: &str) -> Result<()> {
        Err(no_redirects())
    }

    fn keep(&self, _: &str) -> Result<()> {
        Err(no_redirects())
    }

    fn take(&self) -> Result<Option<String>> {
        Ok(None)
    }
}

fn no_redirects() -> StepUpError {
    StepUpError::UnsupportedTarget { why: "this window has popups only".into() }
}

type Heard = Box<dyn Fn(SocialMessage)>;

struct Opened {
    person: Rc<Person>,
    heard: RefCell<Option<Heard>>,
    is_gone: StdCell<bool>,
}

impl Popup for Opened {
    fn is_blocked(&self) -> bool {
        false
    }

    fn is_gone(&self) -> bool {
        self.is_gone.get()
    }

    fn listen(&self, _: &str, heard: Heard) {
        self.heard.replace(Some(heard));
    }

    fn navigate(&self, address: &str) -> Result<()> {
        if self.person.mood.get() == Mood::Closing {
            self.is_gone.set(true);
            return Ok(());
        }
        let message = self.person.answer(address);
        self.heard.borrow().as_deref().unwrap()(message);
        Ok(())
    }

    fn close(&self) {
        self.is_gone.set(true);
        self.heard.replace(None);
    }
}

pub(crate) struct Social {
    world: World,
    person: Rc<Person>,
}

impl Social {
    fn with(&self, mood: Mood) -> Attempt {
        let (person, asked) = (Rc::clone(&self.person), self.attempt());
        Box::pin(async move {
            person.mood.set(mood);
            let result = asked.await;
            person.mood.set(Mood::Helpful);
            result
        })
    }
}

impl Method for Social {
    const VERIFY: (&'static str, &'static str) = ("/providers/google/verify", "a verification's result");
    const BEFORE: &'static [&'static str] = &["/providers/google/initAuth"];

    fn signed_in() -> Self {
        let mut person = None;
        let world = World::on(0, |platform, sandbox| {
            let made = person.insert(Rc::new(Person {
                sandbox: sandbox.clone(),
                mood: StdCell::new(Mood::Helpful),
                code: RefCell::default(),
            }));
            platform.with_social_window(Window(Rc::clone(made)))
        });
        world.time.run(world.client.sign_in_with_social(&PROVIDER, SocialOptions::new())).unwrap();
        Self { world, person: person.unwrap() }
    }

    fn world(&self) -> &World {
        &self.world
    }

    fn attempt(&self) -> Attempt {
        attempt(self.world.client.verify_social(&PROVIDER, SocialOptions::new().with_scopes(&[EXPORT])))
    }

    /// An account that is not the user's would be linked, which needs an elevation.
    fn wrong_input(&self, cell: &mut Cell<'_>) {
        cell.fails(self.with(Mood::Confused), not_elevated(TokenScope::CredentialLink));
    }

    fn replay(&self, cell: &mut Cell<'_>) {
        self.succeed();
        cell.fails(self.with(Mood::Repeating), refused("invalid_oauth_code"));
    }

    fn expiry(&self, cell: &mut Cell<'_>) {
        cell.fails(self.with(Mood::Slow), refused("invalid_oauth_code"));
    }

    fn cancel(&self, cell: &mut Cell<'_>) {
        cell.fails(self.with(Mood::Refusing), StepUpError::Cancelled);
        cell.fails(self.with(Mood::Closing), StepUpError::PopupClosed);
    }
}
