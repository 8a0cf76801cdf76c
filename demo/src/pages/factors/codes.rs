//! Shows recovery codes, the one time that they are shown.

use yew::prelude::*;
use yew_step_up::{RecoveryCode, RecoveryCodes};

use crate::ui::{button::PrimaryButton, copy::CopyButton, focus::use_focus, icon::Key};

#[derive(Properties, PartialEq)]
pub(super) struct CodesProps {
    pub(super) codes: RecoveryCodes,
    pub(super) onkept: Callback<MouseEvent>,
}

#[component]
pub(super) fn Codes(props: &CodesProps) -> Html {
    let heading = use_focus();
    let all: Vec<&str> = props.codes.codes.iter().map(RecoveryCode::expose).collect();
    html! {
        <section class="card" aria-labelledby="codes-title">
            <div class="card-head">
                <span class="medal gold"><Key /></span>
                <div>
                    <h1 id="codes-title" ref={heading} tabindex="-1">{ "Your recovery codes" }</h1>
                    <p class="quiet">
                        { "Each works once, when nothing else is at hand. They are shown now and never again; the old ones are void." }
                    </p>
                </div>
            </div>
            <ul class="list columns mono">
                { for all.iter().map(|code| html! { <li data-testid="recovery-code">{ *code }</li> }) }
            </ul>
            <div class="row">
                <CopyButton test_id="copy-codes" text={all.join("\n")} oncopied={Callback::noop()} />
                <PrimaryButton label="I have kept them" test_id="recovery-kept" onclick={props.onkept.clone()} />
            </div>
        </section>
    }
}
