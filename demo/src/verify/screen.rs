//! What all screens of the prompt have in common.

use yew::prelude::*;
use yew_step_up::{Result, TokenScope, UseStepUpAuthenticationHandle, Verified};

use crate::ui::spawn;

/// What a screen is given.
#[derive(Properties, PartialEq)]
pub(crate) struct ScreenProps {
    pub(crate) step_up: UseStepUpAuthenticationHandle,
    pub(crate) scopes: Vec<TokenScope>,
    pub(crate) onverified: Callback<()>,
    /// Leads to the other methods, where there are any.
    pub(crate) onother: Option<Callback<()>>,
    pub(crate) oncancel: Callback<()>,
}

/// Waits for a verification, and goes on if it brought the token. What went wrong is in the hook's state.
pub(crate) fn follow(
    verification: impl Future<Output = Result<Verified>> + 'static,
    onverified: Callback<()>,
) {
    spawn(async move {
        if verification.await.is_ok() {
            onverified.emit(());
        }
    });
}

impl ScreenProps {
    /// What went wrong, for people.
    pub(crate) fn error(&self) -> Option<AttrValue> {
        self.step_up.error.as_ref().map(|error| AttrValue::from(error.to_string()))
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct FrameProps {
    /// Begins the screen's ids.
    pub(crate) name: AttrValue,
    pub(crate) icon: Html,
    pub(crate) hint: AttrValue,
    #[prop_or_default]
    pub(crate) error: Option<AttrValue>,
    #[prop_or_default]
    pub(crate) onother: Option<Callback<()>>,
    pub(crate) oncancel: Callback<()>,
    pub(crate) children: Html,
    /// Beside *Cancel*.
    #[prop_or_default]
    pub(crate) aside: Html,
    /// Takes the focus when the screen appears, where no field does.
    #[prop_or_default]
    pub(crate) heading: NodeRef,
}

/// A card that asks, with what went wrong below the question, and the ways out.
#[component]
pub(crate) fn Frame(props: &FrameProps) -> Html {
    let name = &props.name;
    let onkeydown = {
        let oncancel = props.oncancel.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                oncancel.emit(());
            }
        })
    };
    html! {
        <section class="card" aria-labelledby={format!("{name}-title")} {onkeydown}>
            <div class="card-head">
                <span class="medal">{ props.icon.clone() }</span>
                <div>
                    <h1 id={format!("{name}-title")} ref={props.heading.clone()} tabindex="-1">{ "Is it still you?" }</h1>
                    <p class="quiet" aria-live="polite" data-testid={format!("{name}-hint")}>{ props.hint.clone() }</p>
                </div>
            </div>
            { props.children.clone() }
            <p
                id={format!("{name}-error")}
                class="field-note error"
                aria-live="assertive"
                data-testid={format!("{name}-error")}
            >
                { props.error.clone() }
            </p>
            <div class="row">
                { props.aside.clone() }
                if let Some(onother) = &props.onother {
                    <button
                        type="button"
                        class="button link"
                        data-testid="other-method"
                        onclick={onother.reform(|_: MouseEvent| ())}
                    >
                        { "Another way" }
                    </button>
                }
                <button
                    type="button"
                    class="button ghost end"
                    data-testid={format!("{name}-cancel")}
                    onclick={props.oncancel.reform(|_: MouseEvent| ())}
                >
                    { "Cancel" }
                </button>
            </div>
        </section>
    }
}
