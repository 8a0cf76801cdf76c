//! The headless way: the methods alone, behind a prompt of one's own (`verify/`); and the documentation's full example.

use yew::prelude::*;
use yew_router::prelude::*;
use yew_step_up::{Result, TokenScope, use_step_up_client};

use super::{
    credentials::{LinkCode, LinkEmailButton},
    export_screen::ExportScreen,
    source::SourceFile,
    wallet::{WalletCard, export_wallet},
};
use crate::{
    app::Route,
    ui::{button::PrimaryButton, spawn},
    verify::Verify,
};

/// What the page runs on.
pub(crate) const SOURCE: &[SourceFile] = &[
    SourceFile {
        name: "credentials/link_email_button.rs",
        text: include_str!("credentials/link_email_button.rs"),
    },
    SourceFile { name: "verify/mod.rs", text: include_str!("../verify/mod.rs") },
    SourceFile { name: "verify/otp_screen.rs", text: include_str!("../verify/otp_screen.rs") },
    SourceFile { name: "pages/headless.rs", text: include_str!("headless.rs") },
];

/// Where the visitor is.
#[derive(Clone, PartialEq)]
enum Step {
    Idle,
    Verifying,
    Exported(Result<String>),
    /// Elevated, by the documentation's example.
    Linking,
    Linked,
}

/// A wallet whose key can be exported by somebody who verifies once more, and an email address that they can link.
#[component]
pub(crate) fn Headless() -> Html {
    let client = use_step_up_client();
    let step = use_state(|| Step::Idle);
    let go = |to: Step| {
        let step = step.clone();
        Callback::from(move |()| step.set(to.clone()))
    };
    let export = {
        let step = step.clone();
        Callback::from(move |()| {
            let (client, step) = (client.clone(), step.clone());
            spawn(async move { step.set(Step::Exported(export_wallet(&client).await)) });
        })
    };
    let error = match &*step {
        Step::Verifying => {
            return html! {
                <Verify scope={TokenScope::WalletExport} onverified={export} oncancel={go(Step::Idle)} />
            };
        }
        Step::Exported(Ok(key)) => {
            return html! { <ExportScreen key_text={key.clone()} ondone={go(Step::Idle)} /> };
        }
        Step::Linking => {
            return html! {
                <LinkCode is_phone=false ondone={go(Step::Linked)} oncancel={go(Step::Idle)} />
            };
        }
        Step::Exported(Err(error)) => Some(error.clone()),
        Step::Idle | Step::Linked => None,
    };
    html! {
        <>
            <WalletCard
                approach="Approach 3 of 3: headless"
                intro={html! {
                    <>
                        { "The app's own screens, on the verify methods alone: " }<code>{ "send_otp" }</code>{ ", " }
                        <code>{ "verify_otp" }</code>{ " and the others. No ready-made prompt is on this page." }
                    </>
                }}
                {error}
                again={go(Step::Idle)}
            >
                <PrimaryButton
                    label="Export wallet"
                    test_id="export-wallet"
                    onclick={go(Step::Verifying).reform(|_: MouseEvent| ())}
                />
            </WalletCard>
            <section class="card" aria-labelledby="example-title">
                <div class="stack">
                    <h2 id="example-title">{ "The documentation's full example" }</h2>
                    <p class="quiet">
                        { "Another email address is another way to sign in, so a code to the one that you have comes first. It is one file, with nothing but the hook." }
                    </p>
                </div>
                <div class="stack"><LinkEmailButton link_email={go(Step::Linking)} /></div>
                <p class="quiet" aria-live="polite" data-testid="example-linked">
                    if *step == Step::Linked {
                        { "It is linked. " }<Link<Route> to={Route::Credentials}>{ "See your credentials" }</Link<Route>>
                    }
                </p>
            </section>
        </>
    }
}
