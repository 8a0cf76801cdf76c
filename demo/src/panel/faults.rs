//! Breaks the next request to a path.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::PartProps;
use crate::{event_log::What, ui::spawn};

const PATHS: [(&str, &str); 4] = [
    ("/emailVerifications/verify", "Verifying the code"),
    ("/emailVerifications/create", "Sending a code"),
    ("/waas/*/privateKey/export", "Exporting the key"),
    ("/stepUp/check", "Checking"),
];

const KINDS: [(&str, &str); 5] = [
    ("status", "answers 500"),
    ("drop", "is cut off"),
    ("drop-after", "is cut off after the work is done"),
    ("garbage", "answers garbage"),
    ("delay", "takes 5 s"),
];

/// A fault that waits for its request.
#[derive(Clone, PartialEq, Eq)]
struct Armed {
    path: String,
    sentence: String,
    /// How many requests to the path had ended by then.
    ended: usize,
}

#[component]
pub(super) fn FaultControls(props: &PartProps) -> Html {
    let (path, kind) = (use_node_ref(), use_node_ref());
    let armed = use_state(|| None::<Armed>);
    let ended = |pattern: &str| {
        let paths = props.log.entries.iter().filter_map(|entry| match &entry.what {
            What::Request { path, .. } => Some(path),
            _ => None,
        });
        paths.filter(|path| is_for(pattern, path)).count()
    };
    let onsubmit = {
        let (path, kind, armed) = (path.clone(), kind.clone(), armed.clone());
        let (control, ondone) = (props.control.clone(), props.ondone.clone());
        let counts: Vec<usize> = PATHS.iter().map(|(pattern, _)| ended(pattern)).collect();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let chosen = |select: &NodeRef| select.cast::<HtmlSelectElement>().map(|select| select.value());
            let (Some(path), Some(kind)) = (chosen(&path), chosen(&kind)) else { return };
            let (control, ondone, armed) = (control.clone(), ondone.clone(), armed.clone());
            let at = PATHS.iter().position(|(pattern, _)| *pattern == path).unwrap_or_default();
            let sentence = format!("The next “{}” {}.", label(&PATHS, &path), label(&KINDS, &kind));
            let ended = counts.get(at).copied().unwrap_or_default();
            spawn(async move {
                let done = control.add_fault(&path, &kind).await;
                armed.set(done.is_ok().then_some(Armed { path, sentence, ended }));
                ondone.emit(done);
            });
        })
    };
    let waiting = armed.as_ref().filter(|armed| ended(&armed.path) == armed.ended);
    html! {
        <section class="part" aria-labelledby="faults-title">
            <h3 id="faults-title">{ "Break the next request" }</h3>
            <form class="faults" {onsubmit}>
                <select ref={path} data-testid="fault-path" aria-label="Which request">{ for options(&PATHS) }</select>
                <select ref={kind} data-testid="fault-kind" aria-label="How">{ for options(&KINDS) }</select>
                <button class="button small" data-testid="fault-add">{ "Break" }</button>
            </form>
            <p class="field-note gold" aria-live="polite" data-testid="fault-armed">
                { waiting.map(|armed| armed.sentence.clone()) }
            </p>
        </section>
    }
}

fn options(all: &'static [(&'static str, &'static str)]) -> impl Iterator<Item = Html> {
    // Said, because the page is put together from its end, and a list selects what it was given first.
    all.iter()
        .enumerate()
        .map(|(at, (value, label))| html! { <option value={*value} selected={at == 0}>{ *label }</option> })
}

fn label(all: &'static [(&'static str, &'static str)], value: &str) -> &'static str {
    all.iter().find(|(known, _)| *known == value).map_or("", |(_, label)| label)
}

/// Whether a fault for this path, in which `*` stands for one segment, is for a request to that one.
fn is_for(pattern: &str, path: &str) -> bool {
    let mut ends = path.rsplit('/').zip(pattern.rsplit('/')).take(pattern.matches('/').count());
    path.matches('/').count() >= pattern.matches('/').count()
        && ends.all(|(segment, wanted)| wanted == "*" || wanted == segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_for_the_path_below_the_environment() {
        let path = "/api/v0/sdk/5a4d/waas/w1/privateKey/export";
        assert!(is_for("/waas/*/privateKey/export", path));
        assert!(is_for("/stepUp/check", "/api/v0/sdk/5a4d/stepUp/check"));
        for other in
            ["/waas/*/signMessage", "/waas/privateKey/export", "/a/b/c/d/e/f/g/h/waas/*/privateKey/export"]
        {
            assert!(!is_for(other, path), "{other}");
        }
    }
}
