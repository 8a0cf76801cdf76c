//! Which environment, where, and how patiently.

use std::{fmt, time::Duration};

use crate::{
    error::{Result, StepUpError},
    origin::Origin,
};

/// Which environment a client talks to, where it is, and who else may get its tokens.
///
/// ```
/// # use step_up_core::Config;
/// # fn main() -> Result<(), step_up_core::StepUpError> {
/// let config = Config::new("5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000")?
///     .with_base_url("http://localhost:8787/api/v0")?
///     .allow_origin("https://api.example.com")?;
/// assert_eq!(config.base_url(), "http://localhost:8787/api/v0");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    environment_id: Box<str>,
    base_url: Box<str>,
    allowed: Vec<Origin>,
    timeout: Duration,
}

impl Config {
    /// Where the service is unless told otherwise (`docs/PROTOCOL.md`, "Base URL").
    pub const DEFAULT_BASE_URL: &'static str = "https://app.dynamicauth.com/api/v0";

    /// How long an answer may take unless told otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

    /// The service's own address and the environment with this identifier, a UUID in lower case.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](StepUpError::InvalidConfig) where it is no UUID: it becomes part of every path.
    pub fn new(environment_id: impl AsRef<str>) -> Result<Self> {
        let environment_id = environment_id.as_ref();
        if !is_uuid(environment_id) {
            return Err(StepUpError::InvalidConfig {
                why: format!(
                    "the environment id \"{environment_id}\" is not a UUID in lower case; copy it from the dashboard's API settings"
                ),
            });
        }
        Self {
            environment_id: environment_id.into(),
            base_url: Box::default(),
            allowed: Vec::new(),
            timeout: Self::DEFAULT_TIMEOUT,
        }
        .with_base_url(Self::DEFAULT_BASE_URL)
    }

    /// Another place for the service, with its path, such as `http://localhost:8787/api/v0`.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](StepUpError::InvalidConfig) where it is no plain http(s) address, or is neither https nor
    /// loopback: session tokens are sent there.
    pub fn with_base_url(mut self, base_url: &str) -> Result<Self> {
        let origin = trustworthy(base_url)?;
        if base_url.contains(['?', '#']) {
            return Err(StepUpError::InvalidConfig {
                why: "the base URL must have no query and no fragment".into(),
            });
        }
        // The base's origin is the first of the allowed ones.
        if self.allowed.is_empty() {
            self.allowed.push(origin)
        } else {
            self.allowed[0] = origin
        }
        self.base_url = base_url.trim_end_matches('/').into();
        Ok(self)
    }

    /// One more origin that may get the session's and the elevated tokens through
    /// [`StepUpClient::send`](crate::StepUpClient::send): the app's own backend. Whatever follows the origin in
    /// `url` is ignored.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`](StepUpError::InvalidConfig), as for [`with_base_url`](Self::with_base_url).
    pub fn allow_origin(mut self, url: &str) -> Result<Self> {
        self.allowed.push(trustworthy(url)?);
        Ok(self)
    }

    /// How long a request may take before it is [`TimedOut`](StepUpError::TimedOut): all of it, from the settings, nonces and keys
    /// that it needs to its response. A call that makes several requests in a row, such as a sign-in that gets the settings after
    /// it, has this long for each. What waits for the user has limits of its own.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The environment's identifier.
    #[must_use]
    pub fn environment_id(&self) -> &str {
        &self.environment_id
    }

    /// Where the service is, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How long a request may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The absolute address of a path below the environment.
    pub(crate) fn environment_url(&self, path: &str) -> String {
        format!("{}/sdk/{}{path}", self.base_url, self.environment_id)
    }

    /// The absolute address of an app's own call, if its origin may get tokens.
    pub(crate) fn resolve(&self, url: &str) -> Result<String> {
        let url = if url.starts_with('/') { self.environment_url(url) } else { url.to_owned() };
        match Origin::of(&url) {
            Ok(origin) if self.allowed.contains(&origin) => Ok(url),
            Ok(origin) => Err(StepUpError::OriginNotAllowed { origin: origin.as_str().to_owned() }),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("environment_id", &self.environment_id)
            .field("base_url", &self.base_url)
            .field("allowed", &self.allowed.iter().map(Origin::as_str).collect::<Vec<_>>())
            .field("timeout", &self.timeout)
            .finish()
    }
}

fn trustworthy(url: &str) -> Result<Origin> {
    let origin = Origin::of(url)?;
    if origin.is_trustworthy() {
        return Ok(origin);
    }
    Err(StepUpError::InvalidConfig {
        why: format!(
            "{} is neither https nor this machine, and tokens would be sent there in clear",
            origin.as_str()
        ),
    })
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "2762a57b-faa4-41ce-9f16-abff9300e2c9";

    #[test]
    fn an_environment_id_that_is_no_uuid_is_refused() {
        for id in [
            "",
            "x",
            "2762A57B-FAA4-41CE-9F16-ABFF9300E2C9",
            "2762a57b-faa4-41ce-9f16-abff9300e2c9/",
            "../../../../../../../../../../../evil",
        ] {
            assert!(matches!(Config::new(id), Err(StepUpError::InvalidConfig { .. })), "{id}");
        }
    }

    #[test]
    fn a_base_url_in_clear_text_is_refused() {
        let config = Config::new(ID).unwrap();
        assert!(config.clone().with_base_url("http://example.com/api/v0").is_err());
        assert!(config.clone().allow_origin("http://example.com").is_err());
        assert!(config.clone().with_base_url("https://example.com/api?x").is_err());
        assert_eq!(
            config.with_base_url("http://127.0.0.1:1/api/v0/").unwrap().base_url(),
            "http://127.0.0.1:1/api/v0"
        );
    }

    #[test]
    fn tokens_go_to_listed_origins_only() {
        let config = Config::new(ID)
            .unwrap()
            .with_base_url("https://id.example/v0")
            .unwrap()
            .allow_origin("https://api.example")
            .unwrap();
        assert_eq!(config.resolve("/waas/1").unwrap(), format!("https://id.example/v0/sdk/{ID}/waas/1"));
        assert_eq!(config.resolve("https://api.example/x").unwrap(), "https://api.example/x");
        for url in [
            "https://evil.example/x",
            "https://api.example.evil.example/",
            "https://api.example:444/",
            "http://api.example/",
            "https://app.dynamicauth.com/",
        ] {
            assert!(matches!(config.resolve(url), Err(StepUpError::OriginNotAllowed { .. })), "{url}");
        }
        for url in ["https://api.example@evil.example/", "https:\\\\api.example", "x", "/a b"] {
            assert!(config.resolve(url).is_err(), "{url}");
        }
    }
}
