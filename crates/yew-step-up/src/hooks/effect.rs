//! The one effect that all hooks are made of.

use step_up_core::{StepUpClient, Timestamp, TokenScope};
use yew::prelude::*;

/// What an effect is run for again.
#[derive(Clone, PartialEq)]
pub(crate) struct Concern {
    client: StepUpClient,
    scope: Option<TokenScope>,
    at: Option<Timestamp>,
}

impl Concern {
    pub(crate) fn client(client: &StepUpClient) -> Self {
        Self { client: client.clone(), scope: None, at: None }
    }

    pub(super) fn scope(client: &StepUpClient, scope: Option<TokenScope>) -> Self {
        Self { scope, ..Self::client(client) }
    }

    pub(super) fn time(client: &StepUpClient, at: Option<Timestamp>) -> Self {
        Self { at, ..Self::client(client) }
    }
}

/// What ends an effect.
pub(crate) type Cleanup = Box<dyn FnOnce()>;

/// Runs `effect` after the first render and after those that concern something else, and then what it gave the time
/// before; that also when the component goes. Each kind of effect costs a kilobyte in the browser: this is the only one.
#[hook]
pub(crate) fn use_concern(concern: Concern, effect: Box<dyn FnOnce() -> Cleanup>) {
    use_effect_with(concern, move |_| effect());
}
