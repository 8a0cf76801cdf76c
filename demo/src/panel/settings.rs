//! The environment's settings, and the way back to the start.

use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_step_up::use_step_up_client;

use super::PartProps;
use crate::ui::spawn;

#[component]
pub(super) fn SettingsControls(props: &PartProps) -> Html {
    let client = use_step_up_client();
    let is_on = use_state(|| true);
    {
        let (is_on, ondone) = (is_on.setter(), props.ondone.clone());
        use_effect_with((props.control.clone(), props.seen), move |(control, _)| {
            let control = control.clone();
            spawn(async move {
                match control.is_step_up_on().await {
                    Ok(value) => is_on.set(value),
                    Err(error) => ondone.emit(Err(error)),
                }
            });
        });
    }
    let onchange = {
        let (control, ondone) = (props.control.clone(), props.ondone.clone());
        Callback::from(move |event: Event| {
            let is_on = event.target_unchecked_into::<HtmlInputElement>().checked();
            let (control, ondone) = (control.clone(), ondone.clone());
            spawn(async move { ondone.emit(control.set_step_up(is_on).await) });
        })
    };
    let reset = {
        let (control, ondone) = (props.control.clone(), props.ondone.clone());
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
    html! {
        <section class="part" aria-labelledby="settings-title">
            <h3 id="settings-title">{ "Environment" }</h3>
            <label class="switch">
                <span>{ "Step-up is required" }</span>
                <input type="checkbox" role="switch" data-testid="step-up-switch" checked={*is_on} {onchange} />
            </label>
            <button class="button small" data-testid="sandbox-reset" onclick={reset}>{ "Start anew" }</button>
        </section>
    }
}
