//! What the client knows and did. No secret gets here: the client gives none away.

use yew::prelude::*;
use yew_hooks::prelude::*;
use yew_step_up::{Elevation, StepUpClient, use_session, use_step_up_client};

use crate::{
    event_log::{Entry, EventLog},
    format::{minutes, time_of_day},
};

#[derive(Properties, PartialEq)]
pub(crate) struct InspectorProps {
    pub(crate) log: EventLog,
}

#[component]
pub(crate) fn Inspector(props: &InspectorProps) -> Html {
    let client = use_step_up_client();
    let session = use_session();
    // Countdowns go on by themselves.
    let update = use_update();
    use_interval(move || update(), 1_000);
    let elevations = client.elevations();
    html! {
        <div class="stack wide">
            <section class="card" aria-labelledby="session-title">
                <h1 id="session-title">{ "Session" }</h1>
                if let Some(user) = session.user() {
                    <dl class="facts">
                        <dt>{ "User" }</dt><dd class="mono">{ user.id.to_string() }</dd>
                        <dt>{ "Email" }</dt><dd>{ user.email.clone().unwrap_or_default() }</dd>
                        <dt>{ "Expires in" }</dt>
                        <dd class="mono">{ session.expires_at.map(|at| minutes(at.since(client.now()))) }</dd>
                    </dl>
                } else {
                    <p class="quiet">{ "Nobody is signed in." }</p>
                }
            </section>
            <section class="card" aria-labelledby="elevations-title">
                <h2 id="elevations-title">{ "Elevated tokens" }</h2>
                if elevations.is_empty() {
                    <p class="quiet">{ "None is held. Verify once more, and one is here until it is used or expires." }</p>
                }
                <ul class="list">{ for elevations.iter().map(|elevation| row(&client, elevation)) }</ul>
            </section>
            <section class="card" aria-labelledby="requests-title">
                <h2 id="requests-title">{ "Requests" }</h2>
                if props.log.entries.is_empty() {
                    <p class="quiet">{ "None yet." }</p>
                }
                <ul class="list">{ for props.log.entries.iter().map(|entry| request(entry)) }</ul>
            </section>
        </div>
    }
}

fn row(client: &StepUpClient, elevation: &Elevation) -> Html {
    html! {
        <li class="item" data-testid="elevation">
            <span class="mono">{ elevation.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ") }</span>
            <span class="end">
                <span class="badge">{ if elevation.single_use { "single use" } else { "reusable" } }</span>
                <span class="mono">{ minutes(elevation.expires_at.since(client.now())) }</span>
            </span>
        </li>
    }
}

fn request(entry: &Entry) -> Html {
    let (is_good, outcome) = match &entry.outcome {
        Ok(status) => ((200..300).contains(status), status.to_string()),
        Err(error) => (false, error.to_string()),
    };
    html! {
        <li class="item" data-testid="request">
            <span class="mono quiet">{ time_of_day(entry.at) }</span>
            <span class="mono path">{ format!("{} {}", entry.method, below_environment(&entry.path)) }</span>
            <span class={classes!("badge", "end", if is_good { "good" } else { "bad" })}>{ outcome }</span>
            <span class="mono quiet">{ format!("{} ms", entry.took.as_millis()) }</span>
        </li>
    }
}

/// The environment's identifier says nothing to people.
fn below_environment(path: &str) -> &str {
    path.split_once("/sdk/")
        .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)))
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_below_the_environment() {
        assert_eq!(below_environment("/api/v0/sdk/5a4d/users/mfa"), "/users/mfa");
        assert_eq!(below_environment("/sandbox/inbox"), "/sandbox/inbox");
    }
}
