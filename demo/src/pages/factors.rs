//! Second factors: an authenticator app and recovery codes, enrolled and removed.

use yew::prelude::*;
use yew_step_up::{
    MfaDevice, MfaDeviceId, RecoveryCodes, Result, StepUpError, TokenScope, TotpEnrolment, use_step_up_client,
};

use crate::{
    ui::{banner::Banner, otp_input::OtpInput, qr::Qr, spawn},
    verify::Verify,
};

/// What the visitor wants to do. All of it has to be verified first.
#[derive(Clone, PartialEq, Eq)]
enum Wish {
    AddApp,
    NewCodes,
    Remove(MfaDeviceId),
}

impl Wish {
    fn scope(&self) -> TokenScope {
        match self {
            Self::AddApp | Self::NewCodes => TokenScope::CredentialLink,
            Self::Remove(_) => TokenScope::CredentialUnlink,
        }
    }
}

/// Where the visitor is.
#[derive(Clone, PartialEq)]
enum Step {
    Overview,
    Verifying(Wish),
    Confirming(TotpEnrolment, Option<StepUpError>),
    Codes(RecoveryCodes),
}

#[component]
pub(crate) fn Factors() -> Html {
    let client = use_step_up_client();
    let step = use_state(|| Step::Overview);
    let devices = use_state(Vec::<MfaDevice>::new);
    let error = use_state(|| None::<StepUpError>);
    {
        // Looked at anew whenever the overview is.
        let (devices, error) = (devices.setter(), error.setter());
        let is_overview = *step == Step::Overview;
        use_effect_with((client.clone(), is_overview), move |(client, is_overview)| {
            if *is_overview {
                let methods = client.factors().methods();
                spawn(async move {
                    match methods.await {
                        Ok(methods) => devices.set(methods.devices),
                        Err(why) => error.set(Some(why)),
                    }
                });
            }
        });
    }
    let overview = {
        let step = step.clone();
        Callback::from(move |()| step.set(Step::Overview))
    };
    let wish = |wish: Wish| {
        let (step, error) = (step.clone(), error.clone());
        Callback::from(move |_: MouseEvent| {
            error.set(None);
            step.set(Step::Verifying(wish.clone()));
        })
    };
    match &*step {
        Step::Verifying(wish) => {
            let granted = {
                let (client, step, error, wish) = (client.clone(), step.clone(), error.clone(), wish.clone());
                Callback::from(move |()| {
                    let (factors, step, error, wish) =
                        (client.factors(), step.clone(), error.clone(), wish.clone());
                    spawn(async move {
                        let next = match wish {
                            Wish::AddApp => factors.enrol_totp().await.map(|it| Step::Confirming(it, None)),
                            Wish::NewCodes => factors.regenerate_recovery_codes().await.map(Step::Codes),
                            Wish::Remove(device) => {
                                factors.delete_device(&device).await.map(|()| Step::Overview)
                            }
                        };
                        error.set(next.as_ref().err().cloned());
                        step.set(next.unwrap_or(Step::Overview));
                    });
                })
            };
            html! { <Verify scope={wish.scope()} onverified={granted} oncancel={overview} /> }
        }
        Step::Confirming(enrolment, wrong) => {
            let confirm = {
                let (client, step, enrolment) = (client.clone(), step.clone(), enrolment.clone());
                Callback::from(move |code: String| {
                    let confirmation = client.factors().confirm_totp(&enrolment.device_id, &code);
                    let (step, enrolment) = (step.clone(), enrolment.clone());
                    spawn(async move {
                        step.set(match confirmation.await {
                            Ok(()) => Step::Overview,
                            Err(error) => Step::Confirming(enrolment, Some(error)),
                        });
                    });
                })
            };
            html! { <Enrolment enrolment={enrolment.clone()} error={wrong.clone()} oncode={confirm} oncancel={overview} /> }
        }
        Step::Codes(codes) => {
            let kept = {
                let (client, step) = (client.clone(), step.clone());
                Callback::from(move |_: MouseEvent| {
                    let acknowledgement = client.factors().acknowledge_recovery_codes();
                    let step = step.clone();
                    spawn(async move {
                        // The codes are kept whether the service heard of it or not; it asks again if not.
                        let _: Result<()> = acknowledgement.await;
                        step.set(Step::Overview);
                    });
                })
            };
            html! { <Codes codes={codes.clone()} onkept={kept} /> }
        }
        Step::Overview => html! {
            <section class="card" aria-labelledby="factors-title">
                <h1 id="factors-title">{ "Second factors" }</h1>
                <p class="quiet">
                    { "With one of them registered, a code by email no longer suffices: it is what you are asked for." }
                </p>
                if let Some(error) = &*error {
                    <Banner test_id="factors-error" title="That did not work" text={error.to_string()} />
                }
                <ul class="list">
                    { for devices.iter().map(|device| html! {
                        <li class="item" key={device.id.to_string()} data-testid="device">
                            <span>{ "Authenticator app" }</span>
                            <button
                                class="button small end"
                                data-testid="device-remove"
                                onclick={wish(Wish::Remove(device.id.clone()))}
                            >
                                { "Remove" }
                            </button>
                        </li>
                    }) }
                </ul>
                <div class="row">
                    <button class="button primary" data-testid="add-totp" onclick={wish(Wish::AddApp)}>
                        <span class="label">{ "Add an authenticator app" }</span>
                    </button>
                    <button class="button" data-testid="new-recovery-codes" onclick={wish(Wish::NewCodes)}>
                        { "New recovery codes" }
                    </button>
                </div>
            </section>
        },
    }
}

#[derive(Properties, PartialEq)]
struct EnrolmentProps {
    enrolment: TotpEnrolment,
    error: Option<StepUpError>,
    oncode: Callback<String>,
    oncancel: Callback<()>,
}

#[component]
fn Enrolment(props: &EnrolmentProps) -> Html {
    let error = props.error.as_ref().map(|error| AttrValue::from(error.to_string()));
    html! {
        <section class="card" aria-labelledby="enrol-title">
            <h1 id="enrol-title">{ "Add an authenticator app" }</h1>
            <p>{ "Scan this with the app, or type the secret into it. Then type the six digits that it shows." }</p>
            <Qr text={props.enrolment.uri.expose().to_owned()} label="The authenticator app's secret" />
            <output class="secret mono shown" data-testid="totp-secret">{ props.enrolment.secret.expose() }</output>
            <OtpInput
                test_id="totp-confirm"
                oncomplete={props.oncode.clone()}
                error={error.clone()}
                error_id="enrol-error"
            />
            <p id="enrol-error" class="field-note error" aria-live="assertive" data-testid="totp-confirm-error">{ error }</p>
            <button type="button" class="button ghost" onclick={props.oncancel.reform(|_: MouseEvent| ())}>{ "Cancel" }</button>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct CodesProps {
    codes: RecoveryCodes,
    onkept: Callback<MouseEvent>,
}

#[component]
fn Codes(props: &CodesProps) -> Html {
    html! {
        <section class="card" aria-labelledby="codes-title">
            <h1 id="codes-title">{ "Your recovery codes" }</h1>
            <p>{ "Each works once, when the app is not at hand. They are shown now and never again; the old ones are void." }</p>
            <ul class="list columns mono">
                { for props.codes.codes.iter().map(|code| html! { <li data-testid="recovery-code">{ code.expose() }</li> }) }
            </ul>
            <button class="button primary" data-testid="recovery-kept" onclick={props.onkept.clone()}>
                <span class="label">{ "I have kept them" }</span>
            </button>
        </section>
    }
}
