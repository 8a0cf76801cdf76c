use super::{Auth, Call, Endpoint};
use crate::{
    error::Result,
    json::{Body, decode},
    transport::Method,
    types::{StepUpCheckResponse, TokenScope},
};

/// Asks whether the user has to verify once more for a scope.
pub(crate) struct StepUpCheckCall<'a> {
    pub(crate) scope: &'a TokenScope,
}

impl Endpoint for StepUpCheckCall<'_> {
    type Output = StepUpCheckResponse;

    fn call(&self) -> Call {
        let body = Body::new().text("scope", self.scope.as_str());
        Call { is_check: true, ..Call::new(Method::Post, "/stepUp/check", Auth::Required).body(body) }
    }

    fn parse(body: &[u8]) -> Result<StepUpCheckResponse> {
        decode(body, "the answer to a step-up check")
    }
}
