//! What the client knows and did. No secret gets here: the client gives none away.

use yew::prelude::*;
use yew_hooks::prelude::*;
use yew_step_up::{Elevation, StepUpClient, StepUpError, TokenScope, use_session, use_step_up_client};

use crate::{
    event_log::{Entry, EventLog, What},
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
            <section class="card" aria-labelledby="events-title">
                <h2 id="events-title">{ "What happened" }</h2>
                if props.log.entries.is_empty() {
                    <p class="quiet">{ "Nothing yet." }</p>
                }
                <ol class="list">{ for props.log.entries.iter().map(|entry| line(entry)) }</ol>
            </section>
        </div>
    }
}

fn row(client: &StepUpClient, elevation: &Elevation) -> Html {
    html! {
        <li class="item" data-testid="elevation">
            <span class="mono">{ elevation.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ") }</span>
            <span class="end">
                <span class="badge gold">{ if elevation.single_use { "single use" } else { "reusable" } }</span>
                <span class="mono">{ minutes(elevation.expires_at.since(client.now())) }</span>
            </span>
        </li>
    }
}

/// A line of the log.
pub(super) fn line(entry: &Entry) -> Html {
    let time = html! { <span class="mono quiet time">{ time_of_day(entry.at) }</span> };
    match &entry.what {
        What::Request { method, path, outcome, took } => {
            let (is_good, outcome, why) = match outcome {
                Ok(status) => ((200..300).contains(status), status.to_string(), None),
                Err(error) => (false, short(error).to_owned(), Some(error.to_string())),
            };
            html! {
                <li class="item" data-testid="request">
                    { time }
                    <span class="mono path">
                        <b>{ *method }</b>{ " " }{ readable(path) }
                    </span>
                    <span class={classes!("badge", "end", if is_good { "good" } else { "bad" })} title={why}>
                        { outcome }
                    </span>
                    <span class="mono quiet took">{ format!("{} ms", took.as_millis()) }</span>
                </li>
            }
        }
        What::Session(Some(who)) => event(time, "", format!("Signed in as {who}")),
        What::Session(None) => event(time, "", "Signed out".into()),
        What::Held(scopes) if scopes.is_empty() => event(time, "", "No elevated token is held".into()),
        What::Held(scopes) => {
            let scopes: Vec<&str> = scopes.iter().map(TokenScope::as_str).collect();
            event(time, "gold", format!("Elevated for {}", scopes.join(", ")))
        }
    }
}

fn event(time: Html, colour: &'static str, text: String) -> Html {
    html! {
        <li class="item event" data-testid="event">
            { time }
            <span class={classes!("badge", colour)}>{ text }</span>
        </li>
    }
}

/// Why there was no answer, in a word or two. The sentence is what a screen shows.
fn short(error: &StepUpError) -> &'static str {
    match error {
        StepUpError::Network => "no answer",
        StepUpError::TimedOut => "too slow",
        StepUpError::Cancelled => "cancelled",
        _ => "failed",
    }
}

/// The path below the environment, whose identifier says nothing to people; of others the start is enough.
pub(super) fn readable(path: &str) -> String {
    let below = path.split_once("/sdk/").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    let segments = below.unwrap_or(path).split('/').map(|segment| match segment.get(..4) {
        Some(start) if segment.len() == 36 => format!("{start}…"),
        _ => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_below_the_environment_and_without_long_identifiers() {
        assert_eq!(readable("/api/v0/sdk/5a4d/users/mfa"), "/users/mfa");
        assert_eq!(readable("/sandbox/inbox"), "/sandbox/inbox");
        assert_eq!(
            readable("/api/v0/sdk/5a4d/waas/7f3c5d1e-2b4a-4c6d-8e9f-0a1b2c3d4e5f/privateKey/export"),
            "/waas/7f3c…/privateKey/export"
        );
    }
}
