use super::{Auth, Call, Endpoint};
use crate::{
    error::Result,
    json::{Body, decode, from_json},
    secret::{ElevatedToken, ExternalJwt},
    transport::Method,
    types::VerifyResponse,
};

/// Signs in with an assertion of an external identity provider.
pub(crate) struct ExternalSignIn<'a> {
    pub(crate) assertion: &'a ExternalJwt,
}

impl Endpoint for ExternalSignIn<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body = Body::new().text("jwt", self.assertion.expose());
        Call::new(Method::Post, "/externalAuth/signin", Auth::Never)
            .opens_session()
            .device_signed()
            .body(body)
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a session")
    }
}

/// Verifies the signed-in user with an assertion, which names the scopes.
pub(crate) struct ExternalVerify<'a> {
    pub(crate) assertion: &'a ExternalJwt,
}

impl Endpoint for ExternalVerify<'_> {
    /// The elevated token, if there is one.
    type Output = Option<ElevatedToken>;

    fn call(&self) -> Call {
        let body = Body::new().text("jwt", self.assertion.expose());
        Call::new(Method::Post, "/externalAuth/verify", Auth::Required).body(body)
    }

    fn parse(body: &[u8]) -> Result<Option<ElevatedToken>> {
        struct Granted {
            elevated_token: Option<ElevatedToken>,
        }
        from_json!(Granted { elevated_token = "elevatedAccessToken", });
        decode::<Granted>(body, "an elevated token").map(|granted| granted.elevated_token)
    }
}
