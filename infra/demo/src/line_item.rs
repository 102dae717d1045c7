//! The item a line's `record` becomes: its keys as the data map says, and nothing in it that DynamoDB would refuse.
//!
//! [`crate::ndjson`] reads the line around it and has the tests.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};
use shared::domain::data_map::{Dataset, DynamoPlace, KeyType, TenantBinding};
use shared::domain::ids::Tenant;

use crate::item::{self, Item};
use crate::shape::Shape;

pub(crate) const MOST_ITEM_BYTES: usize = 400 * 1024;
const DEEPEST: usize = 32;

/// Completes and checks a record of a dataset in DynamoDB; `located` is the subject's partition key.
pub(crate) fn item_of(
    dataset: &Dataset,
    place: &DynamoPlace,
    shape: &Shape,
    tenant: &Tenant,
    located: &str,
    record: Map<String, Value>,
) -> Result<Item, String> {
    if record.values().any(|value| !storable(value, 1)) {
        return Err(format!(
            "`record` is nested deeper than {DEEPEST} levels or has a number DynamoDB cannot hold"
        ));
    }
    let mut item = item::from_json(record);
    add(&mut item, &place.key.attribute, key_value(place.key.kind, located)?)?;
    if let TenantBinding::Attribute { attribute } = &dataset.tenant {
        add(&mut item, attribute, AttributeValue::S(tenant.as_str().to_owned()))?;
    }
    shape.check(&item)?;
    if let (Some(prefix), Some(sort)) = (&place.sort_key_prefix, &shape.sort)
        && !item::text(&item, sort).is_some_and(|value| value.starts_with(prefix))
    {
        return Err(format!(
            "`record.{sort}` does not begin with `{prefix}`, so the data map would not find it"
        ));
    }
    let bytes = item::size(&item);
    if bytes > MOST_ITEM_BYTES {
        return Err(format!(
            "`record` comes to {bytes} bytes; DynamoDB takes {MOST_ITEM_BYTES}"
        ));
    }
    Ok(item)
}

/// DynamoDB holds numbers up to 9.9e125 and down to 1e-130, and documents of 32 levels.
fn storable(value: &Value, level: usize) -> bool {
    match value {
        Value::Number(number) => {
            let size = number.as_f64().unwrap_or(f64::INFINITY).abs();
            size == 0.0 || (1e-130..1e126).contains(&size)
        }
        Value::Array(values) => level < DEEPEST && values.iter().all(|one| storable(one, level + 1)),
        Value::Object(fields) => level < DEEPEST && fields.values().all(|one| storable(one, level + 1)),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

fn key_value(kind: KeyType, located: &str) -> Result<AttributeValue, String> {
    match kind {
        KeyType::S => Ok(AttributeValue::S(located.to_owned())),
        KeyType::B => Ok(AttributeValue::B(Blob::new(located.as_bytes()))),
        KeyType::N if located.parse::<f64>().is_ok_and(f64::is_finite) => Ok(AttributeValue::N(located.to_owned())),
        KeyType::N => Err("`subject` does not make a number of the data map's key, which is one".to_owned()),
    }
}

/// Adds what the data map says an attribute must be; refuses a record that says otherwise.
fn add(item: &mut Item, name: &str, value: AttributeValue) -> Result<(), String> {
    match item.insert(name.to_owned(), value) {
        Some(own) if Some(&own) != item.get(name) => Err(format!(
            "`record.{name}` is not what the data map gives for this tenant and subject; leave it out"
        )),
        Some(_) | None => Ok(()),
    }
}
