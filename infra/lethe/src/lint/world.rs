//! What a data map names, as it really is: looked up once, read-only.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType, Projection, ProjectionType, TableDescription};
use aws_sdk_s3::types::BucketVersioningStatus;
use shared::domain::data_map::{DataMap, Place};

use crate::access::{TableFacts, nameable_key};

/// A table as the map needs to know it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// For the policies.
    pub(crate) facts: TableFacts,
    pub(super) keys: Keys,
    pub(super) indexes: BTreeMap<String, Index>,
    /// Type letter of each key attribute.
    pub(super) types: BTreeMap<String, String>,
    /// The TTL attribute, if TTL is on.
    pub(super) ttl: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) partition: String,
    pub(super) sort: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Index {
    pub(super) keys: Keys,
    /// Attributes it holds besides keys; none: all.
    pub(super) holds: Option<BTreeSet<String>>,
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
        let named = |role: &KeyType| {
            schema
                .iter()
                .find(|one| one.key_type() == role)
                .map(|one| one.attribute_name().to_owned())
        };
        Self {
            partition: named(&KeyType::Hash).unwrap_or_default(),
            sort: named(&KeyType::Range),
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
