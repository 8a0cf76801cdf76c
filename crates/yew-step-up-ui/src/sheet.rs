//! What every screen looks like: a heading, what it is about, what to do, what went wrong, and the ways out.

use yew::prelude::*;
use yew_step_up::PromptHandle;

use crate::{
    icon,
    texts::{Phrase, Texts},
};

/// What every screen is given.
#[derive(Clone, Properties, PartialEq)]
pub(crate) struct ScreenProps {
    pub(crate) prompt: PromptHandle,
    pub(crate) texts: Texts,
}

#[derive(Properties, PartialEq)]
pub(crate) struct SheetProps {
    pub(crate) texts: Texts,
    /// Where there is one, it is what is left by the ways out.
    pub(crate) prompt: Option<PromptHandle>,
    /// Else this is the way out.
    #[prop_or_default]
    pub(crate) onclose: Callback<()>,
    /// Names it, for stylesheets.
    pub(crate) name: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) title: Option<AttrValue>,
    #[prop_or_default]
    pub(crate) text: Option<AttrValue>,
    /// The heading takes the focus, where nothing else is to.
    #[prop_or_default]
    pub(crate) has_focus: bool,
    /// Above what went wrong.
    #[prop_or_default]
    pub(crate) children: Html,
    #[prop_or_default]
    pub(crate) error: Option<AttrValue>,
    /// What happens, without being asked for.
    #[prop_or_default]
    pub(crate) status: Option<AttrValue>,
    /// Below what went wrong.
    #[prop_or_default]
    pub(crate) actions: Html,
    #[prop_or_default]
    pub(crate) onsubmit: Callback<()>,
}

#[component]
pub(crate) fn Sheet(props: &SheetProps) -> Html {
    let SheetProps { prompt, texts, .. } = props;
    let onsubmit = props.onsubmit.reform(|event: SubmitEvent| event.prevent_default());
    let others = prompt.clone().filter(|prompt| prompt.has_other_methods() && prompt.method().is_some());
    let others = others.map(|prompt| Callback::from(move |_: MouseEvent| prompt.show_methods()));
    let (leave, label) = match prompt.clone() {
        Some(prompt) => (Callback::from(move |_: MouseEvent| prompt.cancel()), Phrase::Cancel),
        None => (props.onclose.reform(|_: MouseEvent| ()), Phrase::Close),
    };
    let purposes = prompt.iter().flat_map(|prompt| &prompt.scopes);
    let purposes = purposes.filter_map(|scope| texts.say(Phrase::Purpose(scope)));
    html! {
        <form data-step-up-part="sheet" data-step-up-screen={props.name} novalidate=true {onsubmit}>
            <div data-step-up-part="head">
                <span data-step-up-part="icon">{ icon::draw(props.icon) }</span>
                <div id="step-up-purpose" data-step-up-part="purposes">
                    { for purposes.map(|purpose| html! { <p data-step-up-part="purpose">{ purpose }</p> }) }
                </div>
                <h2
                    id="step-up-title"
                    data-step-up-part="title"
                    tabindex="-1"
                    data-step-up-focus={props.has_focus.then_some("")}
                >
                    { props.title.clone() }
                </h2>
                <p id="step-up-text" data-step-up-part="text">{ props.text.clone() }</p>
            </div>
            { props.children.clone() }
            <p id="step-up-error" data-step-up-part="error" role="alert">{ props.error.clone() }</p>
            <p data-step-up-part="status" role="status">{ props.status.clone() }</p>
            { props.actions.clone() }
            <div data-step-up-part="foot">
                if let Some(onclick) = others {
                    <button type="button" data-step-up-part="other-method" {onclick}>
                        { texts.say(Phrase::OtherMethod) }
                    </button>
                }
                <button type="button" data-step-up-part="cancel" onclick={leave}>{ texts.say(label) }</button>
            </div>
        </form>
    }
}

/// The button of a screen. While it is busy it keeps the focus, and does nothing.
pub(crate) fn primary(label: Option<AttrValue>, is_busy: bool, has_focus: bool, press: Press) -> Html {
    let (kind, onclick) = match press {
        Press::Submits => ("submit", None),
        Press::Calls(onclick) => ("button", Some(onclick)),
    };
    let busy = is_busy.then_some("true");
    html! {
        <button
            type={kind}
            data-step-up-part="primary"
            data-step-up-focus={has_focus.then_some("")}
            aria-describedby="step-up-text"
            aria-disabled={busy}
            aria-busy={busy}
            onclick={onclick.filter(|_| !is_busy)}
        >
            <span data-step-up-part="label">{ label }</span>
        </button>
    }
}

/// What a press of the button does.
pub(crate) enum Press {
    Submits,
    Calls(Callback<MouseEvent>),
}
