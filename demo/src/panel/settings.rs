//! The environment's settings, and the way back to the start.

use std::{cell::RefCell, rc::Rc};

use yew::prelude::*;
use yew_step_up::use_step_up_client;

use super::PartProps;
use crate::{control::Environment, ui::spawn};

#[component]
pub(super) fn SettingsControls(props: &PartProps) -> Html {
    let client = use_step_up_client();
    let environment = use_state(|| None::<Environment>);
    let is_changing = use_state(|| false);
    // Counts what is asked of the settings, because an answer that something else has overtaken tells of the past.
    let latest = use_mut_ref(|| 0_u32);
    {
        let (environment, ondone) = (environment.setter(), props.ondone.clone());
        let latest = Rc::clone(&latest);
        use_effect_with((props.control.clone(), props.seen), move |(control, _)| {
            let control = control.clone();
            spawn(async move {
                let mine = next(&latest);
                match control.settings().await {
                    Ok(value) if *latest.borrow() == mine => environment.set(Some(value)),
                    Ok(_) => {}
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
        let (environment, is_changing) = (environment.setter(), is_changing.setter());
        let latest = Rc::clone(&latest);
        Callback::from(move |wanted: Environment| {
            let (control, ondone) = (control.clone(), ondone.clone());
            let (environment, is_changing) = (environment.clone(), is_changing.clone());
            let latest = Rc::clone(&latest);
            is_changing.set(true);
            spawn(async move {
                let done = control.set(wanted).await;
                if done.is_ok() {
                    next(&latest);
                    environment.set(Some(wanted));
                }
                is_changing.set(false);
                ondone.emit(done);
            });
        })
    };
    // Another kind of session: the page starts again with it.
    let set_and_reload = {
        let (control, ondone) = (props.control.clone(), props.ondone.clone());
        let is_changing = is_changing.setter();
        Callback::from(move |environment: Environment| {
            let (control, ondone) = (control.clone(), ondone.clone());
            let is_changing = is_changing.clone();
            let sign_out = client.sign_out();
            is_changing.set(true);
            spawn(async move {
                drop(sign_out.await);
                match control.set(environment).await {
                    Ok(()) => reload(),
                    Err(error) => {
                        is_changing.set(false);
                        ondone.emit(Err(error));
                    }
                }
            });
        })
    };
    // Each change begins with what the settings are, so that one comes after the other.
    let is_busy = *is_changing || environment.is_none();
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
                {is_busy}
                onchange={set.reform(move |is_step_up_on| Environment { is_step_up_on, ..now })}
            />
            <Switch
                test_id="captcha-switch"
                label="A captcha comes before a code"
                is_on={now.wants_captcha}
                {is_busy}
                onchange={set.reform(move |wants_captcha| Environment { wants_captcha, ..now })}
            />
            <Switch
                test_id="cookie-switch"
                label="The session is in a cookie"
                is_on={now.uses_cookies}
                {is_busy}
                onchange={set_and_reload.reform(move |uses_cookies| Environment { uses_cookies, ..now })}
            />
            <button class="button small" data-testid="sandbox-reset" onclick={reset}>{ "Start anew" }</button>
        </section>
    }
}

/// The number of what is asked now.
fn next(latest: &RefCell<u32>) -> u32 {
    let mut latest = latest.borrow_mut();
    *latest = latest.wrapping_add(1);
    *latest
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
    /// A change is on its way, and another one has to wait.
    is_busy: bool,
    onchange: Callback<bool>,
}

/// On once the sandbox has kept it, and not before: a reload would lose it.
#[component]
fn Switch(props: &SwitchProps) -> Html {
    let onclick = {
        let (onchange, is_on, is_busy) = (props.onchange.clone(), props.is_on, props.is_busy);
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            if !is_busy {
                onchange.emit(!is_on);
            }
        })
    };
    html! {
        <label class="switch">
            <span>{ props.label.clone() }</span>
            <input
                type="checkbox"
                role="switch"
                data-testid={props.test_id.clone()}
                aria-busy={props.is_busy.to_string()}
                aria-disabled={props.is_busy.to_string()}
                checked={props.is_on}
                {onclick}
            />
        </label>
    }
}
