//! Speaking to a wallet for EVM chains ([EIP-1193](https://eips.ethereum.org/EIPS/eip-1193)).

use std::fmt::Write as _;

use js_sys::Array;
use step_up_core::{LocalFuture, Result, WalletAccount, WalletSignature};
use wasm_bindgen::JsValue;

use super::{
    super::js::{
        Value::{self, List, Object, Text},
        call,
    },
    answer,
    error::failed,
};

/// What a wallet puts into the page.
#[derive(Clone)]
pub(super) struct Provider(pub(super) JsValue);

impl Provider {
    /// The accounts that it shows: already, which asks nobody, or because it asks its user which.
    pub(super) async fn accounts(&self, asks: bool) -> Result<Vec<WalletAccount>> {
        let method = if asks { "eth_requestAccounts" } else { "eth_accounts" };
        let addresses = self.call(method, &[]).await?;
        if !Array::is_array(&addresses) {
            return Err(failed("what it gave is no list of accounts"));
        }
        let addresses: Vec<String> =
            Array::from(&addresses).iter().filter_map(|address| address.as_string()).collect();
        if addresses.is_empty() {
            return Ok(Vec::new());
        }
        let chain_id = self.chain_id().await;
        let account = |address| match chain_id {
            Some(chain_id) => WalletAccount::new(address).on_chain(chain_id),
            None => WalletAccount::new(address),
        };
        Ok(addresses.into_iter().map(account).collect())
    }

    /// Has it ask the user to sign ([EIP-191](https://eips.ethereum.org/EIPS/eip-191)).
    pub(super) async fn sign(&self, address: &str, message: &str) -> Result<WalletSignature> {
        let mut hex = String::from("0x");
        for byte in message.bytes() {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        let signature = self.call("personal_sign", &[Text(&hex), Text(address)]).await?;
        WalletSignature::from_evm(&signature.as_string().unwrap_or_default())
    }

    /// The chain that it is on, where it says so: a message can be signed without.
    async fn chain_id(&self) -> Option<u64> {
        let id = self.call("eth_chainId", &[]).await.ok()?.as_string()?;
        u64::from_str_radix(id.strip_prefix("0x")?, 16).ok()
    }

    fn call(&self, method: &str, params: &[Value<'_>]) -> LocalFuture<'static, Result<JsValue>> {
        let request = Object(&[("method", Text(method)), ("params", List(params))]);
        answer(call(&self.0, "request", &[request]))
    }
}
