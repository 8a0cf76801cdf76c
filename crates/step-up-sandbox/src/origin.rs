//! Who may call: the origins of pages, and the names under which the sandbox may be reached.
//!
//! A sandbox listens on the developer's machine, where every page of every browser tab can reach it. So a request with
//! a foreign `Origin` is refused, not only kept from reading the answer, and so is one with a foreign `Host`: a page
//! whose name was rebound to this machine is same-origin with it and sends no `Origin` on reads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use step_up_core::{HttpRequest, HttpResponse};

use crate::{call::header, social::address::is_page};

/// Scheme, host and port in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    text: String,
    host: String,
}

impl Origin {
    /// A bare origin: nothing follows the port.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let authority = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))?;
        let host = host_of(authority)?.to_owned();
        Some(Self { text, host })
    }

    /// The origin of an absolute address. Characters that no written address has, such as those that browsers skip, make
    /// it none.
    pub(crate) fn of(url: &str) -> Option<Self> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let authority = url.find("://")? + 3;
        let end = url[authority..].find(['/', '?', '#']).map_or(url.len(), |end| authority + end);
        Self::parse(&url[..end])
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The WebAuthn relying party of its pages: the host, which has to be a name
    /// ([§5.1.3](https://www.w3.org/TR/webauthn-3/#sctn-createCredential)).
    pub(crate) fn relying_party(&self) -> Option<&str> {
        (!is_address(&self.host)).then_some(&self.host)
    }
}

/// An `--origin` that is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an origin is a scheme, a host and perhaps a port, such as http://localhost:8080, without a path")]
pub struct InvalidOrigin;

/// The pages that may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origins {
    /// Those of this machine, on any port.
    Loopback,
    /// These.
    Only(Vec<Origin>),
}

impl Origins {
    pub(crate) fn allow(&mut self, origin: Origin) {
        match self {
            Self::Loopback => *self = Self::Only(vec![origin]),
            Self::Only(origins) => origins.push(origin),
        }
    }

    /// An origin that is allowed.
    #[cfg(feature = "page")]
    pub(crate) fn own(&self) -> String {
        match self {
            Self::Only(origins) if !origins.is_empty() => origins[0].text.clone(),
            _ => "http://localhost".to_owned(),
        }
    }

    /// Whether the value of an `Origin` header is allowed. `null`, which any sandboxed frame sends, never is.
    pub(crate) fn allows(&self, header: &str) -> bool {
        Origin::parse(header).is_some_and(|origin| self.contains(&origin))
    }

    /// Whether an origin is one of these.
    pub(crate) fn contains(&self, origin: &Origin) -> bool {
        match self {
            Self::Loopback => is_loopback(&origin.host),
            Self::Only(origins) => origins.contains(origin),
        }
    }

    /// The WebAuthn relying party of the page that sent an `Origin` header. A page on the sandbox's own origin sends none
    /// when it reads, and one that has the sandbox inside sends none at all: then it is the one host there is.
    pub(crate) fn relying_party(&self, header: Option<&str>) -> Option<String> {
        let one_of_all = match (header, self) {
            (Some(header), _) => return Origin::parse(header)?.relying_party().map(str::to_owned),
            (None, Self::Loopback) => "localhost",
            (None, Self::Only(origins)) => origins.first()?.relying_party()?,
        };
        let is_only = match self {
            Self::Loopback => true,
            Self::Only(origins) => origins.iter().all(|origin| origin.host == one_of_all),
        };
        is_only.then(|| one_of_all.to_owned())
    }

    /// Whether the sandbox may be reached under the value of a `Host` header: loopback names, the hosts of its own
    /// pages, and addresses, which nobody can rebind.
    pub(crate) fn allows_host(&self, header: &str) -> bool {
        let header = header.to_ascii_lowercase();
        let Some(host) = host_of(&header) else { return false };
        let is_one_of_ours = match self {
            Self::Loopback => false,
            Self::Only(origins) => origins.iter().any(|origin| origin.host == host),
        };
        is_loopback(host) || is_address(host) || is_one_of_ours
    }
}

/// The host of `host:port`, where the port is optional; `None` where it is anything else.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => (&authority[..colon], Some(&authority[colon + 1..])),
        _ => (authority, None),
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let is_name = |host: &str| {
        !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
    };
    let is_host = is_name(host) || ipv6(host).is_some();
    (is_host && port.is_none_or(is_port)).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || ipv6(host).is_some_and(|address| address.is_loopback())
}

fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok() || ipv6(host).is_some()
}

