//! The tables `requests` and `audit`, read whole, with their documents as plain JSON.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::app::App;

/// A row: its keys and its document.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) doc: Value,
    attributes: HashMap<String, AttributeValue>,
}

impl Row {
    /// A plain attribute as text; empty when it is missing.
    pub(super) fn attribute(&self, name: &str) -> &str {
        match self.attributes.get(name) {
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => text,
            _ => "",
        }
    }
}

/// Every row of both.
#[derive(Debug)]
pub(super) struct Tables {
    requests: Vec<Row>,
    audit: Vec<Row>,
}

/// What belongs to one request.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) request: Row,
    pub(super) plans: Vec<Row>,
    pub(super) chunks: Vec<Row>,
    /// In the order of their sequence.
    pub(super) entries: Vec<Row>,
}

impl Tables {
    pub(super) async fn read(app: &App) -> Self {
        Self {
            requests: scan(app, "RequestsTable").await,
            audit: scan(app, "AuditTable").await,
        }
    }

    /// The rows of a request.
    pub(super) fn of(&self, tenant: &str, id: &str) -> Rows {
        let partition = format!("REQ#{tenant}#{id}");
        let own = |row: &&Row| row.pk == partition;
        let starting = |word: &str| {
            self.requests
                .iter()
                .filter(own)
                .filter(|row| row.sk.starts_with(word))
                .cloned()
                .collect()
        };
        let request = self.requests.iter().filter(own).find(|row| row.sk == "REQUEST");
        let chunks = self
            .requests
            .iter()
            .filter(|row| row.pk.starts_with(&format!("{partition}#C")));
        let mut entries: Vec<_> = self
            .audit
            .iter()
            .filter(|row| row.pk == format!("AUDIT#{tenant}#{id}"))
            .cloned()
            .collect();
        entries.sort_by_key(|row| row.doc["seq"].as_u64());
        Rows {
            request: request.expect("the request's row").clone(),
            plans: starting("PLAN#"),
            chunks: chunks.cloned().collect(),
            entries,
        }
    }
}

async fn scan(app: &App, output: &str) -> Vec<Row> {
    let scan = app
        .clients
        .dynamodb()
        .scan()
        .table_name(app.output(output))
        .consistent_read(true);
    let items = scan
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await;
    let row = |attributes: HashMap<String, AttributeValue>| {
        let text = |name: &str| match attributes.get(name) {
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
            _ => String::new(),
        };
        Row {
            pk: text("pk"),
            sk: text("sk"),
            doc: serde_json::from_str(&text("doc")).unwrap_or_default(),
            attributes,
        }
    };
    items.expect("a scan").into_iter().map(row).collect()
}
