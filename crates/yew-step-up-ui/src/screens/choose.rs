//! Asks which way the user wants to verify.

use yew::{prelude::*, virtual_dom::Key};
use yew_step_up::{PromptHandle, PromptMethod};

use crate::{
    icon,
    sheet::Sheet,
    texts::{Phrase, Texts, label_of},
};

/// The methods are in the order in which they are offered.
pub(crate) fn choose<'a>(
    key: &Key,
    texts: &Texts,
    prompt: &PromptHandle,
    methods: impl Iterator<Item = &'a PromptMethod>,
) -> Html {
    let methods = methods.enumerate().map(|(at, method)| {
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
    Sheet {
        text: texts.say(Phrase::ChooseText),
        body: html! { <ul data-step-up-part="choices">{ for methods }</ul> },
        ..Sheet::new(key, texts, Some(prompt), "choose", icon::SHIELD, Phrase::ChooseTitle)
    }
    .draw()
}
