//! The elevated access tokens that are held: parsing, selection, reservation.
//!
//! A single-use token is *reserved* while a request carries it, *spent* once the server accepted the request or called
//! the token used, and *released* otherwise. So a lost connection never costs the user a verification, and two requests
//! in flight never carry the same one.
//!
//! A token that is granted again is held once, and not at all while a request carries it or after it was spent or discarded.
//!
//! Before that a guarded action may *claim* it, as long as it runs: it is promised to one action, which has yet to send the
//! request that carries it, and so is no longer held for anybody else who asks.

use crate::{
    clock::Timestamp,
    error::{Result, StepUpError},
    json::from_json,
    jwt,
    scopes::Scopes,
    secret::ElevatedToken,
    types::TokenScope,
};

/// What is held: for which scopes and until when. The token itself stays inside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Elevation {
    /// What it may be used for.
    pub scopes: Vec<TokenScope>,
    /// When it expires, by the server's clock ([`StepUpClient::now`](crate::StepUpClient::now)).
    pub expires_at: Timestamp,
    /// Whether the first accepted request uses it up.
    pub single_use: bool,
}

impl Elevation {
    fn covers(&self, scope: &TokenScope) -> bool {
        self.scopes.contains(scope)
    }
}

/// An elevated access token that was read (`docs/PROTOCOL.md`, "Elevated access token").
pub(crate) struct Parsed {
    pub(crate) token: ElevatedToken,
    pub(crate) elevation: Elevation,
    pub(crate) subject: Option<Box<str>>,
    pub(crate) issued_at: Option<Timestamp>,
}

struct Claims {
    scope: String,
    /// [RFC 7519 §2](https://www.rfc-editor.org/rfc/rfc7519#section-2) allows fractions of seconds.
    exp: Timestamp,
    single_use: Option<bool>,
    sub: Option<Box<str>>,
    iat: Option<Timestamp>,
}

from_json!(Claims { scope = "scope", exp = "exp", single_use = "singleUse", sub = "sub", iat = "iat", });

impl Parsed {
    pub(crate) fn new(token: ElevatedToken) -> Result<Self> {
        const EXPECTED: &str = "an elevated access token";
        let claims: Claims = jwt::claims(token.expose(), EXPECTED)?;
        let scopes = TokenScope::parse_list(&claims.scope);
        if scopes.is_empty() {
            return Err(StepUpError::Decode { expected: EXPECTED, line: 0, column: 0 });
        }
        Ok(Self {
            elevation: Elevation {
                scopes,
                expires_at: claims.exp,
                single_use: claims.single_use.unwrap_or(false),
            },
            subject: claims.sub,
            issued_at: claims.iat,
            token,
        })
    }
}

/// Names a held token for as long as the store lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldId(u64);

struct Held {
    id: HeldId,
    token: ElevatedToken,
    elevation: Elevation,
    /// Whether a request in flight carries it; single-use ones only.
    reserved: bool,
    /// Whether an action that runs has been promised it; single-use ones only.
    claimed: bool,
}

impl Held {
    fn is_available(&self, scopes: &[TokenScope], now: Timestamp) -> bool {
        let covers_all = || scopes.iter().all(|scope| self.elevation.covers(scope));
        !self.reserved && self.elevation.expires_at > now && covers_all()
    }
}

/// The tokens that are held, in memory only.
#[derive(Default)]
pub(crate) struct Elevations {
    held: Vec<Held>,
    /// Tokens that were spent or discarded, and until when they could be granted again.
    spent: Vec<(ElevatedToken, Timestamp)>,
    next_id: u64,
}

