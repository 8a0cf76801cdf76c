//! What the pages say: as pages where a browser is to show them, else as JSON, for a page of the app that shows the same.

use serde_json::json;

use super::{
    authorize::{Authorization, ConsentView, Return},
    flow::Ending,
};
use crate::{
    call::Call,
    reply::{Failure, Outcome, Refusal, json_response, ok},
};

/// What a page says.
pub(crate) enum View {
    Consent(ConsentView),
    Return(Return),
    Ending(Ending),
    Refusal(Refusal),
}

impl From<Authorization> for View {
    fn from(authorization: Authorization) -> Self {
        match authorization {
            Authorization::Ask(consent) => Self::Consent(consent),
            Authorization::Answer(answer) => Self::Return(answer),
        }
    }
}

impl From<Ending> for View {
    fn from(ending: Ending) -> Self {
        Self::Ending(ending)
    }
}

impl View {
    pub(crate) fn answer(self, call: &Call<'_>) -> Outcome {
        #[cfg(feature = "server")]
        if call.wants_html() {
            return Ok(super::html::page(self, call.request.path()));
        }
        let _ = call;
        self.json()
    }

    fn json(self) -> Outcome {
        match self {
            Self::Consent(consent) => ok(&consent),
            Self::Return(answer) => Ok(redirect_to(&answer.url())),
            Self::Ending(Ending::Redirect(url)) => Ok(redirect_to(&url)),
            Self::Ending(Ending::Message { target_origin, message }) => {
                ok(&json!({ "targetOrigin": target_origin, "message": message }))
            }
            Self::Refusal(refusal) => Err(Failure::Refused(refusal)),
        }
    }
}

fn redirect_to(url: &str) -> step_up_core::HttpResponse {
    json_response(200, &json!({ "redirectTo": url }))
}
