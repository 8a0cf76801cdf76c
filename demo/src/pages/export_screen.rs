//! Shows the key, once somebody wants to see it.

use yew::prelude::*;
use yew_hooks::prelude::*;

use crate::{
    format::mask,
    ui::{focus::use_focus, icon::Key},
};

#[derive(Properties, PartialEq)]
pub(crate) struct ExportScreenProps {
    pub(crate) key_text: AttrValue,
    pub(crate) ondone: Callback<()>,
}

#[component]
pub(crate) fn ExportScreen(props: &ExportScreenProps) -> Html {
    let heading = use_focus();
    let is_shown = use_state(|| false);
    let clipboard = use_clipboard();
    let reveal = {
        let is_shown = is_shown.clone();
        Callback::from(move |_: MouseEvent| is_shown.set(!*is_shown))
    };
    let copy = {
        let (clipboard, key) = (clipboard.clone(), props.key_text.clone());
        Callback::from(move |_: MouseEvent| clipboard.write_text(key.to_string()))
    };
    let text = if *is_shown { props.key_text.to_string() } else { mask(&props.key_text) };
    html! {
        <section class="card" aria-labelledby="export-title" data-testid="export-screen">
            <div class="card-head">
                <span class="medal"><Key /></span>
                <div>
                    <h1 id="export-title" ref={heading} tabindex="-1">{ "Your private key" }</h1>
                    <p class="quiet">{ "Nobody who asks you for it means well." }</p>
                </div>
            </div>
            <output class={classes!("secret", "mono", is_shown.then_some("shown"))} data-testid="exported-key">{ text }</output>
            <div class="row">
                <button class="button" data-testid="reveal-key" onclick={reveal} aria-pressed={is_shown.to_string()}>
                    { if *is_shown { "Hide" } else { "Reveal" } }
                </button>
                <button class="button" data-testid="copy-key" onclick={copy}>
                    { if *clipboard.copied { "Copied" } else { "Copy" } }
                </button>
                <button class="button primary end" data-testid="export-done" onclick={props.ondone.reform(|_: MouseEvent| ())}>
                    <span class="label">{ "Done" }</span>
                </button>
            </div>
            <p class="field-note" aria-live="polite">
                { if *clipboard.copied { "It is in the clipboard now. Whatever reads the clipboard can have it." } else { "" } }
            </p>
        </section>
    }
}
