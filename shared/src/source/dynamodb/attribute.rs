//! Between the SDK's attribute values and a manifest's scalars.
//!
//! Guarantees: what [`scalar`] reads, [`value`] writes back unchanged. Maps, lists, sets, booleans and nulls have no
//! scalar form; a manifest knows them as absent, and the sweep handles them when their condition fails.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::domain::manifest::Scalar;
use crate::ports::Fault;

/// An item, or the projected part of one.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A primary key as a manifest has it.
pub(super) type Key = BTreeMap<String, Scalar>;

/// The manifest's form of a value; none if it has none.
pub(super) fn scalar(value: &AttributeValue) -> Option<Scalar> {
    match value {
        AttributeValue::S(text) => Some(Scalar::S(text.clone())),
        AttributeValue::N(number) => Some(Scalar::N(number.clone())),
        AttributeValue::B(bytes) => Some(Scalar::B(STANDARD.encode(bytes))),
        _ => None,
    }
}

/// The SDK's form of a scalar.
pub(super) fn value(scalar: &Scalar) -> Result<AttributeValue, Fault> {
    Ok(match scalar {
        Scalar::S(text) => AttributeValue::S(text.clone()),
        Scalar::N(number) => AttributeValue::N(number.clone()),
        Scalar::B(text) => {
            let bytes = STANDARD.decode(text).map_err(|e| Fault::corrupt("reading a key", e))?;
            AttributeValue::B(Blob::new(bytes))
        }
    })
}

/// The named attributes of an item as a key; none if one is missing or no scalar.
pub(super) fn key<'n>(names: impl Iterator<Item = &'n str>, item: &Item) -> Option<Key> {
    names
        .map(|name| Some((name.to_owned(), scalar(item.get(name)?)?)))
        .collect()
}

/// A key as the SDK wants it; in the key's own order.
pub(super) fn wire(key: &Key) -> Result<Vec<(String, AttributeValue)>, Fault> {
    key.iter()
        .map(|(name, part)| Ok((name.clone(), value(part)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_survive_and_others_have_no_form() {
        for kept in [
            AttributeValue::S("ä\"".into()),
            AttributeValue::N("-1.5".into()),
            AttributeValue::B(Blob::new(vec![0, 255, 10])),
        ] {
            let there = scalar(&kept).expect("a scalar");
            assert_eq!(value(&there).expect("valid"), kept);
        }
        assert!(scalar(&AttributeValue::Bool(true)).is_none());
        assert!(value(&Scalar::B("not base64!".into())).is_err());
    }
}
