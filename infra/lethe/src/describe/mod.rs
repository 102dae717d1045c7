//! What a data map names, and everything beside it, as it really is: looked up once, read-only.
//!
//! Guarantees: what may not be looked at is told as such and is no error here; only an account that does not answer at
//! all is one. Where next: `shared::domain::data_map::lint` holds the map against it.

mod bucket;
mod sample;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use shared::domain::data_map::description::{Container, Description};
use shared::domain::data_map::{DataMap, Dataset, DynamoPlace, Place};
use shared::ports::Inventory;
use shared::source::AwsInventory;

use crate::access::TableFacts;
use crate::target::Target;

/// Lethe's own tables, by the outputs of its stack.
const OWN_TABLES: [&str; 3] = ["RequestsTable", "AuditTable", "KeysTable"];
/// Its buckets, likewise.
const OWN_BUCKETS: [&str; 4] = ["ConfigBucket", "ManifestsBucket", "VaultBucket", "ExportsBucket"];

/// What was found, and what the policies need of it.
#[derive(Debug)]
pub(crate) struct Described {
    /// To hold the map against.
    pub(crate) description: Description,
    /// Of each table that is there.
    pub(crate) facts: BTreeMap<String, TableFacts>,
    /// Of each bucket under a key of its owner's.
    pub(crate) bucket_keys: BTreeMap<String, String>,
}

/// Looks at what the map names and at what there is beside a deployment.
pub(crate) async fn describe(map: &DataMap, target: &Target) -> Result<Described> {
    let (dynamodb, s3) = (target.clients.dynamodb(), target.clients.s3());
    let there = AwsInventory::new(dynamodb.clone(), s3.clone()).there().await;
    let there = there.context(
        "what there is in the account could not be listed; run this with dynamodb:ListTables and s3:ListAllMyBuckets",
    )?;
    let (mut facts, mut bucket_keys) = (BTreeMap::new(), BTreeMap::new());
    let mut description = Description {
        there,
        own: own(target),
        ..Description::default()
    };
    for name in tables(map) {
        let (look, found) = table::look(&dynamodb, name, &datasets_in(map, name)).await?;
        facts.extend(found.map(|found| (name.to_owned(), found)));
        description.tables.insert(name.to_owned(), look);
    }
    for name in buckets(map) {
        let (look, key) = bucket::look(&s3, name).await?;
        bucket_keys.extend(key.map(|key| (name.to_owned(), key)));
        description.buckets.insert(name.to_owned(), look);
    }
    Ok(Described {
        description,
        facts,
        bucket_keys,
    })
}

fn own(target: &Target) -> BTreeSet<Container> {
    let output = |name: &&str| target.outputs.get(*name).cloned();
    let tables = OWN_TABLES.iter().filter_map(output).map(Container::Table);
    tables
        .chain(OWN_BUCKETS.iter().filter_map(output).map(Container::Bucket))
        .collect()
}

fn tables(map: &DataMap) -> BTreeSet<&str> {
    let named = map.datasets.iter().filter_map(|dataset| match &dataset.place {
        Place::Dynamodb(place) => Some(place.table.as_str()),
        Place::S3(_) => None,
    });
    named.collect()
}

fn buckets(map: &DataMap) -> BTreeSet<&str> {
    let named = map.datasets.iter().filter_map(|dataset| match &dataset.place {
        Place::S3(place) => Some(place.bucket.as_str()),
        Place::Dynamodb(_) => None,
    });
    named.collect()
}

fn datasets_in<'a>(map: &'a DataMap, table: &str) -> Vec<(&'a Dataset, &'a DynamoPlace)> {
    let in_it = map.datasets.iter().filter_map(|dataset| match &dataset.place {
        Place::Dynamodb(place) if place.table == table => Some((dataset, place)),
        Place::Dynamodb(_) | Place::S3(_) => None,
    });
    in_it.collect()
}
