//! The application's data: enumerate one subject's records, hide them, destroy them.

use std::time::Duration;

use jiff::Timestamp;

use super::fault::Fault;
use crate::domain::data_map::Dataset;
use crate::domain::ids::{RequestId, SubjectId, Tenant};
use crate::domain::manifest::Line;
use crate::domain::outcome::LineOutcome;

/// What to enumerate.
#[derive(Clone, Debug)]
pub struct PageOrder<'a> {
    /// Where.
    pub dataset: &'a Dataset,
    /// Whose.
    pub tenant: &'a Tenant,
    /// Whose.
    pub subject: &'a SubjectId,
    /// For which request: records with another request's mark are left out.
    pub request: RequestId,
    /// Records newer than this are out of scope.
    pub cutoff: Timestamp,
    /// Where to begin; none at the start. Opaque, names people: sealed at rest by the workflow.
    pub cursor: Option<&'a str>,
    /// Stop at about this many lines (a page may be a little shorter or end early at `deadline`).
    pub limit: usize,
}

/// A page of records.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In the source's order.
    pub lines: Vec<Line>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
    /// Records newer than the cutoff, left alone.
    pub arrived_later: u64,
}

/// How many records a subject has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Counted.
    pub records: u64,
    /// Whether counting stopped before the end.
    pub at_least: bool,
}

/// Hide these records.
#[derive(Clone, Debug)]
pub struct SweepOrder<'a> {
    /// Where.
    pub dataset: &'a Dataset,
    /// Whose: the tenant binding is checked in every condition.
    pub tenant: &'a Tenant,
    /// The mark.
    pub request: RequestId,
    /// Records newer than this are left alone.
    pub cutoff: Timestamp,
    /// What the mark says of the time.
    pub now: Timestamp,
    /// TTL, seconds since 1970; none where nothing expires (no TTL, or a zero window).
    pub expires_at: Option<i64>,
    /// Which records.
    pub lines: &'a [Line],
}

/// Destroy these records.
#[derive(Clone, Debug)]
pub struct PurgeOrder<'a> {
    /// Where.
    pub dataset: &'a Dataset,
    /// Whose.
    pub tenant: &'a Tenant,
    /// The mark they must carry.
    pub request: RequestId,
    /// Which records, each with its outcome so far; only `swept` lines are touched.
    pub lines: &'a [(Line, LineOutcome)],
}

/// One place of the data map. Outcomes come one per line, in order; a throttled or unreachable source is a `Transient`
/// fault for the whole call (what was already done is found again by its mark).
pub trait Sources {
    /// The next page of one subject's records.
    async fn page(&self, order: PageOrder<'_>) -> Result<Page, Fault>;
    /// Counts for at most `patience`.
    async fn census(&self, order: PageOrder<'_>, patience: Duration) -> Result<Census, Fault>;
    /// Hides. `swept`, `already_absent`, `recreated`, `arrived_later` or `failed(code)` for each line.
    async fn sweep(&self, order: SweepOrder<'_>) -> Result<Vec<LineOutcome>, Fault>;
    /// Reads which lines carry this request's mark, changing nothing: `swept` or `untouched` for each.
    async fn inspect(&self, order: SweepOrder<'_>) -> Result<Vec<LineOutcome>, Fault>;
    /// Destroys. `purged`, `recreated` or `failed(code)` for swept lines; the others as they were.
    async fn purge(&self, order: PurgeOrder<'_>) -> Result<Vec<LineOutcome>, Fault>;
}
