//! A page with a button, one call, and the ready-made prompt: every method, and no screen of one's own. What it weighs is what
//! the easiest way costs.

use yew::prelude::*;
use yew_step_up::{
    HttpRequest, PromptOptions, Result, StepUpClient, StepUpError, StepUpProviderProps, TokenScope,
    use_step_up_authentication, use_step_up_client,
};
use yew_step_up_ui::StepUpPrompt;

/// The whole page: a provider with this client, and in it the button and the prompt.
pub fn page(client: StepUpClient) -> StepUpProviderProps {
    yew::props!(StepUpProviderProps { client, children: html! { <><Export /><StepUpPrompt /></> } })
}

/// Exports the wallet of whoever is signed in, after a prompt if one is required.
#[component]
fn Export() -> Html {
    let step_up = use_step_up_authentication();
    let client = use_step_up_client();
    let exported = use_state(|| None::<Result<String>>);
    let onclick = {
        let exported = exported.clone();
        step_up.callback(move |step_up, _: MouseEvent| {
            let (client, exported) = (client.clone(), exported.clone());
            async move {
                let options = PromptOptions::new(&[TokenScope::WalletExport]);
                exported.set(match step_up.prompt_step_up_auth(options).await {
                    Ok(_) => Some(export(&client).await),
                    // A user who cancelled knows it.
                    Err(StepUpError::Cancelled) => None,
                    Err(error) => Some(Err(error)),
                });
            }
        })
    };
    html! {
        <main>
            <button {onclick} disabled={step_up.is_loading}>{ "Export wallet" }</button>
            {
                match &*exported {
                    Some(Ok(key)) => html! { <output>{ key }</output> },
                    Some(Err(error)) => html! { <p role="alert">{ error.to_string() }</p> },
                    None => Html::default(),
                }
            }
        </main>
    }
}

/// The server's answer, as it is.
async fn export(client: &StepUpClient) -> Result<String> {
    let user = client.user().ok_or(StepUpError::NotSignedIn)?;
    let path = format!("/waas/{}/privateKey/export", user.embedded_wallet().unwrap_or_default());
    let response = client.send(HttpRequest::post(path), TokenScope::WalletExport).await?;
    Ok(std::str::from_utf8(&response.body).unwrap_or_default().to_owned())
}
