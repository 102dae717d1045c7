//! The store on DynamoDB: requests, plans, chunks, mails, holds and wrapped keys, in three tables.
//!
//! # Map
//!
//! | file | what |
//! |---|---|
//! | [`keys`] | every key string |
//! | `item`, `condition`, `transaction` | how rows are written, on what condition, several at once |
//! | `requests`, `request` | the port; the request's row and its item |
//! | `commit`, `list`, `trail`, `notes` | the one write that moves a request; its histories; its trail; the tenant's |
//! | `holds`, `previews`, `findings` | what else a decision looks at, and what it leaves behind |
//! | `work`, `outbox`, `wrapped_keys` | plans and chunks; e-mails owed; sealed data keys |
//! | `limits` | how fast each source is written to |
//! | `calls`, `error` | single calls; from the SDK's errors to faults |
//!
//! # What holds everywhere
//!
//! * Every write is conditional but the two that are only caches (previews, progress) and a finding's refresh.
//! * A conditional write that is refused, or whose answer is lost, is read back: what is there was done.
//! * Reads are consistent, except of indexes, which cannot be.
//! * Nothing personal is stored in the clear, and no fault tells a key or a value.

mod calls;
mod commit;
mod condition;
mod error;
mod findings;
mod gates;
mod holds;
mod item;
pub mod keys;
mod limits;
mod list;
mod notes;
mod outbox;
mod previews;
mod request;
mod requests;
#[cfg(test)]
mod samples;
mod trail;
mod transaction;
mod work;
mod wrapped_keys;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;

/// Names of the tables, as the deployment gave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Requests and what hangs on them.
    pub requests: String,
    /// The trail.
    pub audit: String,
    /// Wrapped data keys: no backup, no stream, so that deleting one shreds.
    pub keys: String,
}

/// The store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Storage {
    client: Client,
    tables: Arc<Tables>,
}

impl Storage {
    /// A store over these tables.
    pub fn new(client: Client, tables: Tables) -> Self {
        Self {
            client,
            tables: Arc::new(tables),
        }
    }
}
