//! The environment's settings: what clients read, and what the sandbox itself goes by.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};
use step_up_core::TokenScope;

use crate::{
    jwk::KeySet,
    reply::{Outcome, Refusal},
    social,
    store::{StoreError, Table, Tx},
};

/// The version of the API from which on the service wants step-up.
const STEP_UP_VERSION: &str = "2026_04_01";

/// Every version that an environment can be set to.
const API_VERSIONS: [&str; 2] = ["2026_01_01", STEP_UP_VERSION];

/// How long a session may be refreshed after the last proof, unless the settings say otherwise: thirty days.
const SESSION_MAX_AGE_SECS: u64 = 30 * 24 * 60 * 60;

/// How long the settings may say at the most: ten years.
const SESSION_MAX_AGE_LIMIT: u64 = 10 * 365 * 24 * 60 * 60;

const CAPTCHA_PROVIDERS: [&str; 2] = ["hcaptcha", "cloudflareTurnstile"];

pub(crate) const SETTINGS: Table<Value> = Table::new("settings");
const CURRENT: &str = "current";

/// The settings that a new environment has.
fn defaults() -> Value {
    json!({
        "environmentName": "sandbox",
        "chains": [
            { "name": "evm", "enabled": true, "networks": [] },
            { "name": "solana", "enabled": true, "networks": [] }
        ],
        "customFields": [],
        "kyc": social::settings::kyc(),
        "design": {},
        "general": { "displayName": "Sandbox" },
        "privacy": {},
        "providers": social::settings::providers(),
        "sdk": { "minApiVersion": STEP_UP_VERSION, "emailSignIn": { "signInProvider": "dynamic" }, "multiWallet": true },
        "security": {
            "mfa": { "enabled": false, "required": false, "actions": [] },
            "auth": { "storage": ["localstorage"], "allowMultipleCredentialsForSignIn": true },
            "captcha": { "enabled": false, "provider": "hcaptcha", "siteKey": "sandbox" },
            "externalAuth": { "enabled": false },
            "deviceRegistrationRequired": false,
            "sessionMaxAgeSeconds": SESSION_MAX_AGE_SECS
        },
        "networks": []
    })
}

/// The settings as clients read them.
pub(crate) fn current(tx: &Tx<'_>) -> Result<Value, StoreError> {
    Ok(SETTINGS.get(tx, CURRENT)?.unwrap_or_else(defaults))
}

/// The environment's name for people.
pub(crate) fn display_name(tx: &Tx<'_>) -> Result<String, StoreError> {
    let settings = current(tx)?;
    let name = settings.pointer("/general/displayName").and_then(Value::as_str).unwrap_or_default();
    Ok(if name.is_empty() { "Sandbox" } else { name }.to_owned())
}

/// Makes `wanted` the settings; what it leaves out is as in a new environment.
pub(crate) fn replace(tx: &mut Tx<'_>, wanted: &Value) -> Outcome<Value> {
    if !wanted.is_object() {
        return Err(Refusal::unprocessable("invalid_settings", "Settings are a JSON object.").into());
    }
    let mut settings = defaults();
    merge(&mut settings, wanted);
    check(&settings)?;
    SETTINGS.put(tx, CURRENT, &settings)?;
    Ok(settings)
}

/// JSON Merge Patch ([RFC 7396 §2](https://www.rfc-editor.org/rfc/rfc7396#section-2)).
fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(target) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Refuses what would be a lie: settings that the sandbox does not act on.
fn check(settings: &Value) -> Outcome<()> {
    let refuse = |sentence: &str| Err(Refusal::unprocessable("invalid_settings", sentence).into());
    let Ok(rules) = serde_json::from_value::<Rules>(settings.clone()) else {
        return refuse("A setting that the sandbox goes by has the wrong type.");
    };
    if !API_VERSIONS.contains(&rules.sdk.min_api_version.as_str()) {
        return refuse("sdk.minApiVersion is 2026_01_01 or 2026_04_01.");
    }
    if rules.security.mfa.actions.iter().any(|action| !(1..=86_400).contains(&action.secs())) {
        return refuse("security.mfa.actions[].tokenExpirySeconds is between 1 and 86400.");
    }
    if !(1..=SESSION_MAX_AGE_LIMIT).contains(&rules.session_max_age().as_secs()) {
        return refuse("security.sessionMaxAgeSeconds is between 1 and 315360000.");
    }
    let captcha = &rules.security.captcha;
    if captcha.enabled
        && (!CAPTCHA_PROVIDERS.contains(&captcha.provider.as_str()) || captcha.site_key.is_empty())
    {
        return refuse("security.captcha has a provider, hcaptcha or cloudflareTurnstile, and a siteKey.");
    }
    if let Err(sentence) = rules.security.external_auth.check() {
        return refuse(&sentence);
    }
    social::settings::check(settings)?;
    let is_on = |path: &str| settings.pointer(path).is_some_and(|value| *value != json!(false));
    for (is_asked_for, name) in [
        (is_on("/security/hCaptcha/enabled"), "security.hCaptcha.enabled"),
        (is_on("/security/externalAuth/cookieName"), "security.externalAuth.cookieName"),
        (is_on("/security/externalAuth/jwksUrl"), "security.externalAuth.jwksUrl"),
        (is_on("/security/externalAuth/assumeEmailVerified"), "security.externalAuth.assumeEmailVerified"),
        (is_on("/security/mfa/required"), "security.mfa.required"),
        (settings.pointer("/sdk/multiWallet") != Some(&json!(true)), "sdk.multiWallet other than true"),
        (is_on("/sdk/multiWalletUnlinkDisabled"), "sdk.multiWalletUnlinkDisabled"),
        (
            rules.security.auth.storage != ["localstorage"] && !rules.keeps_sessions_in_cookies(),
            "security.auth.storage other than one of localstorage and cookie",
        ),
    ] {
        if is_asked_for {
            return Err(Refusal::not_implemented(name).into());
        }
    }
    Ok(())
}

