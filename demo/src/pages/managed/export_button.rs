//! One call, and the prompt that comes with it.

use yew::prelude::*;
use yew_step_up::{PromptOptions, Result, TokenScope, use_step_up_authentication, use_step_up_client};

use crate::{pages::wallet::export_wallet, ui::button::PrimaryButton};

#[derive(Properties, PartialEq)]
pub(super) struct ExportButtonProps {
    /// Told how it ended.
    pub(super) onexported: Callback<Result<String>>,
}

#[component]
pub(super) fn ExportButton(props: &ExportButtonProps) -> Html {
    let step_up = use_step_up_authentication();
    let client = use_step_up_client();
    let onexported = props.onexported.clone();

    let handle_export = step_up.callback(move |step_up, _: MouseEvent| {
        let (client, onexported) = (client.clone(), onexported.clone());
        async move {
            let scope = TokenScope::WalletExport;
            if step_up.is_step_up_required(&scope).await {
                let options = PromptOptions::new(&[scope]);
                if let Err(error) = step_up.prompt_step_up_auth(options).await {
                    // The user cancelled, or the verification failed.
                    onexported.emit(Err(error));
                    return;
                }
            }

            // The token is stored: go on. It goes with the call by itself.
            onexported.emit(export_wallet(&client).await);
        }
    });

    html! {
        <PrimaryButton
            label="Export wallet"
            test_id="export-wallet"
            onclick={handle_export}
            is_busy={step_up.is_loading}
        />
    }
}
