//! Passkeys: what the platform's authenticator is asked, and what is sent of its answer.

use std::time::Duration;

use super::{Auth, Call, Endpoint, Guard, incomplete};
use crate::{
    error::{Result, StepUpError},
    json::{Body, Json, decode, from_value, parse},
    transport::Method,
    types::{MfaDeviceId, Passkey, TokenScope, VerifyResponse},
};

const OPTIONS: &str = "passkey options";
const ANSWER: &str = "a passkey's answer";

/// What a ceremony takes where the service does not say
/// ([WebAuthn Level 3 §15.1](https://www.w3.org/TR/webauthn-3/#sctn-timeout-recommended-range)).
const USUAL_LIMIT: Duration = Duration::from_secs(5 * 60);
/// Nobody finds their phone in less.
const SHORTEST_LIMIT: Duration = Duration::from_secs(30);
const LONGEST_LIMIT: Duration = Duration::from_secs(10 * 60);
/// How much longer the platform may take. A browser calls a timeout a cancellation, so the client's own limit is to be the
/// first to run out.
const GRACE: Duration = Duration::from_secs(5);

/// What the authenticator is asked.
pub(crate) struct Ceremony {
    /// For [`PasskeyAuthenticator`](crate::PasskeyAuthenticator).
    pub(crate) options: String,
    /// How long it may take.
    pub(crate) limit: Duration,
}

/// Which passkeys may verify the user.
pub(crate) struct PasskeyRequestOptions;

impl Endpoint for PasskeyRequestOptions {
    type Output = Ceremony;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/users/passkeys/authenticate", Auth::Required)
    }

    fn parse(body: &[u8]) -> Result<Ceremony> {
        let mut options = options(body)?;
        if !name_the_type(&mut options, "allowCredentials") {
            return Err(StepUpError::PasskeyNotFound);
        }
        // A step-up is to prove the user, not that somebody holds their device.
        options.set("userVerification", Json::text("required"));
        Ok(ceremony(options))
    }
}

/// Verifies the user with a passkey's assertion.
pub(crate) struct PasskeyVerify<'a> {
    /// From [`assertion`].
    pub(crate) assertion: Json,
    pub(crate) scopes: &'a [TokenScope],
    pub(crate) wants_mfa_token: bool,
}

impl Endpoint for PasskeyVerify<'_> {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        let body = Body::reopen(self.assertion.to_text()).scopes("requestedScopes", self.scopes);
        Call::new(Method::Post, "/users/mfa/auth/passkey", Auth::Required)
            .body(body.mfa_token(self.wants_mfa_token))
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a verification's result")
    }
}

/// What a new passkey is to be.
pub(crate) struct PasskeyCreationOptions;

impl Endpoint for PasskeyCreationOptions {
    type Output = Ceremony;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/users/passkeys/register", Auth::Required)
    }

    fn parse(body: &[u8]) -> Result<Ceremony> {
        let mut options = options(body)?;
        name_the_type(&mut options, "excludeCredentials");
        let mut selection = match options.take("authenticatorSelection") {
            selection @ Json::Object(_) => selection,
            _ => Json::Object(vec![]),
        };
        // One that cannot verify its user could never step up.
        selection.set("userVerification", Json::text("required"));
        options.set("authenticatorSelection", selection);
        Ok(ceremony(options))
    }
}

/// Registers a new passkey.
pub(crate) struct PasskeyRegister {
    /// From [`registration`].
    pub(crate) registration: Json,
}

impl Endpoint for PasskeyRegister {
    type Output = VerifyResponse;

    fn call(&self) -> Call {
        Call::new(Method::Post, "/users/passkeys/register", Auth::Required)
            .body(Body::reopen(self.registration.to_text()))
            .elevated(Guard::Link)
    }

    fn parse(body: &[u8]) -> Result<VerifyResponse> {
        decode(body, "a user")
    }
}

/// The user's passkeys.
pub(crate) struct GetPasskeys;

impl Endpoint for GetPasskeys {
    type Output = Vec<Passkey>;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/users/passkeys", Auth::Required)
    }

    fn parse(body: &[u8]) -> Result<Vec<Passkey>> {
        const EXPECTED: &str = "a list of passkeys";
        from_value(parse(body, EXPECTED)?.get("passkeys")).ok_or_else(|| incomplete(EXPECTED))
    }
}

/// Gives a passkey another name.
pub(crate) struct RenamePasskey<'a> {
    pub(crate) passkey: &'a MfaDeviceId,
    pub(crate) alias: &'a str,
}

