//! Elevations: what a session may do because its user was verified a moment ago.
//!
//! The token carries the claims, and the store has the last word: an elevation lives in it under its session, is gone
//! when the session ends, and remembers that it was used.

use serde::{Deserialize, Serialize};
use step_up_core::{Timestamp, TokenScope, UserId};
use subtle::ConstantTimeEq;

use crate::{
    call::Call,
    random,
    reply::{Outcome, Refusal},
    session::Session,
    settings::Rules,
    store::{StoreError, Table},
    time,
    token::TokenKind,
    world::World,
};

/// The header of an elevated token (`docs/PROTOCOL.md`, "Headers").
pub(crate) const ELEVATED_TOKEN_HEADER: &str = "x-dyn-elevated-access-token";

/// An elevation that was granted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Elevation {
    user: UserId,
    /// Space-separated, as in the token.
    scope: String,
    single_use: bool,
    /// Never, for one of a store that an earlier version wrote.
    #[serde(default = "never", with = "time::millis")]
    granted_at: Timestamp,
    #[serde(with = "time::millis")]
    expires_at: Timestamp,
    used: bool,
}

fn never() -> Timestamp {
    Timestamp::from_millis(i64::MIN)
}

impl Elevation {
    fn covers(&self, scope: &TokenScope) -> bool {
        self.scope.split(' ').any(|granted| granted == scope.as_str())
    }
}

/// By session and token, so that a session's are found together.
pub(crate) const ELEVATIONS: Table<Elevation> = Table::new("elevations");

fn key_of(session: &str, jti: &str) -> String {
    format!("{session}/{jti}")
}

/// The claims of an elevated token (`docs/PROTOCOL.md`, "Elevated access token").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ElevatedClaims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: String,
    pub(crate) sid: String,
    pub(crate) jti: String,
    pub(crate) scope: String,
    #[serde(rename = "singleUse")]
    pub(crate) single_use: bool,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) environment_id: String,
}

/// The scopes that a request asks for, each once. One that does not exist, or a name that a claim would split, is
/// refused.
pub(crate) fn known_scopes(names: &[String]) -> Outcome<Vec<TokenScope>> {
    let mut scopes = Vec::new();
    for name in names {
        let scope = TokenScope::from(name.as_str());
        if !TokenScope::KNOWN.contains(&scope) {
            return Err(Refusal::unprocessable("invalid_scopes", "There is no such scope.").into());
        }
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    Ok(scopes)
}

/// Grants scopes to a session whose user was verified, and makes the token. No scopes, no token.
pub(crate) fn grant(
    world: &mut World<'_>,
    session: &Session,
    scopes: &[TokenScope],
) -> Result<Option<String>, StoreError> {
    if scopes.is_empty() {
        return Ok(None);
    }
    drop_stale_of(world, &session.id)?;
    let terms = Rules::load(&world.tx)?.terms(scopes);
    let names: Vec<&str> = scopes.iter().map(TokenScope::as_str).collect();
    let expires_at = world.now.after(terms.lifetime);
    let claims = ElevatedClaims {
        iss: world.config.issuer(),
        aud: world.config.environment_id().to_owned(),
        sub: session.user.as_str().to_owned(),
        sid: session.id.clone(),
        jti: random::uuid(&mut world.tx)?,
        scope: names.join(" "),
        single_use: terms.is_single_use,
        iat: world.now.as_secs(),
        exp: expires_at.as_secs(),
        environment_id: world.config.environment_id().to_owned(),
    };
    let elevation = Elevation {
        user: session.user.clone(),
        scope: claims.scope.clone(),
        single_use: claims.single_use,
        granted_at: world.now,
        // The token counts in seconds, and both have to say the same.
        expires_at: Timestamp::from_secs(claims.exp),
        used: false,
    };
    ELEVATIONS.put(&mut world.tx, &key_of(&session.id, &claims.jti), &elevation)?;
    world.key.sign(TokenKind::Elevated, &claims).map(Some)
}

/// Voids every elevation of a session.
pub(crate) fn drop_all_of(world: &mut World<'_>, session: &str) -> Result<(), StoreError> {
    for (key, _) in ELEVATIONS.list(&world.tx, &key_of(session, ""))? {
        ELEVATIONS.delete(&mut world.tx, &key);
    }
    Ok(())
}

fn drop_stale_of(world: &mut World<'_>, session: &str) -> Result<(), StoreError> {
    for (key, elevation) in ELEVATIONS.list(&world.tx, &key_of(session, ""))? {
        if elevation.used || elevation.expires_at <= world.now {
            ELEVATIONS.delete(&mut world.tx, &key);
        }
    }
    Ok(())
}

/// Where the proof of an elevation may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// From the request's header.
    Header,
    /// From the header, or, without one, from an unexpired multi-use elevation of the session: official clients send
    /// no header with some guarded calls.
    HeaderOrHeld,
}

