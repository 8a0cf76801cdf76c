//! The codes that were sent.

use yew::prelude::*;
use yew_hooks::prelude::*;

use super::PartProps;
use crate::{control::Message, ui::spawn};

/// How many are shown.
const NEWEST: usize = 4;

#[component]
pub(super) fn Inbox(props: &PartProps) -> Html {
    let messages = use_state(Vec::<Message>::new);
    {
        let (messages, ondone) = (messages.setter(), props.ondone.clone());
        use_effect_with((props.control.clone(), props.seen), move |(control, _)| {
            let control = control.clone();
            spawn(async move {
                match control.inbox().await {
                    Ok(inbox) => messages.set(inbox),
                    Err(error) => ondone.emit(Err(error)),
                }
            });
        });
    }
    html! {
        <section class="part" aria-labelledby="inbox-title">
            <h3 id="inbox-title">{ "Inbox" }</h3>
            if messages.is_empty() {
                <p class="quiet">{ "No code was sent yet." }</p>
            }
            <ul class="list" aria-live="polite">
                { for messages.iter().take(NEWEST).map(|message| html! { <Letter message={message.clone()} /> }) }
            </ul>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct LetterProps {
    message: Message,
}

#[component]
fn Letter(props: &LetterProps) -> Html {
    let clipboard = use_clipboard();
    let copy = {
        let (clipboard, code) = (clipboard.clone(), props.message.code.clone());
        Callback::from(move |_: MouseEvent| clipboard.write_text(code.clone()))
    };
    html! {
        <li class="item">
            <button class="code mono" onclick={copy} title="Copy"><span data-testid="inbox-code">{ &props.message.code }</span></button>
            <span class="quiet ellipsis">{ &props.message.to }</span>
            if *clipboard.copied { <span class="badge good end">{ "copied" }</span> }
        </li>
    }
}
