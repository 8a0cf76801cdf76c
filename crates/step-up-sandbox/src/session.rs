//! Sessions: who is signed in, and the bearer tokens that say so.

use std::collections::HashMap;

use p256::PublicKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use step_up_core::{CredentialId, Timestamp, UserId};

use crate::{
    account::Account,
    call::Call,
    cookie, elevation,
    guesses::{self, Strength},
    mfa,
    passkey::challenge,
    random, recovery,
    reply::{Outcome, Refusal},
    settings::Rules,
    store::{StoreError, Table},
    time,
    token::TokenKind,
    world::World,
};

/// A session. Its tokens are valid for as long as it is in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) user: UserId,
    /// The credential that signed in.
    pub(crate) sign_in_credential: CredentialId,
    /// The credential that was verified last.
    pub(crate) last_verified_credential: CredentialId,
    #[serde(with = "time::millis")]
    pub(crate) expires_at: Timestamp,
    /// The client's session key, where it sent one: 66 hexadecimal digits.
    pub(crate) public_key: Option<String>,
    /// When the user was last verified, by the sign-in or later, in milliseconds. `None` if an older version wrote the
    /// session: it counts from the next renewal.
    #[serde(default)]
    proved_at: Option<i64>,
    /// The key of the device that the session is bound to: 66 hexadecimal digits in lower case. `None` if no proof came
    /// with a device's signature yet.
    #[serde(default)]
    pub(crate) device_key: Option<String>,
}

pub(crate) const SESSIONS: Table<Session> = Table::new("sessions");

/// The claims of a session token (`docs/PROTOCOL.md`, "Verification answers").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Claims {
    kid: String,
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    exp: i64,
    environment_id: String,
    scope: String,
    last_verified_credential_id: String,
    signin_credential_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_public_key: Option<String>,
}

/// The scope of every session.
pub(crate) const SESSION_SCOPE: &str = "user:basic";

/// Bearer tokens whose signature was found right, by their hash.
#[derive(Default)]
pub(crate) struct Bearers {
    claims: HashMap<[u8; 32], Claims>,
}

impl Bearers {
    /// How many are remembered before all are forgotten: checking again costs a signature, no more.
    const CAPACITY: usize = 4096;

    fn claims(&mut self, token: &str, check: impl FnOnce() -> Option<Claims>) -> Option<Claims> {
        let hash = Sha256::digest(token.as_bytes()).into();
        if let Some(claims) = self.claims.get(&hash) {
            return Some(claims.clone());
        }
        let claims = check()?;
        if self.claims.len() >= Self::CAPACITY {
            self.claims.clear();
        }
        self.claims.insert(hash, claims.clone());
        Some(claims)
    }
}

/// Signs a user in with a credential.
pub(crate) fn start(
    world: &mut World<'_>,
    account: &Account,
    credential: &CredentialId,
    public_key: Option<String>,
) -> Result<Session, StoreError> {
    drop_expired(world)?;
    let mut session = Session {
        id: random::uuid(&mut world.tx)?,
        user: account.id.clone(),
        sign_in_credential: credential.clone(),
        last_verified_credential: credential.clone(),
        expires_at: world.now,
        public_key,
        proved_at: None,
        device_key: None,
    };
    prove(world, &mut session, Strength::First)?;
    Ok(session)
}

fn drop_expired(world: &mut World<'_>) -> Result<(), StoreError> {
    for (id, session) in SESSIONS.list(&world.tx, "")? {
        if session.expires_at <= world.now {
            end(world, &id)?;
        }
    }
    Ok(())
}

/// Lets a session live from now on as long as a new one, but no longer than the settings allow since the last proof.
pub(crate) fn renew(world: &mut World<'_>, session: &mut Session) -> Result<(), StoreError> {
    session.proved_at.get_or_insert(world.now.as_millis());
    session.expires_at = world.now.after(world.config.session_lifetime);
    session.expires_at = end_of(world, session)?;
    save(world, session)
}

/// Returns when a session ends without a renewal: as it was renewed, or earlier if the settings now allow less.
fn end_of(world: &World<'_>, session: &Session) -> Result<Timestamp, StoreError> {
    let Some(proved_at) = session.proved_at else { return Ok(session.expires_at) };
    let latest = Timestamp::from_millis(proved_at).after(Rules::load(&world.tx)?.session_max_age());
    Ok(session.expires_at.min(latest))
}

