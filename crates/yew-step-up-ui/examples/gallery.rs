//! Every screen of the prompt, for whoever changes its looks: the part after `#` says which, such as `#email`, and after a
//! comma in which language, `#email,de`. `tests/support` is the service.
//!
//! `cargo build -p yew-step-up-ui --example gallery --target wasm32-unknown-unknown`, then wasm-bindgen, then a page that
//! links `step-up.css` and runs it.

#[cfg(target_arch = "wasm32")]
#[path = "../tests/support/mod.rs"]
mod support;

#[cfg(target_arch = "wasm32")]
fn main() {
    use support::{App, AppProps, Service};
    use yew::prelude::*;
    use yew_step_up_ui::Texts;

    let hash = web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
    let mut words = hash.trim_start_matches('#').split(',');
    let route = words.next().unwrap_or_default().to_owned();
    let texts = if words.next() == Some("de") { Texts::german() } else { Texts::english() };
    let service = Service::new();
    let check = match route.as_str() {
        "sms" => support::BY_SMS,
        "wallet" => support::BY_WALLET,
        "social" => support::BY_SOCIAL,
        "choose" => support::BY_ALL,
        "totp" => support::BY_TOTP,
        "dead-end" => r#"{"isRequired":true}"#,
        "passkey" => support::BY_PASSKEY,
        _ => support::BY_EMAIL,
    };
    yew::platform::spawn_local(async move {
        let client = service.signed_in().await;
        service.answer("/stepUp/check", if route == "loading" { 0 } else { 200 }, check);
        service.answer("/users/mfa/methods", 500, "{}");
        let wrong = r#"{"error":"no","code":"wrong_email_verification_token","payload":{"attemptsLeft":4}}"#;
        service.answer("/emailVerifications/verify", 422, wrong);
        if route == "expired" {
            let gone = r#"{"error":"no","code":"invalid_email_verification"}"#;
            service.answer("/emailVerifications/verify", 422, gone);
        }
        if route == "busy" {
            service.answer("/emailVerifications/verify", 0, "");
        }
        let captcha = r#"{"error":"no","code":"captcha_required"}"#;
        if route.ends_with("captcha") {
            service.answer("/create", 422, captcha);
        }
        let draw = Callback::from(|solved: Callback<AttrValue>| {
            html! { <button onclick={solved.reform(|_: MouseEvent| "token".into())}>{ "A captcha of the app" }</button> }
        });
        let props = yew::props!(AppProps { client, texts, captcha: (route == "captcha").then_some(draw) });
        yew::Renderer::<App>::with_props(props).render();
    });
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {}
