//! Whether the user has to verify once more.

use serde::Deserialize;
use step_up_core::{Credential, CredentialFormat, Provider, StepUpCheckResponse, StepUpCredential};

use crate::{
    account,
    call::Call,
    elevation, external_wallet, mfa,
    reply::{Outcome, ok},
    settings::Rules,
    social::{self, SocialProvider},
    store::StoreError,
    world::World,
};

#[derive(Deserialize)]
struct CheckBody {
    scope: String,
}

/// Required wherever step-up is on: what a client already holds it answers by itself. Lists what elevates
/// here and now: second factors where the user has any, else what they may sign in with.
pub(super) fn check(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let body: CheckBody = call.body()?;
    elevation::known_scopes(&[body.scope])?;
    let mut answer = StepUpCheckResponse::new(Rules::load(&call.world.tx)?.is_step_up_on());
    let mut methods = mfa::methods(&call.world, &session.user)?;
    if methods.has_verified() {
        let relying_party = call.world.config.origins.relying_party(call.header("origin"));
        methods.retain_passkeys_of(relying_party.as_deref());
        answer.credentials = methods.step_up_credentials();
        answer.default_credential_id = methods.default_credential();
        return ok(&answer);
    }
    let account = account::of_session(&call.world, &session)?;
    for credential in account.reauthenticators() {
        if is_taken(&call.world, credential)? {
            answer.credentials.push(step_up_credential(credential));
        }
    }
    answer.default_credential_id = answer
        .credentials
        .iter()
        .map(|credential| credential.id.clone())
        .find(|id| *id == session.sign_in_credential);
    ok(&answer)
}

/// Whether the environment, as it is set now, takes this credential for a proof.
fn is_taken(world: &World<'_>, credential: &Credential) -> Result<bool, StoreError> {
    match credential.format {
        CredentialFormat::Oauth => {
            let name = credential.oauth_provider.as_ref().map(Provider::as_str);
            match name.and_then(SocialProvider::find) {
                Some(provider) => social::settings::is_enabled(world, provider),
                None => Ok(false),
            }
        }
        CredentialFormat::Blockchain => {
            let rules = Rules::load(&world.tx)?;
            let setting = credential.chain.as_deref().and_then(external_wallet::setting_of);
            Ok(setting.is_some_and(|setting| rules.is_chain_enabled(setting)))
        }
        _ => Ok(true),
    }
}

fn step_up_credential(credential: &Credential) -> StepUpCredential {
    let mut listed = StepUpCredential::new(credential.id.clone(), credential.format.clone());
    listed.alias.clone_from(&credential.public_identifier);
    listed
}
