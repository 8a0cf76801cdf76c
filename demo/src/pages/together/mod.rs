//! Ten buttons at once: who asks for the same at the same time shares a check and a prompt, and each gets an answer.

mod call;
mod call_button;
mod requests;

use std::rc::Rc;

use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use self::{
    call::Call,
    call_button::{CallButton, Status},
    requests::Requests,
};
use super::source::SourceFile;
use crate::{
    control::Control,
    event_log::EventLog,
    ui::{button::PrimaryButton, focus::use_focus, icon::Copy, spawn},
};

/// What the page runs on.
pub(crate) const SOURCE: &[SourceFile] = &[
    SourceFile { name: "together/call_button.rs", text: include_str!("call_button.rs") },
    SourceFile { name: "together/call.rs", text: include_str!("call.rs") },
    SourceFile { name: "together/mod.rs", text: include_str!("mod.rs") },
];

const COUNT: usize = 10;

/// Where each button stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Board([Status; COUNT]);

impl Reducible for Board {
    type Action = (usize, Status);

    fn reduce(self: Rc<Self>, (number, status): Self::Action) -> Rc<Self> {
        let mut board = *self;
        if let Some(place) = number.checked_sub(1).and_then(|at| board.0.get_mut(at)) {
            *place = status;
        }
        Rc::new(board)
    }
}

impl Board {
    fn count(self, status: Status) -> usize {
        self.0.into_iter().filter(|it| *it == status).count()
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct TogetherProps {
    pub(crate) log: EventLog,
}

#[component]
pub(crate) fn Together(props: &TogetherProps) -> Html {
    let heading = use_focus();
    let control = use_context::<Option<Control>>().flatten();
    let call = use_state(|| Call::Rename);
    let round = use_state(|| 0_u32);
    // The last request before the round.
    let since = use_state(|| None::<u64>);
    let board = use_reducer_eq(Board::default);
    {
        // Before the first round: from now on.
        let since = since.setter();
        use_effect_with(control.clone(), move |control| begin(control.clone(), move |last| since.set(last)));
    }
    let fire = {
        let (since, round, control) = (since.setter(), round.clone(), control.clone());
        Callback::from(move |_: MouseEvent| {
            let (since, round) = (since.clone(), round.clone());
            begin(control.clone(), move |last| {
                since.set(last);
                round.set(*round + 1);
            });
        })
    };
    let buttons = use_node_ref();
    use_effect_with(*round, {
        let buttons = buttons.clone();
        move |round| {
            if *round > 0 {
                press_all(&buttons);
            }
        }
    });
    let onstatus = {
        let board = board.dispatcher();
        use_callback((), move |status, ()| board.dispatch(status))
    };
    let choose = |chosen: Call| {
        let (call, round) = (call.setter(), round.setter());
        Callback::from(move |_: Event| {
            call.set(chosen);
            round.set(0);
        })
    };
    let is_waiting = board.count(Status::Waiting) > 0;
    let choice = |kind: Call, test_id: &'static str, text: &'static str| {
        html! {
            <label class="choice">
                <input
                    type="radio"
                    name="together-call"
                    data-testid={test_id}
                    checked={*call == kind}
                    disabled={is_waiting}
                    onchange={choose(kind)}
                />
                <span>{ text }</span>
            </label>
        }
    };
    html! {
        <section class="card" aria-labelledby="together-title">
            <div class="card-head">
                <span class="medal"><Copy /></span>
                <div>
                    <h1 id="together-title" ref={heading} tabindex="-1">{ "Ten at once" }</h1>
                    <p class="quiet">{ "None of these buttons knows of another. Where one token serves all, you are asked once; where each call needs its own, one prompt comes after the other." }</p>
                </div>
            </div>
            <fieldset class="choice-list">
                <legend>{ "What each of them does" }</legend>
                { choice(Call::Rename, "together-reusable", "Change your name: one token serves all") }
                { choice(Call::Sign, "together-single-use", "Sign a message: one token each") }
            </fieldset>
            <PrimaryButton label="Press all ten" test_id="together-fire" onclick={fire} is_busy={is_waiting} />
            <ol class="calls" ref={buttons}>
                { for (1..=COUNT).map(|number| html! {
                    <CallButton
                        key={format!("{number} {:?}", *call)}
                        {number}
                        call={*call}
                        round={*round}
                        onstatus={&onstatus}
                    />
                }) }
            </ol>
            <p aria-live="polite">
                <b data-testid="together-answers">{ format!("{} of {COUNT} answered", board.count(Status::Done)) }</b>
                if board.count(Status::Cancelled) > 0 {
                    <span class="quiet" data-testid="together-cancelled">
                        { format!(", {} cancelled", board.count(Status::Cancelled)) }
                    </span>
                }
                if board.count(Status::Failed) > 0 {
                    <span class="quiet" data-testid="together-failed">{ format!(", {} failed", board.count(Status::Failed)) }</span>
                }
            </p>
            if let (Some(control), Some(since)) = (control, *since) {
                <Requests {control} {since} log={props.log.clone()} />
            }
        </section>
    }
}

/// Presses every button of the list, before any of them has an answer. An effect of each would not do: yew lets the browser go
/// on between two of them.
fn press_all(list: &NodeRef) {
    let buttons = list.cast::<Element>().map(|list| list.get_elements_by_tag_name("button"));
    for button in buttons.iter().flat_map(|buttons| (0..buttons.length()).filter_map(|at| buttons.item(at))) {
        if let Ok(button) = button.dyn_into::<HtmlElement>() {
            button.click();
        }
    }
}

/// Tells which request was the last until now; none where there is no sandbox to ask.
fn begin(control: Option<Control>, then: impl FnOnce(Option<u64>) + 'static) {
    spawn(async move {
        let last = match control {
            // A log that cannot be read counts nothing.
            Some(control) => control.requests().await.ok().map(|all| all.last().map_or(0, |last| last.id)),
            None => None,
        };
        then(last);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_button_has_its_place() {
        let board = Rc::new(Board::default());
        let board =
            board.reduce((1, Status::Done)).reduce((COUNT, Status::Failed)).reduce((COUNT + 1, Status::Done));
        assert_eq!((board.0[0], board.0[COUNT - 1]), (Status::Done, Status::Failed));
        assert_eq!(board.count(Status::Done), 1);
        assert_eq!(*Rc::clone(&board).reduce((0, Status::Done)), *board);
    }
}
