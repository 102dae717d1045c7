//! Between the SDK's attribute values and a manifest's scalars.
//!
//! Guarantees: what [`scalar`] reads, [`value`] writes back unchanged; so do [`whole`] and [`sdk_item`], for every type. Maps, lists, sets, booleans and nulls have no
//! scalar form; a manifest knows them as absent, and the sweep handles them when their condition fails.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::domain::manifest::Scalar;
use crate::domain::vault::{Attributes, Value};
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

/// An item as the vault has it.
pub(super) fn whole(item: Item) -> Result<Attributes, Fault> {
    item.into_iter().map(|(name, value)| Ok((name, kept(value)?))).collect()
}

/// A value as the vault has it. A type of tomorrow cannot be kept: the item must stay where it is.
fn kept(value: AttributeValue) -> Result<Value, Fault> {
    Ok(match value {
        AttributeValue::S(text) => Value::S(text),
        AttributeValue::N(number) => Value::N(number),
        AttributeValue::B(bytes) => Value::B(STANDARD.encode(bytes)),
        AttributeValue::Bool(truth) => Value::Bool(truth),
        AttributeValue::Null(null) => Value::Null(null),
        AttributeValue::M(map) => Value::M(whole(map)?),
        AttributeValue::L(list) => Value::L(list.into_iter().map(kept).collect::<Result<_, Fault>>()?),
        AttributeValue::Ss(set) => Value::Strings(set.into_iter().collect()),
        AttributeValue::Ns(set) => Value::Numbers(set.into_iter().collect()),
        AttributeValue::Bs(set) => Value::Binaries(set.into_iter().map(|bytes| STANDARD.encode(bytes)).collect()),
        _ => {
            let why = "an attribute of a type that this version does not know";
            return Err(Fault::permanent("reading whole items", "unknown_type", why));
        }
    })
}

/// An item of the vault as the SDK has it.
pub(super) fn sdk_item(item: &Attributes) -> Result<Item, Fault> {
    item.iter()
        .map(|(name, value)| Ok((name.clone(), sdk_value(value)?)))
        .collect()
}

fn sdk_value(value: &Value) -> Result<AttributeValue, Fault> {
    Ok(match value {
        Value::S(text) => AttributeValue::S(text.clone()),
        Value::N(number) => AttributeValue::N(number.clone()),
        Value::B(text) => AttributeValue::B(decoded(text)?),
        Value::Bool(truth) => AttributeValue::Bool(*truth),
        Value::Null(null) => AttributeValue::Null(*null),
        Value::M(map) => AttributeValue::M(sdk_item(map)?),
        Value::L(list) => AttributeValue::L(list.iter().map(sdk_value).collect::<Result<_, Fault>>()?),
        Value::Strings(set) => AttributeValue::Ss(set.iter().cloned().collect()),
        Value::Numbers(set) => AttributeValue::Ns(set.iter().cloned().collect()),
        Value::Binaries(set) => AttributeValue::Bs(set.iter().map(|text| decoded(text)).collect::<Result<_, Fault>>()?),
    })
}

fn decoded(text: &str) -> Result<Blob, Fault> {
    let bytes = STANDARD.decode(text).map_err(|e| Fault::corrupt("reading a copy", e))?;
    Ok(Blob::new(bytes))
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

    #[test]
    fn every_type_survives_the_vault() {
        let blob = |bytes: &[u8]| Blob::new(bytes.to_vec());
        let inner = Item::from([
            ("empty".into(), AttributeValue::S(String::new())),
            ("null".into(), AttributeValue::Null(true)),
            ("none".into(), AttributeValue::M(Item::new())),
        ]);
        let item = Item::from([
            ("s".into(), AttributeValue::S("ä\n\"".into())),
            (
                "n".into(),
                AttributeValue::N("-1.2345678901234567890123456789012345678E+125".into()),
            ),
            ("b".into(), AttributeValue::B(blob(&[0, 255, 10]))),
            ("eb".into(), AttributeValue::B(blob(&[]))),
            ("t".into(), AttributeValue::Bool(false)),
            ("m".into(), AttributeValue::M(inner)),
            (
                "l".into(),
                AttributeValue::L(vec![AttributeValue::L(vec![]), AttributeValue::Bool(true)]),
            ),
            ("ss".into(), AttributeValue::Ss(vec!["a".into(), "b".into()])),
            ("ns".into(), AttributeValue::Ns(vec!["-3".into(), "3.5".into()])),
            ("bs".into(), AttributeValue::Bs(vec![blob(&[1]), blob(&[2])])),
        ]);
        let there = whole(item.clone()).expect("known types");
        assert_eq!(sdk_item(&there).expect("valid"), item);
    }
}
