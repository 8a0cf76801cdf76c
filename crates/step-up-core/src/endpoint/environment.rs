use serde::Deserialize;

use super::{Auth, Call, Endpoint};
use crate::{error::Result, parse::decode, transport::Method, types::Settings};

/// The environment's settings.
pub(crate) struct GetSettings;

impl Endpoint for GetSettings {
    type Output = Settings;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/settings", Auth::Never)
    }

    fn parse(&self, body: &[u8]) -> Result<Settings> {
        decode(body, "the environment's settings")
    }
}

/// Nonces for the device key to sign.
pub(crate) struct GetNonces;

impl Endpoint for GetNonces {
    type Output = Vec<String>;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/nonces?count=5", Auth::Never)
    }

    fn parse(&self, body: &[u8]) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Nonces {
            nonces: Vec<String>,
        }
        decode::<Nonces>(body, "a list of nonces").map(|answer| answer.nonces)
    }
}
