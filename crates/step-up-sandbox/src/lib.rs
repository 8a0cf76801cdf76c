//! An identity provider for step-up authentication on your own machine, with real verification.
//!
//! It speaks the protocol of `docs/PROTOCOL.md`: codes are sent and counted, tokens are signed and checked, sessions
//! end. Nothing leaves the machine; the mailbox is a call of the [control API](#the-control-api). One library has two hosts:
//! the program `step-up-sandbox serve` (feature `server`), and a page, in which it is a transport (feature `page`).
//!
//! [`Sandbox::handle`] takes a request and the time and gives an answer; it has no network, no clock and no randomness of
//! its own. So a test runs ten minutes in a microsecond:
//!
//! ```
//! use std::time::Duration;
//!
//! use step_up_core::{HttpRequest, Timestamp};
//! use step_up_sandbox::{Config, DEFAULT_ENVIRONMENT_ID, MemoryStore, Sandbox, Seed};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut sandbox = Sandbox::new(Config::default(), MemoryStore::new(), Seed::new(1))?;
//! let now = Timestamp::from_secs(1_795_514_400);
//! let api = format!("/api/v0/sdk/{DEFAULT_ENVIRONMENT_ID}");
//!
//! let send = HttpRequest::post(format!("{api}/emailVerifications/create"))
//!     .json(&serde_json::json!({ "email": "ada@example.com" }))?;
//! assert_eq!(sandbox.handle(&send, now).response.status, 200);
//!
//! let inbox = sandbox.handle(&HttpRequest::get("/sandbox/inbox?to=ada@example.com"), now).response;
//! let inbox: serde_json::Value = serde_json::from_slice(&inbox.body)?;
//! let sign_in = HttpRequest::post(format!("{api}/emailVerifications/signin")).json(&serde_json::json!({
//!     "verificationUUID": inbox[0]["verificationUUID"],
//!     "verificationToken": inbox[0]["code"],
//! }))?;
//! let ten_minutes_later = now.after(Duration::from_secs(600));
//! assert_eq!(sandbox.handle(&sign_in, ten_minutes_later).response.status, 422, "the code is too old");
//! assert_eq!(sandbox.handle(&sign_in, now).response.status, 200);
//! # Ok(())
//! # }
//! ```
//!
//! # What outlives the program
//!
//! A [`Store`] keeps everything but the log of requests: [`MemoryStore`] for as long as the program runs, `SqliteStore`
//! (feature `server`) in a file, which the server uses unless `--data :memory:` is given. A request's changes are
//! committed together before it is answered, so what was acknowledged is there after the server was killed; a power cut
//! may take the last moments. The key that signs tokens and the position of the randomness are among what is kept: a
//! restart neither invalidates a token nor draws a code twice. One program at a time has the file.
//!
//! # Who may elevate
//!
//! A code that was sent to a signed-in user's own, sign-in enabled address grants the scopes that are asked for. So do the
//! signature of such a wallet, unless it is embedded in the app, such a social account, and an assertion of the external
//! identity provider about this user. Any other address, wallet or social account is a link: it needs an elevation for
//! `credential:link` and grants nothing in the same answer. With a verified second factor, these grant nothing and the factor
//! does, but for its first right answer, which enrols it. An elevation is of one session, ends with
//! it, and is used up by the first call that succeeds if it is single use.
//!
//! # Social providers
//!
//! Google, GitHub, Apple and Discord, each with a page that asks who is signed in there, and for their consent. They are
//! below `/sandbox-idp`; a sandbox in a page has none of its own, see [`Config::with_consent_page`]. Whoever has a name at
//! a provider has always the same account there.
//!
//! # The control API
//!
//! Outside of the protocol's base path, for tests and panels; [`Config::without_control`] leaves it out, and with it
//! the emulated social providers. Bodies and answers are JSON; unknown members are refused.
//!
//! | call | does |
//! |---|---|
//! | `GET /sandbox/inbox?to=ADDRESS` | the messages, newest first: `[{to, channel, code, verificationUUID, sentAt}]` |
//! | `POST /sandbox/users` | a new user, signed in with the first of what they have: `{email?, emails?, phone?, wallets?: [{address, chain, walletName?, walletProvider?}], social?: [{provider, accountId?, username?, email?}], passkeys?, sessionPublicKey?}` → a verification's answer and, for the embedded wallets, `wallets: [{walletId, address, privateKey}]` |
//! | `POST /sandbox/captcha` | what solving a captcha gives, for one send within two minutes: `{captchaToken, expiresAt}` |
//! | `GET`, `PUT /sandbox/settings` | the environment's settings; what a `PUT` leaves out is as in a new environment, and what the sandbox would not act on is refused |
//! | `GET`, `POST /sandbox/clock` | `{advanceSeconds}` or `{now}`, in milliseconds since 1970 → `{now}` |
//! | `GET`, `POST`, `DELETE /sandbox/faults` | what waits; orders a fault; cancels all |
//! | `GET /sandbox/requests` | `{requests: [{id, at, method, path, status, code, fate, hasBearer, hasCookie, hasElevated, hasDeviceSignature, evaluated, user}]}`, oldest first, since the program started |
//! | `POST /sandbox/reset` | as new, but for the signing key and the position of the randomness |
//!
//! A new user's `phone` is as in `+15555550100`. Their social account is the one that the name always is, unless `accountId`
//! says otherwise. A passkey is `{credentialId, publicKey, rpId?, counter?, backupEligible?}`, with the key as authenticators
//! write it (COSE) in base64url; whoever asks has the private key.
//!
//! Of the settings, `sandbox.crossOriginOpenerPolicy` lists the social providers whose page cuts its opener off, as some
//! real ones do.
//!
//! A fault is `{path, kind, times?, method?, …}`. Its path is below the environment (`/users`) or whole, with `*` for any one
//! segment; it is for the next request or the next `times`. The kinds:
//!
//! | kind | does | takes |
//! |---|---|---|
//! | `drop` | breaks the connection, and nothing else | |
//! | `drop-after` | breaks the connection once the work is done | |
//! | `delay` | answers later; the work is done at once | `millis` |
//! | `status` | answers this, and does nothing else | `status`, `body?` (JSON), `headers?` |
//! | `garbage` | answers 200 with what is no JSON, and does nothing else | `body?` (text) |
//! | `replace` | does the work and answers this | `status`, `body` (JSON) |
//! | `tamper` | does the work and changes the answer | `remove?` (members), `elevatedScope?`, `elevatedSubject?`, `elevatedExpiresIn?` (seconds), `userId?` |
//!
//! Tampered tokens are signed again, so only what they say is wrong; the sandbox goes by what it granted and never takes
//! them.

