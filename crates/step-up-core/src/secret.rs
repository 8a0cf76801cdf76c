//! Secrets as newtypes, so that none is printed by accident.
//!
//! `Debug` prints the type's name and nothing of the value, and there is no `Display`: whoever needs the text has to
//! write `expose()`, which a reviewer can search for.

macro_rules! secret {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        ///
        /// `Debug` never shows the value; [`expose`](Self::expose) does.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Box<str>);

        impl $name {
            /// Wraps the text.
            #[must_use]
            pub fn new(secret: impl Into<Box<str>>) -> Self {
                Self(secret.into())
            }

            /// The text, to be sent and nothing else.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl $crate::json::FromJson for $name {
            fn read(value: &$crate::json::Json, reading: &mut $crate::json::Reading) -> Self {
                Self::new(reading.text(value))
            }
        }
    };
}

secret! {
    /// A session token: who holds it is signed in.
    SessionToken
}
secret! {
    /// An elevated access token: who holds it and the session may do what its scopes say.
    ElevatedToken
}
secret! {
    /// A legacy MFA token, which some calls of the service still take.
    MfaToken
}

secret! {
    /// The secret of an authenticator app, base32.
    TotpSecret
}
secret! {
    /// The address that hands an authenticator app its secret (`otpauth:`).
    OtpauthUri
}
secret! {
    /// A recovery code.
    RecoveryCode
}
secret! {
    /// An assertion of an external identity provider: a JWT about a user, which is good once.
    ExternalJwt
}
secret! {
    /// A captcha's answer, as its widget gives it. It is good once.
    CaptchaToken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_a_secret() {
        for text in [
            format!("{:?}", SessionToken::new("hunter2")),
            format!("{:#?}", ElevatedToken::new("hunter2")),
            format!("{:?}", Some(MfaToken::new("hunter2"))),
        ] {
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains("Token(…)"), "{text}");
        }
    }
}
