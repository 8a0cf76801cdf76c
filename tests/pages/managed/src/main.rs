//! Mounts the page on the real service.

use yew_step_up::{Config, StepUpClient, StepUpProvider, WebSessionStore, browser_platform};

fn main() {
    let config = match Config::new("2762a57b-faa4-41ce-9f16-abff9300e2c9") {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    };
    let platform = browser_platform(&config).with_session_store(WebSessionStore::tab(&config));
    let page = page_managed::page(StepUpClient::new(config, platform));
    yew::Renderer::<StepUpProvider>::with_props(page).render();
}
