//! A blank yew page with one component: what every other size is measured against.

use yew::prelude::*;

#[component]
fn App() -> Html {
    html! { <p>{ "Blank." }</p> }
}

fn main() {
    yew::Renderer::<App>::new().render();
}
