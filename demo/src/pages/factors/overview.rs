//! What is enrolled, and what can be.

use yew::prelude::*;
use yew_step_up::{MfaDevice, MfaDeviceId, MfaMethods, StepUpError, use_step_up_client};

use super::Wish;
use crate::ui::{
    banner::Banner,
    button::PrimaryButton,
    focus::use_focus,
    icon::{Key, Phone},
    spawn,
};

#[derive(Properties, PartialEq)]
pub(super) struct OverviewProps {
    pub(super) error: Option<StepUpError>,
    pub(super) onwish: Callback<Wish>,
}

#[component]
pub(super) fn Overview(props: &OverviewProps) -> Html {
    let client = use_step_up_client();
    let heading = use_focus();
    let methods = use_state(MfaMethods::default);
    let failure = use_state(|| props.error.clone());
    let changes = use_state(|| 0_u32);
    {
        let (methods, failure) = (methods.setter(), failure.setter());
        use_effect_with((client.clone(), *changes), move |(client, _)| {
            let listing = client.factors().methods();
            spawn(async move {
                match listing.await {
                    Ok(listed) => methods.set(listed),
                    Err(error) => failure.set(Some(error)),
                }
            });
        });
    }
    let make_default = {
        let (failure, changes) = (failure.setter(), changes.clone());
        Callback::from(move |device: MfaDeviceId| {
            let work = client.factors().set_default_device(&device);
            let (failure, changes) = (failure.clone(), changes.clone());
            spawn(async move {
                failure.set(work.await.err());
                changes.set(changes.wrapping_add(1));
            });
        })
    };
    let wish = |wish: Wish| props.onwish.reform(move |_: MouseEvent| wish.clone());
    html! {
        <section class="card" aria-labelledby="factors-title">
            <div class="card-head">
                <span class="medal"><Key /></span>
                <div>
                    <h1 id="factors-title" ref={heading} tabindex="-1">{ "Second factors" }</h1>
                    <p class="quiet">
                        { "With one of them enrolled, a code by email no longer suffices: it is what you are asked for." }
                    </p>
                </div>
            </div>
            if let Some(error) = &*failure {
                <Banner test_id="factors-error" title="That did not work" text={error.to_string()} />
            }
            <ul class="list rows">
                { for methods.devices.iter().map(|device| html! {
                    <Device
                        key={device.id.to_string()}
                        device={device.clone()}
                        ondefault={make_default.clone()}
                        onremove={wish(Wish::Remove(device.id.clone()))}
                    />
                }) }
                { for methods.passkeys.iter().map(|passkey| html! {
                    <li class="item" key={passkey.id.to_string()} data-testid="passkey">
                        <Key />
                        <span>{ passkey.alias.clone().unwrap_or_else(|| "Passkey".into()) }</span>
                        <span class="end">
                            <button
                                class="button small"
                                data-testid="passkey-remove"
                                onclick={wish(Wish::RemovePasskey(passkey.id.clone()))}
                            >
                                { "Remove" }
                            </button>
                        </span>
                    </li>
                }) }
            </ul>
            <div class="tiles">
                <PrimaryButton label="Add an authenticator app" test_id="add-totp" onclick={wish(Wish::AddApp)} />
                <button class="button" data-testid="add-passkey" onclick={wish(Wish::AddPasskey)}>
                    { "Add a passkey" }
                </button>
                <button class="button" data-testid="new-recovery-codes" onclick={wish(Wish::NewCodes)}>
                    { "New recovery codes" }
                </button>
            </div>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct DeviceProps {
    device: MfaDevice,
    ondefault: Callback<MfaDeviceId>,
    onremove: Callback<MouseEvent>,
}

#[component]
fn Device(props: &DeviceProps) -> Html {
    let device = &props.device;
    let id = device.id.clone();
    html! {
        <li class="item" data-testid="device">
            <Phone />
            <span>{ device.alias.clone().unwrap_or_else(|| "Authenticator app".into()) }</span>
            if device.default { <span class="badge good" data-testid="device-is-default">{ "default" }</span> }
            <span class="end">
                if !device.default {
                    <button
                        class="button small"
                        data-testid="device-default"
                        onclick={props.ondefault.reform(move |_: MouseEvent| id.clone())}
                    >
                        { "Make default" }
                    </button>
                }
                <button class="button small" data-testid="device-remove" onclick={props.onremove.clone()}>
                    { "Remove" }
                </button>
            </span>
        </li>
    }
}
