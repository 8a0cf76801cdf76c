//! What is linked, and what can be.

use yew::prelude::*;
use yew_step_up::{Credential, CredentialFormat, StepUpError, use_session};

use super::{Wish, link_email_button::LinkEmailButton};
use crate::{
    format::{provider_name, shorten},
    ui::{
        banner::Banner,
        focus::use_focus,
        icon::{Key, Letter, Person, Phone},
    },
};

#[derive(Properties, PartialEq)]
pub(super) struct OverviewProps {
    pub(super) error: Option<StepUpError>,
    pub(super) link_email: Callback<()>,
    pub(super) onwish: Callback<Wish>,
}

#[component]
pub(super) fn Overview(props: &OverviewProps) -> Html {
    let heading = use_focus();
    let session = use_session();
    let credentials = session.user().map(|user| user.credentials.as_slice()).unwrap_or_default();
    let wish = |wish: Wish| props.onwish.reform(move |_: MouseEvent| wish.clone());
    html! {
        <section class="card" aria-labelledby="credentials-title">
            <div class="card-head">
                <span class="medal"><Person /></span>
                <div>
                    <h1 id="credentials-title" ref={heading} tabindex="-1">{ "Credentials" }</h1>
                    <p class="quiet">{ "What you sign in with. Another one is another way in, so you are asked first." }</p>
                </div>
            </div>
            if let Some(error) = &props.error {
                <Banner test_id="credentials-error" title="That did not work" text={error.to_string()} />
            }
            <ul class="list rows" data-testid="credentials">
                { for credentials.iter().map(|credential| html! {
                    <li class="item" key={credential.id.to_string()} data-testid="credential">
                        { icon(credential) }
                        <span class="ellipsis">{ name(credential) }</span>
                        <span class="end">
                            if credential.is_embedded_wallet() {
                                <span class="badge">{ "in the app" }</span>
                            } else {
                                <button
                                    class="button small"
                                    data-testid="unlink"
                                    aria-label={format!("Unlink {}", name(credential))}
                                    onclick={wish(Wish::Unlink(credential.id.clone()))}
                                >
                                    { "Unlink" }
                                </button>
                            }
                        </span>
                    </li>
                }) }
            </ul>
            <div class="tiles">
                <LinkEmailButton link_email={props.link_email.clone()} />
                <button class="button" data-testid="link-phone" onclick={wish(Wish::LinkPhone)}>
                    { "Link a phone" }
                </button>
                <button class="button" data-testid="link-wallet" onclick={wish(Wish::LinkWallet)}>
                    { "Link a wallet" }
                </button>
                <button class="button" data-testid="link-social" onclick={wish(Wish::LinkSocial)}>
                    { "Link a social account" }
                </button>
            </div>
        </section>
    }
}

fn icon(credential: &Credential) -> Html {
    match credential.format {
        CredentialFormat::Email => html! { <Letter /> },
        CredentialFormat::PhoneNumber => html! { <Phone /> },
        CredentialFormat::Blockchain => html! { <Key /> },
        _ => html! { <Person /> },
    }
}

fn name(credential: &Credential) -> String {
    let name =
        credential.public_identifier.clone().or_else(|| credential.address.clone()).unwrap_or_default();
    match (&credential.format, &credential.oauth_provider) {
        (CredentialFormat::Blockchain, _) => shorten(&name),
        (_, Some(provider)) => format!("{} ({name})", provider_name(provider)),
        _ => name,
    }
}
