//! Asks which way the user wants to verify.

use yew::prelude::*;

use super::{Method, screen::Frame};
use crate::ui::{focus::use_focus, icon::Person};

#[derive(Properties, PartialEq)]
pub(crate) struct ChooserProps {
    /// What the server would choose comes first.
    pub(crate) methods: Vec<Method>,
    pub(crate) onchoose: Callback<Method>,
    pub(crate) oncancel: Callback<()>,
}

#[component]
pub(crate) fn Chooser(props: &ChooserProps) -> Html {
    let heading = use_focus();
    html! {
        <Frame
            name="chooser"
            icon={html! { <Person /> }}
            hint="Choose how you want to show it."
            oncancel={props.oncancel.clone()}
            {heading}
        >
            <div class="choices">
                { for props.methods.iter().enumerate().map(|(at, method)| {
                    let chosen = method.clone();
                    html! {
                        <button
                            type="button"
                            class={classes!("button", (at == 0).then_some("primary"))}
                            data-testid={method.test_id()}
                            onclick={props.onchoose.reform(move |_: MouseEvent| chosen.clone())}
                        >
                            <span class="label">{ method.label() }</span>
                        </button>
                    }
                }) }
            </div>
        </Frame>
    }
}
