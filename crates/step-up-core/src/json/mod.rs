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

pub(crate) use self::{
    value::Json,
    write::{Body, ToJson, push_hex},
};
use crate::{
    clock::Timestamp,
    error::{Result, StepUpError},
};

/// Can be read from a JSON value. What it does not know is ignored.
pub(crate) trait FromJson: Sized {
    /// The value. Where it is wrong that is noted, and what is given in its place is of no use. To leave at the first
    /// wrong field would be a branch for each, and behind it the end of all fields before it.
    fn read(value: &Json, reading: &mut Reading) -> Self;
}

/// Where the first thing stands that is not what it should be.
#[derive(Default)]
pub(crate) struct Reading {
    /// Line and column, from 1; 0 where it is a value of the wrong kind.
    wrong: Option<(usize, usize)>,
}

impl Reading {
    /// The text that a value is.
    pub(crate) fn text<'a>(&mut self, value: &'a Json) -> &'a str {
        value.as_text().unwrap_or_else(|| self.wrong())
    }

    /// Notes it where a value is no object.
    pub(crate) fn object(&mut self, value: &Json) {
        if !matches!(value, Json::Object(_)) {
            self.wrong()
        }
    }

    fn wrong<T: Default>(&mut self) -> T {
        self.wrong.get_or_insert((0, 0));
        T::default()
    }
}

/// A text that should be a JSON value. Whether it is one is asked once, when the value was read.
pub(crate) struct Document {
    value: Json,
    reading: Reading,
}

impl Document {
    pub(crate) fn new(text: &[u8]) -> Self {
        match Json::parse(text) {
            Ok(value) => Self { value, reading: Reading::default() },
            Err(at) => Self { value: Json::Null, reading: Reading { wrong: Some(at) } },
        }
    }

    /// What there was no text of.
    pub(crate) fn unreadable() -> Self {
        Self { value: Json::Null, reading: Reading { wrong: Some((0, 0)) } }
    }

    /// The value. The error says where, never what: the text may hold secrets.
    pub(crate) fn read<T: FromJson>(mut self, expected: &'static str) -> Result<T> {
        let read = T::read(&self.value, &mut self.reading);
        match self.reading.wrong {
            None => Ok(read),
            Some((line, column)) => Err(StepUpError::Decode { expected, line, column }),
        }
    }
}

/// Reads a value, if it is one of these.
pub(crate) fn from_value<T: FromJson>(value: &Json) -> Option<T> {
    let mut reading = Reading::default();
    let read = T::read(value, &mut reading);
    if reading.wrong.is_some() { None } else { Some(read) }
}

/// Reads an answer.
pub(crate) fn decode<T: FromJson>(body: &[u8], expected: &'static str) -> Result<T> {
    Document::new(body).read(expected)
}

/// Reads an answer as it is.
pub(crate) fn parse(body: &[u8], expected: &'static str) -> Result<Json> {
    Json::parse(body).map_err(|(line, column)| StepUpError::Decode { expected, line, column })
}

/// The field of an object; a default where it is absent or null.
pub(crate) fn field_or_default<T: FromJson + Default>(object: &Json, name: &str, reading: &mut Reading) -> T {
    match object.get(name) {
        Json::Null => T::default(),
        value => T::read(value, reading),
    }
}

impl FromJson for bool {
    fn read(value: &Json, reading: &mut Reading) -> Self {
        if let Json::Bool(bool) = value { *bool } else { reading.wrong() }
    }
}

impl FromJson for u32 {
    fn read(value: &Json, reading: &mut Reading) -> Self {
        value.as_integer().unwrap_or_else(|| reading.wrong())
    }
}

/// In seconds, as everywhere in this protocol.
impl FromJson for Timestamp {
    fn read(value: &Json, reading: &mut Reading) -> Self {
        value.as_seconds().unwrap_or_else(|| reading.wrong())
    }
}

impl FromJson for String {
    fn read(value: &Json, reading: &mut Reading) -> Self {
        reading.text(value).into()
    }
}

impl FromJson for Box<str> {
    fn read(value: &Json, reading: &mut Reading) -> Self {
        reading.text(value).into()
    }
}

/// Absent or null is none.
impl<T: FromJson> FromJson for Option<T> {
    fn read(value: &Json, reading: &mut Reading) -> Self {
        match value {
            Json::Null => None,
            value => Some(T::read(value, reading)),
        }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn read(value: &Json, reading: &mut Reading) -> Self {
        if !matches!(value, Json::List(_)) {
            reading.wrong()
        }
        let mut items = Self::new();
        for item in value.as_list() {
            items.push(T::read(item, reading));
        }
        items
    }
}

/// Implements [`FromJson`] for a struct: its fields with their names on the wire; `or default` marks those that
/// may be absent or null.
macro_rules! from_json {
    ($name:ident { $( $field:ident = $wire:literal $(or $default:ident)?, )+ }) => {
        impl $crate::json::FromJson for $name {
            fn read(value: &$crate::json::Json, reading: &mut $crate::json::Reading) -> Self {
                reading.object(value);
                Self { $( $field: $crate::json::from_json!(@read value, reading, $wire $(or $default)?), )+ }
            }
        }
    };
    (@read $value:ident, $reading:ident, $wire:literal) => {
        $crate::json::FromJson::read($value.get($wire), $reading)
    };
    (@read $value:ident, $reading:ident, $wire:literal or default) => {
        $crate::json::field_or_default($value, $wire, $reading)
    };
}

/// [`from_json`], [`ToJson`], and serde's traits by the same fields.
macro_rules! json {
    ($name:ident { $( $field:ident = $wire:literal $(or $default:ident)?, )+ }) => {
        $crate::json::from_json!($name { $( $field = $wire $(or $default)?, )+ });

        impl $crate::json::ToJson for $name {
            fn write(&self, out: &mut String) {
                let mut body = $crate::json::Body::new();
                $( body.add($wire, &self.$field); )+
                out.push_str(&body.finish_text());
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                use $crate::json::ToJson as _;
                let mut map = serializer.serialize_map(None)?;
                $( if !self.$field.is_absent() { map.serialize_entry($wire, &self.$field)?; } )+
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = $crate::json::Json::deserialize(deserializer)?;
                $crate::json::from_value(&value)
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

    fn written(value: &Sample) -> String {
        let mut text = String::new();
        value.write(&mut text);
        text
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
        assert_eq!(written(&full), text);
        let text = serde_json::to_string(&Sample { must: "y".into(), may: None, list: vec![] }).unwrap();
        assert_eq!(text, r#"{"must-have":"y","list":[]}"#, "what is absent is left out");
        assert_eq!(written(&Sample { must: "y".into(), may: None, list: vec![] }), text);
    }

    #[test]
    fn what_cannot_be_decoded_is_never_quoted() {
        let error = sample("{\"must-have\":\n hunter2").unwrap_err();
        assert_eq!(error, StepUpError::Decode { expected: "a sample", line: 2, column: 2 });
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