mod account;
mod address;
mod call;
mod captcha;
mod config;
mod control;
mod cookie;
mod elevation;
mod email;
mod ethereum;
mod external;
mod external_wallet;
mod fault;
mod guesses;
mod inbox;
mod jwk;
mod mfa;
mod nonce;
mod origin;
mod otp;
#[cfg(feature = "page")]
pub mod page;
mod passkey;
mod phone;
mod queue;
mod random;
mod recovery;
mod reply;
mod request_log;
mod router;
mod routes;
mod sandbox;
#[cfg(feature = "server")]
pub mod server;
mod session;
mod settings;
mod social;
mod store;
mod tamper;
mod time;
mod token;
mod totp;
mod wallet;
mod webauthn;
mod world;

pub use config::{Config, DEFAULT_ENVIRONMENT_ID, InvalidConsentPage, InvalidEnvironmentId};
pub use origin::InvalidOrigin;
pub use random::Seed;
pub use reply::{Fate, Reply};
pub use sandbox::{MAX_BODY, Sandbox};
#[cfg(feature = "server")]
pub use store::SqliteStore;
pub use store::{Change, MemoryStore, Store, StoreError, conformance};

/// The examples of the README and of the guide's page on testing are right.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../../../docs/guide/src/recipes/testing.md")]
struct Examples;