impl Elevations {
    /// Keeps a token, and returns what is held by it for anyone to use: nothing if it has expired, if a request or an action
    /// has it, or if it was spent before. A multi-use one replaces a multi-use one for the same scopes; single-use ones add
    /// up, because each is a verification that the user made.
    pub(crate) fn insert(&mut self, parsed: Parsed, now: Timestamp) -> Option<Elevation> {
        self.forget_expired(now);
        let Parsed { token, elevation, .. } = parsed;
        if elevation.expires_at <= now || self.spent.iter().any(|(spent, _)| *spent == token) {
            return None;
        }
        if let Some(known) = self.held.iter_mut().find(|held| held.token == token) {
            if known.reserved || known.claimed {
                return None;
            }
            // It is of the verification that granted it last.
            known.id = HeldId(self.next_id);
            self.next_id += 1;
            return Some(known.elevation.clone());
        }
        self.held.retain(|held| {
            let replaced = !elevation.single_use
                && !held.elevation.single_use
                && held.elevation.scopes.len() == elevation.scopes.len()
                && held.elevation.scopes.iter().all(|scope| elevation.covers(scope));
            !replaced
        });
        self.held.push(Held {
            id: HeldId(self.next_id),
            token,
            elevation: elevation.clone(),
            reserved: false,
            claimed: false,
        });
        self.next_id += 1;
        Some(elevation)
    }

    /// The token to use for `scopes`, all of which it covers: multi-use before single-use, then the fewest scopes, then the
    /// soonest expiry; so that what is worth most is kept.
    fn select(
        &self,
        scopes: &[TokenScope],
        now: Timestamp,
        is_meant: impl Fn(&Held) -> bool,
    ) -> Option<usize> {
        let worth =
            |held: &Held| (held.elevation.single_use, held.elevation.scopes.len(), held.elevation.expires_at);
        self.held
            .iter()
            .enumerate()
            .filter(|(_, held)| held.is_available(scopes, now) && is_meant(held))
            .min_by_key(|(_, held)| worth(held))
            .map(|(at, _)| at)
    }

    /// What is held for `scope` and free to be used: no request carries it, and no action was promised it.
    pub(crate) fn find(&self, scope: &TokenScope, now: Timestamp) -> Option<&Elevation> {
        let at = self.select(std::slice::from_ref(scope), now, |held| !held.claimed)?;
        Some(&self.held[at].elevation)
    }

