//! The one write that moves a request: its row, version, audit entries and everything that must be true with them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::sealer::{KeyName, Sealed, WrappedKey};
use super::store::Idempotency;
use crate::audit::{Entry, Head};
use crate::domain::chunk::Chunk;
use crate::domain::finding::Finding;
use crate::domain::gate::{Gate, GateId};
use crate::domain::ids::{Category, Ref, RequestKey, Tenant};
use crate::domain::job::Plan;
use crate::domain::outbox::Mail;
use crate::domain::package::Assembly;
use crate::domain::request::{Facts, Kind};
use crate::domain::restore::Restore;

/// How long one caller's same refusal is only counted.
const REPEAT_SECONDS: i64 = 60;

/// A request's row.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRow {
    /// No personal data.
    pub facts: Facts,
    /// `PersonFields` as JSON, sealed under the request's key; AAD in `workflow::records`.
    pub person: Sealed,
    /// `StaffFields` as JSON, sealed under the tenant's staff key.
    pub staff: Sealed,
    /// End of the audit chain.
    pub head: Head,
    /// Refusals of the last caller refused, within a minute.
    pub refusals: Option<RefusalTally>,
    /// Mails numbered so far.
    pub mails: u32,
    /// When supervision must look again.
    pub wake_at: Option<Timestamp>,
}

/// Repeats of one caller's refusal that the next entry will carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalTally {
    /// Whose.
    pub actor_ref: Ref,
    /// Which refusal.
    pub code: String,
    /// Since when.
    pub since: Timestamp,
    /// Not yet in the trail.
    pub repeated: u64,
}

impl RefusalTally {
    /// A refusal that was just written into the trail.
    pub fn first(actor_ref: &Ref, code: &str, now: Timestamp) -> Self {
        Self {
            actor_ref: actor_ref.clone(),
            code: code.to_owned(),
            since: now,
            repeated: 0,
        }
    }

    /// One more, if it is the same caller's same refusal within the minute.
    pub fn again(&self, actor_ref: &Ref, code: &str, now: Timestamp) -> Option<Self> {
        let same = self.actor_ref == *actor_ref && self.code == code;
        let recent = now.duration_since(self.since).as_secs() < REPEAT_SECONDS;
        (same && recent).then(|| Self {
            repeated: self.repeated + 1,
            ..self.clone()
        })
    }
}

/// On what condition a commit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No such request exists.
    New,
    /// The row still has this version and this many audit entries.
    Unchanged {
        /// Transitions so far.
        version: u64,
        /// Entries so far.
        audit_seq: u64,
    },
}

/// One transaction: all of it, or nothing.
#[derive(Clone, Debug)]
pub struct Commit {
    /// On what condition.
    pub expect: Expect,
    /// The row as it will be.
    pub row: RequestRow,
    /// Entries to put, each only if absent.
    pub entries: Vec<Entry>,
    /// E-mails owed.
    pub mails: Vec<Mail>,
    /// Whatever else must become true together.
    pub companions: Vec<Companion>,
}

/// A row that is written, deleted or checked in the same transaction.
#[derive(Clone, Debug)]
pub enum Companion {
    /// Nobody else may have an open request of this kind, subject and category.
    HoldScope {
        /// Whose.
        subject_ref: Ref,
        /// Of which kind.
        kind: Kind,
        /// Which category.
        category: Category,
    },
    /// Others may ask again.
    ReleaseScope {
        /// Whose.
        subject_ref: Ref,
        /// Of which kind.
        kind: Kind,
        /// Which category.
        category: Category,
    },
    /// Remember the idempotency key.
    Remember(Idempotency),
    /// Put a wrapped data key, only if absent.
    PutKey(KeyName, WrappedKey),
    /// Delete a wrapped data key: what it sealed is gone.
    DropKey(KeyName),
    /// The subject's hold head still has this version (none: it still does not exist).
    CheckHolds {
        /// Whose.
        subject_ref: Ref,
        /// Version read before.
        version: Option<u64>,
    },
    /// Put a plan row, only if absent.
    PutPlan(Plan),
    /// Close a plan, only if no planner moved it since it was read.
    ClosePlan {
        /// The revision that was read.
        before_rev: u64,
        /// The plan as it will be.
        plan: Plan,
    },
    /// Puts a chunk that an operator settled by hand, if its row still has this revision.
    SettleChunk {
        /// The revision that was read.
        before_rev: u64,
        /// As it is then.
        chunk: Box<Chunk>,
    },
    /// Closes a finding, if no worker found it again since.
    ResolveFinding(Finding),
    /// Put a restoration, only if absent.
    PutRestore(Restore),
    /// Order a package, only if none is.
    PutAssembly(Assembly),
    /// Write what came of a restoration, only if nobody did before.
    CloseRestore {
        /// The revision that was read.
        before_rev: u64,
        /// The restoration as it will be.
        restore: Restore,
    },
    /// Write the subject's gate, or delete its row once nobody hides anything, only if it is as it was read.
    MoveGate {
        /// Whose.
        id: GateId,
        /// The gate that was read.
        before: Gate,
        /// The gate as it will be.
        after: Gate,
    },
    /// Put the row that finds this request by a hash, or give it an end.
    Find {
        /// Of a word or an e-mail address.
        hash: Ref,
        /// Not found after this instant; none: as long as nothing says otherwise.
        until: Option<Timestamp>,
    },
    /// Delete the row that finds this request by a hash.
    Unfind {
        /// Of a word.
        hash: Ref,
    },
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of it is written.
    Done,
    /// Nothing is written; why.
    Conflict(Conflict),
}

/// Which condition did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Somebody else moved the request, or another transaction touched a row: load again, decide again.
    Moved,
    /// An open request for the same data exists.
    ScopeTaken,
    /// The idempotency key is taken.
    KeyUsed,
    /// The subject's holds changed.
    HoldsChanged,
}

impl RequestRow {
    /// Which request.
    pub fn key(&self) -> RequestKey {
        self.facts.key()
    }

    /// Whose.
    pub fn tenant(&self) -> &Tenant {
        &self.facts.tenant
    }
}
