//! Social accounts, whose consent page the popup answers.

use std::rc::Rc;

use step_up_core::{Provider, SocialOptions, StepUpError};

use crate::{
    cell::{Attempt, Cell, Method, attempt, refused},
    world::{
        EXPORT, World,
        person::{Mood, Person, Window},
    },
};

const PROVIDER: Provider = Provider::Google;

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
            let made = person.insert(Person::new(sandbox));
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
        let account = self.person.account.replace("bob".into());
        cell.fails(self.attempt(), StepUpError::SocialAccountNotLinked { provider: PROVIDER });
        self.person.account.replace(account);
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
        cell.fails(self.with(Mood::RefusingCutOff), StepUpError::Cancelled);
        cell.fails(self.with(Mood::Closing), StepUpError::PopupClosed);
    }
}
