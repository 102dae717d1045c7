//! The one write that moves a request: `TransactWriteItems` over row, entries, mails and companions.
//!
//! Guarantees: all of a commit is written or nothing; a refusal says which of the domain's conditions did not hold;
//! a commit whose answer was lost is recognised by reading the row back. Nothing here is retried: a conflict means
//! that the decision must be taken again. Where next: `workflow::commit`, which builds commits.

use jiff::{Span, Timestamp};

use super::Storage;
use super::condition::Condition;
use super::item::{Item, Row, key_item};
use super::request::to_item;
use super::transaction::{Guard, Sent, Transaction, Why};
use super::{findings, gates, keys, outbox, trail, work, wrapped_keys};
use crate::domain::ids::{Ref, Tenant};
use crate::domain::request::Facts;
use crate::ports::{Commit, Committed, Companion, Conflict, Expect, Fault, Idempotency};

const OPERATION: &str = "commit request";

impl Storage {
    /// Writes a commit, or says why not.
    pub(super) async fn write(&self, commit: &Commit) -> Result<Committed, Fault> {
        match self.transact(self.transaction_of(commit)?).await {
            Ok(Sent::Written) => Ok(Committed::Done),
            Ok(Sent::Repeated | Sent::Refused(_)) if self.is_there(commit).await? => Ok(Committed::Done),
            Ok(Sent::Repeated) => Ok(Committed::Conflict(Conflict::Moved)),
            Ok(Sent::Refused(refused)) => conflict_of(&refused).map(Committed::Conflict),
            Err(fault @ Fault::Permanent { .. }) => Err(fault),
            Err(fault) => match self.is_there(commit).await {
                Ok(true) => Ok(Committed::Done),
                Ok(false) | Err(_) => Err(fault),
            },
        }
    }

    /// Whether the row is as the commit leaves it. The audit hash covers who, what and when, so no other commit's row
    /// is taken for it; the wake-up is left out, because supervision moves it without a commit.
    async fn is_there(&self, commit: &Commit) -> Result<bool, Fault> {
        let there = self.read_request(&commit.row.key()).await?;
        Ok(there.is_some_and(|mut row| {
            row.wake_at = commit.row.wake_at;
            row == commit.row
        }))
    }

    fn transaction_of(&self, commit: &Commit) -> Result<Transaction, Fault> {
        let (row, requests) = (&commit.row, &self.tables.requests);
        let absent = Condition::absent();
        let on = match commit.expect {
            Expect::New => absent.clone(),
            Expect::Unchanged { version, audit_seq } => Condition::unchanged(version, audit_seq),
        };
        let mut transaction = Transaction::new(OPERATION);
        transaction.put(Guard::Request, requests, to_item(row), &on)?;
        for entry in &commit.entries {
            let item = trail::to_item(entry, row.facts.policy.as_ref());
            transaction.put(Guard::Entry, &self.tables.audit, item, &absent)?;
        }
        for mail in &commit.mails {
            transaction.put(Guard::Mail, requests, outbox::to_item(&row.key(), mail), &absent)?;
        }
        for companion in &commit.companions {
            self.add(&mut transaction, commit, companion)?;
        }
        Ok(transaction)
    }

