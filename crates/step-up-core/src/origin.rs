//! Which origin an address names, read strictly.
//!
//! Secrets go to listed origins only, so an address that this parser and the browser could read differently must not
//! pass: user names, backslashes, control characters and exotic hosts are refused, and origins are compared as text.

use crate::error::{Result, StepUpError};

/// Scheme, host and port in their normal form: lower case, no default port.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// The origin of an absolute http or https address.
    pub(crate) fn of(url: &str) -> Result<Self> {
        let refuse =
            |why: &str| Err(StepUpError::InvalidConfig { why: format!("{why}: {}", without_query(url)) });
        if !url.bytes().all(|byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'\\' | b'"' | b'<' | b'>'))
        {
            return refuse("an address may only have visible ASCII characters and no \\, \", < or >");
        }
        let lower_case = url.to_ascii_lowercase();
        let (scheme, rest, default_port) =
            match (lower_case.strip_prefix("https://"), lower_case.strip_prefix("http://")) {
                (Some(rest), _) => ("https", rest, 443),
                (_, Some(rest)) => ("http", rest, 80),
                _ => return refuse("an address must start with https:// or http://"),
            };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = split_port(authority);
        if !is_host(host) {
            return refuse("the host is not a plain name or address");
        }
        let port = match port.map(|digits| number(digits, u16::MAX)) {
            None => default_port,
            Some(Some(port)) => port,
            Some(None) => return refuse("the port is not a number"),
        };
        Ok(Self(if port == default_port {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{port}")
        }))
    }

    /// Whether nobody on the way can read what is sent: https, or this machine itself.
    pub(crate) fn is_trustworthy(&self) -> bool {
        let Some(rest) = self.0.strip_prefix("http://") else { return true };
        let (host, _) = split_port(rest);
        host == "localhost" || host == "[::1]" || is_loopback_ipv4(host)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Host and port of an authority. The colons of an IPv6 address are in brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.bytes().rposition(|byte| byte == b':') {
        Some(colon) if !authority.ends_with(']') => (&authority[..colon], Some(&authority[colon + 1..])),
        _ => (authority, None),
    }
}

/// A number that is written in digits only, and is no greater than the limit.
fn number(digits: &str, limit: u16) -> Option<i64> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && *number <= i64::from(limit))
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        // Whether it is a good address the browser finds out. It names no other host in any case.
        Some(rest) => rest.strip_suffix(']').is_some_and(|address| {
            !address.is_empty()
                && address.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte))
        }),
        None => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte))
        }
    }
}

/// `127.a.b.c`, written out: the short forms that browsers also take are not needed.
fn is_loopback_ipv4(host: &str) -> bool {
    let mut parts = host.split('.');
    parts.next() == Some("127")
        && parts.clone().count() == 3
        && parts.all(|part| number(part, u8::MAX.into()).is_some())
}

/// What may be shown of an address: its query could hold a code.
pub(crate) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_normal() {
        for (url, origin) in [
            ("https://Example.COM", "https://example.com"),
            ("HTTPS://example.com:443/a?b#c", "https://example.com"),
            ("http://localhost:8787/api/v0", "http://localhost:8787"),
            ("http://[::1]:80/", "http://[::1]"),
            ("https://example.com?x=https://evil.example", "https://example.com"),
            ("https://example.com#@evil.example", "https://example.com"),
        ] {
            assert_eq!(Origin::of(url).unwrap().as_str(), origin, "{url}");
        }
    }

    #[test]
    fn what_a_browser_could_read_differently_is_refused() {
        for url in [
            "",
            "example.com",
            "//example.com",
            "/path",
            "ftp://example.com",
            "javascript:alert(1)",
            "https://",
            "https:///path",
            "https://good.example@evil.example",
            "https://user:pw@evil.example/",
            "https://good.example\\@evil.example",
            "https://good.example\t.evil.example",
            "https://good .example",
            "https://good.exämple",
            "https://%67ood.example",
            "https://good.example:",
            "https://good.example:+443",
            "https://good.example:99999",
            "https://[::1",
            "https://[::1]x",
            "https://[evil.example]",
            " https://good.example",
            "https://good.example\n",
        ] {
            assert!(Origin::of(url).is_err(), "{url:?} passed as {:?}", Origin::of(url).map(|o| o.0));
        }
    }

    #[test]
    fn only_https_and_loopback_are_trustworthy() {
        for url in [
            "https://a.example",
            "http://localhost:1",
            "http://127.0.0.1",
            "http://127.9.9.9:5",
            "http://[::1]:5",
        ] {
            assert!(Origin::of(url).unwrap().is_trustworthy(), "{url}");
        }
        for url in [
            "http://a.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://127.1",
        ] {
            assert!(!Origin::of(url).unwrap().is_trustworthy(), "{url}");
        }
    }

    #[test]
    fn errors_leave_the_query_out() {
        let error = Origin::of("ftp://example.com/cb?code=hunter2").err().unwrap();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
