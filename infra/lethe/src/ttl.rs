//! Time to live, where a local stack's CloudFormation leaves it out.
//!
//! Both templates turn TTL on, and AWS does so; the emulator makes the tables and ignores that line. Without it nothing
//! would ever expire locally: neither a preview nor, in the demo, a swept message. So `up` makes it true, and asks first.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{TimeToLiveSpecification, TimeToLiveStatus};

use crate::stack_file::Stack;

/// Turns TTL on for every table whose template says so.
pub(crate) async fn ensure_all(client: &Client, stack: &Stack) -> Result<()> {
    for (table, attribute) in [
        (stack.output("RequestsTable")?, "ttl"),
        (stack.output("AuditTable")?, "expires_at"),
        (stack.demo_output("MessagesTable")?, "expires_at"),
    ] {
        ensure(client, table, attribute).await?;
    }
    Ok(())
}

/// Turns TTL on for one table, if it is not.
pub async fn ensure(client: &Client, table: &str, attribute: &str) -> Result<()> {
    let answer = client.describe_time_to_live().table_name(table).send().await;
    let answer = answer.with_context(|| format!("cannot look at the TTL of table {table}"))?;
    let status = answer.time_to_live_description.and_then(|ttl| ttl.time_to_live_status);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let on = TimeToLiveSpecification::builder()
        .attribute_name(attribute)
        .enabled(true)
        .build()?;
    let call = client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(on);
    call.send()
        .await
        .with_context(|| format!("cannot turn on the TTL of table {table}"))?;
    Ok(())
}
