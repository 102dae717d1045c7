//! What is kept for a while only: previews operators looked at, and the cached recount of a job.

use super::Storage;
use super::item::{Reader, Row, key_item};
use super::keys;
use crate::domain::ids::RequestKey;
use crate::ports::{Fault, Preview, Progress};

impl Storage {
    /// Keeps a preview until its row's TTL; whether it is still fresh is the reader's to judge, TTL deletes late.
    pub(super) async fn write_preview(&self, key: &RequestKey, preview: &Preview) -> Result<(), Fault> {
        const OPERATION: &str = "keep preview";
        let Some(row) = keys::preview(key, &preview.digest) else {
            let why = "a preview's digest is 64 hexadecimal digits, lower case";
            return Err(Fault::permanent(OPERATION, "invalid", why));
        };
        let item = Row::new(row)
            .json("doc", preview)
            .number("ttl", keys::ttl(preview.expires_at));
        self.put_over(item.into_item(), OPERATION).await
    }

    /// A kept preview; none too for a text that is no digest, whatever a caller sent.
    pub(super) async fn read_preview(&self, key: &RequestKey, digest: &str) -> Result<Option<Preview>, Fault> {
        const OPERATION: &str = "read preview";
        let Some(row) = keys::preview(key, digest) else {
            return Ok(None);
        };
        let item = self.get(&self.tables.requests, key_item(row), OPERATION).await?;
        item.map(|item| Reader::new(&item, OPERATION)?.json("doc")).transpose()
    }

    /// Caches a recount.
    pub(super) async fn write_progress(&self, key: &RequestKey, progress: &Progress) -> Result<(), Fault> {
        let item = Row::new(keys::progress(key)).json("doc", progress);
        self.put_over(item.into_item(), "cache progress").await
    }

    /// The cached recount.
    pub(super) async fn read_progress(&self, key: &RequestKey) -> Result<Option<Progress>, Fault> {
        const OPERATION: &str = "read progress";
        let item = self
            .get(&self.tables.requests, key_item(keys::progress(key)), OPERATION)
            .await?;
        item.map(|item| Reader::new(&item, OPERATION)?.json("doc")).transpose()
    }
}
