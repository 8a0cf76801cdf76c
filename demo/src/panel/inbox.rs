//! The codes that were sent.

use yew::prelude::*;
use yew_hooks::prelude::*;
use yew_step_up::{Result, Timestamp};

use crate::{
    control::{Control, Message},
    format::time_of_day,
    ui::{autofill::fill_in, spawn},
};

/// How many are shown.
const NEWEST: usize = 4;

/// How long a letter says what became of its code.
const MOMENT: u32 = 2_000;

/// The messages, newest first; looked at anew whenever `seen` changes.
#[hook]
pub(super) fn use_inbox(control: &Control, seen: usize, ondone: &Callback<Result<()>>) -> Vec<Message> {
    let messages = use_state(Vec::<Message>::new);
    let (setter, ondone) = (messages.setter(), ondone.clone());
    use_effect_with((control.clone(), seen), move |(control, _)| {
        let control = control.clone();
        spawn(async move {
            match control.inbox().await {
                Ok(inbox) => setter.set(inbox),
                Err(error) => ondone.emit(Err(error)),
            }
        });
    });
    (*messages).clone()
}

#[derive(Properties, PartialEq)]
pub(super) struct InboxProps {
    pub(super) messages: Vec<Message>,
    /// Told when a code went into the page's field.
    pub(super) onfilled: Callback<()>,
}

#[component]
pub(super) fn Inbox(props: &InboxProps) -> Html {
    html! {
        <section class="part" aria-labelledby="inbox-title">
            <div class="part-head">
                <h3 id="inbox-title">{ "Inbox" }</h3>
                <span class="quiet">{ "Press a code to use it" }</span>
            </div>
            if props.messages.is_empty() {
                <p class="empty quiet">{ "No code was sent yet." }</p>
            }
            <ul class="letters" aria-live="polite">
                { for props.messages.iter().take(NEWEST).map(|message| html! {
                    <Letter
                        key={format!("{}{}", message.sent_at, message.code)}
                        message={message.clone()}
                        onfilled={props.onfilled.clone()}
                    />
                }) }
            </ul>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct LetterProps {
    message: Message,
    onfilled: Callback<()>,
}

#[component]
fn Letter(props: &LetterProps) -> Html {
    let clipboard = use_clipboard();
    let became = use_state(|| "");
    let forget = {
        let became = became.setter();
        use_timeout(move || became.set(""), MOMENT)
    };
    let onclick = {
        let (clipboard, became, code) = (clipboard.clone(), became.clone(), props.message.code.clone());
        let onfilled = props.onfilled.clone();
        Callback::from(move |_: MouseEvent| {
            if fill_in(&code) {
                became.set("filled in");
                onfilled.emit(());
            } else {
                clipboard.write_text(code.clone());
                became.set("copied");
            }
            forget.reset();
        })
    };
    let time = sent_at(&props.message);
    html! {
        <li class="letter">
            <button class="code mono" {onclick} title="Fill it in, or copy it">
                <span data-testid="inbox-code">{ &props.message.code }</span>
            </button>
            <span class="ellipsis">
                <span class="ellipsis">{ &props.message.to }</span>
                <span class="quiet">{ time }</span>
            </span>
            if !became.is_empty() { <span class="badge good end">{ *became }</span> }
        </li>
    }
}

fn sent_at(message: &Message) -> String {
    let millis = js_sys::Date::parse(&message.sent_at);
    // What is no time is not shown.
    #[allow(clippy::cast_possible_truncation)]
    if millis.is_nan() { String::new() } else { time_of_day(Timestamp::from_millis(millis as i64)) }
}
