//! The environment's settings, as far as a client acts on them.

use serde::{Deserialize, Serialize};

use super::open_enum::open_enum;

open_enum! {
    /// Where the server wants the session kept.
    pub enum AuthStorage {
        /// The app keeps it and sends it as a bearer token.
        LocalStorage = "localstorage",
        /// The server keeps it in a cookie.
        Cookie = "cookie",
    }
}

open_enum! {
    /// Who asks whether the visitor is human.
    pub enum CaptchaProvider {
        /// hCaptcha.
        HCaptcha = "hcaptcha",
        /// Cloudflare Turnstile.
        Turnstile = "cloudflareTurnstile",
    }
}

/// The environment's settings (`GET /settings`), as far as a client acts on them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Settings {
    /// What the dashboard calls security.
    #[serde(default)]
    pub security: SecuritySettings,
}

/// The part of the settings that is about security.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SecuritySettings {
    /// How the session is kept.
    #[serde(default)]
    pub auth: AuthSettings,
    /// Whether a code is sent to humans only.
    #[serde(default)]
    pub captcha: CaptchaSettings,
    /// Sign-in with an external identity provider.
    #[serde(rename = "externalAuth", default)]
    pub external_auth: ExternalAuthSettings,
}

/// How the session is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuthSettings {
    /// The places where the session is kept.
    #[serde(default)]
    pub storage: Vec<AuthStorage>,
}

/// Whether a code is sent to humans only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CaptchaSettings {
    /// Whether a captcha is asked for.
    #[serde(default)]
    pub enabled: bool,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<CaptchaProvider>,
    /// The key that the captcha's script wants.
    #[serde(rename = "siteKey", default, skip_serializing_if = "Option::is_none")]
    pub site_key: Option<String>,
}

/// Sign-in with an external identity provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExternalAuthSettings {
    /// The cookie in which the external session lives, if it does.
    #[serde(rename = "cookieName", default, skip_serializing_if = "Option::is_none")]
    pub cookie_name: Option<String>,
}

impl Settings {
    /// Whether the session lives in a cookie, so that requests carry credentials and no bearer token
    /// (`docs/PROTOCOL.md`, "Cookies").
    #[must_use]
    pub fn uses_cookies(&self) -> bool {
        self.security.auth.storage.contains(&AuthStorage::Cookie)
            || self.security.external_auth.cookie_name.is_some()
    }
}
