//! Users of another identity provider: what it says about them, and which of ours they are.

use serde::{Deserialize, Serialize};
use step_up_core::{Credential, CredentialFormat, CredentialId, Timestamp, UserId};

use crate::{
    account::{self, Account, LinkedCredential},
    random,
    reply::{Outcome, Refusal},
    settings::{ExternalIssuer, Rules},
    store::{StoreError, Table},
    time,
    world::World,
};

/// How far ahead the other provider's clock may be, in seconds.
const SKEW: f64 = 60.0;

/// How many bytes a subject may have: as many as [OpenID Connect](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)
/// allows.
const SUBJECT: usize = 255;

/// Whose credential an external user is. One belongs to one user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ExternalUser {
    pub(crate) user: UserId,
    pub(crate) credential: CredentialId,
}

/// By issuer and subject: another issuer's subject of the same name is somebody else.
pub(crate) const EXTERNAL_USERS: Table<ExternalUser> = Table::new("externalUsers");

/// An assertion that was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Used {
    #[serde(with = "time::millis")]
    until: Timestamp,
}

/// By issuer and `jti`, for as long as the assertion would be valid.
pub(crate) const ASSERTIONS: Table<Used> = Table::new("assertions");

/// What the other provider says about a user; the claims are those of
/// [RFC 7519 §4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1).
#[derive(Deserialize)]
pub(crate) struct Assertion {
    iss: String,
    aud: Audience,
    sub: String,
    /// In seconds, of which there may be parts.
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    jti: Option<String>,
    /// Space-separated.
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }
}

/// Reads an assertion, which is refused unless it is the environment's issuer's, for this environment, and valid now.
pub(crate) fn check(world: &World<'_>, jwt: &str) -> Outcome<Assertion> {
    let Some(issuer) = Rules::load(&world.tx)?.external_issuer() else {
        return Err(invalid("this environment has no external issuer").into());
    };
    let ExternalIssuer { iss, aud, keys } = issuer;
    let audience = aud.as_deref().unwrap_or(world.config.environment_id());
    let Some(assertion) = keys.verify::<Assertion>(jwt) else {
        return Err(invalid("it was not signed by a key of the issuer, or a claim is missing").into());
    };
    #[allow(clippy::cast_precision_loss)] // Milliseconds stay exact for 285,000 years.
    let now = world.now.as_millis() as f64 / 1000.0;
    for (is_right, claim) in [
        (assertion.iss == iss, "iss is another one"),
        (assertion.aud.contains(audience), "aud is another one"),
        ((1..=SUBJECT).contains(&assertion.sub.len()), "sub is empty or too long"),
        (assertion.exp > now, "exp is over"),
        (assertion.nbf.is_none_or(|nbf| nbf <= now + SKEW), "nbf is not reached"),
        (assertion.iat.is_none_or(|iat| iat <= now + SKEW), "iat is in the future"),
    ] {
        if !is_right {
            return Err(invalid(claim).into());
        }
    }
    if let Some(jti) = &assertion.jti
        && ASSERTIONS.get(&world.tx, &key(&assertion.iss, jti)?)?.is_some()
    {
        return Err(invalid("jti was used").into());
    }
    Ok(assertion)
}

impl Assertion {
    /// Which of ours the user is.
    pub(crate) fn user(&self, world: &World<'_>) -> Result<Option<ExternalUser>, StoreError> {
        EXTERNAL_USERS.get(&world.tx, &key(&self.iss, &self.sub)?)
    }

    /// The scopes that the other provider vouches for.
    pub(crate) fn scopes(&self) -> Outcome<Vec<String>> {
        let scopes: Vec<_> = self.scope.iter().flat_map(|scope| scope.split_ascii_whitespace()).collect();
        if scopes.is_empty() {
            return Err(invalid("scope is missing").into());
        }
        Ok(scopes.into_iter().map(str::to_owned).collect())
    }

    /// Whether it has a name, so that it can be used up. One without a name signs in for as long as it is valid.
    pub(crate) fn is_named(&self) -> bool {
        self.jti.as_deref().is_some_and(|jti| !jti.is_empty())
    }

    /// Uses the assertion up, for sign-in as for elevating.
    pub(crate) fn spend(&self, world: &mut World<'_>) -> Outcome<()> {
        let Some(jti) = self.jti.as_deref().filter(|jti| !jti.is_empty()) else {
            return Err(invalid("jti is missing").into());
        };
        for (used, assertion) in ASSERTIONS.list(&world.tx, "")? {
            if assertion.until <= world.now {
                ASSERTIONS.delete(&mut world.tx, &used);
            }
        }
        #[allow(clippy::cast_possible_truncation)] // A float beyond is the largest integer.
        let until = Timestamp::from_millis((self.exp * 1000.0).ceil() as i64);
        ASSERTIONS.put(&mut world.tx, &key(&self.iss, jti)?, &Used { until })?;
        Ok(())
    }

    /// A new user, whom the other provider knows.
    pub(crate) fn create_account(&self, world: &mut World<'_>) -> Result<Account, StoreError> {
        let key = key(&self.iss, &self.sub)?;
        account::create_with(world, |world, account| {
            let id = CredentialId::from(random::uuid(&mut world.tx)?);
            let mut credential = Credential::new(id.clone(), CredentialFormat::ExternalUser);
            credential.sign_in_enabled = true;
            credential.public_identifier = Some(self.sub.clone());
            account.credentials.push(LinkedCredential::now(world, credential));
            let known = ExternalUser { user: account.id.clone(), credential: id.clone() };
            EXTERNAL_USERS.put(&mut world.tx, &key, &known)?;
            Ok(id)
        })
    }
}

/// Forgets whom a credential is elsewhere, if it is one of these.
pub(crate) fn release(world: &mut World<'_>, credential: &CredentialId) -> Result<(), StoreError> {
    for (key, known) in EXTERNAL_USERS.list(&world.tx, "")? {
        if known.credential == *credential {
            EXTERNAL_USERS.delete(&mut world.tx, &key);
        }
    }
    Ok(())
}

/// Forgets that a user was known elsewhere.
pub(crate) fn drop_all_of(world: &mut World<'_>, user: &UserId) -> Result<(), StoreError> {
    for (key, known) in EXTERNAL_USERS.list(&world.tx, "")? {
        if known.user == *user {
            EXTERNAL_USERS.delete(&mut world.tx, &key);
        }
    }
    Ok(())
}

/// An issuer's name for something, as one text that no two names share.
fn key(issuer: &str, name: &str) -> Result<String, StoreError> {
    serde_json::to_string(&[issuer, name])
        .map_err(|_| StoreError::Failed { why: "a name that is no JSON".into() })
}

pub(crate) fn invalid(why: &str) -> Refusal {
    Refusal::unprocessable("invalid_external_auth", format!("The assertion is not valid: {why}."))
}
