//! A user in front of a browser's windows, who answers the page of a social provider.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use serde_json::{Value, json};
use step_up_core::{HttpRequest, Popup, Result, SocialMessage, SocialWindow};
use step_up_sandbox::page::InPage;

use super::{advance, control};

/// The user, who sits in front of the windows.
pub(crate) struct Person {
    sandbox: InPage,
    /// Who they are at the provider.
    pub(crate) account: RefCell<String>,
    pub(crate) mood: Cell<Mood>,
    /// The last code that the page that waits was given.
    code: RefCell<Option<String>>,
    /// The page's address, and what waits in its tab.
    pub(crate) address: RefCell<String>,
    slot: RefCell<Option<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Helpful,
    /// Does not consent.
    Refusing,
    /// Closes the popup.
    Closing,
    /// Answers, and the popup cannot speak to its opener, so that the service has to be asked.
    CutOff,
    /// Does not consent, and the popup cannot say so.
    RefusingCutOff,
    /// The page that waits gets the code when it is too old.
    Slow,
    /// The page that waits gets a code that was redeemed.
    Repeating,
}

impl Person {
    pub(crate) fn new(sandbox: &InPage) -> Rc<Self> {
        Rc::new(Self {
            sandbox: sandbox.clone(),
            account: RefCell::new("ada".into()),
            mood: Cell::new(Mood::Helpful),
            code: RefCell::default(),
            address: RefCell::new("http://localhost:3000/app?tab=1#/deep".into()),
            slot: RefCell::default(),
        })
    }

    /// Answers the provider's page, and follows its answer to where it is said how it ended.
    fn answer(&self, url: &str) -> Value {
        let get = |url: &str| control(&self.sandbox, HttpRequest::get(url), &json!(null));
        let is_refusing = matches!(self.mood.get(), Mood::Refusing | Mood::RefusingCutOff);
        let form = json!({
            "ticket": get(url)["ticket"],
            "account": *self.account.borrow(),
            "decision": if is_refusing { "refuse" } else { "continue" },
        });
        let page = url.split('?').next().unwrap();
        let back = control(&self.sandbox, HttpRequest::post(page), &form);
        get(back["redirectTo"].as_str().unwrap())
    }

    /// What the page that waits hears of it.
    fn tell(&self, message: &Value) -> SocialMessage {
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

pub(crate) struct Window(pub(crate) Rc<Person>);

impl SocialWindow for Window {
    fn open(&self) -> Rc<dyn Popup> {
        Rc::new(Opened { person: Rc::clone(&self.0), heard: RefCell::default(), is_gone: Cell::new(false) })
    }

    fn address(&self) -> Result<String> {
        Ok(self.0.address.borrow().clone())
    }

    fn replace_address(&self, address: &str) -> Result<()> {
        self.0.address.replace(address.to_owned());
        Ok(())
    }

    fn leave(&self, address: &str) -> Result<()> {
        let left = self.0.answer(address);
        self.replace_address(left["redirectTo"].as_str().unwrap())
    }

    fn keep(&self, secret: &str) -> Result<()> {
        self.0.slot.replace(Some(secret.to_owned()));
        Ok(())
    }

    fn take(&self) -> Result<Option<String>> {
        Ok(self.0.slot.take())
    }
}

type Heard = Box<dyn Fn(SocialMessage)>;

struct Opened {
    person: Rc<Person>,
    heard: RefCell<Option<Heard>>,
    is_gone: Cell<bool>,
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
        let mood = self.person.mood.get();
        if mood == Mood::Closing {
            self.is_gone.set(true);
            return Ok(());
        }
        let said = self.person.answer(address);
        if !matches!(mood, Mood::CutOff | Mood::RefusingCutOff) {
            let message = self.person.tell(&said["message"]);
            self.heard.borrow().as_deref().unwrap()(message);
        }
        Ok(())
    }

    fn close(&self) {
        self.is_gone.set(true);
        self.heard.replace(None);
    }
}
