//! The trail of what concerns no request: legal holds, refused submissions, readings of the trail itself.
//!
//! Entries are chained by tenant and month as a request's are by request, so that no single chain grows for ever; the
//! end of each month's chain stands in another table. The tenant's whole trail, requests' entries included, is read by
//! days.

use jiff::Timestamp;
use jiff::civil::Date;

use super::commit::RefusalTally;
use super::fault::Fault;
use crate::audit::{Entry, Head};
use crate::domain::ids::Tenant;
use crate::domain::month::Month;

/// The end of one month's chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MonthHead {
    /// Entries so far, and the hash of the last.
    pub head: Head,
    /// Refusals of the last caller refused, within a minute.
    pub refusals: Option<RefusalTally>,
    /// Counts writes; zero while there is no row.
    pub rev: u64,
}

/// One append, decided on a head that was read: the row moves and the entry is put, both or neither.
#[derive(Clone, Debug)]
pub struct Note {
    /// Whose trail.
    pub tenant: Tenant,
    /// Which month's chain.
    pub month: Month,
    /// The head as it will be; its `rev` is one more than what was read.
    pub head: MonthHead,
    /// What to put; none if a repeated refusal is only counted.
    pub entry: Option<Entry>,
    /// How long the entry is kept.
    pub kept_until: Timestamp,
}

/// Part of a day of a tenant's trail.
#[derive(Clone, Debug, PartialEq)]
pub struct DayPage {
    /// By instant.
    pub entries: Vec<Entry>,
    /// Where to go on in this day, for the store alone to read; none at its end.
    pub next: Option<String>,
}

/// Which part.
#[derive(Clone, Debug)]
pub struct DayQuery {
    /// Whose trail.
    pub tenant: Tenant,
    /// Which day, in UTC.
    pub day: Date,
    /// At or after.
    pub from: Timestamp,
    /// At or before.
    pub to: Timestamp,
    /// Where an earlier page of the day said to go on.
    pub after: Option<String>,
    /// At most.
    pub limit: u32,
}

/// Entries of no request.
pub trait Notes {
    /// The end of a month's chain; the default while it has no entry.
    async fn month_head(&self, tenant: &Tenant, month: Month) -> Result<MonthHead, Fault>;
    /// Writes a note whole, if the head still has the revision it was decided on; `false`: somebody was faster.
    async fn append(&self, note: &Note) -> Result<bool, Fault>;
    /// A month's chain, in order, from `after` (exclusive).
    async fn notes(&self, tenant: &Tenant, month: Month, after: u64, limit: u32) -> Result<Vec<Entry>, Fault>;
    /// Part of a day: requests' entries and those of no request; eventually consistent.
    async fn day(&self, query: &DayQuery) -> Result<DayPage, Fault>;
}
