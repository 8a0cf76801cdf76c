//! A JSON value, and its parser: [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259), nothing more and nothing less.
//!
//! The client reads a handful of small answers. `serde_json` would do it, for six kilobytes more in every page that
//! uses this crate, compressed: it cannot be had without floating-point numbers, in and out, and none is ever needed
//! here. It is the oracle in the tests instead: both accept the same texts and read the same values.

use crate::clock::Timestamp;

/// How deep lists and objects may nest. The protocol's answers need six.
const DEEPEST: u8 = 128;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As it is written.
    Number(Box<str>),
    Text(String),
    List(Vec<Json>),
    /// In the order of the text.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text that is one value and nothing else. The error is where it stops being one: line and column, from 1.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, (usize, usize)> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let value = parser.value().filter(|_| {
            parser.skip_space();
            parser.at == text.len()
        });
        value.ok_or_else(|| {
            let before = text.get(..parser.at).unwrap_or(text);
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
            (line, column)
        })
    }

    /// The field of an object; the last one, where a name stands twice. Null where there is none.
    pub(crate) fn get(&self, name: &str) -> &Self {
        match self {
            Self::Object(fields) => {
                fields.iter().rev().find(|(known, _)| known == name).map_or(&Self::Null, |(_, value)| value)
            }
            _ => &Self::Null,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_list(&self) -> &[Self] {
        if let Self::List(list) = self { list } else { &[] }
    }

    /// A whole number that fits.
    pub(crate) fn as_integer<T: TryFrom<i64>>(&self) -> Option<T> {
        // One type is parsed for all.
        if let Self::Number(number) = self { number.parse::<i64>().ok()?.try_into().ok() } else { None }
    }

    /// A number of seconds, read to the millisecond. One that is written with an exponent is none: no server writes a
    /// time so.
    pub(crate) fn as_seconds(&self) -> Option<Timestamp> {
        let Self::Number(number) = self else { return None };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.bytes().chain(whole.bytes()).any(|byte| byte | 0x20 == b'e') {
            return None;
        }
        let digit = |at| fraction.as_bytes().get(at).map_or(0, |byte| i64::from(byte - b'0'));
        let millis = (digit(0) * 10 + digit(1)) * 10 + digit(2);
        let millis = if whole.starts_with('-') { -millis } else { millis };
        // What is beyond this world's time is as good as never.
        let saturated = if whole.starts_with('-') { i64::MIN } else { i64::MAX };
        let secs = whole.parse::<i64>().unwrap_or(saturated);
        Some(Timestamp::from_millis(secs.saturating_mul(1000).saturating_add(millis)))
    }
}

struct Parser<'a> {
    text: &'a [u8],
    /// What comes next; where it went wrong, once it has.
    at: usize,
    depth: u8,
}

