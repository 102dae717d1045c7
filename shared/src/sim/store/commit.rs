//! The one write that moves a request. A refusal is told as the adapter tells it.

use super::SimStore;
use super::action::{Action, Protects};
use super::index::submitted;
use super::tables::{Found, Scope};
use super::transaction::{Sent, Why};
use crate::ports::{Commit, Committed, Companion, Conflict, Fault};

const OP: &str = "commit request";

impl SimStore {
    /// Writes a commit, or says why not; reads back what was refused or is unclear.
    pub(super) async fn write_commit(&self, commit: &Commit) -> Result<Committed, Fault> {
        let actions = actions_of(commit);
        match self.transact(OP, &commit.row.key(), actions).await {
            Ok(Sent::Written) => Ok(Committed::Done),
            Ok(Sent::Refused(_)) if self.is_there(commit).await? => Ok(Committed::Done),
            Ok(Sent::Refused(refused)) => conflict_of(&refused).map(Committed::Conflict),
            Err(fault @ Fault::Permanent { .. }) => Err(fault),
            Err(fault) => match self.is_there(commit).await {
                Ok(true) => Ok(Committed::Done),
                Ok(false) | Err(_) => Err(fault),
            },
        }
    }

    /// Whether the row is as the commit leaves it, wherever the wake-up has been moved since.
    async fn is_there(&self, commit: &Commit) -> Result<bool, Fault> {
        let there = self.read_request(&commit.row.key()).await?;
        Ok(there.is_some_and(|mut row| {
            row.wake_at = commit.row.wake_at;
            row == commit.row
        }))
    }
}

fn actions_of(commit: &Commit) -> Vec<Action> {
    let mut actions = vec![Action::Request(commit.expect, Box::new(commit.row.clone()))];
    actions.extend(
        commit
            .entries
            .iter()
            .cloned()
            .map(|entry| Action::Entry(Box::new(entry))),
    );
    actions.extend(commit.mails.iter().cloned().map(Action::Mail));
    let companions = commit.companions.iter().cloned();
    actions.extend(companions.map(|companion| companion_action(commit, companion)));
    actions
}

fn companion_action(commit: &Commit, companion: Companion) -> Action {
    let facts = &commit.row.facts;
    let tenant = facts.tenant.clone();
    match companion {
        Companion::HoldScope {
            subject_ref,
            kind,
            category,
        } => Action::HoldScope(
            Scope {
                tenant,
                subject_ref,
                kind,
                category,
            },
            facts.id,
        ),
        Companion::ReleaseScope {
            subject_ref,
            kind,
            category,
        } => Action::ReleaseScope(
            Scope {
                tenant,
                subject_ref,
                kind,
                category,
            },
            facts.id,
        ),
        Companion::Remember(key) => Action::Remember(tenant, key),
        Companion::PutKey(name, wrapped) => Action::PutKey(name.text(), wrapped),
        Companion::DropKey(name) => Action::DropKey(name.text()),
        Companion::CheckHolds { subject_ref, version } => Action::CheckHolds(tenant, subject_ref, version),
        Companion::MoveGate { id, before, after } => Action::Gate((tenant, id), before, after),
        Companion::PutPlan(plan) => Action::NewPlan(plan),
        Companion::ClosePlan { before_rev, plan } => Action::ClosePlan(before_rev, plan),
        Companion::SettleChunk { before_rev, chunk } => Action::SettleChunk(before_rev, chunk),
        Companion::ResolveFinding(finding) => Action::ResolveFinding(finding),
        Companion::PutRestore(restore) => Action::NewRestore(restore),
        Companion::PutAssembly(assembly) => Action::NewAssembly(assembly),
        Companion::CloseRestore { before_rev, restore } => Action::Restore(before_rev, restore),
        Companion::Find { hash, until } => {
            let row = Found {
                id: facts.id,
                kind: facts.kind,
                subject_ref: facts.subject_ref.clone(),
                until,
                deleted_at: None,
            };
            Action::Find((tenant, hash, submitted(facts.submitted_at, facts.id)), row)
        }
        Companion::Unfind { hash } => Action::Unfind((tenant, hash, submitted(facts.submitted_at, facts.id))),
    }
}

/// The conflict that settles the caller's question; what contradicts an unmoved request is a fault.
fn conflict_of(refused: &[(Protects, Why)]) -> Result<Conflict, Fault> {
    for (protects, conflict) in [
        (Protects::Request, Conflict::Moved),
        (Protects::Idempotency, Conflict::KeyUsed),
        (Protects::Scope, Conflict::ScopeTaken),
        (Protects::Holds, Conflict::HoldsChanged),
        (Protects::Gate, Conflict::Moved),
        (Protects::DataKey, Conflict::Moved),
        (Protects::OpenPlan, Conflict::Moved),
        (Protects::Settled, Conflict::Moved),
    ] {
        if refused.contains(&(protects, Why::Condition)) {
            return Ok(conflict);
        }
    }
    // While another transaction has a row in hand, an entry may be there that it just put.
    if refused.iter().any(|(_, why)| *why == Why::Contention) {
        return Ok(Conflict::Moved);
    }
    match refused.iter().find(|(_, why)| *why == Why::Condition) {
        Some((protects, _)) => {
            let why = format!("{protects:?} is in the way of an unmoved request");
            Err(Fault::corrupt(OP, why))
        }
        None => Ok(Conflict::Moved),
    }
}
