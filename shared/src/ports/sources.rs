//! The application's data: enumerate one subject's records, hide them, bring them back, destroy them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::fault::Fault;
use super::gauge::Gauge;
use crate::domain::data_map::Dataset;
use crate::domain::ids::{RequestId, SubjectId, Tenant};
use crate::domain::manifest::Line;
use crate::domain::outcome::{Code, LineOutcome};

/// What to enumerate.
#[derive(Clone, Debug)]
pub struct PageOrder<'a> {
    /// Where.
    pub dataset: &'a Dataset,
    /// Whose.
    pub tenant: &'a Tenant,
    /// Whose.
    pub subject: &'a SubjectId,
    /// For which request: records with another request's mark are left out, unless `hidden_too`.
    pub request: RequestId,
    /// For an export: what a deletion hides is listed as well, items with another request's mark and, of an object
    /// below a delete marker, its newest version that is no delete marker.
    pub hidden_too: bool,
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
    /// Whether an attempt before this one may have hidden some of the records already. A delete marker found at the
    /// first look of a first attempt is not ours: the application deleted that object itself.
    pub again: bool,
    /// Which records.
    pub lines: &'a [Line],
}

/// Asked while an order is carried out. Who waits for the answer has nothing of its own under way yet.
pub trait Watch {
    /// Whether the work is still wanted; asked before each group of statements. Once it is not, no further group is
    /// begun, while those under way are awaited and counted.
    async fn wanted(&self) -> bool;
}

/// Wanted for ever.
#[derive(Clone, Copy, Debug)]
pub struct Always;

impl Watch for Always {
    async fn wanted(&self) -> bool {
        true
    }
}

/// Bring these records back.
#[derive(Clone, Debug)]
pub struct RestoreOrder<'a> {
    /// Where.
    pub dataset: &'a Dataset,
    /// Whose: the tenant binding is checked in every condition.
    pub tenant: &'a Tenant,
    /// The mark they must carry.
    pub request: RequestId,
    /// Which records, each with its outcome so far; only `swept` lines are touched.
    pub lines: &'a [(Line, LineOutcome)],
    /// Only the lines with these numbers; none: all of them.
    pub chosen: Option<&'a [u32]>,
}

impl RestoreOrder<'_> {
    /// The places of the lines to bring back: swept, and chosen.
    pub fn open(&self) -> impl Iterator<Item = usize> {
        let chosen = |at: &u32| self.chosen.is_none_or(|chosen| chosen.contains(at));
        (0..)
            .zip(self.lines)
            .zip(0..)
            .filter(move |((n, (_, outcome)), _)| outcome.code == Code::Swept && chosen(n))
            .map(|(_, at)| at)
    }
}

/// Take the expiry off these records and keep them hidden.
#[derive(Clone, Debug)]
pub struct StripOrder<'a> {
    /// Where.
    pub dataset: &'a Dataset,
    /// Whose: the tenant binding is checked in every condition.
    pub tenant: &'a Tenant,
    /// The mark they must carry.
    pub request: RequestId,
    /// Which records, each with its outcome so far; only `swept` lines are touched.
    pub lines: &'a [(Line, LineOutcome)],
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
    /// The same places, at a pace: writes keep to the gauge's rate, those that are throttled are tried again as long as
    /// it has patience, and it counts them.
    fn at_pace(&self, gauge: &Arc<Gauge>) -> Self
    where
        Self: Sized;
    /// Looks whether the place is as the data map has it, before anything of it is planned: there, with the key that
    /// locates a subject, and with `expires` with its TTL on for the attribute that a sweep sets. What is not so is a
    /// `Permanent` fault: `source_gone`, `key_differs`, `ttl_differs`, `not_versioned`.
    async fn check(&self, dataset: &Dataset, expires: bool) -> Result<(), Fault>;
    /// The next page of one subject's records.
    async fn page(&self, order: PageOrder<'_>) -> Result<Page, Fault>;
    /// Counts for at most `patience`.
    async fn census(&self, order: PageOrder<'_>, patience: Duration) -> Result<Census, Fault>;
    /// Hides. `swept`, `already_absent`, `recreated`, `arrived_later` or `failed(code)` for each line; `untouched` for
    /// those not reached before `watch` ended the work.
    async fn sweep(&self, order: SweepOrder<'_>, watch: &impl Watch) -> Result<Vec<LineOutcome>, Fault>;
    /// Reads which lines carry this request's mark, changing nothing: `swept` or `untouched` for each.
    async fn inspect(&self, order: SweepOrder<'_>) -> Result<Vec<LineOutcome>, Fault>;
    /// Destroys. `purged`, `recreated` or `failed(code)` for swept lines; the others as they were.
    async fn purge(&self, order: PurgeOrder<'_>) -> Result<Vec<LineOutcome>, Fault>;
    /// Brings back. For swept, chosen lines `restored`, or why not: `purged(gone)`, `recreated(overwritten)`,
    /// `failed(code)`; `restored(deleted_by_application)` is free of us and stays hidden, since the application deleted
    /// it itself. The others as they were.
    async fn restore(&self, order: RestoreOrder<'_>) -> Result<Vec<LineOutcome>, Fault>;
    /// Takes the expiry off, so that nothing but a purge destroys. Swept lines stay `swept` and hidden, or turn out to be
    /// `purged(gone)`, `recreated(overwritten)` or `failed(code)`; the others as they were.
    async fn strip(&self, order: StripOrder<'_>) -> Result<Vec<LineOutcome>, Fault>;
}
