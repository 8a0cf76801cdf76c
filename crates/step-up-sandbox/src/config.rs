//! What is fixed for as long as a sandbox runs. What can change is in the environment's settings.

use std::time::Duration;

use crate::{
    origin::{InvalidOrigin, Origin, Origins},
    time::HOUR,
};

/// The environment of a sandbox that was not told another.
pub const DEFAULT_ENVIRONMENT_ID: &str = "5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000";

/// What is fixed for as long as a sandbox runs.
///
/// ```
/// use step_up_sandbox::Config;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new("5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000")?
///     .allow_origin("https://app.example")?
///     .without_control();
/// assert_eq!(config.environment_id(), "5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    environment_id: String,
    pub(crate) origins: Origins,
    pub(crate) has_control: bool,
    pub(crate) session_lifetime: Duration,
    pub(crate) consent_page: Option<ConsentPage>,
}

/// The page that stands in for the social providers' own where there is no server.
#[derive(Clone, Debug)]
pub(crate) struct ConsentPage {
    pub(crate) url: String,
    pub(crate) origin: Origin,
}

impl Config {
    /// The environment with this identifier, a UUID in lower case.
    ///
    /// # Errors
    ///
    /// [`InvalidEnvironmentId`] where it is none.
    pub fn new(environment_id: &str) -> Result<Self, InvalidEnvironmentId> {
        let is_uuid = uuid::Uuid::try_parse(environment_id).is_ok_and(|id| id.to_string() == environment_id);
        if !is_uuid {
            return Err(InvalidEnvironmentId);
        }
        Ok(Self {
            environment_id: environment_id.to_owned(),
            origins: Origins::Loopback,
            has_control: true,
            session_lifetime: 2 * HOUR,
            consent_page: None,
        })
    }

    /// One more origin whose pages may call. With the first one, pages on loopback may no longer unless they are added
    /// too.
    ///
    /// # Errors
    ///
    /// [`InvalidOrigin`] where `origin` is no bare `http://host:port` or `https://host:port`.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, InvalidOrigin> {
        self.origins.allow(Origin::parse(origin).ok_or(InvalidOrigin)?);
        Ok(self)
    }

    /// Leaves the control API out, and the social providers that are emulated: anybody is there whoever they say.
    #[must_use]
    pub fn without_control(mut self) -> Self {
        self.has_control = false;
        self
    }

    /// How long a session lives from its last verification or refresh; two hours unless said otherwise.
    #[must_use]
    pub fn with_session_lifetime(mut self, lifetime: Duration) -> Self {
        self.session_lifetime = lifetime;
        self
    }

    /// The page of the app that asks for consent in the social providers' place: `/` and the provider's name are added to
    /// `url`. Without one, the sandbox's own pages do, which need a server.
    ///
    /// # Errors
    ///
    /// [`InvalidConsentPage`] where `url` is no absolute address.
    pub fn with_consent_page(mut self, url: &str) -> Result<Self, InvalidConsentPage> {
        let origin = Origin::of(url).ok_or(InvalidConsentPage)?;
        self.consent_page = Some(ConsentPage { url: url.trim_end_matches('/').to_owned(), origin });
        Ok(self)
    }

    /// The environment's identifier.
    #[must_use]
    pub fn environment_id(&self) -> &str {
        &self.environment_id
    }

    /// Who issues this environment's tokens, for their `iss`.
    pub(crate) fn issuer(&self) -> String {
        format!("step-up-sandbox/{}", self.environment_id)
    }
}

impl Default for Config {
    /// The environment [`DEFAULT_ENVIRONMENT_ID`].
    fn default() -> Self {
        Self {
            environment_id: DEFAULT_ENVIRONMENT_ID.to_owned(),
            origins: Origins::Loopback,
            has_control: true,
            session_lifetime: 2 * HOUR,
            consent_page: None,
        }
    }
}

/// An environment id that is no UUID in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an environment id is a UUID in lower case, such as {DEFAULT_ENVIRONMENT_ID}")]
pub struct InvalidEnvironmentId;

/// A consent page's address that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a consent page has an absolute address, such as http://localhost:8080/#/consent")]
pub struct InvalidConsentPage;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_environment_is_a_valid_one() {
        let config = Config::new(DEFAULT_ENVIRONMENT_ID).unwrap();
        assert_eq!(config.environment_id(), Config::default().environment_id());
    }

    #[test]
    fn a_consent_page_has_an_origin() {
        let config = Config::default().with_consent_page("http://localhost:8080/#/consent/").unwrap();
        let page = config.consent_page.unwrap();
        assert_eq!(
            (page.url.as_str(), page.origin.as_str()),
            ("http://localhost:8080/#/consent", "http://localhost:8080")
        );
        for url in ["", "/consent", "javascript:alert(1)", "http://localhost@evil.example/"] {
            assert_eq!(Config::default().with_consent_page(url).unwrap_err(), InvalidConsentPage, "{url}");
        }
    }

    #[test]
    fn an_environment_id_that_is_no_uuid_in_lower_case_is_refused() {
        for id in ["", "x", "5A4D6B0E-57E9-4C1A-9F0B-7D1C0FFEE000", "{5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000}"]
        {
            assert_eq!(Config::new(id).unwrap_err(), InvalidEnvironmentId, "{id}");
        }
    }
}
