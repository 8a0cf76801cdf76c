//! The environment's settings, and the way back to the start.

use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_step_up::use_step_up_client;

use super::PartProps;
use crate::{control::Environment, ui::spawn};

#[component]
pub(super) fn SettingsControls(props: &PartProps) -> Html {
    let client = use_step_up_client();
    let environment = use_state(|| None::<Environment>);
    {
        let (environment, ondone) = (environment.setter(), props.ondone.clone());
        use_effect_with((props.control.clone(), props.seen), move |(control, _)| {
            let control = control.clone();
            spawn(async move {
                match control.settings().await {
                    Ok(value) => environment.set(Some(value)),
                    Err(error) => ondone.emit(Err(error)),
                }
            });
        });
    }
    let reset = {
        let (control, ondone) = (props.control.clone(), props.ondone.clone());
        let client = client.clone();
        Callback::from(move |_: MouseEvent| {
            let (control, ondone) = (control.clone(), ondone.clone());
            // Nobody is known after a reset, so nobody is signed in; whether they were does not matter.
            let sign_out = client.sign_out();
            spawn(async move {
                drop(sign_out.await);
                ondone.emit(control.reset().await);
            });
        })
    };
    let set = {
        let (control, ondone) = (props.control.clone(), props.ondone.clone());
        Callback::from(move |environment: Environment| {
            let (control, ondone) = (control.clone(), ondone.clone());
            spawn(async move { ondone.emit(control.set(environment).await) });
        })
    };
    // Another kind of session: the page starts again with it.
    let set_and_reload = {
        let (control, ondone) = (props.control.clone(), props.ondone.clone());
        Callback::from(move |environment: Environment| {
            let (control, ondone) = (control.clone(), ondone.clone());
            let sign_out = client.sign_out();
            spawn(async move {
                drop(sign_out.await);
                match control.set(environment).await {
                    Ok(()) => reload(),
                    Err(error) => ondone.emit(Err(error)),
                }
            });
        })
    };
    let now = (*environment).unwrap_or(Environment {
        is_step_up_on: true,
        wants_captcha: false,
        uses_cookies: false,
        trusts_identity_provider: false,
    });
    html! {
        <section class="part" aria-labelledby="settings-title">
            <h3 id="settings-title">{ "Environment" }</h3>
            <Switch
                test_id="step-up-switch"
                label="Step-up is required"
                is_on={now.is_step_up_on}
                onchange={set.reform(move |is_step_up_on| Environment { is_step_up_on, ..now })}
            />
            <Switch
                test_id="captcha-switch"
                label="A captcha comes before a code"
                is_on={now.wants_captcha}
                onchange={set.reform(move |wants_captcha| Environment { wants_captcha, ..now })}
            />
            <Switch
                test_id="cookie-switch"
                label="The session is in a cookie"
                is_on={now.uses_cookies}
                onchange={set_and_reload.reform(move |uses_cookies| Environment { uses_cookies, ..now })}
            />
            <button class="button small" data-testid="sandbox-reset" onclick={reset}>{ "Start anew" }</button>
        </section>
    }
}

fn reload() {
    if let Some(window) = web_sys::window() {
        // A page that cannot be loaded again stays as it is, signed out.
        let _ = window.location().reload();
    }
}

#[derive(Properties, PartialEq)]
struct SwitchProps {
    test_id: AttrValue,
    label: AttrValue,
    is_on: bool,
    onchange: Callback<bool>,
}

#[component]
fn Switch(props: &SwitchProps) -> Html {
    let onchange =
        props.onchange.reform(|event: Event| event.target_unchecked_into::<HtmlInputElement>().checked());
    html! {
        <label class="switch">
            <span>{ props.label.clone() }</span>
            <input
                type="checkbox"
                role="switch"
                data-testid={props.test_id.clone()}
                checked={props.is_on}
                {onchange}
            />
        </label>
    }
}
