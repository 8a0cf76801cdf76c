//! A user's verified credentials.

use serde::{Deserialize, Serialize};

use super::{CredentialId, open_enum::open_enum};

open_enum! {
    /// What a credential is.
    pub enum CredentialFormat {
        /// A wallet that signs.
        Blockchain = "blockchain",
        /// An email address.
        Email = "email",
        /// A social account.
        Oauth = "oauth",
        /// A passkey.
        Passkey = "passkey",
        /// A phone number.
        PhoneNumber = "phoneNumber",
        /// A user of an external identity provider.
        ExternalUser = "externalUser",
        /// An authenticator app.
        Totp = "totp",
    }
}

open_enum! {
    /// Where a wallet keeps its key.
    pub enum WalletProvider {
        /// A browser extension.
        BrowserExtension = "browserExtension",
        /// A custodian.
        CustodialService = "custodialService",
        /// WalletConnect.
        WalletConnect = "walletConnect",
        /// Reached by a QR code.
        QrCode = "qrCode",
        /// Reached by a deep link.
        DeepLink = "deepLink",
        /// Embedded in the app: it cannot prove anything that the session could not.
        EmbeddedWallet = "embeddedWallet",
        /// A contract.
        SmartContractWallet = "smartContractWallet",
    }
}

open_enum! {
    /// A provider of social sign-in.
    pub enum Provider {
        /// Apple.
        Apple = "apple",
        /// Coinbase.
        Coinbase = "coinbasesocial",
        /// Discord.
        Discord = "discord",
        /// Epic Games.
        EpicGames = "epicgames",
        /// Facebook.
        Facebook = "facebook",
        /// Farcaster.
        Farcaster = "farcaster",
        /// GitHub.
        GitHub = "github",
        /// Google.
        Google = "google",
        /// Kraken.
        Kraken = "kraken",
        /// LINE.
        Line = "line",
        /// Microsoft.
        Microsoft = "microsoft",
        /// Shopify.
        Shopify = "shopify",
        /// Spotify.
        Spotify = "spotify",
        /// Telegram.
        Telegram = "telegram",
        /// TikTok.
        TikTok = "tiktok",
        /// Twitch.
        Twitch = "twitch",
        /// X, formerly Twitter.
        Twitter = "twitter",
    }
}

/// A verified credential of a user.
///
/// Fields that step-up does not use are left out; unknown ones never break parsing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Credential {
    /// Its identifier.
    pub id: CredentialId,
    /// What it is.
    pub format: CredentialFormat,
    /// Whether the user may sign in with it, which is what re-authentication asks for.
    #[serde(rename = "signInEnabled", default)]
    pub sign_in_enabled: bool,
    /// The email address, for [`CredentialFormat::Email`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The number without its country code, for [`CredentialFormat::PhoneNumber`].
    #[serde(rename = "phoneNumber", default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The country calling code, with or without `+`, for [`CredentialFormat::PhoneNumber`].
    #[serde(rename = "phoneCountryCode", default, skip_serializing_if = "Option::is_none")]
    pub phone_country_code: Option<String>,
    /// The ISO 3166-1 alpha-2 country, for [`CredentialFormat::PhoneNumber`].
    #[serde(rename = "isoCountryCode", default, skip_serializing_if = "Option::is_none")]
    pub iso_country_code: Option<String>,
    /// The address, for [`CredentialFormat::Blockchain`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The chain, for [`CredentialFormat::Blockchain`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The wallet's name, for [`CredentialFormat::Blockchain`].
    #[serde(rename = "wallet_name", default, skip_serializing_if = "Option::is_none")]
    pub wallet_name: Option<String>,
    /// Where the wallet keeps its key, for [`CredentialFormat::Blockchain`].
    #[serde(rename = "wallet_provider", default, skip_serializing_if = "Option::is_none")]
    pub wallet_provider: Option<WalletProvider>,
    /// The wallet's identifier where it is embedded; it is what the wallet endpoints name.
    #[serde(rename = "embedded_wallet_id", default, skip_serializing_if = "Option::is_none")]
    pub embedded_wallet_id: Option<String>,
    /// The provider, for [`CredentialFormat::Oauth`].
    #[serde(rename = "oauth_provider", default, skip_serializing_if = "Option::is_none")]
    pub oauth_provider: Option<Provider>,
    /// The name that the provider shows, for [`CredentialFormat::Oauth`].
    #[serde(rename = "oauth_display_name", default, skip_serializing_if = "Option::is_none")]
    pub oauth_display_name: Option<String>,
    /// What people know it by.
    #[serde(rename = "public_identifier", default, skip_serializing_if = "Option::is_none")]
    pub public_identifier: Option<String>,
}

/// Wallets that live inside the app, by their name on the wire (`docs/PROTOCOL.md`, "Embedded wallets").
const EMBEDDED_WALLETS: [&str; 4] = ["zerodev", "dynamicwaas", "turnkey", "turnkeyhd"];

impl Credential {
    /// A credential of `format` with nothing else set.
    #[must_use]
    pub fn new(id: impl Into<CredentialId>, format: CredentialFormat) -> Self {
        Self {
            id: id.into(),
            format,
            sign_in_enabled: false,
            email: None,
            phone_number: None,
            phone_country_code: None,
            iso_country_code: None,
            address: None,
            chain: None,
            wallet_name: None,
            wallet_provider: None,
            embedded_wallet_id: None,
            oauth_provider: None,
            oauth_display_name: None,
            public_identifier: None,
        }
    }

    /// An email address that the user may sign in with.
    #[must_use]
    pub fn email(id: impl Into<CredentialId>, address: impl Into<String>) -> Self {
        let address = address.into();
        Self {
            sign_in_enabled: true,
            public_identifier: Some(address.clone()),
            email: Some(address),
            ..Self::new(id, CredentialFormat::Email)
        }
    }

    /// Whether this is a wallet inside the app. Such a wallet signs without the user, so its signature proves nothing.
    #[must_use]
    pub fn is_embedded_wallet(&self) -> bool {
        self.format == CredentialFormat::Blockchain
            && (self.wallet_provider == Some(WalletProvider::EmbeddedWallet)
                || self.embedded_wallet_id.is_some()
                || self.wallet_name.as_deref().is_some_and(|name| {
                    EMBEDDED_WALLETS.iter().any(|known| known.eq_ignore_ascii_case(name))
                }))
    }
}
