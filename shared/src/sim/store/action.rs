//! One write of a transaction: its row, its condition, its effect.
//!
//! The conditions are the adapter's, one for one. A test may take one out (`knobs::Guard`): then the write goes
//! through, and overwrites what the condition protected.

use jiff::SignedDuration;

use super::tables::{Expiring, Found, OfRequest, Scope, Tables, place};
use super::{Arrival, Inner};
use crate::audit::Entry;
use crate::domain::chunk::Chunk;
use crate::domain::finding::Finding;
use crate::domain::gate::{Gate, GateId};
use crate::domain::ids::{Ref, RequestId, RequestKey, Tenant};
use crate::domain::job::Plan;
use crate::domain::outbox::Mail;
use crate::domain::package::Assembly;
use crate::domain::restore::Restore;
use crate::knobs::Guard;
use crate::ports::{Expect, Idempotency, RequestRow, WrappedKey};

/// How long an idempotency key is kept.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What an action writes or checks.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// Puts the request's row.
    Request(Expect, Box<RequestRow>),
    /// Puts an entry, if absent.
    Entry(Box<Entry>),
    /// Puts a mail, if absent.
    Mail(Mail),
    /// Deletes a mail, if it still has this revision.
    DropMail { n: u32, rev: u64 },
    /// Takes a scope for a request, if nobody holds it.
    HoldScope(Scope, RequestId),
    /// Gives a scope up, if it is the request's.
    ReleaseScope(Scope, RequestId),
    /// Remembers an idempotency key, if it is free.
    Remember(Tenant, Idempotency),
    /// Puts a wrapped key, if absent.
    PutKey(String, WrappedKey),
    /// Deletes a wrapped key.
    DropKey(String),
    /// Checks that the holds have this version.
    CheckHolds(Tenant, Ref, Option<u64>),
    /// Writes a gate, or deletes its row once it is open, if it is as it was read.
    Gate((Tenant, GateId), Gate, Gate),
    /// Puts the row that finds a request, or gives it an end.
    Find(FoundKey, Found),
    /// Deletes such a row.
    Unfind(FoundKey),
    /// Puts a plan, if absent.
    NewPlan(Plan),
    /// Puts a plan, if it still has this revision.
    Plan(u64, Plan),
    /// Closes a plan, if it still has this revision.
    ClosePlan(u64, Plan),
    /// Puts a chunk, if absent.
    Chunk(Box<Chunk>),
    /// Puts a chunk, if it still has this revision.
    SettleChunk(u64, Box<Chunk>),
    /// Puts a finding, if it still has its epoch.
    ResolveFinding(Finding),
    /// Puts a restoration, if absent.
    NewRestore(Restore),
    /// Puts a restoration, if it still has this revision.
    Restore(u64, Restore),
    /// A package, if none is ordered.
    NewAssembly(Assembly),
}

/// Tenant, hash, and place in the history.
pub(super) type FoundKey = (Tenant, Ref, String);

/// What an action protects, so that its refusal can be told in the domain's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protects {
    Request,
    Trail,
    Mail,
    Idempotency,
    Scope,
    Release,
    Holds,
    DataKey,
    Plan,
    OpenPlan,
    Chunk,
    Settled,
    Restore,
    /// The package.
    Assembly,
    Found,
    Gate,
}

impl Action {
    /// What it protects.
    pub(super) fn protects(&self) -> Protects {
        match self {
            Self::Request(..) => Protects::Request,
            Self::Entry(_) => Protects::Trail,
            Self::Mail(_) | Self::DropMail { .. } => Protects::Mail,
            Self::HoldScope(..) => Protects::Scope,
            Self::ReleaseScope(..) => Protects::Release,
            Self::Remember(..) => Protects::Idempotency,
            Self::PutKey(..) | Self::DropKey(_) => Protects::DataKey,
            Self::CheckHolds(..) => Protects::Holds,
            Self::Gate(..) => Protects::Gate,
            Self::Find(..) | Self::Unfind(_) => Protects::Found,
            Self::NewPlan(_) | Self::Plan(..) => Protects::Plan,
            Self::ClosePlan(..) => Protects::OpenPlan,
            Self::Chunk(_) => Protects::Chunk,
            Self::SettleChunk(..) | Self::ResolveFinding(_) => Protects::Settled,
            Self::NewRestore(_) | Self::Restore(..) => Protects::Restore,
            Self::NewAssembly(_) => Protects::Assembly,
        }
    }

