//! Light, dark, or as the device is; remembered. `theme.js` sets it before the program is there.

use yew::prelude::*;
use yew_hooks::prelude::*;

use super::icon::{Auto, Moon, Sun};

#[component]
pub(crate) fn ThemeToggle() -> Html {
    let theme = use_local_storage::<String>("step-up-demo:theme".into());
    let current = (*theme).clone().unwrap_or_else(|| "auto".into());
    use_effect_with(current.clone(), |theme| {
        let document = web_sys::window().and_then(|window| window.document());
        if let Some(root) = document.and_then(|document| document.document_element()) {
            // A root that takes no attribute keeps the device's colours.
            let _ = root.set_attribute("data-theme", theme);
        }
    });
    let (next, icon) = match current.as_str() {
        "auto" => ("dark", html! { <Auto /> }),
        "dark" => ("light", html! { <Moon /> }),
        _ => ("auto", html! { <Sun /> }),
    };
    let label = format!("Colours: {current}. Change to {next}.");
    let onclick = Callback::from(move |_: MouseEvent| theme.set(next.into()));
    html! {
        <button class="button ghost icon" data-testid="theme-toggle" {onclick} aria-label={label.clone()} title={label}>
            { icon }
        </button>
    }
}
