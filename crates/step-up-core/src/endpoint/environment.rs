use super::{Auth, Call, Endpoint};
use crate::{
    error::Result,
    json::{Json, decode, from_json, parse},
    transport::Method,
    types::open_enum,
};

/// The environment's settings.
pub(crate) struct GetSettings;

/// The environment's settings, as far as this client acts on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Whether the session lives in a cookie (`docs/PROTOCOL.md`, "Cookies").
    pub(crate) uses_cookies: bool,
    /// The captcha that comes before a code is sent.
    pub(crate) captcha: Option<Captcha>,
    /// The providers of social accounts that a request can be made to.
    #[cfg(feature = "social")]
    pub(crate) providers: Vec<crate::social::SocialProvider>,
}

/// The captcha of an environment, for the widget that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Captcha {
    /// Whose widget it is.
    pub provider: CaptchaProvider,
    /// What the widget is told.
    pub site_key: String,
}

open_enum! {
    /// Whose captcha it is.
    pub enum CaptchaProvider {
        /// hCaptcha.
        HCaptcha = "hcaptcha",
        /// Cloudflare Turnstile.
        CloudflareTurnstile = "cloudflareTurnstile",
    }
}

impl Endpoint for GetSettings {
    type Output = Settings;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/settings", Auth::Never)
    }

    fn parse(body: &[u8]) -> Result<Settings> {
        let settings = parse(body, "the environment's settings")?;
        let security = settings.get("security");
        let storage = security.get("auth").get("storage").as_list();
        Ok(Settings {
            uses_cookies: storage.iter().any(|place| place.as_text() == Some("cookie"))
                || security.get("externalAuth").get("cookieName").as_text().is_some(),
            captcha: captcha(security.get("captcha")).or_else(|| captcha(security.get("hCaptcha"))),
            // Others are in the list that have no address to send a user to.
            #[cfg(feature = "social")]
            providers: settings
                .get("providers")
                .as_list()
                .iter()
                .filter_map(crate::json::from_value)
                .collect(),
        })
    }
}

/// The captcha, if it is enabled. The older form of the setting names no provider.
fn captcha(setting: &Json) -> Option<Captcha> {
    if !matches!(setting.get("enabled"), Json::Bool(true)) {
        return None;
    }
    Some(Captcha {
        provider: setting.get("provider").as_text().map_or(CaptchaProvider::HCaptcha, Into::into),
        site_key: setting.get("siteKey").as_text().unwrap_or_default().to_owned(),
    })
}

/// Nonces for the device key to sign.
pub(crate) struct GetNonces;

impl Endpoint for GetNonces {
    type Output = Vec<String>;

    fn call(&self) -> Call {
        Call::new(Method::Get, "/nonces?count=5", Auth::Never)
    }

    fn parse(body: &[u8]) -> Result<Vec<String>> {
        struct Nonces {
            nonces: Vec<String>,
        }
        from_json!(Nonces {
            nonces = "nonces",
        });
        decode::<Nonces>(body, "a list of nonces").map(|answer| answer.nonces)
    }
}
