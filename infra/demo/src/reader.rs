//! What the application shows its users: everything of a customer that is not hidden.
//!
//! This is all an application has to do to work with Lethe: ask the gate ([`shown`]), leave out items that carry the
//! mark `erasure_id`, and read its bucket as it always does. A swept item is still in the table, so that it can be
//! brought back; a swept file has a delete marker on top, which S3 itself hides. The gate hides what is not swept yet.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::{AttributeValue, Select};

use crate::gate::Gate;
use crate::scan::PageKey;
use crate::stack::{Clients, Names};
use crate::{attachments, messages, profiles};

/// What the application adds to each query.
pub(crate) const NOT_ERASED: &str = "attribute_not_exists(erasure_id)";
/// The same where the partition is shared by tenants.
const OF_TENANT_NOT_ERASED: &str = "attribute_not_exists(erasure_id) AND tenant = :tenant";

/// How much of a customer the application shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Visible {
    /// Messages.
    pub messages: u64,
    /// Profile and devices.
    pub profiles: u64,
    /// Files.
    pub attachments: u64,
}

/// Counts what the application shows of a customer: what the gate does not hide, and carries no mark.
pub async fn shown(clients: &Clients, names: &Names, gate: &Gate, (tenant, customer): (&str, &str)) -> Result<Visible> {
    let hidden = gate.hidden(tenant, &[customer]).await?;
    let unmarked = visible(clients, names, tenant, customer).await?;
    let count = |category: &str, n| match hidden.get(customer) {
        Some(categories) if categories.contains(category) => 0,
        Some(_) | None => n,
    };
    Ok(Visible {
        messages: count("conversations", unmarked.messages),
        profiles: count("profile", unmarked.profiles),
        attachments: count("attachments", unmarked.attachments),
    })
}

/// Counts what carries no mark, whatever the gate says. Reads a customer's whole partition, as a person scrolling
/// to the end would: for tens of thousands of messages on the local stack, [`crate::traces`] is the quicker way.
pub async fn visible(clients: &Clients, names: &Names, tenant: &str, customer: &str) -> Result<Visible> {
    let dynamodb = &clients.dynamodb;
    Ok(Visible {
        messages: count(
            dynamodb,
            &names.messages,
            &messages::partition_key(tenant, customer),
            None,
        )
        .await?,
        profiles: count(
            dynamodb,
            &names.profiles,
            &profiles::partition_key(customer),
            Some(tenant),
        )
        .await?,
        attachments: files(&clients.s3, &names.attachments, &attachments::prefix(tenant, customer)).await?,
    })
}

async fn count(client: &aws_sdk_dynamodb::Client, table: &str, pk: &str, tenant: Option<&str>) -> Result<u64> {
    let (mut total, mut from): (u64, PageKey) = (0, None);
    loop {
        let query = client
            .query()
            .table_name(table)
            .consistent_read(true)
            .select(Select::Count)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .filter_expression(if tenant.is_some() {
                OF_TENANT_NOT_ERASED
            } else {
                NOT_ERASED
            })
            .set_exclusive_start_key(from);
        let query = match tenant {
            Some(tenant) => query.expression_attribute_values(":tenant", AttributeValue::S(tenant.to_owned())),
            None => query,
        };
        let page = query
            .send()
            .await
            .with_context(|| format!("cannot query the table {table}"))?;
        total += u64::from(page.count().unsigned_abs());
        from = page.last_evaluated_key;
        if from.is_none() {
            return Ok(total);
        }
    }
}

async fn files(client: &aws_sdk_s3::Client, bucket: &str, prefix: &str) -> Result<u64> {
    let mut pages = client
        .list_objects_v2()
        .bucket(bucket)
        .prefix(prefix)
        .into_paginator()
        .send();
    let mut total = 0;
    while let Some(page) = pages.next().await {
        total += page
            .with_context(|| format!("cannot list the bucket {bucket}"))?
            .contents()
            .len() as u64;
    }
    Ok(total)
}
