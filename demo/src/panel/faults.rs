//! Breaks the next request to a path.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::PartProps;
use crate::ui::spawn;

const PATHS: [(&str, &str); 4] = [
    ("/emailVerifications/verify", "Verifying the code"),
    ("/emailVerifications/create", "Sending a code"),
    ("/waas/*/privateKey/export", "Exporting the key"),
    ("/stepUp/check", "Checking"),
];

const KINDS: [(&str, &str); 4] = [
    ("status", "answers 500"),
    ("drop", "is cut off"),
    ("garbage", "answers garbage"),
    ("delay", "takes 5 s"),
];

#[component]
pub(super) fn FaultControls(props: &PartProps) -> Html {
    let (path, kind) = (use_node_ref(), use_node_ref());
    let onsubmit = {
        let (path, kind) = (path.clone(), kind.clone());
        let (control, ondone) = (props.control.clone(), props.ondone.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let chosen = |select: &NodeRef| select.cast::<HtmlSelectElement>().map(|select| select.value());
            let (Some(path), Some(kind)) = (chosen(&path), chosen(&kind)) else { return };
            let (control, ondone) = (control.clone(), ondone.clone());
            spawn(async move { ondone.emit(control.add_fault(&path, &kind).await) });
        })
    };
    let options = |all: &'static [(&'static str, &'static str)]| {
        // Said, because the page is put together from its end, and a list selects what it was given first.
        all.iter().enumerate().map(|(at, (value, label))| {
            html! { <option value={*value} selected={at == 0}>{ *label }</option> }
        })
    };
    html! {
        <section class="part" aria-labelledby="faults-title">
            <h3 id="faults-title">{ "Break the next request" }</h3>
            <form class="row" {onsubmit}>
                <select ref={path} data-testid="fault-path" aria-label="Which request">{ for options(&PATHS) }</select>
                <select ref={kind} data-testid="fault-kind" aria-label="How">{ for options(&KINDS) }</select>
                <button class="button small" data-testid="fault-add">{ "Break" }</button>
            </form>
        </section>
    }
}
