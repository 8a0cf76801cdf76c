//! The wallet whose key can be exported: what all three approaches guard. How the user verifies is the approach's business.

use serde::Deserialize;
use yew::prelude::*;
use yew_step_up::{HttpRequest, Result, StepUpClient, StepUpError, TokenScope, use_session};

use super::export_screen::ExportScreen;
use crate::{
    format::{reportable, shorten},
    ui::{banner::Banner, focus::use_focus, icon::Key},
};

/// What the wallet endpoint answers.
#[derive(Deserialize)]
struct Exported {
    #[serde(rename = "privateKey")]
    private_key: String,
}

/// Exports the key. The elevated token of the scope goes with the request, if one is held; a single-use one is used up by it.
pub(crate) async fn export_wallet(client: &StepUpClient) -> Result<String> {
    let path = format!("/waas/{}/privateKey/export", wallet_of(client)?);
    let response = client.send(HttpRequest::post(path), TokenScope::WalletExport).await?;
    Ok(response.json::<Exported>()?.private_key)
}

/// The identifier of the user's wallet.
pub(super) fn wallet_of(client: &StepUpClient) -> Result<String> {
    let user = client.user().ok_or(StepUpError::NotSignedIn)?;
    Ok(user.embedded_wallet().unwrap_or_default().to_owned())
}

#[derive(Properties, PartialEq)]
pub(super) struct WalletProps {
    /// Which approach it is, for people.
    pub(super) approach: AttrValue,
    /// What happens, with the methods that do it.
    pub(super) intro: Html,
    /// Draws the button that exports, and is given whom to tell how that ended.
    pub(super) button: Callback<Callback<Result<String>>, Html>,
}

/// The wallet, and its key once it is there.
#[component]
pub(super) fn Wallet(props: &WalletProps) -> Html {
    let exported = use_state(|| None::<Result<String>>);
    let onexported = {
        let exported = exported.setter();
        Callback::from(move |outcome: Result<String>| {
            exported.set(match outcome {
                Ok(key) => Some(Ok(key)),
                Err(error) => reportable(error).map(Err),
            });
        })
    };
    let again = {
        let exported = exported.setter();
        Callback::from(move |()| exported.set(None))
    };
    if let Some(Ok(key)) = &*exported {
        return html! { <ExportScreen key_text={key.clone()} ondone={again} /> };
    }
    let error = exported.as_ref().and_then(|outcome| outcome.as_ref().err()).cloned();
    html! {
        <WalletCard approach={&props.approach} intro={props.intro.clone()} {error} {again}>
            { props.button.emit(onexported) }
        </WalletCard>
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct WalletCardProps {
    pub(super) approach: AttrValue,
    pub(super) intro: Html,
    /// Why the key is not there.
    pub(super) error: Option<StepUpError>,
    /// Puts the error away.
    pub(super) again: Callback<()>,
    /// The button.
    pub(super) children: Html,
}

#[component]
pub(super) fn WalletCard(props: &WalletCardProps) -> Html {
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
                    <p class="eyebrow">{ props.approach.clone() }</p>
                    <h1 id="wallet-title" ref={heading} tabindex="-1">{ "Your wallet" }</h1>
                    <p class="quiet mono" title={address.to_owned()}>{ shorten(address) }</p>
                </div>
            </div>
            <p>{ props.intro.clone() }</p>
            if let Some(error) = &props.error {
                <Banner test_id="step-up-error" title="That did not work" text={error.to_string()}>
                    <button class="button" data-testid="try-again" onclick={props.again.reform(|_: MouseEvent| ())}>
                        { "Try again" }
                    </button>
                </Banner>
            }
            { props.children.clone() }
        </section>
    }
}
