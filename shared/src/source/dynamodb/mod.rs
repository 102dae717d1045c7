//! DynamoDB: one subject's items under a partition key, hidden in place by a mark ("tombstone"), or taken out ("vault").
//!
//! | file | what |
//! |---|---|
//! | `check` | before a plan: whether the table has the key and the TTL that the data map names |
//! | `layout` | which attributes of a dataset matter, from the data map and the table's own description |
//! | `attribute` | between the SDK's values and a manifest's |
//! | `enumerate` | planning and verification: Query |
//! | `census` | counting for a preview |
//! | `read` | reading many keys consistently: BatchGetItem |
//! | `whole`, `exact` | vault mode: whole items read, deleted as they were copied, put back |
//! | `statement` | the PartiQL texts, pure |
//! | `batch` | BatchExecuteStatement, several in flight, each answer inspected |
//! | `sweep`, `restore`, `purge` | the operations, and what a failed condition turns out to mean |
//!
//! A tombstone's item stays the application's: we add marks and a TTL, and delete only what carries our mark. The
//! application hides marked items by filtering on the mark. In vault mode an item leaves its table, exactly as it was.

mod attribute;
mod batch;
mod census;
mod check;
mod enumerate;
mod exact;
mod layout;
mod purge;
mod read;
mod restore;
mod statement;
mod sweep;
mod whole;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;

use super::pacer::Pacer;
use crate::ports::Gauge;

/// The tables of an account.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    client: Client,
    /// The same, which tries nothing again: for batches, of whose statements each is tried again by itself.
    once: Client,
    /// Key schemas by table name. A table's keys never change, so a process asks again only where a dataset does not fit.
    shapes: Arc<Mutex<HashMap<String, Arc<layout::Shape>>>>,
    pacer: Pacer,
}

impl Tables {
    pub(super) fn new(client: Client) -> Self {
        let once = client.config().to_builder().retry_config(RetryConfig::disabled());
        Self {
            once: Client::from_conf(once.build()),
            client,
            shapes: Arc::default(),
            pacer: Pacer::new(&Arc::new(Gauge::unbounded())),
        }
    }

    pub(super) fn at_pace(&self, pacer: &Pacer) -> Self {
        Self {
            pacer: pacer.clone(),
            ..self.clone()
        }
    }
}
