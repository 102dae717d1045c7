//! DynamoDB: one subject's items under a partition key, hidden in place by a mark ("tombstone").
//!
//! | file | what |
//! |---|---|
//! | `layout` | which attributes of a dataset matter, from the data map and the table's own description |
//! | `attribute` | between the SDK's values and a manifest's |
//! | `enumerate` | planning and verification: Query |
//! | `census` | counting for a preview |
//! | `read` | reading many keys consistently: BatchGetItem |
//! | `statement` | the PartiQL texts, pure |
//! | `batch` | BatchExecuteStatement, several in flight, each answer inspected |
//! | `sweep`, `restore`, `purge` | the operations, and what a failed condition turns out to mean |
//!
//! An item stays the application's: we add marks and a TTL, and delete only what carries our mark. The application
//! hides marked items by filtering on the mark.

mod attribute;
mod batch;
mod census;
mod enumerate;
mod layout;
mod purge;
mod read;
mod restore;
mod statement;
mod sweep;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;

/// The tables of an account.
#[derive(Clone, Debug)]
pub(super) struct Tables {
    client: Client,
    /// Key schemas by table name. A table's keys never change, so a process asks once.
    shapes: Arc<Mutex<HashMap<String, Arc<layout::Shape>>>>,
}

impl Tables {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            shapes: Arc::default(),
        }
    }
}
