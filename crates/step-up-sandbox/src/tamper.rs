//! Right answers made wrong, so that tests see what a client does with them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use step_up_core::HttpResponse;

use crate::{
    elevation::ElevatedClaims, reply::json_response, store::StoreError, token::TokenKind, world::World,
};

/// How an answer is changed after the work is done. Tokens are signed again with the sandbox's own key, so nothing is
/// wrong with them but what they say; the sandbox itself goes by what it granted and never accepts them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tampering {
    /// Members of the answer that are left out.
    #[serde(default)]
    remove: Vec<String>,
    /// The elevated token's scopes.
    #[serde(default)]
    elevated_scope: Option<String>,
    /// The elevated token's subject.
    #[serde(default)]
    elevated_subject: Option<String>,
    /// The elevated token's expiry, in seconds from now; negative for one that is over.
    #[serde(default)]
    elevated_expires_in: Option<i64>,
    /// The identifier of the answer's user.
    #[serde(default)]
    user_id: Option<String>,
}

impl Tampering {
    /// The answer as it leaves. One that is no JSON object stays as it is.
    pub(crate) fn apply(
        &self,
        world: &World<'_>,
        mut response: HttpResponse,
    ) -> Result<HttpResponse, StoreError> {
        let Ok(Value::Object(mut answer)) = serde_json::from_slice(&response.body) else {
            return Ok(response);
        };
        self.resign(world, &mut answer)?;
        if let (Some(id), Some(user)) = (&self.user_id, answer.get_mut("user").and_then(Value::as_object_mut))
        {
            user.insert("id".into(), id.clone().into());
        }
        for name in &self.remove {
            answer.remove(name);
        }
        response.body = json_response(response.status, &Value::Object(answer)).body;
        Ok(response)
    }

    fn resign(&self, world: &World<'_>, answer: &mut Map<String, Value>) -> Result<(), StoreError> {
        let Some(Value::String(token)) = answer.get_mut("elevatedAccessToken") else { return Ok(()) };
        let Some(mut claims) = world.key.verify::<ElevatedClaims>(TokenKind::Elevated, token) else {
            return Ok(());
        };
        if let Some(scope) = &self.elevated_scope {
            claims.scope.clone_from(scope);
        }
        if let Some(subject) = &self.elevated_subject {
            claims.sub.clone_from(subject);
        }
        if let Some(secs) = self.elevated_expires_in {
            claims.exp = world.now.as_secs().saturating_add(secs);
        }
        *token = world.key.sign(TokenKind::Elevated, &claims)?;
        Ok(())
    }
}
