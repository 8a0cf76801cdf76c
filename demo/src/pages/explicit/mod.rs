//! The explicit way: the app decides between a second factor and signing in anew, and the ready-made prompt asks.

mod export_button;

use yew::prelude::*;
use yew_step_up::Result;

use self::export_button::ExportButton;
use super::{source::SourceFile, wallet::Wallet};

/// What the page runs on.
pub(crate) const SOURCE: &[SourceFile] =
    &[SourceFile { name: "explicit/export_button.rs", text: include_str!("export_button.rs") }];

#[component]
pub(crate) fn Explicit() -> Html {
    let button = use_callback((), |onexported: Callback<Result<String>>, ()| {
        html! { <ExportButton {onexported} /> }
    });
    html! {
        <Wallet
            approach="Approach 2 of 3: explicit path"
            intro={html! {
                <>
                    { "The app chooses the path: " }<code>{ "prompt_mfa" }</code>{ " if you have a second factor (add one under Factors), else " }
                    <code>{ "prompt_reauthenticate" }</code>{ ", with what you sign in with. The prompt is the same ready-made one." }
                </>
            }}
            {button}
        />
    }
}
