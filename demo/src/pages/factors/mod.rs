//! Second factors: authenticator apps, passkeys and recovery codes, enrolled and removed.

mod codes;
mod enrolment;
mod make_passkey;
mod overview;

use yew::prelude::*;
use yew_step_up::{
    FactorsClient, MfaDeviceId, RecoveryCodes, Result, StepUpError, TokenScope, TotpEnrolment,
    use_step_up_client,
};

use self::{codes::Codes, enrolment::Enrolment, make_passkey::MakePasskey, overview::Overview};
use crate::{format::reportable, ui::spawn, verify::Verify};

/// What the visitor wants to do. All of it has to be verified first.
#[derive(Clone, PartialEq, Eq)]
enum Wish {
    AddApp,
    NewCodes,
    Remove(MfaDeviceId),
    AddPasskey,
    RemovePasskey(MfaDeviceId),
}

impl Wish {
    fn scope(&self) -> TokenScope {
        match self {
            Self::AddApp | Self::NewCodes | Self::AddPasskey => TokenScope::CredentialLink,
            Self::Remove(_) | Self::RemovePasskey(_) => TokenScope::CredentialUnlink,
        }
    }

    /// Does it. The elevated token goes with the call.
    async fn come_true(self, factors: FactorsClient) -> Result<Step> {
        match self {
            Self::AddApp => factors.enrol_totp().await.map(|enrolment| Step::Confirming(enrolment, None)),
            Self::NewCodes => factors.regenerate_recovery_codes().await.map(Step::Codes),
            Self::Remove(device) => factors.delete_device(&device).await.map(|()| Step::Overview(None)),
            // Another press of a button begins it: browsers want to see that.
            Self::AddPasskey => Ok(Step::MakingPasskey),
            Self::RemovePasskey(passkey) => {
                factors.delete_passkey(&passkey).await.map(|()| Step::Overview(None))
            }
        }
    }
}

/// Where the visitor is.
#[derive(Clone, PartialEq)]
enum Step {
    /// With what went wrong before.
    Overview(Option<StepUpError>),
    Verifying(Wish),
    Confirming(TotpEnrolment, Option<StepUpError>),
    Codes(RecoveryCodes),
    MakingPasskey,
}

#[component]
pub(crate) fn Factors() -> Html {
    let client = use_step_up_client();
    let step = use_state(|| Step::Overview(None));
    let overview = {
        let step = step.setter();
        Callback::from(move |()| step.set(Step::Overview(None)))
    };
    match &*step {
        Step::Overview(error) => {
            let onwish = {
                let step = step.setter();
                Callback::from(move |wish| step.set(Step::Verifying(wish)))
            };
            html! { <Overview error={error.clone()} {onwish} /> }
        }
        Step::Verifying(wish) => {
            let granted = {
                let (step, wish) = (step.setter(), wish.clone());
                Callback::from(move |()| {
                    let (work, step) = (wish.clone().come_true(client.factors()), step.clone());
                    spawn(async move {
                        step.set(work.await.unwrap_or_else(|error| Step::Overview(Some(error))));
                    });
                })
            };
            html! { <Verify scope={wish.scope()} onverified={granted} oncancel={overview} /> }
        }
        Step::Confirming(enrolment, wrong) => {
            let confirm = {
                let (step, enrolment) = (step.setter(), enrolment.clone());
                Callback::from(move |code: String| {
                    let confirmation = client.factors().confirm_totp(&enrolment.device_id, &code);
                    let (step, enrolment) = (step.clone(), enrolment.clone());
                    spawn(async move {
                        step.set(match confirmation.await {
                            Ok(()) => Step::Overview(None),
                            Err(error) => Step::Confirming(enrolment, Some(error)),
                        });
                    });
                })
            };
            html! {
                <Enrolment
                    enrolment={enrolment.clone()}
                    error={wrong.clone()}
                    oncode={confirm}
                    oncancel={overview}
                />
            }
        }
        Step::MakingPasskey => {
            let ondone = {
                let step = step.setter();
                Callback::from(move |error: Option<_>| step.set(Step::Overview(error.and_then(reportable))))
            };
            html! { <MakePasskey {ondone} oncancel={overview} /> }
        }
        Step::Codes(codes) => {
            let kept = {
                let step = step.setter();
                Callback::from(move |_: MouseEvent| {
                    let acknowledgement = client.factors().acknowledge_recovery_codes();
                    let step = step.clone();
                    // They are kept whether the service heard of it or not; what it did not hear is said.
                    spawn(async move { step.set(Step::Overview(acknowledgement.await.err())) });
                })
            };
            html! { <Codes codes={codes.clone()} onkept={kept} /> }
        }
    }
}
