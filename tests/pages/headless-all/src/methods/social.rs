//! Social accounts.

use yew_step_up::{Provider, SocialOptions, SocialPopup};

use crate::{
    SCOPE,
    task::{Task, run, task},
};

pub(super) const TASKS: &[Task] = &[
    task("Verify with Google", |on, _| {
        let options = SocialOptions::new().with_scopes(&[SCOPE]).with_popup(SocialPopup::open());
        run(on.step_up.verify_social(Provider::Google, options))
    }),
    task("Sign in with Google", |on, _| {
        run(on.session.sign_in_with_social(&Provider::Google, SocialOptions::new()))
    }),
    task("Link a Google account", |on, _| {
        run(on.client.link_social(&Provider::Google, SocialOptions::new().with_redirect()))
    }),
];
