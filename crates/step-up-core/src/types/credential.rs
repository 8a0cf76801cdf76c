//! A user's verified credentials.

use super::{CredentialId, open_enum::open_enum};
use crate::json::json;

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
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credential {
    /// Its identifier.
    pub id: CredentialId,
    /// What it is.
    pub format: CredentialFormat,
    /// Whether the user may sign in with it, which is what re-authentication asks for.
    pub sign_in_enabled: bool,
    /// The email address, for [`CredentialFormat::Email`].
    pub email: Option<String>,
    /// The number without its country code, for [`CredentialFormat::PhoneNumber`].
    pub phone_number: Option<String>,
    /// The country calling code, with or without `+`, for [`CredentialFormat::PhoneNumber`].
    pub phone_country_code: Option<String>,
    /// The ISO 3166-1 alpha-2 country, for [`CredentialFormat::PhoneNumber`].
    pub iso_country_code: Option<String>,
    /// The address, for [`CredentialFormat::Blockchain`].
    pub address: Option<String>,
    /// The chain, for [`CredentialFormat::Blockchain`].
    pub chain: Option<String>,
    /// The wallet's name, for [`CredentialFormat::Blockchain`].
    pub wallet_name: Option<String>,
    /// Where the wallet keeps its key, for [`CredentialFormat::Blockchain`].
    pub wallet_provider: Option<WalletProvider>,
    /// The wallet's identifier where it is embedded; it is what the wallet endpoints name.
    pub embedded_wallet_id: Option<String>,
    /// The provider, for [`CredentialFormat::Oauth`].
    pub oauth_provider: Option<Provider>,
    /// The name that the provider shows, for [`CredentialFormat::Oauth`].
    pub oauth_display_name: Option<String>,
    /// What people know it by.
    pub public_identifier: Option<String>,
}

json!(Credential {
    id = "id",
    format = "format",
    sign_in_enabled = "signInEnabled" or default,
    email = "email",
    phone_number = "phoneNumber",
    phone_country_code = "phoneCountryCode",
    iso_country_code = "isoCountryCode",
    address = "address",
    chain = "chain",
    wallet_name = "wallet_name",
    wallet_provider = "wallet_provider",
    embedded_wallet_id = "embedded_wallet_id",
    oauth_provider = "oauth_provider",
    oauth_display_name = "oauth_display_name",
    public_identifier = "public_identifier",
});

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
