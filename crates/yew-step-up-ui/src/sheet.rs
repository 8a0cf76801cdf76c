//! What every screen looks like: a heading, what it is about, what to do, what went wrong, and the ways out.

use yew::{prelude::*, virtual_dom::Key};
use yew_step_up::PromptHandle;

use crate::{
    icon,
    texts::{Phrase, Texts},
};

/// What a screen says and does. Screens that keep nothing are functions that make one, not components: each component is
/// two kilobytes in the page.
pub(crate) struct Sheet {
    pub(crate) key: Key,
    pub(crate) texts: Texts,
    /// Where there is one, it is what is left by the ways out.
    pub(crate) prompt: Option<PromptHandle>,
    /// Else this is the way out.
    pub(crate) onclose: Callback<()>,
    /// Names it, for stylesheets.
    pub(crate) name: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) title: Option<AttrValue>,
    pub(crate) text: Option<AttrValue>,
    /// The heading takes the focus, where nothing else is to.
    pub(crate) has_focus: bool,
    /// Above what went wrong.
    pub(crate) body: Html,
    pub(crate) error: Option<AttrValue>,
    /// What happens, without being asked for.
    pub(crate) status: Option<AttrValue>,
    /// Below what went wrong.
    pub(crate) actions: Html,
    pub(crate) onsubmit: Callback<()>,
}

impl Sheet {
    /// An empty one. `key` tells it from the screens before and after it.
    pub(crate) fn new(
        key: &Key,
        texts: &Texts,
        prompt: Option<&PromptHandle>,
        name: &'static str,
        icon: &'static str,
        title: Phrase<'_>,
    ) -> Self {
        Self {
            key: key.clone(),
            texts: texts.clone(),
            prompt: prompt.cloned(),
            onclose: Callback::noop(),
            name,
            icon,
            title: texts.say(title),
            text: None,
            has_focus: false,
            body: Html::default(),
            error: None,
            status: None,
            actions: Html::default(),
            onsubmit: Callback::noop(),
        }
    }

    pub(crate) fn draw(self) -> Html {
        let Self { prompt, texts, .. } = self;
        let onsubmit = self.onsubmit.reform(|event: SubmitEvent| event.prevent_default());
        let others = prompt.clone().filter(|prompt| prompt.has_other_methods() && prompt.method().is_some());
        let others = others.map(|prompt| Callback::from(move |_: MouseEvent| prompt.show_methods()));
        let purposes = prompt.iter().flat_map(|prompt| &prompt.scopes);
        let purposes: Html = purposes
            .filter_map(|scope| texts.say(Phrase::Purpose(scope)))
            .map(|purpose| html! { <p data-step-up-part="purpose">{ purpose }</p> })
            .collect();
        let (leave, label) = match prompt {
            Some(prompt) => (Callback::from(move |_: MouseEvent| prompt.cancel()), Phrase::Cancel),
            None => (self.onclose.reform(|_: MouseEvent| ()), Phrase::Close),
        };
        html! {
            <form
                key={self.key}
                data-step-up-part="sheet"
                data-step-up-screen={self.name}
                novalidate=true
                {onsubmit}
            >
                <div data-step-up-part="head">
                    <span data-step-up-part="icon">{ icon::draw(self.icon) }</span>
                    <div id="step-up-purpose" data-step-up-part="purposes">{ purposes }</div>
                    <h2
                        id="step-up-title"
                        data-step-up-part="title"
                        tabindex="-1"
                        data-step-up-focus={self.has_focus.then_some("")}
                    >
                        { self.title }
                    </h2>
                    <p id="step-up-text" data-step-up-part="text">{ self.text }</p>
                </div>
                { self.body }
                <p id="step-up-error" data-step-up-part="error" role="alert">{ self.error }</p>
                <p data-step-up-part="status" role="status">{ self.status }</p>
                { self.actions }
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
