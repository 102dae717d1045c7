//! Requests, commits, plans and chunks for the store's tests. Instants lie far ahead, so that no TTL comes between.

use jiff::{Span, Timestamp};
use shared::audit::{ActorStamp, EntryBody, Head, Outcome};
use shared::domain::actor::Role;
use shared::domain::chunk::{Chunk, ChunkId, ManifestSlice};
use shared::domain::ids::{Category, Ref, RefKey, RequestId, RequestKey, Tenant};
use shared::domain::job::Plan;
use shared::domain::outbox::{Mail, Occasion};
use shared::domain::request::{Facts, Kind, Status};
use shared::ports::{Commit, Companion, Expect, Idempotency, KeyName, RequestRow, Sealed, WrappedKey};

/// Seconds after the instant at which the tests play.
pub(crate) fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2090-01-31T12:00:00Z".parse().expect("an instant");
    start.checked_add(Span::new().seconds(seconds)).expect("in range")
}

/// An id by number.
pub(crate) fn id(n: u32) -> RequestId {
    RequestId::from_parts(3_789_806_400_000, u128::from(n))
}

/// The tenant of the tests.
pub(crate) fn acme() -> Tenant {
    "acme".parse().expect("slug")
}

/// A request's key by number.
pub(crate) fn key(n: u32) -> RequestKey {
    RequestKey {
        tenant: acme(),
        id: id(n),
    }
}

/// Stands for somebody.
pub(crate) fn someone(name: &str) -> Ref {
    Ref::new(&RefKey::new(vec![1; 32]), "subject", name)
}

/// The one category of the tests.
pub(crate) fn messages() -> Category {
    "messages".parse().expect("slug")
}

fn facts(n: u32) -> Facts {
    Facts {
        v: 1,
        id: id(n),
        tenant: acme(),
        kind: Kind::Deletion,
        status: Status::Pending,
        version: 1,
        subject_ref: someone("ada"),
        requester_ref: someone("ada"),
        on_behalf: false,
        scope: vec![messages()],
        descriptions: Default::default(),
        submitted_at: at(0),
        received_at: at(0),
        due_at: at(2_592_000),
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
        datasets: vec![],
        executed_at: None,
        executor_ref: None,
        job: None,
        recover_until: None,
        result: None,
        account: Default::default(),
        gated: Default::default(),
        restores: 0,
        restoring: None,
        cancel_stage: None,
        withdrawn_by: None,
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

/// A submission: row, entry, mail.
pub(crate) fn submission(n: u32) -> Commit {
    let row = RequestRow {
        facts: facts(n),
        person: Sealed(vec![1; 40]),
        staff: Sealed(vec![2; 40]),
        head: Head::default(),
        refusals: None,
        mails: 0,
        wake_at: Some(at(120)),
    };
    let mut commit = step(&row, "submit", at(0));
    commit.expect = Expect::New;
    commit.row.facts.version = 1;
    commit
}

/// The next commit of a row: a higher version, one entry, one mail.
pub(crate) fn step(before: &RequestRow, action: &str, now: Timestamp) -> Commit {
    let mut row = before.clone();
    row.facts.version += 1;
    row.mails += 1;
    let (entry, head) = before.head.append(EntryBody {
        v: 1,
        tenant: row.facts.tenant.clone(),
        request: Some(row.facts.id),
        seq: 0,
        at: now,
        actor: ActorStamp {
            role: Role::System,
            actor_ref: None,
        },
        action: action.to_owned(),
        outcome: Outcome::Done,
        status: Some(row.facts.status.to_string()),
        details: [("n".to_owned(), 1.into())].into(),
        sealed_person: Some("AAAA".into()),
        sealed_staff: None,
        repeated: None,
        prev: String::new(),
    });
    row.head = head;
    Commit {
        expect: Expect::Unchanged {
            version: before.facts.version,
            audit_seq: before.head.seq,
        },
        mails: vec![Mail::owed(row.mails, Occasion::Received, now)],
        row,
        entries: vec![entry],
        companions: vec![],
    }
}

/// Claims the category for this request's subject and kind.
pub(crate) fn hold_scope() -> Companion {
    Companion::HoldScope {
        subject_ref: someone("ada"),
        kind: Kind::Deletion,
        category: messages(),
    }
}

/// Gives it up again.
pub(crate) fn release_scope() -> Companion {
    Companion::ReleaseScope {
        subject_ref: someone("ada"),
        kind: Kind::Deletion,
        category: messages(),
    }
}

/// An idempotency key used at an instant, kept for a day.
pub(crate) fn idempotency(n: u32, used_at: Timestamp) -> Idempotency {
    Idempotency {
        caller_ref: someone("ada"),
        key_hash: "ab".repeat(32),
        body_ref: someone("body"),
        request: id(n),
        expires_at: used_at.checked_add(Span::new().hours(24)).expect("in range"),
    }
}

/// A submission with everything that can come with one.
pub(crate) fn full(n: u32) -> Commit {
    let person = KeyName::Person(acme(), id(n));
    Commit {
        companions: vec![
            hold_scope(),
            Companion::Remember(idempotency(n, at(0))),
            Companion::PutKey(person, WrappedKey(vec![7; 184])),
            Companion::PutPlan(plan()),
        ],
        ..submission(n)
    }
}

/// A plan that nobody has begun.
pub(crate) fn plan() -> Plan {
    Plan {
        v: 1,
        dataset: "messages".parse().expect("slug"),
        generation: 0,
        cursor: None,
        complete: false,
        chunks: 0,
        planned: 0,
        arrived_later: 0,
        by_hand: false,
        rev: 0,
        touched_at: at(0),
    }
}

/// A chunk that is ready.
pub(crate) fn chunk(n: u32) -> Chunk {
    let id = ChunkId {
        dataset: "messages".parse().expect("slug"),
        generation: 0,
        n,
    };
    let manifest = ManifestSlice {
        object: "page".into(),
        offset: 0,
        length: 9,
        sha256: "00".repeat(32),
    };
    Chunk::planned(id, 500, manifest, at(0))
}
