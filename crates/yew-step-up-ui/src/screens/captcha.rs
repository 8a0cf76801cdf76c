//! Asks for a captcha, before a code is sent.

use yew::{prelude::*, virtual_dom::Key};
use yew_step_up::{PromptHandle, StepUpError};

use crate::{
    icon,
    sheet::Sheet,
    texts::{Phrase, Texts},
};

/// `draw` is given what takes the captcha's answer.
pub(crate) fn captcha(
    key: &Key,
    texts: &Texts,
    prompt: &PromptHandle,
    draw: Option<&Callback<Callback<AttrValue>, Html>>,
) -> Html {
    let solved = {
        let prompt = prompt.clone();
        Callback::from(move |token: AttrValue| prompt.submit_captcha_token(&token))
    };
    // That it is required is what this screen says already.
    let refused = prompt.error.as_ref().filter(|error| **error != StepUpError::CaptchaRequired);
    let (icon, title, text) = match draw {
        Some(_) => (icon::SHIELD, Phrase::CaptchaTitle, Phrase::CaptchaText),
        None => (icon::WARNING, Phrase::NoCaptchaTitle, Phrase::NoCaptcha),
    };
    // An answer is good for one try, so the widget is a new one after each.
    let widget = draw.filter(|_| !prompt.is_loading).map(|draw| {
        html! { <div data-step-up-part="captcha">{ draw.emit(solved) }</div> }
    });
    Sheet {
        text: texts.say(text),
        has_focus: true,
        body: widget.unwrap_or_default(),
        error: refused.map(|error| texts.error(error)),
        status: prompt.is_loading.then(|| texts.say(Phrase::Loading)).flatten(),
        ..Sheet::new(key, texts, Some(prompt), "captcha", icon, title)
    }
    .draw()
}
