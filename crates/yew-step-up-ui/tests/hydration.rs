//! Browser lane: a page with the prompt is rendered as a server does, signed out, and hydrated with a user signed in.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;
#[path = "../../yew-step-up/tests/support/wait.rs"]
mod wait;

use support::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use yew::{platform::spawn_local, prelude::*};
use yew_step_up::{
    Config, PromptOptions, StepUpClient, StepUpProvider, TokenScope, browser_platform, use_session,
};
use yew_step_up_ui::StepUpPrompt;

use wait::settle;

wasm_bindgen_test_configure!(run_in_browser);

#[derive(Properties, PartialEq)]
struct PageProps {
    client: StepUpClient,
}

#[component]
fn Page(props: &PageProps) -> Html {
    html! {
        <StepUpProvider client={props.client.clone()} hydrate=true>
            <Greeting />
            <StepUpPrompt />
        </StepUpProvider>
    }
}

#[component]
fn Greeting() -> Html {
    let session = use_session();
    html! { if session.user().is_some() { <p>{ "Signed in" }</p> } else { <a>{ "Sign in" }</a> } }
}

#[wasm_bindgen_test]
async fn a_prompt_is_drawn_in_a_page_that_was_hydrated() {
    let config = Config::new("2762a57b-faa4-41ce-9f16-abff9300e2c9").unwrap();
    let server = StepUpClient::new(config.clone(), browser_platform(&config));
    let served = yew::LocalServerRenderer::<Page>::with_props(PageProps { client: server }).render().await;
    assert!(served.contains("<a>Sign in</a>") && !served.contains("<dialog"), "{served}");

    let service = Service::new();
    service.answer("/stepUp/check", 200, BY_ALL);
    let client = service.signed_in().await;
    let document = web_sys::window().unwrap().document().unwrap();
    let root = document.create_element("div").unwrap();
    document.body().unwrap().append_child(&root).unwrap();
    root.set_inner_html(&served);
    let props = PageProps { client: client.clone() };
    let app = yew::Renderer::<Page>::with_root_and_props(root.clone(), props).hydrate();
    settle().await;
    assert_eq!(root.text_content().unwrap(), "Signed in");

    let asked = client.prompt_step_up_auth(PromptOptions::new(&[TokenScope::WalletExport]));
    spawn_local(async move {
        // It ends with the page.
        let _ = asked.await;
    });
    settle().await;
    assert!(root.query_selector("dialog[open]").unwrap().is_some(), "{}", root.inner_html());
    app.destroy();
    root.remove();
}