impl Parser<'_> {
    fn value(&mut self) -> Option<Json> {
        self.skip_space();
        match self.peek()? {
            b'n' => self.word(b"null", Json::Null),
            b't' => self.word(b"true", Json::Bool(true)),
            b'f' => self.word(b"false", Json::Bool(false)),
            b'"' => self.string().map(Json::Text),
            b'[' => {
                let mut list = Vec::new();
                self.items(b']', |parser| parser.value().map(|value| list.push(value)))?;
                Some(Json::List(list))
            }
            b'{' => {
                let mut fields = Vec::new();
                self.items(b'}', |parser| {
                    let name = parser.string()?;
                    parser.skip_space();
                    parser.take(b':')?;
                    parser.value().map(|value| fields.push((name, value)))
                })?;
                Some(Json::Object(fields))
            }
            _ => self.number(),
        }
    }

    /// What stands between a bracket and its `end`, with commas between.
    fn items(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        self.skip_space();
        if self.peek()? != end {
            loop {
                self.skip_space();
                item(self)?;
                self.skip_space();
                if self.peek()? != b',' {
                    break;
                }
                self.at += 1;
            }
        }
        self.depth -= 1;
        self.take(end)
    }

    fn string(&mut self) -> Option<String> {
        self.take(b'"')?;
        let mut bytes = Vec::new();
        loop {
            let byte = self.peek()?;
            match byte {
                b'"' => break,
                b'\\' => {
                    self.at += 1;
                    let character = self.escape()?;
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                0..0x20 => return None,
                _ => {
                    bytes.push(byte);
                    self.at += 1;
                }
            }
        }
        let string = String::from_utf8(bytes).ok()?;
        self.at += 1;
        Some(string)
    }

    fn escape(&mut self) -> Option<char> {
        let byte = self.peek()?;
        let character = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return None,
        };
        self.at += 1;
        Some(character)
    }

    /// `u` and four digits, and the other half of a surrogate pair.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first);
        }
        self.take(b'\\')?;
        let second = self.hex()?;
        if !(0xdc00..0xe000).contains(&second) {
            return None;
        }
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    }

    fn hex(&mut self) -> Option<u32> {
        self.take(b'u')?;
        let mut number = 0;
        for _ in 0..4 {
            number = number * 16 + char::from(self.peek()?).to_digit(16)?;
            self.at += 1;
        }
        Some(number)
    }

    fn number(&mut self) -> Option<Json> {
        let start = self.at;
        self.skip(b"-");
        // No zeros before other digits.
        if self.peek()? == b'0' {
            self.at += 1
        } else {
            self.digits()?
        }
        if self.skip(b".") {
            self.digits()?;
        }
        if self.skip(b"eE") {
            self.skip(b"+-");
            self.digits()?;
        }
        let number = core::str::from_utf8(self.text.get(start..self.at)?).ok()?;
        Some(Json::Number(number.into()))
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.skip(b"0123456789") {}
        (self.at > start).then_some(())
    }

    fn word(&mut self, word: &[u8], value: Json) -> Option<Json> {
        word.iter().try_for_each(|byte| self.take(*byte)).map(|()| value)
    }

    fn skip_space(&mut self) {
        while self.skip(b" \t\r\n") {}
    }

    /// Goes on if one of these comes next.
    fn skip(&mut self, any: &[u8]) -> bool {
        let is_there = self.peek().is_some_and(|byte| any.contains(&byte));
        self.at += usize::from(is_there);
        is_there
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip(&[byte]).then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// What `serde_json` reads, in this type: fields in one order, numbers as it writes them. Which order it keeps itself
    /// depends on its features, which other packages turn on.
    fn oracle(value: &Value) -> Json {
        match value {
            Value::Null => Json::Null,
            Value::Bool(bool) => Json::Bool(*bool),
            Value::Number(number) => Json::Number(number.to_string().into()),
            Value::String(text) => Json::Text(text.clone()),
            Value::Array(list) => Json::List(list.iter().map(oracle).collect()),
            Value::Object(fields) => {
                in_order(fields.iter().map(|(name, value)| (name.clone(), oracle(value))))
            }
        }
    }

    /// The same of what was read here, where numbers are left as they are written and a name may stand twice. Each number
    /// is read by `serde_json` once, as in the oracle: what it writes it may read as another float.
    fn normal(value: Json) -> Json {
        match value {
            Json::Number(text) => match serde_json::from_str::<Value>(&text) {
                Ok(number) => oracle(&number),
                Err(_) => Json::Number(text),
            },
            Json::List(list) => Json::List(list.into_iter().map(normal).collect()),
            Json::Object(fields) => in_order(fields.into_iter().map(|(name, value)| (name, normal(value)))),
            other => other,
        }
    }

    /// Each name once: the last.
    fn in_order(fields: impl Iterator<Item = (String, Json)>) -> Json {
        Json::Object(fields.collect::<std::collections::BTreeMap<_, _>>().into_iter().collect())
    }

    fn check(text: &[u8]) -> Result<(), TestCaseError> {
        match (serde_json::from_slice::<Value>(text), Json::parse(text)) {
            (Ok(expected), Ok(read)) => prop_assert_eq!(normal(read), oracle(&expected)),
            (Err(_), Err((line, column))) => prop_assert!(line > 0 && column > 0),
            // A number too large for a float is none to serde_json, and one that nobody reads here.
            (Err(error), Ok(_)) => {
                prop_assert!(error.to_string().contains("number out of range"), "{}", error)
            }
            (Ok(value), Err(at)) => prop_assert!(false, "{value} is not read at {at:?}"),
        }
        Ok(())
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e18..1e18_f64).prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
            "[\\x00-\\x7f\u{80}-\u{7ff}\u{10000}-\u{10fff}]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[a-c\"\\\\\u{e9}]{0,2}", inner), 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in any_json(), is_pretty: bool) {
            let text = if is_pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
            check(&text)?;
        }

        #[test]
        fn a_broken_text_is_accepted_or_refused_alike(value in any_json(), at: prop::sample::Index, byte: u8, cut: bool) {
            let mut text = serde_json::to_vec(&value).unwrap();
            let at = at.index(text.len());
            if cut { text.truncate(at) } else { text[at] = byte }
            check(&text)?;
        }

        #[test]
        fn soup_is_accepted_or_refused_alike(text in "[\\[\\]{}:,\"\\\\/bfnrtu0-9a-fA-FdD.eE+\\- \n\t]{0,24}") {
            check(text.as_bytes())?;
        }

        #[test]
        fn bytes_never_panic(text: Vec<u8>) {
            check(&text)?;
        }
    }

    #[test]
    fn corners() {
        for text in [
            "",
            " ",
            "nul",
            "nulll",
            "tru",
            "01",
            "-",
            "-0",
            "1.",
            ".5",
            "1e",
            "1e+",
            "1E-2",
            "1e999",
            "--1",
            "+1",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":1,}",
            "{a:1}",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\\u0041\"",
            "\"\\u00zz\"",
            "\"\\x\"",
            "\"\u{1}\"",
            "\"",
            "1 2",
            "[1]]",
            "\u{feff}1",
            "{\"a\":1,\"a\":2}",
            // What serde_json writes of this it reads as another float.
            "96.971473315026044e16",
            "{\"\":{}}",
            "\"\u{7f}\"",
        ] {
            check(text.as_bytes()).unwrap();
        }
        for depth in [127, 128, 129, 100_000] {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(Json::parse(text.as_bytes()).is_ok(), depth <= 128, "{depth}");
        }
    }

    #[test]
    fn seconds_are_read_to_the_millisecond() {
        let seconds =
            |text: &str| Json::parse(text.as_bytes()).unwrap().as_seconds().map(Timestamp::as_millis);
        assert_eq!(seconds("1795514400"), Some(1_795_514_400_000));
        assert_eq!(seconds("1000.25"), Some(1_000_250));
        assert_eq!(seconds("-1.5"), Some(-1_500));
        assert_eq!(seconds("-0.5"), Some(-500));
        assert_eq!(seconds("0.0009"), Some(0));
        assert_eq!(seconds("99999999999999999999"), Some(i64::MAX));
        assert_eq!(seconds("-99999999999999999999"), Some(i64::MIN));
        for none in ["1e9", "1.5E3", "\"1\"", "null"] {
            assert_eq!(seconds(none), None, "{none}");
        }
    }
}
