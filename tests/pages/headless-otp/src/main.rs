//! Mounts the page on the real service.

use page_headless_otp::{Page, PageProps};
use yew_step_up::{Config, StepUpClient, browser_platform};

fn main() {
    let config = match Config::new("2762a57b-faa4-41ce-9f16-abff9300e2c9") {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    };
    let platform = browser_platform(&config);
    yew::Renderer::<Page>::with_props(PageProps { client: StepUpClient::new(config, platform) }).render();
}
