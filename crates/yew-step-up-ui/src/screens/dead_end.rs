//! There is no way to verify, or it could not be found out: says why, and how to leave.

use yew::prelude::*;
use yew_step_up::StepUpError;

use crate::{
    icon,
    sheet::Sheet,
    texts::{Phrase, Texts},
};

#[derive(Properties, PartialEq)]
pub(crate) struct DeadEndProps {
    pub(crate) texts: Texts,
    pub(crate) error: StepUpError,
    pub(crate) onclose: Callback<()>,
}

#[component]
pub(crate) fn DeadEnd(props: &DeadEndProps) -> Html {
    let texts = &props.texts;
    html! {
        <Sheet
            texts={texts.clone()}
            prompt={None}
            onclose={props.onclose.clone()}
            name="dead-end"
            icon={icon::WARNING}
            title={texts.say(Phrase::DeadEnd)}
            has_focus=true
            error={texts.error(&props.error)}
        />
    }
}