/// The settings that the sandbox goes by.
#[derive(Deserialize)]
pub(crate) struct Rules {
    #[serde(default)]
    chains: Vec<Chain>,
    #[serde(default)]
    sdk: Sdk,
    #[serde(default)]
    security: Security,
}

#[derive(Deserialize)]
struct Chain {
    name: String,
    #[serde(default)]
    enabled: bool,
}

#[derive(Default, Deserialize)]
struct Sdk {
    #[serde(rename = "minApiVersion", default)]
    min_api_version: String,
}

#[derive(Default, Deserialize)]
struct Security {
    #[serde(default)]
    mfa: Mfa,
    #[serde(default)]
    auth: Auth,
    #[serde(default)]
    captcha: Captcha,
    #[serde(rename = "externalAuth", default)]
    external_auth: ExternalAuth,
    #[serde(rename = "deviceRegistrationRequired", default)]
    device_registration_required: bool,
    #[serde(rename = "sessionMaxAgeSeconds")]
    session_max_age_secs: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Mfa {
    #[serde(default)]
    actions: Vec<ActionRule>,
}

#[derive(Default, Deserialize)]
struct Auth {
    #[serde(default)]
    storage: Vec<String>,
    #[serde(rename = "allowMultipleCredentialsForSignIn", default)]
    allow_multiple_credentials: bool,
}

#[derive(Default, Deserialize)]
struct Captcha {
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    provider: String,
    #[serde(rename = "siteKey", default)]
    site_key: String,
}

/// Who else may say who a user is.
#[derive(Default, Deserialize)]
struct ExternalAuth {
    #[serde(default)]
    enabled: bool,
    iss: Option<String>,
    aud: Option<String>,
    /// The issuer's keys, inline: the sandbox asks nobody.
    jwks: Option<Value>,
}

impl ExternalAuth {
    /// Why it cannot be so.
    fn check(&self) -> Result<(), String> {
        if let Some(Err(why)) = self.jwks.as_ref().map(KeySet::parse) {
            return Err(format!("security.externalAuth.jwks {why}."));
        }
        let is_empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
        let is_missing = self.enabled && (self.iss.is_none() || self.jwks.is_none());
        if is_missing || is_empty(&self.iss) || is_empty(&self.aud) {
            return Err("security.externalAuth has an iss and jwks, and perhaps an aud.".into());
        }
        Ok(())
    }
}

/// Another identity provider whose word counts.
pub(crate) struct ExternalIssuer {
    pub(crate) iss: String,
    /// Whom its assertions are for; the environment where it is not said.
    pub(crate) aud: Option<String>,
    pub(crate) keys: KeySet,
}

/// How long an action's elevation lives, and how often it counts.
#[derive(Deserialize)]
struct ActionRule {
    action: String,
    #[serde(rename = "tokenBehavior")]
    behavior: Option<Behavior>,
    #[serde(rename = "tokenExpirySeconds")]
    expiry_secs: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Behavior {
    SingleUse,
    TimeBound,
}

impl Behavior {
    const fn default_secs(self) -> u64 {
        match self {
            Self::SingleUse => 300,
            Self::TimeBound => 600,
        }
    }

    fn default_for(scope: &TokenScope) -> Self {
        if scope.as_str().starts_with("wallet:") { Self::SingleUse } else { Self::TimeBound }
    }
}

impl ActionRule {
    fn secs(&self) -> u64 {
        self.expiry_secs.unwrap_or_else(|| self.behavior.unwrap_or(Behavior::TimeBound).default_secs())
    }

