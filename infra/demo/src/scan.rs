//! Reading everything: each item of a table or index, each version of a bucket, page by page.
//!
//! Tables are read consistently. A caller gets one item or version at a time, so a million records cost no more memory
//! than a page. One scan at a time: the local stack reads the whole table for each page of each segment, so parallel
//! segments would only make it slower.

use std::collections::HashMap;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::Item;

/// A page to continue from, as DynamoDB answers it.
pub(crate) type PageKey = Option<HashMap<String, AttributeValue>>;

/// Calls `take` for every item of a table, or of one of its indexes.
pub(crate) async fn items(
    client: &aws_sdk_dynamodb::Client,
    table: &str,
    index: Option<&str>,
    mut take: impl FnMut(&Item),
) -> Result<()> {
    let mut from: PageKey = None;
    loop {
        let scan = client.scan().table_name(table).set_index_name(index.map(str::to_owned));
        // A global index has no consistent read.
        let scan = scan.consistent_read(index.is_none()).set_exclusive_start_key(from);
        let page = scan
            .send()
            .await
            .with_context(|| format!("cannot scan the table {table}"))?;
        page.items().iter().for_each(&mut take);
        from = page.last_evaluated_key;
        if from.is_none() {
            return Ok(());
        }
    }
}

/// One version of an object, or one delete marker.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) newest: bool,
    /// ETag and size; a marker has neither.
    pub(crate) content: Option<(String, i64)>,
}

/// Calls `take` for every version and marker under `prefix`.
pub(crate) async fn versions(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    prefix: &str,
    mut take: impl FnMut(Version),
) -> Result<()> {
    let (mut key, mut version) = (None, None);
    loop {
        let page = client
            .list_object_versions()
            .bucket(bucket)
            .prefix(prefix)
            .set_key_marker(key)
            .set_version_id_marker(version)
            .send()
            .await
            .with_context(|| format!("cannot list the bucket {bucket}"))?;
        for one in page.versions() {
            let content = Some((
                one.e_tag().unwrap_or_default().to_owned(),
                one.size().unwrap_or_default(),
            ));
            take(version_of(one.key(), one.version_id(), one.is_latest(), content));
        }
        for one in page.delete_markers() {
            take(version_of(one.key(), one.version_id(), one.is_latest(), None));
        }
        if page.is_truncated() != Some(true) {
            return Ok(());
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
}

fn version_of(key: Option<&str>, id: Option<&str>, newest: Option<bool>, content: Option<(String, i64)>) -> Version {
    Version {
        key: key.unwrap_or_default().to_owned(),
        id: id.unwrap_or_default().to_owned(),
        newest: newest.unwrap_or_default(),
        content,
    }
}