    /// The first identifier that was not given out yet: tokens that are stored from now on have it or a greater one.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id
    }

    fn select_free(&self, scopes: &Scopes, now: Timestamp) -> Option<usize> {
        self.select(scopes, now, |held| !held.claimed && held.id.0 >= scopes.since)
    }

    /// The token that [`claim`](Self::claim) would promise.
    pub(crate) fn find_free(&self, scopes: &Scopes, now: Timestamp) -> Option<HeldId> {
        self.select_free(scopes, now).map(|at| self.held[at].id)
    }

    /// Promises a free token that covers `scopes` to one action, until it is [given back](Self::unclaim). A reusable one is
    /// promised to everybody.
    pub(crate) fn claim(&mut self, scopes: impl Into<Scopes>, now: Timestamp) -> Option<HeldId> {
        let at = self.select_free(&scopes.into(), now)?;
        let held = &mut self.held[at];
        held.claimed = held.elevation.single_use;
        Some(held.id)
    }

    /// The action has ended. What it has not used is free again.
    pub(crate) fn unclaim(&mut self, id: HeldId) {
        if let Some(held) = self.held.iter_mut().find(|held| held.id == id) {
            held.claimed = false;
        }
    }

    /// Whether any of these is promised to one action only.
    pub(crate) fn is_claimed(&self, ids: &[HeldId]) -> bool {
        self.held.iter().any(|held| held.claimed && ids.contains(&held.id))
    }

    /// What this token is for.
    pub(crate) fn scopes_of(&self, id: HeldId) -> Vec<TokenScope> {
        let found = self.held.iter().find(|held| held.id == id);
        found.map(|held| held.elevation.scopes.clone()).unwrap_or_default()
    }

    /// Whether this token is for `scope`.
    pub(crate) fn covers(&self, id: HeldId, scope: &TokenScope) -> bool {
        self.held.iter().any(|held| held.id == id && held.elevation.covers(scope))
    }

    /// Whether a request for `scope` would carry a token, also one that an action was promised.
    #[cfg(feature = "passkey")]
    pub(crate) fn can_reserve(&self, scope: &TokenScope, now: Timestamp) -> bool {
        self.select(std::slice::from_ref(scope), now, |_| true).is_some()
    }

    /// Takes the token for a request. A single-use one is reserved until it is [spent](Self::spend) or
    /// [released](Self::release). A request does not say which action it is of, so a claimed one is as good as another:
    /// there are no fewer of them than actions that wait to send theirs.
    pub(crate) fn reserve(
        &mut self,
        scopes: impl Into<Scopes>,
        now: Timestamp,
    ) -> Option<(HeldId, ElevatedToken)> {
        let scopes = scopes.into();
        let at = self.select(&scopes, now, |held| held.id.0 >= scopes.since)?;
        let held = &mut self.held[at];
        held.reserved = held.elevation.single_use;
        Some((held.id, held.token.clone()))
    }

    /// The server accepted the request: a single-use token is gone.
    pub(crate) fn spend(&mut self, id: HeldId) {
        let spent = self.held.extract_if(.., |held| held.id == id && held.elevation.single_use);
        self.spent.extend(spent.map(|held| (held.token, held.elevation.expires_at)));
    }

    /// The server was not reached, or refused for another reason: the token is free again.
    pub(crate) fn release(&mut self, id: HeldId) {
        if let Some(held) = self.held.iter_mut().find(|held| held.id == id) {
            held.reserved = false;
        }
    }

    /// The server no longer takes the token. While the request carried it, it may have been replaced, and granted again under
    /// another name, so it is known by itself. It is remembered for the rest of the session.
    pub(crate) fn discard(&mut self, token: &ElevatedToken) {
        self.held.retain(|held| held.token != *token);
        self.spent.retain(|(spent, _)| spent != token);
        self.spent.push((token.clone(), Timestamp::from_millis(i64::MAX)));
    }

    /// Everything that is held and unexpired, reserved or not.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<Elevation> {
        self.held
            .iter()
            .filter(|held| held.elevation.expires_at > now)
            .map(|held| held.elevation.clone())
            .collect()
    }

    /// Drops what has expired. What a request carries is left to that request.
    pub(crate) fn forget_expired(&mut self, now: Timestamp) {
        self.held.retain(|held| held.elevation.expires_at > now || held.reserved);
        self.spent.retain(|(_, expires_at)| *expires_at > now);
    }

    /// The session has ended: its tokens are worth nothing, and it grants no more.
    pub(crate) fn clear(&mut self) {
        self.held.clear();
        self.spent.clear();
    }
}

/// The store by itself, for benchmarks; not part of the API.
#[doc(hidden)]
pub mod bench {
    use super::{Elevation, Elevations, Parsed};
    use crate::{ElevatedToken, Timestamp, TokenScope};

    /// A store that holds what it is given.
    #[derive(Default)]
    pub struct Store(Elevations);

    impl Store {
        /// Keeps a token with these properties.
        pub fn hold(&mut self, scopes: Vec<TokenScope>, expires_at: Timestamp, single_use: bool) {
            let token = ElevatedToken::new(format!("token {}", self.0.next_id));
            let elevation = Elevation { scopes, expires_at, single_use };
            let parsed = Parsed { token, elevation, subject: None, issued_at: None };
            let _ = self.0.insert(parsed, Timestamp::from_millis(i64::MIN));
        }

        /// The local check.
        #[must_use]
        pub fn is_held(&self, scope: &TokenScope, now: Timestamp) -> bool {
            self.0.find(scope, now).is_some()
        }

        /// Selection with reservation and release, as a request does it.
        pub fn reserve_and_release(&mut self, scope: &TokenScope, now: Timestamp) -> bool {
            self.0.reserve(scope, now).is_some_and(|(id, _)| {
                self.0.release(id);
                true
            })
        }
    }
}

#[cfg(test)]
mod tests;
