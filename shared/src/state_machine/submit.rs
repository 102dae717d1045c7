//! The edge into the machine: a new request.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::refusal::Refusal;
use super::transition::{Effect, Record, Transition};
use crate::domain::actor::{Caller, Person, Role};
use crate::domain::ids::{Category, Ref, RequestId, SubjectId};
use crate::domain::outbox::Occasion;
use crate::domain::period::Period;
use crate::domain::personal::{Erasable, Personal};
use crate::domain::request::{Facts, Kind, PersonFields, StaffFields, Status, SubjectRequest, Told};
use crate::domain::search::FoundBy;

/// Longest reason, in characters.
pub const REASON_MAX: usize = 2_000;

/// What was submitted, well-formed.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What is asked for.
    pub kind: Kind,
    /// Categories, not empty, without repeats, known to the data map.
    pub scope: Vec<Category>,
    /// What the data map says each of them is.
    pub descriptions: BTreeMap<Category, String>,
    /// Why.
    pub reason: Personal,
    /// On whose behalf, when an operator submits.
    pub on_behalf_of: Option<(SubjectId, Ref, Person)>,
    /// When the organisation received it, when an operator says so.
    pub received_at: Option<Timestamp>,
    /// The export that must have ended before this deletion is executed, when an operator says so.
    pub after_export: Option<RequestId>,
    /// Whether the subject is told, when an operator says so.
    pub notify_subject: Option<bool>,
    /// What the request is found by.
    pub found_by: FoundBy,
}

/// Decides a submission. `due_in` is the tenant's, or one calendar month while no policy was applied.
pub fn submit(
    by: &Caller,
    id: RequestId,
    input: Submission,
    due_in: Period,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    check(by, &input, now)?;
    let on_behalf = input.on_behalf_of.is_some();
    let requester = by.person();
    let (subject_ref, subject) = match input.on_behalf_of {
        Some((_, subject_ref, person)) => (subject_ref, person),
        None => {
            let id = Personal::new(by.subject_id.expose());
            (
                by.subject_ref.clone(),
                Person {
                    id,
                    name: by.name.clone(),
                    email: by.email.clone(),
                },
            )
        }
    };
    let received_at = input.received_at.unwrap_or(now);
    let times = (now, received_at, due_in.after(received_at));
    let mut facts = new_facts(by, id, (input.kind, input.scope), (subject_ref, on_behalf), times);
    facts.descriptions = input.descriptions;
    facts.found_by = input.found_by;
    facts.after_export = input.after_export;
    facts.silent = input.notify_subject == Some(false);
    let role = if on_behalf { Role::Operator } else { Role::Subject };
    let mut record = Record::new(by.actor(role), "submit")
        .detail("kind", facts.kind.as_str())
        .detail("scope", facts.scope.iter().map(|c| c.as_str()).collect::<Vec<_>>())
        .detail("on_behalf", on_behalf)
        .detail("due_at", facts.due_at.to_string())
        .personal("ip", Some(&by.ip))
        .personal("reason", Some(&input.reason));
    if let Some(export) = facts.after_export {
        record = record.detail("after_export", export.to_string());
    }
    if facts.silent {
        record = record.detail("notify_subject", false);
    }
    let person = PersonFields {
        subject,
        requester,
        requester_ip: by.ip.clone(),
        reason: input.reason,
        verification_method: None,
        verification_note: None,
        decision_note: None,
        rejection_reason: None,
        withdrawal_reason: None,
        cancellation_reason: None,
        extension_reason: None,
    };
    let next = SubjectRequest {
        facts,
        person: Erasable::Known(person),
        staff: Erasable::Known(StaffFields::default()),
    };
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![Effect::Mail(Occasion::Received)],
    })
}

fn check(by: &Caller, input: &Submission, now: Timestamp) -> Result<(), Refusal> {
    let invalid = |pointer: &str, detail: &str| {
        Err(Refusal::InvalidInput {
            pointer: pointer.to_owned(),
            detail: detail.to_owned(),
        })
    };
    if input.scope.is_empty() {
        return invalid("/scope", "choose at least one category");
    }
    if input.reason.is_blank() {
        return invalid("/reason", "state a reason");
    }
    if input.reason.expose().chars().count() > REASON_MAX {
        return invalid("/reason", "at most 2,000 characters");
    }
    if input.on_behalf_of.is_some() && !by.is_operator {
        return invalid("/subject", "only an operator submits for somebody else");
    }
    if let Some(received_at) = input.received_at {
        if !by.is_operator {
            return invalid("/received_at", "only an operator states when a request was received");
        }
        if received_at > now {
            return invalid("/received_at", "cannot be in the future");
        }
    }
    if input.after_export.is_some() && !(by.is_operator && input.kind == Kind::Deletion) {
        return invalid("/after_export", "only an operator says so, of a deletion");
    }
    if input.notify_subject.is_some() && !by.is_operator {
        return invalid("/notify_subject", "only an operator says whether the subject is told");
    }
    if input.notify_subject == Some(false) && input.kind != Kind::Export {
        return invalid("/notify_subject", "of a deletion the subject is always told");
    }
    Ok(())
}

fn new_facts(
    by: &Caller,
    id: RequestId,
    (kind, scope): (Kind, Vec<Category>),
    (subject_ref, on_behalf): (Ref, bool),
    (submitted_at, received_at, due_at): (Timestamp, Timestamp, Timestamp),
) -> Facts {
    Facts {
        v: 1,
        id,
        tenant: by.tenant.clone(),
        kind,
        status: Status::Pending,
        version: 1,
        subject_ref,
        requester_ref: by.actor_ref.clone(),
        on_behalf,
        scope,
        descriptions: BTreeMap::new(),
        submitted_at,
        received_at,
        due_at,
        extension: None,
        verified_at: None,
        decided_at: None,
        decider_ref: None,
        policy: None,
        policy_version: None,
        grace_ends_at: None,
        completes_by: None,
        misses_due: false,
        grace_over_told: false,
        told: Told::default(),
        data_map: None,
        datasets: vec![],
        executed_at: None,
        executor_ref: None,
        job: None,
        recover_until: None,
        account: BTreeMap::new(),
        gated: BTreeSet::new(),
        restores: 0,
        restoring: None,
        result: None,
        withdrawn_by: None,
        cancel_stage: None,
        notice: None,
        closed_at: None,
        shred_at: None,
        shredded: false,
        after_export: None,
        silent: false,
        package: None,
        found_by: FoundBy::default(),
    }
}
