//! Headless step-up: the hook, and screens of one's own. This is the file to copy.

use serde::Deserialize;
use yew::prelude::*;
use yew_step_up::{
    HttpRequest, Result, StepUpClient, StepUpError, TokenScope, use_session, use_step_up_authentication,
    use_step_up_client,
};

use super::{export_screen::ExportScreen, otp_screen::OtpScreen};
use crate::{
    format::shorten,
    ui::{banner::Banner, button::PrimaryButton, focus::use_focus, icon::Key},
};

/// What the key is guarded by.
const SCOPE: TokenScope = TokenScope::WalletExport;

/// A wallet whose key can be exported by somebody who verifies once more.
#[component]
pub(crate) fn Headless() -> Html {
    let step_up = use_step_up_authentication();
    let client = use_step_up_client();
    let exported = use_state(|| None::<Result<String>>);

    // The elevated token of the scope goes with the request, if one is held.
    let export = {
        let (client, exported) = (client.clone(), exported.clone());
        move || {
            let (client, exported) = (client.clone(), exported.clone());
            async move { exported.set(Some(export_key(&client).await)) }
        }
    };
    let start = {
        let (export, exported) = (export.clone(), exported.clone());
        step_up.callback(move |step_up, _: MouseEvent| {
            exported.set(None);
            let export = export.clone();
            async move {
                if step_up.is_step_up_required(&SCOPE).await {
                    // Opens the code screen. What goes wrong is in `step_up.error`.
                    let _ = step_up.send_otp().await;
                } else {
                    export().await;
                }
            }
        })
    };
    let verify = step_up.callback(move |step_up, code: String| {
        let export = export.clone();
        async move {
            if step_up.verify_otp(&code, &[SCOPE]).await.is_ok() {
                export().await;
            }
        }
    });
    let resend = step_up.callback(|step_up, _: MouseEvent| async move { drop(step_up.resend_otp().await) });
    let reset = {
        let exported = exported.clone();
        step_up.callback(move |step_up, ()| {
            exported.set(None);
            step_up.reset_state();
            async {}
        })
    };

    if let Some(Ok(key)) = &*exported {
        return html! { <ExportScreen key_text={key.clone()} ondone={reset} /> };
    }
    if let Some(verification) = &step_up.otp_verification {
        return html! {
            <OtpScreen
                destination={verification.destination().to_owned()}
                uuid={verification.uuid().to_owned()}
                is_busy={step_up.is_loading}
                error={step_up.error.clone()}
                oncode={verify}
                onresend={resend}
                oncancel={reset}
            />
        };
    }
    let error = step_up.error.as_ref().or(exported.as_ref().and_then(|result| result.as_ref().err()));
    html! {
        <WalletCard is_busy={step_up.is_loading} onexport={start}>
            if let Some(error) = error {
                <Banner test_id="step-up-error" title="That did not work" text={error.to_string()}>
                    <button class="button" data-testid="try-again" onclick={reset.reform(|_: MouseEvent| ())}>
                        { "Try again" }
                    </button>
                </Banner>
            }
        </WalletCard>
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
    is_busy: bool,
    onexport: Callback<MouseEvent>,
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
                onclick={props.onexport.clone()}
                is_busy={props.is_busy}
            />
        </section>
    }
}
