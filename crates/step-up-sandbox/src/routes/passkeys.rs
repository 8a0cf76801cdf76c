//! Passkeys: registering, using, naming, and forgetting them.

use serde::Deserialize;
use serde_json::json;
use step_up_core::TokenScope;

use super::mfa;
use crate::{
    account,
    call::Call,
    elevation::{self, Proof},
    passkey::{
        self, Assertion, Attestation, Passkey,
        challenge::{self, LIFETIME},
    },
    reply::{Outcome, Refusal, done, ok},
    session, settings,
    webauthn::{Ceremony, ES256},
};

/// How many bytes the parts of an answer may have. Attestation statements bring certificates along.
const CLIENT_DATA: usize = 4 * 1024;
const ATTESTATION_OBJECT: usize = 16 * 1024;
const AUTHENTICATOR_DATA: usize = 4 * 1024;
const SIGNATURE: usize = 256;

/// How long a browser waits for its user.
const TIMEOUT_MILLIS: u64 = LIFETIME.as_secs() * 1000;

pub(super) fn list(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let passkeys = passkey::all_of(&call.world, &session.user)?;
    let passkeys: Vec<_> = passkeys.iter().map(Passkey::to_json).collect();
    ok(&json!({ "count": passkeys.len(), "passkeys": passkeys }))
}

/// Gives a passkey a name.
pub(super) fn rename(call: &mut Call<'_>) -> Outcome {
    #[derive(Deserialize)]
    struct Body {
        id: String,
        alias: Option<String>,
    }
    let session = call.session()?;
    let body: Body = call.body()?;
    let mut passkey = passkey::find(&call.world, &session.user, &body.id)?;
    passkey.rename(&mut call.world, &session.user, body.alias)?;
    ok(&passkey.to_json())
}

/// Forgets a passkey.
pub(super) fn delete(call: &mut Call<'_>) -> Outcome {
    #[derive(Deserialize)]
    struct Body {
        #[serde(rename = "passkeyId")]
        id: String,
    }
    let session = call.session()?;
    let permit = call.demand(&session, &TokenScope::CredentialUnlink, Proof::Header)?;
    let body: Body = call.body()?;
    let passkey = passkey::find(&call.world, &session.user, &body.id)?;
    passkey::delete(&mut call.world, &session.user, &passkey);
    session::distrust(&mut call.world, &session, &passkey.id.as_str().into())?;
    permit.spend(&mut call.world)?;
    done()
}

/// What a browser needs to make a passkey.
pub(super) fn creation_options(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let rp_id = relying_party(call)?;
    let account = account::of_session(&call.world, &session)?;
    let name = account.email.as_ref().map_or(session.user.as_str(), |email| email.as_str());
    let excluded: Vec<_> = passkey::all_of(&call.world, &session.user)?
        .iter()
        .map(|passkey| {
            let mut descriptor = passkey.descriptor();
            descriptor["type"] = "public-key".into();
            descriptor
        })
        .collect();
    let challenge = challenge::issue(&mut call.world, &session, Ceremony::Create, &rp_id)?;
    ok(&json!({
        "rp": { "id": rp_id, "name": settings::display_name(&call.world.tx)? },
        "user": { "id": passkey::handle_of(&session.user), "name": name, "displayName": name },
        "challenge": challenge,
        "pubKeyCredParams": [{ "type": "public-key", "alg": ES256 }],
        "timeout": TIMEOUT_MILLIS,
        "excludeCredentials": excluded,
        // A second factor is asked for by name, so a security key whose memory is full will do.
        "authenticatorSelection": {
            "residentKey": "preferred", "requireResidentKey": false, "userVerification": "required",
        },
        "attestation": "none",
    }))
}

/// Registers the passkey that was made. It grants nothing in the same answer.
pub(super) fn register(call: &mut Call<'_>) -> Outcome {
    #[derive(Deserialize)]
    struct Body {
        id: String,
        #[serde(rename = "rawId")]
        raw_id: String,
        #[serde(rename = "type")]
        kind: String,
        response: Response,
    }
    #[derive(Deserialize)]
    struct Response {
        #[serde(rename = "attestationObject")]
        attestation_object: String,
        #[serde(rename = "clientDataJson")]
        client_data: String,
        #[serde(default)]
        transports: Vec<String>,
    }
    let session = call.session()?;
    let permit = call.demand(&session, &TokenScope::CredentialLink, Proof::HeaderOrHeld)?;
    let body: Body = call.body()?;
    check_credential(&body.id, &body.raw_id, &body.kind)?;
    let known = |transport: &String| TRANSPORTS.contains(&transport.as_str());
    let mut transports: Vec<_> = body.response.transports.into_iter().filter(known).collect();
    transports.sort();
    transports.dedup();
    let attestation = Attestation {
        id: &body.id,
        client_data: &bytes("clientDataJson", &body.response.client_data, CLIENT_DATA)?,
        attestation_object: &bytes(
            "attestationObject",
            &body.response.attestation_object,
            ATTESTATION_OBJECT,
        )?,
        transports: &transports,
    };
    passkey::register(call, &session, &attestation)?;
    permit.spend(&mut call.world)?;
    mfa::enrolled(call, session)
}

