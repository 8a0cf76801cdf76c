//! What the visitor's authenticator app shows.

use yew::prelude::*;
use yew_hooks::prelude::*;
use yew_step_up::use_step_up_client;

use crate::{authenticator, ui::autofill::fill_in};

#[derive(Properties, PartialEq)]
pub(super) struct AuthenticatorProps {
    /// Told when a code went into the page's field.
    pub(super) onfilled: Callback<()>,
}

#[component]
pub(super) fn Authenticator(props: &AuthenticatorProps) -> Html {
    let client = use_step_up_client();
    let update = use_update();
    use_interval(move || update(), 1_000);
    let Some(code) = authenticator::code(client.now()) else { return Html::default() };
    let onclick = {
        let (code, onfilled) = (code.clone(), props.onfilled.clone());
        Callback::from(move |_: MouseEvent| {
            if fill_in(&code) {
                onfilled.emit(());
            }
        })
    };
    html! {
        <section class="part" aria-labelledby="authenticator-title">
            <div class="part-head">
                <h3 id="authenticator-title">{ "Authenticator app" }</h3>
                <span class="quiet">{ "Each code works once" }</span>
            </div>
            <button class="code mono" {onclick} title="Fill it in">
                <span data-testid="authenticator-code">{ code }</span>
            </button>
        </section>
    }
}
