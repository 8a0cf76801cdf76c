//! Authenticator apps: registering, using, and forgetting them.

use serde::Deserialize;
use serde_json::json;
use step_up_core::TokenScope;

use crate::{
    account,
    call::Call,
    elevation::{self, Proof},
    guesses::Strength,
    mfa::{self, Device},
    reply::{Outcome, Refusal, done, ok},
    session::{self, Session},
    settings,
};

/// The second factors.
pub(super) fn methods(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let is_verified_only = call.query("verifiedOnly").as_deref() == Some("true");
    ok(&mfa::methods(&call.world, &session.user)?.to_json(is_verified_only))
}

/// The devices, those that are pending too.
pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let devices = mfa::methods(&call.world, &session.user)?.devices;
    let devices: Vec<_> = devices.iter().map(Device::to_json).collect();
    ok(&json!({ "count": devices.len(), "devices": devices }))
}

pub(super) fn read(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    ok(&mfa::find(&call.world, &session.user, call.param(0))?.to_json())
}

/// Makes a device the default. Official clients send no body.
pub(super) fn set_default(call: &mut Call<'_>) -> Outcome {
    #[derive(Deserialize)]
    struct Body {
        default: bool,
    }
    let session = call.session()?;
    let is_empty = call.request.body.as_ref().is_none_or(Vec::is_empty);
    let body = if is_empty { Body { default: true } } else { call.body()? };
    let device = mfa::find(&call.world, &session.user, call.param(0))?;
    if !device.is_verified() {
        return Err(Refusal::unprocessable("mfa_invalid_request", "This device is not verified yet.").into());
    }
    mfa::set_default(&mut call.world, &session.user, &device.id, body.default)?;
    done()
}

/// Forgets a device.
pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let permit = call.demand(&session, &TokenScope::CredentialUnlink, Proof::Header)?;
    let device = mfa::find(&call.world, &session.user, call.param(0))?;
    mfa::delete(&mut call.world, &session.user, &device.id);
    session::distrust(&mut call.world, &session, &device.id.as_str().into())?;
    permit.spend(&mut call.world)?;
    done()
}

/// Makes a secret for a new device. It is shown here and nowhere else.
pub(super) fn register(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let permit = call.demand(&session, &TokenScope::CredentialLink, Proof::HeaderOrHeld)?;
    let account = account::of_session(&call.world, &session)?;
    let device = mfa::register(&mut call.world, &session)?;
    let issuer = settings::display_name(&call.world.tx)?;
    let label = account.email.as_ref().map_or(session.user.as_str(), |email| email.as_str());
    permit.spend(&mut call.world)?;
    ok(&json!({
        "id": device.id,
        "type": "totp",
        "secret": device.secret.base32(),
        "uri": device.secret.uri(&issuer, label),
    }))
}

/// Verifies the pending device with its first code, as older clients do.
pub(super) fn confirm(call: &mut Call<'_>) -> Outcome {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "type")]
        kind: String,
        code: String,
    }
    let session = call.session()?;
    let body: Body = call.body()?;
    if body.kind != "totp" {
        return Err(Refusal::unprocessable("mfa_invalid_request", "Only a totp device has codes.").into());
    }
    let methods = mfa::methods(&call.world, &session.user)?;
    let device = methods.pending_of(&session).cloned().ok_or_else(mfa::unknown_device)?;
    let device = device.evaluate(call, &session.user, &body.code)?;
    session::void_others(&mut call.world, &session)?;
    ok(&device.to_json())
}

#[derive(Deserialize)]
struct CodeBody {
    code: String,
    id: Option<String>,
    #[serde(rename = "requestedScopes")]
    scopes: Option<Vec<String>>,
}

/// Verifies the session's user with a code, for the scopes that are asked for. The first code of a device enrols it and
/// grants nothing: whoever can register a device would else have elevated by that.
pub(super) fn verify(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let body: CodeBody = call.body()?;
    let scopes = elevation::known_scopes(body.scopes.as_deref().unwrap_or_default())?;
    let device = match &body.id {
        Some(id) => mfa::find_usable(&call.world, &session, id)?,
        None => {
            let methods = mfa::methods(&call.world, &session.user)?;
            methods.preferred().or(methods.pending_of(&session)).cloned().ok_or_else(mfa::unknown_device)?
        }
    };
    let was_factor = device.is_verified();
    device.evaluate(call, &session.user, &body.code)?;
    if was_factor { answer(call, session, &scopes) } else { enrolled(call, session) }
}

/// Returns the answer to a right code, or to another proof with a second factor.
pub(super) fn answer(call: &mut Call<'_>, mut session: Session, scopes: &[TokenScope]) -> Outcome {
    let account = account::of_session(&call.world, &session)?;
    let elevated_token = elevation::grant(&mut call.world, &session, scopes)?;
    session::prove(&mut call.world, &mut session, Strength::Second)?;
    ok(&session::verified(&call.world, &session, &account, elevated_token)?)
}

/// Returns the answer to the enrolment of a second factor. It proves nothing about the user.
pub(super) fn enrolled(call: &mut Call<'_>, mut session: Session) -> Outcome {
    session::void_others(&mut call.world, &session)?;
    let account = account::of_session(&call.world, &session)?;
    session::renew(&mut call.world, &mut session)?;
    ok(&session::verified(&call.world, &session, &account, None)?)
}
