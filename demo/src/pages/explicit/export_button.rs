//! The same prompt, on a path that the app chooses.

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
            let check = step_up.check_step_up_auth(&scope).await;
            if check.is_required {
                let options = PromptOptions::new(&[scope]);
                let verified = if check.lists_mfa() {
                    // A passkey or an authenticator app.
                    step_up.prompt_mfa(options).await
                } else {
                    // What the user signs in with.
                    step_up.prompt_reauthenticate(options).await
                };
                if let Err(error) = verified {
                    onexported.emit(Err(error));
                    return;
                }
            }

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
