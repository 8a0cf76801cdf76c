//! Asks which wallet or which social account to link. The press of the button begins it: popups and wallets want that.

use std::rc::Rc;

use yew::prelude::*;
use yew_step_up::{
    LocalFuture, Provider, Result, SocialOptions, StepUpError, User, WalletInfo, use_step_up_client,
    use_wallets,
};

use crate::{
    format::provider_name,
    pages::other_ways::PROVIDERS,
    ui::{
        focus::use_focus,
        icon::{Key, Person},
        spawn,
    },
};

#[derive(Properties, PartialEq)]
pub(super) struct ChooseProps {
    pub(super) ondone: Callback<()>,
    pub(super) onerror: Callback<StepUpError>,
    pub(super) oncancel: Callback<()>,
}

type Linking = LocalFuture<'static, Result<Rc<User>>>;

impl ChooseProps {
    /// Waits for what was begun in the click.
    fn follow(&self) -> impl Fn(Linking) + use<> {
        let (ondone, onerror) = (self.ondone.clone(), self.onerror.clone());
        move |linking| {
            let (ondone, onerror) = (ondone.clone(), onerror.clone());
            spawn(async move {
                match linking.await {
                    Ok(_) => ondone.emit(()),
                    Err(error) => onerror.emit(error),
                }
            });
        }
    }
}

#[component]
pub(super) fn ChooseWallet(props: &ChooseProps) -> Html {
    let client = use_step_up_client();
    let wallets = use_wallets();
    let button = |wallet: &WalletInfo| {
        let (client, id, follow) = (client.clone(), wallet.id.clone(), props.follow());
        let onclick = Callback::from(move |_: MouseEvent| follow(client.link_wallet(&id)));
        html! {
            <button
                key={wallet.id.as_str().to_owned()}
                type="button"
                class="button"
                data-testid="choose-wallet"
                {onclick}
            >
                if let Some(icon) = &wallet.icon { <img class="wallet-icon" src={icon.clone()} alt="" /> }
                { &wallet.name }
            </button>
        }
    };
    html! {
        <Choice icon={html! { <Key /> }} title="Link a wallet" hint="It asks you to sign a message." oncancel={props.oncancel.clone()}>
            if wallets.is_empty() { <p class="quiet">{ "No wallet is here." }</p> }
            { for wallets.iter().map(button) }
        </Choice>
    }
}

#[component]
pub(super) fn ChooseProvider(props: &ChooseProps) -> Html {
    let client = use_step_up_client();
    let button = |provider: &Provider| {
        let (client, follow, name) = (client.clone(), props.follow(), provider_name(provider));
        let test_id = format!("choose-{}", provider.as_str());
        let provider = provider.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            let linking = client.link_social(&provider, SocialOptions::new());
            follow(linking);
        });
        html! { <button type="button" class="button" data-testid={test_id} {onclick}>{ name }</button> }
    };
    html! {
        <Choice
            icon={html! { <Person /> }}
            title="Link a social account"
            hint="A window opens, where the provider asks for your consent."
            oncancel={props.oncancel.clone()}
        >
            { for PROVIDERS.iter().map(button) }
        </Choice>
    }
}

#[derive(Properties, PartialEq)]
struct ChoiceProps {
    icon: Html,
    title: AttrValue,
    hint: AttrValue,
    oncancel: Callback<()>,
    children: Html,
}

#[component]
fn Choice(props: &ChoiceProps) -> Html {
    let heading = use_focus();
    html! {
        <section class="card" aria-labelledby="choice-title">
            <div class="card-head">
                <span class="medal">{ props.icon.clone() }</span>
                <div>
                    <h1 id="choice-title" ref={heading} tabindex="-1">{ props.title.clone() }</h1>
                    <p class="quiet">{ props.hint.clone() }</p>
                </div>
            </div>
            <div class="choices">{ props.children.clone() }</div>
            <div class="row">
                <button
                    type="button"
                    class="button ghost end"
                    data-testid="choice-cancel"
                    onclick={props.oncancel.reform(|_: MouseEvent| ())}
                >
                    { "Cancel" }
                </button>
            </div>
        </section>
    }
}
