use super::{Auth, Call, Endpoint, Guard};
use crate::{
    error::Result,
    json::{Body, decode},
    transport::Method,
    types::{TokenScope, VerifyResponse},
    wallet::{WalletChain, WalletSignature},
};

/// A signed message, and whose it is.
pub(crate) struct WalletProof {
    pub(crate) chain: WalletChain,
    pub(crate) message: String,
    pub(crate) network: Option<String>,
    pub(crate) address: String,
    pub(crate) signature: WalletSignature,
    /// The wallet's name as the service keeps it.
    pub(crate) wallet_name: String,
}

impl WalletProof {
    fn body(&self, scopes: &[TokenScope]) -> Body {
        let body = Body::new().text("chain", self.chain.as_str()).text("messageToSign", &self.message);
        let body = match &self.network {
            Some(network) => body.text("network", network),
            None => body,
        };
        body.text("publicWalletAddress", &self.address)
            .scopes("requestedScopes", scopes)
            .text("signedMessage", self.signature.as_str())
            .text("walletName", &self.wallet_name)
            .text("walletProvider", "browserExtension")
    }
}

/// Signs in with a wallet.
pub(crate) struct WalletSignIn<'a> {
    pub(crate) proof: &'a WalletProof,
}

impl Endpoint for WalletSignIn<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body = self.proof.body(&[]);
        // No device nonce goes with it: the message has a nonce of its own.
        Call::new(Method::Post, "/wallets/signin", Auth::Never).opens_session().body(body)
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a session")
    }
}

/// Verifies the signed-in user with a wallet, for the scopes that are asked for.
pub(crate) struct WalletVerify<'a> {
    pub(crate) proof: &'a WalletProof,
    pub(crate) scopes: &'a [TokenScope],
}

impl Endpoint for WalletVerify<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        // An account that is not the user's is a link, and the server guards links.
        Call::new(Method::Post, "/wallets/verify", Auth::Required)
            .device_signed()
            .guarded_by(Guard::Link)
            .body(self.proof.body(self.scopes))
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a verification's result")
    }
}

/// Links a wallet to the signed-in user.
pub(crate) struct WalletLink<'a> {
    pub(crate) proof: &'a WalletProof,
}

impl Endpoint for WalletLink<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        Call::new(Method::Post, "/verify/link", Auth::Required)
            .device_signed()
            .elevated(Guard::Link)
            .body(self.proof.body(&[]))
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a link's result")
    }
}
