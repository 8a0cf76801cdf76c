//! The managed way: one call picks the way to verify, and the ready-made prompt asks.

mod export_button;

use yew::prelude::*;
use yew_step_up::Result;

use self::export_button::ExportButton;
use super::{source::SourceFile, wallet::Wallet};

/// What the page runs on.
pub(crate) const SOURCE: &[SourceFile] =
    &[SourceFile { name: "managed/export_button.rs", text: include_str!("export_button.rs") }];

#[component]
pub(crate) fn Managed() -> Html {
    let button = use_callback((), |onexported: Callback<Result<String>>, ()| {
        html! { <ExportButton {onexported} /> }
    });
    html! {
        <Wallet
            approach="Approach 1 of 3: managed"
            intro={html! {
                <><code>{ "prompt_step_up_auth" }</code>{ ": one call picks the way to verify that fits you, and the ready-made prompt asks. The token that you get goes with the export by itself." }</>
            }}
            {button}
        />
    }
}
