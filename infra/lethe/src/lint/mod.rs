//! What is wrong with a data map, as far as its tables and buckets tell.
//!
//! The structure is `shared::domain::data_map`'s to judge; here every dataset is held against what it names: does the
//! table exist, has it that key, index and TTL attribute, does the bucket keep versions. Every mistake is listed, with
//! the remedy. Looking things up and judging are kept apart, so the judgement can be tested.

#[cfg(test)]
mod tests;
mod world;

use std::collections::BTreeSet;

use shared::domain::data_map::{DataMap, Dataset, DynamoPlace, Expiry, KeyType, Place, TenantBinding};

use world::Table;
pub(crate) use world::{World, look};

/// Every mistake; none: the map can be applied.
pub(crate) fn judge(map: &DataMap, world: &World) -> Vec<String> {
    let mut mistakes = Vec::new();
    for dataset in &map.datasets {
        let found = match &dataset.place {
            Place::Dynamodb(place) => match world.tables.get(&place.table).and_then(Option::as_ref) {
                Some(table) => of_table(dataset, place, table),
                None => vec![format!(
                    "table {} does not exist here; check name, account and region",
                    place.table
                )],
            },
            Place::S3(place) => match world.buckets.get(&place.bucket).copied().flatten() {
                Some(true) => Vec::new(),
                Some(false) => vec![format!(
                    "bucket {} keeps no versions, so a deleted object could not be brought back; turn versioning on",
                    place.bucket
                )],
                None => vec![format!(
                    "bucket {} does not exist, or may not be looked at",
                    place.bucket
                )],
            },
        };
        mistakes.extend(found.into_iter().map(|why| format!("dataset {}: {why}", dataset.id)));
    }
    mistakes
}

fn of_table(dataset: &Dataset, place: &DynamoPlace, table: &Table) -> Vec<String> {
    let name = &place.table;
    let queried = match &place.index {
        None => &table.keys,
        Some(index) => match table.indexes.get(index) {
            Some(found) => &found.keys,
            None => {
                return vec![format!(
                    "table {name} has no index {index}; it has {}",
                    listed(table.indexes.keys())
                )];
            }
        },
    };
    let mut found = Vec::new();
    if queried.partition != place.key.attribute {
        let (is, says) = (&queried.partition, &place.key.attribute);
        found.push(format!("key: the partition key is {is}, not {says}"));
    } else if table
        .types
        .get(&queried.partition)
        .is_some_and(|letter| letter != letter_of(place.key.kind))
    {
        let (is, says) = (&table.types[&queried.partition], letter_of(place.key.kind));
        found.push(format!("key: {} is of type {is}, not {says}", queried.partition));
    }
    if place.sort_key_prefix.is_some() {
        match &queried.sort {
            None => found.push("sort_key_prefix: there is no sort key".to_owned()),
            Some(sort) if table.types.get(sort).is_some_and(|letter| letter == "N") => {
                found.push(format!("sort_key_prefix: {sort} is a number and begins with nothing"));
            }
            Some(_) => {}
        }
    }
    found.extend(of_marks(place, table));
    found.extend(of_ttl(place, table));
    found.extend(of_projection(dataset, place, table));
    found
}

/// A key attribute can be neither marked nor given an expiry.
fn of_marks(place: &DynamoPlace, table: &Table) -> Vec<String> {
    let marks = &place.soft_delete.marks;
    let names = [&marks.id, &marks.deleted_at, &marks.ttl_was];
    let mut found: Vec<_> = names
        .into_iter()
        .filter(|name| table.types.contains_key(*name))
        .map(|name| format!("marks: {name} is a key of the table or of an index and cannot be written; choose another"))
        .collect();
    if BTreeSet::from(names).len() < names.len() {
        found.push("marks: id, deleted_at and ttl_was need three different names".to_owned());
    }
    found
}

fn of_ttl(place: &DynamoPlace, table: &Table) -> Option<String> {
    if place.soft_delete.expiry != Expiry::Ttl {
        return None;
    }
    let name = place.soft_delete.ttl_attribute.as_deref().unwrap_or_default();
    match &table.ttl {
        None => Some(format!(
            "TTL is off on table {}; turn it on for {name}, or write expiry: purge",
            place.table
        )),
        Some(is) if is != name => Some(format!("ttl_attribute: the table's TTL attribute is {is}, not {name}")),
        Some(_) if table.types.contains_key(name) => Some(format!(
            "ttl_attribute: {name} is a key and cannot be changed; write expiry: purge"
        )),
        Some(_) => None,
    }
}

/// An index through which records are found must hold what is decided by.
fn of_projection(dataset: &Dataset, place: &DynamoPlace, table: &Table) -> Vec<String> {
    let Some(index) = place.index.as_ref().and_then(|name| table.indexes.get(name)) else {
        return Vec::new();
    };
    let Some(holds) = &index.holds else {
        return Vec::new();
    };
    let tenant = match &dataset.tenant {
        TenantBinding::Attribute { attribute } => Some(attribute),
        TenantBinding::In { .. } | TenantBinding::Only { .. } => None,
    };
    let needed = [
        Some(&place.soft_delete.marks.id),
        place.soft_delete.ttl_attribute.as_ref(),
        dataset.written_at.as_ref().map(|written| &written.attribute),
        tenant,
    ];
    let is_key = |name: &String| {
        let keys = [Some(&index.keys.partition), index.keys.sort.as_ref()];
        let own = [Some(&table.keys.partition), table.keys.sort.as_ref()];
        keys.into_iter().chain(own).any(|key| key == Some(name))
    };
    let missing: Vec<_> = needed
        .into_iter()
        .flatten()
        .filter(|name| !holds.contains(*name) && !is_key(name))
        .collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let index = place.index.as_deref().unwrap_or_default();
    vec![format!(
        "index {index} does not hold {}; add it to the projection",
        listed(missing.into_iter())
    )]
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.map(String::as_str).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

fn letter_of(kind: KeyType) -> &'static str {
    match kind {
        KeyType::S => "S",
        KeyType::N => "N",
        KeyType::B => "B",
    }
}
