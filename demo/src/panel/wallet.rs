//! Opens the test wallet, where its account can be switched.

use web_sys::Event;
use yew::prelude::*;

#[component]
pub(super) fn WalletControls() -> Html {
    let open = Callback::from(|_: MouseEvent| {
        if let (Some(window), Ok(event)) = (web_sys::window(), Event::new("sandbox-wallet:open")) {
            // It fails only for an event that is being dispatched.
            let _ = window.dispatch_event(&event);
        }
    });
    html! {
        <section class="part" aria-labelledby="wallet-part-title">
            <h3 id="wallet-part-title">{ "Test wallet" }</h3>
            <button class="button small" data-testid="wallet-open" onclick={open}>{ "Open the wallet" }</button>
        </section>
    }
}
