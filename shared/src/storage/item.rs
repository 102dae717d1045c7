//! Typed attributes: how a row is written and read. The wire form is not the domain.
//!
//! A row has plain attributes where DynamoDB must compare or index them, and one attribute `doc`, the domain's value
//! as JSON, where it only keeps it. Guarantees: a row that is not what was written is a `corrupt` fault that names the
//! attribute and never its value. Where next: `storage::request` for the richest row.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::RowKey;
use crate::ports::Fault;

/// A row as the SDK has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The format written today; the only one so far, so also the only one read.
const VERSION: u32 = 1;

/// A row being written.
#[derive(Debug, Default)]
pub(super) struct Row(Item);

impl Row {
    /// A row of table `requests`, with its format version.
    pub(super) fn new(key: RowKey) -> Self {
        Self(key_item(key)).number("v", VERSION)
    }

    /// A row of another table.
    pub(super) fn of_partition(pk: String) -> Self {
        Self::default().text("pk", pk).number("v", VERSION)
    }

    pub(super) fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.with(name, AttributeValue::S(value.into()))
    }

    /// A set of texts; DynamoDB takes no empty one.
    pub(super) fn texts(self, name: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.with(name, AttributeValue::Ss(values.into_iter().collect()))
    }

    pub(super) fn number(self, name: &str, value: impl ToString) -> Self {
        self.with(name, AttributeValue::N(value.to_string()))
    }

    pub(super) fn bytes(self, name: &str, value: &[u8]) -> Self {
        self.with(name, AttributeValue::B(Blob::new(value)))
    }

    /// The text, or no attribute: a row without an index's key is not in the index.
    pub(super) fn maybe_text(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub(super) fn json(self, name: &str, value: &impl Serialize) -> Self {
        self.text(
            name,
            serde_json::to_string(value).expect("rows are plain JSON: structs, text, numbers"),
        )
    }

    pub(super) fn into_item(self) -> Item {
        self.0
    }

    fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

/// The primary key alone, of table `requests`.
pub(super) fn key_item(key: RowKey) -> Item {
    let pk = ("pk".to_owned(), AttributeValue::S(key.pk));
    Item::from([pk, ("sk".to_owned(), AttributeValue::S(key.sk))])
}

/// What is wrong with a stored row; names the attribute, never the value.
#[derive(Debug, thiserror::Error)]
enum BadRow {
    #[error("attribute {0} is missing or of another type")]
    Missing(&'static str),
    #[error("attribute {0} cannot be read")]
    Form(&'static str),
    #[error("format version {0} is unknown to this release; deploy the one that wrote it, or a newer one")]
    Version(u32),
}

/// A row being read.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    item: &'a Item,
    operation: &'static str,
}

impl<'a> Reader<'a> {
    /// A row of any format, e.g. of an index, which projects no version.
    pub(super) fn projected(item: &'a Item, operation: &'static str) -> Self {
        Self { item, operation }
    }

    /// A whole row of a format this release knows.
    pub(super) fn new(item: &'a Item, operation: &'static str) -> Result<Self, Fault> {
        let reader = Self::projected(item, operation);
        match reader.number("v")? {
            VERSION => Ok(reader),
            other => Err(Fault::corrupt(operation, BadRow::Version(other))),
        }
    }

    pub(super) fn text(&self, name: &'static str) -> Result<&'a str, Fault> {
        let value = self.item.get(name).and_then(|value| value.as_s().ok());
        value.map(String::as_str).ok_or_else(|| self.bad(BadRow::Missing(name)))
    }

    /// A text that stands for a value, e.g. an id or an instant.
    pub(super) fn parsed<T: FromStr>(&self, name: &'static str) -> Result<T, Fault> {
        self.text(name)?.parse().map_err(|_| self.bad(BadRow::Form(name)))
    }

    /// The same, of an attribute that may be absent.
    pub(super) fn maybe_parsed<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Fault> {
        if self.item.contains_key(name) {
            self.parsed(name).map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) fn number<T: FromStr>(&self, name: &'static str) -> Result<T, Fault> {
        let value = self.item.get(name).and_then(|value| value.as_n().ok());
        let digits = value.ok_or_else(|| self.bad(BadRow::Missing(name)))?;
        digits.parse().map_err(|_| self.bad(BadRow::Form(name)))
    }

    pub(super) fn maybe_number<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Fault> {
        if self.item.contains_key(name) {
            self.number(name).map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) fn bytes(&self, name: &'static str) -> Result<Vec<u8>, Fault> {
        let value = self.item.get(name).and_then(|value| value.as_b().ok());
        value
            .map(|blob| blob.as_ref().to_vec())
            .ok_or_else(|| self.bad(BadRow::Missing(name)))
    }

    /// serde's own words would quote the value, so they are left out.
    pub(super) fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, Fault> {
        serde_json::from_str(self.text(name)?).map_err(|_| self.bad(BadRow::Form(name)))
    }

    pub(super) fn maybe_json<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, Fault> {
        if self.item.contains_key(name) {
            self.json(name).map(Some)
        } else {
            Ok(None)
        }
    }

    fn bad(&self, why: BadRow) -> Fault {
        Fault::corrupt(self.operation, why)
    }
}

/// Bytes of an item as DynamoDB counts them, near enough for its limits.
pub(super) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len() / 2 + 2,
        AttributeValue::B(blob) => blob.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        _ => 1,
    }
}

/// An item as bytes that are the same for equal items, for the digest of a transaction.
pub(super) fn canonical(item: &Item) -> String {
    format!("{:?}", item.iter().collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
#[path = "item_tests.rs"]
mod tests;
