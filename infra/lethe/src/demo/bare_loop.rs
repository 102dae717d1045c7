//! The yardstick: the same PartiQL updates of the same items in a bare loop, with as much concurrency.
//!
//! It runs on a scratch table of the same shape as the sample's `messages` (keys and index), filled with the very
//! messages the demo is about to erase, and removed afterwards. It plans nothing, leases nothing and accounts for
//! nothing: that is what the demo's ratio shows the price of.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementRequest, BillingMode, GlobalSecondaryIndex, PutRequest, WriteRequest,
};
use demo::item::{Item, from_json};
use demo::{Body, Customer, Dataset};
use futures::{StreamExt, TryStreamExt, stream};

/// Statements a call takes.
const BATCH: usize = 25;
/// Calls in flight: what four workers (`MaximumConcurrency`) have together.
const IN_FLIGHT: usize = 32;
const TABLE: &str = "lethe-bare-loop";

/// Records a second of the bare loop over the customer's messages.
pub(super) async fn rate(client: &Client, messages_table: &str, customer: &Customer) -> Result<f64> {
    create_like(client, messages_table).await?;
    let measured = measure(client, customer).await;
    let removed = client.delete_table().table_name(TABLE).send().await;
    removed.context("cannot remove the scratch table")?;
    measured
}

async fn create_like(client: &Client, table: &str) -> Result<()> {
    let described = client.describe_table().table_name(table).send().await;
    let model = described
        .context("cannot look at the sample's messages")?
        .table
        .context("no such table")?;
    let indexes = model.global_secondary_indexes().iter().map(|index| {
        let copy = GlobalSecondaryIndex::builder().set_index_name(index.index_name.clone());
        copy.set_key_schema(index.key_schema.clone())
            .set_projection(index.projection.clone())
            .build()
    });
    let create = client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(model.attribute_definitions.clone())
        .set_key_schema(model.key_schema.clone())
        .set_global_secondary_indexes(Some(indexes.collect::<Result<_, _>>()?));
    create
        .send()
        .await
        .context("cannot make the scratch table; is one left from an interrupted demo?")?;
    Ok(())
}

async fn measure(client: &Client, customer: &Customer) -> Result<f64> {
    let items: Vec<Item> = messages(customer).collect();
    let batches = || stream::iter(items.chunks(BATCH)).map(Ok);
    batches()
        .try_for_each_concurrent(IN_FLIGHT, |items| put(client, items))
        .await?;
    let started = Instant::now();
    batches()
        .try_for_each_concurrent(IN_FLIGHT, |items| update(client, items))
        .await?;
    Ok(items.len() as f64 / started.elapsed().as_secs_f64())
}

fn messages(customer: &Customer) -> impl Iterator<Item = Item> {
    customer
        .records(demo::population::EPOCH)
        .filter_map(|record| match (record.dataset, record.body) {
            (Dataset::Messages, Body::Item(item)) => Some(from_json(item)),
            _ => None,
        })
}

async fn put(client: &Client, items: &[Item]) -> Result<()> {
    let writes = items.iter().map(|item| {
        let put = PutRequest::builder().set_item(Some(item.clone())).build()?;
        Ok(WriteRequest::builder().put_request(put).build())
    });
    let writes = writes.collect::<Result<Vec<_>>>()?;
    let answer = client.batch_write_item().request_items(TABLE, writes).send().await;
    let left = answer
        .context("cannot fill the scratch table")?
        .unprocessed_items
        .unwrap_or_default();
    ensure!(
        left.is_empty(),
        "the scratch table is throttled; run the demo on an idle stack"
    );
    Ok(())
}

async fn update(client: &Client, items: &[Item]) -> Result<()> {
    let statement = format!(
        "UPDATE \"{TABLE}\" SET \"erasure_id\" = ? SET \"erasure_deleted_at\" = ? SET \"expires_at\" = ? \
         WHERE \"pk\" = ? AND \"sk\" = ? AND \"erasure_id\" IS MISSING AND \"erasure_deleted_at\" IS MISSING"
    );
    let statements = items.iter().map(|item| {
        let key = |name: &str| {
            item.get(name)
                .cloned()
                .with_context(|| format!("a message without {name}"))
        };
        let values = vec![
            AttributeValue::S("bare".into()),
            AttributeValue::S("2026-01-01T00:00:00Z".into()),
            AttributeValue::N("4000000000".into()),
            key("pk")?,
            key("sk")?,
        ];
        Ok(BatchStatementRequest::builder()
            .statement(&statement)
            .set_parameters(Some(values))
            .build()?)
    });
    let statements = statements.collect::<Result<Vec<_>>>()?;
    let answer = client
        .batch_execute_statement()
        .set_statements(Some(statements))
        .send()
        .await;
    let answer = answer.context("the scratch table refused the updates")?;
    let failed = answer
        .responses()
        .iter()
        .filter(|response| response.error().is_some())
        .count();
    ensure!(failed == 0, "{failed} updates of the scratch table failed");
    Ok(())
}