    /// Which row it touches: a transaction may touch each only once.
    pub(super) fn row(&self) -> String {
        match self {
            Self::Request(..) => "REQUEST".to_owned(),
            Self::Entry(entry) => format!("AUDIT#{}", entry.body.seq),
            Self::Mail(mail) => format!("OUTBOX#{}", mail.n),
            Self::DropMail { n, .. } => format!("OUTBOX#{n}"),
            Self::HoldScope(scope, _) | Self::ReleaseScope(scope, _) => format!("OPEN#{scope:?}"),
            Self::Remember(tenant, key) => format!("IDEM#{tenant}#{}#{}", key.caller_ref, key.key_hash),
            Self::PutKey(name, _) | Self::DropKey(name) => format!("KEY#{name}"),
            Self::CheckHolds(tenant, subject, _) => format!("HOLDS#{tenant}#{subject}"),
            Self::Gate((tenant, id), ..) => format!("GATE#{tenant}#{id}"),
            Self::NewPlan(plan) | Self::Plan(_, plan) | Self::ClosePlan(_, plan) => {
                format!("PLAN#{}#{}", plan.dataset, plan.generation)
            }
            Self::NewRestore(restore) | Self::Restore(_, restore) => format!("RESTORE#{}", restore.n),
            Self::NewAssembly(_) => "EXPORT".to_owned(),
            Self::Find((tenant, hash, at), _) | Self::Unfind((tenant, hash, at)) => {
                format!("FIND#{tenant}#{hash}#{at}")
            }
            Self::Chunk(chunk) | Self::SettleChunk(_, chunk) => format!("CHUNK#{}", chunk.id),
            Self::ResolveFinding(finding) => format!("FINDING#{}", finding.name()),
        }
    }

    /// Whether its condition holds.
    pub(super) fn holds(&self, key: &RequestKey, tables: &Tables) -> bool {
        let none = OfRequest::default();
        let of = tables.of(key).unwrap_or(&none);
        // Whoever commits on what they read may write the next entry and mail: one guard, three conditions.
        let unmoved = Guard::RequestUnchanged.stands();
        match self {
            Self::Request(expect, _) => expected(*expect, of.request.as_ref()),
            Self::Entry(entry) => !unmoved || !of.entries.contains_key(&entry.body.seq),
            Self::Mail(mail) => !unmoved || !of.mails.contains_key(&mail.n),
            Self::DropMail { n, rev } => of.mails.get(n).is_some_and(|mail| mail.rev == *rev),
            Self::HoldScope(scope, _) => !Guard::ScopeFree.stands() || !tables.scopes.contains_key(scope),
            Self::ReleaseScope(scope, id) => tables.scopes.get(scope).is_none_or(|holder| holder == id),
            Self::Remember(tenant, key) => is_free(tables, tenant, key),
            Self::PutKey(name, _) => !tables.keys.contains_key(name),
            Self::DropKey(_) | Self::Unfind(_) => true,
            Self::Find(at, row) => tables.found.get(at).is_none_or(|there| there.id == row.id),
            Self::CheckHolds(tenant, subject, version) => {
                let head = tables.holds.get(&(tenant.clone(), subject.clone()));
                head.and_then(|head| head.version) == *version
            }
            Self::Gate(at, before, _) => {
                let open = Gate::default();
                !Guard::GateUnchanged.stands() || tables.gates.get(at).unwrap_or(&open) == before
            }
            Self::NewPlan(plan) => !of.plans.contains_key(&(plan.dataset.clone(), plan.generation)),
            Self::Plan(rev, plan) => {
                let was = of.plans.get(&(plan.dataset.clone(), plan.generation));
                !Guard::PlanRevision.stands() || was.is_some_and(|was| was.rev == *rev)
            }
            Self::ClosePlan(rev, plan) => {
                let was = of.plans.get(&(plan.dataset.clone(), plan.generation));
                !Guard::PlansClosed.stands() || was.is_some_and(|was| was.rev == *rev)
            }
            Self::SettleChunk(rev, chunk) => of.chunks.get(&chunk.id).is_some_and(|was| was.rev == *rev),
            Self::ResolveFinding(finding) => {
                let was = of.findings.get(&place(finding));
                was.is_some_and(|was| was.epoch == finding.epoch)
            }
            Self::NewRestore(restore) => !of.restores.contains_key(&restore.n),
            Self::NewAssembly(_) => of.assembly.is_none(),
            Self::Restore(rev, restore) => of.restores.get(&restore.n).is_some_and(|was| was.rev == *rev),
            // A second planner is stopped by the plan's revision and by the chunks it finds: one guard, two conditions.
            Self::Chunk(chunk) => !Guard::PlanRevision.stands() || !of.chunks.contains_key(&chunk.id),
        }
    }

