//! What the user signs in with: linked and unlinked, each guarded. The first button is the documentation's own example.

mod choose;
mod link_code;
mod link_email_button;
mod overview;

use yew::prelude::*;
use yew_step_up::{CredentialId, StepUpError, TokenScope, use_step_up_client};

use self::{
    choose::{ChooseProvider, ChooseWallet},
    overview::Overview,
};
pub(super) use self::{link_code::LinkCode, link_email_button::LinkEmailButton};
use crate::{format::reportable, ui::spawn, verify::Verify};

/// What the visitor wants to do. All of it has to be verified first.
#[derive(Clone, PartialEq)]
enum Wish {
    LinkPhone,
    LinkWallet,
    LinkSocial,
    Unlink(CredentialId),
}

impl Wish {
    fn scope(&self) -> TokenScope {
        match self {
            Self::LinkPhone | Self::LinkWallet | Self::LinkSocial => TokenScope::CredentialLink,
            Self::Unlink(_) => TokenScope::CredentialUnlink,
        }
    }
}

/// Where the visitor is.
#[derive(Clone, PartialEq)]
enum Step {
    /// With what went wrong before.
    Overview(Option<StepUpError>),
    Verifying(Wish),
    LinkingEmail,
    LinkingPhone,
    ChoosingWallet,
    ChoosingProvider,
}

#[component]
pub(crate) fn Credentials() -> Html {
    let client = use_step_up_client();
    let step = use_state(|| Step::Overview(None));
    let go = |to: Step| {
        let step = step.setter();
        Callback::from(move |()| step.set(to.clone()))
    };
    let overview = go(Step::Overview(None));
    let failed = {
        let step = step.setter();
        Callback::from(move |error| step.set(Step::Overview(reportable(error))))
    };
    match &*step {
        Step::Overview(error) => {
            let onwish = {
                let step = step.setter();
                Callback::from(move |wish| step.set(Step::Verifying(wish)))
            };
            html! { <Overview error={error.clone()} link_email={go(Step::LinkingEmail)} {onwish} /> }
        }
        Step::Verifying(wish) => {
            let onverified = match wish {
                Wish::LinkPhone => go(Step::LinkingPhone),
                Wish::LinkWallet => go(Step::ChoosingWallet),
                Wish::LinkSocial => go(Step::ChoosingProvider),
                Wish::Unlink(credential) => {
                    let (step, credential) = (step.setter(), credential.clone());
                    Callback::from(move |()| {
                        let (unlinking, step) = (client.unlink_credential(&credential), step.clone());
                        spawn(async move { step.set(Step::Overview(unlinking.await.err())) });
                    })
                }
            };
            html! { <Verify scope={wish.scope()} {onverified} oncancel={overview} /> }
        }
        Step::LinkingEmail => html! {
            <LinkCode is_phone=false ondone={overview.clone()} oncancel={overview} />
        },
        Step::LinkingPhone => html! {
            <LinkCode is_phone=true ondone={overview.clone()} oncancel={overview} />
        },
        Step::ChoosingWallet => html! {
            <ChooseWallet ondone={overview.clone()} onerror={failed} oncancel={overview} />
        },
        Step::ChoosingProvider => html! {
            <ChooseProvider ondone={overview.clone()} onerror={failed} oncancel={overview} />
        },
    }
}
