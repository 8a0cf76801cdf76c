//! What the buttons asked of the server, counted by the server's own log.

use std::rc::Rc;

use yew::prelude::*;

use crate::{
    control::{Control, LoggedRequest},
    event_log::EventLog,
    pages::inspector::readable,
    ui::spawn,
};

#[derive(Properties, PartialEq)]
pub(super) struct RequestsProps {
    pub(super) control: Control,
    /// The last request that does not count.
    pub(super) since: u64,
    /// When something happened, there may be more.
    pub(super) log: EventLog,
}

#[component]
pub(super) fn Requests(props: &RequestsProps) -> Html {
    let all = use_state(Vec::<LoggedRequest>::new);
    let newest = props.log.entries.first().map_or(0, |entry| Rc::as_ptr(entry) as usize);
    use_effect_with((props.since, newest), {
        let (all, control) = (all.setter(), props.control.clone());
        move |_| {
            spawn(async move {
                // What cannot be read now is read after the next request.
                if let Ok(requests) = control.requests().await {
                    all.set(requests);
                }
            });
        }
    });
    html! {
        <section class="counts" aria-labelledby="together-requests-title">
            <h2 id="together-requests-title">{ "What the server was asked" }</h2>
            <ul class="list">
                { for counted(&all, props.since).into_iter().map(|(count, what, status)| html! {
                    <li class="item" data-testid="together-request">
                        <span class="mono">{ format!("{count} ×") }</span>
                        <span class="mono path">{ what }</span>
                        <span class={classes!("badge", "end", if status < 300 { "good" } else { "bad" })}>{ status }</span>
                    </li>
                }) }
            </ul>
        </section>
    }
}

/// How often each was asked and answered so, in the order of the first.
fn counted(all: &[LoggedRequest], since: u64) -> Vec<(usize, String, u16)> {
    let mut counts: Vec<(usize, String, u16)> = Vec::new();
    // Browsers ask by themselves whether they may ask.
    for request in all.iter().filter(|it| it.id > since && it.method != "OPTIONS") {
        let what = format!("{} {}", request.method, readable(&request.path));
        match counts.iter_mut().find(|(_, known, status)| *known == what && *status == request.status) {
            Some((count, ..)) => *count += 1,
            None => counts.push((1, what, request.status)),
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(id: u64, path: &str, status: u16) -> LoggedRequest {
        LoggedRequest { id, method: "POST".into(), path: path.into(), status }
    }

    #[test]
    fn requests_are_counted_by_what_they_are_and_how_they_ended() {
        let all = [
            logged(1, "/a", 200),
            logged(2, "/b", 200),
            logged(3, "/a", 200),
            logged(4, "/b", 200),
            logged(5, "/b", 403),
        ];
        let counted = counted(&all, 1);
        assert_eq!(
            counted,
            [(2, "POST /b".to_owned(), 200), (1, "POST /a".to_owned(), 200), (1, "POST /b".to_owned(), 403)]
        );
    }
}
