//! What it means when a wallet refuses.

use step_up_core::StepUpError;
use wasm_bindgen::JsValue;

use super::property;

/// The error for what a wallet threw or rejected with: by its code ([EIP-1193](https://eips.ethereum.org/EIPS/eip-1193),
/// [EIP-1474](https://eips.ethereum.org/EIPS/eip-1474)). Its text is left out: it is the wallet's, and could be anything.
pub(super) fn refusal(error: &JsValue) -> StepUpError {
    let code = property(error, "code").as_f64();
    let why = match code {
        // The second is the wallet standard's, for the same.
        Some(4001.0 | 4_001_000.0) => return StepUpError::Cancelled,
        Some(4100.0) => "it does not allow this page to use the account".into(),
        Some(4200.0 | -32601.0) => "it cannot sign messages".into(),
        Some(4900.0 | 4901.0) => "it is not connected to its chain".into(),
        Some(-32002.0) => "another request waits in it; open the wallet and answer that one".into(),
        // A whole number, as JSON-RPC says; and printing any other brings ten kilobytes into the page.
        Some(code) => format!("it gave error {}", code as i64),
        None => "it gave no reason".into(),
    };
    StepUpError::WalletFailed { why }
}

pub(super) fn failed(why: &str) -> StepUpError {
    StepUpError::WalletFailed { why: why.into() }
}
