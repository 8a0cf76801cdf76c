//! Sign in with Apple: how Apple's answer differs from that of other providers.
//!
//! Apple answers in a form, gives a signed identity token beside the code if it is asked to, and says the user's name the
//! first time only. It signs with a key of its own, so that no token of it is one of this service.
//! [Apple's documentation](https://developer.apple.com/documentation/signinwithapplerestapi/request-an-authorization-to-the-sign-in-with-apple-server.)
//! has the requests, and [OpenID Connect Core 1.0 §3.3](https://openid.net/specs/openid-connect-core-1_0.html#HybridFlowAuth)
//! the identity token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    SocialProvider,
    account::SocialAccount,
    authorize::{Code, Request, invalid_code, invalid_request},
    settings,
};
use crate::{
    account,
    call::Call,
    reply::Outcome,
    store::{StoreError, Tx},
    token::{TokenKey, TokenKind},
    world::World,
};

/// The name of Apple's key in the store.
const KEY: &str = "apple";

/// How long an identity token is valid, in seconds: a day, as Apple's are.
const TOKEN_LIFETIME: i64 = 24 * 60 * 60;

/// How long a nonce may be.
const NONCE_LENGTH: usize = 255;

/// What Apple is asked for beside a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extras {
    /// Whether an identity token goes with the code.
    is_identity_wanted: bool,
    /// What the identity token repeats.
    nonce: Option<String>,
    is_name_wanted: bool,
    is_email_wanted: bool,
    /// Whether the answer is a form.
    pub(crate) is_form_post: bool,
}

/// Reads what a request asks of Apple, or refuses it as Apple does: an identity token and what a scope names are given in
/// no address, where logs and other pages would find them.
pub(crate) fn read(request: &Request) -> Outcome<Extras> {
    let has = |scope: &str| request.scope.split(' ').any(|it| it == scope);
    let extras = Extras {
        is_identity_wanted: request.response_types().contains(&"id_token"),
        nonce: request.nonce.clone().filter(|nonce| !nonce.is_empty()),
        is_name_wanted: has("name"),
        is_email_wanted: has("email"),
        is_form_post: request.response_mode.as_deref() != Some("query"),
    };
    let is_form_needed = extras.is_identity_wanted || extras.is_name_wanted || extras.is_email_wanted;
    let refuse = |sentence| Err(invalid_request(sentence).into());
    match request.response_mode.as_deref() {
        Some("query") if is_form_needed => {
            refuse("With an identity token, a name or an email address the response mode is form_post.")
        }
        None | Some("query" | "form_post") => match &extras.nonce {
            Some(nonce) if nonce.len() > NONCE_LENGTH => refuse("The nonce is too long."),
            _ => Ok(extras),
        },
        Some(_) => refuse("The response mode is form_post or query."),
    }
}

/// The claims of an identity token.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    nonce_supported: bool,
    /// Binds the token to the code.
    c_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

/// What goes with a code in Apple's answer.
pub(crate) fn answer(
    call: &mut Call<'_>,
    extras: &Extras,
    account: &SocialAccount,
    code: &str,
) -> Outcome<Vec<(&'static str, String)>> {
    let mut parameters = Vec::new();
    if extras.is_identity_wanted {
        parameters.push(("id_token", identity_token(call, extras, account, code)?));
    }
    // Apple says it the first time that the user comes to the app. The sandbox knows whether the account is a user's.
    let is_first = account::of_social(&call.world, SocialProvider::Apple, account)?.is_none();
    let user = user(extras, account);
    if is_first && user != json!({}) {
        parameters.push(("user", user.to_string()));
    }
    Ok(parameters)
}

fn user(extras: &Extras, account: &SocialAccount) -> Value {
    let mut user = json!({});
    if extras.is_name_wanted {
        let (first, last) = account.username.split_once(' ').unwrap_or((&account.username, ""));
        user["name"] = json!({ "firstName": first, "lastName": last });
    }
    if let Some(email) = account.email.as_ref().filter(|_| extras.is_email_wanted) {
        user["email"] = email.as_str().into();
    }
    user
}

fn identity_token(
    call: &mut Call<'_>,
    extras: &Extras,
    account: &SocialAccount,
    code: &str,
) -> Outcome<String> {
    let email = account.email.clone().filter(|_| extras.is_email_wanted);
    let now = call.world.now.as_secs();
    let claims = Claims {
        iss: call.issuer(SocialProvider::Apple),
        aud: settings::client_id(&call.world, SocialProvider::Apple)?,
        sub: account.id.clone(),
        iat: now,
        exp: now.saturating_add(TOKEN_LIFETIME),
        auth_time: now,
        nonce: extras.nonce.clone(),
        nonce_supported: true,
        c_hash: c_hash(code),
        email_verified: email.as_ref().map(|_| true),
        email,
    };
    Ok(key(&mut call.world.tx)?.sign(TokenKind::Identity, &claims)?)
}

/// The left half of the code's hash
/// ([OpenID Connect Core 1.0 §3.3.2.11](https://openid.net/specs/openid-connect-core-1_0.html#HybridIDToken)).
fn c_hash(code: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(code.as_bytes())[..16])
}

/// Refuses a code that came without the identity token that was given beside it: an attacker may have put another code in
/// its place.
pub(crate) fn check(call: &mut Call<'_>, code: &Code, text: &str, token: Option<&str>) -> Outcome<()> {
    let Some(extras) = code.extras.as_ref().filter(|extras| extras.is_identity_wanted) else { return Ok(()) };
    let key = key(&mut call.world.tx)?;
    let claims = token.and_then(|token| key.verify::<Claims>(TokenKind::Identity, token));
    let (issuer, world) = (call.issuer(SocialProvider::Apple), &call.world);
    let audience = settings::client_id(world, SocialProvider::Apple)?;
    let is_right = claims.is_some_and(|claims| {
        claims.iss == issuer
            && claims.aud == audience
            && claims.sub == code.account.id
            && claims.exp > world.now.as_secs()
            && claims.nonce == extras.nonce
            && bool::from(claims.c_hash.as_bytes().ct_eq(c_hash(text).as_bytes()))
    });
    if is_right { Ok(()) } else { Err(invalid_code().into()) }
}

/// The keys that identity tokens are checked with.
pub(crate) fn jwks(world: &mut World<'_>) -> Result<Value, StoreError> {
    Ok(key(&mut world.tx)?.jwks())
}

fn key(tx: &mut Tx<'_>) -> Result<TokenKey, StoreError> {
    TokenKey::load_named(tx, KEY)
}
