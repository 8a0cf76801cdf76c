//! Identifiers that the server gives out, each its own type so that none is taken for another.

macro_rules! id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(
            Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The identifier as the server wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<T: Into<Box<str>>> From<T> for $name {
            fn from(id: T) -> Self {
                Self(id.into())
            }
        }

        impl $crate::json::FromJson for $name {
            fn read(value: &$crate::json::Json, reading: &mut $crate::json::Reading) -> Self {
                reading.text(value).into()
            }
        }

        impl $crate::json::ToJson for $name {
            fn write(&self, out: &mut String) {
                self.0.write(out);
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// Identifies a verified credential of a user: an email address, a phone number, a wallet, a social account.
    CredentialId
}
id! {
    /// Identifies an MFA device, such as an authenticator app.
    MfaDeviceId
}
id! {
    /// Identifies a user within an environment.
    UserId
}
