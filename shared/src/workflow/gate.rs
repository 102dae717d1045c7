//! The gate's row, kept in step with what a request hides; and what an operator reads of it.
//!
//! Guarantees: the row moves in the transaction that moves the request, so that no crash leaves a subject hidden for
//! ever or shown too early; it is written only if it is as it was read, so that of two requests of one subject neither
//! undoes the other's word. Where next: `state_machine::gate` for when a request hides what.

use std::collections::BTreeSet;

use super::failure::Failure;
use super::records::Records;
use crate::domain::actor::Caller;
use crate::domain::gate::GateId;
use crate::domain::ids::{Category, SubjectId};
use crate::domain::request::{Facts, SubjectRequest};
use crate::ports::{Companion, Fault, Requests};
use crate::state_machine::refusal::Refusal;

/// What a commit from `before` (none: it is submitted) to `next` does to the row; none if it hides what it hid.
pub(super) async fn follow(
    store: &impl Requests,
    before: Option<&Facts>,
    next: &SubjectRequest,
) -> Result<Option<Companion>, Fault> {
    let facts = &next.facts;
    let hid = before.map(|facts| facts.gated.clone()).unwrap_or_default();
    if hid == facts.gated {
        return Ok(None);
    }
    let id = gate_of(next)?;
    let before = store.gate(&facts.tenant, &id).await?;
    let after = before.with(facts.id, &facts.gated);
    Ok((after != before).then_some(Companion::MoveGate { id, before, after }))
}

/// The id is in the clear only as long as the request is not shredded, which comes after the gate has let go.
fn gate_of(request: &SubjectRequest) -> Result<GateId, Fault> {
    let person = request.person.known();
    let missing = || Fault::corrupt("move gate", "the subject of a request that hides them is erased");
    let subject = &person.ok_or_else(missing)?.subject;
    Ok(GateId::of(&request.facts.tenant, subject.id.expose()))
}

/// What is hidden of a subject, whoever asked for it: for operators and auditors.
pub async fn hidden<S: Requests, K>(
    records: &Records<S, K>,
    by: &Caller,
    subject: &SubjectId,
) -> Result<BTreeSet<Category>, Failure> {
    if !by.reads_everything() {
        return Err(Refusal::OperatorOnly.into());
    }
    let id = GateId::of(&by.tenant, subject.expose());
    Ok(records.store.gate(&by.tenant, &id).await?.hidden())
}
