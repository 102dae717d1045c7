//! A YAML file as a tree in which every key and value knows its line and column.
//!
//! Guarantees: what [`Node::parse`] reads is what [`super::super::DataMap::parse`] reads, by the same reader with the
//! same options. Where next: `typed` makes the map's own types from it and tells the place of what does not fit.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{Location, Spanned};

/// A place in the file, counted from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) line: u64,
    pub(super) column: u64,
}

impl At {
    pub(super) const START: Self = Self { line: 1, column: 1 };

    pub(super) fn of(location: Location) -> Self {
        let (line, column) = (location.line(), location.column());
        Self {
            line: line.max(1),
            column: column.max(1),
        }
    }
}

/// A value and where it stands.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: At,
    pub(super) value: Value,
}

/// The key of an entry and where it stands.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) at: At,
    pub(super) name: String,
}

/// What YAML can say, as far as a data map has use for it.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// Reads a file; an error says where it stops being YAML.
    pub(super) fn parse(yaml: &str) -> Result<Self, (At, String)> {
        serde_saphyr::from_str_with_options(yaml, super::super::yaml_options()).map_err(|error| {
            let error = error.without_snippet();
            let at = error.location().map_or(At::START, At::of);
            let why = error.to_string();
            // The place is told apart.
            let why = why.split(" at line ").next().unwrap_or_default();
            (at, why.to_owned())
        })
    }

    /// The entries, if it is a map.
    pub(super) fn entries(&self) -> Option<&[(Key, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => None,
        }
    }

    /// The items, if it is a list.
    pub(super) fn items(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => None,
        }
    }

    /// The value of a field.
    pub(super) fn get(&self, field: &str) -> Option<&Self> {
        self.entry(field).map(|(_, value)| value)
    }

    fn entry(&self, field: &str) -> Option<&(Key, Self)> {
        self.entries()?.iter().find(|(key, _)| key.name == field)
    }

    /// Where a path such as `datasets.2.key.template` stands: the key of the last step there is.
    pub(super) fn locate(&self, path: &str) -> At {
        let (mut here, mut at) = (self, self.at);
        for step in path.split('.').filter(|step| !step.is_empty()) {
            let next = match (&here.value, step.parse::<usize>()) {
                (Value::List(items), Ok(n)) => items.get(n).map(|item| (item, item.at)),
                _ => here.entry(step).map(|(key, value)| (value, key.at)),
            };
            let Some(found) = next else { break };
            (here, at) = found;
        }
        at
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Value>::deserialize(deserializer)?;
        let at = At::of(referenced);
        Ok(Self { at, value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number without end"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = access.next_entry::<Spanned<String>, Node>()? {
            let at = At::of(key.referenced);
            entries.push((Key { at, name: key.value }, value));
        }
        Ok(Value::Map(entries))
    }
}
