//! Headless step-up: a wallet's key, behind a prompt of one's own (`verify/`).

use serde::Deserialize;
use yew::prelude::*;
use yew_step_up::{
    HttpRequest, Result, StepUpClient, StepUpError, TokenScope, use_session, use_step_up_client,
};

use super::export_screen::ExportScreen;
use crate::{
    format::shorten,
    ui::{banner::Banner, button::PrimaryButton, focus::use_focus, icon::Key, spawn},
    verify::Verify,
};

/// What the key is guarded by.
const SCOPE: TokenScope = TokenScope::WalletExport;

/// Where the visitor is.
#[derive(Clone, PartialEq)]
enum Step {
    Idle,
    Verifying,
    Exported(Result<String>),
}

/// A wallet whose key can be exported by somebody who verifies once more.
#[component]
pub(crate) fn Headless() -> Html {
    let client = use_step_up_client();
    let step = use_state(|| Step::Idle);
    let go = |to: Step| {
        let step = step.clone();
        Callback::from(move |()| step.set(to.clone()))
    };
    // The elevated token of the scope goes with the request, if one is held. A single-use one is used up by it.
    let export = {
        let step = step.clone();
        Callback::from(move |()| {
            let (client, step) = (client.clone(), step.clone());
            spawn(async move { step.set(Step::Exported(export_key(&client).await)) });
        })
    };
    match &*step {
        Step::Verifying => html! { <Verify scope={SCOPE} onverified={export} oncancel={go(Step::Idle)} /> },
        Step::Exported(Ok(key)) => html! { <ExportScreen key_text={key.clone()} ondone={go(Step::Idle)} /> },
        Step::Idle => html! { <WalletCard onexport={go(Step::Verifying)} /> },
        Step::Exported(Err(error)) => html! {
            <WalletCard onexport={go(Step::Verifying)}>
                <Banner test_id="step-up-error" title="That did not work" text={error.to_string()}>
                    <button class="button" data-testid="try-again" onclick={go(Step::Idle).reform(|_: MouseEvent| ())}>
                        { "Try again" }
                    </button>
                </Banner>
            </WalletCard>
        },
    }
}

/// What the wallet endpoint answers.
#[derive(Deserialize)]
struct Exported {
    #[serde(rename = "privateKey")]
    private_key: String,
}

async fn export_key(client: &StepUpClient) -> Result<String> {
    let user = client.user().ok_or(StepUpError::NotSignedIn)?;
    let wallet = user.credentials.iter().find_map(|credential| credential.embedded_wallet_id.as_deref());
    let path = format!("/waas/{}/privateKey/export", wallet.unwrap_or_default());
    let response = client.send(HttpRequest::post(path), SCOPE).await?;
    Ok(response.json::<Exported>()?.private_key)
}

#[derive(Properties, PartialEq)]
struct WalletCardProps {
    onexport: Callback<()>,
    #[prop_or_default]
    children: Html,
}

#[component]
fn WalletCard(props: &WalletCardProps) -> Html {
    let heading = use_focus();
    let session = use_session();
    let wallet =
        session.user().and_then(|user| user.credentials.iter().find(|it| it.embedded_wallet_id.is_some()));
    let address = wallet.and_then(|wallet| wallet.address.as_deref()).unwrap_or_default();
    html! {
        <section class="card" aria-labelledby="wallet-title">
            <div class="card-head">
                <span class="medal"><Key /></span>
                <div>
                    <h1 id="wallet-title" ref={heading} tabindex="-1">{ "Your wallet" }</h1>
                    <p class="quiet mono" title={address.to_owned()}>{ shorten(address) }</p>
                </div>
            </div>
            <p>{ "Its private key can be taken out. Whoever has it has the wallet, so you will be asked for a code first." }</p>
            { props.children.clone() }
            <PrimaryButton
                label="Export wallet"
                test_id="export-wallet"
                onclick={props.onexport.reform(|_: MouseEvent| ())}
            />
        </section>
    }
}
