//! A page of the application: the newest messages of several customers, as its users see them.
//!
//! The gate first, then the data with the filter for marks: so nothing of a person shows from the moment an erasure is
//! executed, whether their records carry marks yet or not.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::gate::Gate;
use crate::item::{Item, text};
use crate::messages;
use crate::reader::NOT_ERASED;
use crate::stack::{Clients, Names};

/// The category of messages in the data map.
const CATEGORY: &str = "conversations";

/// One message as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whose conversation.
    pub customer: String,
    /// When it was sent.
    pub sent_at: String,
    /// Who wrote it.
    pub author: String,
    /// What.
    pub text: String,
}

/// The newest messages of each of these customers, at most `each` of one.
pub async fn inbox(
    clients: &Clients,
    names: &Names,
    gate: &Gate,
    (tenant, customers): (&str, &[&str]),
    each: usize,
) -> Result<Vec<Message>> {
    let hidden = gate.hidden(tenant, customers).await?;
    let is_shown = |customer: &&&str| !hidden.get(**customer).is_some_and(|all| all.contains(CATEGORY));
    let mut shown = vec![];
    for customer in customers.iter().filter(is_shown) {
        let items = newest(clients, names, &messages::partition_key(tenant, customer), each).await?;
        shown.extend(items.iter().map(|item| message(customer, item)));
    }
    Ok(shown)
}

/// DynamoDB counts its limit before the filter, so pages are read until there are enough.
async fn newest(clients: &Clients, names: &Names, pk: &str, each: usize) -> Result<Vec<Item>> {
    let query = clients.dynamodb.query().table_name(&names.messages);
    let query = query
        .consistent_read(true)
        .scan_index_forward(false)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
        .filter_expression(NOT_ERASED);
    let mut items = query.into_paginator().items().send();
    let mut found = vec![];
    while found.len() < each
        && let Some(item) = items.next().await
    {
        found.push(item.with_context(|| format!("cannot query the table {}", names.messages))?);
    }
    Ok(found)
}

fn message(customer: &str, item: &Item) -> Message {
    let part = |name| text(item, name).unwrap_or_default().to_owned();
    Message {
        customer: customer.to_owned(),
        sent_at: part("sent_at"),
        author: part("author_name"),
        text: part("text"),
    }
}
