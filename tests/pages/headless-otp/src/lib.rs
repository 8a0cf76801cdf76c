//! A page with the hook and an OTP screen, and nothing else: its size is what the hook costs, and the browser lane
//! drives it.

use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_step_up::{
    HttpRequest, StepUpClient, StepUpError, StepUpProviderProps, TokenScope, use_step_up_authentication,
    use_step_up_client,
};

/// The whole page: a provider with this client, and the screen in it.
pub fn page(client: StepUpClient) -> StepUpProviderProps {
    yew::props!(StepUpProviderProps { client, children: html! { <Export /> } })
}

/// Exports the wallet of whoever is signed in, after a code if one is required.
#[component]
fn Export() -> Html {
    let step_up = use_step_up_authentication();
    let client = use_step_up_client();
    let exported = use_state(|| None::<Result<String, StepUpError>>);
    let input = use_node_ref();

    // Both buttons: the code is sent where one is required, and the wallet is exported where it is not or no longer.
    let go = {
        let (exported, input) = (exported.clone(), input.clone());
        step_up.callback(move |step_up, event: SubmitEvent| {
            event.prevent_default();
            let (client, exported) = (client.clone(), exported.clone());
            let code = input.cast::<HtmlInputElement>().map(|input| input.value());
            async move {
                let is_ready = match code {
                    Some(code) => step_up.verify_otp(&code, &[TokenScope::WalletExport]).await.is_ok(),
                    None if step_up.is_step_up_required(&TokenScope::WalletExport).await => {
                        // The state has the error, and the screen shows it.
                        let _ = step_up.send_otp().await;
                        false
                    }
                    None => true,
                };
                if is_ready {
                    exported.set(Some(export(&client).await));
                }
            }
        })
    };
    let reset = {
        let exported = exported.clone();
        step_up.callback(move |step_up, _: MouseEvent| {
            step_up.reset_state();
            exported.set(None);
            async {}
        })
    };
    let is_waiting = step_up.otp_verification.is_some();
    let error = step_up.error.as_ref().or(exported.as_ref().and_then(|result| result.as_ref().err()));
    html! {
        <form onsubmit={go}>
            if is_waiting {
                <label>{ "Code" }<input ref={input} inputmode="numeric" autocomplete="one-time-code" /></label>
            }
            <button disabled={step_up.is_loading}>{ if is_waiting { "Verify" } else { "Export wallet" } }</button>
            <button type="button" onclick={reset}>{ "Cancel" }</button>
            if let Some(error) = error { <p role="alert">{ error.to_string() }</p> }
            if let Some(Ok(key)) = &*exported { <output>{ key }</output> }
        </form>
    }
}

/// The server's answer, as it is.
async fn export(client: &StepUpClient) -> Result<String, StepUpError> {
    let user = client.user().ok_or(StepUpError::NotSignedIn)?;
    let path = format!("/waas/{}/privateKey/export", user.embedded_wallet().unwrap_or_default());
    let response = client.send(HttpRequest::post(path), TokenScope::WalletExport).await?;
    Ok(std::str::from_utf8(&response.body).unwrap_or_default().to_owned())
}
