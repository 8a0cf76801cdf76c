//! What the user signs in with: linked and unlinked, each guarded. The first button is the documentation's own example.

mod link_code;
mod link_email_button;

use yew::prelude::*;
use yew_step_up::{Credential, CredentialFormat, StepUpError, TokenScope, use_session};

use self::{link_code::LinkCode, link_email_button::LinkEmailButton};
use crate::{
    format::shorten,
    ui::{
        banner::Banner,
        focus::use_focus,
        icon::{Key, Letter, Person, Phone},
    },
    verify::Verify,
};

/// What the visitor wants to do.
#[derive(Clone, PartialEq)]
enum Wish {
    LinkPhone,
}

impl Wish {
    fn scope(&self) -> TokenScope {
        match self {
            Self::LinkPhone => TokenScope::CredentialLink,
        }
    }
}

/// Where the visitor is.
#[derive(Clone, PartialEq)]
enum Step {
    /// With what went wrong before.
    Overview(Option<StepUpError>),
    Verifying(Wish),
    /// Says which address to link, and types the code that was sent there.
    Linking {
        is_phone: bool,
    },
}

#[component]
pub(crate) fn Credentials() -> Html {
    let step = use_state(|| Step::Overview(None));
    let overview = {
        let step = step.setter();
        Callback::from(move |()| step.set(Step::Overview(None)))
    };
    match &*step {
        Step::Overview(error) => {
            let link_email = {
                let step = step.setter();
                Callback::from(move |()| step.set(Step::Linking { is_phone: false }))
            };
            let onwish = {
                let step = step.setter();
                Callback::from(move |wish| step.set(Step::Verifying(wish)))
            };
            html! { <Overview error={error.clone()} {link_email} {onwish} /> }
        }
        Step::Verifying(wish) => {
            let granted = {
                let (step, wish) = (step.setter(), wish.clone());
                Callback::from(move |()| match wish {
                    Wish::LinkPhone => step.set(Step::Linking { is_phone: true }),
                })
            };
            html! { <Verify scope={wish.scope()} onverified={granted} oncancel={overview} /> }
        }
        Step::Linking { is_phone } => html! {
            <LinkCode is_phone={*is_phone} ondone={overview.clone()} oncancel={overview} />
        },
    }
}

#[derive(Properties, PartialEq)]
struct OverviewProps {
    error: Option<StepUpError>,
    link_email: Callback<()>,
    onwish: Callback<Wish>,
}

#[component]
fn Overview(props: &OverviewProps) -> Html {
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
            <ul class="list rows">
                { for credentials.iter().map(|credential| html! {
                    <li class="item" key={credential.id.to_string()} data-testid="credential">
                        { icon(credential) }
                        <span class="ellipsis">{ name(credential) }</span>
                        if !credential.sign_in_enabled { <span class="badge end">{ "no sign-in" }</span> }
                    </li>
                }) }
            </ul>
            <div class="row">
                <LinkEmailButton link_email={props.link_email.clone()} />
                <button class="button" data-testid="link-phone" onclick={wish(Wish::LinkPhone)}>
                    { "Link a phone" }
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
    let name = credential.public_identifier.clone().unwrap_or_default();
    if credential.format == CredentialFormat::Blockchain { shorten(&name) } else { name }
}
