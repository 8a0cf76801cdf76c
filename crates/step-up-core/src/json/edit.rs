//! Changing a value that is passed on, and writing it again.

use super::{Json, write::write_text};

impl Json {
    /// A text.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// Gives the field of an object a value, also where its name stands twice. What is no object stays as it is.
    pub(crate) fn set(&mut self, name: &str, value: Self) {
        self.take(name);
        if let Self::Object(fields) = self {
            fields.push((name.into(), value));
        }
    }

    /// Takes the field of an object out of it. Null where there is none.
    pub(crate) fn take(&mut self, name: &str) -> Self {
        let mut taken = Self::Null;
        if let Self::Object(fields) = self {
            fields.retain_mut(|(known, value)| {
                let is_kept = known != name;
                if !is_kept {
                    taken = std::mem::replace(value, Self::Null);
                }
                is_kept
            });
        }
        taken
    }

    /// Removes the fields that are null, at any depth, for a reader who does not take them for absent.
    pub(crate) fn drop_nulls(&mut self) {
        match self {
            Self::Object(fields) => {
                fields.retain(|(_, value)| *value != Self::Null);
                fields.iter_mut().for_each(|(_, value)| value.drop_nulls());
            }
            Self::List(list) => list.iter_mut().for_each(Self::drop_nulls),
            _ => {}
        }
    }

    /// The value as a text.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => write_text(out, text),
            Self::List(list) => {
                out.push('[');
                for (number, value) in list.iter().enumerate() {
                    if number > 0 {
                        out.push(',');
                    }
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (number, (name, value)) in fields.iter().enumerate() {
                    if number > 0 {
                        out.push(',');
                    }
                    write_text(out, name);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn json(text: &str) -> Json {
        Json::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_field_is_set_once_and_taken_out() {
        let mut object = json(r#"{"a":1,"b":2,"a":3}"#);
        assert_eq!(object.take("b"), json("2"));
        object.set("a", Json::text("x\n"));
        assert_eq!(object.to_text(), r#"{"a":"x\u000a"}"#);
        assert_eq!(object.take("c"), Json::Null);
        let mut list = json("[1]");
        list.set("a", Json::Null);
        assert_eq!(list.to_text(), "[1]");
    }

    #[test]
    fn nulls_of_objects_are_dropped_at_any_depth() {
        let mut value = json(r#"{"a":null,"b":[{"c":null,"d":1},null],"e":{"f":{"g":null}}}"#);
        value.drop_nulls();
        assert_eq!(value.to_text(), r#"{"b":[{"d":1},null],"e":{"f":{}}}"#);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn another_implementation_reads_what_was_written(value in any_json()) {
            let text = json(&value.to_string()).to_text();
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
