//! Asks for a code: one that is sent, one of an authenticator app, or a recovery code.

use yew::{prelude::*, virtual_dom::Key};
use yew_step_up::{PromptHandle, PromptMethodKind, PromptView, StepUpError};

use crate::{
    code::{CodeField, Form},
    icon,
    prompt::Stage,
    sheet::{Press, Sheet, primary},
    texts::{Phrase, Texts},
    wait::use_wait,
};

#[derive(Properties, PartialEq)]
pub(crate) struct CodeScreenProps {
    pub(crate) prompt: PromptHandle,
    pub(crate) texts: Texts,
}

#[component]
pub(crate) fn CodeScreen(props: &CodeScreenProps) -> Html {
    let CodeScreenProps { prompt, texts } = props;
    let code = use_state(String::new);
    // What was to be confirmed, and had digits missing.
    let incomplete = use_state(|| None::<String>);
    let left = use_wait(prompt);
    use_effect_with((), {
        let prompt = prompt.clone();
        move |()| {
            // Whatever was sent, is being sent or has failed is not sent again because a screen appears again.
            let is_new = prompt.otp_verification.is_none() && !prompt.is_loading && prompt.error.is_none();
            if is_new && prompt.method().is_some_and(|method| method.kind.is_sent()) {
                prompt.send();
            }
        }
    });
    let is_stopped = Stage::of(prompt) == Stage::NoCode;
    let Some(method) = prompt.method() else { return Html::default() };
    let is_sent = method.kind.is_sent();
    let form = if method.kind == PromptMethodKind::RecoveryCode { Form::Words } else { Form::Digits };
    let submit = {
        let (prompt, can_submit) = (prompt.clone(), can_submit(prompt, is_sent));
        let incomplete = incomplete.setter();
        Callback::from(move |code: String| match code.trim() {
            // Each try counts, so what cannot be right is none.
            typed if can_submit && form.is_complete(typed) => {
                incomplete.set(None);
                prompt.submit_code(typed);
            }
            _ if can_submit => incomplete.set(Some(code)),
            _ => {}
        })
    };
    // An empty field is what a wrong code leaves: that it was wrong is more to know.
    let says_more = code.is_empty() && prompt.error.is_some();
    let is_incomplete = !says_more && incomplete.as_ref() == Some(&*code);
    let send = {
        let (prompt, incomplete) = (prompt.clone(), incomplete.setter());
        Callback::from(move |_: MouseEvent| {
            incomplete.set(None);
            prompt.send();
        })
    };
    let send_label = || if left > 0 { Phrase::SendIn(left) } else { Phrase::Send };
    let is_waiting = left > 0 || prompt.is_loading;
    let field = if is_stopped {
        Html::default()
    } else {
        html! {
            <CodeField
                {form}
                label={texts.say(Phrase::Code(method.kind)).unwrap_or_default()}
                code={code.clone()}
                oncomplete={submit.clone()}
                is_busy={prompt.is_loading && (prompt.otp_verification.is_some() || !is_sent)}
                {is_incomplete}
                error={prompt.error.clone()}
            />
        }
    };
    let actions = if is_stopped {
        primary(texts.say(send_label()), is_waiting, true, Press::Calls(send))
    } else {
        let verify = primary(texts.say(Phrase::Verify), prompt.is_loading, false, Press::Submits);
        let again = is_sent.then(|| {
            let waits = is_waiting.then_some("true");
            html! {
                <button
                    type="button"
                    data-step-up-part="resend"
                    aria-disabled={waits}
                    onclick={Some(send).filter(|_| !is_waiting)}
                >
                    { texts.say(send_label()) }
                </button>
            }
        });
        html! { <>{ verify }{ again }</> }
    };
    let text = match (is_stopped, &prompt.otp_verification) {
        (true, _) => Phrase::NotSent,
        (false, None) if is_sent => Phrase::Sending(method),
        _ => Phrase::Text(method),
    };
    let error = prompt.error.as_ref().map(|error| texts.error(error));
    let (name, icon) = (icon::name(method.kind), icon::of(method.kind));
    Sheet {
        text: texts.say(text),
        body: field,
        error: if is_incomplete { texts.say(Phrase::Incomplete(method.kind)) } else { error },
        actions,
        onsubmit: submit.reform(move |()| (*code).clone()),
        // This component has the key.
        ..Sheet::new(&Key::from("code"), texts, Some(prompt), name, icon, Phrase::Title(method))
    }
    .draw()
}

fn can_submit(prompt: &PromptView, is_sent: bool) -> bool {
    !prompt.is_loading && (!is_sent || prompt.otp_verification.is_some())
}

/// Whether the code that is typed is of no more use.
pub(crate) fn is_spent(error: &StepUpError) -> bool {
    matches!(
        error,
        StepUpError::InvalidCode { .. }
            | StepUpError::CodeExpired
            | StepUpError::TooManyAttempts
            | StepUpError::UnknownVerification
            | StepUpError::NotElevated(_)
    )
}