    /// Takes effect.
    pub(super) fn apply(self, key: &RequestKey, inner: &mut Inner, arrival: Arrival) {
        let tables = &mut inner.tables;
        match self {
            Self::Request(_, row) => inner.put_request(*row, arrival.visible_at),
            Self::Entry(entry) => {
                tables.of_mut(key).entries.insert(entry.body.seq, *entry);
            }
            Self::Mail(mail) => {
                let n = mail.n;
                if tables.of_mut(key).mails.insert(n, mail).is_none() {
                    inner.inserted.push((key.clone(), n));
                }
            }
            Self::DropMail { n, .. } => {
                tables.of_mut(key).mails.remove(&n);
            }
            Self::HoldScope(scope, id) => {
                tables.scopes.insert(scope, id);
            }
            Self::ReleaseScope(scope, _) => {
                tables.scopes.remove(&scope);
            }
            Self::Remember(tenant, row) => {
                let deleted_at = row.expires_at + arrival.ttl_late;
                let key = (tenant, row.caller_ref.clone(), row.key_hash.clone());
                tables.idempotency.insert(key, Expiring { row, deleted_at });
            }
            Self::PutKey(name, wrapped) => {
                tables.keys.insert(name, wrapped);
            }
            Self::DropKey(name) => {
                tables.keys.remove(&name);
            }
            Self::CheckHolds(..) => {}
            // Without its guard the gate is left to somebody who never comes.
            Self::Gate(..) if !Guard::GateTogether.stands() => {}
            Self::Gate(at, _, after) if after.is_open() => {
                tables.gates.remove(&at);
            }
            Self::Gate(at, _, after) => {
                tables.gates.insert(at, after);
            }
            Self::Find(at, row) => {
                let deleted_at = row.until.map(|until| until + arrival.ttl_late);
                tables.found.insert(at, Found { deleted_at, ..row });
            }
            Self::Unfind(at) => {
                tables.found.remove(&at);
            }
            // Without its guard a settled cancellation leaves the plans as they are.
            Self::ClosePlan(..) if !Guard::PlansClosed.stands() => {}
            Self::NewAssembly(assembly) => tables.of_mut(key).assembly = Some(assembly),
            Self::NewRestore(restore) | Self::Restore(_, restore) => {
                tables.of_mut(key).restores.insert(restore.n, restore);
            }
            Self::NewPlan(plan) | Self::Plan(_, plan) | Self::ClosePlan(_, plan) => {
                let id = (plan.dataset.clone(), plan.generation);
                tables.of_mut(key).plans.insert(id, plan);
            }
            Self::ResolveFinding(finding) => {
                tables.of_mut(key).findings.insert(place(&finding), finding);
            }
            Self::Chunk(chunk) | Self::SettleChunk(_, chunk) => {
                tables.of_mut(key).chunks.insert(chunk.id.clone(), *chunk);
            }
        }
    }
}

fn expected(expect: Expect, there: Option<&RequestRow>) -> bool {
    match (expect, there) {
        (Expect::New, there) => there.is_none(),
        (Expect::Unchanged { .. }, _) if !Guard::RequestUnchanged.stands() => true,
        (Expect::Unchanged { .. }, None) => false,
        (Expect::Unchanged { version, audit_seq }, Some(row)) => {
            row.facts.version == version && row.head.seq == audit_seq
        }
    }
}

/// Free, or over by the time this one was made although TTL has not deleted it yet.
fn is_free(tables: &Tables, tenant: &Tenant, key: &Idempotency) -> bool {
    let there = tables
        .idempotency
        .get(&(tenant.clone(), key.caller_ref.clone(), key.key_hash.clone()));
    there.is_none_or(|there| there.row.expires_at <= key.expires_at - DAY)
}
