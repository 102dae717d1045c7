//! The rows, as they are. Oracles read them; only the store writes them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::index::Projection;
use crate::audit::Entry;
use crate::domain::chunk::{Chunk, ChunkId};
use crate::domain::finding::{About, Finding};
use crate::domain::gate::{Gate, GateId};
use crate::domain::hold::{Hold, HoldHead};
use crate::domain::ids::{Category, DatasetId, HoldId, Ref, RequestId, RequestKey, Tenant};
use crate::domain::job::Plan;
use crate::domain::month::Month;
use crate::domain::outbox::Mail;
use crate::domain::pace::{Bounded, Limit};
use crate::domain::package::Assembly;
use crate::domain::request::Kind;
use crate::domain::restore::Restore;
use crate::ports::{HoldRow, Idempotency, MonthHead, Preview, Progress, RequestRow, WrappedKey};

/// All rows of the three tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// What hangs on each request.
    pub requests: BTreeMap<RequestKey, OfRequest>,
    /// Which request holds a scope.
    pub scopes: BTreeMap<Scope, RequestId>,
    /// Idempotency keys, by tenant, caller and hash.
    pub idempotency: BTreeMap<(Tenant, Ref, String), Expiring<Idempotency>>,
    /// Heads of holds, by tenant and subject.
    pub holds: BTreeMap<(Tenant, Ref), HoldHead>,
    /// Holds, by tenant and id.
    pub held: BTreeMap<(Tenant, HoldId), HeldRow>,
    /// Every version of a hold, in order: no row, but what tests look at.
    pub held_ever: Vec<Hold>,
    /// What is hidden of a subject, by tenant and what stands for them.
    pub gates: BTreeMap<(Tenant, GateId), Gate>,
    /// What finds a request, by tenant, hash and place in the history.
    pub found: BTreeMap<(Tenant, Ref, String), Found>,
    /// Entries of no request, by tenant and month.
    pub months: BTreeMap<(Tenant, Month), MonthNotes>,
    /// Limits of the sources' pace.
    pub limits: BTreeMap<Bounded, Limit>,
    /// Wrapped data keys, by name.
    pub keys: BTreeMap<String, WrappedKey>,
}

/// All rows of one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfRequest {
    /// Its own row.
    pub request: Option<RequestRow>,
    /// Its trail.
    pub entries: BTreeMap<u64, Entry>,
    /// Its mails.
    pub mails: BTreeMap<u32, Mail>,
    /// Its plans.
    pub plans: BTreeMap<(DatasetId, u8), Plan>,
    /// Its chunks.
    pub chunks: BTreeMap<ChunkId, Chunk>,
    /// Every version of a chunk that replaced another, in order: no row, but what tests look at.
    pub replaced: Vec<(Chunk, Chunk)>,
    /// Its restorations.
    pub restores: BTreeMap<u32, Restore>,
    /// The row of its package.
    pub assembly: Option<Assembly>,
    /// Its findings, by what they are about and code.
    pub findings: BTreeMap<FindingPlace, Finding>,
    /// The cached recount.
    pub progress: Option<Progress>,
    /// Kept previews, by digest.
    pub previews: BTreeMap<String, Expiring<Preview>>,
}

/// A row that TTL deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring<T> {
    /// The row.
    pub row: T,
    /// When TTL will have come round to it.
    pub deleted_at: Timestamp,
}

/// A hold's row.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldRow {
    /// The row.
    pub row: HoldRow,
    /// The index shows it from then on.
    pub visible_at: Timestamp,
}

/// A row that finds a request by a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which request.
    pub id: RequestId,
    /// Of which kind.
    pub kind: Kind,
    /// Whose.
    pub subject_ref: Ref,
    /// Its end, if it has one.
    pub until: Option<Timestamp>,
    /// When TTL will have come round to it.
    pub deleted_at: Option<Timestamp>,
}

/// A month's entries of no request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MonthNotes {
    /// The end of their chain.
    pub head: MonthHead,
    /// By position.
    pub entries: BTreeMap<u64, Entry>,
}

/// What no two open requests share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// Which tenant's.
    pub tenant: Tenant,
    /// Whose.
    pub subject_ref: Ref,
    /// Of which kind.
    pub kind: Kind,
    /// Which category.
    pub category: Category,
}

impl Tables {
    /// The rows of one request; none if it has none.
    pub fn of(&self, key: &RequestKey) -> Option<&OfRequest> {
        self.requests.get(key)
    }

    /// Every request's own row.
    pub fn rows(&self) -> impl Iterator<Item = &RequestRow> {
        self.requests.values().filter_map(|of| of.request.as_ref())
    }

    /// The rows of one request, to be changed.
    pub(super) fn of_mut(&mut self, key: &RequestKey) -> &mut OfRequest {
        self.requests.entry(key.clone()).or_default()
    }

    /// What a hash finds, as an index would show it.
    pub(super) fn found_by<'a>(&'a self, tenant: &Tenant, hash: &Ref) -> Vec<(&'a Tenant, Projection)> {
        let ours = self.found.iter().filter(|((of, by, _), _)| of == tenant && by == hash);
        let shown = ours.map(|((of, _, at), row)| {
            let projection = Projection {
                id: row.id,
                status: None,
                kind: row.kind,
                subject_ref: row.subject_ref.clone(),
                wake_at: None,
                at: at.clone(),
            };
            (of, projection)
        });
        shown.collect()
    }

    /// Lets TTL do its work.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.idempotency.retain(|_, key| key.deleted_at > now);
        self.found.retain(|_, row| row.deleted_at.is_none_or(|at| at > now));
        for of in self.requests.values_mut() {
            of.previews.retain(|_, preview| preview.deleted_at > now);
        }
    }
}

/// Where a finding's row stands.
pub type FindingPlace = (ChunkId, About, String);

/// Where this one's row stands.
pub fn place(finding: &Finding) -> FindingPlace {
    (finding.chunk.clone(), finding.about, finding.code.clone())
}
