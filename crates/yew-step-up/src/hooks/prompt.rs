//! `use_step_up_prompt`

use std::{fmt, ops::Deref, rc::Rc};

use step_up_core::{Prompt, PromptMethod, PromptView, Prompter};
use yew::{platform::spawn_local, prelude::*};

use super::{Cleanup, Concern, use_concern, use_step_up_client};

/// The prompt that waits, for whoever draws it. Derefs to [`PromptView`], as it was at this render.
///
/// What its methods begin goes on by itself, and shows in the next render: nothing has to be awaited. Once the prompt is
/// over they do nothing.
#[derive(Clone)]
pub struct PromptHandle {
    /// As of this render.
    view: Rc<PromptView>,
    prompt: Prompt,
}

impl Deref for PromptHandle {
    type Target = PromptView;

    fn deref(&self) -> &PromptView {
        &self.view
    }
}

impl PartialEq for PromptHandle {
    fn eq(&self, other: &Self) -> bool {
        self.prompt == other.prompt && self.view == other.view
    }
}

impl fmt::Debug for PromptHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PromptHandle").field(&self.view).finish()
    }
}

impl PromptHandle {
    fn new(prompt: Prompt) -> Option<Self> {
        Some(Self { view: Rc::new(prompt.view()?), prompt })
    }

    /// The user verifies with this method, one of [`methods`](PromptView::methods).
    pub fn choose(&self, method: &PromptMethod) {
        self.prompt.choose(method);
    }

    /// Offers every method: "use another method". The scopes stay as they are.
    pub fn show_methods(&self) {
        self.prompt.show_methods();
    }

    /// Sends a code to the chosen email address or phone number, in place of the one before.
    pub fn send(&self) {
        run(self.prompt.send());
    }

    /// Sends the code that waits for a captcha ([`captcha_required`](PromptView::captcha_required)), with its answer.
    pub fn submit_captcha_token(&self, token: &str) {
        run(self.prompt.submit_captcha_token(token));
    }

    /// Verifies with a code: one that was sent, one of an authenticator app, or a recovery code.
    pub fn submit_code(&self, code: &str) {
        run(self.prompt.submit_code(code));
    }

    /// Starts a passkey, a wallet or a social account. Call it in the click: browsers block popups elsewhere, and wallets ask
    /// the user. A passkey may also be started when its screen appears, while [`error`](PromptView::error) is empty.
    pub fn start(&self) {
        run(self.prompt.start());
    }

    /// The user wants none of it: whoever waits gets [`Cancelled`](step_up_core::StepUpError::Cancelled).
    pub fn cancel(&self) {
        self.prompt.cancel();
    }
}

/// Runs to its end. How it ends is in the prompt's view, and told to whoever waits.
fn run<T: 'static>(work: impl Future<Output = T> + 'static) {
    spawn_local(async move {
        work.await;
    });
}

/// The prompt that waits now, for the component that draws prompts; `None` where there is none, or where another
/// component that was mounted later draws. Prompts are asked for by
/// [`prompt_step_up_auth`](crate::UseStepUpAuthenticationHandle::prompt_step_up_auth) and its like, and by
/// `use_step_up_action`.
///
/// When the last component that draws is unmounted, whoever waits gets [`Cancelled`](crate::StepUpError::Cancelled).
///
/// ```
/// use web_sys::HtmlInputElement;
/// use yew::prelude::*;
/// use yew_step_up::{PromptHandle, PromptMethodKind, PromptScreen, use_step_up_prompt};
///
/// #[component]
/// fn StepUpDialog() -> Html {
///     let Some(prompt) = use_step_up_prompt() else { return html! {} };
///     let cancel = { let prompt = prompt.clone(); move |_: MouseEvent| prompt.cancel() };
///     let screen = match &prompt.screen {
///         PromptScreen::Choose { primary, others } => html! {
///             { for primary.iter().chain(others).map(|method| {
///                 let (prompt, chosen) = (prompt.clone(), method.clone());
///                 let name = method.label.clone().unwrap_or_else(|| format!("{:?}", method.kind));
///                 html! { <button key={method.id()} onclick={move |_| prompt.choose(&chosen)}>{ name }</button> }
///             }) }
///         },
///         // A new screen for each method: it sends the first code when it appears.
///         PromptScreen::Verify(method) if method.kind.has_code() =>
///             html! { <CodeScreen key={method.id()} prompt={prompt.clone()} is_sent={method.kind.is_sent()} /> },
///         PromptScreen::Verify(_) => {
///             let (prompt, is_loading) = (prompt.clone(), prompt.is_loading);
///             html! { <button onclick={move |_| prompt.start()} disabled={is_loading}>{ "Continue" }</button> }
///         }
///         _ => html! { { "One moment…" } },
///     };
///     html! {
///         <div role="dialog">
///             { screen }
///             if let Some(error) = &prompt.error { <p role="alert">{ error.to_string() }</p> }
///             <button onclick={cancel}>{ "Cancel" }</button>
///         </div>
///     }
/// }
///
/// #[derive(Properties, PartialEq)]
/// struct CodeScreenProps { prompt: PromptHandle, is_sent: bool }
///
/// #[component]
/// fn CodeScreen(props: &CodeScreenProps) -> Html {
///     let (prompt, field) = (props.prompt.clone(), use_node_ref());
///     use_effect_with((), {
///         let (prompt, is_sent) = (prompt.clone(), props.is_sent);
///         move |()| if is_sent && prompt.otp_verification.is_none() { prompt.send() }
///     });
///     let submit = { let (prompt, field) = (prompt.clone(), field.clone()); move |event: SubmitEvent| {
///         event.prevent_default();
///         let Some(input) = field.cast::<HtmlInputElement>() else { return };
///         prompt.submit_code(&input.value());
///     }};
///     let disabled = prompt.is_loading;
///     // A void code is gone: there is nothing to type until another is sent.
///     let is_waiting = !props.is_sent || prompt.otp_verification.is_some();
///     let resend = move |_: MouseEvent| prompt.send();
///     html! {
///         <form onsubmit={submit}>
///             if is_waiting {
///                 <input ref={field} autocomplete="one-time-code" inputmode="numeric" />
///                 <button {disabled}>{ "Verify" }</button>
///             }
///             if props.is_sent {
///                 <button type="button" onclick={resend} {disabled}>{ "Send a new code" }</button>
///             }
///         </form>
///     }
/// }
/// ```
///
/// # Panics
///
/// Outside a [`StepUpProvider`](crate::StepUpProvider).
///
/// # Server-side rendering
///
/// Nobody waits.
#[hook]
pub fn use_step_up_prompt() -> Option<PromptHandle> {
    let client = use_step_up_client();
    let render = use_force_update();
    let mounted = use_mut_ref(|| None::<Prompter>);
    let concern = Concern::client(&client);
    let mount = {
        let mounted = Rc::clone(&mounted);
        move || -> Cleanup {
            let on_change = render.clone();
            let prompter = client.mount_prompter(move || on_change.force_update());
            // A prompt may have waited for this.
            let is_needed = prompter.prompt().is_some();
            mounted.replace(Some(prompter));
            if is_needed {
                render.force_update();
            }
            Box::new(move || {
                let gone = mounted.take();
                drop(gone);
            })
        }
    };
    use_concern(concern, Box::new(mount));
    let prompt = mounted.borrow().as_ref().and_then(Prompter::prompt);
    prompt.and_then(PromptHandle::new)
}
