//! The vault's copies: whole items, attribute by attribute, as they were when they were taken out of their table.
//!
//! Guarantees: nothing of an item is lost on the way there and back: every type, exact numbers, empty values, nesting.
//! Two copies are equal if the items are, whatever the order in which a set was answered. A copy names people, so it
//! exists in the clear only in a worker's memory. Where next: `workflow::vault` seals them, group by group.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::manifest::Scalar;

/// The code of an item that has no version attribute and more attributes than one condition can compare.
pub const UNVERIFIABLE: &str = "vault_unverifiable";

/// The code of an item that changed each time between its copy and its deletion.
pub const CHANGED: &str = "changed";

/// An attribute's value, in the wire's own letters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// String.
    S(String),
    /// Number, as its decimal text.
    N(String),
    /// Binary, base64.
    B(String),
    /// Boolean.
    #[serde(rename = "BOOL")]
    Bool(bool),
    /// Null; always `true`.
    #[serde(rename = "NULL")]
    Null(bool),
    /// Map.
    M(BTreeMap<String, Self>),
    /// List.
    L(Vec<Self>),
    /// Set of strings.
    #[serde(rename = "SS")]
    Strings(BTreeSet<String>),
    /// Set of numbers, by their texts.
    #[serde(rename = "NS")]
    Numbers(BTreeSet<String>),
    /// Set of binaries, base64.
    #[serde(rename = "BS")]
    Binaries(BTreeSet<String>),
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[personal]")
    }
}

impl Value {
    /// The manifest's form of a value; none if it has none.
    pub fn scalar(&self) -> Option<Scalar> {
        match self {
            Self::S(text) => Some(Scalar::S(text.clone())),
            Self::N(number) => Some(Scalar::N(number.clone())),
            Self::B(bytes) => Some(Scalar::B(bytes.clone())),
            Self::Bool(_)
            | Self::Null(_)
            | Self::M(_)
            | Self::L(_)
            | Self::Strings(_)
            | Self::Numbers(_)
            | Self::Binaries(_) => None,
        }
    }

    /// About as many bytes as it takes in a copy.
    fn size(&self) -> usize {
        const AROUND: usize = 16;
        let set = |set: &BTreeSet<String>| set.iter().map(|one| one.len() + 3).sum();
        let inside: usize = match self {
            Self::S(text) | Self::N(text) | Self::B(text) => text.len(),
            Self::Bool(_) | Self::Null(_) => 0,
            Self::M(map) => map.iter().map(|(name, value)| name.len() + value.size()).sum(),
            Self::L(list) => list.iter().map(Self::size).sum(),
            Self::Strings(all) | Self::Numbers(all) | Self::Binaries(all) => set(all),
        };
        AROUND + inside
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::S(text) => Self::S(text),
            Scalar::N(number) => Self::N(number),
            Scalar::B(bytes) => Self::B(bytes),
        }
    }
}

/// A whole item.
pub type Attributes = BTreeMap<String, Value>;

/// About as many bytes as an item takes in a copy.
pub fn size(item: &Attributes) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size()).sum()
}

/// One line's item, as it was.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultCopy {
    /// The line's number in its chunk.
    pub line: u32,
    /// All of it.
    pub item: Attributes,
}

impl std::fmt::Debug for VaultCopy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VaultCopy of line {}", self.line)
    }
}

/// Copies as an object's plaintext: one JSON text a copy.
pub fn encode(copies: &[VaultCopy]) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(copies.iter().map(|copy| size(&copy.item) + 32).sum());
    for copy in copies {
        serde_json::to_writer(&mut out, copy)?;
        out.push(b'\n');
    }
    Ok(out)
}

/// The copies of an object's plaintext.
pub fn decode(plain: &[u8]) -> Result<Vec<VaultCopy>, serde_json::Error> {
    plain
        .split(|b| *b == b'\n')
        .filter(|copy| !copy.is_empty())
        .map(serde_json::from_slice)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let set = || prop::collection::btree_set(".{0,8}", 1..4);
        let leaf = prop_oneof![
            ".{0,20}".prop_map(Value::S),
            "-?[0-9]{1,38}".prop_map(Value::N),
            "[A-Za-z0-9+/]{0,8}".prop_map(Value::B),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null(true)),
            set().prop_map(Value::Strings),
            set().prop_map(Value::Numbers),
            set().prop_map(Value::Binaries),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::L),
                prop::collection::btree_map(".{0,8}", inner, 0..4).prop_map(Value::M),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_an_item_holds_comes_back(items in prop::collection::vec(
            prop::collection::btree_map("[^\u{0}]{1,8}", value(), 0..5), 0..4)
        ) {
            let copies: Vec<_> = (0..).zip(items).map(|(line, item)| VaultCopy { line, item }).collect();
            let plain = encode(&copies).expect("encodes");
            prop_assert_eq!(decode(&plain).expect("decodes"), copies.clone());
            // What bounds a group must not be far below what the group weighs (a text of escapes is the exception).
            let weighed: usize = copies.iter().map(|copy| size(&copy.item) + 32).sum();
            prop_assert!(plain.len() <= 6 * weighed, "{} bytes, weighed {weighed}", plain.len());
        }
    }

    #[test]
    fn the_form_is_the_wires() {
        let copy = r#"{"line":7,"item":{"b":{"BOOL":true},"l":{"L":[{"M":{}},{"NULL":true}]},"n":{"N":"1E+2"},"s":{"SS":["a","b"]}}}"#;
        let read = decode(copy.as_bytes()).expect("decodes");
        assert_eq!(encode(&read).expect("encodes").trim_ascii_end(), copy.as_bytes());
        assert_eq!(format!("{:?}", read[0]), "VaultCopy of line 7");
        assert_eq!(format!("{:?}", read[0].item["n"]), "[personal]");
    }

    #[test]
    fn an_item_is_as_large_as_its_names_and_values_and_what_stands_around_them() {
        let item = |text: &str| decode(text.as_bytes()).expect("decodes").remove(0).item;
        let nothing = size(&item(r#"{"line":0,"item":{"a":{"S":""}}}"#));
        assert_eq!(nothing, 1 + 16, "a name and a value's frame");
        let text = size(&item(r#"{"line":0,"item":{"abc":{"S":"12345"}}}"#));
        assert_eq!(text, 3 + 16 + 5);
        let map = size(&item(r#"{"line":0,"item":{"a":{"M":{"bcd":{"S":"12345"}}}}}"#));
        assert_eq!(map, 1 + 16 + 3 + 16 + 5);
        let set = size(&item(r#"{"line":0,"item":{"a":{"SS":["12","345"]}}}"#));
        assert_eq!(set, 1 + 16 + (2 + 3) + (3 + 3));
    }

    #[test]
    fn sets_are_equal_in_any_order() {
        let set = |text: &str| decode(text.as_bytes()).expect("decodes");
        let (one, other) = (
            r#"{"line":0,"item":{"s":{"SS":["a","b"]}}}"#,
            r#"{"line":0,"item":{"s":{"SS":["b","a"]}}}"#,
        );
        assert_eq!(set(one), set(other));
    }

    #[test]
    fn only_scalars_have_a_manifests_form() {
        assert_eq!(Value::N("1".into()).scalar(), Some(Scalar::N("1".into())));
        assert_eq!(
            Value::from(Scalar::B("AA==".into())).scalar(),
            Some(Scalar::B("AA==".into()))
        );
        assert_eq!(Value::Bool(true).scalar(), None);
        assert_eq!(Value::L(vec![]).scalar(), None);
    }
}
