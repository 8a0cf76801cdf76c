//! The main button of a screen. It keeps its size while it is busy.

use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct PrimaryButtonProps {
    pub(crate) label: AttrValue,
    pub(crate) test_id: AttrValue,
    #[prop_or_default]
    pub(crate) onclick: Option<Callback<MouseEvent>>,
    #[prop_or_default]
    pub(crate) is_busy: bool,
}

#[component]
pub(crate) fn PrimaryButton(props: &PrimaryButtonProps) -> Html {
    html! {
        <button
            class={classes!("button", "primary", props.is_busy.then_some("busy"))}
            data-testid={props.test_id.clone()}
            onclick={props.onclick.clone()}
            disabled={props.is_busy}
            aria-busy={props.is_busy.to_string()}
        >
            <span class="label">{ props.label.clone() }</span>
        </button>
    }
}
