//! Lethe's own rows, read past the API with root's rights: for checking what the API says, and what it must not do.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use shared::audit::{Entry, Head};
use shared::domain::chunk::Chunk;

use crate::app::App;

type Item = HashMap<String, AttributeValue>;

/// The request's own partition: sort keys and items.
pub async fn request(app: &App, id: &str) -> BTreeMap<String, Item> {
    let items = partition(app, "RequestsTable", &format!("REQ#{}#{id}", app.tenant)).await;
    items
        .into_iter()
        .map(|item| (text(&item, "sk").to_owned(), item))
        .collect()
}

/// Every chunk row of the request.
pub async fn chunks(app: &App, id: &str) -> Vec<Chunk> {
    let mut chunks = vec![];
    for shard in 0..8 {
        let items = partition(app, "RequestsTable", &format!("REQ#{}#{id}#C{shard}", app.tenant)).await;
        chunks.extend(
            items
                .iter()
                .map(|item| serde_json::from_str::<Chunk>(text(item, "doc")).expect("a chunk")),
        );
    }
    chunks
}

/// The chunk rows' counts, summed by code.
pub async fn counts(app: &App, id: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for chunk in chunks(app, id).await {
        let counts = serde_json::to_value(&chunk.counts).expect("counts");
        for (code, n) in counts.as_object().expect("counts by code") {
            *sums.entry(code.clone()).or_insert(0) += n.as_u64().unwrap_or_default();
        }
    }
    sums.retain(|_, n| *n > 0);
    sums
}

/// The stored trail and the head the request's row holds.
pub async fn trail(app: &App, id: &str) -> (Vec<Entry>, Head) {
    let items = partition(app, "AuditTable", &format!("AUDIT#{}#{id}", app.tenant)).await;
    let entries = items
        .iter()
        .map(|item| serde_json::from_str(text(item, "doc")).expect("an entry"))
        .collect();
    let request = request(app, id).await;
    let row = request.get("REQUEST").expect("the request's row");
    let seq = row["audit_seq"].as_n().expect("a number").parse().expect("a number");
    (
        entries,
        Head {
            seq,
            hash: text(row, "audit_hash").to_owned(),
        },
    )
}

/// Whether the request's wrapped data key is still there.
pub async fn has_person_key(app: &App, id: &str) -> bool {
    all(app, "KeysTable")
        .await
        .iter()
        .any(|item| text(item, "pk").contains(id))
}

/// How many rows of each of Lethe's tables belong to the app's tenant.
pub async fn count(app: &App) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for table in ["RequestsTable", "AuditTable", "KeysTable"] {
        let rows = all(app, table).await;
        let ours = rows
            .iter()
            .filter(|item| text(item, "pk").split('#').any(|part| part == app.tenant));
        counts.insert(table, ours.count());
    }
    counts
}

/// A fact of the REQUEST row's document.
pub async fn facts(app: &App, id: &str) -> Value {
    let rows = request(app, id).await;
    serde_json::from_str(text(rows.get("REQUEST").expect("the request's row"), "doc")).expect("facts")
}

async fn partition(app: &App, output: &str, pk: &str) -> Vec<Item> {
    let query = app
        .clients
        .dynamodb()
        .query()
        .table_name(app.output(output))
        .consistent_read(true);
    let query = query.key_condition_expression("pk = :pk");
    let query = query.expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
    query
        .into_paginator()
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .expect("a query")
}

async fn all(app: &App, output: &str) -> Vec<Item> {
    let scan = app
        .clients
        .dynamodb()
        .scan()
        .table_name(app.output(output))
        .consistent_read(true);
    scan.into_paginator()
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .expect("a scan")
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map_or("", String::as_str)
}
