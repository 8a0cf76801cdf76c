//! A button that has to be waited for.

use yew::prelude::*;
use yew_hooks::prelude::*;

/// How long a code has to be waited for before another can be asked for.
const PAUSE: u32 = 30;

#[derive(Properties, PartialEq)]
pub(crate) struct ResendProps {
    pub(crate) test_id: AttrValue,
    pub(crate) onclick: Callback<MouseEvent>,
    /// Starts the wait anew whenever it changes.
    pub(crate) sent: AttrValue,
}

#[component]
pub(crate) fn Resend(props: &ResendProps) -> Html {
    let left = use_state(|| PAUSE);
    {
        let left = left.clone();
        use_effect_with(props.sent.clone(), move |_| left.set(PAUSE));
    }
    {
        let left = left.clone();
        let millis = if *left > 0 { 1_000 } else { 0 };
        use_interval(move || left.set(left.saturating_sub(1)), millis);
    }
    let is_waiting = *left > 0;
    html! {
        <button
            type="button"
            class="button link"
            data-testid={props.test_id.clone()}
            onclick={props.onclick.clone()}
            disabled={is_waiting}
        >
            { if is_waiting { format!("New code in {} s", *left) } else { "Send a new code".into() } }
        </button>
    }
}
