//! What the user has is being looked up.

use yew::{prelude::*, virtual_dom::Key};
use yew_step_up::PromptHandle;

use crate::{
    icon,
    sheet::Sheet,
    texts::{Phrase, Texts},
};

pub(crate) fn loading(key: &Key, texts: &Texts, prompt: &PromptHandle) -> Html {
    Sheet {
        has_focus: true,
        body: html! { <div data-step-up-part="progress" aria-hidden="true"></div> },
        ..Sheet::new(key, texts, Some(prompt), "loading", icon::SHIELD, Phrase::Loading)
    }
    .draw()
}
