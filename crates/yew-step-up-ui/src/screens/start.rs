//! Asks for what begins with a press of a button: a passkey, a wallet's signature, a social account.
//!
//! A passkey could begin by itself in some browsers. Safari takes one such call per page and then asks the user in a window
//! of its own, and a browser's window that nobody called for frightens. The button has the focus, so Enter does.

use yew::{prelude::*, virtual_dom::Key};
use yew_step_up::{PromptHandle, PromptMethod};

use crate::{
    icon,
    sheet::{Press, Sheet, primary},
    texts::{Phrase, Texts},
};

pub(crate) fn start(key: &Key, texts: &Texts, prompt: &PromptHandle, method: &PromptMethod) -> Html {
    let start = {
        let prompt = prompt.clone();
        // In the click: browsers block popups elsewhere.
        Callback::from(move |_: MouseEvent| prompt.start())
    };
    let label = texts.say(Phrase::Start(method));
    let (name, icon) = (icon::name(method.kind), icon::of(method.kind));
    Sheet {
        text: texts.say(Phrase::Text(method)),
        error: prompt.error.as_ref().map(|error| texts.error(error)),
        status: prompt.is_loading.then(|| texts.say(Phrase::Waiting(method))).flatten(),
        actions: primary(label, prompt.is_loading, true, Press::Calls(start)),
        ..Sheet::new(key, texts, Some(prompt), name, icon, Phrase::Title(method))
    }
    .draw()
}
