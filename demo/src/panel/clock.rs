//! Moves time.

use yew::prelude::*;
use yew_hooks::prelude::*;
use yew_step_up::use_step_up_client;

use super::PartProps;
use crate::{
    format::{iso, time_of_day},
    ui::spawn,
};

#[component]
pub(super) fn ClockControls(props: &PartProps) -> Html {
    let client = use_step_up_client();
    let update = use_update();
    use_interval(move || update(), 1_000);
    let advance = |secs: i64| {
        let (control, ondone) = (props.control.clone(), props.ondone.clone());
        Callback::from(move |_: MouseEvent| {
            let (control, ondone) = (control.clone(), ondone.clone());
            spawn(async move { ondone.emit(control.advance(secs).await) });
        })
    };
    html! {
        <section class="part" aria-labelledby="clock-title">
            <div class="part-head">
                <h3 id="clock-title">{ "Clock" }</h3>
                <time class="mono quiet" data-testid="clock-now" datetime={iso(client.now())}>
                    { time_of_day(client.now()) }
                </time>
            </div>
            <div class="segments">
                <button class="button small" data-testid="clock-1m" onclick={advance(60)}>{ "+ 1 min" }</button>
                <button class="button small" data-testid="clock-5m" onclick={advance(300)}>{ "+ 5 min" }</button>
                <button class="button small" data-testid="clock-1h" onclick={advance(3_600)}>{ "+ 1 h" }</button>
            </div>
        </section>
    }
}
