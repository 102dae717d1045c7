//! Between plain JSON, DynamoDB's attribute values, and one byte form for fingerprints.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};

/// A DynamoDB item as the SDK has it.
pub type Item = HashMap<String, AttributeValue>;

/// Plain JSON as an item: strings, numbers, booleans, nulls, lists and maps. JSON has no bytes and no sets.
pub fn from_json(record: Map<String, Value>) -> Item {
    record
        .into_iter()
        .map(|(name, value)| (name, attribute(value)))
        .collect()
}

fn attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(flag) => AttributeValue::Bool(flag),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(attribute).collect()),
        Value::Object(fields) => AttributeValue::M(from_json(fields)),
    }
}

/// The string attribute `name`, if the item has one.
pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// What DynamoDB counts against an item's limit of 400 KB, by its documented rules.
pub(crate) fn size(item: &Item) -> usize {
    item.iter()
        .map(|(name, attribute)| name.len() + value_size(attribute))
        .sum()
}

fn value_size(attribute: &AttributeValue) -> usize {
    match attribute {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len() / 2 + 2,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::M(fields) => 3 + fields.len() + size(fields),
        AttributeValue::L(values) => 3 + values.len() + values.iter().map(value_size).sum::<usize>(),
        // Booleans and nulls; plain JSON makes no sets.
        _ => 1,
    }
}

/// The item's bytes in one fixed form: equal exactly when every attribute, type and value is equal. Attributes and
/// sets have no order in DynamoDB, so they are sorted; every part carries its length, so that no two items run
/// together to the same bytes.
pub(crate) fn canonical(item: &Item) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1_024);
    map(item, &mut bytes);
    bytes
}

fn map(item: &Item, out: &mut Vec<u8>) {
    let mut names: Vec<&String> = item.keys().collect();
    names.sort_unstable();
    part(b'M', &names.len().to_be_bytes(), out);
    for name in names {
        part(b'k', name.as_bytes(), out);
        value(&item[name], out);
    }
}

fn value(attribute: &AttributeValue, out: &mut Vec<u8>) {
    match attribute {
        AttributeValue::S(text) => part(b'S', text.as_bytes(), out),
        AttributeValue::N(number) => part(b'N', number.as_bytes(), out),
        AttributeValue::B(bytes) => part(b'B', bytes.as_ref(), out),
        AttributeValue::Bool(flag) => part(b'?', &[u8::from(*flag)], out),
        AttributeValue::Null(_) => part(b'0', &[], out),
        AttributeValue::M(fields) => map(fields, out),
        AttributeValue::L(values) => {
            part(b'L', &values.len().to_be_bytes(), out);
            values.iter().for_each(|one| value(one, out));
        }
        AttributeValue::Ss(texts) => set(b's', texts.iter().map(String::as_bytes).collect(), out),
        AttributeValue::Ns(numbers) => set(b'n', numbers.iter().map(String::as_bytes).collect(), out),
        AttributeValue::Bs(blobs) => set(b'b', blobs.iter().map(AsRef::as_ref).collect(), out),
        // A type of a later SDK: its debug form still tells two values apart.
        other => part(b'*', format!("{other:?}").as_bytes(), out),
    }
}

fn set(tag: u8, mut members: Vec<&[u8]>, out: &mut Vec<u8>) {
    members.sort_unstable();
    part(tag, &members.len().to_be_bytes(), out);
    members.into_iter().for_each(|member| part(b'e', member, out));
}

fn part(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bytes(value: Value) -> Vec<u8> {
        let Value::Object(record) = value else {
            panic!("an object")
        };
        canonical(&from_json(record))
    }

    #[test]
    fn order_does_not_matter_and_everything_else_does() {
        assert_eq!(
            bytes(json!({"a": 1, "b": [true, null]})),
            bytes(json!({"b": [true, null], "a": 1}))
        );
        let one = bytes(json!({"a": "1", "b": {"c": [1, 2]}}));
        for other in [
            json!({"a": 1, "b": {"c": [1, 2]}}),
            json!({"a": "1", "b": {"c": [2, 1]}}),
            json!({"a": "1", "b": {"c": [1, 2], "d": null}}),
            json!({"a": "1", "b": [{"c": [1, 2]}]}),
            json!({"a": "1"}),
        ] {
            assert_ne!(one, bytes(other.clone()), "{other}");
        }
    }

    #[test]
    fn sets_are_sorted() {
        let item = |members: [&str; 2]| {
            Item::from([(
                "set".to_owned(),
                AttributeValue::Ss(members.map(str::to_owned).to_vec()),
            )])
        };
        assert_eq!(canonical(&item(["a", "b"])), canonical(&item(["b", "a"])));
        assert_ne!(canonical(&item(["a", "b"])), canonical(&item(["a", "c"])));
    }
}
