//! A page that calls every hook and method of the library, with one field and one button for each. What it weighs is what
//! they cost; without one of its features it is what all but that method cost.

mod methods;
mod task;

use web_sys::HtmlInputElement;
use yew::{platform::spawn_local, prelude::*};
use yew_step_up::{
    StepUpClient, StepUpProviderProps, TokenScope, use_elevation, use_session, use_step_up_authentication,
    use_step_up_client,
};

use self::task::{Handles, Task};

/// What everything on this page asks to be elevated for.
const SCOPE: TokenScope = TokenScope::WalletExport;

/// The whole page: a provider with this client, and the buttons in it.
pub fn page(client: StepUpClient) -> StepUpProviderProps {
    yew::props!(StepUpProviderProps { client, children: html! { <Methods /> } })
}

#[component]
fn Methods() -> Html {
    let handles = Handles {
        client: use_step_up_client(),
        session: use_session(),
        step_up: use_step_up_authentication(),
        #[cfg(feature = "external")]
        external: yew_step_up::use_external_auth(),
        #[cfg(feature = "otp")]
        sent: use_mut_ref(|| None),
        #[cfg(feature = "wallet")]
        wallet: yew_step_up::use_wallets().into_iter().next().map(|wallet| wallet.id),
    };
    let elevation = use_elevation(SCOPE);
    #[cfg(feature = "social")]
    let resumed = yew_step_up::use_step_up_resume().and_then(|resumed| resumed.result.clone().err());
    #[cfg(not(feature = "social"))]
    let resumed = None::<yew_step_up::StepUpError>;
    let field = use_node_ref();
    let told = use_state(String::new);

    let email = handles.session.user().and_then(|user| user.email.clone());
    let is_loading = handles.step_up.is_loading;
    let error = handles.step_up.error.clone().or(resumed).map(|error| error.to_string());
    let go = {
        let (field, told) = (field.clone(), told.setter());
        Callback::from(move |task: Task| {
            let text = field.cast::<HtmlInputElement>().map(|field| field.value()).unwrap_or_default();
            // Now, in the click: popups and passkeys ask for it.
            let (running, told) = ((task.start)(&handles, &text), told.clone());
            told.set("…".to_owned());
            spawn_local(async move {
                told.set(match running.await {
                    Ok(()) => "Done.".to_owned(),
                    Err(error) => error.to_string(),
                });
            });
        })
    };
    let button = |task: &'static Task| {
        let onclick = go.reform(|_: MouseEvent| *task);
        html! { <button {onclick}>{ task.name }</button> }
    };
    html! {
        <>
            <p>{ email }</p>
            <p>{ elevation.remaining().as_secs() }</p>
            <input ref={field} />
            { for methods::ALL.iter().flat_map(|method| method.iter()).map(button) }
            if is_loading { <p>{ "Verifying." }</p> }
            <p role="alert">{ error }</p>
            <output>{ &*told }</output>
        </>
    }
}