/// Leave to do something once. A single-use elevation is used up when it is spent, and a call that was refused for
/// another reason does not spend it: a mistake in a form costs no verification.
#[must_use = "a call that succeeds spends its permit"]
pub(crate) struct Permit {
    single_use: Option<String>,
}

impl Permit {
    /// The call succeeded.
    pub(crate) fn spend(self, world: &mut World<'_>) -> Result<(), StoreError> {
        let Some(key) = self.single_use else { return Ok(()) };
        let Some(mut elevation) = ELEVATIONS.get(&world.tx, &key)? else { return Ok(()) };
        elevation.used = true;
        ELEVATIONS.put(&mut world.tx, &key, &elevation)
    }
}

impl Call<'_> {
    /// Asks for an elevation of `session` that covers `scope`. With step-up off for the environment there is nothing to
    /// ask for.
    pub(crate) fn demand(&self, session: &Session, scope: &TokenScope, proof: Proof) -> Outcome<Permit> {
        self.permit(session, scope, proof, never())?.ok_or_else(|| required().into())
    }

    /// Returns a permit if `session` has an elevation that covers `scope` and was granted at `since` or later.
    pub(crate) fn permit(
        &self,
        session: &Session,
        scope: &TokenScope,
        proof: Proof,
        since: Timestamp,
    ) -> Result<Option<Permit>, StoreError> {
        let world = &self.world;
        if !Rules::load(&world.tx)?.is_step_up_on() {
            return Ok(Some(Permit { single_use: None }));
        }
        let counts = |elevation: &Elevation| {
            elevation.granted_at >= since && elevation.expires_at > world.now && elevation.covers(scope)
        };
        match (self.header(ELEVATED_TOKEN_HEADER), proof) {
            (Some(token), _) => permit_of_token(world, session, token, counts),
            (None, Proof::HeaderOrHeld) => permit_held(world, session, counts),
            (None, Proof::Header) => Ok(None),
        }
    }
}

fn permit_of_token(
    world: &World<'_>,
    session: &Session,
    token: &str,
    counts: impl Fn(&Elevation) -> bool,
) -> Result<Option<Permit>, StoreError> {
    let Some(claims) = world.key.verify::<ElevatedClaims>(TokenKind::Elevated, token) else {
        return Ok(None);
    };
    let environment_id = world.config.environment_id();
    let is_ours = claims.iss == world.config.issuer()
        && claims.aud == environment_id
        && claims.environment_id == environment_id;
    let is_sessions = same(&claims.sid, &session.id) && same(&claims.sub, session.user.as_str());
    if !is_ours || !is_sessions || claims.exp <= world.now.as_secs() {
        return Ok(None);
    }
    let key = key_of(&session.id, &claims.jti);
    let Some(elevation) = ELEVATIONS.get(&world.tx, &key)? else { return Ok(None) };
    let is_what_was_granted = elevation.user == session.user
        && elevation.scope == claims.scope
        && elevation.single_use == claims.single_use;
    if !is_what_was_granted || elevation.used || !counts(&elevation) {
        return Ok(None);
    }
    Ok(Some(Permit { single_use: elevation.single_use.then_some(key) }))
}

fn permit_held(
    world: &World<'_>,
    session: &Session,
    counts: impl Fn(&Elevation) -> bool,
) -> Result<Option<Permit>, StoreError> {
    let held = ELEVATIONS.list(&world.tx, &key_of(&session.id, ""))?;
    let is_held = held.iter().any(|(_, elevation)| !elevation.single_use && counts(elevation));
    Ok(is_held.then_some(Permit { single_use: None }))
}

fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// The elevation is missing, stale, wrong or used: which one is nobody's business who has none. The challenge is that
/// of [RFC 9470 §3](https://www.rfc-editor.org/rfc/rfc9470#section-3).
fn required() -> Refusal {
    Refusal::new(403, "elevated_access_token_required", "Elevated access token required")
        .with_header("www-authenticate", r#"Bearer error="insufficient_user_authentication""#)
}