/// Those of [§5.8.4](https://www.w3.org/TR/webauthn-3/#enum-transport) and their older names. Others would be lost on the
/// browser that they are given back to.
const TRANSPORTS: [&str; 7] = ["ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"];

/// What a browser needs to sign with one of the user's passkeys for its site.
pub(super) fn request_options(call: &mut Call<'_>) -> Outcome {
    let session = call.session()?;
    let rp_id = relying_party(call)?;
    let passkeys = passkey::all_of(&call.world, &session.user)?;
    // Without their type, which the protocol leaves out here.
    let allowed: Vec<_> =
        passkeys.iter().filter(|passkey| passkey.rp_id == rp_id).map(Passkey::descriptor).collect();
    let challenge = challenge::issue(&mut call.world, &session, Ceremony::Get, &rp_id)?;
    ok(&json!({
        "challenge": challenge,
        "timeout": TIMEOUT_MILLIS,
        "rpId": rp_id,
        "userVerification": "required",
        "allowCredentials": allowed,
    }))
}

/// Verifies the session's user with a passkey, for the scopes that are asked for.
pub(super) fn verify(call: &mut Call<'_>) -> Outcome {
    #[derive(Deserialize)]
    struct Body {
        id: String,
        #[serde(rename = "rawId")]
        raw_id: String,
        #[serde(rename = "type")]
        kind: String,
        response: Response,
        #[serde(rename = "requestedScopes")]
        scopes: Option<Vec<String>>,
    }
    #[derive(Deserialize)]
    struct Response {
        #[serde(rename = "clientDataJSON")]
        client_data: String,
        #[serde(rename = "authenticatorData")]
        authenticator_data: String,
        signature: String,
        #[serde(rename = "userHandle")]
        user_handle: Option<String>,
    }
    let session = call.session()?;
    let body: Body = call.body()?;
    let scopes = elevation::known_scopes(body.scopes.as_deref().unwrap_or_default())?;
    check_credential(&body.id, &body.raw_id, &body.kind)?;
    let assertion = Assertion {
        id: &body.id,
        client_data: &bytes("clientDataJSON", &body.response.client_data, CLIENT_DATA)?,
        authenticator_data: &bytes(
            "authenticatorData",
            &body.response.authenticator_data,
            AUTHENTICATOR_DATA,
        )?,
        signature: &bytes("signature", &body.response.signature, SIGNATURE)?,
        user_handle: body.response.user_handle.as_deref(),
    };
    passkey::evaluate(call, &session, &assertion)?;
    mfa::answer(call, session, &scopes)
}

/// The relying party of the page that asks: its host.
fn relying_party(call: &Call<'_>) -> Outcome<String> {
    let origin = call.header("origin");
    let rp_id = call.world.config.origins.relying_party(origin).ok_or_else(|| {
        Refusal::unprocessable(
            "invalid_relying_party",
            "Passkeys need a page whose host is a name: use http://localhost in place of an IP address.",
        )
    })?;
    if call.query("relatedOriginRpId").is_some_and(|related| related != rp_id) {
        return Err(Refusal::not_implemented("passkeys of related origins").into());
    }
    Ok(rp_id)
}

/// A credential names itself twice, and there is one kind.
fn check_credential(id: &str, raw_id: &str, kind: &str) -> Outcome<()> {
    if id == raw_id && kind == "public-key" && passkey::is_credential_id(id) {
        return Ok(());
    }
    let sentence = "A credential has type public-key, and id and rawId are the same in base64url.";
    Err(Refusal::unprocessable("invalid_request", sentence).into())
}

fn bytes(name: &str, text: &str, limit: usize) -> Outcome<Vec<u8>> {
    passkey::bytes(text, limit).ok_or_else(|| {
        let sentence = format!("{name} is base64url without padding, of at most {limit} bytes.");
        Refusal::unprocessable("invalid_request", sentence).into()
    })
}
