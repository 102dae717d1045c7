//! A few records of each dataset in a table: only the attributes that the map names are read, and only whether they are
//! what it says is kept.
//!
//! One Scan of a few hundred items, by whoever runs the command: Lethe's own roles may not scan. Who may not either gets
//! no sample; keys, indexes and TTL are checked all the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::domain::data_map::description::{Sample, Table};
use shared::domain::data_map::{Dataset, DynamoPlace};
use shared::domain::manifest::Scalar;

/// Enough to meet the kinds of records a table has, and 100 read units at most for small ones.
const ITEMS: i32 = 300;

/// Samples by dataset id.
pub(super) async fn take(
    client: &Client,
    table: &Table,
    datasets: &[(&Dataset, &DynamoPlace)],
) -> BTreeMap<String, Sample> {
    let Some((_, place)) = datasets.first() else {
        return BTreeMap::new();
    };
    let names: Vec<&str> = wanted(table, datasets).into_iter().collect();
    let placeholders: Vec<String> = (0..names.len()).map(|n| format!("#a{n}")).collect();
    let by_placeholder: HashMap<String, String> = placeholders
        .iter()
        .cloned()
        .zip(names.iter().map(|name| (*name).to_owned()))
        .collect();
    let call = client.scan().table_name(&place.table).limit(ITEMS);
    let call = call
        .projection_expression(placeholders.join(", "))
        .set_expression_attribute_names(Some(by_placeholder));
    let Ok(answer) = call.send().await else {
        return BTreeMap::new();
    };
    let items: Vec<_> = answer.items().iter().map(scalars).collect();
    let of = |(dataset, place): &(&Dataset, &DynamoPlace)| {
        let mut sample = Sample::default();
        let keys = place.index.as_ref().and_then(|name| table.indexes.get(name));
        let keys = keys.map_or(&table.keys, |index| &index.keys);
        items.iter().for_each(|item| sample.look(dataset, place, keys, item));
        (dataset.id.to_string(), sample)
    };
    datasets.iter().map(of).collect()
}

/// Key attributes, to tell the datasets apart, and what the map relies on.
fn wanted<'a>(table: &'a Table, datasets: &[(&'a Dataset, &'a DynamoPlace)]) -> BTreeSet<&'a str> {
    let mut names: BTreeSet<&str> = table.types.keys().map(String::as_str).collect();
    for (dataset, place) in datasets {
        names.insert(&place.key.attribute);
        names.extend(dataset.relied_on().into_iter().map(|(_, name)| name));
    }
    names
}

fn scalars(item: &HashMap<String, AttributeValue>) -> BTreeMap<String, Scalar> {
    let scalar = |value: &AttributeValue| match value {
        AttributeValue::S(text) => Scalar::S(text.clone()),
        AttributeValue::N(number) => Scalar::N(number.clone()),
        AttributeValue::B(bytes) => Scalar::B(STANDARD.encode(bytes)),
        // Neither a time nor a tenant; that it is there counts.
        _ => Scalar::B(String::new()),
    };
    item.iter().map(|(name, value)| (name.clone(), scalar(value))).collect()
}
