//! The yardstick: the same PartiQL updates in a bare loop, with as much concurrency, on a scratch table.

use std::time::Instant;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BatchStatementRequest, BillingMode, KeySchemaElement, KeyType, PutRequest,
    ScalarAttributeType, WriteRequest,
};
use futures::{StreamExt, TryStreamExt, stream};

/// Statements a call takes.
const BATCH: u64 = 25;
/// Calls in flight: what four workers (`MaximumConcurrency`) have together.
const IN_FLIGHT: usize = 32;
/// More records than these say nothing new.
const MOST: u64 = 10_000;

/// Records a second of the bare loop.
pub(super) async fn rate(client: &Client, records: u64) -> Result<f64> {
    let records = records.clamp(BATCH, MOST) / BATCH * BATCH;
    let table = "lethe-bare-loop";
    create(client, table).await?;
    let measured = measure(client, table, records).await;
    client
        .delete_table()
        .table_name(table)
        .send()
        .await
        .context("cannot remove the scratch table")?;
    measured
}

async fn create(client: &Client, table: &str) -> Result<()> {
    let key = |name: &str, role| KeySchemaElement::builder().attribute_name(name).key_type(role).build();
    let text = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
    };
    let create = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest);
    let create = create
        .key_schema(key("pk", KeyType::Hash)?)
        .key_schema(key("sk", KeyType::Range)?);
    let create = create
        .attribute_definitions(text("pk")?)
        .attribute_definitions(text("sk")?);
    create
        .send()
        .await
        .context("cannot make the scratch table; is one left from an interrupted demo?")?;
    Ok(())
}

async fn measure(client: &Client, table: &str, records: u64) -> Result<f64> {
    let batches = || stream::iter((0..records / BATCH).map(|batch| batch * BATCH..(batch + 1) * BATCH));
    batches()
        .map(Ok)
        .try_for_each_concurrent(IN_FLIGHT, |keys| put(client, table, keys))
        .await?;
    let started = Instant::now();
    batches()
        .map(Ok)
        .try_for_each_concurrent(IN_FLIGHT, |keys| update(client, table, keys))
        .await?;
    Ok(records as f64 / started.elapsed().as_secs_f64())
}

async fn put(client: &Client, table: &str, keys: std::ops::Range<u64>) -> Result<()> {
    let filler = AttributeValue::S("x".repeat(400));
    let writes = keys.map(|n| {
        let put = PutRequest::builder()
            .item("pk", pk())
            .item("sk", sk(n))
            .item("text", filler.clone())
            .build()?;
        Ok(WriteRequest::builder().put_request(put).build())
    });
    let writes = writes.collect::<Result<Vec<_>>>()?;
    client
        .batch_write_item()
        .request_items(table, writes)
        .send()
        .await
        .context("cannot fill the scratch table")?;
    Ok(())
}

async fn update(client: &Client, table: &str, keys: std::ops::Range<u64>) -> Result<()> {
    let statement = format!(
        r#"UPDATE "{table}" SET "erasure_id" = ? SET "erasure_deleted_at" = ? SET "expires_at" = ? WHERE "pk" = ? AND "sk" = ? AND "erasure_id" IS MISSING"#
    );
    let statements = keys.map(|n| {
        let values = [
            AttributeValue::S("bare".into()),
            AttributeValue::S("2026-01-01T00:00:00Z".into()),
            AttributeValue::N("4000000000".into()),
            pk(),
            sk(n),
        ];
        BatchStatementRequest::builder()
            .statement(&statement)
            .set_parameters(Some(values.into()))
            .build()
    });
    let statements = statements.collect::<Result<Vec<_>, _>>()?;
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
    anyhow::ensure!(failed == 0, "{failed} updates of the scratch table failed");
    Ok(())
}

fn pk() -> AttributeValue {
    AttributeValue::S("bare".into())
}

fn sk(n: u64) -> AttributeValue {
    AttributeValue::S(format!("{n:08}"))
}
