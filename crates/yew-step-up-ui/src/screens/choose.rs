//! Asks which way the user wants to verify.

use yew::prelude::*;
use yew_step_up::PromptScreen;

use crate::{
    icon,
    sheet::{ScreenProps, Sheet},
    texts::{Phrase, label_of},
};

#[component]
pub(crate) fn ChooseScreen(props: &ScreenProps) -> Html {
    let ScreenProps { prompt, texts } = props;
    let PromptScreen::Choose { primary, others } = &prompt.screen else { return Html::default() };
    let methods = primary.iter().chain(others).enumerate().map(|(at, method)| {
        let onclick = {
            let (prompt, method) = (prompt.clone(), method.clone());
            move |_: MouseEvent| prompt.choose(&method)
        };
        html! {
            <li key={method.id().to_owned()} data-step-up-part="choice">
                <button
                    type="button"
                    data-step-up-part="method"
                    data-step-up-method={icon::name(method.kind)}
                    data-step-up-focus={(at == 0).then_some("")}
                    {onclick}
                >
                    { icon::draw(icon::of(method.kind)) }
                    <span data-step-up-part="method-text">
                        <span data-step-up-part="method-name">{ texts.say(Phrase::Method(method)) }</span>
                        if let Some(label) = label_of(method) {
                            <span data-step-up-part="method-label" dir="auto">{ label.to_owned() }</span>
                        }
                    </span>
                </button>
            </li>
        }
    });
    html! {
        <Sheet
            prompt={prompt.clone()}
            texts={texts.clone()}
            name="choose"
            icon={icon::SHIELD}
            title={texts.say(Phrase::ChooseTitle)}
            text={texts.say(Phrase::ChooseText)}
        >
            <ul data-step-up-part="choices">{ for methods }</ul>
        </Sheet>
    }
}
