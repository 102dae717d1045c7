//! Writes records to the stack: DynamoDB in batches of 25, S3 key by key, several calls in flight.
//!
//! Loading the same records again changes nothing: items have the same keys and attributes, and of an object only the
//! versions that are not there yet are written. An item that was tombstoned meanwhile is put back as it was.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use aws_sdk_s3::primitives::ByteStream;
use futures::{StreamExt, TryStreamExt, stream};

use crate::bundle::{Bundle, Bundles};
use crate::item::Item;
use crate::record::{Dataset, Record};
use crate::scan;
use crate::stack::{Clients, Names};

/// Enough to keep the local stack and a small table busy, few enough not to be throttled for long.
pub(crate) const IN_FLIGHT: usize = 8;
const ATTEMPTS: u32 = 10;

/// What [`load`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Items put.
    pub items: u64,
    /// Versions and markers written.
    pub versions: u64,
    /// Versions and markers that were there already.
    pub skipped: u64,
}

/// Writes all records; `progress` is told how many more are done, in the unit of
/// [`crate::Population::writes`].
pub async fn load(
    clients: &Clients,
    names: &Names,
    records: impl Iterator<Item = Record>,
    mut progress: impl FnMut(u64),
) -> Result<Loaded> {
    let there = versions_by_key(&clients.s3, &names.attachments).await?;
    let writes = stream::iter(Bundles::of(records)).map(|bundle| write(clients, names, &there, bundle));
    let mut done = pin!(writes.buffer_unordered(IN_FLIGHT));
    let mut loaded = Loaded::default();
    while let Some(part) = done.try_next().await? {
        progress(part.items + part.versions + part.skipped);
        loaded.items += part.items;
        loaded.versions += part.versions;
        loaded.skipped += part.skipped;
    }
    Ok(loaded)
}

async fn write(clients: &Clients, names: &Names, there: &HashMap<String, u64>, bundle: Bundle) -> Result<Loaded> {
    match bundle {
        Bundle::Items(items) => {
            let count = items.len() as u64;
            let puts = items.into_iter().map(|(dataset, item)| {
                let table = if dataset == Dataset::Profiles {
                    &names.profiles
                } else {
                    &names.messages
                };
                (table.clone(), item)
            });
            put_items(&clients.dynamodb, puts).await?;
            Ok(Loaded {
                items: count,
                ..Loaded::default()
            })
        }
        Bundle::Versions(key, versions) => {
            let skipped = there.get(&key).copied().unwrap_or_default().min(versions.len() as u64);
            let missing = versions.into_iter().skip(skipped as usize);
            let mut written = 0;
            for content in missing {
                put_version(&clients.s3, &names.attachments, &key, content).await?;
                written += 1;
            }
            Ok(Loaded {
                versions: written,
                skipped,
                ..Loaded::default()
            })
        }
    }
}

/// Puts up to [`crate::bundle::BATCH`] items of any tables, again and again until DynamoDB has taken all of them.
pub(crate) async fn put_items(
    client: &aws_sdk_dynamodb::Client,
    puts: impl Iterator<Item = (String, Item)>,
) -> Result<()> {
    let mut left: HashMap<String, Vec<WriteRequest>> = HashMap::new();
    for (table, item) in puts {
        let put = PutRequest::builder().set_item(Some(item)).build()?;
        left.entry(table)
            .or_default()
            .push(WriteRequest::builder().put_request(put).build());
    }
    for attempt in 0..ATTEMPTS {
        let answer = client.batch_write_item().set_request_items(Some(left)).send().await;
        left = answer
            .context("cannot write to the sample tables")?
            .unprocessed_items
            .unwrap_or_default();
        if left.is_empty() {
            return Ok(());
        }
        // The rest was throttled: the table says to come back later, which is all there is to wait for.
        tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
    }
    bail!("the sample tables refused items {ATTEMPTS} times; try again, or seed fewer records at once")
}

/// Uploads one version, or deletes the object as the application would, leaving a marker.
async fn put_version(client: &aws_sdk_s3::Client, bucket: &str, key: &str, content: Option<Vec<u8>>) -> Result<()> {
    match content {
        Some(bytes) => {
            let put = client
                .put_object()
                .bucket(bucket)
                .key(key)
                .body(ByteStream::from(bytes));
            put.send()
                .await
                .with_context(|| format!("cannot upload to the bucket {bucket}"))?;
        }
        None => {
            let delete = client.delete_object().bucket(bucket).key(key);
            delete
                .send()
                .await
                .with_context(|| format!("cannot delete in the bucket {bucket}"))?;
        }
    }
    Ok(())
}

async fn versions_by_key(client: &aws_sdk_s3::Client, bucket: &str) -> Result<HashMap<String, u64>> {
    let mut there = HashMap::new();
    scan::versions(client, bucket, "", |version| {
        *there.entry(version.key).or_insert(0) += 1
    })
    .await?;
    Ok(there)
}