/// Renews a session without a proof. One whose last proof is too old ends.
pub(crate) fn refresh(world: &mut World<'_>, session: &mut Session) -> Outcome<()> {
    renew(world, session)?;
    if session.expires_at > world.now {
        return Ok(());
    }
    end(world, &session.id)?;
    world.tx.keep();
    Err(Refusal::invalid_token().into())
}

/// Renews a session whose user was verified by this request, and binds it to the device that signed the request if it is
/// bound to none.
pub(crate) fn prove(
    world: &mut World<'_>,
    session: &mut Session,
    strength: Strength,
) -> Result<(), StoreError> {
    note_proof(world, session, strength)?;
    if session.device_key.is_none() {
        session.device_key.clone_from(&world.device_key);
    }
    renew(world, session)
}

/// Notes that the user of a session was verified, without renewing it.
pub(crate) fn note_proof(
    world: &mut World<'_>,
    session: &mut Session,
    strength: Strength,
) -> Result<(), StoreError> {
    session.proved_at = Some(world.now.as_millis());
    guesses::unlock(world, &session.user, strength)?;
    save(world, session)
}

/// Keeps what was changed of a session.
pub(crate) fn save(world: &mut World<'_>, session: &Session) -> Result<(), StoreError> {
    SESSIONS.put(&mut world.tx, &session.id, session)
}

/// Ends a session, every elevation and challenge of it, and the registration of a device that it did not finish.
pub(crate) fn end(world: &mut World<'_>, id: &str) -> Result<(), StoreError> {
    if let Some(session) = SESSIONS.get(&world.tx, id)? {
        mfa::delete_pending_of(world, &session)?;
    }
    elevation::drop_all_of(world, id)?;
    challenge::drop_all_of(world, id)?;
    SESSIONS.delete(&mut world.tx, id);
    Ok(())
}

/// Ends every session of a user.
pub(crate) fn end_all_of(world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
    for (id, session) in SESSIONS.list(&world.tx, "")? {
        if session.user == *user {
            end(world, &id)?;
        }
    }
    Ok(())
}

/// Takes what a user gave up for a proof no longer, a credential or a second factor: of the user's other sessions, those
/// that it opened end, and what the others hold is void, since it may have been granted for it. Recovery codes are no
/// longer readable: from now on a weaker proof may elevate. The session that gives it up was verified for that, and goes
/// on.
pub(crate) fn distrust(
    world: &mut World<'_>,
    acting: &Session,
    given_up: &CredentialId,
) -> Result<(), StoreError> {
    void_others(world, acting)?;
    recovery::forget(world, &acting.user)?;
    for (id, session) in SESSIONS.list(&world.tx, "")? {
        if is_other(&session, acting) && session.sign_in_credential == *given_up {
            end(world, &id)?;
        }
    }
    Ok(())
}

/// Voids what the user's other sessions hold, because their factors or credentials changed: it was granted for what they had
/// before. A device that they registered and did not verify is no longer known. The session that changes them was verified for that, and goes on holding what it holds.
pub(crate) fn void_others(world: &mut World<'_>, acting: &Session) -> Result<(), StoreError> {
    for (id, session) in SESSIONS.list(&world.tx, "")? {
        if is_other(&session, acting) {
            elevation::drop_all_of(world, &id)?;
        }
    }
    mfa::delete_pending_of_others(world, acting)
}

fn is_other(session: &Session, acting: &Session) -> bool {
    session.user == acting.user && session.id != acting.id
}

impl<'a> Call<'a> {
    /// The session of the bearer token, or of the cookie where the environment keeps sessions there. A bearer that is no
    /// longer valid is refused, whatever the cookie holds.
    pub(crate) fn session(&mut self) -> Outcome<Session> {
        let token = match self.header("authorization") {
            Some(header) => bearer(header),
            None => self.cookie_token()?,
        };
        let token = token.ok_or_else(Refusal::unauthorized)?;
        let session = of_token(&mut self.world, token)?.ok_or_else(Refusal::invalid_token)?;
        self.notes.user = Some(session.user.as_str().to_owned());
        Ok(session)
    }

