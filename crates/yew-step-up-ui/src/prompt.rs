//! `StepUpPrompt`

use yew::{prelude::*, virtual_dom::Key};
use yew_step_up::{Event, PromptScreen, PromptView, StepUpError, use_step_up_client, use_step_up_prompt};

use crate::{
    dialog::{Dialog, use_last_focus},
    screens::{self, CodeScreen},
    texts::Texts,
};

/// The properties of [`StepUpPrompt`].
#[derive(Properties, PartialEq)]
pub struct StepUpPromptProps {
    /// What it says. English, unless told otherwise.
    #[prop_or_else(Texts::english)]
    pub texts: Texts,
    /// Draws the captcha of the environment, where it wants one before it sends a code. It is given what takes the
    /// captcha's answer. Without it the user is told that no code can be sent, and uses another method.
    #[prop_or_default]
    pub captcha: Option<Callback<Callback<AttrValue>, Html>>,
    /// Stands below every screen: a way to get help, say. While the dialog is open, nothing outside of it can be reached.
    #[prop_or_default]
    pub children: Html,
}

/// Draws the prompts, each in a modal dialog. Put it in the page once, below the
/// [`StepUpProvider`](yew_step_up::StepUpProvider).
///
/// # Server-side rendering
///
/// Renders nothing.
#[component]
pub fn StepUpPrompt(props: &StepUpPromptProps) -> Html {
    let prompt = use_step_up_prompt();
    let dead_end = use_dead_end(prompt.is_some());
    let last_focus = use_last_focus();
    let (lang, dir) = (props.texts.lang().clone(), props.texts.dir().cloned());
    let Some(prompt) = prompt else {
        let Some(error) = (*dead_end).clone() else { return Html::default() };
        let close = Callback::from(move |()| dead_end.set(None));
        let drawn = screens::dead_end(&Key::from("dead-end"), &props.texts, &error, close.clone());
        return html! { <Dialog oncancel={close} screen="dead-end" {last_focus} {lang} {dir}>{ drawn }</Dialog> };
    };
    let stage = Stage::of(&prompt);
    let id = prompt.method().map(|method| method.id()).unwrap_or_default();
    let screen_id = AttrValue::from(format!("{:?}{stage:?}{id}", prompt.id));
    let oncancel = {
        let prompt = prompt.clone();
        Callback::from(move |()| prompt.cancel())
    };
    let (key, texts) = (Key::from(&*screen_id), &props.texts);
    let drawn = match (stage, &prompt.screen) {
        (Stage::Choose, PromptScreen::Choose { primary, others }) => {
            screens::choose(&key, texts, &prompt, primary.iter().chain(others))
        }
        (Stage::Captcha, _) => screens::captcha(&key, texts, &prompt, props.captcha.as_ref()),
        (Stage::Code | Stage::NoCode, _) => {
            html! { <CodeScreen {key} {prompt} texts={texts.clone()} /> }
        }
        (Stage::Start, PromptScreen::Verify(method)) => screens::start(&key, texts, &prompt, method),
        _ => screens::loading(&key, texts, &prompt),
    };
    html! {
        <Dialog {oncancel} screen={screen_id} {last_focus} {lang} {dir}>
            { drawn }
            if props.children != Html::default() {
                <div key="aside" data-step-up-part="aside">{ props.children.clone() }</div>
            }
        </Dialog>
    }
}

/// Why the last prompt could offer nothing, until the user has read it.
#[hook]
fn use_dead_end(is_drawing: bool) -> UseStateHandle<Option<StepUpError>> {
    let dead_end = use_state(|| None);
    let client = use_step_up_client();
    use_effect_with(client, {
        let dead_end = dead_end.setter();
        move |client| {
            let subscription = client.subscribe(move |event| {
                if let Event::PromptFailed(error) = event {
                    dead_end.set(Some(error.clone()));
                }
            });
            move || drop(subscription)
        }
    });
    use_effect_with(is_drawing, {
        let dead_end = dead_end.setter();
        move |is_drawing| {
            if *is_drawing {
                dead_end.set(None);
            }
        }
    });
    dead_end
}

/// Which screen is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Loading,
    Choose,
    /// A code is sent only after a captcha.
    Captcha,
    /// For a code that the user has, or that is on its way.
    Code,
    /// No code is on its way, because something went wrong.
    NoCode,
    /// Begins with a button.
    Start,
}

impl Stage {
    pub(crate) fn of(prompt: &PromptView) -> Self {
        let PromptScreen::Verify(method) = &prompt.screen else {
            let is_choice = matches!(prompt.screen, PromptScreen::Choose { .. });
            return if is_choice { Self::Choose } else { Self::Loading };
        };
        match method.kind {
            kind if !kind.has_code() => Self::Start,
            kind if !kind.is_sent() => Self::Code,
            _ if prompt.captcha_required => Self::Captcha,
            _ if prompt.otp_verification.is_none() && prompt.error.is_some() => Self::NoCode,
            _ => Self::Code,
        }
    }
}
