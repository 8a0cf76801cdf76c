//! The headless way: the methods alone, behind a prompt of one's own (`verify/`).

use yew::prelude::*;
use yew_step_up::{Result, TokenScope, use_step_up_client};

use super::{
    export_screen::ExportScreen,
    source::SourceFile,
    wallet::{WalletCard, export_wallet},
};
use crate::{
    ui::{button::PrimaryButton, spawn},
    verify::Verify,
};

/// What the page runs on.
pub(crate) const SOURCE: &[SourceFile] = &[
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
}

/// A wallet whose key can be exported by somebody who verifies once more.
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
        Step::Exported(Err(error)) => Some(error.clone()),
        Step::Idle => None,
    };
    html! {
        <WalletCard
            approach="Headless"
            intro="The page's own screens ask you, on the methods alone. Whoever has the key has the wallet, so you will be asked first."
            {error}
            again={go(Step::Idle)}
        >
            <PrimaryButton
                label="Export wallet"
                test_id="export-wallet"
                onclick={go(Step::Verifying).reform(|_: MouseEvent| ())}
            />
        </WalletCard>
    }
}
