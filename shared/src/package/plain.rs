//! An item as plain JSON, not in the wire's typed form.
//!
//! Guarantees: a number keeps each of its digits, since it stays the text that the source sent; binary is base64; a set
//! is an array in one order, whatever the order of the answer.

use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::domain::vault::{Attributes, Value};

/// Serialises a value so.
pub(super) struct Plain<'a>(pub(super) &'a Value);

/// Serialises a whole item so.
pub(super) struct PlainItem<'a>(pub(super) &'a Attributes);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::S(text) | Value::B(text) => serializer.serialize_str(text),
            Value::N(text) => Number(text).serialize(serializer),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Null(_) => serializer.serialize_unit(),
            Value::M(values) => PlainItem(values).serialize(serializer),
            Value::L(values) => serializer.collect_seq(values.iter().map(Plain)),
            Value::Strings(texts) | Value::Binaries(texts) => serializer.collect_seq(texts),
            Value::Numbers(texts) => serializer.collect_seq(texts.iter().map(|text| Number(text))),
        }
    }
}

impl Serialize for PlainItem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Plain(value))))
    }
}

/// A number as the JSON text it is. Anything else that JSON reads must not get in by this way.
struct Number<'a>(&'a str);

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let begins = self.0.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let ends = self.0.ends_with(|c: char| c.is_ascii_digit());
        let raw = RawValue::from_string(self.0.to_owned()).ok().filter(|_| begins && ends);
        let raw = raw.ok_or_else(|| S::Error::custom("a number is not in decimal form"))?;
        raw.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plain(value: &Value) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Plain(value))
    }

    #[test]
    fn numbers_keep_every_digit() {
        for exact in [
            "12345678901234567890123456789012345678",
            "-0.00000000000000000000000000000000000001",
            "1E+125",
            "9.9999999999999999999999999999999999999E-130",
            "0",
        ] {
            assert_eq!(plain(&Value::N(exact.to_owned())).expect("plain JSON"), exact);
        }
    }

    #[test]
    fn nothing_but_a_number_passes_for_one() {
        for odd in [
            "", "NaN", "0x10", "1 ", " 1", "\"1\"", "1,2", "[1]", "true", "1\n2", "-", "01", ".5", "+1",
        ] {
            assert!(plain(&Value::N(odd.to_owned())).is_err(), "{odd:?}");
            assert!(
                plain(&Value::Numbers(BTreeSet::from([odd.to_owned()]))).is_err(),
                "{odd:?}"
            );
        }
    }

    #[test]
    fn every_type_is_plain_json() {
        let set = |texts: [&str; 2]| texts.map(str::to_owned).into();
        let item = Attributes::from([
            ("binary".to_owned(), Value::B("AP8Q".to_owned())),
            (
                "deep".to_owned(),
                Value::L(vec![Value::M(Attributes::from([(String::new(), Value::Null(true))]))]),
            ),
            ("empty".to_owned(), Value::S(String::new())),
            ("flag".to_owned(), Value::Bool(false)),
            ("set".to_owned(), Value::Strings(set(["b", "a"]))),
            ("set of binaries".to_owned(), Value::Binaries(set(["AA==", "AP8="]))),
            ("set of numbers".to_owned(), Value::Numbers(set(["3.10", "-1"]))),
        ]);
        assert_eq!(
            serde_json::to_string(&PlainItem(&item)).expect("plain JSON"),
            r#"{"binary":"AP8Q","deep":[{"":null}],"empty":"","flag":false,"set":["a","b"],"set of binaries":["AA==","AP8="],"set of numbers":[-1,3.10]}"#
        );
    }
}
