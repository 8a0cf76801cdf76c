//! Core lane: the prompt where pages are rendered on a server.

#![cfg(not(target_arch = "wasm32"))]

use yew::prelude::*;
use yew_step_up::StepUpProvider;
use yew_step_up_ui::{StepUpPrompt, Texts};

#[component]
fn Page() -> Html {
    html! {
        <StepUpProvider environment_id="2762a57b-faa4-41ce-9f16-abff9300e2c9">
            <p>{ "The app" }</p>
            <StepUpPrompt texts={Texts::german()} />
        </StepUpProvider>
    }
}

#[tokio::test]
async fn a_server_renders_the_page_and_no_dialog() {
    let html = yew::ServerRenderer::<Page>::new().hydratable(false).render().await;
    assert_eq!(html, "<p>The app</p>");
}