    fn governs(&self, scope: &TokenScope) -> bool {
        match self.action.as_str() {
            "wallet.waas.sign" => *scope == TokenScope::WalletSign,
            "wallet.waas.export" => *scope == TokenScope::WalletExport,
            "wallet.waas.refresh" => matches!(scope, TokenScope::WalletRefresh | TokenScope::WalletDelegate),
            "wallet.waas.reshare" => matches!(scope, TokenScope::WalletReshare | TokenScope::WalletDelegate),
            "user.update" => *scope == TokenScope::UserUpdate,
            _ => false,
        }
    }
}

/// How an elevation may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ElevationTerms {
    pub(crate) is_single_use: bool,
    pub(crate) lifetime: Duration,
}

impl Rules {
    pub(crate) fn load(tx: &Tx<'_>) -> Result<Arc<Self>, StoreError> {
        /// Those of a new environment, which most have: read once.
        static DEFAULTS: LazyLock<Option<Arc<Rules>>> =
            LazyLock::new(|| serde_json::from_value(defaults()).ok().map(Arc::new));
        let rules = match SETTINGS.get(tx, CURRENT)? {
            Some(settings) => serde_json::from_value(settings).ok().map(Arc::new),
            None => DEFAULTS.clone(),
        };
        rules.ok_or_else(|| StoreError::Corrupt { collection: SETTINGS.name().into() })
    }

    /// Whether sensitive calls want an elevated token.
    pub(crate) fn is_step_up_on(&self) -> bool {
        self.sdk.min_api_version == STEP_UP_VERSION
    }

    /// Whether calls that carry a device signature must. With cookies no client signs.
    pub(crate) fn is_device_signature_required(&self) -> bool {
        self.security.device_registration_required && !self.keeps_sessions_in_cookies()
    }

    /// How long after the last proof a session ends, however often it is refreshed.
    pub(crate) fn session_max_age(&self) -> Duration {
        Duration::from_secs(self.security.session_max_age_secs.unwrap_or(SESSION_MAX_AGE_SECS))
    }

    /// Whether sessions live in cookies, and answers carry no token.
    pub(crate) fn keeps_sessions_in_cookies(&self) -> bool {
        self.security.auth.storage == ["cookie"]
    }

    /// Whether a captcha comes before a code.
    pub(crate) fn is_captcha_on(&self) -> bool {
        self.security.captcha.enabled
    }

    /// Who else may say who a user is, if anybody.
    pub(crate) fn external_issuer(&self) -> Option<ExternalIssuer> {
        let ExternalAuth { enabled, iss, aud, jwks } = &self.security.external_auth;
        let keys = KeySet::parse(jwks.as_ref()?).ok()?;
        if *enabled { Some(ExternalIssuer { iss: iss.clone()?, aud: aud.clone(), keys }) } else { None }
    }

    /// Whether wallets of this chain, by its name in the settings, are taken.
    pub(crate) fn is_chain_enabled(&self, name: &str) -> bool {
        self.chains.iter().any(|chain| chain.name == name && chain.enabled)
    }

    /// Whether more than the first credential of a user may sign them in.
    pub(crate) fn allows_multiple_credentials(&self) -> bool {
        self.security.auth.allow_multiple_credentials
    }

    /// How an elevation for all these scopes may be used: as its strictest scope.
    pub(crate) fn terms(&self, scopes: &[TokenScope]) -> ElevationTerms {
        let each = scopes.iter().flat_map(|scope| self.terms_of(scope));
        each.reduce(|all, one| ElevationTerms {
            is_single_use: all.is_single_use || one.is_single_use,
            lifetime: all.lifetime.min(one.lifetime),
        })
        .unwrap_or(ElevationTerms { is_single_use: true, lifetime: Duration::ZERO })
    }

