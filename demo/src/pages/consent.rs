//! What a social provider asks, where the sandbox in the page stands in for it.

use step_up_sandbox::page::{ConsentAnswer, ConsentForm, ConsentQuestion};
use web_sys::{HtmlInputElement, SubmitEvent};
use yew::prelude::*;
use yew_hooks::prelude::*;

use crate::{
    consent::{self, Desk},
    ui::{banner::Banner, button::PrimaryButton, icon::Person, spawn},
};

#[derive(Properties, PartialEq)]
pub(crate) struct ConsentProps {
    pub(crate) provider: AttrValue,
    pub(crate) query: AttrValue,
    /// Gives the sandbox of this window, where the one that opened it knows nothing of this.
    pub(crate) here: Callback<(), Result<Desk, String>>,
}

#[derive(Clone)]
enum Step {
    Loading,
    Asking(Desk, ConsentForm),
    Done(bool),
    Refused(String),
}

#[component]
pub(crate) fn Consent(props: &ConsentProps) -> Html {
    let step = use_state(|| Step::Loading);
    let is_busy = use_state(|| false);
    use_title("Sign in".into());
    use_effect_with((), {
        let (step, here) = (step.clone(), props.here.clone());
        let open = ConsentQuestion::open(&props.provider, &props.query);
        move |()| spawn(async move { step.set(opened(&open, &here).await) })
    });
    let decide = {
        let (step, is_busy, provider) = (step.clone(), is_busy.clone(), props.provider.clone());
        Callback::from(move |(account, is_granted): (String, bool)| {
            let Step::Asking(desk, form) = &*step else { return };
            let question = ConsentQuestion::decide(&provider, &form.ticket, &account, is_granted);
            let (step, is_busy, desk) = (step.clone(), is_busy.clone(), desk.clone());
            is_busy.set(true);
            spawn(async move {
                let answer = desk.ask(&question).await;
                step.set(followed(desk, answer));
                is_busy.set(false);
            });
        })
    };
    let content = match &*step {
        Step::Loading => {
            html! { <section class="card" aria-busy="true"><p class="quiet">{ "Just a moment…" }</p></section> }
        }
        Step::Asking(_, form) => html! { <Form form={form.clone()} {decide} is_busy={*is_busy} /> },
        Step::Done(is_granted) => html! {
            <section class="card" aria-live="polite">
                <h1>{ if *is_granted { "Signed in" } else { "Not signed in" } }</h1>
                <p data-testid="consent-done">{ "You can close this window and go back to the app." }</p>
            </section>
        },
        Step::Refused(why) => html! {
            <>
                <h1>{ "Sign in" }</h1>
                <Banner test_id="consent-refused" title="This does not work" text={why.clone()}>
                    <p class="quiet">{ "Close this window and begin again in the app." }</p>
                </Banner>
            </>
        },
    };
    html! { <main class="refused">{ content }</main> }
}

/// The opener is asked first: a popup's own sandbox is a copy.
async fn opened(open: &ConsentQuestion, here: &Callback<(), Result<Desk, String>>) -> Step {
    if let Some(desk) = Desk::opener() {
        let answer = desk.ask(open).await;
        if !matches!(answer, ConsentAnswer::Refuse(_)) {
            return followed(desk, answer);
        }
    }
    match here.emit(()) {
        Ok(desk) => {
            let answer = desk.ask(open).await;
            followed(desk, answer)
        }
        Err(why) => Step::Refused(why),
    }
}

fn followed(desk: Desk, answer: ConsentAnswer) -> Step {
    match answer {
        ConsentAnswer::Ask(form) => Step::Asking(desk, form),
        ConsentAnswer::Leave(url) if consent::leave(&url) => Step::Loading,
        ConsentAnswer::Tell { message, target_origin } => {
            consent::tell(&message, target_origin.as_deref());
            Step::Done(message.get("error").is_none())
        }
        ConsentAnswer::Refuse(why) => Step::Refused(why),
        _ => Step::Refused("The way back is not open.".into()),
    }
}

#[derive(Properties, PartialEq)]
struct FormProps {
    form: ConsentForm,
    decide: Callback<(String, bool)>,
    is_busy: bool,
}

#[component]
fn Form(props: &FormProps) -> Html {
    let ConsentForm { provider_name, app_name, accounts, problem, .. } = &props.form;
    let input = use_node_ref();
    let account = {
        let input = input.clone();
        move || input.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default()
    };
    let onsubmit = {
        let decide = props.decide.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            decide.emit((account(), true));
        })
    };
    let refuse = props.decide.reform(|_: MouseEvent| (String::new(), false));
    let first = accounts.first().map(|account| account.label().to_owned()).unwrap_or_default();
    html! {
        <section class="card" aria-labelledby="consent-title">
            <div class="card-head">
                <span class="medal"><Person /></span>
                <div>
                    <h1 id="consent-title">{ format!("Sign in with {provider_name}") }</h1>
                    <p class="quiet">{ format!("{app_name} asks who you are at {provider_name}.") }</p>
                </div>
            </div>
            <form class="stack" {onsubmit}>
                <label class="field">
                    { format!("Your {provider_name} account") }
                    <input
                        ref={input}
                        name="account"
                        list="consent-accounts"
                        value={first}
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        maxlength="100"
                        aria-describedby="consent-problem consent-hint"
                        data-testid="consent-account"
                    />
                </label>
                <datalist id="consent-accounts">
                    { for accounts.iter().map(|it| html! { <option value={it.label().to_owned()}>{ &it.username }</option> }) }
                </datalist>
                <p id="consent-problem" class="field-note error" aria-live="assertive">{ problem.clone().unwrap_or_default() }</p>
                <div class="row">
                    <PrimaryButton test_id="consent-continue" label="Continue" is_busy={props.is_busy} />
                    <button type="button" class="button" data-testid="consent-refuse" onclick={refuse} disabled={props.is_busy}>
                        { "Refuse" }
                    </button>
                </div>
            </form>
            <p id="consent-hint" class="quiet">
                { format!("This is not {provider_name}, but the sandbox in its place. Any name or email address is an account here.") }
            </p>
        </section>
    }
}