    /// The session, if there is one. A bearer that is no longer valid is refused, not ignored: what the call would do for
    /// nobody is not what was asked for. A cookie of this kind is as none, because a page cannot leave it out.
    pub(crate) fn session_if_any(&mut self) -> Outcome<Option<Session>> {
        if self.header("authorization").is_some() {
            return self.session().map(Some);
        }
        let session = self.cookie_session()?;
        self.notes.user = session.as_ref().map(|session| session.user.as_str().to_owned());
        Ok(session)
    }

    /// The session of the cookie, if the environment keeps sessions there and it is still valid.
    pub(crate) fn cookie_session(&mut self) -> Result<Option<Session>, StoreError> {
        match self.cookie_token()? {
            Some(token) => of_token(&mut self.world, token),
            None => Ok(None),
        }
    }

    fn cookie_token(&self) -> Result<Option<&'a str>, StoreError> {
        let is_on = Rules::load(&self.world.tx)?.keeps_sessions_in_cookies();
        Ok(cookie::token(self.request).filter(|_| is_on))
    }

    /// The session key that came with the request, in its body or its header.
    pub(crate) fn session_public_key(&self, in_body: Option<&str>) -> Outcome<Option<String>> {
        let Some(key) = in_body.or_else(|| self.header("x-dyn-session-public-key")) else { return Ok(None) };
        if parse_public_key(key).is_none() {
            return Err(Refusal::unprocessable(
                "invalid_session_public_key",
                "A session public key is a compressed P-256 point in 66 hexadecimal digits.",
            )
            .into());
        }
        Ok(Some(key.to_owned()))
    }
}

/// A compressed P-256 point in 66 hexadecimal digits.
pub(crate) fn parse_public_key(hex: &str) -> Option<PublicKey> {
    let bytes = base16ct::mixed::decode_vec(hex).ok()?;
    if bytes.len() != 33 {
        return None;
    }
    PublicKey::from_sec1_bytes(&bytes).ok()
}

/// The token of an `Authorization` header ([RFC 6750 §2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The session that a token is for, if the token is valid.
pub(crate) fn of_token(world: &mut World<'_>, token: &str) -> Result<Option<Session>, StoreError> {
    let key = world.key;
    let Some(claims) = world.bearers.claims(token, || key.verify(TokenKind::Session, token)) else {
        return Ok(None);
    };
    let is_ours =
        claims.iss == world.config.issuer() && claims.environment_id == world.config.environment_id();
    if !is_ours || claims.exp <= world.now.as_secs() {
        return Ok(None);
    }
    let session = SESSIONS.known(&world.tx, &claims.sid)?;
    let Some(session) = session.filter(|session| session.user.as_str() == claims.sub) else {
        return Ok(None);
    };
    Ok((end_of(world, &session)? > world.now).then_some(session))
}

/// The session's token, as of now.
pub(crate) fn token(world: &World<'_>, session: &Session) -> Result<String, StoreError> {
    let environment_id = world.config.environment_id().to_owned();
    world.key.sign(
        TokenKind::Session,
        &Claims {
            kid: world.key.kid().to_owned(),
            iss: world.config.issuer(),
            aud: environment_id.clone(),
            sub: session.user.as_str().to_owned(),
            sid: session.id.clone(),
            iat: world.now.as_secs(),
            exp: session.expires_at.as_secs(),
            environment_id,
            scope: SESSION_SCOPE.to_owned(),
            last_verified_credential_id: session.last_verified_credential.as_str().to_owned(),
            signin_credential_id: session.sign_in_credential.as_str().to_owned(),
            session_public_key: session.public_key.clone(),
        },
    )
}

/// The answer to every verification (`docs/PROTOCOL.md`, "Verification answers"): the user, and the session's token
/// anew. The service's full and minified tokens are one and the same here.
pub(crate) fn verified(
    world: &World<'_>,
    session: &Session,
    account: &Account,
    elevated_token: Option<String>,
) -> Result<Value, StoreError> {
    let token = token(world, session)?;
    let mut answer = json!({
        "user": account.to_json(world, Some(session))?,
        "expiresAt": session.expires_at.as_secs(),
        "jwt": token,
        "minifiedJwt": token,
    });
    if let Some(elevated_token) = elevated_token {
        answer["elevatedAccessToken"] = elevated_token.into();
    }
    Ok(answer)
}
