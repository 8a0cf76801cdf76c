//! What the user has is being looked up.

use yew::prelude::*;

use crate::{
    icon,
    sheet::{ScreenProps, Sheet},
    texts::Phrase,
};

#[component]
pub(crate) fn LoadingScreen(props: &ScreenProps) -> Html {
    let ScreenProps { prompt, texts } = props;
    html! {
        <Sheet
            prompt={prompt.clone()}
            texts={texts.clone()}
            name="loading"
            icon={icon::SHIELD}
            title={texts.say(Phrase::Loading)}
            has_focus=true
        >
            <div data-step-up-part="progress" aria-hidden="true"></div>
        </Sheet>
    }
}
