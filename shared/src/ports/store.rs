//! The store: requests, plans, chunks, mails, keys. Reads are consistent unless they say otherwise.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::commit::{Commit, Committed, RequestRow};
use super::fault::Fault;
use super::sealer::{KeyName, WrappedKey};
use crate::audit::Entry;
use crate::domain::chunk::{Chunk, ChunkId};
use crate::domain::finding::Finding;
use crate::domain::gate::{Gate, GateId};
use crate::domain::hold::HoldHead;
use crate::domain::ids::{DatasetId, Ref, RequestId, RequestKey, Tenant};
use crate::domain::job::Plan;
use crate::domain::outbox::Mail;
use crate::domain::outcome::Counts;
use crate::domain::pace::Breaker;
use crate::domain::package::Assembly;
use crate::domain::request::{Kind, Status};
use crate::domain::restore::Restore;

/// An idempotency key and what it stood for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Whose key (a caller's reference).
    pub caller_ref: Ref,
    /// SHA-256 of the key, hexadecimal.
    pub key_hash: String,
    /// Keyed hash of the body.
    pub body_ref: Ref,
    /// The request it made.
    pub request: RequestId,
    /// Forgotten after this instant (24 hours).
    pub expires_at: Timestamp,
}

/// A preview an operator looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// What it says, as a digest.
    pub digest: String,
    /// Not good for an execution after this instant (15 minutes).
    pub expires_at: Timestamp,
    /// Records counted.
    pub total: u64,
    /// Whether counting stopped early.
    pub at_least: bool,
}

/// One measurement of progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// Records processed by then.
    pub processed: u64,
}

/// How fast a dataset is written to, as its limit has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetPace {
    /// Which dataset.
    pub dataset: DatasetId,
    /// Records a second now.
    pub rate: u32,
    /// Records a second it may become.
    pub limit: u32,
    /// Writes its source has throttled of late.
    pub throttled: u64,
    /// Whether its source is tried at all.
    pub breaker: Breaker,
    /// Its records that nothing was done to yet.
    pub untouched: u64,
}

/// The cached recount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Format version, 1.
    pub v: u32,
    /// When it was counted.
    pub at: Timestamp,
    /// The request's version then; rows written before this field have none that matches.
    #[serde(default)]
    pub version: u64,
    /// Whether `planned` is final for its generation.
    pub plan_complete: bool,
    /// Records planned.
    pub planned: u64,
    /// By outcome.
    pub counts: Counts,
    /// Up to four, oldest first.
    pub samples: Vec<Sample>,
    /// Of each dataset that was written to; rows written before this field have none.
    #[serde(default)]
    pub pace: Vec<DatasetPace>,
    /// Highest percent ever shown: it never falls.
    pub percent: u8,
}

/// Rows of an index that one page may read, over all partitions: under ten read units, whatever the filters.
pub const LIST_READS: u32 = 150;

/// Which requests to list.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// Whose.
    pub tenant: Tenant,
    /// By which index.
    pub scope: ListScope,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only these statuses; empty: any. Not with [`ListScope::Found`], whose rows know none.
    pub statuses: Vec<Status>,
    /// Only this subject's; with [`ListScope::Found`] alone.
    pub subject: Option<Ref>,
    /// Submitted at or after.
    pub from: Option<Timestamp>,
    /// Submitted at or before.
    pub to: Option<Timestamp>,
    /// At most.
    pub limit: u32,
    /// Rows that may be read for it, at least two a partition.
    pub reads: u32,
    /// Where the page begins: the sort key of the last item seen.
    pub after: Option<String>,
}

/// Whose requests, or in which statuses.
#[derive(Clone, Debug)]
pub enum ListScope {
    /// All of the tenant.
    Tenant,
    /// In any of these statuses (merged, newest first).
    Statuses(Vec<Status>),
    /// Of one subject.
    Subject(Ref),
    /// Found by this hash of a word or an e-mail address.
    Found(Ref),
}

/// One row of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which request.
    pub id: RequestId,
    /// Its status by the index (which lags); none where it is found by a hash.
    pub status: Option<Status>,
    /// The index's sort key: instant and id.
    pub at: String,
}

/// A page of an index: newest first; may be short and still have more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage {
    /// The rows.
    pub items: Vec<Listed>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
    /// Rows that were read for it.
    pub read: u32,
}

