//! Which provider the demo talks to, from its address.

use step_up_sandbox::{DEFAULT_ENVIRONMENT_ID, page::BASE_URL};
use yew_step_up::Config;

/// Which provider the demo talks to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// The sandbox in this page.
    Page,
    /// A sandbox server on this machine.
    Server,
    /// The real service; a build-time setting.
    Service,
}

/// Where to go, and for which environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    pub(crate) host: Host,
    pub(crate) config: Config,
}

impl Setup {
    /// From the query of this page's address, such as `?api=http://localhost:8787/api/v0`. An address that is not on this
    /// machine is refused: a link must not be able to send a visitor's codes anywhere.
    pub(crate) fn from_query(query: &str) -> Result<Self, String> {
        let parameter = |name: &str| {
            let pairs = query.trim_start_matches('?').split('&');
            pairs
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| decode(value))
        };
        let (host, base_url, environment) = match (parameter("api"), service()) {
            (Some(api), _) => (Host::Server, local(&api)?, parameter("environment")),
            (None, Some((api, environment))) => (Host::Service, api.to_owned(), Some(environment.to_owned())),
            (None, None) => (Host::Page, BASE_URL.to_owned(), None),
        };
        let environment = environment.unwrap_or_else(|| DEFAULT_ENVIRONMENT_ID.to_owned());
        let config = Config::new(environment).and_then(|config| config.with_base_url(&base_url));
        config.map(|config| Self { host, config }).map_err(|error| error.to_string())
    }
}

/// The real service, where the build was told one: `STEP_UP_ENVIRONMENT_ID`, and `STEP_UP_API` if it is not the default.
fn service() -> Option<(&'static str, &'static str)> {
    let environment = option_env!("STEP_UP_ENVIRONMENT_ID")?;
    Some((option_env!("STEP_UP_API").unwrap_or(Config::DEFAULT_BASE_URL), environment))
}

/// The address, if it is plain http on this machine.
fn local(api: &str) -> Result<String, String> {
    let authority = api.strip_prefix("http://").and_then(|rest| rest.split(['/', '?', '#']).next());
    let host = authority.map(|authority| authority.split_once(':').map_or(authority, |(host, _)| host));
    if matches!(host, Some("localhost" | "127.0.0.1")) {
        Ok(api.to_owned())
    } else {
        Err(format!(
            "?api= takes a sandbox on this machine, such as http://localhost:8787/api/v0. It was {api}"
        ))
    }
}

/// Undoes percent-encoding of what may stand in an address; anything else is left as it is, and refused later.
fn decode(value: &str) -> String {
    value.replace("%3A", ":").replace("%3a", ":").replace("%2F", "/").replace("%2f", "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_parameters_the_sandbox_runs_in_the_page() {
        let setup = Setup::from_query("").unwrap();
        assert_eq!(setup.host, Host::Page);
        assert_eq!(setup.config.environment_id(), DEFAULT_ENVIRONMENT_ID);
    }

    #[test]
    fn a_server_on_this_machine_is_taken() {
        let id = "7f3c5d1e-2b4a-4c6d-8e9f-0a1b2c3d4e5f";
        let setup =
            Setup::from_query(&format!("?api=http%3A%2F%2Flocalhost:8787/api/v0&environment={id}")).unwrap();
        assert_eq!((setup.host, setup.config.base_url()), (Host::Server, "http://localhost:8787/api/v0"));
        assert_eq!(setup.config.environment_id(), id);
    }

    #[test]
    fn any_other_address_is_refused() {
        for api in [
            "https://evil.example/api/v0",
            "http://localhost.evil.example/api/v0",
            "http://localhost@evil.example/",
            "http://localhost:8787@evil.example/",
            "http://127.0.0.1.evil.example",
            "javascript:alert(1)",
            "",
        ] {
            assert!(Setup::from_query(&format!("?api={api}")).is_err(), "{api}");
        }
        assert!(Setup::from_query("?api=http://localhost:1/&environment=x").is_err());
    }
}