    fn add(&self, to: &mut Transaction, commit: &Commit, companion: &Companion) -> Result<(), Fault> {
        let (facts, requests) = (&commit.row.facts, &self.tables.requests);
        let absent = Condition::absent();
        match companion {
            Companion::HoldScope {
                subject_ref,
                kind,
                category,
            } => {
                let key = keys::open_scope(&facts.tenant, subject_ref, *kind, category);
                let item = Row::new(key).text("request", facts.id.to_string()).into_item();
                to.put(Guard::Scope, requests, item, &absent)
            }
            Companion::ReleaseScope {
                subject_ref,
                kind,
                category,
            } => {
                let key = keys::open_scope(&facts.tenant, subject_ref, *kind, category);
                let on = Condition::absent_or_of(facts.id.to_string());
                to.delete(Guard::Release, requests, key_item(key), Some(&on))
            }
            Companion::Remember(idempotency) => {
                let made_at = keys::instant_exact(made_at(idempotency));
                let on = Condition::absent_or_expired("expires_at", made_at);
                to.put(
                    Guard::Idempotency,
                    requests,
                    remembered(&facts.tenant, idempotency),
                    &on,
                )
            }
            Companion::PutKey(name, wrapped) => to.put(
                Guard::DataKey,
                &self.tables.keys,
                wrapped_keys::to_item(name, wrapped),
                &absent,
            ),
            Companion::DropKey(name) => to.delete(Guard::DataKey, &self.tables.keys, wrapped_keys::key(name), None),
            Companion::CheckHolds { subject_ref, version } => {
                let key = key_item(keys::hold_head(&facts.tenant, subject_ref));
                let on = version.map_or(absent, |version| Condition::number_is("version", version));
                to.check(Guard::Holds, requests, key, &on)
            }
            Companion::MoveGate { id, before, after } => gates::add(to, (requests, &facts.tenant), id, (before, after)),
            Companion::Find { hash, until } => {
                let on = Condition::absent_or_of(facts.id.to_string());
                to.put(Guard::Found, requests, found(facts, hash, *until), &on)
            }
            Companion::Unfind { hash } => {
                let key = keys::found(&facts.tenant, hash, facts.submitted_at, facts.id);
                to.delete(Guard::Found, requests, key_item(key), None)
            }
            Companion::PutPlan(plan) => {
                to.put(Guard::Plan, requests, work::plan_item(&commit.row.key(), plan), &absent)
            }
            Companion::ClosePlan { before_rev, plan } => {
                let on = Condition::number_is("rev", *before_rev);
                to.put(Guard::OpenPlan, requests, work::plan_item(&commit.row.key(), plan), &on)
            }
            Companion::SettleChunk { before_rev, chunk } => {
                let on = Condition::number_is("rev", *before_rev);
                to.put(
                    Guard::Settled,
                    requests,
                    work::chunk_item(&commit.row.key(), chunk),
                    &on,
                )
            }
            Companion::ResolveFinding(finding) => {
                let on = Condition::number_is_or_none("epoch", u64::from(finding.epoch));
                let item = findings::resolved_item(&commit.row.key(), finding);
                to.put(Guard::Settled, requests, item, &on)
            }
            Companion::PutRestore(restore) => {
                let item = work::restore_item(&commit.row.key(), restore);
                to.put(Guard::Restore, requests, item, &absent)
            }
            Companion::PutAssembly(assembly) => {
                let item = work::assembly_item(&commit.row.key(), assembly);
                to.put(Guard::Assembly, requests, item, &absent)
            }
            Companion::CloseRestore { before_rev, restore } => {
                let on = Condition::number_is("rev", *before_rev);
                let item = work::restore_item(&commit.row.key(), restore);
                to.put(Guard::Restore, requests, item, &on)
            }
        }
    }
}

/// An idempotency key is kept for 24 hours, so it was made 24 hours before it is forgotten: no clock is needed.
fn made_at(idempotency: &Idempotency) -> Timestamp {
    idempotency
        .expires_at
        .checked_sub(Span::new().hours(24))
        .unwrap_or(Timestamp::MIN)
}

fn remembered(tenant: &Tenant, idempotency: &Idempotency) -> Item {
    let key = keys::idempotency(tenant, &idempotency.caller_ref, &idempotency.key_hash);
    Row::new(key)
        .text("request", idempotency.request.to_string())
        .json("body_ref", &idempotency.body_ref)
        .text("expires_at", keys::instant_exact(idempotency.expires_at))
        .number("ttl", keys::ttl(idempotency.expires_at))
        .into_item()
}

/// The row that finds a request by a hash: what the histories filter by, as far as it never changes.
fn found(facts: &Facts, hash: &Ref, until: Option<Timestamp>) -> Item {
    let item = Row::new(keys::found(&facts.tenant, hash, facts.submitted_at, facts.id))
        .text("request", facts.id.to_string())
        .text("kind", facts.kind.as_str())
        .text("subject_ref", facts.subject_ref.as_str());
    match until {
        Some(until) => item.number("ttl", keys::ttl(until)).into_item(),
        None => item.into_item(),
    }
}

/// The conflict to tell when several conditions failed: the one that settles the caller's question. A request that
/// moved makes every other answer moot; a used idempotency key explains a taken scope (it is the same submission).
fn conflict_of(refused: &[(Guard, Why)]) -> Result<Conflict, Fault> {
    let failed = |guard| refused.contains(&(guard, Why::Condition));
    for (guard, conflict) in [
        (Guard::Request, Conflict::Moved),
        (Guard::Idempotency, Conflict::KeyUsed),
        (Guard::Scope, Conflict::ScopeTaken),
        (Guard::Holds, Conflict::HoldsChanged),
        (Guard::Gate, Conflict::Moved),
        (Guard::DataKey, Conflict::Moved),
        (Guard::OpenPlan, Conflict::Moved),
        (Guard::Settled, Conflict::Moved),
    ] {
        if failed(guard) {
            return Ok(conflict);
        }
    }
    // What is left can only fail together with the request's own row. If it failed alone, deciding again would never
    // end: the tables contradict each other, and somebody must look.
    // While another transaction has a row in hand, an entry may be there that it just put.
    if refused.iter().any(|(_, why)| *why == Why::Contention) {
        return Ok(Conflict::Moved);
    }
    match refused.iter().find(|(_, why)| *why == Why::Condition) {
        Some((guard, _)) => Err(Fault::corrupt(
            OPERATION,
            format!("{guard:?} is in the way of an unmoved request"),
        )),
        None => Ok(Conflict::Moved),
    }
}

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
