//! `use_wallets`

use step_up_core::{Event, StepUpClient, WalletInfo};
use yew::prelude::*;

use super::{use_client_value, use_step_up_client};

/// The external wallets that the user has here. Renders again when one announces itself.
///
/// ```
/// use yew::prelude::*;
/// use yew_step_up::{use_session, use_wallets};
///
/// #[component]
/// fn WalletButtons() -> Html {
///     let session = use_session();
///     use_wallets()
///         .into_iter()
///         .map(|wallet| {
///             let session = session.clone();
///             let id = wallet.id.clone();
///             let onclick = Callback::from(move |_: MouseEvent| {
///                 let sign_in = session.sign_in_with_wallet(&id);
///                 yew::platform::spawn_local(async move {
///                     if let Err(_error) = sign_in.await { /* show it */ }
///                 });
///             });
///             html! {
///                 <button key={wallet.id.as_str().to_owned()} {onclick}>
///                     <img src={wallet.icon} alt="" />{ wallet.name }
///                 </button>
///             }
///         })
///         .collect()
/// }
/// ```
///
/// # Panics
///
/// Outside a [`StepUpProvider`](crate::StepUpProvider).
///
/// # Server-side rendering
///
/// No wallets. They are looked for after the first render in the browser, so that it is the server's.
#[hook]
pub fn use_wallets() -> Vec<WalletInfo> {
    let client = use_step_up_client();
    let concerns = |event: &Event| matches!(event, Event::WalletsChanged);
    let wallets = use_client_value(&client, (), concerns, StepUpClient::wallets);
    // After the effect that listens.
    use_effect_with(client, |client| client.discover_wallets());
    wallets
}
