//! S3: one subject's objects under a prefix of a versioned bucket, hidden by delete markers.
//!
//! What is planned is a key at its newest version at the cutoff, P (a version, or a delete marker of the
//! application's: older versions below it still hold personal data). From there, for each key:
//!
//! | found when sweeping | done | outcome |
//! |---|---|---|
//! | P is the newest, a version | a delete marker, on condition that P's ETag is still current | `swept`, with the marker's id |
//! | P is the newest, a marker | nothing: the application hid it | `swept` |
//! | the newest is a marker, P the newest version | nothing: the marker is ours (an attempt before a crash) | `swept`, with its id |
//! | the same, and no attempt was made before | nothing: the application deleted it after the plan | `swept` |
//! | the application wrote a version after P | nothing: the new one is not ours to hide, P is not current | `swept` |
//! | P is gone | nothing: what is left of the key, verification finds | `already_absent` |
//!
//! Purge destroys P and every older version, then our marker; versions newer than P stay, and what hides them stays.
//! So the application's newer file lives on and the planned ones are gone all the same.
//!
//! Restore takes our marker off, and no other: see the table in `restore`.
//!
//! LastModified has whole seconds (on AWS): what was written in the second of the cutoff counts as before it. Where
//! order matters it is therefore never taken from LastModified alone, but from the listing's own order of versions.
//!
//! | file | what |
//! |---|---|
//! | `history` | one key's versions and markers, folded from listing pages; pure |
//! | `listing`, `walk` | ListObjectVersions: one call; all of a prefix, or the keys of a chunk |
//! | `enumerate` | planning, verification, counting |
//! | `originals` | what an export reads: a version, in ranges |
//! | `delete` | DeleteObjects, each answer inspected |
//! | `sweep`, `restore`, `purge` | the operations, with their decisions as pure functions |

mod delete;
mod enumerate;
mod history;
mod listing;
mod originals;
mod purge;
mod restore;
mod sweep;
mod walk;

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::BucketVersioningStatus;

use super::fault;
use super::pacer::Pacer;
use crate::domain::data_map::S3Place;
use crate::domain::manifest::Line;
use crate::ports::{Fault, Gauge};

const VERSIONING: &str = "reading a bucket's versioning";

/// The buckets of an account.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    client: Client,
    pacer: Pacer,
}

impl Buckets {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            pacer: Pacer::new(&Arc::new(Gauge::unbounded())),
        }
    }

    pub(super) fn at_pace(&self, pacer: &Pacer) -> Self {
        let (client, pacer) = (self.client.clone(), pacer.clone());
        Self { client, pacer }
    }

    /// The bucket is there and keeps versions.
    pub(in crate::source) async fn check(&self, place: &S3Place) -> Result<(), Fault> {
        self.demand_versioning(&place.bucket).await
    }

    /// Without versioning a delete is final and a marker hides nothing; asked anew each time, since a bucket's owner
    /// can suspend it between plan and sweep.
    async fn demand_versioning(&self, bucket: &str) -> Result<(), Fault> {
        let answer = self.client.get_bucket_versioning().bucket(bucket).send().await;
        match answer.map_err(|e| fault::of_sdk(VERSIONING, e))?.status() {
            Some(BucketVersioningStatus::Enabled) => Ok(()),
            _ => Err(Fault::permanent(
                VERSIONING,
                "not_versioned",
                "switch the bucket's versioning on",
            )),
        }
    }
}

/// A line as this source reads it.
struct Planned<'l> {
    key: &'l str,
    version: &'l str,
    was_deleted: bool,
}

fn planned<'l>(operation: &'static str, line: &'l Line) -> Result<Planned<'l>, Fault> {
    match line {
        Line::Object {
            key,
            version,
            was_deleted,
            modified: _,
        } => Ok(Planned {
            key,
            version,
            was_deleted: *was_deleted,
        }),
        Line::Item { .. } => Err(fault::foreign_line(operation)),
    }
}
