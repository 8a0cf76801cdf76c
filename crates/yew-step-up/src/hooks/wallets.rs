//! `use_wallets`

use step_up_core::{Event, WalletInfo};
use yew::prelude::*;

use super::{Cleanup, Concern, use_client_value, use_concern, use_step_up_client};

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
    let wallets = use_client_value(&client, None, concerns, |client, _| client.wallets(), PartialEq::eq);
    // After the effect that listens.
    let discovering = client.clone();
    let discover = move || -> Cleanup {
        discovering.discover_wallets();
        Box::new(|| ())
    };
    use_concern(Concern::client(&client), Box::new(discover));
    wallets
}
