//! The other ways to sign in: wallets that are here, social accounts, the app's own identity provider.

use std::rc::Rc;

use yew::prelude::*;
use yew_step_up::{
    Provider, Result, SocialOptions, StepUpError, User, WalletInfo, use_external_auth, use_session,
    use_wallets,
};

use crate::{control::Control, format::provider_name, ui::spawn};

/// The providers that the sandbox emulates.
pub(crate) const PROVIDERS: [Provider; 4] =
    [Provider::Google, Provider::GitHub, Provider::Apple, Provider::Discord];

/// Who the app's own identity provider knows.
const EMPLOYEE: &str = "employee-17";

#[derive(Properties, PartialEq)]
pub(crate) struct OtherWaysProps {
    /// Told what went wrong. Signed in, this page is gone.
    pub(crate) onerror: Callback<StepUpError>,
}

#[component]
pub(crate) fn OtherWays(props: &OtherWaysProps) -> Html {
    let session = use_session();
    let external = use_external_auth();
    let control = use_context::<Option<Control>>().flatten();
    let wallets = use_wallets();
    let wallet = |wallet: &WalletInfo| {
        let (session, id, onerror) = (session.clone(), wallet.id.clone(), props.onerror.clone());
        Callback::from(move |_: MouseEvent| follow(session.sign_in_with_wallet(&id), onerror.clone()))
    };
    let social = |provider: &Provider| {
        let (session, provider, onerror) = (session.clone(), provider.clone(), props.onerror.clone());
        Callback::from(move |_: MouseEvent| {
            // In the click, or the browser blocks the popup.
            follow(session.sign_in_with_social(&provider, SocialOptions::new()), onerror.clone());
        })
    };
    let own = control.map(|control| {
        let onerror = props.onerror.clone();
        Callback::from(move |_: MouseEvent| {
            let (control, external) = (control.clone(), external.clone());
            let sign_in = async move {
                let assertion = control.introduce(EMPLOYEE).await?;
                external.sign_in_with_external_jwt(assertion.expose()).await
            };
            follow(sign_in, onerror.clone());
        })
    });
    html! {
        <div class="others">
            <p class="divider quiet"><span>{ "or" }</span></p>
            <div class="tiles">
                // Each has a key: a button that is there stays what it was when another comes.
                { for PROVIDERS.iter().map(|provider| html! {
                    <button
                        key={provider.as_str().to_owned()}
                        type="button"
                        class="button"
                        data-testid={format!("sign-in-{}", provider.as_str())}
                        onclick={social(provider)}
                    >
                        { provider_name(provider) }
                    </button>
                }) }
                { for own.map(|onclick| html! {
                    <button key="own" type="button" class="button" data-testid="sign-in-external" {onclick}>
                        { "Example ID" }
                    </button>
                }) }
                { for wallets.iter().map(|it| html! {
                    <button
                        key={it.id.as_str().to_owned()}
                        type="button"
                        class="button"
                        data-testid="sign-in-wallet"
                        onclick={wallet(it)}
                    >
                        if let Some(icon) = &it.icon { <img class="wallet-icon" src={icon.clone()} alt="" /> }
                        <span class="ellipsis">{ &it.name }</span>
                    </button>
                }) }
            </div>
        </div>
    }
}

fn follow(sign_in: impl Future<Output = Result<Rc<User>>> + 'static, onerror: Callback<StepUpError>) {
    spawn(async move {
        if let Err(error) = sign_in.await {
            onerror.emit(error);
        }
    });
}
