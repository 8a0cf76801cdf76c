//! Shows the key, once somebody wants to see it.

use yew::prelude::*;

use crate::{
    format::mask,
    ui::{
        copy::CopyButton,
        focus::use_focus,
        icon::{Eye, Key, Shut, Warning},
    },
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
    let is_copied = use_state(|| false);
    let reveal = {
        let is_shown = is_shown.clone();
        Callback::from(move |_: MouseEvent| is_shown.set(!*is_shown))
    };
    let oncopied = {
        let is_copied = is_copied.setter();
        use_callback((), move |(), ()| is_copied.set(true))
    };
    let text = if *is_shown { props.key_text.to_string() } else { mask(&props.key_text) };
    html! {
        <section class="card" aria-labelledby="export-title" data-testid="export-screen">
            <div class="card-head">
                <span class="medal gold"><Key /></span>
                <div>
                    <h1 id="export-title" ref={heading} tabindex="-1">{ "Your private key" }</h1>
                    <p class="quiet">{ "It is gone from this page when you are done." }</p>
                </div>
            </div>
            <output class={classes!("secret", "mono", is_shown.then_some("shown"))} data-testid="exported-key">{ text }</output>
            <div class="row">
                <button class="button" data-testid="reveal-key" onclick={reveal} aria-pressed={is_shown.to_string()}>
                    { if *is_shown { html! { <Shut /> } } else { html! { <Eye /> } } }
                    { if *is_shown { "Hide" } else { "Reveal" } }
                </button>
                <CopyButton test_id="copy-key" text={props.key_text.clone()} {oncopied} />
                <button class="button primary" data-testid="export-done" onclick={props.ondone.reform(|_: MouseEvent| ())}>
                    <span class="label">{ "Done" }</span>
                </button>
            </div>
            <p class="callout" aria-live="polite">
                <Warning />
                <span>
                    { if *is_copied {
                        "It is in the clipboard now, where other programs can read it. Copy something else when you are done."
                    } else {
                        "Whoever has this key has the wallet, for good. Nobody who asks you for it means well."
                    } }
                </span>
            </p>
        </section>
    }
}
