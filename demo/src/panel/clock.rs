//! Moves time.

use yew::prelude::*;

use super::PartProps;
use crate::ui::spawn;

#[component]
pub(super) fn ClockControls(props: &PartProps) -> Html {
    let advance = |secs: i64| {
        let (control, ondone) = (props.control.clone(), props.ondone.clone());
        Callback::from(move |_: MouseEvent| {
            let (control, ondone) = (control.clone(), ondone.clone());
            spawn(async move { ondone.emit(control.advance(secs).await) });
        })
    };
    html! {
        <section class="part" aria-labelledby="clock-title">
            <h3 id="clock-title">{ "Clock" }</h3>
            <div class="row">
                <button class="button small" data-testid="clock-1m" onclick={advance(60)}>{ "+ 1 min" }</button>
                <button class="button small" data-testid="clock-5m" onclick={advance(300)}>{ "+ 5 min" }</button>
                <button class="button small" data-testid="clock-1h" onclick={advance(3_600)}>{ "+ 1 h" }</button>
            </div>
        </section>
    }
}
