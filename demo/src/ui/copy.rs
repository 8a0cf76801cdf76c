//! A button that copies, and says so for a moment.

use yew::prelude::*;
use yew_hooks::prelude::*;

use super::icon::{Check, Copy};

/// How long it says that it has copied.
const MOMENT: u32 = 2_000;

#[derive(Properties, PartialEq)]
pub(crate) struct CopyButtonProps {
    pub(crate) text: AttrValue,
    pub(crate) test_id: AttrValue,
    /// Told when the text is in the clipboard.
    #[prop_or_default]
    pub(crate) oncopied: Callback<()>,
}

#[component]
pub(crate) fn CopyButton(props: &CopyButtonProps) -> Html {
    let clipboard = use_clipboard();
    let forget = {
        let copied = clipboard.copied.clone();
        use_timeout(move || copied.set(false), MOMENT)
    };
    let is_copied = *clipboard.copied;
    use_effect_with((is_copied, props.oncopied.clone()), move |(is_copied, oncopied)| {
        if *is_copied {
            oncopied.emit(());
            forget.reset();
        }
    });
    let onclick = {
        let (clipboard, text) = (clipboard.clone(), props.text.clone());
        Callback::from(move |_: MouseEvent| clipboard.write_text(text.to_string()))
    };
    html! {
        <button
            type="button"
            class="button"
            data-testid={props.test_id.clone()}
            {onclick}
            disabled={!*clipboard.is_supported}
        >
            { if is_copied { html! { <Check /> } } else { html! { <Copy /> } } }
            { if is_copied { "Copied" } else { "Copy" } }
        </button>
    }
}
