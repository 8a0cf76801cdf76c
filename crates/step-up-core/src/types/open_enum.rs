//! Enums that a server may extend.
//!
//! A value that this version does not know is kept word for word in `Other`, so that an old client neither
//! fails on a new server nor loses what it was told.

/// Defines an enum of wire names with an `Other` variant, its text conversions and its serde.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident = $wire:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* #[doc = concat!("\n\nOn the wire: `", $wire, "`.")] $variant, )+
            /// A value that this version does not know, word for word.
            Other(Box<str>),
        }

        impl $name {
            /// Every value that this version knows, in the order of their definition.
            pub const KNOWN: &'static [Self] = &[$( Self::$variant, )+];

            /// The name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $wire, )+
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                // A match on texts would be a comparison for each, in code.
                let known = Self::KNOWN.iter().find(|known| known.as_str() == name);
                known.cloned().unwrap_or_else(|| Self::Other(name.into()))
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::json::FromJson for $name {
            fn read(value: &$crate::json::Json, reading: &mut $crate::json::Reading) -> Self {
                reading.text(value).into()
            }
        }

        impl $crate::json::ToJson for $name {
            fn write(&self, out: &mut String) {
                self.as_str().write(out);
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Ok(Self::from(&*name))
            }
        }
    };
}

pub(crate) use open_enum;
