//! A table: its keys, indexes and TTL, by DescribeTable and DescribeTimeToLive.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndexDescription, IndexStatus, KeySchemaElement, KeyType, LocalSecondaryIndexDescription,
    Projection, ProjectionType, TableDescription,
};
use shared::domain::data_map::description::{Index, Keys, Look, Table};
use shared::domain::data_map::{Dataset, DynamoPlace};

use super::sample;
use crate::access::{TableFacts, nameable_key};

/// Looks at one table and at some records of each dataset in it.
pub(super) async fn look(
    client: &Client,
    name: &str,
    datasets: &[(&Dataset, &DynamoPlace)],
) -> Result<(Look<Table>, Option<TableFacts>)> {
    let answer = client.describe_table().table_name(name).send().await;
    let description = match answer {
        Ok(answer) => answer.table.unwrap_or_else(|| TableDescription::builder().build()),
        Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok((Look::Missing, None)),
        Err(error) if error.as_service_error().is_some() => return Ok((refused(&error), None)),
        Err(error) => bail!("DynamoDB does not answer: {}", DisplayErrorContext(&error)),
    };
    let answer = client.describe_time_to_live().table_name(name).send().await;
    let ttl = match answer {
        Ok(answer) => answer.time_to_live_description,
        Err(error) if error.as_service_error().is_some() => return Ok((refused(&error), None)),
        Err(error) => bail!("DynamoDB does not answer: {}", DisplayErrorContext(&error)),
    };
    let on = |status: &str| status == "ENABLED" || status == "ENABLING";
    let ttl = ttl.filter(|ttl| ttl.time_to_live_status().is_some_and(|status| on(status.as_str())));
    let mut table = read(&description, ttl.and_then(|ttl| ttl.attribute_name));
    table.samples = sample::take(client, &table, datasets).await;
    let kms = description.sse_description().and_then(|sse| sse.kms_master_key_arn());
    let facts = TableFacts {
        arn: description.table_arn().unwrap_or_default().to_owned(),
        kms_key: nameable_key(kms),
    };
    Ok((Look::Found(table), Some(facts)))
}

fn refused<T>(error: &impl ProvideErrorMetadata) -> Look<T> {
    Look::Refused(error.code().unwrap_or("it was refused").to_owned())
}

fn read(description: &TableDescription, ttl: Option<String>) -> Table {
    let types = description.attribute_definitions().iter();
    let types = types.map(|one| {
        (
            one.attribute_name().to_owned(),
            one.attribute_type().as_str().to_owned(),
        )
    });
    let global = description.global_secondary_indexes().iter();
    let global = global.map(|index| (index.index_name().unwrap_or_default().to_owned(), global_index(index)));
    let local = description.local_secondary_indexes().iter();
    let local = local.map(|index| (index.index_name().unwrap_or_default().to_owned(), local_index(index)));
    Table {
        status: description
            .table_status()
            .map_or("ACTIVE", |status| status.as_str())
            .to_owned(),
        keys: keys(description.key_schema()),
        types: types.collect(),
        indexes: global.chain(local).collect(),
        ttl,
        items: counted(description.item_count()),
        samples: std::collections::BTreeMap::new(),
    }
}

fn global_index(index: &GlobalSecondaryIndexDescription) -> Index {
    let active = index.index_status().is_none_or(|status| *status == IndexStatus::Active);
    Index {
        keys: keys(index.key_schema()),
        holds: holds(index.projection()),
        ready: active && index.backfilling() != Some(true),
        items: counted(index.item_count()),
    }
}

fn local_index(index: &LocalSecondaryIndexDescription) -> Index {
    Index {
        keys: keys(index.key_schema()),
        holds: holds(index.projection()),
        ready: true,
        items: counted(index.item_count()),
    }
}

fn counted(items: Option<i64>) -> u64 {
    items.and_then(|items| u64::try_from(items).ok()).unwrap_or(0)
}

fn keys(schema: &[KeySchemaElement]) -> Keys {
    let named = |role: &KeyType| {
        let element = schema.iter().find(|one| one.key_type() == role);
        element.map(|one| one.attribute_name().to_owned())
    };
    Keys {
        partition: named(&KeyType::Hash).unwrap_or_default(),
        sort: named(&KeyType::Range),
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
