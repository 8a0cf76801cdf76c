//! The pages themselves. Everything that comes from outside is escaped by the templates, and the policy allows no script and
//! no style but those below, by their hashes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use step_up_core::HttpResponse;

use super::{
    authorize::{ConsentView, Return},
    flow::Ending,
    view::View,
};
use crate::reply::Refusal;

/// The channel on which a page that lost its opener is heard by pages of its own origin (`docs/PROTOCOL.md`, "Social
/// accounts"). The code leaves the address first.
const TELL: &str = r#"
const { message, target } = document.querySelector("main").dataset;
history.replaceState(null, "", location.pathname);
const answer = JSON.parse(message);
new BroadcastChannel("step-up-oauth").postMessage(answer);
if (window.opener && target) window.opener.postMessage(answer, target);
window.close();
"#;

const SUBMIT: &str = "document.forms[0].submit();";

const STYLE: &str = "
:root { color-scheme: light dark; --paper: light-dark(#f4f4f2, #121413); --sheet: light-dark(#fff, #1b1e1d);
  --ink: light-dark(#17201c, #eceeea); --quiet: light-dark(#55605a, #a3aea7); --line: light-dark(#8d8a7e, #78837c);
  --brand: light-dark(#0f6b4f, #5cc9a0); --brand-ink: light-dark(#fff, #06251a); --bad: light-dark(#a8261c, #ff9d91); }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 ui-sans-serif, system-ui, sans-serif; }
main { width: 100%; max-width: 26rem; padding: 1.75rem; border-radius: 16px; background: var(--sheet);
  overflow-wrap: anywhere; }
h1 { margin: 0 0 .5rem; font-size: 1.35rem; line-height: 1.25; }
p { margin: 0 0 1rem; } .quiet { color: var(--quiet); font-size: .875rem; } .bad { color: var(--bad); }
label { display: block; margin-bottom: .25rem; font-weight: 600; }
input { width: 100%; min-height: 2.75rem; padding: 0 .75rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: 10px; }
.row { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; }
button { flex: 1 1 8rem; min-height: 2.75rem; padding: 0 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 10px; }
button.primary { color: var(--brand-ink); background: var(--brand); border-color: var(--brand); }
:focus-visible { outline: 3px solid var(--brand); outline-offset: 2px; }
";

/// A page, at this path.
pub(super) fn page(view: View, path: &str) -> HttpResponse {
    match view {
        View::Consent(consent) => ask(&consent, path),
        View::Return(answer) if answer.is_form_post => post(&answer),
        View::Return(answer) => leave(&answer.url()),
        View::Ending(Ending::Redirect(url)) => leave(&url),
        View::Ending(Ending::Message { target_origin, message }) => {
            tell(target_origin.as_deref(), &message.to_string(), message.get("error").is_some())
        }
        View::Refusal(refusal) => refuse(&refusal),
    }
}

fn ask(consent: &ConsentView, path: &str) -> HttpResponse {
    let ConsentView { provider_name, app_name, .. } = consent;
    let first = consent.accounts.first().map(|account| account.label()).unwrap_or_default();
    let content = html! {
        main {
            h1 { "Sign in with " (provider_name) }
            p { strong { (app_name) } " asks who you are at " (provider_name) "." }
            @if let Some(problem) = consent.problem {
                p.bad id="problem" role="alert" { (problem) }
            }
            form method="post" action=(path) {
                input type="hidden" name="ticket" value=(consent.ticket);
                label for="account" { "Your " (provider_name) " account" }
                input id="account" name="account" list="accounts" value=(first) autocomplete="off" autocapitalize="none"
                    spellcheck="false" maxlength="100" data-testid="consent-account" aria-describedby="hint";
                datalist id="accounts" {
                    @for account in &consent.accounts { option value=(account.label()) { (account.username) } }
                }
                div.row {
                    button.primary name="decision" value="continue" data-testid="consent-continue" { "Continue" }
                    button name="decision" value="refuse" data-testid="consent-refuse" { "Refuse" }
                }
            }
            p.quiet id="hint" {
                "This is not " (provider_name) ", but the sandbox in its place. Any name or email address is an account here."
            }
        }
    };
    let mut policy = String::from("form-action 'self'");
    if let Some(origin) = &consent.leads_to {
        // Browsers apply it to where the form's answer redirects, too.
        policy.push_str(&format!(" {origin}"));
    }
    let response = document(200, &format!("Sign in with {provider_name}"), &content, None, &policy);
    // Without a referrer a browser sends the form with `Origin: null`. So it gets one, of this origin only.
    let response = response.with_header("referrer-policy", "same-origin");
    if consent.is_isolated {
        return response.with_header("cross-origin-opener-policy", "same-origin");
    }
    response
}

/// A form that sends itself.
fn post(answer: &Return) -> HttpResponse {
    let content = html! {
        main {
            h1 { "Going back…" }
            form method="post" action=(answer.redirect_uri) {
                @for (name, value) in &answer.parameters { input type="hidden" name=(name) value=(value); }
                div.row { button.primary { "Continue" } }
            }
        }
    };
    let mut policy = String::from("form-action 'self'");
    if let Some(origin) = &answer.leads_to {
        policy.push_str(&format!(" {origin}"));
    }
    document(200, "Going back", &content, Some(SUBMIT), &policy).with_header("referrer-policy", "same-origin")
}

/// The address may carry a code, so the next page does not learn where it came from.
fn leave(url: &str) -> HttpResponse {
    HttpResponse::new(303, "").with_header("location", url).with_header("referrer-policy", "no-referrer")
}

fn tell(target_origin: Option<&str>, message: &str, is_error: bool) -> HttpResponse {
    let title = if is_error { "Not signed in" } else { "Signed in" };
    let content = html! {
        main data-message=(message) data-target=[target_origin] {
            h1 { (title) }
            p { "You can close this window and go back to the app." }
        }
    };
    document(200, title, &content, Some(TELL), "form-action 'none'")
        .with_header("referrer-policy", "no-referrer")
}

fn refuse(refusal: &Refusal) -> HttpResponse {
    let content = html! {
        main {
            h1 { "This does not work" }
            p role="alert" { (refusal.sentence()) }
            p.quiet { "Close this window and begin again in the app." }
        }
    };
    document(refusal.status, "This does not work", &content, None, "form-action 'none'")
        .with_header("referrer-policy", "no-referrer")
}

fn document(
    status: u16,
    title: &str,
    content: &Markup,
    script: Option<&'static str>,
    form_action: &str,
) -> HttpResponse {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (content)
                @if let Some(script) = script { script { (PreEscaped(script)) } }
            }
        }
    };
    let scripts = script.map_or_else(|| "'none'".to_owned(), hash);
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {scripts}; base-uri 'none'; frame-ancestors 'none'; {form_action}",
        hash(STYLE)
    );
    HttpResponse::new(status, markup.into_string())
        .with_header("content-type", "text/html; charset=utf-8")
        .with_header("content-security-policy", policy)
        .with_header("x-content-type-options", "nosniff")
        .with_header("x-frame-options", "DENY")
}

/// A source of the policy ([CSP Level 3, "Does element match source list"](https://www.w3.org/TR/CSP3/#match-element-to-source-list)).
fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}