impl Endpoint for RenamePasskey<'_> {
    type Output = ();

    fn call(&self) -> Call {
        let body = Body::new().text("id", self.passkey.as_str()).text("alias", self.alias);
        Call::new(Method::Put, "/users/passkeys", Auth::Required).body(body)
    }

    fn parse(_: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// Removes a passkey.
pub(crate) struct DeletePasskey<'a> {
    pub(crate) passkey: &'a MfaDeviceId,
}

impl Endpoint for DeletePasskey<'_> {
    type Output = ();

    fn call(&self) -> Call {
        let body = Body::new().text("passkeyId", self.passkey.as_str());
        Call::new(Method::Delete, "/users/passkeys", Auth::Required).body(body).elevated(Guard::Unlink)
    }

    fn parse(_: &[u8]) -> Result<()> {
        Ok(())
    }
}

/// What is sent of the authenticator's answer when a passkey is asked for.
pub(crate) fn assertion(answer: &str) -> Result<Json> {
    let required = [
        ("clientDataJSON", "clientDataJSON"),
        ("authenticatorData", "authenticatorData"),
        ("signature", "signature"),
    ];
    credential(answer, &required, &["userHandle"])
}

/// What is sent of the authenticator's answer when a passkey is made. One of its names is written in another way on the
/// wire (`docs/PROTOCOL.md`, "Passkeys").
pub(crate) fn registration(answer: &str) -> Result<Json> {
    let required = [("clientDataJSON", "clientDataJson"), ("attestationObject", "attestationObject")];
    credential(answer, &required, &["transports", "publicKey"])
}

/// The service's options, as they are but for what a browser would misread: there null is a value.
fn options(body: &[u8]) -> Result<Json> {
    let mut options = parse(body, OPTIONS)?;
    options.drop_nulls();
    options
        .get("challenge")
        .as_text()
        .filter(|challenge| !challenge.is_empty())
        .ok_or(incomplete(OPTIONS))?;
    // The service's model has one hint, WebAuthn's a list.
    if options.get("hints").as_text().is_some() {
        let hint = options.take("hints");
        options.set("hints", Json::List(vec![hint]));
    }
    Ok(options)
}

/// Adds the type that the service leaves out of its descriptors. Says whether there are any.
fn name_the_type(options: &mut Json, list: &str) -> bool {
    let Json::List(mut descriptors) = options.take(list) else { return false };
    let is_there = !descriptors.is_empty();
    descriptors.iter_mut().for_each(|descriptor| descriptor.set("type", Json::text("public-key")));
    options.set(list, Json::List(descriptors));
    is_there
}

fn ceremony(mut options: Json) -> Ceremony {
    let wanted = options.get("timeout").as_integer().map_or(USUAL_LIMIT, Duration::from_millis);
    let limit = wanted.clamp(SHORTEST_LIMIT, LONGEST_LIMIT);
    options.set("timeout", Json::Number((limit + GRACE).as_millis().to_string().into()));
    Ceremony { options: options.to_text(), limit }
}

/// The fields of an answer that the protocol has, and no other: extensions may give secrets to the page, such as keys
/// made by `prf`. Required ones with their names in the answer and on the wire.
fn credential(answer: &str, required: &[(&str, &str)], optional: &[&str]) -> Result<Json> {
    let mut answer = parse(answer.as_bytes(), ANSWER)?;
    let mut answered = answer.take("response");
    let mut response = Json::Object(vec![]);
    for (name, wire) in required {
        response.set(wire, text(&mut answered, name)?);
    }
    pass(&mut response, &mut answered, optional);
    let mut extended = answer.take("clientExtensionResults");
    let mut extensions = Json::Object(vec![]);
    pass(&mut extensions, &mut extended, &["appid", "credProps", "hmacCreateSecret"]);
    let mut credential = Json::Object(vec![]);
    for name in ["id", "rawId", "type"] {
        credential.set(name, text(&mut answer, name)?);
    }
    pass(&mut credential, &mut answer, &["authenticatorAttachment"]);
    credential.set("clientExtensionResults", extensions);
    credential.set("response", response);
    Ok(credential)
}

fn text(object: &mut Json, name: &str) -> Result<Json> {
    match object.take(name) {
        text @ Json::Text(_) => Ok(text),
        _ => Err(incomplete(ANSWER)),
    }
}

/// Passes on the fields that are there.
fn pass(to: &mut Json, from: &mut Json, names: &[&str]) {
    for name in names {
        match from.take(name) {
            Json::Null => {}
            value => to.set(name, value),
        }
    }
}
