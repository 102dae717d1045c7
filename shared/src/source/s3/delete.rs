//! Deleting: DeleteObjects, 1,000 entries a call, each answer inspected.
//!
//! Guarantees: one answer per entry, in order; an entry S3 does not mention is a fault, not a success. Without a version
//! a delete puts a marker; with one it destroys. A throttled entry is a fault of the whole, so that the caller slows
//! down; after a fault, or once the gate is shut, no further call is begun. Keys that XML cannot carry go one by one in the URL.

use std::collections::HashMap;

use aws_sdk_s3::operation::delete_objects::DeleteObjectsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use futures::StreamExt as _;
use futures::stream;

use super::Buckets;
use crate::ports::{Always, Fault, Watch};
use crate::source::fault::{self, Meaning};
use crate::source::gate::Gate;

const PER_CALL: usize = 1000;
const IN_FLIGHT: usize = 4;

/// What to delete.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) key: String,
    /// This version, for good; none: put a marker.
    pub(super) version: Option<String>,
    /// Only if the current version has this ETag.
    pub(super) etag: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deleted {
    /// Done; with the marker's id where one was put.
    Done(Option<String>),
    /// The current version is another one, or there is none.
    Changed,
    /// Refused, by a stable code.
    Refused(&'static str),
}

impl Buckets {
    /// Deletes each target.
    pub(super) async fn delete(
        &self,
        operation: &'static str,
        bucket: &str,
        targets: &[Target],
    ) -> Result<Vec<Deleted>, Fault> {
        let answers = self
            .delete_while(operation, bucket, targets, &Gate::new(&Always))
            .await?;
        // Without a fault such a gate stays open: there is an answer to each.
        Ok(answers.into_iter().flatten().collect())
    }

    /// Deletes targets while the gate is open; no answer for one that was not begun.
    pub(super) async fn delete_while<W: Watch>(
        &self,
        operation: &'static str,
        bucket: &str,
        targets: &[Target],
        gate: &Gate<'_, W>,
    ) -> Result<Vec<Option<Deleted>>, Fault> {
        let calls: Vec<_> = batches(targets)
            .map(|batch| self.delete_some(operation, bucket, batch, gate))
            .collect();
        let answers: Vec<Result<Vec<Option<Deleted>>, Fault>> = stream::iter(calls).buffered(IN_FLIGHT).collect().await;
        let answers = answers.into_iter().collect::<Result<Vec<_>, Fault>>()?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn delete_some<W: Watch>(
        &self,
        operation: &'static str,
        bucket: &str,
        batch: &[Target],
        gate: &Gate<'_, W>,
    ) -> Result<Vec<Option<Deleted>>, Fault> {
        self.pacer.turn(batch.len()).await;
        if !gate.opens().await {
            return Ok(vec![None; batch.len()]);
        }
        let answers = match batch {
            [single] if !fits_xml(&single.key) => self.delete_one(operation, bucket, single).await,
            _ => self.delete_batch(operation, bucket, batch).await,
        };
        match &answers {
            Ok(answers) => self.pacer.settled(answers.len()),
            Err(_) => gate.shut(),
        }
        Ok(answers?.into_iter().map(Some).collect())
    }

    async fn delete_batch(
        &self,
        operation: &'static str,
        bucket: &str,
        batch: &[Target],
    ) -> Result<Vec<Deleted>, Fault> {
        let refused = |e| Fault::permanent(operation, "source_refused", e);
        let objects = batch
            .iter()
            .map(identifier)
            .collect::<Result<Vec<_>, _>>()
            .map_err(refused)?;
        let delete = Delete::builder().set_objects(Some(objects)).build().map_err(refused)?;
        let call = self.client.delete_objects().bucket(bucket).delete(delete);
        let answer = call.send().await.map_err(|error| {
            self.pacer.heard(fault::meaning_of(&error), batch.len());
            fault::of_sdk(operation, error)
        })?;
        for error in answer.errors() {
            let meaning = fault::of_code(error.code().unwrap_or_default());
            self.pacer.heard(meaning, 1);
        }
        read(operation, batch, &answer)
    }

    async fn delete_one(&self, operation: &'static str, bucket: &str, target: &Target) -> Result<Vec<Deleted>, Fault> {
        let call = self.client.delete_object().bucket(bucket).key(&target.key);
        let call = call
            .set_version_id(target.version.clone())
            .set_if_match(target.etag.clone());
        let answer = call.send().await;
        let code = match answer {
            Ok(answer) => {
                let marker = answer.version_id().filter(|_| target.version.is_none());
                return Ok(vec![Deleted::Done(marker.map(str::to_owned))]);
            }
            Err(error) => match error
                .as_service_error()
                .and_then(|e| e.meta().code())
                .map(str::to_owned)
            {
                Some(code) if !matches!(fault::of_code(&code), Meaning::Later | Meaning::Throttled) => code,
                _ => {
                    self.pacer.heard(fault::meaning_of(&error), 1);
                    return Err(fault::of_sdk(operation, error));
                }
            },
        };
        judge(operation, &code).map(|answer| vec![answer])
    }
}

/// Runs of targets that can travel together.
fn batches(targets: &[Target]) -> impl Iterator<Item = &[Target]> {
    targets
        .chunk_by(|a, b| fits_xml(&a.key) && fits_xml(&b.key))
        .flat_map(|run| run.chunks(PER_CALL))
}

/// XML 1.0 has no way to write these characters at all.
fn fits_xml(key: &str) -> bool {
    !key.chars()
        .any(|c| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'))
}

fn identifier(target: &Target) -> Result<ObjectIdentifier, aws_sdk_s3::error::BuildError> {
    ObjectIdentifier::builder()
        .key(&target.key)
        .set_version_id(target.version.clone())
        .set_e_tag(target.etag.clone())
        .build()
}

/// The answers in the order of the targets.
fn read(operation: &'static str, batch: &[Target], answer: &DeleteObjectsOutput) -> Result<Vec<Deleted>, Fault> {
    let mut by_target: HashMap<(&str, Option<&str>), Deleted> = HashMap::new();
    for done in answer.deleted() {
        let marker = done.delete_marker_version_id().filter(|_| done.version_id().is_none());
        let answer = Deleted::Done(marker.map(str::to_owned));
        by_target.insert((done.key().unwrap_or_default(), named(done.version_id())), answer);
    }
    for error in answer.errors() {
        let answer = judge(operation, error.code().unwrap_or_default())?;
        by_target.insert((error.key().unwrap_or_default(), named(error.version_id())), answer);
    }
    let silent = || Fault::transient(operation, "not every object was answered");
    batch
        .iter()
        .map(|target| {
            by_target
                .remove(&(target.key.as_str(), target.version.as_deref()))
                .ok_or_else(silent)
        })
        .collect()
}

/// An error about no version names an empty one.
fn named(version: Option<&str>) -> Option<&str> {
    version.filter(|id| !id.is_empty())
}

fn judge(operation: &'static str, code: &str) -> Result<Deleted, Fault> {
    match (code, fault::of_code(code)) {
        ("PreconditionFailed" | "NoSuchKey" | "ConditionalRequestConflict", _) => Ok(Deleted::Changed),
        // One object may be locked or held while its neighbours are not.
        (_, Meaning::Denied) => Ok(Deleted::Refused("access_denied")),
        (_, Meaning::Refused) => Ok(Deleted::Refused("source_refused")),
        (_, meaning) => Err(fault::of_meaning(
            operation,
            meaning,
            format!("an object answered {code}"),
        )),
    }
}

#[cfg(test)]
#[path = "delete_tests.rs"]
mod tests;
