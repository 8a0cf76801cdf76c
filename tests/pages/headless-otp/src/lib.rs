//! A page with the hook and an OTP screen, and nothing else: its size is what the hook costs, and the browser lane
//! drives it.

use serde::Deserialize;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_step_up::{
    HttpRequest, OtpVerification, StepUpClient, StepUpError, StepUpProvider, TokenScope, use_session,
    use_step_up_authentication, use_step_up_client,
};

/// Properties of [`Page`].
#[derive(Properties, PartialEq)]
pub struct PageProps {
    /// The client to use.
    pub client: StepUpClient,
}

/// The whole page.
#[component]
pub fn Page(props: &PageProps) -> Html {
    html! { <StepUpProvider client={props.client.clone()}><Screen /></StepUpProvider> }
}

#[component]
fn Screen() -> Html {
    let session = use_session();
    if session.user().is_some() {
        html! { <Export /> }
    } else {
        html! { <SignIn /> }
    }
}

#[component]
fn SignIn() -> Html {
    let session = use_session();
    let verification = use_state(|| None::<OtpVerification>);
    let error = use_state(|| None::<StepUpError>);
    let submit = {
        let (session, verification, error) = (session.clone(), verification.clone(), error.clone());
        Callback::from(move |text: String| {
            let (session, verification, error) = (session.clone(), verification.clone(), error.clone());
            yew::platform::spawn_local(async move {
                let result = match &*verification {
                    None => session.send_sign_in_code(&text).await.map(|sent| verification.set(Some(sent))),
                    Some(sent) => session.sign_in_with_otp(sent, &text).await.map(|_| ()),
                };
                error.set(result.err());
            });
        })
    };
    let label = if verification.is_some() { "Code" } else { "Email" };
    html! { <Form {label} error={(*error).clone()} {submit} /> }
}

/// What the wallet endpoint answers.
#[derive(Deserialize)]
struct Exported {
    #[serde(rename = "privateKey")]
    private_key: String,
}

#[component]
fn Export() -> Html {
    let step_up = use_step_up_authentication();
    let client = use_step_up_client();
    let key = use_state(|| Ok::<_, StepUpError>(None::<String>));
    let export = {
        let (client, key) = (client.clone(), key.clone());
        move || {
            let (client, key) = (client.clone(), key.clone());
            async move { key.set(export_key(&client).await.map(Some)) }
        }
    };
    let start = {
        let export = export.clone();
        step_up.callback(move |step_up, _: MouseEvent| {
            let export = export.clone();
            async move {
                if !step_up.is_step_up_required(&TokenScope::WalletExport).await {
                    export().await;
                } else if step_up.send_otp().await.is_err() {
                    // The state has the error, and the screen below shows it.
                }
            }
        })
    };
    let submit = step_up.callback(move |step_up, code: String| {
        let export = export.clone();
        async move {
            if step_up.verify_otp(&code, &[TokenScope::WalletExport]).await.is_ok() {
                export().await;
            }
        }
    });
    let reset = step_up.callback(|step_up, _: MouseEvent| async move { step_up.reset_state() });
    if let Ok(Some(key)) = &*key {
        return html! { <output>{ key }</output> };
    }
    if step_up.otp_verification.is_some() {
        return html! {
            <>
                <Form label="Code" error={step_up.error.clone()} {submit} />
                <button class="cancel" onclick={reset}>{ "Cancel" }</button>
            </>
        };
    }
    html! {
        <>
            <button class="export" onclick={start} disabled={step_up.is_loading}>{ "Export wallet" }</button>
            if let Some(error) = step_up.error.as_ref().or(key.as_ref().err()) {
                <p role="alert">{ error.to_string() }</p>
                <button class="reset" onclick={reset}>{ "Try again" }</button>
            }
        </>
    }
}

async fn export_key(client: &StepUpClient) -> Result<String, StepUpError> {
    let user = client.user().ok_or(StepUpError::NotSignedIn)?;
    let wallet = user.credentials.iter().find_map(|credential| credential.embedded_wallet_id.as_deref());
    let path = format!("/waas/{}/privateKey/export", wallet.unwrap_or_default());
    let response = client.send(HttpRequest::post(path), TokenScope::WalletExport).await?;
    Ok(response.json::<Exported>()?.private_key)
}

#[derive(Properties, PartialEq)]
struct FormProps {
    label: AttrValue,
    error: Option<StepUpError>,
    submit: Callback<String>,
}

#[component]
fn Form(props: &FormProps) -> Html {
    let input = use_node_ref();
    let onsubmit = {
        let (input, submit) = (input.clone(), props.submit.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(input) = input.cast::<HtmlInputElement>() {
                submit.emit(input.value());
                input.set_value("");
            }
        })
    };
    html! {
        <form {onsubmit}>
            <label>{ props.label.clone() }<input ref={input} autocomplete="one-time-code" /></label>
            <button>{ "Continue" }</button>
            if let Some(error) = &props.error { <p role="alert">{ error.to_string() }</p> }
        </form>
    }
}
