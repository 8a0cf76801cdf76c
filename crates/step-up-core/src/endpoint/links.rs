use super::{Auth, Call, Endpoint, Guard};
use crate::{
    error::Result,
    json::{Body, decode},
    transport::Method,
    types::{CredentialId, VerifyResponse},
};

/// Unlinks a credential of the signed-in user.
pub(crate) struct Unlink<'a> {
    pub(crate) credential: &'a CredentialId,
    /// Wallets have a field of their own.
    pub(crate) is_wallet: bool,
}

impl Endpoint for Unlink<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let name = if self.is_wallet { "walletId" } else { "verifiedCredentialId" };
        Call::new(Method::Post, "/verify/unlink", Auth::Required)
            .elevated(Guard::Unlink)
            .body(Body::new().text(name, self.credential.as_str()))
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "an unlink's result")
    }
}
