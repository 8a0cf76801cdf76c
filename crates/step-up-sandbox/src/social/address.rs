//! Where the providers' pages are, and addresses with parameters.

use form_urlencoded::Serializer;

use super::SocialProvider;
use crate::{
    call::{Call, header},
    routes::BASE_PATH,
};

/// Where the providers' pages start.
pub(crate) const PROVIDER_PATH: &str = "/sandbox-idp";

/// A provider's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// The provider's page.
    pub(crate) authorize: String,
    /// Where the provider sends its answer.
    pub(crate) redirect: String,
}

impl Call<'_> {
    /// A provider's addresses, under the name by which the client knows the sandbox.
    pub(crate) fn addresses(&self, provider: SocialProvider) -> Addresses {
        let config = self.world.config;
        let name = provider.name();
        if let Some(page) = &config.consent_page {
            let without_fragment = page.url.split('#').next().unwrap_or_default();
            return Addresses {
                authorize: format!("{}/{name}", page.url),
                redirect: without_fragment.to_owned(),
            };
        }
        let origin = self.own_origin();
        Addresses {
            authorize: format!("{origin}{PROVIDER_PATH}/{name}/authorize"),
            redirect: format!(
                "{origin}{BASE_PATH}/sdk/{}/providers/{name}/redirect",
                config.environment_id()
            ),
        }
    }

    /// The name under which a provider signs.
    pub(crate) fn issuer(&self, provider: SocialProvider) -> String {
        let name = provider.name();
        match &self.world.config.consent_page {
            Some(page) => format!("{}/{name}", page.url),
            None => format!("{}{PROVIDER_PATH}/{name}", self.own_origin()),
        }
    }

    /// The host was allowed before.
    fn own_origin(&self) -> String {
        let host = header(self.request, "host").unwrap_or("localhost");
        format!("http://{}", host.to_ascii_lowercase())
    }
}

/// Whether a path is one of the pages, which are for people and not for other pages' scripts.
pub(crate) fn is_page(path: &str) -> bool {
    let below = |start: &str| path.strip_prefix(start).is_some_and(|rest| rest.starts_with('/'));
    below(PROVIDER_PATH) || below(BASE_PATH) && path.contains("/providers/") && path.ends_with("/redirect")
}

/// An address with more parameters, in front of its fragment.
pub(crate) fn with_parameters(url: &str, parameters: &[(&str, String)]) -> String {
    let (url, fragment) = match url.split_once('#') {
        Some((url, fragment)) => (url, Some(fragment)),
        None => (url, None),
    };
    let parameters = Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = match url.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{url}{separator}{parameters}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_before_the_fragment() {
        let parameters = [("code", "a&b=c#d".to_owned()), ("state", "s".to_owned())];
        for (url, expected) in [
            ("http://a.example", "http://a.example?code=a%26b%3Dc%23d&state=s"),
            ("http://a.example/?", "http://a.example/?code=a%26b%3Dc%23d&state=s"),
            ("http://a.example/x?y=1", "http://a.example/x?y=1&code=a%26b%3Dc%23d&state=s"),
            ("http://a.example/#/x?y=1", "http://a.example/?code=a%26b%3Dc%23d&state=s#/x?y=1"),
        ] {
            assert_eq!(with_parameters(url, &parameters), expected);
        }
    }

    #[test]
    fn pages_are_those_of_the_providers_and_where_they_send_people_back() {
        for path in
            ["/sandbox-idp/google/authorize", "/sandbox-idp/", "/api/v0/sdk/e/providers/apple/redirect"]
        {
            assert!(is_page(path), "{path}");
        }
        for path in [
            "/sandbox-idpx",
            "/sandbox/users",
            "/api/v0/sdk/e/providers/apple/verify",
            "/providers/x/redirect",
        ] {
            assert!(!is_page(path), "{path}");
        }
    }
}
