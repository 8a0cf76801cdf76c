//! Asks for a captcha, before a code is sent.

use yew::prelude::*;
use yew_step_up::StepUpError;

use crate::{
    icon,
    sheet::{ScreenProps, Sheet},
    texts::Phrase,
};

#[derive(Properties, PartialEq)]
pub(crate) struct CaptchaScreenProps {
    pub(crate) screen: ScreenProps,
    pub(crate) captcha: Option<Callback<Callback<AttrValue>, Html>>,
}

#[component]
pub(crate) fn CaptchaScreen(props: &CaptchaScreenProps) -> Html {
    let ScreenProps { prompt, texts } = &props.screen;
    let solved = {
        let prompt = prompt.clone();
        Callback::from(move |token: AttrValue| prompt.submit_captcha_token(&token))
    };
    // That it is required is what this screen says already.
    let refused = prompt.error.as_ref().filter(|error| **error != StepUpError::CaptchaRequired);
    let (icon, title, text) = match &props.captcha {
        Some(_) => (icon::SHIELD, Phrase::CaptchaTitle, Phrase::CaptchaText),
        None => (icon::WARNING, Phrase::NoCaptchaTitle, Phrase::NoCaptcha),
    };
    html! {
        <Sheet
            prompt={prompt.clone()}
            texts={texts.clone()}
            name="captcha"
            {icon}
            title={texts.say(title)}
            text={texts.say(text)}
            has_focus=true
            error={refused.map(|error| texts.error(error))}
            status={prompt.is_loading.then(|| texts.say(Phrase::Loading)).flatten()}
        >
            // An answer is good for one try, so the widget is a new one after each.
            if let Some(captcha) = props.captcha.as_ref().filter(|_| !prompt.is_loading) {
                <div data-step-up-part="captcha">{ captcha.emit(solved) }</div>
            }
        </Sheet>
    }
}
