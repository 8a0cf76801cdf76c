//! Core's client with social accounts against the sandbox, whose provider's page is answered by a scripted popup.

#![allow(clippy::unwrap_used)] // The helpers of tests are tests.

mod world;

use std::{ops::Deref, rc::Rc};

use step_up_core::{Challenge, CredentialFormat, Provider, Result, SocialOptions, StepUpError, TokenScope};

use world::{
    EXPORT, World,
    person::{Mood, Person, Window},
};

const LINK: TokenScope = TokenScope::CredentialLink;
const PROVIDERS: [Provider; 4] = [Provider::Google, Provider::GitHub, Provider::Apple, Provider::Discord];

/// A world with windows in it, and who sits in front of them.
struct Desk {
    world: World,
    person: Rc<Person>,
}

impl Deref for Desk {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Desk {
    fn new() -> Self {
        let mut person = None;
        let world = World::on(0, |platform, sandbox| {
            let made = person.insert(Person::new(sandbox));
            platform.with_social_window(Window(Rc::clone(made)))
        });
        Self { world, person: person.unwrap() }
    }

    /// With a user who signed in with a social account.
    fn signed_in(provider: &Provider) -> Self {
        let desk = Self::new();
        desk.time.run(desk.client.sign_in_with_social(provider, SocialOptions::new())).unwrap();
        desk
    }

    fn step_up(&self, provider: &Provider, scopes: &[TokenScope]) -> Result<()> {
        let options = SocialOptions::new().with_scopes(scopes);
        self.time.run(self.client.verify_social(provider, options)).map(drop)
    }
}

#[test]
fn every_provider_signs_in_and_steps_up() {
    for provider in PROVIDERS {
        let desk = Desk::signed_in(&provider);
        assert_eq!(desk.step_up(&provider, &[EXPORT]), Ok(()), "{provider}");
        assert!(desk.is_held());
    }
}

#[test]
fn another_account_than_the_linked_one_verifies_nothing_and_can_be_linked() {
    let desk = Desk::signed_in(&Provider::Google);
    desk.person.account.replace("bob".into());
    let not_linked = StepUpError::SocialAccountNotLinked { provider: Provider::GitHub };
    assert_eq!(desk.step_up(&Provider::GitHub, &[EXPORT]), Err(not_linked));
    assert!(!desk.is_held());
    let link = || desk.time.run(desk.client.link_social(&Provider::GitHub, SocialOptions::new())).map(drop);
    assert_eq!(link(), Err(StepUpError::NotElevated(Challenge::new(&[LINK]))));
    desk.person.account.replace("ada".into());
    desk.step_up(&Provider::Google, std::slice::from_ref(&LINK)).unwrap();
    desk.person.account.replace("bob".into());
    let user = desk.time.run(desk.client.link_social(&Provider::GitHub, SocialOptions::new())).unwrap();
    let social = user.credentials.iter().filter(|it| it.format == CredentialFormat::Oauth).count();
    assert_eq!(social, 2);
}

#[test]
fn a_popup_that_is_cut_off_is_asked_for_at_the_service() {
    let desk = Desk::new();
    let began = desk.client.now();
    desk.person.mood.set(Mood::CutOff);
    desk.time.run(desk.client.sign_in_with_social(&Provider::Google, SocialOptions::new())).unwrap();
    assert_eq!(desk.step_up(&Provider::Google, &[EXPORT]), Ok(()));
    // Also where somebody is signed in already, and signs in anew.
    desk.time.run(desk.client.sign_in_with_social(&Provider::GitHub, SocialOptions::new())).unwrap();
    assert!(desk.client.now() > began, "it took a while");
}

#[test]
fn a_refusal_is_the_users_own() {
    let desk = Desk::signed_in(&Provider::Apple);
    for mood in [Mood::Refusing, Mood::RefusingCutOff] {
        desk.person.mood.set(mood);
        assert_eq!(desk.step_up(&Provider::Apple, &[EXPORT]), Err(StepUpError::Cancelled));
    }
}

#[test]
fn a_redirect_comes_back_and_goes_on() {
    let desk = Desk::signed_in(&Provider::GitHub);
    for (mood, end) in [(Mood::Refusing, Err(StepUpError::Cancelled)), (Mood::Helpful, Ok(()))] {
        desk.person.mood.set(mood);
        let options = SocialOptions::new().with_redirect().with_scopes(&[EXPORT]).with_app_state("wallet 3");
        let left = desk.time.run(desk.client.verify_social(&Provider::GitHub, options));
        assert_eq!(left, Err(StepUpError::Redirecting));
        assert!(desk.person.address.borrow().contains("dynamicOauthState="));
        let returned = desk.client.take_social_return().unwrap();
        assert_eq!(*desk.person.address.borrow(), "http://localhost:3000/app?tab=1#/deep");
        assert_eq!(returned.app_state(), Some("wallet 3"));
        let resumed = desk.time.run(desk.client.resume_social(returned)).map(drop);
        assert_eq!(resumed, end);
    }
    assert!(desk.is_held());
}
