//! Asks for what begins with a press of a button: a passkey, a wallet's signature, a social account.
//!
//! A passkey could begin by itself in some browsers. Safari takes one such call per page and then asks the user in a window
//! of its own, and a browser's window that nobody called for frightens. The button has the focus, so Enter does.

use yew::prelude::*;

use crate::{
    icon,
    sheet::{Press, ScreenProps, Sheet, primary},
    texts::Phrase,
};

#[component]
pub(crate) fn StartScreen(props: &ScreenProps) -> Html {
    let ScreenProps { prompt, texts } = props;
    let Some(method) = prompt.method() else { return Html::default() };
    let start = {
        let prompt = prompt.clone();
        // In the click: browsers block popups elsewhere.
        Callback::from(move |_: MouseEvent| prompt.start())
    };
    html! {
        <Sheet
            prompt={prompt.clone()}
            texts={texts.clone()}
            name={icon::name(method.kind)}
            icon={icon::of(method.kind)}
            title={texts.say(Phrase::Title(method))}
            text={texts.say(Phrase::Text(method))}
            error={prompt.error.as_ref().map(|error| texts.error(error))}
            status={prompt.is_loading.then(|| texts.say(Phrase::Waiting(method))).flatten()}
            actions={primary(texts.say(Phrase::Start(method)), prompt.is_loading, true, Press::Calls(start))}
        />
    }
}
