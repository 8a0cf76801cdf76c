//! The message that a wallet signs: its layout, and nothing of what it says.
//!
//! That of [EIP-4361](https://eips.ethereum.org/EIPS/eip-4361), for every chain (`docs/PROTOCOL.md`, "Wallets"). What is
//! read is the whole text: a message that differs in one character is another one, or none.

use std::fmt;

/// The parts of a message, as they are written in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) domain: &'a str,
    pub(super) account_kind: &'a str,
    pub(super) address: &'a str,
    pub(super) statement: Option<&'a str>,
    pub(super) uri: &'a str,
    pub(super) version: &'a str,
    pub(super) chain_id: Option<&'a str>,
    pub(super) nonce: &'a str,
    pub(super) issued_at: &'a str,
    pub(super) expiration_time: Option<&'a str>,
    pub(super) not_before: Option<&'a str>,
    pub(super) request_id: Option<&'a str>,
    pub(super) resources: Option<Vec<&'a str>>,
}

const INVITATION: &str = " wants you to sign in with your ";
const ACCOUNT: &str = " account:";

const URI: &str = "URI: ";
const VERSION: &str = "Version: ";
const CHAIN_ID: &str = "Chain ID: ";
const NONCE: &str = "Nonce: ";
const ISSUED_AT: &str = "Issued At: ";
const EXPIRATION_TIME: &str = "Expiration Time: ";
const NOT_BEFORE: &str = "Not Before: ";
const REQUEST_ID: &str = "Request ID: ";
const RESOURCES: &str = "Resources:";
const RESOURCE: &str = "- ";

impl<'a> Message<'a> {
    /// `None` where the text has another layout.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut lines = Lines(text.split('\n').peekable());
        let (domain, account_kind) = lines.next()?.strip_suffix(ACCOUNT)?.split_once(INVITATION)?;
        let address = lines.next()?;
        lines.blank()?;
        let statement = match lines.next()? {
            "" => None,
            statement => {
                lines.blank()?;
                Some(statement)
            }
        };
        let message = Self {
            domain,
            account_kind,
            address,
            statement,
            uri: lines.field(URI)?,
            version: lines.field(VERSION)?,
            chain_id: lines.field(CHAIN_ID),
            nonce: lines.field(NONCE)?,
            issued_at: lines.field(ISSUED_AT)?,
            expiration_time: lines.field(EXPIRATION_TIME),
            not_before: lines.field(NOT_BEFORE),
            request_id: lines.field(REQUEST_ID),
            resources: lines.resources(),
        };
        (lines.0.next().is_none() && message.is_plain()).then_some(message)
    }

    /// Whether every part is one that a person can read, and that ends where it seems to.
    fn is_plain(&self) -> bool {
        let values = [
            self.domain,
            self.account_kind,
            self.address,
            self.uri,
            self.version,
            self.nonce,
            self.issued_at,
        ]
        .into_iter()
        .chain([self.chain_id, self.expiration_time, self.not_before, self.request_id].into_iter().flatten())
        .chain(self.resources.iter().flatten().copied());
        let is_value = |value: &str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
        let is_sentence = |statement: &str| !statement.contains(char::is_control);
        values.into_iter().all(is_value) && self.statement.is_none_or(is_sentence)
    }
}

/// The lines that are not read yet.
struct Lines<'a>(std::iter::Peekable<std::str::Split<'a, char>>);

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    fn blank(&mut self) -> Option<()> {
        self.next()?.is_empty().then_some(())
    }

    /// The value of the next line, if that is this field.
    fn field(&mut self, name: &str) -> Option<&'a str> {
        let value = self.0.peek()?.strip_prefix(name)?;
        self.next();
        Some(value)
    }

    fn resources(&mut self) -> Option<Vec<&'a str>> {
        self.0.next_if_eq(&RESOURCES)?;
        let mut resources = Vec::new();
        while let Some(resource) = self.field(RESOURCE) {
            resources.push(resource);
        }
        Some(resources)
    }
}

impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}{INVITATION}{}{ACCOUNT}", self.domain, self.account_kind)?;
        writeln!(f, "{}\n", self.address)?;
        match self.statement {
            Some(statement) => writeln!(f, "{statement}\n")?,
            None => writeln!(f)?,
        }
        writeln!(f, "{URI}{}", self.uri)?;
        writeln!(f, "{VERSION}{}", self.version)?;
        if let Some(chain_id) = self.chain_id {
            writeln!(f, "{CHAIN_ID}{chain_id}")?;
        }
        writeln!(f, "{NONCE}{}", self.nonce)?;
        write!(f, "{ISSUED_AT}{}", self.issued_at)?;
        for (name, value) in [
            (EXPIRATION_TIME, self.expiration_time),
            (NOT_BEFORE, self.not_before),
            (REQUEST_ID, self.request_id),
        ] {
            if let Some(value) = value {
                write!(f, "\n{name}{value}")?;
            }
        }
        if let Some(resources) = &self.resources {
            write!(f, "\n{RESOURCES}")?;
            for resource in resources {
                write!(f, "\n{RESOURCE}{resource}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of EIP-4361, with its resources.
    const EXAMPLE: &str = "example.com wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

I accept the ExampleOrg Terms of Service: https://example.com/tos

URI: https://example.com/login
Version: 1
Chain ID: 1
Nonce: 32891756
Issued At: 2021-09-30T16:25:24Z
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- https://example.com/my-web2-claim.json";

    #[test]
    fn the_example_of_the_eip_is_read() {
        let message = Message::parse(EXAMPLE).unwrap();
        assert_eq!(message.domain, "example.com");
        assert_eq!(message.account_kind, "Ethereum");
        assert_eq!(message.address, "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2");
        assert_eq!(
            message.statement,
            Some("I accept the ExampleOrg Terms of Service: https://example.com/tos")
        );
        assert_eq!((message.uri, message.version), ("https://example.com/login", "1"));
        assert_eq!((message.chain_id, message.nonce), (Some("1"), "32891756"));
        assert_eq!(message.issued_at, "2021-09-30T16:25:24Z");
        assert_eq!((message.expiration_time, message.not_before, message.request_id), (None, None, None));
        assert_eq!(message.resources.as_ref().map(Vec::len), Some(2));
        assert_eq!(message.to_string(), EXAMPLE);
    }

    #[test]
    fn any_other_layout_is_refused() {
        let without = |line: &str| EXAMPLE.replacen(&format!("{line}\n"), "", 1);
        for text in [
            String::new(),
            "\n".repeat(20),
            format!("{EXAMPLE}\n"),
            format!("{EXAMPLE}\n\n- x"),
            format!("{EXAMPLE}\nChain ID: 1"),
            format!("\n{EXAMPLE}"),
            format!(" {EXAMPLE}"),
            EXAMPLE.replace('\n', "\r\n"),
            EXAMPLE.replacen("example.com wants", "example.com evil.example wants", 1),
            EXAMPLE.replacen("example.com wants", " wants", 1),
            EXAMPLE.replacen(" Ethereum ", "  ", 1),
            EXAMPLE.replacen("0xC0", "0xC0 ", 1),
            EXAMPLE.replacen("account:", "account", 1),
            EXAMPLE.replacen("accept", "ac\u{7}cept", 1),
            EXAMPLE.replacen("Terms", "\nTerms", 1),
            EXAMPLE.replacen("\n\nURI", "\nURI", 1),
            EXAMPLE.replacen("Nonce: ", "Nonce:", 1),
            EXAMPLE.replacen("Nonce: ", "nonce: ", 1),
            EXAMPLE.replacen("Nonce: 32891756", "Nonce: ", 1),
            EXAMPLE.replacen("Version: 1", "Version: 1 ", 1),
            EXAMPLE.replacen("Version: 1", "Version: \u{661}", 1),
            EXAMPLE.replacen("- ipfs", "ipfs", 1),
            EXAMPLE.replacen("Chain ID: 1\nNonce: 32891756", "Nonce: 32891756\nChain ID: 1", 1),
            without("URI: https://example.com/login"),
            without("Version: 1"),
            without("Nonce: 32891756"),
            without("Issued At: 2021-09-30T16:25:24Z"),
            without("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"),
            // An injected field is a second one, or a statement of two lines.
            EXAMPLE.replacen("Nonce: 3", "Nonce: 4\nNonce: 3", 1),
            EXAMPLE.replacen("tos\n", "tos\nURI: https://evil.example\n", 1),
        ] {
            assert_eq!(Message::parse(&text), None, "{text}");
        }
    }

    fn value() -> impl Strategy<Value = String> {
        "[!-~]{1,20}"
    }

    /// Every part, each of the optional ones there or not.
    #[derive(Clone, Debug)]
    struct Parts {
        required: Vec<String>,
        optional: Vec<Option<String>>,
        statement: Option<String>,
        resources: Option<Vec<String>>,
    }

    impl Parts {
        fn message(&self) -> Message<'_> {
            let required = |index: usize| self.required[index].as_str();
            let optional = |index: usize| self.optional[index].as_deref();
            Message {
                domain: required(0),
                account_kind: required(1),
                address: required(2),
                uri: required(3),
                version: required(4),
                nonce: required(5),
                issued_at: required(6),
                chain_id: optional(0),
                expiration_time: optional(1),
                not_before: optional(2),
                request_id: optional(3),
                statement: self.statement.as_deref(),
                resources: self.resources.as_ref().map(|all| all.iter().map(String::as_str).collect()),
            }
        }
    }

    fn parts() -> impl Strategy<Value = Parts> {
        (
            proptest::collection::vec(value(), 7),
            proptest::collection::vec(proptest::option::of(value()), 4),
            proptest::option::of("[^\\p{Cc}]{1,40}"),
            proptest::option::of(proptest::collection::vec(value(), 0..3)),
        )
            .prop_map(|(required, optional, statement, resources)| Parts {
                required,
                optional,
                statement,
                resources,
            })
    }

    /// Lines near those of a message, in any order.
    fn near_message() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            Just(String::new()),
            Just("a.example wants you to sign in with your Ethereum account:".to_owned()),
            proptest::sample::select(vec![
                URI,
                VERSION,
                CHAIN_ID,
                NONCE,
                ISSUED_AT,
                EXPIRATION_TIME,
                NOT_BEFORE,
                REQUEST_ID,
                RESOURCES,
                RESOURCE,
            ])
            .prop_flat_map(|name| value().prop_map(move |value| format!("{name}{value}"))),
            "\\PC{0,10}",
        ];
        proptest::collection::vec(line, 0..14).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(parts in parts()) {
            let message = parts.message();
            let text = message.to_string();
            prop_assert_eq!(Message::parse(&text), Some(message));
        }

        #[test]
        fn no_text_is_a_panic_and_what_is_read_is_the_whole_text(
            text in prop_oneof![near_message(), any::<String>()],
            cut in any::<prop::sample::Index>(),
            with in "\\PC{0,2}",
        ) {
            let mut edited = EXAMPLE.to_owned();
            let at = cut.index(EXAMPLE.len());
            edited.replace_range(at..=at, &with);
            for text in [text, edited] {
                if let Some(message) = Message::parse(&text) {
                    prop_assert_eq!(message.to_string(), text);
                }
            }
        }

        /// siwe stands for the rest of the world: what it writes is read here, part by part.
        #[test]
        fn what_another_implementation_writes_is_read(
            address in any::<[u8; 20]>(),
            statement in proptest::option::of("[a-zA-Z0-9][a-zA-Z0-9 .,:/]{0,40}"),
            chain_id in any::<u64>(),
            nonce in "[a-zA-Z0-9]{8,40}",
            has_rest in any::<bool>(),
        ) {
            let time = || "2026-11-24T10:00:00.000Z".parse().unwrap();
            let theirs = siwe::Message {
                domain: "localhost:8080".parse().unwrap(),
                address,
                statement: statement.clone(),
                uri: "http://localhost:8080/a?b=c#d".parse().unwrap(),
                version: siwe::Version::V1,
                chain_id,
                nonce: nonce.clone(),
                issued_at: time(),
                expiration_time: has_rest.then(time),
                not_before: has_rest.then(time),
                request_id: has_rest.then(|| "5a4d6b0e-57e9-4c1a-9f0b-7d1c0ffee000".into()),
                resources: if has_rest { vec!["https://a.example/".parse().unwrap()] } else { Vec::new() },
            };
            let text = theirs.to_string();
            let ours = Message::parse(&text).unwrap();
            prop_assert_eq!(ours.domain, "localhost:8080");
            prop_assert_eq!(ours.address, siwe::eip55(&address));
            prop_assert_eq!(ours.statement, statement.as_deref());
            prop_assert_eq!(ours.chain_id.and_then(|id| id.parse().ok()), Some(chain_id));
            prop_assert_eq!(ours.nonce, nonce);
            prop_assert_eq!(ours.request_id.is_some() && ours.resources.is_some(), has_rest);
            prop_assert_eq!(ours.to_string(), text);
        }
    }
}