    fn terms_of(&self, scope: &TokenScope) -> Vec<ElevationTerms> {
        let rules: Vec<_> = self.security.mfa.actions.iter().filter(|rule| rule.governs(scope)).collect();
        let default = Behavior::default_for(scope);
        let terms = |behavior: Behavior, secs| ElevationTerms {
            is_single_use: behavior == Behavior::SingleUse,
            lifetime: Duration::from_secs(secs),
        };
        if rules.is_empty() {
            return vec![terms(default, default.default_secs())];
        }
        rules
            .into_iter()
            .map(|rule| {
                let behavior = rule.behavior.unwrap_or(default);
                terms(behavior, rule.expiry_secs.unwrap_or(behavior.default_secs()))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{reply::Failure, store::MemoryStore};

    fn rules(settings: &Value) -> Arc<Rules> {
        let store = MemoryStore::new();
        let mut tx = Tx::new(&store);
        replace(&mut tx, settings).unwrap();
        Rules::load(&tx).unwrap()
    }

    fn terms(rules: &Rules, scopes: &[TokenScope]) -> (bool, u64) {
        let terms = rules.terms(scopes);
        (terms.is_single_use, terms.lifetime.as_secs())
    }

    #[test]
    fn wallet_scopes_are_single_use_for_five_minutes_and_others_live_for_ten() {
        let rules = rules(&json!({}));
        assert_eq!(terms(&rules, &[TokenScope::WalletExport]), (true, 300));
        assert_eq!(terms(&rules, &[TokenScope::WalletSign]), (true, 300));
        assert_eq!(terms(&rules, &[TokenScope::CredentialLink]), (false, 600));
        assert_eq!(terms(&rules, &[TokenScope::UserDelete, TokenScope::UserUpdate]), (false, 600));
    }

    #[test]
    fn a_mixed_request_is_as_strict_as_its_strictest_scope() {
        let rules = rules(&json!({}));
        assert_eq!(terms(&rules, &[TokenScope::CredentialLink, TokenScope::WalletExport]), (true, 300));
    }

    #[test]
    fn the_environments_actions_say_otherwise() {
        let rules = rules(&json!({ "security": { "mfa": { "actions": [
            { "action": "wallet.waas.export", "required": true, "tokenBehavior": "time_bound" },
            { "action": "wallet.waas.sign", "required": true, "tokenExpirySeconds": 20 },
            { "action": "user.update", "required": true, "tokenBehavior": "single_use", "tokenExpirySeconds": 7 },
        ] } } }));
        assert_eq!(terms(&rules, &[TokenScope::WalletExport]), (false, 600));
        assert_eq!(terms(&rules, &[TokenScope::WalletSign]), (true, 20));
        assert_eq!(terms(&rules, &[TokenScope::UserUpdate]), (true, 7));
        assert_eq!(terms(&rules, &[TokenScope::WalletDelete]), (true, 300));
    }

    #[test]
    fn what_is_left_out_is_as_in_a_new_environment() {
        let store = MemoryStore::new();
        let mut tx = Tx::new(&store);
        let first = replace(&mut tx, &json!({ "sdk": { "minApiVersion": "2026_01_01" } })).unwrap();
        assert_eq!(first["sdk"]["emailSignIn"]["signInProvider"], "dynamic");
        assert_eq!(first["chains"], defaults()["chains"]);
        assert!(!Rules::load(&tx).unwrap().is_step_up_on());
        let second = replace(&mut tx, &json!({ "general": { "displayName": "Shop" } })).unwrap();
        assert_eq!(second["general"]["displayName"], "Shop");
        assert!(Rules::load(&tx).unwrap().is_step_up_on());
        assert_eq!(replace(&mut tx, &second).unwrap(), second, "what was read can be written");
    }

    #[test]
    fn a_setting_that_would_change_nothing_is_refused() {
        let refusal = |settings: Value| {
            let store = MemoryStore::new();
            let mut tx = Tx::new(&store);
            match replace(&mut tx, &settings) {
                Err(Failure::Refused(refusal)) => (refusal.status, refusal.code),
                other => panic!("{other:?}"),
            }
        };
        for settings in [
            json!({ "security": { "hCaptcha": { "enabled": true } } }),
            json!({ "security": { "auth": { "storage": [] } } }),
            json!({ "security": { "auth": { "storage": ["localstorage", "cookie"] } } }),
            json!({ "security": { "externalAuth": { "jwksUrl": "https://idp.example/jwks" } } }),
            json!({ "security": { "externalAuth": { "assumeEmailVerified": true } } }),
            json!({ "security": { "mfa": { "required": true } } }),
            json!({ "sdk": { "multiWallet": false } }),
            json!({ "sdk": { "multiWalletUnlinkDisabled": true } }),
        ] {
            assert_eq!(refusal(settings.clone()), (501, "not_implemented"), "{settings}");
        }
        for settings in [
            json!([]),
            json!({ "sdk": { "minApiVersion": "2020_01_01" } }),
            json!({ "sdk": 1 }),
            json!({ "chains": "evm" }),
            json!({ "security": { "deviceRegistrationRequired": "yes" } }),
            json!({ "security": { "captcha": { "enabled": "yes" } } }),
            json!({ "security": { "captcha": { "enabled": true, "provider": "recaptcha" } } }),
            json!({ "security": { "captcha": { "enabled": true, "siteKey": "" } } }),
            json!({ "security": { "captcha": { "enabled": true, "siteKey": null } } }),
            json!({ "security": { "mfa": { "actions": [{ "action": "user.update", "tokenExpirySeconds": 0 }] } } }),
            json!({ "security": { "mfa": { "actions": [{ "action": "user.update", "tokenBehavior": "x" }] } } }),
        ] {
            assert_eq!(refusal(settings.clone()), (422, "invalid_settings"), "{settings}");
        }
    }
}
