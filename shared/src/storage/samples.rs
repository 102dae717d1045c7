//! Values for the adapter's own tests: one of each, every optional field filled.

use jiff::Timestamp;

use crate::audit::{ActorStamp, Entry, EntryBody, Head, Outcome};
use crate::domain::actor::Role;
use crate::domain::ids::{Ref, RefKey, RequestId};
use crate::domain::request::{Facts, Kind, Status};
use crate::ports::{RefusalTally, RequestRow, Sealed};

/// An instant.
pub(super) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// Somebody.
pub(super) fn someone(name: &str) -> Ref {
    Ref::new(&RefKey::new(vec![1; 32]), "subject", name)
}

/// A request just submitted.
pub(super) fn facts() -> Facts {
    let submitted_at = at("2026-11-21T12:00:00Z");
    Facts {
        v: 1,
        id: RequestId::from_parts(1_795_262_400_000, 7),
        tenant: "acme".parse().expect("slug"),
        kind: Kind::Deletion,
        status: Status::Pending,
        version: 1,
        subject_ref: someone("a"),
        requester_ref: someone("b"),
        on_behalf: false,
        scope: vec!["messages".parse().expect("slug")],
        descriptions: Default::default(),
        submitted_at,
        received_at: submitted_at,
        due_at: at("2026-12-21T12:00:00Z"),
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
        told: Default::default(),
        data_map: None,
        datasets: Vec::new(),
        executed_at: None,
        executor_ref: None,
        job: None,
        recover_until: None,
        account: Default::default(),
        gated: Default::default(),
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
        found_by: Default::default(),
    }
}

/// Its first entry and the head after it.
pub(super) fn entry(facts: &Facts) -> (Entry, Head) {
    Head::default().append(EntryBody {
        v: 1,
        tenant: facts.tenant.clone(),
        request: Some(facts.id),
        seq: 0,
        at: facts.submitted_at,
        actor: ActorStamp {
            role: Role::System,
            actor_ref: None,
        },
        action: "submit".into(),
        outcome: Outcome::Done,
        status: Some("Pending".into()),
        details: [("n".to_owned(), 1.into())].into(),
        sealed_person: Some("AAAA".into()),
        sealed_staff: None,
        repeated: None,
        prev: String::new(),
    })
}

/// Its row.
pub(super) fn row() -> RequestRow {
    let facts = facts();
    RequestRow {
        head: entry(&facts).1,
        person: Sealed(vec![1, 2, 3]),
        staff: Sealed(vec![4]),
        refusals: Some(RefusalTally {
            actor_ref: someone("b"),
            code: "grace_period_running".into(),
            since: facts.submitted_at,
            repeated: 2,
        }),
        mails: 1,
        wake_at: Some(at("2026-11-21T12:00:01.5Z")),
        facts,
    }
}
