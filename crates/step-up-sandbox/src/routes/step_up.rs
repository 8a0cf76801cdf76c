//! Whether the user has to verify once more.

use serde::Deserialize;
use step_up_core::{Credential, StepUpCheckResponse, StepUpCredential};

use crate::{
    account,
    call::Call,
    elevation, mfa,
    reply::{Outcome, ok},
    settings::Rules,
};

#[derive(Deserialize)]
struct CheckBody {
    scope: String,
}

/// Required wherever step-up is on: what a client already holds it answers by itself. Lists what elevates: second
/// factors where the user has any, else what they may sign in with.
pub(super) fn check(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let body: CheckBody = call.body()?;
    elevation::known_scopes(&[body.scope])?;
    let mut answer = StepUpCheckResponse::new(Rules::load(&call.world.tx)?.is_step_up_on());
    let methods = mfa::methods(&call.world, &session.user)?;
    if methods.has_verified() {
        answer.credentials = methods.step_up_credentials();
        answer.default_credential_id = methods.default_credential();
    } else {
        let account = account::of_session(&call.world, &session)?;
        answer.credentials = account.reauthenticators().map(step_up_credential).collect();
        answer.default_credential_id = answer
            .credentials
            .iter()
            .map(|credential| credential.id.clone())
            .find(|id| *id == session.sign_in_credential);
    }
    ok(&answer)
}

fn step_up_credential(credential: &Credential) -> StepUpCredential {
    let mut listed = StepUpCredential::new(credential.id.clone(), credential.format.clone());
    listed.alias.clone_from(&credential.public_identifier);
    listed
}