fn ipv6(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// Whether the browser says that a page of another site, or of another origin of this one, made it send the request
/// ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/)). People may come to the providers' pages from anywhere, by a link
/// or a form, but in no frame. Programs that are no browsers say nothing.
pub(crate) fn is_from_another_site(request: &HttpRequest) -> bool {
    let is = |name: &str, value: &str| {
        header(request, name).is_some_and(|actual| actual.eq_ignore_ascii_case(value))
    };
    let is_own = header(request, "sec-fetch-site").is_none()
        || is("sec-fetch-site", "same-origin")
        || is("sec-fetch-site", "none");
    let is_visit = is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document");
    !(is_own || is_visit && is_page(request.path()))
}

/// Keeps browsers from guessing what an answer is, and other sites from embedding it. CORS is apart from that: a page of an
/// allowed origin reads what it asks for.
pub(crate) fn protect(response: HttpResponse) -> HttpResponse {
    [("x-content-type-options", "nosniff"), ("cross-origin-resource-policy", "same-origin")].into_iter().fold(
        response,
        |response, (name, value)| {
            if response.header(name).is_some() { response } else { response.with_header(name, value) }
        },
    )
}

/// Lets a page of an allowed origin read the answer ([Fetch, "CORS protocol"](https://fetch.spec.whatwg.org/#http-cors-protocol)),
/// also one that was asked for with cookies where these are taken.
pub(crate) fn share(response: HttpResponse, origin: &str, takes_credentials: bool) -> HttpResponse {
    let response = if takes_credentials {
        response.with_header("access-control-allow-credentials", "true")
    } else {
        response
    };
    response
        .with_header("access-control-allow-origin", origin)
        .with_header("access-control-expose-headers", "date, retry-after, www-authenticate")
        .with_header("vary", "origin")
}

/// The answer to a preflight from an allowed origin that asks for these headers.
#[cfg(feature = "server")]
pub(crate) fn preflight(origin: &str, requested_headers: &str, takes_credentials: bool) -> HttpResponse {
    let allowed: Vec<&str> =
        requested_headers.split(',').map(str::trim).filter(|name| may_be_sent(name)).collect();
    share(HttpResponse::new(204, ""), origin, takes_credentials)
        .with_header("access-control-allow-methods", "GET, POST, PUT, DELETE")
        .with_header("access-control-allow-headers", allowed.join(", "))
        .with_header("access-control-max-age", "600")
}

/// The headers of the protocol (`docs/PROTOCOL.md`, "Headers"), of which clients send more than the sandbox reads.
#[cfg(feature = "server")]
fn may_be_sent(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_known = ["authorization", "content-type", "x-mfa-auth-token"].contains(&name.as_str());
    is_token && (is_known || name.starts_with("x-dyn-") || name.starts_with("x-dynamic-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(origins: &[&str]) -> Origins {
        Origins::Only(origins.iter().map(|origin| Origin::parse(origin).unwrap()).collect())
    }

    #[test]
    fn pages_on_loopback_may_call_by_default() {
        for origin in [
            "http://localhost",
            "http://localhost:8080",
            "https://localhost:8443",
            "http://app.localhost:1",
            "http://127.0.0.1:3000",
            "http://127.1.2.3",
            "http://[::1]:80",
            "HTTP://LOCALHOST:80",
        ] {
            assert!(Origins::Loopback.allows(origin), "{origin}");
        }
    }

    #[test]
    fn no_other_page_may_call() {
        for origin in [
            "",
            "null",
            "https://evil.example",
            "http://localhost.evil.example",
            "http://evil-localhost",
            "http://127.0.0.1.evil.example",
            "http://localhost:8080/",
            "http://localhost:8080@evil.example",
            "http://localhost:99999",
            "http://localhost:+1",
            "http://localhost:",
            "http://[::2]",
            "file://localhost",
            "http://",
            "http://a b",
        ] {
            assert!(!Origins::Loopback.allows(origin), "{origin}");
        }
    }

    #[test]
    fn listed_origins_are_the_only_ones() {
        let origins = only(&["https://app.example", "http://localhost:8080"]);
        assert!(origins.allows("https://app.example"));
        assert!(origins.allows("http://localhost:8080"));
        for origin in ["http://app.example", "https://app.example:444", "http://localhost:8081"] {
            assert!(!origins.allows(origin), "{origin}");
        }
        let mut origins = Origins::Loopback;
        origins.allow(Origin::parse("https://app.example").unwrap());
        assert!(!origins.allows("http://localhost:8080"));
    }

    #[test]
    fn an_address_has_the_origin_that_browsers_see() {
        let origin = |url: &str| Origin::of(url).map(|origin| origin.text);
        for url in
            ["http://localhost:8080", "http://localhost:8080/a?b#c", "HTTP://LocalHost:8080#@evil.example"]
        {
            assert_eq!(origin(url).as_deref(), Some("http://localhost:8080"), "{url}");
        }
        for url in [
            "",
            "localhost:8080",
            "//localhost:8080/",
            "javascript://localhost/%0aalert(1)",
            "data:text/html,http://localhost",
            "http://localhost:8080@evil.example/",
            "http://localhost\\@evil.example/",
            "http://localhost /",
            "http://local\thost/",
            "http://localhost/\n",
            "x http://localhost/",
        ] {
            assert_eq!(origin(url), None, "{url:?}");
        }
    }

    #[test]
    fn a_rebound_name_is_no_host_of_ours() {
        let origins = only(&["https://sandbox.example:8443"]);
        for host in [
            "localhost:8787",
            "x.localhost",
            "127.0.0.1:1",
            "[::1]:8787",
            "192.168.1.5:8787",
            "sandbox.example:1",
            "Localhost",
        ] {
            assert!(origins.allows_host(host), "{host}");
        }
        for host in ["evil.example", "evil.example:8787", "localhost.evil.example", "", "a b", "1.2.3.4.evil"]
        {
            assert!(!origins.allows_host(host), "{host}");
        }
        assert!(!Origins::Loopback.allows_host("sandbox.example"));
    }

    #[cfg(feature = "server")]
    #[test]
    fn a_preflight_allows_the_protocols_headers_and_no_others() {
        let asked =
            "authorization, X-Dyn-Elevated-Access-Token,x-dynamic-device-nonce, cookie, x-evil, x-dyn-\r";
        let response = preflight("http://localhost:1", asked, false);
        assert_eq!(
            response.header("access-control-allow-headers"),
            Some("authorization, X-Dyn-Elevated-Access-Token, x-dynamic-device-nonce, x-dyn-")
        );
        assert_eq!(response.header("access-control-allow-origin"), Some("http://localhost:1"));
        assert_eq!(response.header("access-control-allow-credentials"), None);
        let response = preflight("http://localhost:1", asked, true);
        assert_eq!(response.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(response.header("access-control-allow-origin"), Some("http://localhost:1"));
    }
}