/// Requests and what hangs on them.
pub trait Requests {
    /// The row.
    async fn request(&self, key: &RequestKey) -> Result<Option<RequestRow>, Fault>;
    /// All of it, or nothing. After an unclear answer the row is read back: a commit that is there succeeded.
    async fn commit(&self, commit: &Commit) -> Result<Committed, Fault>;
    /// A page of an index; eventually consistent.
    async fn list(&self, query: &ListQuery) -> Result<ListPage, Fault>;
    /// What an idempotency key stood for.
    async fn remembered(&self, tenant: &Tenant, caller_ref: &Ref, key_hash: &str)
    -> Result<Option<Idempotency>, Fault>;
    /// Keeps a preview for 15 minutes.
    async fn keep_preview(&self, key: &RequestKey, preview: &Preview) -> Result<(), Fault>;
    /// A kept preview.
    async fn preview(&self, key: &RequestKey, digest: &str) -> Result<Option<Preview>, Fault>;
    /// The subject's holds.
    async fn holds(&self, tenant: &Tenant, subject_ref: &Ref) -> Result<HoldHead, Fault>;
    /// What is hidden of a subject, and by whom; open if there is no row.
    async fn gate(&self, tenant: &Tenant, id: &GateId) -> Result<Gate, Fault>;
    /// Requests whose instant has come, of one of eight shards; eventually consistent, earliest first.
    async fn due(&self, shard: u8, now: Timestamp, limit: u32) -> Result<Vec<RequestKey>, Fault>;
    /// Moves the wake-up, if the row still has this version, sequence and wake-up; `false` if it moved.
    async fn rewake(&self, row: &RequestRow, wake_at: Option<Timestamp>) -> Result<bool, Fault>;
    /// The trail, in order, from `after` (exclusive).
    async fn trail(&self, key: &RequestKey, after: u64, limit: u32) -> Result<Vec<Entry>, Fault>;
    /// Open findings.
    async fn findings(&self, key: &RequestKey) -> Result<Vec<Finding>, Fault>;
    /// Puts or refreshes a finding (same chunk and code: the same row).
    async fn put_finding(&self, key: &RequestKey, finding: &Finding) -> Result<(), Fault>;
    /// The cached recount.
    async fn progress(&self, key: &RequestKey) -> Result<Option<Progress>, Fault>;
    /// Caches a recount; the last writer wins, it is only a cache.
    async fn put_progress(&self, key: &RequestKey, progress: &Progress) -> Result<(), Fault>;
}

/// Plans and chunks.
pub trait Work {
    /// Every plan row of a request.
    async fn plans(&self, key: &RequestKey) -> Result<Vec<Plan>, Fault>;
    /// One plan row.
    async fn plan(&self, key: &RequestKey, dataset: &DatasetId, generation: u8) -> Result<Option<Plan>, Fault>;
    /// One transaction: the chunks (each only if absent, at most 99) and the plan row if it still has `before.rev`.
    /// `false`: another planner was faster; nothing is written.
    async fn commit_page(&self, key: &RequestKey, before: &Plan, after: &Plan, chunks: &[Chunk])
    -> Result<bool, Fault>;
    /// One chunk row.
    async fn chunk(&self, key: &RequestKey, id: &ChunkId) -> Result<Option<Chunk>, Fault>;
    /// Every chunk row of a request, over its eight partitions.
    async fn chunks(&self, key: &RequestKey) -> Result<Vec<Chunk>, Fault>;
    /// Writes `after` if the row still has `before_rev`. A failed condition is read back: a row equal to `after` is ours.
    async fn swap_chunk(&self, key: &RequestKey, before_rev: u64, after: &Chunk) -> Result<bool, Fault>;
    /// One restoration.
    async fn restore(&self, key: &RequestKey, n: u32) -> Result<Option<Restore>, Fault>;
    /// The row by which an export's package is written; none before there is anything to write.
    async fn assembly(&self, key: &RequestKey) -> Result<Option<Assembly>, Fault>;
    /// Writes `after` if the row still has `before_rev`. A failed condition is read back, as for chunks.
    async fn swap_assembly(&self, key: &RequestKey, before_rev: u64, after: &Assembly) -> Result<bool, Fault>;
}

/// Mails owed.
pub trait Outbox {
    /// Every mail of a request.
    async fn mails(&self, key: &RequestKey) -> Result<Vec<Mail>, Fault>;
    /// One mail.
    async fn mail(&self, key: &RequestKey, n: u32) -> Result<Option<Mail>, Fault>;
    /// Writes `after` if the row still has `before_rev`.
    async fn swap_mail(&self, key: &RequestKey, before_rev: u64, after: &Mail) -> Result<bool, Fault>;
    /// One transaction: deletes mail `old` if it still has `old.rev`, puts `new`; a fresh insert wakes `notification`.
    async fn reinsert_mail(&self, key: &RequestKey, old: &Mail, new: &Mail) -> Result<bool, Fault>;
}

/// Wrapped data keys.
pub trait Keys {
    /// The wrapped key; none when it was never made or is shredded.
    async fn wrapped(&self, name: &KeyName) -> Result<Option<WrappedKey>, Fault>;
    /// Puts it if absent; answers the one that is there afterwards.
    async fn keep_key(&self, name: &KeyName, wrapped: &WrappedKey) -> Result<WrappedKey, Fault>;
}
