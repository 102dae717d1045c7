//! What is wrong with a data map, as far as its tables and buckets tell.
//!
//! The structure is `shared::domain::data_map`'s to judge; here every dataset is held against what it names: does the
//! table exist, has it that key, index and TTL attribute, does the bucket keep versions. Every mistake is listed, with
//! the remedy. Looking things up and judging are kept apart, so the judgement can be tested.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType as Role, Projection, ProjectionType, TableDescription};
use aws_sdk_s3::types::BucketVersioningStatus;
use shared::domain::data_map::{DataMap, Dataset, DynamoPlace, Expiry, KeyType, Place, TenantBinding};

use crate::access::{TableFacts, nameable_key};

/// A table as the map needs to know it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// For the policies.
    pub(crate) facts: TableFacts,
    keys: Keys,
    indexes: BTreeMap<String, Index>,
    /// Type letter of each key attribute.
    types: BTreeMap<String, String>,
    /// The TTL attribute, if TTL is on.
    ttl: Option<String>,
}

#[derive(Debug, Clone)]
struct Keys {
    partition: String,
    sort: Option<String>,
}

#[derive(Debug, Clone)]
struct Index {
    keys: Keys,
    /// Attributes it holds besides keys; none: all.
    holds: Option<BTreeSet<String>>,
}

/// Everything the map names, as it is; none: it does not exist.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// Tables by name.
    pub(crate) tables: BTreeMap<String, Option<Table>>,
    /// Buckets by name: whether they keep versions.
    pub(crate) buckets: BTreeMap<String, Option<bool>>,
}

/// Looks up what the map names.
pub(crate) async fn look(map: &DataMap, dynamodb: &aws_sdk_dynamodb::Client, s3: &aws_sdk_s3::Client) -> Result<World> {
    let mut world = World::default();
    for dataset in &map.datasets {
        let name = dataset.container().to_owned();
        match &dataset.place {
            Place::Dynamodb(_) if !world.tables.contains_key(&name) => {
                let found = table(dynamodb, &name).await?;
                world.tables.insert(name, found);
            }
            Place::S3(_) if !world.buckets.contains_key(&name) => {
                let found = bucket(s3, &name).await?;
                world.buckets.insert(name, found);
            }
            Place::Dynamodb(_) | Place::S3(_) => {}
        }
    }
    Ok(world)
}

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

async fn table(client: &aws_sdk_dynamodb::Client, name: &str) -> Result<Option<Table>> {
    let answer = client.describe_table().table_name(name).send().await;
    let description = match answer {
        Ok(answer) => answer.table,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|why| why.is_resource_not_found_exception()) =>
        {
            None
        }
        Err(error) => bail!("cannot look at table {name}: {}", DisplayErrorContext(&error)),
    };
    let Some(description) = description else {
        return Ok(None);
    };
    let ttl = client.describe_time_to_live().table_name(name).send().await;
    let ttl = match ttl {
        Ok(answer) => answer.time_to_live_description,
        Err(error) => bail!(
            "cannot look at the TTL of table {name}: {}",
            DisplayErrorContext(&error)
        ),
    };
    let on = |status: &str| status == "ENABLED" || status == "ENABLING";
    let ttl = ttl.filter(|ttl| ttl.time_to_live_status().is_some_and(|status| on(status.as_str())));
    Ok(Some(Table::read(&description, ttl.and_then(|ttl| ttl.attribute_name))))
}

/// Whether a bucket keeps versions; none if there is no such bucket for us.
async fn bucket(client: &aws_sdk_s3::Client, name: &str) -> Result<Option<bool>> {
    match client.get_bucket_versioning().bucket(name).send().await {
        Ok(answer) => Ok(Some(answer.status() == Some(&BucketVersioningStatus::Enabled))),
        Err(error)
            if error
                .code()
                .is_some_and(|code| code == "NoSuchBucket" || code == "AccessDenied") =>
        {
            Ok(None)
        }
        Err(error) => bail!("cannot look at bucket {name}: {}", DisplayErrorContext(&error)),
    }
}

impl Table {
    pub(crate) fn read(description: &TableDescription, ttl: Option<String>) -> Self {
        let global = description.global_secondary_indexes().iter();
        let global = global.map(|index| (index.index_name(), index.key_schema(), index.projection()));
        let local = description.local_secondary_indexes().iter();
        let local = local.map(|index| (index.index_name(), index.key_schema(), index.projection()));
        let index = |(name, schema, projection): (Option<&str>, &[KeySchemaElement], Option<&Projection>)| {
            let index = Index {
                keys: Keys::read(schema),
                holds: holds(projection),
            };
            (name.unwrap_or_default().to_owned(), index)
        };
        let types = description.attribute_definitions().iter();
        let types = types.map(|one| {
            (
                one.attribute_name().to_owned(),
                one.attribute_type().as_str().to_owned(),
            )
        });
        let kms = description.sse_description().and_then(|sse| sse.kms_master_key_arn());
        Self {
            facts: TableFacts {
                arn: description.table_arn().unwrap_or_default().to_owned(),
                kms_key: nameable_key(kms),
            },
            keys: Keys::read(description.key_schema()),
            indexes: global.chain(local).map(index).collect(),
            types: types.collect(),
            ttl,
        }
    }
}

impl Keys {
    fn read(schema: &[KeySchemaElement]) -> Self {
        let named = |role: &Role| {
            schema
                .iter()
                .find(|one| one.key_type() == role)
                .map(|one| one.attribute_name().to_owned())
        };
        Self {
            partition: named(&Role::Hash).unwrap_or_default(),
            sort: named(&Role::Range),
        }
    }
}

/// What an index holds besides keys; none: everything.
fn holds(projection: Option<&Projection>) -> Option<BTreeSet<String>> {
    let projection = projection?;
    match projection.projection_type() {
        Some(ProjectionType::KeysOnly) => Some(BTreeSet::new()),
        Some(ProjectionType::Include) => Some(projection.non_key_attributes().iter().cloned().collect()),
        _ => None,
    }
}
