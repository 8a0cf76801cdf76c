//! What the page's clicks set off, below it.

use yew::prelude::*;
use yew_router::prelude::*;

use super::inspector::line;
use crate::{app::Route, event_log::EventLog};

/// How many are shown.
const NEWEST: usize = 6;

#[derive(Properties, PartialEq)]
pub(crate) struct TraceProps {
    pub(crate) log: EventLog,
}

#[component]
pub(crate) fn Trace(props: &TraceProps) -> Html {
    html! {
        <section class="trace" aria-labelledby="trace-title">
            <div class="row">
                <h2 id="trace-title">{ "Under the hood" }</h2>
                <Link<Route> to={Route::Inspector} classes="more">{ "Inspector" }</Link<Route>>
            </div>
            <ol class="list">{ for props.log.entries.iter().take(NEWEST).map(|entry| line(entry)) }</ol>
        </section>
    }
}
