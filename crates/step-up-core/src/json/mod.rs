//! Reading and writing JSON, small.
//!
//! A derived `Deserialize` is a visitor for each struct, with errors that can print every kind of value; in the browser
//! that is twenty kilobytes, compressed. Here an answer is read once, as a [`Json`], and each type takes its fields from
//! that. The types implement serde's traits by the same list of fields, so that each wire name is written once.

#[cfg(feature = "passkey")]
mod edit;
mod read;
mod value;
mod write;

pub(crate) use self::{value::Json, write::Body};
use crate::{
    clock::Timestamp,
    error::{Result, StepUpError},
};

/// Can be read from a JSON value. What it does not know is ignored.
pub(crate) trait FromJson: Sized {
    /// The value, if it is one.
    fn from_json(value: &Json) -> Option<Self>;

    /// What an absent field is; `None` where the field must be there.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether the field is left out when it is written.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Reads an answer. The error says where, never what: the text may hold secrets.
pub(crate) fn decode<T: FromJson>(body: &[u8], expected: &'static str) -> Result<T> {
    let value = parse(body, expected)?;
    T::from_json(&value).ok_or(StepUpError::Decode { expected, line: 0, column: 0 })
}

/// Reads an answer as it is.
pub(crate) fn parse(body: &[u8], expected: &'static str) -> Result<Json> {
    Json::parse(body).map_err(|(line, column)| StepUpError::Decode { expected, line, column })
}

/// The field of an object, in the type that is wanted. One that is null is absent.
#[inline(never)]
pub(crate) fn field<T: FromJson>(object: &Json, name: &str) -> Option<T> {
    match object.get(name) {
        Json::Null => T::absent(),
        value => T::from_json(value),
    }
}

/// The field of an object; a default where it is absent.
pub(crate) fn field_or_default<T: FromJson + Default>(object: &Json, name: &str) -> Option<T> {
    match object.get(name) {
        Json::Null => Some(T::default()),
        value => T::from_json(value),
    }
}

impl FromJson for bool {
    fn from_json(value: &Json) -> Option<Self> {
        if let Json::Bool(bool) = value { Some(*bool) } else { None }
    }
}

impl FromJson for u32 {
    fn from_json(value: &Json) -> Option<Self> {
        value.as_integer()
    }
}

/// In seconds, as everywhere in this protocol.
impl FromJson for Timestamp {
    fn from_json(value: &Json) -> Option<Self> {
        value.as_seconds()
    }
}

impl FromJson for String {
    fn from_json(value: &Json) -> Option<Self> {
        value.as_text().map(Into::into)
    }
}

impl FromJson for Box<str> {
    fn from_json(value: &Json) -> Option<Self> {
        value.as_text().map(Into::into)
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: &Json) -> Option<Self> {
        T::from_json(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: &Json) -> Option<Self> {
        if !matches!(value, Json::List(_)) {
            return None;
        }
        value.as_list().iter().map(T::from_json).collect()
    }
}

/// Implements [`FromJson`] for a struct: its fields with their names on the wire; `or default` marks those that
/// may be absent or null.
macro_rules! from_json {
    ($name:ident { $( $field:ident = $wire:literal $(or $default:ident)?, )+ }) => {
        impl $crate::json::FromJson for $name {
            fn from_json(value: &$crate::json::Json) -> Option<Self> {
                if !matches!(value, $crate::json::Json::Object(_)) {
                    return None;
                }
                Some(Self { $( $field: $crate::json::from_json!(@read value, $wire $(or $default)?), )+ })
            }
        }
    };
    (@read $value:ident, $wire:literal) => { $crate::json::field($value, $wire)? };
    (@read $value:ident, $wire:literal or default) => { $crate::json::field_or_default($value, $wire)? };
}

/// [`from_json`], and serde's traits by the same fields.
macro_rules! json {
    ($name:ident { $( $field:ident = $wire:literal $(or $default:ident)?, )+ }) => {
        $crate::json::from_json!($name { $( $field = $wire $(or $default)?, )+ });

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                use $crate::json::FromJson as _;
                let mut map = serializer.serialize_map(None)?;
                $( if !self.$field.is_absent() { map.serialize_entry($wire, &self.$field)?; } )+
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = $crate::json::Json::deserialize(deserializer)?;
                <Self as $crate::json::FromJson>::from_json(&value)
                    .ok_or_else(|| serde::de::Error::custom(concat!("not a ", stringify!($name))))
            }
        }
    };
}

pub(crate) use {from_json, json};

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        must: String,
        may: Option<bool>,
        list: Vec<bool>,
    }

    json!(Sample { must = "must-have", may = "may", list = "list" or default, });

    fn sample(text: &str) -> Result<Sample> {
        decode(text.as_bytes(), "a sample")
    }

    #[test]
    fn fields_are_required_optional_or_have_a_default() {
        let empty = Sample { must: "x".into(), may: None, list: vec![] };
        assert_eq!(sample(r#"{"must-have":"x"}"#).unwrap(), empty);
        assert_eq!(sample(r#"{"must-have":"x","may":null,"list":null,"more":{}}"#).unwrap(), empty);
        let full = Sample { must: "y".into(), may: Some(true), list: vec![true, false] };
        assert_eq!(sample(r#"{"must-have":"y","may":true,"list":[true,false]}"#).unwrap(), full);
        for wrong in [
            "{}",
            r#"{"must-have":null}"#,
            r#"{"must-have":"x","may":1}"#,
            r#"{"must-have":"x","list":[-1]}"#,
            "[]",
            "1",
        ] {
            assert_eq!(
                sample(wrong),
                Err(StepUpError::Decode { expected: "a sample", line: 0, column: 0 }),
                "{wrong}"
            );
        }
    }

    #[test]
    fn serde_reads_and_writes_the_same() {
        let full = Sample { must: "y".into(), may: Some(true), list: vec![true] };
        let text = serde_json::to_string(&full).unwrap();
        assert_eq!(text, r#"{"must-have":"y","may":true,"list":[true]}"#);
        assert_eq!(serde_json::from_str::<Sample>(&text).unwrap(), full);
        let text = serde_json::to_string(&Sample { must: "y".into(), may: None, list: vec![] }).unwrap();
        assert_eq!(text, r#"{"must-have":"y","list":[]}"#, "what is absent is left out");
    }

    #[test]
    fn what_cannot_be_decoded_is_never_quoted() {
        let error = sample("{\"must-have\":\n hunter2").unwrap_err();
        assert_eq!(error, StepUpError::Decode { expected: "a sample", line: 2, column: 2 });
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
